"""Time to an event, with censoring: Cox's proportional hazards, and hazards in discrete time.

A response is a *signed time*: positive where the event was seen, negative where the sample was censored. Models rank
samples by one linear predictor; a prediction is the hazard in each interval of a grid that a study fixes once, so that
every model is scored, sample by sample, by the log loss of what became of the sample in the last interval it entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from hypomask.errors import DataError
from hypomask.outcomes.counts import Counts
from hypomask.outcomes.family import Family, Float, NetworkStage, quantile_bins
from hypomask.outcomes.hazard_levels import hazard_levels
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.outcomes.partial_likelihood import RiskSets

__all__ = ["CoxSurvival", "DiscreteSurvival", "KnownHazards", "interval_ends", "signed_times", "times_and_events"]

MAX_INTERVALS = 20
EVENTS_PER_INTERVAL = 10
LEAST_EXPOSURE = 1e-6
MAX_ETA = 30.0
LEAST_HAZARD = 1e-12


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


class _Survival(Family):
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

    def _entered(self, y_B: Float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return (B,) intervals whose outcome is known, and whether the last of them ended in the event."""
        time_B, event_B = times_and_events(y_B)
        event_B = event_B & (time_B <= self.ends_T[-1])
        survived_B = np.searchsorted(self.ends_T, time_B, side="right")
        with_event_B = np.searchsorted(self.ends_T, time_B, side="left") + 1
        return np.where(event_B, with_event_B, survived_B).astype(np.int64), event_B

    def survival(self, predicted_BT: Float) -> Float:
        """Return (B, T) probabilities of no event up to each interval's end."""
        return np.exp(-np.cumsum(self._cumulated(predicted_BT), axis=1))

    def _cumulated(self, predicted_BT: Float) -> Float:
        """Return (B, T): minus the logarithm of the probability to pass each interval."""
        raise NotImplementedError

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        """Log loss of the outcome in every interval entered: passed, or event."""
        passing_BT = self._cumulated(predicted_BK)
        entered_B, event_B = self._entered(y_B)
        up_to_BT = np.concatenate([np.zeros((len(y_B), 1)), np.cumsum(passing_BT, axis=1)], axis=1)
        rows = np.arange(len(y_B))
        before_last_B = up_to_BT[rows, entered_B - event_B]
        last_B = passing_BT[rows, np.maximum(entered_B - 1, 0)]
        dying_B = -np.log(-np.expm1(-np.maximum(last_B, LEAST_HAZARD)))
        return np.asarray(before_last_B + np.where(event_B, dying_B, 0.0))


class CoxSurvival(_Survival):
    """Proportional hazards: fitted by Cox's partial likelihood (Efron's ties), baseline by Breslow.

    The transformer is fitted by the full likelihood with the baseline hazard that the additive part leaves, which is a
    Poisson model with known exposure (Whitehead 1980, doi:10.2307/2346901). A prediction is the logarithm of the
    cumulative hazard that each interval adds.
    """

    kind: ClassVar[PhenotypeKind] = "survival"

    def __init__(self, ends_T: npt.ArrayLike) -> None:
        super().__init__(ends_T)
        self._latest: tuple[Float, RiskSets] | None = None

    def _risk_sets(self, y_B: Float) -> RiskSets:
        """Return who was at risk when; the latest answer is kept, because a fit asks for it at every step."""
        if self._latest is None or self._latest[0] is not y_B:
            self._latest = (y_B, RiskSets(*times_and_events(y_B)))
        return self._latest[1]

    def objective(self, eta_BK: Float, y_B: Float) -> float:
        return -self._risk_sets(y_B).log_likelihood(eta_BK[:, 0])

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        return ((y_B > 0) - self._risk_sets(y_B).expected_events(eta_BK[:, 0]))[:, None]

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        return self._risk_sets(y_B).expected_events(eta_BK[:, 0])[:, None]

    def profiled(self, eta_BK: Float, y_B: Float, design_BJ: Float) -> Float:
        return self._risk_sets(y_B).mean_at_events(eta_BK[:, 0], design_BJ)

    def predicted(self, eta_BK: Float, y_train: Float, eta_train_BK: Float) -> Float:
        top = float(eta_train_BK.max())  # that of a sample at the highest risk neither overflows nor vanishes
        times_K, increments_K = self._risk_sets(y_train).baseline(eta_train_BK[:, 0] - top)
        of_interval_K = np.searchsorted(self.ends_T, times_K, side="left")
        inside = of_interval_K < len(self.ends_T)
        hazard_T = np.bincount(of_interval_K[inside], increments_K[inside], minlength=len(self.ends_T))
        # An interval without a training event gets half an event's worth: 0 would make a test event impossible.
        least = 0.5 / float(np.exp(eta_train_BK - top).sum())
        return np.asarray(np.log(np.maximum(hazard_T, least)) + (eta_BK - top))

    def _cumulated(self, predicted_BT: Float) -> Float:
        return np.exp(np.minimum(predicted_BT, MAX_ETA))

    def network_stage(self, y_B: Float, eta_additive_BK: Float) -> NetworkStage:
        time_B, event_B = times_and_events(y_B)
        relative_BK = eta_additive_BK - eta_additive_BK.max()
        times_K, increments_K = RiskSets(time_B, event_B).baseline(relative_BK[:, 0])
        cumulative_K = np.concatenate([[0.0], np.cumsum(increments_K)])
        hazard_B = cumulative_K[np.searchsorted(times_K, time_B, side="right")]
        exposure_B = np.log(np.maximum(hazard_B, LEAST_EXPOSURE))
        return NetworkStage(Counts(0.0), event_B.astype(np.float64), relative_BK + exposure_B[:, None])


class DiscreteSurvival(_Survival):
    """Time in intervals (visits, years): a logistic hazard in each, shifted by one linear predictor.

    A prediction is the logit of the hazard in each interval. Fitted with the intervals' own levels profiled out.

    References
    ----------
    Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x, section 6; Prentice & Gloeckler 1978, doi:10.2307/2529588
    """

    kind: ClassVar[PhenotypeKind] = "discrete-survival"

    def __init__(self, ends_T: npt.ArrayLike) -> None:
        super().__init__(ends_T)
        self._latest: tuple[Float, Float, KnownHazards] | None = None

    def objective(self, eta_BK: Float, y_B: Float) -> float:
        known, coded_B = self._known(eta_BK, y_B), self._coded(y_B)
        # What keeps a level finite counts as events do, or the levels would not be at the least loss.
        added_BT = self._added_events(coded_B)
        return known.objective(eta_BK, coded_B) - float((added_BT * (known.level_T + eta_BK)).sum())

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        coded_B = self._coded(y_B)
        added_B1 = self._added_events(coded_B).sum(axis=1, keepdims=True)
        return np.asarray(self._known(eta_BK, y_B).residual(eta_BK, coded_B) + added_B1)

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        return self._known(eta_BK, y_B).curvature(eta_BK, self._coded(y_B))

    def profiled(self, eta_BK: Float, y_B: Float, design_BJ: Float) -> Float:
        variance_BT = self._known(eta_BK, y_B).variances(eta_BK, self._coded(y_B))
        total_T = np.maximum(variance_BT.sum(axis=0), LEAST_HAZARD)
        return np.asarray(variance_BT.T @ design_BJ / np.sqrt(total_T)[:, None])

    def predicted(self, eta_BK: Float, y_train: Float, eta_train_BK: Float) -> Float:
        return np.asarray(self._known(eta_train_BK, y_train).level_T + eta_BK)

    def _cumulated(self, predicted_BT: Float) -> Float:
        return np.logaddexp(0.0, predicted_BT)

    def network_stage(self, y_B: Float, eta_additive_BK: Float) -> NetworkStage:
        return NetworkStage(self._known(eta_additive_BK, y_B), self._coded(y_B), eta_additive_BK)

    def _coded(self, y_B: Float) -> Float:
        """Return (B,) intervals entered, negative where none ended in the event."""
        entered_B, event_B = self._entered(y_B)
        return np.where(event_B, entered_B, -entered_B).astype(np.float64)

    def _at_risk(self, coded_B: Float) -> npt.NDArray[np.bool_]:
        return np.asarray(np.arange(len(self.ends_T)) < np.abs(coded_B)[:, None])

    def _added_events(self, coded_B: Float) -> Float:
        """Return (B, T): an interval in which nobody or everybody had the event gets half an event more or less.

        It is shared by those at risk. Without it a level would be infinite.
        """
        at_risk_BT = self._at_risk(coded_B)
        n_T = at_risk_BT.sum(axis=0)
        added_T = np.clip(self._events(coded_B), 0.5, np.maximum(n_T - 0.5, 0.5)) - self._events(coded_B)
        return np.asarray(at_risk_BT * (added_T / np.maximum(n_T, 1)))

    def _events(self, coded_B: Float) -> Float:
        """Return (T,) the events of each interval."""
        last_B = np.abs(coded_B[coded_B > 0]).astype(np.int64) - 1
        return np.bincount(last_B, minlength=len(self.ends_T)).astype(np.float64)

    def _known(self, eta_BK: Float, y_B: Float) -> KnownHazards:
        """Return the hazards at which every interval has as many events as expected.

        A Newton step asks for loss, residual and curvature at one place: the latest answer is kept.
        """
        if self._latest is not None and np.array_equal(self._latest[0], eta_BK) and self._latest[1] is y_B:
            return self._latest[2]
        coded_B = self._coded(y_B)
        target_T = self._events(coded_B) + self._added_events(coded_B).sum(axis=0)
        known = KnownHazards(hazard_levels(eta_BK[:, 0], self._at_risk(coded_B), target_T))
        self._latest = (eta_BK.copy(), y_B, known)
        return known


class KnownHazards(Family):
    """Hazards in discrete time whose levels are known; what is left to fit is one linear predictor per sample.

    Parameters
    ----------
    level_T
        (T,) logit hazards at a linear predictor of 0. A response is the number of intervals entered, negative where
        none ended in the event.
    """

    kind: ClassVar[PhenotypeKind] = "discrete-survival"
    must_be_in_every_fold: ClassVar[bool] = False

    def __init__(self, level_T: Float) -> None:
        self.level_T = level_T

    def _at_risk(self, y_B: Float) -> npt.NDArray[np.bool_]:
        return np.asarray(np.arange(len(self.level_T)) < np.abs(y_B)[:, None])

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        logit_BT = self.level_T + predicted_BK
        passing_B = (np.logaddexp(0.0, logit_BT) * self._at_risk(y_B)).sum(axis=1)
        last_B = logit_BT[np.arange(len(y_B)), np.maximum(np.abs(y_B).astype(np.int64) - 1, 0)]
        return np.asarray(passing_B - np.where(y_B > 0, last_B, 0.0))

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        expected_B = (expit(self.level_T + eta_BK) * self._at_risk(y_B)).sum(axis=1)
        return np.asarray((y_B > 0) - expected_B)[:, None]

    def variances(self, eta_BK: Float, y_B: Float) -> Float:
        """Return (B, T) variances of the outcome of each interval entered."""
        hazard_BT = expit(self.level_T + eta_BK)
        return np.asarray(hazard_BT * (1 - hazard_BT) * self._at_risk(y_B))

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        return np.asarray(self.variances(eta_BK, y_B).sum(axis=1, keepdims=True))

    def best_intercept(self, y_B: Float, offset_BK: Float) -> Float:
        intercept = np.zeros(1)
        for _ in range(50):
            eta_BK = offset_BK + intercept
            step = self.residual(eta_BK, y_B).sum(axis=0) / np.maximum(self.curvature(eta_BK, y_B).sum(axis=0), 1e-9)
            intercept = intercept + np.clip(step, -2.0, 2.0)
            if abs(float(step[0])) < 1e-8:
                break
        return intercept

    def can_be_fitted(self, y_B: Float) -> bool:
        return bool((y_B > 0).any())
