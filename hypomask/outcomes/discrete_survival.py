"""Time to an event in intervals (visits, years): a logistic hazard in each.

Responses and predictions are as in `hypomask.outcomes.survival`; every model is scored by the log loss of what became
of a sample in each interval that it entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from hypomask.outcomes.family import Family, Float, NetworkStage
from hypomask.outcomes.hazard_levels import hazard_levels
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.outcomes.survival_times import SurvivalFamily, times_and_events

__all__ = ["DiscreteSurvival", "KnownHazards"]

LEAST_HAZARD = 1e-12


class DiscreteSurvival(SurvivalFamily):
    """Time in intervals (visits, years): a logistic hazard in each, shifted by one linear predictor.

    A prediction is the logit of the hazard in each interval. Fitted with the intervals' own levels profiled out.

    References
    ----------
    Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x, section 6; Prentice & Gloeckler 1978, doi:10.2307/2529588
    """

    kind: ClassVar[PhenotypeKind] = "discrete-survival"

    def __init__(self, ends_T: npt.ArrayLike) -> None:
        super().__init__(ends_T)
        self._is_of_one_fit = False
        self._outcomes: tuple[Float, _Outcomes] | None = None
        self._latest: tuple[Float, _Outcomes, KnownHazards] | None = None

    def for_one_fit(self) -> DiscreteSurvival:
        """Return a copy that starts from the levels it found last: their last digits then depend on its history."""
        copy = DiscreteSurvival(self.ends_T)
        copy._is_of_one_fit = True
        return copy

    def objective(self, eta_BK: Float, y_B: Float) -> float:
        outcomes, known = self._of(y_B), self._known(eta_BK, y_B)
        # What keeps a level finite counts as events do, or the levels would not be at the least loss.
        added = float((outcomes.added_BT * (known.level_T + eta_BK)).sum())
        return known.objective(eta_BK, outcomes.coded_B) - added

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        outcomes = self._of(y_B)
        added_B1 = outcomes.added_BT.sum(axis=1, keepdims=True)
        return np.asarray(self._known(eta_BK, y_B).residual(eta_BK, outcomes.coded_B) + added_B1)

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        return self._known(eta_BK, y_B).curvature(eta_BK, self._of(y_B).coded_B)

    def profiled(self, eta_BK: Float, y_B: Float, design_BJ: Float) -> Float:
        variance_BT = self._known(eta_BK, y_B).variances(eta_BK, self._of(y_B).coded_B)
        total_T = np.maximum(variance_BT.sum(axis=0), LEAST_HAZARD)
        return np.asarray(variance_BT.T @ design_BJ / np.sqrt(total_T)[:, None])

    def predicted(self, eta_BK: Float, y_train: Float, eta_train_BK: Float) -> Float:
        return np.asarray(self._known(eta_train_BK, y_train).level_T + eta_BK)

    def _cumulated(self, predicted_BT: Float) -> Float:
        return np.logaddexp(0.0, predicted_BT)

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

    def network_stage(self, y_B: Float, eta_additive_BK: Float) -> NetworkStage:
        return NetworkStage(self._known(eta_additive_BK, y_B), self._of(y_B).coded_B, eta_additive_BK)

    def _entered(self, y_B: Float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return (B,) intervals whose outcome is known, and whether the last of them ended in the event."""
        time_B, event_B = times_and_events(y_B)
        event_B = event_B & (time_B <= self.ends_T[-1])
        survived_B = np.searchsorted(self.ends_T, time_B, side="right")
        with_event_B = np.searchsorted(self.ends_T, time_B, side="left") + 1
        return np.where(event_B, with_event_B, survived_B).astype(np.int64), event_B

    def _of(self, y_B: Float) -> _Outcomes:
        """Return what became of the samples; the latest answer is kept, because a fit asks for it at every step."""
        if self._outcomes is None or self._outcomes[0] is not y_B:
            self._outcomes = (y_B, _Outcomes.of(*self._entered(y_B), len(self.ends_T)))
        return self._outcomes[1]

    def _known(self, eta_BK: Float, y_B: Float) -> KnownHazards:
        """Return the hazards at which every interval has as many events as expected.

        A step of a fit asks for loss, residual and curvature at one place: the latest answer is kept.
        """
        outcomes = self._of(y_B)
        start_T: Float | None = None
        if self._latest is not None and self._latest[1] is outcomes:
            if np.array_equal(self._latest[0], eta_BK):
                return self._latest[2]
            start_T = self._latest[2].level_T if self._is_of_one_fit else None
        level_T = hazard_levels(eta_BK[:, 0], outcomes.at_risk_BT, outcomes.target_T, start_T)
        known = KnownHazards(level_T)
        self._latest = (eta_BK.copy(), outcomes, known)
        return known


@dataclass(frozen=True, eq=False)
class _Outcomes:
    """What became of samples in each interval.

    Parameters
    ----------
    coded_B
        (B,) intervals entered, negative where none ended in the event.
    at_risk_BT
        (B, T) whether an interval was entered.
    added_BT
        (B, T): an interval in which nobody or everybody had the event gets half an event more or less, shared by those
        at risk. Without it a level would be infinite.
    target_T
        (T,) events, those added included.
    """

    coded_B: Float
    at_risk_BT: npt.NDArray[np.bool_]
    added_BT: Float
    target_T: Float

    @classmethod
    def of(cls, entered_B: npt.NDArray[np.int64], event_B: npt.NDArray[np.bool_], n_intervals: int) -> _Outcomes:
        at_risk_BT = np.arange(n_intervals) < entered_B[:, None]
        n_T = at_risk_BT.sum(axis=0)
        events_T = np.bincount(entered_B[event_B] - 1, minlength=n_intervals).astype(np.float64)
        added_T = np.clip(events_T, 0.5, np.maximum(n_T - 0.5, 0.5)) - events_T
        return cls(
            np.where(event_B, entered_B, -entered_B).astype(np.float64),
            at_risk_BT,
            np.asarray(at_risk_BT * (added_T / np.maximum(n_T, 1))),
            np.where(n_T > 0, events_T + added_T, 0.0),
        )


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
