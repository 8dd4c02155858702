"""Phenotypes that are counts: half the deviance of a negative binomial with the study's dispersion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from hypomask.errors import DataError
from hypomask.outcomes.family import Family, Float, quantile_bins
from hypomask.outcomes.kinds import PhenotypeKind

__all__ = ["Counts", "moment_dispersion"]

NEGLIGIBLE = 1e-9  # dispersion that is Poisson for all purposes, and whose inverse may overflow
MAX_ETA = 30.0  # log of an expected count; beyond it exp overflows on the way to a better step


class Counts(Family):
    """Whole numbers from 0; the linear predictor is the logarithm of the expected count.

    The loss is half the deviance of a negative binomial with variance ``mean + dispersion * mean^2`` (0: Poisson), in
    nats: 0 for a prediction that is met exactly. For whatever dispersion, its expectation is least at the true mean
    (it is a Bregman divergence), so that a dispersion that is too large costs efficiency and never fairness.

    Parameters
    ----------
    dispersion
        Of the negative binomial; the same for every model of a study.

    References
    ----------
    Hilbe 2011, Negative Binomial Regression, doi:10.1017/CBO9780511973420; Gneiting 2011, consistent scoring
    functions, doi:10.1198/jasa.2011.r10138
    """

    kind: ClassVar[PhenotypeKind] = "counts"
    loss_name: ClassVar[str] = "half deviance"
    loss_unit: ClassVar[str] = "half deviance (nats)"
    must_be_in_every_fold: ClassVar[bool] = False

    def __init__(self, dispersion: float = 0.0) -> None:
        if not 0 <= dispersion < np.inf:
            raise DataError(f"dispersion is {dispersion}, expected 0 (Poisson) or more")
        self.dispersion = float(dispersion) if dispersion > NEGLIGIBLE else 0.0

    @classmethod
    def for_phenotype(cls, values: Float, classes: Sequence[str]) -> Counts:
        return cls(moment_dispersion(values))

    def check_response(self, y_B: Float) -> None:
        wrong = (y_B < 0) | (y_B != np.round(y_B))
        if wrong.any():
            raise DataError(f"count {y_B[wrong][0]:g} is not a whole number of at least 0")

    def mean(self, eta_BK: Float) -> Float:
        """Return the expected counts, (B, 1)."""
        return np.exp(np.minimum(eta_BK, MAX_ETA))

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        eta_B = np.minimum(predicted_BK[:, 0], MAX_ETA)
        alpha = self.dispersion
        if alpha == 0:
            return np.asarray(xlogy(y_B, y_B) - y_B * eta_B - y_B + np.exp(eta_B))
        spread_B = (y_B + 1 / alpha) * (np.log1p(alpha * y_B) - np.log1p(alpha * np.exp(eta_B)))
        return np.asarray(xlogy(y_B, y_B) - y_B * eta_B - spread_B)

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        mean_BK = self.mean(eta_BK)
        return (y_B[:, None] - mean_BK) / (1 + self.dispersion * mean_BK)

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        mean_BK = self.mean(eta_BK)
        return mean_BK * (1 + self.dispersion * y_B[:, None]) / (1 + self.dispersion * mean_BK) ** 2

    def best_intercept(self, y_B: Float, offset_BK: Float) -> Float:
        total = max(float(y_B.sum()), 0.5)
        intercept = np.array([np.log(total / max(float(self.mean(offset_BK).sum()), 1e-12))])
        for _ in range(50 if self.dispersion > 0 else 0):
            eta_BK = offset_BK + intercept
            step = self.residual(eta_BK, y_B).sum(axis=0) / np.maximum(self.curvature(eta_BK, y_B).sum(axis=0), 1e-12)
            intercept = intercept + np.clip(step, -2.0, 2.0)
            if abs(float(step[0])) < 1e-8:
                break
        return intercept

    def can_be_fitted(self, y_B: Float) -> bool:
        return bool(y_B.sum() > 0)

    def strata(self, y_B: Float, n_folds: int) -> npt.NDArray[np.int64]:
        return quantile_bins(y_B, n_folds)


def moment_dispersion(y_B: Float) -> float:
    """Return the dispersion of a negative binomial with the mean and variance of `y_B`; 0 where it varies less."""
    mean = float(y_B.mean())
    return max(0.0, (float(y_B.var(ddof=1)) - mean) / mean**2) if mean > 0 and len(y_B) > 1 else 0.0
