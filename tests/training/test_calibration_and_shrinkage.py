"""How sure predictions may be, and how much of what the mask adds is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from hypomask.training.calibration import PRIOR_SD, Calibration, fit_calibration
from hypomask.training.penalised import mean_loss
from hypomask.training.shrinkage import choose_shrinkage

KINDS: list[Any] = [("continuous", 1), ("binary", 1), ("classes", 3)]


def phenotype(eta_BK: Any, kind: str, rng: np.random.Generator, *, heavy: bool = False) -> Any:
    """A draw given the true linear predictor."""
    if kind == "continuous":
        noise = rng.standard_t(2.5, len(eta_BK)) if heavy else rng.standard_normal(len(eta_BK))
        return eta_BK[:, 0] + noise
    if kind == "binary":
        return (eta_BK[:, 0] + rng.logistic(size=len(eta_BK)) > 0).astype(float)
    return (eta_BK + rng.gumbel(size=eta_BK.shape)).argmax(axis=1).astype(float)


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
@pytest.mark.parametrize("overconfidence", [0.6, 1.0, 1.8])
def test_slope_undoes_over_and_underconfidence_where_samples_are_many(
    kind: Any, n_outputs: int, overconfidence: float
) -> None:
    rng = np.random.default_rng(0)
    eta = 1.5 * rng.standard_normal((20000, n_outputs))
    calibration = fit_calibration(overconfidence * eta, phenotype(eta, kind, rng), kind)
    assert calibration.slope == pytest.approx(1 / overconfidence, rel=0.08)
    np.testing.assert_allclose(calibration.apply(overconfidence * eta), eta, atol=0.6)


def test_slope_stays_near_1_where_samples_are_few() -> None:
    slopes = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        eta = rng.standard_normal((40, 1))
        slopes.append(fit_calibration(eta, phenotype(eta, "binary", rng), "binary").slope)
    assert np.std(np.log(slopes)) < PRIOR_SD
    assert np.mean(slopes) == pytest.approx(1, abs=0.08)


def test_calibration_keeps_center_and_order() -> None:
    eta = np.random.default_rng(0).normal(2, 1, (50, 1))
    calibration = Calibration(0.5, eta.mean(axis=0))
    calibrated = calibration.apply(eta)
    assert calibrated.mean() == pytest.approx(eta.mean())
    np.testing.assert_array_equal(calibrated[:, 0].argsort(), eta[:, 0].argsort())
    assert calibrated.std() == pytest.approx(0.5 * eta.std())


def test_predictions_without_spread_are_left_as_they_are() -> None:
    calibration = fit_calibration(np.full((10, 1), 0.7), np.arange(10) % 2 * 1.0, "binary")
    assert calibration.slope == 1
    np.testing.assert_array_equal(calibration.apply(np.array([[0.7], [2.0]])), [[0.7], [2.0]])


@pytest.mark.parametrize("eta", [1e4, -1e4, 1e-7])
def test_absurd_predictions_get_a_finite_slope(eta: float) -> None:
    predictions = eta * np.array([[1.0], [-1.0], [1.0], [0.5]])
    for kind in ("continuous", "binary"):
        assert 0.2 < fit_calibration(predictions, np.array([0.0, 1, 1, 0]), kind).slope < 2.1  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
@pytest.mark.parametrize("heavy", [False, True])
def test_noise_is_mostly_left_out(kind: Any, n_outputs: int, heavy: bool) -> None:
    factors, harm = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        added = 0.3 * (rng.standard_t(2, (2200, n_outputs)) if heavy else rng.standard_normal((2200, n_outputs)))
        offset = rng.standard_normal((2200, n_outputs))
        y = phenotype(offset, kind, rng, heavy=heavy)
        factor = choose_shrinkage(offset[:200], added[:200], y[:200], kind)
        factors.append(factor)
        before = mean_loss(offset[200:], y[200:], kind)
        harm.append(mean_loss(offset[200:] + factor * added[200:], y[200:], kind) / before - 1)
    assert np.mean(np.array(factors) == 0) > 0.35
    assert np.median(factors) < 0.03
    assert np.quantile(factors, 0.9) < 0.45
    assert np.mean(harm) < 0.01


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_a_clear_contribution_is_kept_whole_and_an_exaggerated_one_is_cut(kind: Any, n_outputs: int) -> None:
    rng = np.random.default_rng(0)
    offset, added = rng.standard_normal((2, 3000, n_outputs))
    y = phenotype(offset + added, kind, rng)
    assert choose_shrinkage(offset, added, y, kind) > 0.9
    assert choose_shrinkage(offset, 3 * added, y, kind) == pytest.approx(1 / 3, rel=0.15)
    assert choose_shrinkage(offset, -added, y, kind) == 0
    assert choose_shrinkage(offset, 0 * added, y, kind) == 0


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_factor_is_the_best_one_less_what_noise_could_do(kind: Any, n_outputs: int) -> None:
    rng = np.random.default_rng(1)
    offset, added = rng.standard_normal((2, 200, n_outputs))
    y = phenotype(offset + 0.5 * added, kind, rng)
    found = minimize_scalar(
        lambda s: mean_loss(offset + s * added, y, kind), bounds=(0, 1), method="bounded", options={"xatol": 1e-8}
    )
    factor = choose_shrinkage(offset, added, y, kind)
    assert 0.7 * found.x < factor < found.x


def test_adding_the_same_to_every_class_adds_nothing() -> None:
    rng = np.random.default_rng(0)
    offset = rng.standard_normal((100, 3))
    y = phenotype(offset, "classes", rng)
    added = rng.standard_normal((100, 3))
    shared = 50 * rng.standard_normal((100, 1))
    plain = choose_shrinkage(offset, added, y, "classes")
    assert choose_shrinkage(offset, added + shared, y, "classes") == pytest.approx(plain, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 60),
    kind_and_outputs=st.sampled_from(KINDS),
    size=st.sampled_from([1e-12, 1e-3, 1.0, 1e3, 1e9]),
    constant=st.booleans(),
)
def test_factor_is_never_outside_0_and_1(seed: int, n: int, kind_and_outputs: Any, size: float, constant: bool) -> None:
    kind, n_outputs = kind_and_outputs
    rng = np.random.default_rng(seed)
    offset, added = rng.standard_cauchy((2, n, n_outputs))
    if constant:
        added = np.ones((n, n_outputs))
    y = phenotype(offset, kind, rng, heavy=True)
    factor = choose_shrinkage(offset, size * added, y, kind)
    assert 0 <= factor <= 1
    assert isinstance(factor, float)
