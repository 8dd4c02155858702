"""Train jobs until all are done or have failed for good, with the ledger a step behind and never ahead."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hypomask.errors import RunError
from hypomask.execution.job_queue import JobQueue
from hypomask.execution.jobs import Job
from hypomask.execution.ledger import Ledger
from hypomask.execution.progress import Progress
from hypomask.execution.trainer import Done, Outcome, Task
from hypomask.execution.workers import Executor

if TYPE_CHECKING:
    from hypomask.masks.mask import Mask

__all__ = ["MAX_ATTEMPTS", "run_jobs"]

MAX_ATTEMPTS = 2


def run_jobs(
    jobs: Sequence[Job],
    mask_of: Callable[[str], Mask],
    *,
    executor: Callable[[], Executor],
    ledger: Ledger,
    progress: Progress,
    stack: int = 1,
) -> None:
    """Train those of `jobs` that the ledger does not call done or failed.

    A job's predictions are on the disk before the ledger calls it done, and the ledger calls it done before its slot
    gets another job. A failed job is tried once more, by itself; then it is left as failed, and the others go on.

    Parameters
    ----------
    mask_of
        Mask by model name.
    executor
        Returns what trains; asked only when there is something to train, because starting workers takes seconds.
    stack
        The most jobs that a slot is given at a time. They are shared out evenly where there are fewer.

    Raises
    ------
    RunError
        When no job can go on: the disk is full, or the settings cannot be trained with.
    """
    ledger.add_jobs(jobs)
    state = {record.job: record.state for record in ledger.records()}
    queue = JobQueue(job for job in jobs if state[job] == "queued")
    if not len(queue):
        return
    slots = executor()
    attempts: dict[Job, int] = {}
    while True:
        idle = slots.idle()
        for position, slot in enumerate(idle):
            share = math.ceil(len(queue) / (len(idle) - position))
            taken = queue.take_stack(slot, min(stack, share))
            if not taken:
                break
            for job in taken:
                attempts[job] = ledger.start_job(job)
            slots.submit(slot, [Task(job, mask_of(job.model)) for job in taken])
        outcomes = slots.wait()
        if not outcomes and not len(queue):
            return
        for outcome in outcomes:
            _record(outcome, attempts[outcome.job], queue, ledger, progress)


def _record(outcome: Outcome, attempt: int, queue: JobQueue, ledger: Ledger, progress: Progress) -> None:
    if isinstance(outcome, Done):
        ledger.finish_job(outcome.job, outcome.stored, outcome.numbers, outcome.seconds)
        progress.advance()
        return
    if outcome.fatal:
        raise RunError(outcome.error)
    final = attempt >= MAX_ATTEMPTS
    ledger.fail_job(outcome.job, outcome.error, final=final)
    if final:
        progress.say(f"failed: {outcome.job.key}: {outcome.error}")
        progress.advance()
    else:
        progress.say(f"trying once more: {outcome.job.key}: {outcome.error}")
        queue.put_back(outcome.job)
