"""How much of a cohort the closed-form start can afford; apart from it, so that estimates need no torch."""

from __future__ import annotations

__all__ = ["FEWEST_ROWS", "affordable_samples", "closed_form_work"]

# Work of the closed form in multiply-adds, and final tokens held at once in values (2 GB in float32). Larger cohorts
# start from as many of their samples as stay below both, and all of them are trained on after that.
MOST_WORK = 3e11
MOST_VALUES = 5e8
FEWEST_ROWS = 64


def closed_form_work(n_samples: float, columns: float) -> float:
    """Return the multiply-adds of one closed-form fit."""
    return float(n_samples) * columns * min(n_samples, columns)


def affordable_samples(n_samples: int, columns: float, values: float) -> int:
    """Return how many of `n_samples` training can start from.

    Parameters
    ----------
    columns
        Directions that the final tokens of all genes span together.
    values
        Final features of a sample, of all genes together: no less than `columns`.
    """
    affordable = MOST_VALUES / values
    if closed_form_work(n_samples, columns) > MOST_WORK:
        by_samples, by_columns = (MOST_WORK / columns) ** 0.5, MOST_WORK / columns**2
        affordable = min(affordable, by_samples if by_samples < columns else by_columns)
    return min(n_samples, max(FEWEST_ROWS, int(affordable)))
