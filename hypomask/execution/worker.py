"""The main program of a worker process: ``python -m hypomask.execution.worker DESCRIPTOR``.

A plain program rather than `multiprocessing`'s spawn, which runs the caller's main script again in every worker and
so demands an ``if __name__ == "__main__"`` of everyone who calls `hypomask.compare` from a script.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection

from hypomask.errors import HypomaskError
from hypomask.execution.trainer import Failed, Task, Trainer, TrainerSetup

__all__ = ["main"]


def main() -> None:
    """Train what comes in over the connection until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides what it means
    connection: Connection[object, object] = Connection(int(sys.argv[1]))
    tasks: queue.SimpleQueue[object] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()
    setup = tasks.get()
    if not isinstance(setup, TrainerSetup):
        raise TypeError(f"the first message is a {type(setup).__name__}, expected a TrainerSetup")
    trainer: Trainer | None = None
    while True:
        some = tasks.get()
        if not isinstance(some, tuple) or not all(isinstance(task, Task) for task in some):
            raise TypeError(f"a message is a {type(some).__name__}, expected a tuple of Task")
        try:
            trainer = trainer or Trainer(setup)
        except HypomaskError as error:
            connection.send([Failed(task.job, str(error), fatal=True) for task in some])
            continue
        connection.send(trainer.train_all(some))


def _receive(connection: Connection[object, object], tasks: queue.SimpleQueue[object]) -> None:
    """Hand on messages; end the process at once when the parent is gone, even in the middle of a job.

    A job that was cut short is no loss: its file is renamed into place only when whole, and the parent's ledger
    never heard of it. An orphan that went on training would compete with the resumed run for the processor.
    """
    while True:
        try:
            tasks.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)


if __name__ == "__main__":
    main()
