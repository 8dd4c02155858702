"""Which hypotheses may be the best one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hypomask.comparison.multiplicity import JointLaw
from hypomask.comparison.paired import Effect, Units

__all__ = ["confidence_p"]

FloatArray = npt.NDArray[np.float64]


def confidence_p(
    loss_HRB: FloatArray,
    effects: Mapping[tuple[int, int], Effect],
    *,
    n_folds: int,
    units: Units,
    draws: int,
    seed: int,
) -> FloatArray:
    """Return for each hypothesis the joint p that it is among the best.

    Null hypothesis for h: no other hypothesis has a lower expected loss. Statistic: the largest of its corrected t
    values against the others (positive where h is worse); reference: the largest of as many jointly t-distributed
    values with their estimated correlation (max-t), so the number of rivals is accounted for. The set of hypotheses
    with p > alpha contains the best one in at least 1 - alpha of studies.

    A set of one is not yet a two-sided test: of two equally good hypotheses, either leaves the set in alpha of studies.
    The verdict "best" therefore also asks for a two-sided p of at most alpha against each rival.

    Invalid where `corrected_effect` is. A hypothesis with the same losses as all others has p = 1.

    Parameters
    ----------
    loss_HRB
        (H, R, B) losses, hypotheses sorted by name.
    effects
        By (a, b) with a < b: corrected effect of loss a minus loss b.

    Returns
    -------
    (H,) float64

    References
    ----------
    Hansen, Lunde & Nason 2011, doi:10.3982/ECTA5771; Mogstad et al. 2024 (ranks by max-t),
    doi:10.1093/restud/rdad006
    """
    n_hypotheses = len(loss_HRB)
    p = np.ones(n_hypotheses)
    if n_hypotheses < 2:
        return p
    for h in range(n_hypotheses):
        others = [k for k in range(n_hypotheses) if k != h]
        worse = [effects[h, k] if h < k else -effects[k, h] for k in others]
        law = JointLaw(loss_HRB[h] - loss_HRB[others], worse, n_folds=n_folds, units=units, draws=draws, seed=seed)
        p[h] = law.largest_greater()
    return p
