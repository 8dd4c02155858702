"""What a run's trainings were spent on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypomask.execution.jobs import null_name
from hypomask.execution.ledger import JobRecord
from hypomask.execution.prepare import shown_name

__all__ = ["Spent", "seconds_spent", "spending"]


@dataclass(frozen=True)
class Spent:
    """The trainings of one purpose.

    Parameters
    ----------
    purpose
        ``hypothesis``, ``reference`` or ``null masks``.
    name
        Of the hypothesis or reference; for null masks, of the hypothesis they were drawn for.
    draws
        Null masks drawn; 0 for the others.
    jobs
        Folds times repeats times masks.
    inner_trainings
        Networks trained on a part of a training fold, to find out when to stop and how much to keep.
    final_trainings
        Networks trained on a whole training fold, one per replicate; 0 where nothing was kept.
    """

    purpose: str
    name: str
    draws: int
    jobs: int
    inner_trainings: int
    final_trainings: int

    @property
    def label(self) -> str:
        """Purpose and name in words, e.g. ``null masks of p53``."""
        return f"{self.purpose} {'of ' if self.draws else ''}{self.name}"

    @property
    def trainings(self) -> int:
        """All networks trained."""
        return self.inner_trainings + self.final_trainings


def spending(records: Iterable[JobRecord]) -> tuple[Spent, ...]:
    """Return what the finished jobs were spent on, in the order of the plan: hypotheses, references, null masks."""
    return tuple(_spent(purpose, name, done) for (purpose, name), done in _by_purpose(records).items())


def seconds_spent(records: Iterable[JobRecord]) -> dict[str, float]:
    """Return seconds of training by `Spent.label`; they differ from run to run."""
    return {
        _spent(purpose, name, done).label: round(sum(record.seconds or 0.0 for record in done), 3)
        for (purpose, name), done in _by_purpose(records).items()
    }


def _by_purpose(records: Iterable[JobRecord]) -> dict[tuple[str, str], list[JobRecord]]:
    by_purpose: dict[tuple[str, str], list[JobRecord]] = {}
    for record in records:
        by_purpose.setdefault(_purpose(record), []).append(record)
    return by_purpose


def _purpose(record: JobRecord) -> tuple[str, str]:
    null = null_name(record.job.model)
    if null is not None:
        return "null masks", null.hypothesis
    name, role = shown_name(record.job.model)
    return role, name


def _spent(purpose: str, name: str, done: list[JobRecord]) -> Spent:
    inner = sum(int(record.numbers.get("inner_trainings", 0)) for record in done)
    return Spent(
        purpose=purpose,
        name=name,
        draws=len({record.job.model for record in done}) if purpose == "null masks" else 0,
        jobs=len(done),
        inner_trainings=inner,
        final_trainings=sum(int(record.numbers.get("trainings", 1)) for record in done) - inner,
    )
