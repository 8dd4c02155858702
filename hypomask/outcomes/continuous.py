"""Measured phenotypes: squared error of the standardised measurement."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hypomask.outcomes.family import Family, Float, quantile_bins
from hypomask.outcomes.kinds import PhenotypeKind

__all__ = ["Continuous"]


class Continuous(Family):
    """A measurement, centred and scaled by the training samples; the linear predictor is its expectation."""

    kind: ClassVar[PhenotypeKind] = "continuous"
    loss_name: ClassVar[str] = "squared error"
    loss_unit: ClassVar[str] = "squared error of the standardised phenotype"
    loss_scale: ClassVar[float] = 0.5
    is_quadratic: ClassVar[bool] = True
    is_squared_error: ClassVar[bool] = True
    is_scaled_by_fold: ClassVar[bool] = True
    curvature_bound = 1.0
    must_be_in_every_fold: ClassVar[bool] = False

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        return np.asarray((y_B - predicted_BK[:, 0]) ** 2)

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        return y_B[:, None] - eta_BK

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        return np.ones_like(eta_BK)

    def best_intercept(self, y_B: Float, offset_BK: Float) -> Float:
        return np.asarray((y_B[:, None] - offset_BK).mean(axis=0))

    def strata(self, y_B: Float, n_folds: int) -> npt.NDArray[np.int64]:
        return quantile_bins(y_B, n_folds)
