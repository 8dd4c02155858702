"""The corrected paired effect: two models on the same folds, and a variance that knows that folds share samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["Effect", "Units", "corrected_effect", "variance_factor"]

FloatArray = npt.NDArray[np.float64]

# Losses nearer than this are the same prediction: two routes to one number (a shrinkage of 0, another batch order)
# differ in the last bits, and always in the same direction, which a t test would call significant.
RESOLUTION = 1e-9


@dataclass(frozen=True, eq=False)
class Units:
    """Which samples are independent of each other.

    Parameters
    ----------
    code
        (B,) int64 number of each sample's group, or None: every sample is its own group.
    n
        Number of independent units.
    n_samples
        B.
    """

    code: npt.NDArray[np.int64] | None
    n: int
    n_samples: int

    @classmethod
    def of(cls, groups: npt.NDArray[np.str_] | None, n_samples: int) -> Units:
        """Number the groups by sorted label; no groups, or groups of one sample each, are samples."""
        if groups is None:
            return cls(None, n_samples, n_samples)
        labels, code = np.unique(groups, return_inverse=True)
        return cls(code.reshape(-1).astype(np.int64), len(labels), n_samples)

    def sums(self, values_JB: FloatArray) -> FloatArray:
        """Return (J, n) sums of values within units."""
        if self.code is None:
            return values_JB
        return np.stack([np.bincount(self.code, weights=row, minlength=self.n) for row in values_JB])


def variance_factor(n_folds: int) -> float:
    """Return c = 1 + K/(K-1), by which the variance of a mean out-of-fold difference is inflated (2.25 for K = 5)."""
    return 1.0 + n_folds / (n_folds - 1)


def corrected_covariance(difference_JRB: FloatArray, n_folds: int, units: Units) -> FloatArray:
    """Return the (J, J) corrected covariance of J mean differences; see `corrected_effect` for the diagonal."""
    n_contrasts, n_repeats, _ = difference_JRB.shape
    total = np.zeros((n_contrasts, n_contrasts))
    for repeat in range(n_repeats):
        d_JB = difference_JRB[:, repeat]
        sums_JU = units.sums(d_JB - d_JB.mean(axis=1, keepdims=True))
        total += sums_JU @ sums_JU.T
    small_sample = units.n / (units.n - 1)
    return np.asarray(total * (variance_factor(n_folds) * small_sample / (n_repeats * units.n_samples**2)))


@dataclass(frozen=True)
class Effect:
    """An estimated mean difference with its standard error and degrees of freedom.

    When `se` is 0 (two models with the same predictions) nothing can be concluded: the p values are 1.
    """

    mean: float
    se: float
    df: float

    @cached_property
    def t(self) -> float:
        """Mean in standard errors; 0 when `se` is 0."""
        return self.mean / self.se if self.se > 0 else 0.0

    @property
    def p_two_sided(self) -> float:
        """Return the p of a mean of 0 against any other."""
        return float(2.0 * stats.t.sf(abs(self.t), self.df)) if self.se > 0 else 1.0

    @property
    def p_greater(self) -> float:
        """Return the p of a mean of at most 0 against a positive one."""
        return float(stats.t.sf(self.t, self.df)) if self.se > 0 else 1.0

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the limits of the 1 - alpha interval."""
        half = float(stats.t.isf(alpha / 2.0, self.df)) * self.se
        return self.mean - half, self.mean + half

    def __neg__(self) -> Effect:
        return Effect(-self.mean, self.se, self.df)


def corrected_effect(difference_RB: FloatArray, n_folds: int, units: Units) -> Effect:
    """Estimate the mean of out-of-fold loss differences.

    Null hypothesis: the training recipe has the same expected out-of-sample loss with both masks, at this sample size.
    Direction: the sign of the differences given. No correction for multiplicity.

    The variance of the mean is taken from samples within each repeat (cluster-robust over groups, with the factor
    G/(G-1)), averaged over repeats, then multiplied by c = 1 + K/(K-1), because out-of-fold losses share training sets.
    Averaging comes before inflating on purpose: dividing by the number of repeats as if they were new data makes the
    test anti-conservative. Student's t with min(K R - 1, G - 1) degrees of freedom.

    Invalid, or less than exact: below about 100 independent units (measured size up to 6-9 % at 5 %, worst case);
    groups that were split over folds; losses of which a few samples make up most. Conservative at large n.

    Parameters
    ----------
    difference_RB
        (R, B) loss of one model minus loss of the other, per repeat and sample. Differences below 1e-9 count as 0.
    n_folds
        K.
    units
        Independent units.

    Returns
    -------
    Effect
        In the unit of the loss.

    References
    ----------
    Nadeau & Bengio 2003, doi:10.1023/A:1024068626366; Bates, Hastie & Tibshirani 2024,
    doi:10.1080/01621459.2023.2197686
    """
    d_RB = np.where(np.abs(difference_RB) < RESOLUTION, 0.0, difference_RB)
    variance = float(corrected_covariance(d_RB[None], n_folds, units)[0, 0])
    mean = float(d_RB.mean())
    df = max(1, min(n_folds * d_RB.shape[0] - 1, units.n - 1))
    # A difference that is the same in every sample leaves rounding noise of about 1e-16 of the mean as its "error".
    se = float(np.sqrt(variance)) if variance > (1e-12 * mean) ** 2 else 0.0
    return Effect(mean, se, df)
