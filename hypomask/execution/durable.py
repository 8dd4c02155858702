"""Files that are either whole and on the disk, or not there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from hypomask.errors import RunError

__all__ = ["TEMPORARY_PREFIX", "failed_write", "remove_stale_temporaries", "write_durably"]

TEMPORARY_PREFIX = ".unfinished-"


def write_durably(path: Path, write: Callable[[BinaryIO], object], what: str) -> None:
    """Write `path` so that after a crash at any moment it is the old file or the whole new one.

    The content goes to a temporary file of the same folder, which is flushed to the disk and renamed; then the
    folder's entry is flushed too, because a rename alone may be lost with the power.

    Parameters
    ----------
    path
        Where the file goes; replaced when it exists.
    write
        Called with the open temporary file.
    what
        What is being written, for the message when the disk is full.

    Raises
    ------
    RunError
        When the disk is full or the folder cannot be written to. Nothing is left behind.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{path.name}")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _flush_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise failed_write(error, path, what) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def failed_write(error: OSError, path: Path, what: str) -> RunError:
    """Return the error to raise when `what` could not be written to `path`: what is safe, and the way out."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(
            f"{path.parent}: the disk is full (or the quota is used up); it happened while writing {what}. "
            "Every job finished before is safe. Free some space and give the same command again: it goes on from there."
        )
    return RunError(
        f"{path}: cannot write {what}: {error.strerror or error}. "
        "Every job finished before is safe. Mend it, or choose another folder with --out, and start again."
    )


def remove_stale_temporaries(folder: Path) -> int:
    """Delete what a killed process left half written in `folder`; return how many files that were."""
    stale = sorted(folder.glob(f"{TEMPORARY_PREFIX}*"))
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
