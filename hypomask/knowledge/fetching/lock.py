"""One download of a file at a time, also between the nodes of a cluster that share a cache."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypomask.errors import FetchError

__all__ = ["locked"]

POLL_SECONDS = 0.1


@contextmanager
def locked(path: Path, *, name: str, wait_seconds: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file `path`; wait for whoever holds it, and say so.

    The kernel lets go when a process is killed, and Linux passes such locks on to the server of a network folder. The
    file itself stays: deleting it would let two processes hold "the" lock, one of them on the deleted file.

    Raises
    ------
    FetchError
        When it is still held after `wait_seconds`, or the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as fault:
        raise FetchError(
            f"{name}: the cache {path.parent} cannot be written to ({fault.strerror}); "
            "point HYPOMASK_CACHE to a folder of your own"
        ) from fault
    try:
        _wait(descriptor, path, name, wait_seconds, tell)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, name: str, wait_seconds: float, tell: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text(errors="replace").strip() or "another process"
            if time.monotonic() > deadline:
                raise FetchError(
                    f"{name}: {holder} has been fetching it for more than {wait_seconds:g} s; wait for it, or end it"
                ) from None
            if not told:
                tell(f"{name}: {holder} is fetching it; waiting")
                told = True
            time.sleep(POLL_SECONDS)
        except OSError as fault:
            raise FetchError(
                f"{name}: {path.parent} does not support file locks ({fault.strerror}); "
                "point HYPOMASK_CACHE to a folder on a local disk"
            ) from fault
        else:
            return
