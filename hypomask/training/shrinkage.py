"""How much of what the transformer learned is kept: a factor in [0, 1] from samples it was not trained on."""

from __future__ import annotations

import numpy as np

from hypomask.outcomes.family import Family, Float

__all__ = ["choose_shrinkage"]

# Evidence (t^2) at which half is kept: 1 for estimating the factor (one direction, as James-Stein) and 1 for having
# chosen penalty and epoch on the same samples.
HALF_KEPT_AT = 2.0


def choose_shrinkage(offset_BK: Float, added_BK: Float, y: Float, family: Family) -> float:
    """Return the factor s for which ``offset + s * added`` predicts best, drawn towards 0 by its own uncertainty.

    The least-loss factor is multiplied by ``t^2 / (t^2 + 2)``, with t the statistic of "the added part explains
    nothing": a contribution that could be noise is mostly left out, one that is clear is kept whole. The multiplier is
    smooth where James-Stein's ``1 - 2 / t^2`` is cut off at 0: cut off, most null masks would have exactly the additive
    part's loss, and a hypothesis could not be placed among them.

    Parameters
    ----------
    offset_BK, added_BK
        (B, K) linear predictors of samples that the added part was not trained on.

    References
    ----------
    James & Stein 1961; Stein 1981 (10.1214/aos/1176345632).
    """
    if not np.any(added_BK):
        return 0.0
    # Of class scores only differences matter.
    if family.n_outputs > 1:
        added_BK = added_BK - added_BK.mean(axis=1, keepdims=True)
    best = _least_loss(offset_BK, added_BK, y, family)
    if best <= 0:
        return 0.0
    # Score of s at 0, sample by sample; its own spread gives a variance that holds for heavy tails too.
    score_B = (family.residual(offset_BK, y) * added_BK).sum(axis=1)
    spread = float(np.sqrt(np.sum((score_B - score_B.mean()) ** 2)))
    if spread == 0:
        return 0.0
    t = float(score_B.sum()) / spread
    return float(best * t**2 / (t**2 + HALF_KEPT_AT)) if t > 0 else 0.0


def _least_loss(offset_BK: Float, added_BK: Float, y: Float, family: Family) -> float:
    """Golden-section search on [0, 1]; the losses are convex in the factor."""
    low, high, ratio = 0.0, 1.0, (np.sqrt(5) - 1) / 2
    for _ in range(25):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if family.objective(offset_BK + left * added_BK, y) <= family.objective(offset_BK + right * added_BK, y):
            high = right
        else:
            low = left
    return 0.5 * (low + high)
