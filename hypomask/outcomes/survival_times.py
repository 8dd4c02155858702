"""Times to an event with censoring, and the grid of intervals that predictions of them are made on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hypomask.errors import DataError
from hypomask.outcomes.family import Family, Float, quantile_bins

__all__ = ["MAX_ETA", "SurvivalFamily", "interval_ends", "signed_times", "times_and_events"]

MAX_INTERVALS = 20
EVENTS_PER_INTERVAL = 10
MAX_ETA = 30.0  # log of a hazard; beyond it exp overflows on the way to a better step


def signed_times(time_B: Float, event_B: npt.NDArray[np.bool_]) -> Float:
    """Return (B,) times with the sign that says whether the event was seen."""
    return np.where(event_B, time_B, -time_B)


def times_and_events(y_B: Float) -> tuple[Float, npt.NDArray[np.bool_]]:
    """Return times and whether the event was seen, from signed times."""
    return np.abs(y_B), y_B > 0


def interval_ends(y_B: Float) -> Float:
    """Return (T,) ends of at most 20 intervals with about equally many events, the last one at the last event.

    Distinct event times where these are few (visits, years); quantiles otherwise, of at least 10 events each.
    """
    time_B, event_B = times_and_events(y_B)
    times = np.sort(time_B[event_B])
    if len(times) == 0:
        raise DataError("no sample has an event: there is nothing to explain")
    distinct = np.unique(times)
    wanted = int(np.clip(len(times) // EVENTS_PER_INTERVAL, 2, MAX_INTERVALS))
    if len(distinct) <= wanted:
        return distinct
    # Order statistics, never between two events: an interval without an event has no hazard to estimate.
    at = np.ceil(np.arange(1, wanted + 1) / wanted * len(times)).astype(int) - 1
    return np.unique(times[at])


class SurvivalFamily(Family):
    """What both kinds share: one linear predictor, predictions on a grid of intervals.

    Parameters
    ----------
    ends_T
        (T,) increasing ends of the intervals; times equal to an end belong to the interval it ends.
    """

    loss_unit: ClassVar[str] = "log loss (nats)"
    has_intercept: ClassVar[bool] = False
    must_be_in_every_fold: ClassVar[bool] = False

    def __init__(self, ends_T: npt.ArrayLike) -> None:
        self.ends_T = np.asarray(ends_T, dtype=np.float64)
        if self.ends_T.ndim != 1 or len(self.ends_T) == 0 or (np.diff(self.ends_T) <= 0).any():
            raise DataError("ends of intervals must be increasing numbers")

    @classmethod
    def for_phenotype(cls, values: Float, classes: Sequence[str]) -> Self:
        return cls(interval_ends(values))

    @property
    def n_predicted(self) -> int:
        return len(self.ends_T)

    def check_response(self, y_B: Float) -> None:
        if (y_B == 0).any() or not np.isfinite(y_B).all():
            raise DataError("a time is 0 or not finite, expected a number above 0 (negative: censored)")

    def can_be_fitted(self, y_B: Float) -> bool:
        return bool((y_B > 0).any())

    def best_intercept(self, y_B: Float, offset_BK: Float) -> Float:
        return np.zeros(1)

    def strata(self, y_B: Float, n_folds: int) -> npt.NDArray[np.int64]:
        """Events and censored samples apart, each by quantiles of time."""
        time_B, event_B = times_and_events(y_B)
        strata = np.zeros(len(y_B), dtype=np.int64)
        for part in (event_B, ~event_B):
            if part.any():
                strata[part] = strata.max() + 1 + quantile_bins(time_B[part], n_folds)
        return np.unique(strata, return_inverse=True)[1].astype(np.int64)

    def survival(self, predicted_BT: Float) -> Float:
        """Return (B, T) probabilities of no event up to each interval's end."""
        return np.exp(-np.cumsum(self._cumulated(predicted_BT), axis=1))

    def _cumulated(self, predicted_BT: Float) -> Float:
        """Return (B, T): minus the logarithm of the probability to pass each interval."""
        raise NotImplementedError
