"""Files mapped into memory whose space on the disk is taken before the first value is written.

A mapped file with holes that meets a full disk ends the process with a bus error, which nothing can catch.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hypomask.errors import RunError

__all__ = ["reserved_map"]

BLOCK = 1 << 24


def reserved_map(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> npt.NDArray[Any]:
    """Make a file of the size of an array and return it mapped into memory, to be filled.

    Parameters
    ----------
    what
        What will be in it, for the message when there is no space.

    Raises
    ------
    RunError
        The disk is too full, or the folder cannot be written to; the file is gone then.
    """
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size == 0:
        return np.zeros(shape, dtype)
    try:
        with open(path, "wb") as file:
            _reserve(file.fileno(), size)
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise RunError(
                f"{path.parent}: the disk is too full for {what}, which takes {size / 2**30:,.1f} GiB there. Free some "
                "space, or choose a folder on another disk (--out; TMPDIR where there is no run), and start again."
            ) from error
        raise RunError(f"{path.parent}: cannot write {what}: {error.strerror or error}") from error
    return np.memmap(path, dtype=dtype, mode="r+", shape=shape)


def _reserve(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    zeros = bytes(BLOCK)
    for first in range(0, size, BLOCK):
        os.write(descriptor, zeros[: min(BLOCK, size - first)])
