"""How many samples would have told."""

from __future__ import annotations

import math

from scipy import stats

from hypomask.comparison.facts import SMALLEST_FOR_BEST, SMALLEST_PER_CLASS_AND_FOLD

__all__ = ["samples_needed", "samples_to_be_judged"]

# Beyond this many times the present cohort the extrapolation says nothing but "many more".
FURTHEST = 100


def samples_needed(difference: float, se: float, n_units: int, *, alpha: float, power: float = 0.8) -> int | None:
    """Return how many independent samples would separate two hypotheses that differ by as much as estimated.

    Assumes that the standard error shrinks with the square root of the number of samples and that the difference stays
    what it is. Both are rough: more data also train better models, and an estimate that is not significant is itself
    uncertain by a factor of two or more. A guide for planning, not a promise.

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
    wanted = float(stats.norm.isf(alpha / 2.0) + stats.norm.ppf(power))
    n = n_units * (wanted * se / difference) ** 2
    if n > FURTHEST * n_units:
        return None
    n = max(n, n_units + 1.0)
    unit = 10 ** max(0, math.floor(math.log10(n)) - 1)
    return int(math.ceil(n / unit) * unit)


def samples_to_be_judged(n_units: int, per_class_and_fold: float | None) -> int | None:
    """Return how many independent samples of the same composition "best" asks for; None when there are enough."""
    needed = SMALLEST_FOR_BEST
    if per_class_and_fold is not None and per_class_and_fold < SMALLEST_PER_CLASS_AND_FOLD:
        if per_class_and_fold <= 0:
            return None
        needed = max(needed, math.ceil(n_units * SMALLEST_PER_CLASS_AND_FOLD / per_class_and_fold))
    return needed if needed > n_units else None
