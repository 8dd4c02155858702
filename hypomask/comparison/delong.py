"""AUCs of several models on the same samples, and the covariance of their differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from hypomask.errors import DataError

__all__ = ["AucDifference", "delong_covariance", "delong_test"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AucDifference:
    """AUC of a, of b, and their difference a - b with standard error, normal interval and two-sided p.

    When `se` is 0 (both rank every pair of samples alike) nothing can be concluded: p is 1.
    """

    auc_a: float
    auc_b: float
    difference: float
    se: float
    low: float
    high: float
    p: float


def delong_covariance(event_B: npt.ArrayLike, score_MB: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the AUC of each model and the covariance of the AUCs.

    The placement of a sample is the share of samples of the other class that it is ranked right of, ties counting half;
    the covariance is that of placements, over events and over the others. From midranks, in O(M B log B).

    Parameters
    ----------
    event_B
        (B,) 1 or True for events, 0 or False for others.
    score_MB
        (M, B) scores on any scale, higher for events.

    Returns
    -------
    auc_M, covariance_MM
        (M,) and (M, M) float64.

    Raises
    ------
    DataError
        Shapes that do not fit, scores that are not finite, fewer than two samples of a class.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson 1988, doi:10.2307/2531595; Sun & Xu 2014, doi:10.1109/LSP.2014.2337313
    """
    event = np.asarray(event_B)
    scores = np.asarray(score_MB, dtype=np.float64)
    if event.ndim != 1 or scores.ndim != 2 or scores.shape[1] != len(event):
        raise DataError(
            f"scores of shape {scores.shape} do not fit events of shape {event.shape}; expected (M, B), (B,)"
        )
    if not np.isin(event, (0, 1)).all():
        raise DataError("events: got values other than 0 and 1")
    if not np.isfinite(scores).all():
        raise DataError("scores: got values that are not finite numbers")
    is_event = event.astype(bool)
    n_events, n_others = int(is_event.sum()), int((~is_event).sum())
    if min(n_events, n_others) < 2:
        raise DataError(f"got {n_events} events and {n_others} others, expected at least two of each")
    event_ME, other_MO = scores[:, is_event], scores[:, ~is_event]
    among_all_ME = stats.rankdata(np.hstack([event_ME, other_MO]), axis=1)
    placed_ME = (among_all_ME[:, :n_events] - stats.rankdata(event_ME, axis=1)) / n_others
    placed_MO = 1.0 - (among_all_ME[:, n_events:] - stats.rankdata(other_MO, axis=1)) / n_events
    covariance = np.atleast_2d(np.cov(placed_ME)) / n_events + np.atleast_2d(np.cov(placed_MO)) / n_others
    return placed_ME.mean(axis=1), covariance


def delong_test(
    event_B: npt.ArrayLike, score_a_B: npt.ArrayLike, score_b_B: npt.ArrayLike, *, alpha: float = 0.05
) -> AucDifference:
    """Compare the AUCs of two models on the same samples.

    Null hypothesis: both scores have the same AUC in the population. Direction: two-sided. No correction for
    multiplicity.

    The scores are taken as given, as of two models trained elsewhere. Of out-of-fold predictions it therefore knows the
    samples' share of the uncertainty and not the training's; it is shown beside, and never in place of, the corrected
    effect. Predictions of different folds come from different models and should not be pooled into one AUC. Invalid
    (and far too conservative) for nested models scored on their training samples.

    Parameters
    ----------
    event_B, score_a_B, score_b_B
        (B,) see `delong_covariance`.
    alpha
        The interval covers 1 - alpha.

    Raises
    ------
    DataError
        As `delong_covariance`.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson 1988, doi:10.2307/2531595
    """
    score_2B = np.stack([np.asarray(score_a_B, dtype=np.float64), np.asarray(score_b_B, dtype=np.float64)])
    auc_M, covariance = delong_covariance(event_B, score_2B)
    difference = float(auc_M[0] - auc_M[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
    se = float(np.sqrt(variance)) if variance > 1e-20 else 0.0
    half = float(stats.norm.isf(alpha / 2.0)) * se
    p = float(2.0 * stats.norm.sf(abs(difference) / se)) if se > 0 else 1.0
    return AucDifference(float(auc_M[0]), float(auc_M[1]), difference, se, difference - half, difference + half, p)
