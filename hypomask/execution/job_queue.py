"""Which job goes to which slot next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from hypomask.execution.jobs import Job

__all__ = ["JobQueue"]


class JobQueue:
    """Waiting jobs, handed out so that a slot stays with one split for as long as that split has jobs.

    The standardised data and the additive part of a split are kept in the process that trains it; a slot that goes
    from split to split would compute them again for every job.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._by_split: dict[tuple[int, int], deque[Job]] = {}
        self._split_of_slot: dict[int, tuple[int, int]] = {}
        self._again: deque[Job] = deque()
        for job in jobs:
            self._by_split.setdefault(job.split, deque()).append(job)

    def __len__(self) -> int:
        """Return how many jobs wait."""
        return sum(len(jobs) for jobs in self._by_split.values()) + len(self._again)

    def take_stack(self, slot: int, size: int) -> list[Job]:
        """Return up to `size` jobs for `slot` to train side by side; one that was put back comes by itself."""
        stack: list[Job] = []
        while self._by_split and len(stack) < size:
            job = self.take(slot)
            if job is not None:
                stack.append(job)
        if not stack and self._again:
            stack.append(self._again.popleft())
        return stack

    def take(self, slot: int) -> Job | None:
        """Return the next job for `slot`: of its own split, else of one nobody works on, else of the longest one."""
        split = self._split_of_slot.get(slot)
        if split not in self._by_split:
            if not self._by_split:
                return self._again.popleft() if self._again else None
            taken = set(self._split_of_slot.values())
            free = [waiting for waiting in self._by_split if waiting not in taken]
            split = free[0] if free else max(self._by_split, key=lambda waiting: len(self._by_split[waiting]))
            self._split_of_slot[slot] = split
        jobs = self._by_split[split]
        job = jobs.popleft()
        if not jobs:
            del self._by_split[split]
        return job

    def put_back(self, job: Job) -> None:
        """Let `job` wait again, behind all others: what ails it may be in the way of those beside it."""
        self._again.append(job)
