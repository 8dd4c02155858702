"""How many samples would have told."""

from __future__ import annotations

import math

from scipy import stats

from hypomask.comparison.facts import SMALLEST_FOR_BEST, SMALLEST_PER_CLASS_AND_FOLD
from hypomask.comparison.planning.decision import FURTHEST, rounded_up, units_needed

__all__ = ["fewest_for_best", "samples_needed", "samples_to_be_judged"]


def samples_needed(difference: float, se: float, n_units: int, *, alpha: float, power: float = 0.8) -> int | None:
    """Return how many independent samples would separate two hypotheses that differ by as much as estimated.

    Assumes that the standard error shrinks with the square root of the number of samples and that the difference stays
    what it is. Both are rough: more data also train better models, and an estimate that is not significant is itself
    uncertain by a factor of two or more. A guide for planning, not a promise;
    `hypomask power` (`hypomask.comparison.planning`) also reckons with the other hypotheses and with that uncertainty.

    Parameters
    ----------
    difference, se
        Estimated difference (in favour of the leading hypothesis) and its corrected standard error.
    n_units
        Independent samples now.
    alpha, power
        Two-sided level and wanted power.

    Returns
    -------
    int or None
        Rounded up to two significant digits, and more than `n_units`; None when the difference is so near 0 that more
        than 100 times the present samples would be needed, or nothing varies.
    """
    if se <= 0.0 or difference <= 0.0:
        return None
    critical = float(stats.norm.isf(alpha / 2.0))
    n = float(units_needed(difference, unit_variance=n_units * se**2, critical=critical, power=power))
    if n > FURTHEST * n_units:
        return None
    return rounded_up(max(n, n_units + 1.0))


def samples_to_be_judged(n_units: int, per_class_and_fold: float | None) -> int | None:
    """Return how many independent samples of the same composition "best" asks for; None when there are enough."""
    needed = fewest_for_best(n_units, per_class_and_fold)
    return needed if needed is not None and needed > n_units else None


def fewest_for_best(n_units: int, per_class_and_fold: float | None) -> int | None:
    """Return how many independent samples of the composition of these `n_units` "best" asks for.

    None when a class has no members, so that no number is enough.
    """
    needed = SMALLEST_FOR_BEST
    if per_class_and_fold is not None:
        if per_class_and_fold <= 0:
            return None
        needed = max(needed, math.ceil(n_units * SMALLEST_PER_CLASS_AND_FOLD / per_class_and_fold))
    return needed
