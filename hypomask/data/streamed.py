"""Measurements that do not fit into memory: those that a study needs, in one file that all its processes map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hypomask.data.reserved_file import reserved_map
from hypomask.data.scratch import Scratch
from hypomask.data.source_files import file_hash
from hypomask.errors import RunError

__all__ = ["Storage", "Streamed", "map_values", "write_values"]


def _all(genes: tuple[str, ...]) -> tuple[str, ...]:
    return genes


@dataclass(frozen=True, eq=False)
class Storage:
    """Where and what to keep of measurements that are streamed.

    Parameters
    ----------
    within
        Folder that the file is made in; None: the system's for temporary files.
    needed
        Returns, of all genes that were measured, those that the study needs.
    streamed
        Whether an earlier part of the same run streamed them, so that they are streamed again where nothing else is
        said; None: that is decided by their size.
    """

    within: Path | None = None
    needed: Callable[[tuple[str, ...]], tuple[str, ...]] = _all
    streamed: bool | None = None


@dataclass(frozen=True, eq=False)
class Streamed:
    """What is known of measurements beyond those in the file.

    Parameters
    ----------
    file, sha256
        The (B, G, C) float32 values of a cohort's genes, and its content's hash.
    measured_genes
        All genes that were measured.
    row_digests_BCH
        Of all measured genes (`hypomask.data.row_digests`).
    scratch
        Owns the file; None in processes that only read it.
    """

    file: Path
    sha256: str
    measured_genes: tuple[str, ...]
    row_digests_BCH: npt.NDArray[np.uint64]
    scratch: Scratch | None = None


def write_values(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return the map of a new file for values of `shape`, to be filled.

    Raises
    ------
    RunError
        The disk is too full.
    """
    return reserved_map(path, shape, np.dtype(np.float32), "the measurements that do not fit into memory")


def map_values(path: Path, shape: tuple[int, ...], sha256: str | None = None) -> npt.NDArray[np.float32]:
    """Return the values of a file, mapped read-only: all processes share the pages that the system keeps of it.

    Parameters
    ----------
    sha256
        What the content's hash must be; None: it is not checked.

    Raises
    ------
    RunError
        The file is gone, or is not what was written.
    """
    again = "Give the same command again: it is written anew"
    try:
        if sha256 is not None and file_hash(path) != sha256:
            raise RunError(f"{path}: the file of measurements was changed or damaged since it was written. {again}")
        if 0 in shape:
            return np.zeros(shape, np.float32)
        return np.asarray(np.memmap(path, dtype=np.float32, mode="r", shape=shape))
    except (OSError, ValueError) as error:  # ValueError: it is shorter than that
        raise RunError(f"{path}: the file of measurements cannot be read ({error}). {again}") from error
