"""Cox's partial likelihood with tied events, its derivatives, and the baseline hazard that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hypomask.outcomes.family import Float

__all__ = ["RiskSets", "Ties"]

Ties = Literal["efron", "breslow"]

LEAST_RISK = 1e-300  # of the highest risk in the cohort: below it exp has nothing left


@dataclass(frozen=True, eq=False)
class _Hazards:
    """Per event time k: what a sample at risk accumulates there, and what one that has its event there does.

    `left_E` is the risk left to share by the e-th event.
    """

    at_risk_K: Float
    at_event_K: Float
    left_E: Float


class RiskSets:
    """Who was at risk at each event time.

    Parameters
    ----------
    time_B
        (B,) times of event or censoring, above 0. A sample censored at an event's time was still at risk.
    event_B
        (B,) whether the event was seen.
    ties
        How events at the same time share their risk set. Efron's is the closer approximation (Efron 1977); they are
        equal without ties.

    References
    ----------
    Cox 1975, doi:10.1093/biomet/62.2.269; Efron 1977, doi:10.1080/01621459.1977.10480613; Breslow 1974,
    doi:10.2307/2529620
    """

    def __init__(self, time_B: Float, event_B: npt.NDArray[np.bool_], ties: Ties = "efron") -> None:
        self.event_B = event_B
        self.times_K, of_event = np.unique(time_B[event_B], return_inverse=True)
        n_times = len(self.times_K)
        self.deaths_K = np.bincount(of_event, minlength=n_times)
        # A sample is at risk at every event time up to its own.
        self.last_B = np.searchsorted(self.times_K, time_B, side="right")
        self._k_of_event_B = np.full(len(time_B), -1)
        self._k_of_event_B[event_B] = of_event
        self._latest_first = np.argsort(-self.last_B, kind="stable")
        self._n_at_risk_K = len(time_B) - np.searchsorted(np.sort(self.last_B), np.arange(n_times), side="right")
        self._by_event_time = np.flatnonzero(event_B)[np.argsort(of_event, kind="stable")]
        # One entry per event: its event time, and which of the ties there it is (0 for all with Breslow's).
        self._k_E = np.repeat(np.arange(n_times), self.deaths_K)
        first_E = np.repeat(np.cumsum(self.deaths_K) - self.deaths_K, self.deaths_K)
        rank_E = np.arange(len(self._k_E)) - first_E
        self._share_E = rank_E / self.deaths_K[self._k_E] if ties == "efron" else np.zeros(len(self._k_E))

    def log_likelihood(self, eta_B: Float) -> float:
        """Return the logarithm of the partial likelihood of linear predictors (B,)."""
        top = float(eta_B.max())
        left_E = self._hazards(np.exp(eta_B - top)).left_E
        return float((eta_B[self.event_B] - top).sum() - np.log(left_E).sum())

    def expected_events(self, eta_B: Float) -> Float:
        """Return (B,) the events expected of each sample; observed minus expected is the martingale residual.

        It is the derivative of the log partial likelihood by eta: ``event - expected``.
        """
        risk_B = np.exp(eta_B - eta_B.max())
        hazards = self._hazards(risk_B)
        cumulative_K = np.concatenate([[0.0], np.cumsum(hazards.at_risk_K)])
        hazard_B = cumulative_K[self.last_B]
        k = self._k_of_event_B[self.event_B]
        hazard_B[self.event_B] += hazards.at_event_K[k] - hazards.at_risk_K[k]
        return np.asarray(risk_B * hazard_B)

    def mean_at_events(self, eta_B: Float, design_BJ: Float) -> Float:
        """Return (E, J): at each event, the mean of the design's rows over those at risk, weighted by their risk.

        The Hessian of minus the log partial likelihood by coefficients of the design is
        ``design.T @ diag(expected_events) @ design`` less the sum of the outer products of these rows.
        """
        risk_B = np.exp(eta_B - eta_B.max())
        left_E = self._hazards(risk_B).left_E
        if not len(left_E):
            return np.zeros((0, design_BJ.shape[1]))
        weighted_BJ = risk_B[:, None] * design_BJ
        at_risk_KJ = np.cumsum(weighted_BJ[self._latest_first], axis=0)[self._n_at_risk_K - 1]
        first_K = np.cumsum(self.deaths_K) - self.deaths_K
        dying_KJ = np.add.reduceat(weighted_BJ[self._by_event_time], first_K, axis=0)
        shared_EJ = at_risk_KJ[self._k_E] - self._share_E[:, None] * dying_KJ[self._k_E]
        return np.asarray(shared_EJ / left_E[:, None])

    def baseline(self, eta_B: Float) -> tuple[Float, Float]:
        """Return the event times (K,) and the increments (K,) of the baseline cumulative hazard there.

        Breslow's estimate (with Efron's sharing of ties, where that was asked for) at linear predictors `eta_B`, of
        which the highest should be near 0.
        """
        return self.times_K, self._hazards(np.exp(eta_B)).at_risk_K

    def _hazards(self, risk_B: Float) -> _Hazards:
        n_times = len(self.times_K)
        leaving_K = np.bincount(self.last_B, risk_B, minlength=n_times + 1)
        at_risk_K = np.cumsum(leaving_K[::-1])[::-1][1:]  # those whose last event time is k or later
        dying_K = np.bincount(self._k_of_event_B[self.event_B], risk_B[self.event_B], minlength=n_times)
        left_E = at_risk_K[self._k_E] - self._share_E * dying_K[self._k_E]
        left_E = np.maximum(left_E, LEAST_RISK)
        return _Hazards(
            np.asarray(np.bincount(self._k_E, 1 / left_E, minlength=n_times), dtype=np.float64),
            np.asarray(np.bincount(self._k_E, (1 - self._share_E) / left_E, minlength=n_times), dtype=np.float64),
            left_E,
        )
