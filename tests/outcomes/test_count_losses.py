"""Losses of counts against statsmodels and their definition; what dispersion is and what it does not change."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from hypomask.errors import DataError
from hypomask.outcomes.counts import Counts, moment_dispersion


@settings(deadline=None)
@given(st.floats(-6, 6), st.integers(0, 500), st.floats(0.01, 5))
def test_loss_is_half_the_deviance_of_statsmodels(eta: float, y: int, dispersion: float) -> None:
    mean = np.array([np.exp(eta)])
    for family, reference in (
        (Counts(0.0), sm.families.Poisson()),
        (Counts(dispersion), sm.families.NegativeBinomial(alpha=dispersion)),
    ):
        expected = reference.deviance(np.array([float(y)]), mean) / 2
        assert family.losses([[eta]], [y])[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_loss_is_the_log_likelihood_ratio_to_the_count_itself() -> None:
    y, eta, dispersion = np.arange(12.0), np.linspace(-2, 3, 12), 0.4
    mean, size = np.exp(eta), 1 / 0.4
    saturated = nbinom.logpmf(y, size, size / (size + np.maximum(y, 1e-12)))
    np.testing.assert_allclose(
        Counts(dispersion).losses(eta, y), saturated - nbinom.logpmf(y, size, size / (size + mean)), atol=1e-9
    )
    saturated = poisson.logpmf(y, np.maximum(y, 1e-300))
    np.testing.assert_allclose(Counts(0).losses(eta, y), saturated - poisson.logpmf(y, mean), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 20), st.floats(0, 3), st.floats(0.05, 3), st.floats(-2, 2))
def test_expected_loss_is_least_at_the_true_mean_whatever_the_dispersion_assumed(
    mean: float, assumed: float, true: float, off: float
) -> None:
    y = np.arange(4000.0)
    probability = nbinom.pmf(y, 1 / true, 1 / (1 + true * mean))
    family = Counts(assumed)

    def expected(eta: float) -> float:
        return float(probability @ family.losses(np.full(len(y), eta), y))

    at_truth = expected(float(np.log(mean)))
    assert at_truth <= expected(float(np.log(mean)) + off) + 1e-9


@pytest.mark.parametrize("dispersion", [0.0, 1e-9, 0.5, 100.0])
@pytest.mark.parametrize("eta", [-800.0, -30.0, 0.0, 30.0, 800.0])
def test_losses_and_derivatives_are_finite_at_the_ends_of_the_scale(dispersion: float, eta: float) -> None:
    family, y = Counts(dispersion), np.array([0.0, 1.0, 1e6])
    eta_BK = np.full((3, 1), eta)
    for numbers in (family.losses(eta_BK, y), family.residual(eta_BK, y), family.curvature(eta_BK, y)):
        assert np.isfinite(numbers).all()
    assert (family.losses(eta_BK, y) >= -1e-6).all()


def test_a_small_dispersion_is_poisson() -> None:
    y, eta = np.arange(8.0), np.linspace(-1, 2, 8)
    for dispersion in (1e-310, 1e-17, 1e-8):
        np.testing.assert_allclose(Counts(dispersion).losses(eta, y), Counts(0).losses(eta, y), atol=1e-6)


def test_dispersion_is_that_of_the_moments() -> None:
    rng = np.random.default_rng(0)
    mean, dispersion = 6.0, 0.5
    y = rng.negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean), 200_000).astype(float)
    assert moment_dispersion(y) == pytest.approx(dispersion, rel=0.03)
    assert moment_dispersion(np.tile([2.0, 3.0], 10)) == 0  # varies less than Poisson
    assert moment_dispersion(np.zeros(5)) == moment_dispersion(np.array([3.0])) == 0
    assert Counts.for_phenotype(y, ()).dispersion == moment_dispersion(y)


@pytest.mark.parametrize("dispersion", [-1.0, float("nan"), float("inf")])
def test_a_dispersion_that_is_none_is_refused(dispersion: float) -> None:
    with pytest.raises(DataError, match="dispersion is"):
        Counts(dispersion)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3, 3.0]))
def test_the_best_intercept_is_where_the_loss_is_flat(seed: int, dispersion: float) -> None:
    rng = np.random.default_rng(seed)
    y, offset = rng.negative_binomial(1, 0.2, 25).astype(float), rng.normal(0, 2, (25, 1))
    family = Counts(dispersion)
    if not family.can_be_fitted(y):
        return
    intercept = family.best_intercept(y, offset)
    assert abs(family.residual(offset + intercept, y).sum()) < 1e-6 * max(y.sum(), 1)


def test_counts_that_are_all_0_have_a_finite_intercept_and_cannot_be_fitted() -> None:
    family, y = Counts(0.0), np.zeros(10)
    assert not family.can_be_fitted(y)
    assert np.exp(family.best_intercept(y, np.zeros((10, 1))))[0] == pytest.approx(0.05)
    assert np.isfinite(Counts(0.5).best_intercept(y, np.zeros((10, 1)))).all()
