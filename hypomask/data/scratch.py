"""Folders for what a process needs on a disk while it runs, removed when it ends and, if it was killed, by the next."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import weakref
from pathlib import Path

from hypomask.errors import RunError

__all__ = ["PREFIX", "Scratch"]

PREFIX = ".hypomask-measurements-"
NOT_YET_HELD = ".hypomask-new-"


class Scratch:
    """A folder of this process, removed with this object or when the process ends.

    It is locked, and the kernel lets go of the lock even when the process is killed, on this machine or another that
    shares the disk: what nobody holds was left behind.

    Parameters
    ----------
    within
        Where it is made; None: in the system's folder for temporary files. What processes that were killed left
        there is removed first.
    """

    def __init__(self, within: Path | None = None) -> None:
        within = within or Path(tempfile.gettempdir())
        try:
            within.mkdir(parents=True, exist_ok=True)
            _remove_left_behind(within)
            made = Path(tempfile.mkdtemp(prefix=NOT_YET_HELD, dir=within))
            descriptor = os.open(made, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Under its name only when it is held, or somebody might take it for left behind.
            self.path = made.rename(within / made.name.replace(NOT_YET_HELD, PREFIX))
        except OSError as error:
            raise RunError(
                f"{within}: cannot make a folder for measurements that do not fit into memory ({error.strerror}). "
                "Choose another one (--out; TMPDIR where there is no run)."
            ) from error
        self._finalizer = weakref.finalize(self, _let_go, self.path, descriptor)

    def remove(self) -> None:
        """Remove the folder now."""
        self._finalizer()


def _let_go(folder: Path, descriptor: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(descriptor)


def _remove_left_behind(within: Path) -> None:
    for folder in within.glob(f"{PREFIX}*"):
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:  # gone by now, or somebody else's
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # its process is at work
            continue
        finally:
            os.close(descriptor)
