"""Calibration of a linear predictor on predictions of samples it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from hypomask.outcomes.family import Family, Float

__all__ = ["Calibration", "fit_calibration"]

# The slope's logarithm has a normal prior with this spread: a slope estimated from 40 samples has a standard error of
# about 0.5 and would by itself do more harm than good.
PRIOR_SD = 0.15


@dataclass(frozen=True)
class Calibration:
    """``slope * (eta - center) + center``: how far predictions may stray from their own mean.

    Platt's slope (1999) without his intercept, which an unpenalised intercept makes unnecessary. A slope below 1 says
    the predictions were too sure.
    """

    slope: float
    center_K: Float

    def apply(self, eta_BK: Float) -> Float:
        """Return calibrated linear predictors."""
        return np.asarray(self.slope * (eta_BK - self.center_K) + self.center_K, dtype=np.float64)


def fit_calibration(eta_BK: Float, y: Float, family: Family) -> Calibration:
    """Fit the slope to out-of-sample predictions `eta_BK` (B, K) of `y` (B,), drawn towards 1."""
    center_K = eta_BK.mean(axis=0)
    if np.allclose(eta_BK, center_K):
        return Calibration(1.0, center_K)

    def objective(log_slope: Float) -> float:
        eta = np.exp(log_slope[0]) * (eta_BK - center_K) + center_K
        return family.loss_scale * family.objective(eta, y) + 0.5 * (float(log_slope[0]) / PRIOR_SD) ** 2

    found = minimize(objective, np.zeros(1), method="L-BFGS-B", bounds=[(-1.5, 0.7)])
    return Calibration(float(np.exp(found.x[0])), center_K)
