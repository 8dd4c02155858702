"""Time to an event, exactly known: Cox's proportional hazards.

A response is a *signed time*: positive where the event was seen, negative where the sample was censored. Models rank
samples by one linear predictor; a prediction is the hazard in each interval of a grid that a study fixes once.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hypomask.outcomes.counts import Counts
from hypomask.outcomes.family import Float, NetworkStage
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.outcomes.partial_likelihood import RiskSets
from hypomask.outcomes.survival_times import MAX_ETA, SurvivalFamily, times_and_events

__all__ = ["CoxSurvival"]

LEAST_EXPOSURE = 1e-6


class CoxSurvival(SurvivalFamily):
    """Proportional hazards: fitted by Cox's partial likelihood (Efron's ties), baseline by Breslow.

    The transformer is fitted by the full likelihood with the baseline hazard that the additive part leaves, which is a
    Poisson model with known exposure (Whitehead 1980, doi:10.2307/2346901). A prediction is the logarithm of the
    cumulative hazard that each interval adds.

    The loss is minus the logarithm of the likelihood of the time under hazards that are constant within an interval
    (Friedman 1982, doi:10.1214/aos/1176345693), in units of an interval: cumulative hazard up to the time, less the
    logarithm of the hazard at the event. Whoever is censored within an interval counts for the part that was seen;
    dropping that part, as models of discrete time do, would reward hazards that are too high.
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

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        time_B, event_B = times_and_events(y_B)
        logarithm_BT = np.minimum(predicted_BK, MAX_ETA)
        hazard_BT, rows = np.exp(logarithm_BT), np.arange(len(y_B))
        passed_BT = np.concatenate([np.zeros((len(y_B), 1)), np.cumsum(hazard_BT, axis=1)], axis=1)
        interval_B = np.searchsorted(self.ends_T, time_B, side="left")
        inside_B = interval_B < len(self.ends_T)
        last_B = np.minimum(interval_B, len(self.ends_T) - 1)
        start_B = np.concatenate([[0.0], self.ends_T])[last_B]
        seen_B = np.where(inside_B, (time_B - start_B) / (self.ends_T[last_B] - start_B), 0.0)
        cumulative_B = passed_BT[rows, interval_B] + seen_B * hazard_BT[rows, last_B]
        return np.asarray(cumulative_B - (event_B & inside_B) * logarithm_BT[rows, last_B])

    def network_stage(self, y_B: Float, eta_additive_BK: Float) -> NetworkStage:
        time_B, event_B = times_and_events(y_B)
        relative_BK = eta_additive_BK - eta_additive_BK.max()
        times_K, increments_K = RiskSets(time_B, event_B).baseline(relative_BK[:, 0])
        cumulative_K = np.concatenate([[0.0], np.cumsum(increments_K)])
        hazard_B = cumulative_K[np.searchsorted(times_K, time_B, side="right")]
        exposure_B = np.log(np.maximum(hazard_B, LEAST_EXPOSURE))
        return NetworkStage(Counts(0.0), event_B.astype(np.float64), relative_BK + exposure_B[:, None])
