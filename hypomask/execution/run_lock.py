"""One process at a time in a run folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypomask.errors import RunError
from hypomask.execution.durable import failed_write

__all__ = ["locked_run_folder"]

LOCK_NAME = ".lock"


@contextmanager
def locked_run_folder(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; the kernel lets go of it even when the process is killed.

    The lock file itself stays: deleting it would let two processes hold "the" lock, one on the deleted file.

    Raises
    ------
    RunError
        When another process is at work in `folder`, or it cannot be written to.
    """
    path = folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise failed_write(error, path, "the lock of the run folder") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise RunError(
                f"{folder}: another hypomask process (id {holder}) is at work in this run folder. "
                "Wait for it to end, or choose another folder with --out."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
