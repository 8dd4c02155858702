"""Penalised models against scikit-learn, and against plain optimisation where it has no offset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge

from hypomask.training import penalised
from hypomask.training.penalised import PENALTIES, mean_loss, mean_response, penalised_path, per_sample_losses

SHAPES = [(80, 7), (60, 60), (40, 150)]
SHORT_PATH = np.array([1.0, 1e-2, 1e-4])


def draw(n: int, p: int, kind: str, seed: int = 0, n_classes: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * rng.uniform(0.2, 3, p) + rng.normal(0, 2, p)
    eta = x @ rng.standard_normal(p) / np.sqrt(p)
    eta = eta - eta.mean()
    if kind == "continuous":
        return x, eta + rng.standard_normal(n) + 5
    noisy = eta + rng.logistic(size=n)
    cuts = np.quantile(noisy, np.arange(1, 2 if kind == "binary" else n_classes) / n_classes)
    return x, np.searchsorted(cuts, noisy).astype(np.float64)


def absolute(x: Any) -> Any:
    """Penalties of `SHORT_PATH` as other software counts them."""
    return SHORT_PATH * len(x) * x.var(axis=0).sum()


def by_brute_force(x: Any, response: Any, offset: Any, penalty: float, kind: Any) -> Any:
    """(B, K) linear predictors at the minimum of the penalised loss, by a general optimiser on centred columns."""
    n_outputs = response.shape[1]
    x = x - x.mean(axis=0)
    y = response.argmax(axis=1).astype(float) if kind == "classes" else response[:, 0]

    def eta_of(theta: Any) -> Any:
        weights = theta.reshape(x.shape[1] + 1, n_outputs)
        return offset + x @ weights[1:] + weights[0]

    def objective(theta: Any) -> tuple[float, Any]:
        weights = theta.reshape(x.shape[1] + 1, n_outputs)
        eta = eta_of(theta)
        error = mean_response(eta, kind) - response
        gradient = np.vstack([error.sum(axis=0), x.T @ error + penalty * weights[1:]])
        loss = mean_loss(eta, y, kind) * len(y) + 0.5 * penalty * (weights[1:] ** 2).sum()
        return loss, gradient.ravel()

    start = np.zeros((x.shape[1] + 1) * n_outputs)
    options = {"maxiter": 20000, "ftol": 1e-15, "gtol": 1e-9}
    return eta_of(minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x)


@pytest.mark.parametrize("shape", SHAPES)
def test_continuous_path_equals_ridge_of_scikit_learn(shape: tuple[int, int]) -> None:
    x, y = draw(*shape, "continuous")
    path = penalised_path(x, y, kind="continuous", n_outputs=1, penalties=SHORT_PATH)
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
    monkeypatch.setattr(penalised, "NEWTON_LIMIT", newton_limit)
    x, y = draw(*shape, "binary")
    path = penalised_path(x, y, kind="binary", n_outputs=1, penalties=SHORT_PATH)
    for eta_BK, penalty in zip(path.predict(x), absolute(x), strict=True):
        other = LogisticRegression(C=1 / penalty, solver="newton-cg", tol=1e-8, max_iter=1000).fit(x, y)
        np.testing.assert_allclose(eta_BK[:, 0], other.decision_function(x), atol=1e-3)
        np.testing.assert_allclose(mean_response(eta_BK, "binary")[:, 0], other.predict_proba(x)[:, 1], atol=1e-4)


@pytest.mark.parametrize("newton_limit", [0, 1000])
@pytest.mark.parametrize("shape", SHAPES)
def test_classes_path_equals_multinomial_regression_of_scikit_learn(
    shape: tuple[int, int], newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalised, "NEWTON_LIMIT", newton_limit)
    x, y = draw(*shape, "classes")
    path = penalised_path(x, y, kind="classes", n_outputs=3, penalties=SHORT_PATH)
    for eta_BK, penalty in zip(path.predict(x), absolute(x), strict=True):
        other = LogisticRegression(C=1 / penalty, solver="newton-cg", tol=1e-8, max_iter=1000).fit(x, y)
        np.testing.assert_allclose(mean_response(eta_BK, "classes"), other.predict_proba(x), atol=2e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("classes", 3)])
def test_an_offset_is_part_of_the_predictor_that_is_optimised(kind: Any, n_outputs: int, shape: Any) -> None:
    x, y = draw(*shape, kind)
    offset = np.random.default_rng(3).normal(0, 2, (len(y), n_outputs))
    response = penalised.one_hot(y, 3) if kind == "classes" else y[:, None]
    path = penalised_path(x, y, kind=kind, n_outputs=n_outputs, offset=offset, penalties=SHORT_PATH)
    for eta_BK, penalty in zip(path.predict(x, offset), absolute(x), strict=True):
        expected = by_brute_force(x, response, offset, penalty, kind)
        np.testing.assert_allclose(mean_response(eta_BK, kind), mean_response(expected, kind), atol=2e-4)


def test_a_continuous_offset_is_the_same_as_taking_it_off_the_response() -> None:
    x, y = draw(50, 8, "continuous")
    offset = np.random.default_rng(1).standard_normal((50, 1))
    with_offset = penalised_path(x, y, kind="continuous", n_outputs=1, offset=offset)
    without = penalised_path(x, y - offset[:, 0], kind="continuous", n_outputs=1)
    np.testing.assert_allclose(with_offset.predict(x, offset), without.predict(x) + offset)


def test_a_column_times_three_is_penalised_nine_times_less() -> None:
    x, y = draw(60, 3, "continuous")
    penalty = SHORT_PATH[1]
    scaled = x * [1, 1, 3]
    scale = x.var(axis=0).sum() / scaled.var(axis=0).sum()
    path = penalised_path(scaled, y, kind="continuous", n_outputs=1, penalties=np.array([penalty * scale]))
    centred, k = x - x.mean(axis=0), penalty * 60 * x.var(axis=0).sum()
    expected = np.linalg.solve(centred.T @ centred + k * np.diag([1, 1, 1 / 9]), centred.T @ y)
    np.testing.assert_allclose(path.coefficients_PJK[0, :, 0] * [1, 1, 3], expected)


@pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("classes", 3)])
def test_one_step_is_weighted_least_squares_on_the_working_response(
    kind: Any, n_outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 0)
    x, y = draw(90, 12, kind)
    offset = np.random.default_rng(2).normal(0, 1.5, (90, n_outputs))
    path = penalised_path(x, y, kind=kind, n_outputs=n_outputs, offset=offset, penalties=SHORT_PATH, one_step=True)
    response = penalised.one_hot(y, 3) if kind == "classes" else y[:, None]
    probability = mean_response(offset, kind)
    for k in range(n_outputs):
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
    start = mean_loss(offset, y, "binary")
    arguments: Any = {"kind": "binary", "n_outputs": 1, "offset": offset, "penalties": SHORT_PATH}
    one_step = penalised_path(x, y, one_step=True, **arguments).predict(x, offset)
    converged = penalised_path(x, y, **arguments).predict(x, offset)
    for quick, whole in zip(one_step, converged, strict=True):
        gain = start - mean_loss(quick, y, "binary")
        assert gain > 0.8 * (start - mean_loss(whole, y, "binary"))


@pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("classes", 3), ("continuous", 1)])
@pytest.mark.parametrize("columns", [0, 4])
def test_without_informative_columns_only_the_intercept_is_fitted(kind: Any, n_outputs: int, columns: int) -> None:
    _, y = draw(45, 5, kind)
    path = penalised_path(np.full((45, columns), 7.1), y, kind=kind, n_outputs=n_outputs)
    np.testing.assert_allclose(path.coefficients_PJK, 0, atol=1e-9)  # rounding of a mean
    level = y.mean() if n_outputs == 1 else np.bincount(y.astype(int)) / 45
    for eta_BK in path.predict(np.full((1, columns), 7.1)):
        np.testing.assert_allclose(mean_response(eta_BK, kind)[0], level, rtol=1e-6)


@pytest.mark.parametrize("newton_limit", [0, 160])
def test_rare_events_have_the_right_level_at_every_penalty(newton_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalised, "NEWTON_LIMIT", newton_limit)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((800, 20))
    y = (x[:, 0] + rng.logistic(size=800) * 0.5 > 2.8).astype(float)
    assert 3 <= y.sum() <= 40
    path = penalised_path(x, y, kind="binary", n_outputs=1)
    for eta_BK in path.predict(x):  # an unpenalised intercept: predicted events sum to observed ones
        assert mean_response(eta_BK, "binary").sum() == pytest.approx(y.sum(), rel=1e-3)


@pytest.mark.parametrize("newton_limit", [0, 160])
def test_separable_classes_stay_finite_and_ordered(newton_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalised, "NEWTON_LIMIT", newton_limit)
    x = np.random.default_rng(0).standard_normal((30, 5))
    y = (x[:, 0] > 0).astype(float)
    path = penalised_path(x, y, kind="binary", n_outputs=1)
    assert np.isfinite(path.coefficients_PJK).all()
    losses = [mean_loss(eta_BK, y, "binary") for eta_BK in path.predict(x)]
    assert np.all(np.diff(losses) < 0)


@pytest.mark.parametrize(("one_step", "newton_limit"), [(False, 0), (False, 1000), (True, 0)])
@pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("classes", 3)])
def test_two_samples_per_class_and_huge_offsets_give_finite_numbers(
    kind: Any, n_outputs: int, one_step: bool, newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalised, "NEWTON_LIMIT", newton_limit)
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 0)
    y = np.repeat(np.arange(max(n_outputs, 2)), 2).astype(float)
    x = np.random.default_rng(0).standard_normal((len(y), 40))
    offset = np.random.default_rng(1).choice([-500.0, 0.0, 500.0], (len(y), n_outputs))
    path = penalised_path(x, y, kind=kind, n_outputs=n_outputs, offset=offset, one_step=one_step)
    assert np.isfinite(path.predict(x, offset)).all()


def test_a_class_without_samples_gets_half_a_sample() -> None:
    x, y = draw(40, 3, "binary")
    path = penalised_path(x, y, kind="classes", n_outputs=3)  # nobody is in the third class
    probability = mean_response(path.predict(x)[0], "classes")
    np.testing.assert_allclose(probability[:, 2].mean(), 0.5 / 40, rtol=1e-2)
    one_class = penalised_path(x, np.ones(40), kind="binary", n_outputs=1)
    np.testing.assert_allclose(mean_response(one_class.predict(x), "binary"), 1 - 0.5 / 40, rtol=1e-3)


def test_losses_are_those_of_the_textbook() -> None:
    eta = np.array([[1.5], [-800.0], [800.0]])
    np.testing.assert_allclose(per_sample_losses(eta, np.array([1.0, 0, 1]), "binary"), [np.log1p(np.exp(-1.5)), 0, 0])
    np.testing.assert_allclose(per_sample_losses(eta, np.array([2.0, 0, 1]), "continuous"), [0.25, 640000, 799**2])
    scores = np.array([[0.0, 1, 2], [1000, 0, 0]])
    expected = [np.log(np.exp(scores[0]).sum()) - 1, 1000]
    np.testing.assert_allclose(per_sample_losses(scores, np.array([1.0, 2]), "classes"), expected)


def test_the_default_path_runs_from_the_intercept_alone_to_hardly_any_penalty() -> None:
    x, y = draw(200, 5, "continuous")
    fitted = penalised_path(x, y, kind="continuous", n_outputs=1).predict(x)[:, :, 0]
    assert fitted[0].std() < 0.2 * y.std()
    unpenalised = np.linalg.lstsq(np.column_stack([x, np.ones(200)]), y, rcond=None)[0]
    np.testing.assert_allclose(fitted[-1], x @ unpenalised[:5] + unpenalised[5], atol=0.02 * y.std())
    assert np.all(np.diff(PENALTIES) < 0)
