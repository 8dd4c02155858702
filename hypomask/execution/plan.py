"""Which jobs a study consists of, in which order."""

from __future__ import annotations

from collections.abc import Iterable

from hypomask.execution.jobs import Job, null_model
from hypomask.execution.plan_config import PlanConfig

__all__ = ["first_stage", "most_null_jobs", "null_draw_jobs"]


def first_stage(models: Iterable[str], plan: PlanConfig) -> tuple[Job, ...]:
    """Return the jobs of hypotheses and references: every model on every fold of every repeat.

    Split by split, so that what the models of a split share is computed once, and so that a run that is stopped early
    has all models on the same folds.
    """
    models = tuple(models)
    return tuple(
        Job(model, repeat, fold) for repeat in range(plan.repeats) for fold in range(plan.folds) for model in models
    )


def null_draw_jobs(hypothesis: str, draws: Iterable[int], plan: PlanConfig) -> tuple[Job, ...]:
    """Return the jobs of some null draws of a hypothesis: every fold of the first `null_repeats` repeats."""
    draws = tuple(draws)
    return tuple(
        Job(null_model(hypothesis, draw), repeat, fold)
        for repeat in range(plan.null_repeats)
        for fold in range(plan.folds)
        for draw in draws
    )


def most_null_jobs(n_hypotheses: int, plan: PlanConfig) -> int:
    """Return how many jobs the null tests of `n_hypotheses` can cost at most."""
    return n_hypotheses * plan.nulls * plan.folds * plan.null_repeats
