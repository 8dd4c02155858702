"""The null test in advance: the chance that it decides, and how many draws it will take."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["chance_to_beat_nulls", "draws_by_chance", "draws_expected", "is_exact"]

FloatArray = npt.NDArray[np.float64]

# Distances at which chances are worked out once per plan; between them they are interpolated (error below 0.001).
GRID = np.linspace(-4.0, 12.0, 641)


def chance_to_beat_nulls(
    distance: npt.ArrayLike, *, max_draws: int, stop_after: int | None, level: float
) -> FloatArray:
    """Return the chance that `hypomask.comparison.null_test` rejects, given how far the hypothesis is ahead.

    Null losses are taken as normal. With enough draws for the rank p to reach the level the rank decides, stopping rule
    included, else the t approximation with no null as good.

    Parameters
    ----------
    distance
        (mean of the null losses - loss of the hypothesis) / their standard deviation.
    level
        What p must not exceed: alpha / H is Holm over H hypotheses at its strictest, as if no other hypothesis beat its
        null masks.

    Examples
    --------
    >>> chance_to_beat_nulls([0.0, 2.0, 4.0], max_draws=99, stop_after=5, level=0.05).round(3).tolist()
    [0.0, 0.924, 1.0]
    """
    return np.asarray(np.interp(np.asarray(distance), GRID, _chances(max_draws, stop_after, level)))


def is_exact(max_draws: int, level: float) -> bool:
    """Return whether the rank p of so many draws can reach `level`, and so decides; else the t approximation does."""
    return (max_draws + 1) * level >= 1.0 - 1e-12


@lru_cache(maxsize=256)
def _chances(max_draws: int, stop_after: int | None, level: float) -> FloatArray:
    if is_exact(max_draws, level):
        as_good = stats.norm.sf(GRID)
        most = math.floor(level * (max_draws + 1) + 1e-9) - 1
        if stop_after is None or most < stop_after:
            return np.asarray(stats.binom.cdf(most, max_draws, as_good))
        # A sequence that stops at draw N has p = stop_after / N: small enough when it lasted this long.
        lasting = min(max_draws, math.ceil(stop_after / level - 1e-9) - 1)
        return np.asarray(stats.binom.cdf(stop_after - 1, lasting, as_good))
    if max_draws < 2:
        return np.zeros_like(GRID)
    least_z = math.sqrt(1.0 + 1.0 / max_draws) * float(stats.t.isf(level, max_draws - 1))
    root = math.sqrt(max_draws)
    far_enough = stats.nct.sf(root * least_z, max_draws - 1, root * GRID)
    # Far out the series for the non-central t gives up; there the chance is 0 on one side and 1 on the other.
    far_enough = np.where(np.isfinite(far_enough), far_enough, (least_z < GRID).astype(np.float64))
    # A null that is as good makes p at least 2 / (R + 1): too large, since not even 1 / (R + 1) reaches the level. A
    # hypothesis that is far enough from the mean of its nulls hardly ever has one.
    none_as_good = stats.norm.cdf(GRID) ** max_draws
    return np.asarray(np.minimum(np.maximum.accumulate(far_enough), none_as_good))


def draws_expected(distance: npt.ArrayLike, *, max_draws: int, stop_after: int | None) -> FloatArray:
    """Return the expected draws of a Besag-Clifford sequence for a hypothesis that is `distance` ahead.

    Examples
    --------
    >>> draws_expected([9.0, 0.0], max_draws=99, stop_after=5).round(1).tolist()
    [99.0, 10.0]

    References
    ----------
    Besag & Clifford 1991, doi:10.1093/biomet/78.2.301
    """
    return np.asarray(np.interp(np.asarray(distance), GRID, _draws(max_draws, stop_after)))


@lru_cache(maxsize=256)
def _draws(max_draws: int, stop_after: int | None) -> FloatArray:
    if stop_after is None or stop_after > max_draws:
        return np.full(GRID.shape, float(max_draws))
    # Draw m + 1 is made when fewer than stop_after of the first m were as good.
    drawn = np.arange(max_draws)
    return np.asarray(stats.binom.cdf(stop_after - 1, drawn, stats.norm.sf(GRID)[:, None]).sum(axis=1))


def draws_by_chance(*, max_draws: int, stop_after: int | None) -> float:
    """Return the expected draws for a hypothesis that is like its own null masks: its rank is uniform.

    Examples
    --------
    >>> round(draws_by_chance(max_draws=99, stop_after=5), 1), round(draws_by_chance(max_draws=39, stop_after=2), 1)
    (19.5, 7.5)
    """
    if stop_after is None or stop_after > max_draws:
        return float(max_draws)
    return float(np.minimum(1.0, stop_after / (np.arange(max_draws) + 1)).sum())
