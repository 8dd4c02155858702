"""How long jobs take on this machine: learned from two trainings, of a small model and of a large one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypomask.execution.cost import OPERATIONS_PER_SECOND, SECONDS_OF_ANY, JobCost
from hypomask.execution.jobs import Job
from hypomask.execution.prepare import shown_name
from hypomask.execution.trainer import Done, Trainer, TrainerSetup

if TYPE_CHECKING:
    from hypomask.execution.prepare import PreparedStudy

__all__ = ["BY_SIZE", "Speed", "speed_between", "timed_speed"]

MOST_SECONDS_TO_TIME = 10.0


@dataclass(frozen=True)
class Speed:
    """What any job takes and what its size adds; `basis` says how that is known."""

    seconds_of_any: float
    operations_per_second: float
    basis: str

    def seconds(self, cost: JobCost) -> float:
        """Return the time of a job on one core."""
        return self.seconds_of_any + cost.operations / self.operations_per_second


BY_SIZE = Speed(
    SECONDS_OF_ANY,
    OPERATIONS_PER_SECOND,
    f"from the sizes alone, at {OPERATIONS_PER_SECOND / 1e9:g} billion multiply-adds per second and core (right to "
    "about a factor of three; more where tuning stops early, less on a GPU)",
)


def timed_speed(prepared: PreparedStudy, costs: Mapping[str, JobCost], device: str, fit: str) -> Speed:
    """Train the smallest hypothesis and the largest model that are likely to take less than ten seconds each."""
    affordable = [model for model in costs if BY_SIZE.seconds(costs[model]) <= MOST_SECONDS_TO_TIME]
    hypotheses = [model for model in affordable if shown_name(model)[1] == "hypothesis"]
    if not hypotheses:
        return BY_SIZE
    small = min(hypotheses, key=lambda model: costs[model].operations)
    large = max(affordable, key=lambda model: costs[model].operations)
    study = prepared.study
    with tempfile.TemporaryDirectory() as folder:
        setup = TrainerSetup(
            cohort=prepared.cohort,
            folds=prepared.folds,
            model=study.model,
            training=study.training,
            seed=study.plan.seed,
            device=device,
            predictions=Path(folder),
            fit=fit,
        )
        trainer = Trainer(setup)
        timed: dict[str, float] = {}
        for job in (Job(small, 0, 0), Job(small, 0, 1), Job(large, 0, 1)):  # the first has libraries to load
            if timed.get(job.model, 0.0) > MOST_SECONDS_TO_TIME / 2:
                continue
            outcome = trainer.train(job, prepared.masks[job.model])
            if not isinstance(outcome, Done):
                said = f"{BY_SIZE.basis}; the training that was tried failed: {outcome.error}"
                return Speed(SECONDS_OF_ANY, OPERATIONS_PER_SECOND, said)
            timed[job.model] = max(outcome.seconds, 1e-3)
    tried = [f"{shown_name(model)[0]!r}, which took {seconds:.2g} s," for model, seconds in timed.items()]
    which = f"one training of {tried[0]}" if len(tried) == 1 else f"one training each of {' and of '.join(tried)}"
    fixed, rate = speed_between(
        costs[small].operations, timed[small], costs[large].operations, timed[large], SECONDS_OF_ANY
    )
    return Speed(fixed, rate, f"from {which} on this machine; others by their size")


def speed_between(
    small: float, seconds_small: float, large: float, seconds_large: float, seconds_of_any: float
) -> tuple[float, float]:
    """Return seconds of any job and operations per second, from two jobs of `small` and `large` operations.

    A line through both; through the origin and the large one where the line would begin below 0. Two jobs of about one
    size tell no slope: then `seconds_of_any`, or half of the time where that is less, is what any job takes.
    """
    if large < 2 * small:
        fixed = min(seconds_of_any, seconds_large / 2)
        return fixed, large / (seconds_large - fixed)
    rate = (large - small) / max(seconds_large - seconds_small, 1e-9)
    fixed = seconds_small - small / rate
    return (fixed, rate) if fixed >= 0 else (0.0, large / seconds_large)
