"""Several tests at once: Holm's step-down, and the joint distribution of correlated t statistics (max-t)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hypomask.comparison.paired import RESOLUTION, Effect, Units, corrected_covariance

__all__ = ["JointLaw", "correlated_normals", "holm"]

FloatArray = npt.NDArray[np.float64]


def holm(p: Sequence[float]) -> FloatArray:
    """Return Holm-adjusted p values.

    Null hypothesis: each of the tests' own; controls the chance of any false rejection at any dependence between tests.
    Invalid only if the p values themselves are. Tests that were not made enter with p = 1, which is conservative.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6:65, https://www.jstor.org/stable/4615733
    """
    # Not statsmodels' multipletests, which the tests compare this with: it collects garbage at every call (50 ms here,
    # most of a comparison's time).
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)))
    return adjusted


def correlated_normals(correlation_JJ: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return (draws, J) normal variables of this correlation, which may be singular.

    The symmetric root is used because, unlike a triangular or eigenvector root, it changes continuously when contrasts
    are duplicated.
    """
    eigenvalues, vectors = np.linalg.eigh(correlation_JJ)
    root_JJ = (vectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ vectors.T
    return np.asarray(rng.standard_normal((draws, len(root_JJ))) @ root_JJ)


class JointLaw:
    """The joint null distribution of several corrected t statistics, by Monte Carlo.

    Null hypothesis: every mean difference is 0. Under it the statistics are taken as multivariate t with the
    correlation estimated from the samples (cluster-robust, averaged over repeats) and the degrees of freedom of the
    corrected effect. Contrasts that never differ (standard error 0) take no part.

    Invalid where `corrected_effect` is; and with more contrasts than independent units the correlation is singular,
    which the symmetric root used here tolerates.

    Parameters
    ----------
    difference_JRB
        (J, R, B) loss differences of J contrasts, in an order that does not depend on how the study was written (the
        random numbers belong to positions).
    effects
        (J,) their corrected effects.
    n_folds, units
        As in `corrected_effect`.
    draws, seed
        Monte Carlo effort; see `correlated_normals`.

    References
    ----------
    Westfall & Young 1993, Resampling-Based Multiple Testing; Hothorn, Bretz & Westfall 2008,
    doi:10.1002/bimj.200810425
    """

    def __init__(
        self,
        difference_JRB: FloatArray,
        effects: Sequence[Effect],
        *,
        n_folds: int,
        units: Units,
        draws: int,
        seed: int,
    ) -> None:
        self.effects = tuple(effects)
        self.varying = np.array([effect.se > 0 for effect in effects], dtype=bool)
        self._t_DJ = np.zeros((draws, 0))
        if self.varying.sum() < 2:
            return
        used_JRB = difference_JRB[self.varying]
        used_JRB = np.where(np.abs(used_JRB) < RESOLUTION, 0.0, used_JRB)
        # Scaled to unit variance first: contrasts may differ in size by orders of magnitude.
        scale = np.array([effect.se for effect in self.effects])[self.varying]
        correlation = corrected_covariance(used_JRB / scale[:, None, None], n_folds, units)
        rng = np.random.default_rng(seed)
        normal_DJ = correlated_normals(correlation, draws, rng)
        spread_D = np.sqrt(rng.chisquare(self.effects[0].df, draws) / self.effects[0].df)
        self._t_DJ = normal_DJ / spread_D[:, None]

    def adjusted_two_sided(self) -> FloatArray:
        """Return (J,) p of each contrast adjusted for all: P(largest abs(t) of the family >= its abs(t))."""
        largest_D = np.abs(self._t_DJ).max(axis=1, initial=0.0)
        return np.array([self._p(largest_D, abs(e.t), e.p_two_sided) for e in self.effects])

    def adjusted_greater(self) -> FloatArray:
        """Return (J,) one-sided p (mean > 0) of each contrast adjusted for all."""
        largest_D = self._t_DJ.max(axis=1, initial=-np.inf)
        return np.array([self._p(largest_D, e.t, e.p_greater) for e in self.effects])

    def largest_greater(self) -> float:
        """Return the p that no mean is positive: P(largest t of the family >= the largest observed); 1 if none vary."""
        varying = [effect for effect in self.effects if effect.se > 0]
        if not varying:
            return 1.0
        leading = max(varying, key=lambda effect: effect.t)
        return self._p(self._t_DJ.max(axis=1, initial=-np.inf), leading.t, leading.p_greater)

    def _p(self, largest_D: FloatArray, t: float, alone: float) -> float:
        n_varying = int(self.varying.sum())
        if n_varying < 2 or alone >= 1.0:
            return alone
        # The true value lies between the unadjusted p and Bonferroni's; clipping there also resolves tiny p values.
        estimate = (1.0 + float(np.sum(largest_D >= t))) / (len(largest_D) + 1.0)
        return float(np.clip(estimate, alone, min(1.0, n_varying * alone)))
