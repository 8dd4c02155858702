"""How sure predictions may be, and how much of what the mask adds is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit

from hypomask.outcomes.classes import Binary, Classes
from hypomask.outcomes.registry import family_of
from hypomask.outcomes.survival_times import signed_times
from hypomask.training.calibration import PRIOR_SD, Calibration, fit_calibration
from hypomask.training.shrinkage import choose_shrinkage

KINDS = [("continuous", 1), ("binary", 1), ("classes", 3), ("counts", 1), ("survival", 1), ("discrete-survival", 1)]


def phenotype(eta_BK: Any, kind: str, rng: np.random.Generator, *, heavy: bool = False) -> Any:
    """A draw given the true linear predictor."""
    if kind == "continuous":
        noise = rng.standard_t(2.5, len(eta_BK)) if heavy else rng.standard_normal(len(eta_BK))
        return eta_BK[:, 0] + noise
    if kind == "counts":
        return rng.poisson(np.exp(np.clip(eta_BK[:, 0], -30, 30))).astype(float)
    if kind in ("survival", "discrete-survival"):
        if kind == "survival":
            time = rng.exponential(size=len(eta_BK)) * np.exp(-np.clip(eta_BK[:, 0], -30, 30))
            censored = rng.exponential(4.0, len(eta_BK))
        else:
            time = rng.geometric(expit(np.clip(eta_BK[:, 0], -20, 20) - 1)).astype(float)
            censored = rng.integers(1, 15, len(eta_BK)).astype(float)
        seen = time <= censored
        seen[0] = True  # in tiny cohorts too
        return signed_times(np.minimum(time, censored), seen)
    if kind == "binary":
        return (eta_BK[:, 0] + rng.logistic(size=len(eta_BK)) > 0).astype(float)
    return (eta_BK + rng.gumbel(size=eta_BK.shape)).argmax(axis=1).astype(float)


def family(kind: str, y: Any) -> Any:
    return family_of(kind, y, ("low", "middle", "high"))


def stage(kind: str, y: Any, offset: Any) -> tuple[Any, Any, Any]:
    """Family, response and offset of what a transformer would be fitted to."""
    network = family(kind, y).network_stage(y, offset)
    return network.family, network.y, network.offset_BK


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
@pytest.mark.parametrize("overconfidence", [0.6, 1.0, 1.8])
def test_slope_undoes_over_and_underconfidence_where_samples_are_many(
    kind: str, n_outputs: int, overconfidence: float
) -> None:
    rng = np.random.default_rng(0)
    eta = 1.5 * rng.standard_normal((20000, n_outputs))
    y = phenotype(eta, kind, rng)
    calibration = fit_calibration(overconfidence * eta, y, family(kind, y))
    assert calibration.slope == pytest.approx(1 / overconfidence, rel=0.08)
    np.testing.assert_allclose(calibration.apply(overconfidence * eta), eta, atol=0.6)


def test_slope_stays_near_1_where_samples_are_few() -> None:
    slopes = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        eta = rng.standard_normal((40, 1))
        slopes.append(fit_calibration(eta, phenotype(eta, "binary", rng), Binary()).slope)
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
    calibration = fit_calibration(np.full((10, 1), 0.7), np.arange(10) % 2 * 1.0, Binary())
    assert calibration.slope == 1
    np.testing.assert_array_equal(calibration.apply(np.array([[0.7], [2.0]])), [[0.7], [2.0]])


@pytest.mark.parametrize("eta", [1e4, -1e4, 1e-7])
def test_absurd_predictions_get_a_finite_slope(eta: float) -> None:
    predictions = eta * np.array([[1.0], [-1.0], [1.0], [0.5]])
    for kind, y in (
        ("continuous", [0.0, 1, 1, 0]),
        ("binary", [0.0, 1, 1, 0]),
        ("counts", [0.0, 7, 1, 0]),
        ("survival", [1.0, -2, 3, 3]),
        ("discrete-survival", [1.0, -2, 3, 3]),
    ):
        assert 0.2 < fit_calibration(predictions, np.array(y), family(kind, np.array(y))).slope < 2.1


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
@pytest.mark.parametrize("heavy", [False, True])
def test_noise_is_mostly_left_out(kind: str, n_outputs: int, heavy: bool) -> None:
    factors, harm = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        added = 0.3 * (rng.standard_t(2, (2200, n_outputs)) if heavy else rng.standard_normal((2200, n_outputs)))
        offset = rng.standard_normal((2200, n_outputs))
        y = phenotype(offset, kind, rng, heavy=heavy)
        response, y, offset = stage(kind, y, offset)
        factor = choose_shrinkage(offset[:200], added[:200], y[:200], response)
        factors.append(factor)
        before = response.objective(offset[200:], y[200:])
        harm.append(response.objective(offset[200:] + factor * added[200:], y[200:]) / before - 1)
    assert np.mean(np.array(factors) == 0) > 0.35
    assert np.median(factors) < 0.03
    assert np.quantile(factors, 0.9) < 0.45
    # Under a logarithmic link one sample with a huge value costs exp of it.
    typical = np.median if heavy and kind in ("counts", "survival") else np.mean
    assert typical(harm) < 0.01


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_a_clear_contribution_is_kept_whole_and_an_exaggerated_one_is_cut(kind: str, n_outputs: int) -> None:
    rng = np.random.default_rng(0)
    offset, added = rng.standard_normal((2, 3000, n_outputs))
    response, y, offset = stage(kind, phenotype(offset + added, kind, rng), offset)
    # The baseline hazard without what is added falls too fast: frail samples seem to be fewer than they are.
    assert choose_shrinkage(offset, added, y, response) > (0.85 if kind == "survival" else 0.9)
    assert choose_shrinkage(offset, 3 * added, y, response) == pytest.approx(1 / 3, rel=0.15)
    assert choose_shrinkage(offset, -added, y, response) == 0
    assert choose_shrinkage(offset, 0 * added, y, response) == 0


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_factor_is_the_best_one_less_what_noise_could_do(kind: str, n_outputs: int) -> None:
    rng = np.random.default_rng(1)
    offset, added = rng.standard_normal((2, 200, n_outputs))
    response, y, offset = stage(kind, phenotype(offset + 0.5 * added, kind, rng), offset)
    found = minimize_scalar(
        lambda s: response.objective(offset + s * added, y), bounds=(0, 1), method="bounded", options={"xatol": 1e-8}
    )
    factor = choose_shrinkage(offset, added, y, response)
    assert 0.7 * found.x < factor < found.x


def test_adding_the_same_to_every_class_adds_nothing() -> None:
    rng = np.random.default_rng(0)
    offset = rng.standard_normal((100, 3))
    y = phenotype(offset, "classes", rng)
    added = rng.standard_normal((100, 3))
    shared = 50 * rng.standard_normal((100, 1))
    plain = choose_shrinkage(offset, added, y, Classes(3))
    assert choose_shrinkage(offset, added + shared, y, Classes(3)) == pytest.approx(plain, abs=1e-9)


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
    response, y, offset = stage(kind, phenotype(offset, kind, rng, heavy=True), offset)
    factor = choose_shrinkage(offset, size * added, y, response)
    assert 0 <= factor <= 1
    assert isinstance(factor, float)
