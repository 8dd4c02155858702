"""Penalised counts and survival against scikit-learn, statsmodels, lifelines and a general optimiser."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import PoissonRegressor

from hypomask.outcomes.counts import Counts
from hypomask.outcomes.discrete_survival import DiscreteSurvival, KnownHazards
from hypomask.outcomes.family import Family
from hypomask.outcomes.registry import family_of
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.survival_times import signed_times
from hypomask.training import likelihood_path
from hypomask.training.penalised import penalised_path

SHAPES = [(90, 6), (50, 120)]
SHORT_PATH = np.array([1.0, 1e-2, 1e-3])
SOLVERS = pytest.mark.parametrize("newton_limit", [0, 1000])


def draw(kind: str, n: int, p: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * rng.uniform(0.3, 2, p) + rng.normal(0, 1, p)
    eta = (x - x.mean(axis=0)) @ rng.standard_normal(p) / np.sqrt(p)
    if kind == "counts":
        return x, rng.negative_binomial(2, 1 / (1 + np.exp(0.7 + eta) / 2)).astype(float)
    if kind == "survival":
        time, censored = rng.exponential(size=n) * np.exp(-eta), rng.exponential(2.0, n)
        return x, signed_times(np.ceil(8 * np.minimum(time, censored)) / 8, time <= censored)
    time, censored = rng.geometric(expit(eta - 1)).astype(float), rng.integers(2, 9, n).astype(float)
    return x, signed_times(np.minimum(time, censored), time <= censored)


def families(y: Any, kind: str) -> list[Family]:
    return [Counts(0.0), Counts(0.6)] if kind == "counts" else [family_of(kind, y)]


def absolute(x: Any) -> Any:
    return SHORT_PATH * len(x) * x.var(axis=0).sum()


def by_brute_force(x: Any, y: Any, family: Family, penalty: float, offset: Any) -> Any:
    """(B, 1) linear predictors at the least penalised objective, by a general optimiser and the objective alone."""
    x = x - x.mean(axis=0)
    levels = [1.0] if family.has_intercept else []

    def eta_of(theta: Any) -> Any:
        return offset + (x @ theta[: x.shape[1]])[:, None] + (theta[-1] if levels else 0.0)

    def objective(theta: Any) -> tuple[float, Any]:
        eta, slope = eta_of(theta), theta[: x.shape[1]]
        downhill = family.residual(eta, y)[:, 0]
        gradient = np.concatenate([penalty * slope - x.T @ downhill, -downhill.sum() * np.array(levels)])
        return family.objective(eta, y) + 0.5 * penalty * float(slope @ slope), gradient

    start = np.zeros(x.shape[1] + len(levels))
    options = {"maxiter": 20000, "ftol": 1e-15, "gtol": 1e-8}
    return eta_of(minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x)


@SOLVERS
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["counts", "survival", "discrete-survival"])
def test_path_is_the_least_of_the_penalised_objective(
    kind: str, shape: tuple[int, int], newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    x, y = draw(kind, *shape)
    offset = np.random.default_rng(3).normal(0, 0.7, (len(y), 1))
    for family in families(y, kind):
        path = penalised_path(x, y, family=family, offset=offset, penalties=SHORT_PATH)
        for eta_BK, penalty in zip(path.predict(x, offset), absolute(x), strict=True):
            expected = by_brute_force(x, y, family, penalty, offset)
            np.testing.assert_allclose(eta_BK, expected, atol=5e-3)
            assert family.objective(eta_BK, y) == pytest.approx(family.objective(expected, y), rel=1e-3)


@SOLVERS
@pytest.mark.parametrize("shape", SHAPES)
def test_counts_path_equals_the_poisson_regressor_of_scikit_learn(
    shape: tuple[int, int], newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    x, y = draw("counts", *shape)
    path = penalised_path(x, y, family=Counts(0.0), penalties=SHORT_PATH)
    for eta_BK, penalty in zip(path.predict(x), absolute(x), strict=True):
        other = PoissonRegressor(alpha=penalty / len(y), solver="newton-cholesky", tol=1e-10, max_iter=500).fit(x, y)
        np.testing.assert_allclose(np.exp(eta_BK[:, 0]), other.predict(x), rtol=5e-3)


def test_hardly_penalised_counts_are_those_of_statsmodels() -> None:
    x, y = draw("counts", 300, 4)
    design = sm.add_constant(x)
    for dispersion in (0.0, 0.6):
        reference = sm.families.NegativeBinomial(alpha=dispersion) if dispersion else sm.families.Poisson()
        expected = sm.GLM(y, design, family=reference).fit(tol=1e-10).params
        path = penalised_path(x, y, family=Counts(dispersion), penalties=np.array([1e-9]))
        found = np.append(path.intercept_PK[0], path.coefficients_PJK[0, :, 0])
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("penalty", [1e-9, 0.01, 0.3])
def test_survival_path_equals_the_penalised_cox_model_of_lifelines(penalty: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lifelines = pytest.importorskip("lifelines")
    x, y = draw("survival", 200, 5)
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)  # lifelines penalises coefficients of columns on this scale
    frame = pd.DataFrame(x).assign(time=np.abs(y), event=y > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = lifelines.CoxPHFitter(penalizer=penalty).fit(frame, "time", "event", fit_options={"precision": 1e-10})
    relative = penalty / x.var(axis=0).sum()  # it divides the likelihood by the number of samples
    path = penalised_path(x, y, family=CoxSurvival.for_phenotype(y, ()), penalties=np.array([relative]))
    np.testing.assert_allclose(path.coefficients_PJK[0, :, 0], fitted.params_.to_numpy(), atol=1e-5)


def test_known_hazards_are_fitted_as_logistic_regression_of_every_interval_entered() -> None:
    x, y = draw("discrete-survival", 150, 4)
    family = DiscreteSurvival.for_phenotype(y, ())
    stage = family.network_stage(y, np.zeros((150, 1)))
    assert isinstance(stage.family, KnownHazards)
    path = penalised_path(x, stage.y, family=stage.family, penalties=np.array([1e-9]))
    rows, outcome, known = [], [], []
    for b, entered in enumerate(np.abs(stage.y).astype(int)):
        rows += [b] * entered
        outcome += [0.0] * (entered - 1) + [float(stage.y[b] > 0)]
        known += stage.family.level_T[:entered].tolist()
    long = sm.GLM(outcome, sm.add_constant(x[rows]), family=sm.families.Binomial(), offset=known).fit(tol=1e-10)
    found = np.append(path.intercept_PK[0], path.coefficients_PJK[0, :, 0])
    np.testing.assert_allclose(found, long.params, atol=1e-4)


@pytest.mark.parametrize("kind", ["binary", "classes", "counts", "survival", "discrete-survival"])
def test_newton_and_bounded_steps_find_the_same_at_every_penalty(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = draw(kind if kind in ("counts", "survival") else "discrete-survival", 150, 12)
    if kind in ("binary", "classes"):
        y = np.searchsorted(np.quantile(np.abs(y), [0.5] if kind == "binary" else [0.3, 0.6]), np.abs(y)).astype(float)
    family = family_of(kind, y, "abc")
    paths = []
    for newton_limit in (0, 10_000):
        monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
        eta_PBK = penalised_path(x, y, family=family).predict(x)
        paths.append(eta_PBK - eta_PBK.mean(axis=2, keepdims=True) * (kind == "classes"))  # theirs is up to a constant
    np.testing.assert_allclose(paths[0], paths[1], atol=5e-3)


@SOLVERS
@pytest.mark.parametrize("kind", ["survival", "discrete-survival", "counts"])
def test_a_perfect_order_of_risk_stays_finite_and_its_loss_falls(
    kind: str, newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The likelihood has no maximum: only the penalty holds the coefficient."""
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    x = np.random.default_rng(0).standard_normal((30, 5))
    rank = x[:, 0].argsort().argsort()
    y = (rank > 25) * 40.0 if kind == "counts" else 1.0 + rank
    family = Counts(0.0) if kind == "counts" else family_of(kind, y)
    path = penalised_path(x, y, family=family)
    assert np.isfinite(path.coefficients_PJK).all()
    objectives = [family.objective(eta_BK, y) for eta_BK in path.predict(x)]
    assert np.all(np.diff(objectives) < 0)


@SOLVERS
@pytest.mark.parametrize("kind", ["survival", "discrete-survival", "counts"])
def test_responses_that_say_nothing_give_no_effect(
    kind: str, newton_limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood_path, "NEWTON_LIMIT", newton_limit)
    x = np.random.default_rng(0).standard_normal((20, 3))
    y = np.zeros(20) if kind == "counts" else -np.arange(1.0, 21)
    family = Counts(0.0) if kind == "counts" else family_of(kind, np.abs(y))
    path = penalised_path(x, y, family=family)
    assert np.isfinite(path.predict(x)).all()
    assert np.abs(path.coefficients_PJK[0]).max() < 0.2
