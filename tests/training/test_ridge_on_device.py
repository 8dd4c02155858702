"""Closed forms as they are computed on a GPU, on the processor: they equal those by rotation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort
from hypomask.data.splits import make_folds
from hypomask.masks.compile import compile_mask
from hypomask.model.config import ModelConfig
from hypomask.outcomes.registry import family_of
from hypomask.training import penalised, readouts, ridge_on_device
from hypomask.training.additive import fit_additive
from hypomask.training.closed_form import READOUT_PENALTIES
from hypomask.training.config import TrainingConfig
from hypomask.training.job import FoldFit, fit_fold, fit_folds
from hypomask.training.penalised import penalised_path
from hypomask.training.ridge_on_device import RidgeProblem, ridge_paths

KINDS = {"continuous": 1, "binary": 1, "classes": 3, "counts": 1}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tensors on the processor are treated as those on a GPU; how many problems were solved together."""
    sizes: list[int] = []

    def counted(problems: Sequence[RidgeProblem]) -> Any:
        if problems:
            sizes.append(len(problems))
        return ridge_paths(problems)

    for module in (penalised, readouts):
        monkeypatch.setattr(module, "is_elsewhere", lambda x: isinstance(x, Tensor))
        monkeypatch.setattr(module, "ridge_paths", counted)
    return sizes


@pytest.mark.parametrize("at_once", [1, 5e7], ids=["penalty by penalty", "all penalties at once"])
@pytest.mark.parametrize("shape", [(90, 12), (40, 70), (30, 1)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_they_equal_the_path_by_rotation(
    products: Any, elsewhere: list[int], kind: str, shape: tuple[int, int], at_once: float, monkeypatch: Any
) -> None:
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 0)
    monkeypatch.setattr(ridge_on_device, "FACTORS_AT_ONCE", at_once)
    _, y = products(shape[0], kind)
    rng = np.random.default_rng(1)
    x = rng.normal(2, rng.uniform(0.01, 3, shape[1]), shape)
    x[:, -1] = x[:, 0]  # a direction without variance
    family = family_of(kind, y, "abc")
    offset = rng.normal(0, 1, (len(y), family.n_outputs))
    arguments: Any = {"family": family, "offset": offset, "penalties": READOUT_PENALTIES, "one_step": True}
    by_rotation = penalised_path(x, y, **arguments)
    by_factors = penalised_path(torch.from_numpy(x), y, **arguments)
    assert elsewhere == [1]
    np.testing.assert_allclose(by_factors.coefficients_PJK, by_rotation.coefficients_PJK, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(by_factors.intercept_PK, by_rotation.intercept_PK, rtol=1e-6, atol=1e-8)
    found = by_factors.predict(torch.from_numpy(x[:5]), offset[:5])
    np.testing.assert_allclose(found, by_rotation.predict(x[:5], offset[:5]), rtol=1e-6, atol=1e-8)


def test_where_there_is_no_closed_form_the_design_comes_back(products: Any, elsewhere: list[int]) -> None:
    x_BGC, y = products(60, "binary")
    x = x_BGC[:, :, 0].astype(np.float64)
    family = family_of("binary", y, "ab")
    here, there = penalised_path(x, y, family=family), penalised_path(torch.from_numpy(x), y, family=family)
    assert not elsewhere
    np.testing.assert_array_equal(here.coefficients_PJK, there.coefficients_PJK)


@pytest.mark.parametrize("kind", ["continuous", "binary"])
def test_an_additive_part_is_the_same(products: Any, elsewhere: list[int], kind: str) -> None:
    x_BGC, y = products(150, kind)
    shared: Any = {"family": family_of(kind, y, "ab"), "blocks": np.arange(150), "seed": 3}
    z_BP = np.random.default_rng(0).normal(size=(150, 2))
    here = fit_additive(x_BGC, z_BP, y, **shared)
    there = fit_additive(x_BGC, z_BP, y, **shared, device="cpu:0")
    assert bool(elsewhere) == (kind == "continuous")
    assert there.penalty == here.penalty
    np.testing.assert_allclose(there.eta_train, here.eta_train, atol=1e-9)
    np.testing.assert_allclose(there.predict(x_BGC, z_BP), here.predict(x_BGC, z_BP), atol=1e-9)


@pytest.mark.parametrize(("at_once", "largest"), [(5e7, 768), (5e4, 768), (5e7, 35)], ids=["all", "some", "one by one"])
def test_many_at_once_are_what_each_is_alone(at_once: float, largest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge_on_device, "FACTORS_AT_ONCE", at_once)
    monkeypatch.setattr(ridge_on_device, "LARGEST_AT_ONCE", largest)
    rng = np.random.default_rng(0)
    problems = []
    for number, (shape, n_penalties) in enumerate(
        zip([(60, 40), (41, 70), (39, 90), (8, 30), (50, 0)], (15, 3, 15, 1, 4), strict=True)
    ):
        kind = ("binary", "continuous", "classes")[number % 3]
        y = (
            rng.normal(size=shape[0])
            if kind == "continuous"
            else rng.integers(KINDS[kind] + (kind == "binary"), size=shape[0]).astype(float)
        )
        family = family_of(kind, y, "abc"[: 2 if kind == "binary" else 3])
        x_BJ, known = torch.from_numpy(rng.normal(1, 2, shape)), rng.normal(size=(shape[0], family.n_outputs))
        problems.append(
            RidgeProblem(lambda x_BJ=x_BJ: x_BJ, shape, y, known, family, READOUT_PENALTIES[:n_penalties], 1e-3)
        )
    for problem, (coefficients_PJK, intercept_PK) in zip(problems, ridge_paths(problems), strict=True):
        ((alone_PJK, alone_PK),) = ridge_paths([problem])
        assert coefficients_PJK.shape == (len(problem.penalties), problem.shape[1], problem.family.n_outputs)
        np.testing.assert_allclose(coefficients_PJK, alone_PJK, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(intercept_PK, alone_PK, rtol=1e-8, atol=1e-10)


@pytest.fixture(scope="module")
def study() -> Any:
    """A function that gives a cohort of 30 genes, a mask and folds."""

    def make(kind: str) -> Any:
        graph = random_graph(30, 60, seed=2)
        config = SimulationConfig(n_samples=240, interaction_r2=0.5, main_r2=0.2, kind=kind, seed=5)
        cohort = simulate_cohort(graph, config).cohort
        mask, _ = compile_mask(graph, cohort.genes, n_layers=1)
        return cohort, mask, make_folds(cohort, n_folds=4, n_repeats=1, seed=0)

    return make


RECIPE: dict[str, Any] = {"training": replace(TrainingConfig(), epochs=2), "study_seed": 7}


@pytest.mark.parametrize("kind", ["continuous", "binary"])
def test_jobs_side_by_side_are_solved_together_and_predict_the_same(
    study: Any, elsewhere: list[int], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 20)
    cohort, mask, folds = study(kind)
    recipe: Any = RECIPE | {"model": ModelConfig(attention="sparse")}
    splits = [(0, 0), (0, 1), (0, 2)]
    together = fit_folds(cohort, [mask] * 3, folds, splits, **recipe)
    assert elsewhere[0] == 2 * 3  # two replicates each, to find when to stop
    monkeypatch.undo()
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 20)
    for found, split in zip(together, splits, strict=True):
        assert isinstance(found, FoldFit)
        alone = fit_fold(cohort, mask, folds, *split, **recipe)
        np.testing.assert_allclose(found.eta_full, alone.eta_full, rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("shape", [(900, 300), (300, 900)], ids=str)
@pytest.mark.parametrize("kind", ["continuous", "binary"])
def test_on_a_gpu_they_equal_the_path_by_rotation(products: Any, kind: str, shape: tuple[int, int]) -> None:
    _, y = products(shape[0], kind)
    x = np.random.default_rng(1).normal(2, 1, shape)
    arguments: Any = {"family": family_of(kind, y, "ab"), "penalties": READOUT_PENALTIES, "one_step": True}
    here, there = penalised_path(x, y, **arguments), penalised_path(torch.from_numpy(x).cuda(), y, **arguments)
    np.testing.assert_allclose(there.coefficients_PJK, here.coefficients_PJK, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(there.predict(torch.from_numpy(x).cuda()), here.predict(x), rtol=1e-6, atol=1e-8)
