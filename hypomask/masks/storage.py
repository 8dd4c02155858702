"""Masks on disk: one ``.npz`` per mask, plain arrays and a JSON header, nothing that could run code on reading.

Format 1
--------
``header`` (uint8): UTF-8 JSON with ``format``, ``name``, ``genes``, ``group_tokens``, ``relations``, ``prior``,
``heads`` and ``n_layers``. For layer i (0, 1, ...): ``rows_i``, ``cols_i`` (int32), ``relation_i`` (int16) and
``weight_i`` (float32), sorted as in `EdgeTable`.
"""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hypomask.errors import HypothesisError
from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask

__all__ = ["DAMAGE", "FORMAT", "load_mask", "save_mask", "write_mask"]

FORMAT = 1
MAX_BYTES = 4 << 30  # unpacked; a mask of 300 million entries
DAMAGE = (  # what zipfile, zlib, numpy and json are seen to raise on damaged files
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    RuntimeError,
    OverflowError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
COLUMNS = {"rows": np.int32, "cols": np.int32, "relation": np.int16, "weight": np.float32}


def write_mask(mask: Mask, stream: BinaryIO) -> None:
    """Write `mask` to an open file."""
    header = {
        "format": FORMAT,
        "name": mask.name,
        "genes": mask.genes,
        "group_tokens": mask.group_tokens,
        "relations": mask.relations,
        "prior": asdict(mask.prior),
        "heads": dict(mask.heads),
        "n_layers": len(mask.layers),
    }
    arrays: dict[str, Any] = {"header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)}
    for number, table in enumerate(mask.layers):
        arrays |= {f"{column}_{number}": getattr(table, column) for column in COLUMNS}
    np.savez_compressed(stream, allow_pickle=False, **arrays)


def save_mask(mask: Mask, path: Path) -> None:
    """Write `mask` to `path`; the file is there whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as stream:
            write_mask(mask, stream)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_mask(path: Path) -> Mask:
    """Read a mask that `save_mask` wrote.

    Raises
    ------
    HypothesisError
        The file is missing, damaged, of another kind, or of a newer format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_BYTES:
            raise HypothesisError(f"it unpacks to {unpacked:,} bytes, expected at most {MAX_BYTES:,}")
        with np.load(path, allow_pickle=False) as arrays:
            return _read(arrays)
    except FileNotFoundError:
        raise HypothesisError(f"{path}: there is no such file; expected a mask saved as .npz") from None
    except HypothesisError as error:
        raise HypothesisError(f"{path}: {error}") from error
    except DAMAGE as error:
        raise HypothesisError(
            f"{path}: not a mask file, or a damaged one ({type(error).__name__}: {error}). Compile the mask again."
        ) from error


def _read(arrays: Any) -> Mask:
    header = json.loads(arrays["header"].tobytes())
    if header["format"] > FORMAT:
        raise HypothesisError(
            f"got mask format {header['format']}, expected at most {FORMAT}: it was written by a newer hypomask"
        )
    tables = []
    for number in range(header["n_layers"]):
        columns = {column: arrays[f"{column}_{number}"] for column in COLUMNS}
        for column, dtype in COLUMNS.items():
            if columns[column].dtype != dtype or columns[column].shape != (len(columns["rows"]),):
                raise ValueError(f"layer {number}: {column} is {columns[column].dtype} {columns[column].shape}")
        table = EdgeTable.build(**columns)
        if any(not np.array_equal(getattr(table, column), columns[column]) for column in COLUMNS):
            raise ValueError(f"layer {number}: entries are not sorted, repeat, or lie on the diagonal")
        if not ((table.weight > 0) & (table.weight <= 1)).all():
            raise ValueError(f"layer {number}: a weight is outside (0, 1]")
        tables.append(table)
    return Mask(
        name=str(header["name"]),
        genes=tuple(map(str, header["genes"])),
        layers=tuple(tables),
        group_tokens=tuple(map(str, header["group_tokens"])),
        relations=tuple(map(str, header["relations"])),
        prior=Prior(**header["prior"]),
        heads={str(relation): int(heads) for relation, heads in header["heads"].items()},
    )
