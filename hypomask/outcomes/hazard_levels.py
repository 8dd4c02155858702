"""Levels of logistic hazards: as many events expected in every interval as there are to be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from hypomask.outcomes.target import Float

__all__ = ["hazard_levels"]

CHANGE = 1e-9
MAX_STEPS = 100  # 4 or 5 do; a bracket of 2,000 logits is halved to nothing in 50
MARGIN = 45.0  # logits beyond which a hazard is 0 or 1 to the last digit


def hazard_levels(
    eta_B: Float, at_risk_BT: npt.NDArray[np.bool_], target_T: Float, start_T: Float | None = None
) -> Float:
    """Return (T,) levels at which the hazards ``expit(level + eta)`` of those at risk sum to `target_T`.

    Newton steps inside a bracket, halved where a step would leave it: also predictors of hundreds are met. Where nobody
    is at risk, the level is 0.

    Parameters
    ----------
    start_T
        (T,) levels that were right for other predictors.
    """
    n_T = at_risk_BT.sum(axis=0)
    anyone = n_T > 0
    low_T = np.full(len(n_T), -float(eta_B.max(initial=0.0)) - MARGIN)
    high_T = np.full(len(n_T), -float(eta_B.min(initial=0.0)) + MARGIN)
    target_T = np.where(anyone, target_T, 0.5)
    level_T = np.log(target_T / np.maximum(n_T - target_T, 0.5)) if start_T is None else start_T
    level_T = np.clip(level_T, low_T, high_T)
    for _ in range(MAX_STEPS):
        hazard_BT = expit(level_T + eta_B[:, None]) * at_risk_BT
        missing_T = target_T - hazard_BT.sum(axis=0)
        low_T, high_T = np.where(missing_T > 0, level_T, low_T), np.where(missing_T > 0, high_T, level_T)
        slope_T = (hazard_BT * (1 - hazard_BT)).sum(axis=0)
        newton_T = level_T + missing_T / np.maximum(slope_T, 1e-300)
        inside = (newton_T >= low_T) & (newton_T <= high_T)
        next_T = np.where(anyone, np.where(inside, newton_T, 0.5 * (low_T + high_T)), 0.0)
        change = float(np.abs(next_T - level_T).max())
        level_T = next_T
        if change < CHANGE:
            break
    return np.asarray(level_T)
