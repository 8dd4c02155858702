"""Residuals and curvatures of every family against finite differences, and against what torch derives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hypomask.model.losses import response_tensor, training_loss
from hypomask.outcomes.classes import Binary, Classes
from hypomask.outcomes.counts import Counts
from hypomask.outcomes.discrete_survival import DiscreteSurvival
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.survival_times import signed_times

KINDS = ("binary", "classes", "continuous", "counts", "poisson", "survival", "discrete-survival")

# Responses at the edge: classes without samples, no or one event, everybody at one time, one interval, no counts.
EDGES: dict[str, Any] = {
    "no event of a binary phenotype": (Binary(), np.zeros(6)),
    "a class without samples": (Classes(3), np.array([0.0, 2, 2, 0, 2, 0])),
    "no counts": (Counts(0.8), np.zeros(6)),
    "one event": (CoxSurvival([3.0]), np.array([-1.0, -2, 3, -4, -5, -3])),
    "all censored": (CoxSurvival([3.0]), -np.arange(1.0, 7)),
    "all events at once": (CoxSurvival([2.0]), np.full(6, 2.0)),
    "everybody dies, in ties": (CoxSurvival([1.0, 2.0]), np.array([1.0, 1, 1, 2, 2, 2])),
    "one interval": (DiscreteSurvival([2.0]), np.array([1.0, -2, 2, -1, 3, -5])),
    "an interval without events": (DiscreteSurvival([1.0, 2, 3]), np.array([1.0, -3, 3, -2, -3, 1])),
    "an interval that nobody survives": (DiscreteSurvival([1.0, 2, 3]), np.array([1.0, 2, 3, 3, 2, 3])),
    "an interval that nobody enters": (DiscreteSurvival([1.0, 2, 3]), np.array([1.0, -1, 2, -2, 1, 2])),
    "no event in discrete time": (DiscreteSurvival([1.0, 2]), -np.array([1.0, 1, 2, 2, 3, 3])),
}


def gradient(function: Any, eta_BK: Any, step: float = 1e-5) -> Any:
    """Central differences of a number, (B, K)."""
    found = np.zeros_like(eta_BK)
    for position in np.ndindex(eta_BK.shape):
        up, down = eta_BK.copy(), eta_BK.copy()
        up[position] += step
        down[position] -= step
        found[position] = (function(up) - function(down)) / (2 * step)
    return found


def cases() -> list[Any]:
    return [*KINDS, *EDGES]


@pytest.fixture(params=cases())
def case(request: Any, draw: Any) -> Any:
    """Family, response and a linear predictor."""
    family, y = EDGES[request.param] if request.param in EDGES else draw(request.param, n=25)
    return family, y, np.random.default_rng(1).normal(0, 1.3, (len(y), family.n_outputs))


def test_residual_is_the_downhill_slope_of_the_objective(case: Any) -> None:
    family, y, eta_BK = case
    slope = gradient(lambda eta: family.objective(eta, y), eta_BK)
    np.testing.assert_allclose(family.residual(eta_BK, y), -family.loss_scale * slope, atol=1e-6)


def test_curvature_less_what_is_profiled_is_the_hessian(case: Any) -> None:
    """The Hessian as a whole, (B K, B K): samples bear on one another only where a level is fitted along."""
    family, y, eta_BK = case
    n, k = eta_BK.shape
    hessian = np.zeros((n, k, n, k))
    step = 1e-5
    for position in np.ndindex(n, k):
        up, down = eta_BK.copy(), eta_BK.copy()
        up[position] += step
        down[position] -= step
        hessian[position] = (family.residual(down, y) - family.residual(up, y)) / (2 * step)
    expected = np.zeros_like(hessian)
    for i in range(k):
        for j in range(k):
            weight = family.curvature(eta_BK, y)[:, i] if i == j else family.cross_curvature(eta_BK, i, j)
            expected[np.arange(n), i, np.arange(n), j] = weight
    profiled = family.profiled(eta_BK, y, np.eye(n))
    expected[:, 0, :, 0] -= profiled.T @ profiled
    np.testing.assert_allclose(hessian, expected, atol=1e-6)
    if family.curvature_bound is not None:
        largest = np.linalg.eigvalsh(expected.reshape(n * k, n * k))[-1]
        assert largest <= family.curvature_bound + 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_what_torch_trains_on_is_the_loss_up_to_a_constant(kind: str, draw: Any) -> None:
    family, y = draw(kind)
    rng = np.random.default_rng(2)
    stage = family.network_stage(y, rng.normal(0, 0.5, (len(y), family.n_outputs)))
    response = response_tensor(torch.from_numpy(stage.y), stage.family, torch.float64)
    constants = []
    for _ in range(3):
        eta_BK = stage.offset_BK + rng.normal(0, 1, stage.offset_BK.shape)
        tensor = torch.from_numpy(eta_BK).requires_grad_()
        loss = training_loss(tensor, response, stage.family)
        constants.append(float(loss.detach()) - stage.family.losses(eta_BK, stage.y).mean())
        loss.backward()  # type: ignore[no-untyped-call]
        assert tensor.grad is not None
        expected = -stage.family.residual(eta_BK, stage.y) / stage.family.loss_scale / len(y)
        np.testing.assert_allclose(tensor.grad.numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(constants, constants[0], atol=1e-10)


def test_there_is_no_training_loss_of_a_partial_likelihood(draw: Any) -> None:
    family, y = draw("survival")
    with pytest.raises(TypeError, match="CoxSurvival: its network stage"):
        training_loss(torch.zeros(len(y), 1), torch.from_numpy(y), family)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [50.0, 800.0])
def test_nothing_overflows_at_extreme_predictors(kind: str, size: float, draw: Any) -> None:
    family, y = draw(kind)
    rng = np.random.default_rng(3)
    for eta_BK in (
        np.full((40, family.n_outputs), size),
        np.full((40, family.n_outputs), -size),
        rng.choice([-size, 0.0, size], (40, family.n_outputs)),
    ):
        stage = family.network_stage(y, eta_BK)
        assert np.isfinite(stage.offset_BK).all()
        predicted = family.predicted(eta_BK, y, eta_BK)
        for numbers in (
            family.objective(eta_BK, y),
            family.residual(eta_BK, y),
            family.curvature(eta_BK, y),
            family.profiled(eta_BK, y, np.ones((40, 2))),
            predicted,
            family.losses(predicted, y),
            stage.family.losses(stage.offset_BK, stage.y),
        ):
            assert np.isfinite(numbers).all()


@pytest.mark.parametrize("kind", ["survival", "discrete-survival"])
def test_a_shift_of_all_predictors_is_taken_up_by_the_baseline(kind: str, draw: Any) -> None:
    family, y = draw(kind)
    eta_BK = np.random.default_rng(4).normal(0, 1, (40, 1))
    for shift in (-200.0, -3.0, 40.0, 200.0):
        assert family.objective(eta_BK + shift, y) == pytest.approx(family.objective(eta_BK, y), rel=1e-9)
        np.testing.assert_allclose(family.residual(eta_BK + shift, y), family.residual(eta_BK, y), atol=1e-8)
        np.testing.assert_allclose(
            family.predicted(eta_BK + shift, y, eta_BK + shift), family.predicted(eta_BK, y, eta_BK), atol=1e-6
        )


def test_signed_times_say_who_was_censored() -> None:
    y = signed_times(np.array([1.0, 2.0]), np.array([True, False]))
    np.testing.assert_array_equal(y, [1.0, -2.0])
