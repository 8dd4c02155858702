"""Concordance, Kaplan-Meier and the integrated Brier score against lifelines and against sums written out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.comparison import survival_scores
from hypomask.comparison.survival_scores import concordance, integrated_brier, kaplan_meier


@pytest.fixture(scope="module")
def lifelines() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("lifelines")
        import lifelines.utils
    return lifelines


def sample(n: int, seed: int) -> tuple[Any, Any, Any]:
    """Times with ties among and between events and censored samples, events, and risks with ties."""
    rng = np.random.default_rng(seed)
    return np.ceil(8 * rng.exponential(size=n)) / 4, rng.random(n) < 0.6, np.round(rng.normal(size=n), 1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rows_at_once", [7, 1024])
def test_concordance_is_that_of_lifelines(
    lifelines: Any, seed: int, rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survival_scores, "ROWS_AT_ONCE", rows_at_once)
    time, event, risk = sample(120, seed)
    assert concordance(risk, time, event) == pytest.approx(
        lifelines.utils.concordance_index(time, -risk, event), rel=1e-12
    )


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 25), st.integers(0, 10_000))
def test_concordance_is_the_share_of_pairs_known_to_be_ordered(n: int, seed: int) -> None:
    time, event, risk = sample(n, seed)
    right = pairs = 0.0
    for i in range(n):
        for j in range(n):
            if event[i] and (time[j] > time[i] or (time[j] == time[i] and not event[j])):
                pairs += 1
                right += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    found = concordance(risk, time, event)
    assert np.isnan(found) if pairs == 0 else found == pytest.approx(right / pairs)


def test_concordance_of_the_right_order_is_1_of_the_reverse_0_and_of_no_order_a_half() -> None:
    time, event = np.arange(1.0, 9), np.array([True, False] * 4)
    assert concordance(-time, time, event) == 1
    assert concordance(time, time, event) == 0
    assert concordance(np.zeros(8), time, event) == 0.5
    assert np.isnan(concordance(time, time, np.zeros(8, bool)))


@pytest.mark.parametrize("seed", range(3))
def test_kaplan_meier_is_that_of_lifelines(lifelines: Any, seed: int) -> None:
    time, event, _ = sample(150, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = lifelines.KaplanMeierFitter().fit(time, event).survival_function_.iloc[:, 0]
    times, survival = kaplan_meier(time, event)
    np.testing.assert_array_equal(times, np.unique(time))
    np.testing.assert_allclose(survival, expected.loc[times].to_numpy(), atol=1e-12)


def brier_written_out(survival_BT: Any, ends_T: Any, time: Any, event: Any) -> float:
    """Graf et al. 1999, equation for the empirical Brier score, sample by sample and time by time."""

    def uncensored(at: float, *, before: bool) -> float:
        """Probability of not being censored up to `at`; `before`: just before it."""
        left = 1.0
        for t in sorted(set(time)):
            if t > at or (before and t == at):
                break
            left *= 1 - sum((time == t) & ~event) / sum(time >= t)
        return left

    score_T = []
    for k, end in enumerate(ends_T):
        total = 0.0
        for i in range(len(time)):
            if time[i] <= end and event[i]:
                total += survival_BT[i, k] ** 2 / uncensored(time[i], before=True)
            elif time[i] > end:
                total += (1 - survival_BT[i, k]) ** 2 / uncensored(end, before=False)
        score_T.append(total / len(time))
    if len(ends_T) == 1:
        return score_T[0]
    area = sum((score_T[k] + score_T[k + 1]) / 2 * (ends_T[k + 1] - ends_T[k]) for k in range(len(ends_T) - 1))
    return float(area / (ends_T[-1] - ends_T[0]))


@pytest.mark.parametrize("n_ends", [1, 2, 6])
@pytest.mark.parametrize("seed", range(3))
def test_integrated_brier_is_the_sum_written_out(seed: int, n_ends: int) -> None:
    time, event, _ = sample(40, seed)
    ends_T = np.quantile(time, np.arange(1, n_ends + 1) / (n_ends + 1)) + 1e-3 * np.arange(n_ends)
    survival_BT = np.sort(np.random.default_rng(seed).random((40, n_ends)), axis=1)[:, ::-1]
    found = integrated_brier(survival_BT, ends_T, time, event)
    assert found == pytest.approx(brier_written_out(survival_BT, ends_T, time, event), rel=1e-10)


def test_without_censoring_integrated_brier_is_the_mean_squared_error_of_being_alive() -> None:
    rng = np.random.default_rng(0)
    time, event = rng.exponential(size=60), np.ones(60, bool)
    survival_B1 = rng.random((60, 1))
    expected = ((survival_B1[:, 0] - (time > 0.7)) ** 2).mean()
    assert integrated_brier(survival_B1, np.array([0.7]), time, event) == pytest.approx(expected)


def test_censoring_hardly_moves_the_score_of_the_truth() -> None:
    """That is what the weights are for."""
    rng = np.random.default_rng(1)
    time, censored = rng.exponential(size=20_000), rng.exponential(1.5, size=20_000)
    ends_T = np.linspace(0.1, 1.5, 8)
    survival_BT = np.tile(np.exp(-ends_T), (len(time), 1))
    whole = integrated_brier(survival_BT, ends_T, time, np.ones(len(time), bool))
    seen = integrated_brier(survival_BT, ends_T, np.minimum(time, censored), time <= censored)
    assert seen == pytest.approx(whole, abs=0.005)
