"""Whether measurements are streamed from disk: by their size against the memory that is free."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hypomask.data.spec import DataSpec

__all__ = ["COPIES", "PARQUET", "available_memory", "is_streamed", "size_in_memory"]

COPIES = 8
"""Measurements are streamed when so many copies of them, in float32, are more than the memory that is available.

While they are read there are three (as read, as float32, joined), and while a fold is trained five more: as measured
and standardised, and the design of the additive part in float64, of training samples and of those of an inner fold.
"""

PARQUET = (".parquet", ".pq")


def is_streamed(spec: DataSpec, before: bool | None = None) -> bool:
    """Return whether the measurements of `spec` are streamed.

    Parameters
    ----------
    before
        Whether they were in an earlier part of the same run, which decides where the spec does not; None: there is
        none.
    """
    if spec.masked_genes:
        return False  # every measurement is also what is predicted, and is held in memory
    if spec.streaming != "auto":
        return spec.streaming == "always"
    if before is not None:
        return before
    available = available_memory()
    return available is not None and COPIES * size_in_memory(spec) > available


def size_in_memory(spec: DataSpec) -> int:
    """Return the bytes of all measurements of `spec` as float32, from the headers of AnnData and Parquet files.

    Text, and what cannot be opened, counts as nothing: text is read into memory whatever its size, and a damaged file
    is refused where it is read.
    """
    n_values = 0
    for path in spec.channels.values():
        if not os.path.isfile(path):  # opening a pipe would wait for ever
            continue
        if path.suffix == ".h5ad":
            n_values += len(spec.layers) * _values_of_anndata(path)
        elif path.suffix in PARQUET:
            n_values += _values_of_parquet(path)
    return 4 * n_values


def available_memory() -> int | None:
    """Return the bytes that this process and its workers can still take; None where the system does not say."""
    return min(_limits(), default=None)


def _limits() -> Iterator[int]:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                yield 1024 * int(rest.split()[0])
    except (OSError, ValueError, IndexError):
        with suppress(OSError, ValueError, AttributeError):
            yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # What a container or a batch system allows.
    for folder, most, used in (
        ("/sys/fs/cgroup", "memory.max", "memory.current"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        try:
            limit, in_use = (int((Path(folder) / name).read_text()) for name in (most, used))
        except (OSError, ValueError):  # "max", or there is none
            continue
        # What is in use is this process and files that the system keeps as long as nobody needs the memory.
        yield max(limit - in_use, limit // 2)


def _values_of_anndata(path: Path) -> int:
    try:
        import h5py

        with h5py.File(path, "r") as file:
            sizes = [int(file[name].attrs.get("_index_length", 0) or _length(file[name])) for name in ("obs", "var")]
            return sizes[0] * sizes[1]
    except (ImportError, OSError, KeyError, ValueError, AttributeError, TypeError):
        return 0


def _length(frame: object) -> int:
    """Return the rows of a stored frame: the length of its index."""
    attributes = frame.attrs  # type: ignore[attr-defined]
    return len(frame[attributes["_index"]])  # type: ignore[index]


def _values_of_parquet(path: Path) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet

        metadata = pyarrow.parquet.read_metadata(path)
        return int(metadata.num_rows) * int(metadata.num_columns)
    except (OSError, pa.ArrowException):
        return 0
