"""Scores of predictions of time to an event: Harrell's concordance and the integrated Brier score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["concordance", "integrated_brier", "kaplan_meier"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ROWS_AT_ONCE = 1024


def concordance(risk_B: FloatArray, time_B: FloatArray, event_B: BoolArray) -> float:
    """Return Harrell's C: of all pairs of which it is known who had the event first, the share ranked so by risk.

    Equal risks count half. A sample censored at the time of another's event outlived it. NaN without such a pair.

    References
    ----------
    Harrell et al. 1996, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4
    """
    concordant = pairs = 0.0
    events = np.flatnonzero(event_B)
    for start in range(0, len(events), ROWS_AT_ONCE):
        rows = events[start : start + ROWS_AT_ONCE]
        later = (time_B > time_B[rows, None]) | ((time_B == time_B[rows, None]) & ~event_B)
        higher = risk_B[rows, None] - risk_B
        concordant += float((later * (0.5 * (1 + np.sign(higher)))).sum())
        pairs += float(later.sum())
    return concordant / pairs if pairs else float("nan")


def kaplan_meier(time_B: FloatArray, event_B: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the distinct times (K,) and the estimated probability (K,) of no event up to and including each."""
    times, place = np.unique(time_B, return_inverse=True)
    deaths = np.bincount(place, event_B.astype(np.float64), minlength=len(times))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = np.cumsum(leaving[::-1])[::-1]
    return times, np.asarray(np.cumprod(1.0 - deaths / at_risk), dtype=np.float64)


def integrated_brier(survival_BT: FloatArray, ends_T: FloatArray, time_B: FloatArray, event_B: BoolArray) -> float:
    """Return the Brier score of the predicted survival, averaged over time up to the last end of an interval.

    Censored samples are replaced by weighting those that are still seen by one over the probability of not being
    censored (Graf et al. 1999). Survival is taken as constant from an interval's end to the next.

    Parameters
    ----------
    survival_BT
        (B, T) predicted probabilities of no event up to `ends_T` (T,).

    References
    ----------
    Graf et al. 1999, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5
    """
    times, uncensored = kaplan_meier(time_B, ~event_B)
    uncensored = np.concatenate([[1.0], uncensored])
    just_before_B = np.maximum(uncensored[np.searchsorted(times, time_B, side="left")], 1e-12)
    at_T = np.maximum(uncensored[np.searchsorted(times, ends_T, side="right")], 1e-12)
    died_BT = (time_B[:, None] <= ends_T) & event_B[:, None]
    alive_BT = time_B[:, None] > ends_T
    score_BT = died_BT * survival_BT**2 / just_before_B[:, None] + alive_BT * (1 - survival_BT) ** 2 / at_T
    brier_T = score_BT.mean(axis=0)
    if len(ends_T) == 1:
        return float(brier_T[0])
    return float(np.trapezoid(brier_T, ends_T) / (ends_T[-1] - ends_T[0]))
