"""Cox's partial likelihood with ties: against sums over pairs, statsmodels and lifelines."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg

from hypomask.outcomes.partial_likelihood import RiskSets


def sample(n: int, seed: int, ties: str = "some") -> tuple[Any, Any, Any, Any]:
    """Times, events, design, linear predictors; `ties`: none, some, or many."""
    rng = np.random.default_rng(seed)
    time = rng.exponential(size=n) + 0.01
    if ties != "none":
        time = np.ceil(time * (3 if ties == "many" else 15)) / 15
    event = rng.random(n) < 0.7
    event[0] = True
    design = rng.standard_normal((n, 3))
    return time, event, design, design @ np.array([0.8, -0.5, 0.1])


def pair_by_pair(time: Any, event: Any, eta: Any, ties: str) -> tuple[float, Any, Any]:
    """Log partial likelihood, its derivative by eta, and the baseline increments, each sum written out."""
    risk, n = np.exp(eta), len(time)
    log_likelihood, derivative, increments = 0.0, np.zeros(n), []
    for t in sorted({time[i] for i in range(n) if event[i]}):
        at_risk = [i for i in range(n) if time[i] >= t]
        dying = [i for i in range(n) if time[i] == t and event[i]]
        increment = 0.0
        for place, i in enumerate(dying):
            share = place / len(dying) if ties == "efron" else 0.0
            left = sum(risk[j] for j in at_risk) - share * sum(risk[j] for j in dying)
            log_likelihood += eta[i] - np.log(left)
            derivative[i] += 1
            for j in at_risk:
                derivative[j] -= (risk[j] - (share * risk[j] if j in dying else 0.0)) / left
            increment += 1 / left
        increments.append(increment)
    return log_likelihood, derivative, np.array(increments)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 30), st.integers(0, 10_000), st.sampled_from(["none", "some", "many"]))
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_likelihood_residuals_and_baseline_are_the_sums_written_out(
    ties: Any, n: int, seed: int, how_many: str
) -> None:
    time, event, _, eta = sample(n, seed, how_many)
    risk_sets = RiskSets(time, event, ties)
    log_likelihood, derivative, increments = pair_by_pair(time, event, eta, ties)
    assert risk_sets.log_likelihood(eta) == pytest.approx(log_likelihood, rel=1e-10, abs=1e-10)
    np.testing.assert_allclose(event - risk_sets.expected_events(eta), derivative, atol=1e-10)
    times_K, increments_K = risk_sets.baseline(eta)
    np.testing.assert_array_equal(times_K, np.unique(time[event]))
    np.testing.assert_allclose(increments_K, increments, rtol=1e-10)
    assert risk_sets.expected_events(eta).sum() == pytest.approx(event.sum())


@pytest.mark.parametrize("how_many", ["none", "some", "many"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_likelihood_score_and_hessian_equal_those_of_statsmodels(ties: Any, how_many: str) -> None:
    time, event, design, _ = sample(150, 1, how_many)
    model = PHReg(time, design, status=event.astype(int), ties=ties)
    risk_sets = RiskSets(time, event, ties)
    for beta in (np.zeros(3), np.array([0.5, -1.0, 2.0])):
        eta = design @ beta
        assert risk_sets.log_likelihood(eta) == pytest.approx(model.loglike(beta), rel=1e-8)
        expected = risk_sets.expected_events(eta)
        np.testing.assert_allclose(design.T @ (event - expected), model.score(beta), atol=1e-8)
        if ties == "breslow" or how_many == "none":  # statsmodels' Hessian leaves out a term of Efron's ties
            means = risk_sets.mean_at_events(eta, design)
            hessian = (design * expected[:, None]).T @ design - means.T @ means
            np.testing.assert_allclose(-hessian, model.hessian(beta), rtol=1e-7, atol=1e-7)


def test_the_hessian_by_coefficients_is_the_slope_of_the_score() -> None:
    time, event, design, _ = sample(80, 2, "many")
    risk_sets, beta, step = RiskSets(time, event), np.array([0.3, 0.2, -0.6]), 1e-5

    def score(beta: Any) -> Any:
        return design.T @ (event - risk_sets.expected_events(design @ beta))

    slope = np.stack([(score(beta - step * e) - score(beta + step * e)) / (2 * step) for e in np.eye(3)])
    means = risk_sets.mean_at_events(design @ beta, design)
    hessian = (design * risk_sets.expected_events(design @ beta)[:, None]).T @ design - means.T @ means
    np.testing.assert_allclose(hessian, slope, atol=1e-6)


@pytest.mark.parametrize("how_many", ["none", "some", "many"])
def test_lifelines_finds_the_same_likelihood_and_baseline_at_its_own_estimate(lifelines: Any, how_many: str) -> None:
    time, event, design, _ = sample(200, 3, how_many)
    frame = pd.DataFrame(design, columns=list("abc")).assign(time=time, event=event)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = lifelines.CoxPHFitter().fit(frame, "time", "event", fit_options={"precision": 1e-12})
        baseline = fitted.baseline_cumulative_hazard_.iloc[:, 0]
    eta = (design - design.mean(axis=0)) @ fitted.params_.to_numpy()
    efron = RiskSets(time, event)
    assert efron.log_likelihood(eta) == pytest.approx(fitted.log_likelihood_, rel=1e-8)
    np.testing.assert_allclose(design.T @ (event - efron.expected_events(eta)), 0, atol=1e-5)  # it is the maximum
    # lifelines sums its baseline by Breslow whatever the ties of the likelihood.
    times_K, increments_K = RiskSets(time, event, "breslow").baseline(eta)
    np.testing.assert_allclose(np.cumsum(increments_K), baseline.loc[times_K].to_numpy(), rtol=1e-8)


def test_efron_and_breslow_agree_without_ties_and_not_with_them() -> None:
    time, event, design, eta = sample(60, 4, "none")
    assert RiskSets(time, event).log_likelihood(eta) == RiskSets(time, event, "breslow").log_likelihood(eta)
    time, event, design, eta = sample(60, 4, "many")
    assert RiskSets(time, event).log_likelihood(eta) > RiskSets(time, event, "breslow").log_likelihood(eta) + 0.1
    del design


def test_a_sample_censored_when_another_has_its_event_was_at_risk() -> None:
    time, event = np.array([1.0, 1.0, 2.0]), np.array([True, False, False])
    eta = np.array([0.0, 1.0, -1.0])
    expected = -np.log(np.exp(eta).sum())
    assert RiskSets(time, event).log_likelihood(eta) == pytest.approx(expected)


def test_without_events_there_is_nothing_to_say() -> None:
    risk_sets = RiskSets(np.array([1.0, 2.0, 3.0]), np.zeros(3, bool))
    eta = np.array([0.3, -1.0, 2.0])
    assert risk_sets.log_likelihood(eta) == 0
    np.testing.assert_array_equal(risk_sets.expected_events(eta), 0)
    assert risk_sets.mean_at_events(eta, np.ones((3, 2))).shape == (0, 2)
    assert len(risk_sets.baseline(eta)[0]) == 0
