"""Who trains: this process, or worker processes beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Protocol

from hypomask.errors import RunError
from hypomask.execution.jobs import Job
from hypomask.execution.one_thread import one_thread_environment
from hypomask.execution.trainer import Failed, Outcome, Task, Trainer, TrainerSetup

__all__ = ["Executor", "InThisProcess", "WorkerProcesses"]

CLOSE_TIMEOUT_S = 5.0


class Executor(Protocol):
    """Something that trains jobs, one or a stack of them at a time in each of its slots."""

    def idle(self) -> Sequence[int]:
        """Return the slots that are free."""

    def submit(self, slot: int, tasks: Sequence[Task]) -> None:
        """Give jobs to a free slot."""

    def wait(self) -> Sequence[Outcome]:
        """Wait until at least one job is over, and return what became of it."""

    def close(self) -> None:
        """Stop at once; jobs that are not over are dropped."""


class InThisProcess:
    """Trains here; one slot."""

    def __init__(self, setup: TrainerSetup) -> None:
        self._trainer = Trainer(setup)
        self._tasks: Sequence[Task] = ()

    def idle(self) -> Sequence[int]:
        """Return the slot when no job is waiting in it."""
        return [] if self._tasks else [0]

    def submit(self, slot: int, tasks: Sequence[Task]) -> None:
        """Keep the jobs until `wait`."""
        self._tasks = tasks

    def wait(self) -> Sequence[Outcome]:
        """Train the jobs that were submitted."""
        tasks, self._tasks = self._tasks, ()
        return self._trainer.train_all(tasks)

    def close(self) -> None:
        """Nothing is left to stop."""


class WorkerProcesses:
    """Trains in `n` processes of one thread each. A process that dies fails its job and is replaced.

    Results do not depend on `n`: a job is a function of the study and its own name, and every process computes with
    one thread.

    Parameters
    ----------
    setup
        What all jobs share. Give `values_file`, so that the processes share one copy of the measurements.
    logs
        Folder for what the workers print; read when one of them dies.
    """

    def __init__(self, setup: TrainerSetup, n: int, logs: Path) -> None:
        self._setup = setup
        self._logs = logs
        self._workers: list[_Worker] = []
        try:
            for slot in range(n):
                self._workers.append(self._start(slot))
        except BaseException:
            self.close()
            raise

    def idle(self) -> Sequence[int]:
        """Return the slots without a job."""
        return [slot for slot, worker in enumerate(self._workers) if not worker.jobs]

    def submit(self, slot: int, tasks: Sequence[Task]) -> None:
        """Send jobs to the worker of `slot`."""
        try:
            self._workers[slot].send(tasks)
        except OSError:  # it died while idle: a new one takes over, and the jobs have lost nothing
            self._replace(slot)
            self._workers[slot].send(tasks)

    def wait(self) -> Sequence[Outcome]:
        """Wait for the first reply, or death, of a busy worker."""
        busy = {worker.connection: slot for slot, worker in enumerate(self._workers) if worker.jobs}
        outcomes: list[Outcome] = []
        if not busy:  # waiting for nothing would wait for ever
            return outcomes
        for connection in wait(list(busy)):
            slot = busy[connection]  # type: ignore[index]
            worker = self._workers[slot]
            try:
                outcomes += worker.receive()
            except (EOFError, OSError):
                death = worker.describe_death()
                outcomes += [Failed(job, death) for job in worker.jobs]
                self._replace(slot)
        return outcomes

    def close(self) -> None:
        """End all workers; none is left behind."""
        for worker in self._workers:
            worker.stop()
        self._workers = []

    def _start(self, slot: int) -> _Worker:
        return _Worker(self._setup, self._logs / f"worker-{slot}.log")

    def _replace(self, slot: int) -> None:
        self._workers[slot].stop()
        self._workers[slot] = self._start(slot)


class _Worker:
    """One process and the connection to it."""

    def __init__(self, setup: TrainerSetup, log: Path) -> None:
        ours, theirs = socket.socketpair()
        self._log = log
        with ours, theirs, open(log, "wb") as output:
            search_path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
            try:
                self.process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                    [sys.executable, "-P", "-m", "hypomask.execution.worker", str(theirs.fileno())],
                    env={**one_thread_environment(), "PYTHONPATH": search_path},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[theirs.fileno()],
                )
            except OSError as error:
                raise RunError(f"cannot start a worker process: {error.strerror}. Try fewer with --jobs.") from error
            self.connection: Connection[object, object] = Connection(ours.detach())
        self.jobs: tuple[Job, ...] = ()
        self.connection.send(setup)

    def send(self, tasks: Sequence[Task]) -> None:
        self.connection.send(tuple(tasks))
        self.jobs = tuple(task.job for task in tasks)

    def receive(self) -> list[Outcome]:
        outcomes = self.connection.recv()
        self.jobs = ()
        return outcomes  # type: ignore[return-value]

    def describe_death(self) -> str:
        self.process.wait()
        code = self.process.returncode
        if code == -signal.SIGKILL:
            how = "was killed (signal 9), most often because memory ran out; fewer --jobs need less"
        elif code < 0:
            how = f"was ended by signal {-code}"
        else:
            how = f"ended with exit code {code}"
        last_words = self._log.read_text(errors="replace").strip().splitlines()[-1:]
        return f"its worker process {how}{': ' + last_words[0] if last_words else ''}"

    def stop(self) -> None:
        self.connection.close()  # the worker ends by itself when it sees this
        self.process.terminate()
        try:
            self.process.wait(CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
