"""Folders for what a process needs on a disk while it runs, removed when it ends and, if it was killed, by the next."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from hypomask.errors import RunError

__all__ = ["Scratch"]

PREFIX = ".hypomask-measurements-"


class Scratch:
    """A folder of this process, removed with this object or when the process ends.

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
            self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=within))
        except OSError as error:
            raise RunError(
                f"{within}: cannot make a folder for measurements that do not fit into memory ({error.strerror}). "
                "Choose another one (--out; TMPDIR where there is no run)."
            ) from error
        self._finalizer = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder now."""
        self._finalizer()


def _remove_left_behind(within: Path) -> None:
    for folder in within.glob(f"{PREFIX}*"):
        process = folder.name.removeprefix(PREFIX).partition("-")[0]
        if process.isdigit() and not _is_running(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True
