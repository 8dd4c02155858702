"""Penalised models against scikit-learn, and against plain optimisation where it has no offset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge

from hypomask.outcomes.classes import Binary, Classes, one_hot
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.counts import Counts
from hypomask.outcomes.discrete_survival import DiscreteSurvival
from hypomask.outcomes.registry import family_of
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.survival_times import signed_times
from hypomask.training import likelihood_path, penalised
from hypomask.training.penalised import PENALTIES, penalised_path

SHAPES = [(80, 7), (60, 60), (40, 150)]
SHORT_PATH = np.array([1.0, 1e-2, 1e-4])
LOG_LOSSES: list[Any] = [Binary(), Classes(3)]


def draw(n: int, p: int, kind: str, seed: int = 0, n_classes: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * rng.uniform(0.2, 3, p) + rng.normal(0, 2, p)
    eta = x @ rng.standard_normal(p) / np.sqrt(p)
    eta = eta - eta.mean()
    if kind == "continuous":
        return x, eta + rng.standard_normal(n) + 5
    noisy = eta + rng.logistic(size=n)
    if kind == "counts":
        return x, rng.poisson(np.exp(0.5 + 0.5 * eta)).astype(np.float64)
    if kind in ("survival", "discrete-survival"):
        time, censored = rng.exponential(size=n) * np.exp(-eta), rng.exponential(3.0, n)
        earlier = np.minimum(time, censored)
        return x, signed_times(earlier if kind == "survival" else np.ceil(2 * earlier), time <= censored)
    cuts = np.quantile(noisy, np.arange(1, 2 if kind == "binary" else n_classes) / n_classes)
    return x, np.searchsorted(cuts, noisy).astype(np.float64)


def absolute(x: Any) -> Any:
    """Penalties of `SHORT_PATH` as other software counts them."""
    return SHORT_PATH * len(x) * x.var(axis=0).sum()


def by_brute_force(x: Any, y: Any, offset: Any, penalty: float, family: Any) -> Any:
    """(B, K) linear predictors at the minimum of the penalised loss, by a general optimiser on centred columns."""
    n_outputs = family.n_outputs
    response = one_hot(y, 3) if n_outputs > 1 else y[:, None]
    x = x - x.mean(axis=0)

    def eta_of(theta: Any) -> Any:
        weights = theta.reshape(x.shape[1] + 1, n_outputs)
        return offset + x @ weights[1:] + weights[0]

    def objective(theta: Any) -> tuple[float, Any]:
        weights = theta.reshape(x.shape[1] + 1, n_outputs)
        eta = eta_of(theta)
        error = family.mean(eta) - response
        gradient = np.vstack([error.sum(axis=0), x.T @ error + penalty * weights[1:]])
        loss = family.losses(eta, y).sum() + 0.5 * penalty * (weights[1:] ** 2).sum()
        return loss, gradient.ravel()

    start = np.zeros((x.shape[1] + 1) * n_outputs)
    options = {"maxiter": 20000, "ftol": 1e-15, "gtol": 1e-9}
    return eta_of(minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x)


@pytest.mark.parametrize("shape", SHAPES)
def test_continuous_path_equals_ridge_of_scikit_learn(shape: tuple[int, int]) -> None:
    x, y = draw(*shape, "continuous")
    path = penalised_path(x, y, family=Continuous(), penalties=SHORT_PATH)
    for i, penalty in enumerate(absolute(x)):
        other = Ridge(alpha=penalty, solver="svd").fit(x, y)
        np.testing.assert_allclose(path.coefficients_PJK[i, :, 0], other.coef_, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(path.intercept_PK[i, 0], other.intercept_, rtol=1e-7)
        np.testing.assert_allclose(path.predict(x)[i, :, 0], other.predict(x), rtol=1e-7)


@pytest.mark.parametrize("newton_limit", [0, 1000])
@pytest.mark.parametrize("shape", SHAPES)
def test_binary_path_equals_logistic_regression_of_scikit_learn(
    shape: tuple[int, int], newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    x, y = draw(*shape, "binary")
    path = penalised_path(x, y, family=Binary(), penalties=SHORT_PATH)
    for eta_BK, penalty in zip(path.predict(x), absolute(x), strict=True):
        other = LogisticRegression(C=1 / penalty, solver="newton-cg", tol=1e-8, max_iter=1000).fit(x, y)
        np.testing.assert_allclose(eta_BK[:, 0], other.decision_function(x), atol=1e-3)
        np.testing.assert_allclose(Binary().mean(eta_BK)[:, 0], other.predict_proba(x)[:, 1], atol=1e-4)


@pytest.mark.parametrize("newton_limit", [0, 1000])
@pytest.mark.parametrize("shape", SHAPES)
def test_classes_path_equals_multinomial_regression_of_scikit_learn(
    shape: tuple[int, int], newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    x, y = draw(*shape, "classes")
    path = penalised_path(x, y, family=Classes(3), penalties=SHORT_PATH)
    for eta_BK, penalty in zip(path.predict(x), absolute(x), strict=True):
        other = LogisticRegression(C=1 / penalty, solver="newton-cg", tol=1e-8, max_iter=1000).fit(x, y)
        np.testing.assert_allclose(Classes(3).mean(eta_BK), other.predict_proba(x), atol=2e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("family", LOG_LOSSES)
def test_an_offset_is_part_of_the_predictor_that_is_optimised(family: Any, shape: Any) -> None:
    x, y = draw(*shape, family.kind)
    offset = np.random.default_rng(3).normal(0, 2, (len(y), family.n_outputs))
    path = penalised_path(x, y, family=family, offset=offset, penalties=SHORT_PATH)
    for eta_BK, penalty in zip(path.predict(x, offset), absolute(x), strict=True):
        expected = by_brute_force(x, y, offset, penalty, family)
        np.testing.assert_allclose(family.mean(eta_BK), family.mean(expected), atol=2e-4)


def test_a_continuous_offset_is_the_same_as_taking_it_off_the_response() -> None:
    x, y = draw(50, 8, "continuous")
    offset = np.random.default_rng(1).standard_normal((50, 1))
    with_offset = penalised_path(x, y, family=Continuous(), offset=offset)
    without = penalised_path(x, y - offset[:, 0], family=Continuous())
    np.testing.assert_allclose(with_offset.predict(x, offset), without.predict(x) + offset)


def test_a_column_times_three_is_penalised_nine_times_less() -> None:
    x, y = draw(60, 3, "continuous")
    penalty = SHORT_PATH[1]
    scaled = x * [1, 1, 3]
    scale = x.var(axis=0).sum() / scaled.var(axis=0).sum()
    path = penalised_path(scaled, y, family=Continuous(), penalties=np.array([penalty * scale]))
    centred, k = x - x.mean(axis=0), penalty * 60 * x.var(axis=0).sum()
    expected = np.linalg.solve(centred.T @ centred + k * np.diag([1, 1, 1 / 9]), centred.T @ y)
    np.testing.assert_allclose(path.coefficients_PJK[0, :, 0] * [1, 1, 3], expected)


@pytest.mark.parametrize("family", LOG_LOSSES)
def test_one_step_is_weighted_least_squares_on_the_working_response(
    family: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 0)
    x, y = draw(90, 12, family.kind)
    offset = np.random.default_rng(2).normal(0, 1.5, (90, family.n_outputs))
    path = penalised_path(x, y, family=family, offset=offset, penalties=SHORT_PATH, one_step=True)
    response = one_hot(y, 3) if family.kind == "classes" else y[:, None]
    probability = family.mean(offset)
    for k in range(family.n_outputs):
        weight = probability[:, k] * (1 - probability[:, k])
        working = (response[:, k] - probability[:, k]) / weight
        centred = x - np.average(x, axis=0, weights=weight)
        total = (weight[:, None] * centred**2).sum()
        for i, penalty in enumerate(SHORT_PATH):
            other = Ridge(alpha=penalty * total, solver="svd").fit(x, working, sample_weight=weight)
            np.testing.assert_allclose(path.coefficients_PJK[i, :, k], other.coef_, rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(path.intercept_PK[i, k], other.intercept_, rtol=1e-6, atol=1e-9)


def test_one_step_goes_most_of_the_way_where_the_effect_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 0)
    x, y = draw(400, 30, "binary")
    offset = np.zeros((400, 1))
    start = Binary().losses(offset, y).mean()
    arguments: Any = {"family": Binary(), "offset": offset, "penalties": SHORT_PATH}
    one_step = penalised_path(x, y, one_step=True, **arguments).predict(x, offset)
    converged = penalised_path(x, y, **arguments).predict(x, offset)
    for quick, whole in zip(one_step, converged, strict=True):
        gain = start - Binary().losses(quick, y).mean()
        assert gain > 0.8 * (start - Binary().losses(whole, y).mean())


@pytest.mark.parametrize("kind", ["binary", "classes", "continuous", "counts"])
@pytest.mark.parametrize("columns", [0, 4])
def test_without_informative_columns_only_the_intercept_is_fitted(kind: str, columns: int) -> None:
    _, y = draw(45, 5, kind)
    family: Any = family_of(kind, y, "abc")
    path = penalised_path(np.full((45, columns), 7.1), y, family=family)
    np.testing.assert_allclose(path.coefficients_PJK, 0, atol=1e-9)  # rounding of a mean
    level = y.mean() if family.n_outputs == 1 else np.bincount(y.astype(int)) / 45
    for eta_BK in path.predict(np.full((1, columns), 7.1)):
        mean_K = eta_BK[0] if kind == "continuous" else family.mean(eta_BK)[0]
        np.testing.assert_allclose(mean_K, level, rtol=1e-6)


@pytest.mark.parametrize("kind", ["survival", "discrete-survival"])
@pytest.mark.parametrize("columns", [0, 4])
def test_without_informative_columns_survival_is_its_baseline_alone(kind: str, columns: int) -> None:
    _, y = draw(45, 5, kind)
    path = penalised_path(np.full((45, columns), 7.1), y, family=family_of(kind, y))
    np.testing.assert_allclose(path.predict(np.full((2, columns), 7.1)), 0, atol=1e-9)


@pytest.mark.parametrize("newton_limit", [0, 160])
def test_rare_events_have_the_right_level_at_every_penalty(newton_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((800, 20))
    y = (x[:, 0] + rng.logistic(size=800) * 0.5 > 2.8).astype(float)
    assert 3 <= y.sum() <= 40
    path = penalised_path(x, y, family=Binary())
    for eta_BK in path.predict(x):  # an unpenalised intercept: predicted events sum to observed ones
        assert Binary().mean(eta_BK).sum() == pytest.approx(y.sum(), rel=1e-3)


@pytest.mark.parametrize("newton_limit", [0, 160])
def test_separable_classes_stay_finite_and_ordered(newton_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    x = np.random.default_rng(0).standard_normal((30, 5))
    y = (x[:, 0] > 0).astype(float)
    path = penalised_path(x, y, family=Binary())
    assert np.isfinite(path.coefficients_PJK).all()
    losses = [Binary().losses(eta_BK, y).mean() for eta_BK in path.predict(x)]
    assert np.all(np.diff(losses) < 0)


@pytest.mark.parametrize(("one_step", "newton_limit"), [(False, 0), (False, 1000), (True, 0)])
@pytest.mark.parametrize(
    "family", [*LOG_LOSSES, Counts(0.0), Counts(0.7), CoxSurvival([1.0]), DiscreteSurvival([1, 2])]
)
def test_two_samples_per_class_and_huge_offsets_give_finite_numbers(
    family: Any, one_step: bool, newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 0)
    n_outputs = family.n_outputs
    y = np.repeat(np.arange(max(n_outputs, 2)), 2).astype(float)
    if isinstance(family, CoxSurvival | DiscreteSurvival):
        y = np.array([1.0, -1, 2, -2])
    x = np.random.default_rng(0).standard_normal((len(y), 40))
    offset = np.random.default_rng(1).choice([-500.0, 0.0, 500.0], (len(y), n_outputs))
    path = penalised_path(x, y, family=family, offset=offset, one_step=one_step)
    assert np.isfinite(path.predict(x, offset)).all()


def test_a_class_without_samples_gets_half_a_sample() -> None:
    x, y = draw(40, 3, "binary")
    path = penalised_path(x, y, family=Classes(3))  # nobody is in the third class
    probability = Classes(3).mean(path.predict(x)[0])
    np.testing.assert_allclose(probability[:, 2].mean(), 0.5 / 40, rtol=1e-2)
    one_class = penalised_path(x, np.ones(40), family=Binary())
    np.testing.assert_allclose(Binary().mean(one_class.predict(x)), 1 - 0.5 / 40, rtol=1e-3)


def test_the_default_path_runs_from_the_intercept_alone_to_hardly_any_penalty() -> None:
    x, y = draw(200, 5, "continuous")
    fitted = penalised_path(x, y, family=Continuous()).predict(x)[:, :, 0]
    assert fitted[0].std() < 0.2 * y.std()
    unpenalised = np.linalg.lstsq(np.column_stack([x, np.ones(200)]), y, rcond=None)[0]
    np.testing.assert_allclose(fitted[-1], x @ unpenalised[:5] + unpenalised[5], atol=0.02 * y.std())
    assert np.all(np.diff(PENALTIES) < 0)
