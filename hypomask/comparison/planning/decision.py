"""The chance that one corrected test decides, and how many independent units make it as likely as wanted."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["FURTHEST", "power_at", "rounded_up", "units_needed"]

FloatArray = npt.NDArray[np.float64]

FURTHEST = 100
"""Beyond this many times the present units an extrapolation says nothing but "many more"."""


def power_at(
    effect: npt.ArrayLike,
    n_units: npt.ArrayLike,
    *,
    unit_variance: npt.ArrayLike,
    critical: npt.ArrayLike,
    factor: float = 1.0,
    spread: npt.ArrayLike = 1.0,
) -> FloatArray:
    """Return the chance that the estimate exceeds `critical` of its corrected standard errors; arguments broadcast.

    The test believes a variance of `factor` x unit variance / n; the estimate has one of `spread` x unit variance / n.
    The two differ: the factor c = 1 + K/(K-1) is a guard against the worst case, see
    `hypomask.comparison.planning.questions.spread_of`.

    Parameters
    ----------
    effect
        Expected difference of losses, positive in the direction that is tested.
    n_units
        Independent units.
    unit_variance
        Variance of one unit's difference.
    critical
        Critical value of the t statistic.

    Examples
    --------
    >>> power_at(0.1, 785, unit_variance=1.0, critical=1.96).round(3).tolist()
    0.8
    """
    sd = np.sqrt(unit_variance)
    # Two models that never differ: a test without a standard error, which never decides.
    signal = np.asarray(effect) * np.sqrt(n_units) / np.where(sd > 0, sd, 1.0)
    chance = ndtr((signal - np.asarray(critical) * math.sqrt(factor)) / np.sqrt(spread))
    return np.where(sd > 0, chance, 0.0)


def units_needed(
    effect: npt.ArrayLike,
    *,
    unit_variance: npt.ArrayLike,
    critical: npt.ArrayLike,
    power: float,
    factor: float = 1.0,
    spread: npt.ArrayLike = 1.0,
) -> FloatArray:
    """Return the number of units at which `power_at` reaches `power`; infinite where it never does.

    Examples
    --------
    >>> units_needed([0.1, 0.0], unit_variance=1.0, critical=1.96, power=0.8).round().tolist()
    [785.0, inf]
    """
    wanted = np.asarray(critical) * math.sqrt(factor) + ndtri(power) * np.sqrt(spread)
    effect = np.asarray(effect, dtype=np.float64)
    with np.errstate(divide="ignore"):
        n = np.asarray(unit_variance) * (np.maximum(wanted, 0.0) / np.maximum(effect, 0.0)) ** 2
    return np.where((effect > 0) & (np.asarray(unit_variance) > 0), n, np.inf)


def rounded_up(n: float) -> int:
    """Return `n` rounded up to two significant digits: a forecast carries no more.

    Examples
    --------
    >>> rounded_up(2019.3), rounded_up(98.2), rounded_up(7.5)
    (2100, 99, 8)
    """
    unit = 10 ** max(0, math.floor(math.log10(n)) - 1)
    return int(math.ceil(n / unit) * unit)
