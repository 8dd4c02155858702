"""Closed forms as they are computed on a GPU, on the processor: they equal those by rotation."""

from __future__ import annotations

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
from hypomask.training import penalised, ridge_on_device
from hypomask.training.additive import fit_additive
from hypomask.training.closed_form import READOUT_PENALTIES
from hypomask.training.config import TrainingConfig
from hypomask.training.job import fit_fold
from hypomask.training.penalised import penalised_path
from hypomask.training.ridge_on_device import ridge_path

KINDS = {"continuous": 1, "binary": 1, "classes": 3, "counts": 1}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tensors on the processor are treated as those on a GPU; how often there were closed forms."""
    calls: list[int] = []

    def counted(x_BJ: Tensor, *arguments: Any) -> Any:
        calls.append(len(x_BJ))
        return ridge_path(x_BJ, *arguments)

    monkeypatch.setattr(penalised, "is_elsewhere", lambda x: isinstance(x, Tensor))
    monkeypatch.setattr(penalised, "ridge_path", counted)
    return calls


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
    assert elsewhere == [len(y)]
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


@pytest.mark.parametrize("kind", ["continuous", "binary"])
def test_a_job_predicts_the_same(elsewhere: list[int], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 20)
    graph = random_graph(30, 60, seed=2)
    config = SimulationConfig(n_samples=240, interaction_r2=0.5, main_r2=0.2, kind=kind, seed=5)
    cohort = simulate_cohort(graph, config).cohort
    mask, _ = compile_mask(graph, cohort.genes, n_layers=1)
    folds = make_folds(cohort, n_folds=4, n_repeats=1, seed=0)
    recipe: Any = {"model": ModelConfig(), "training": replace(TrainingConfig(), epochs=2), "study_seed": 7}
    there = fit_fold(cohort, mask, folds, 0, 0, **recipe)
    assert len(elsewhere) >= 2
    monkeypatch.undo()
    monkeypatch.setattr(penalised, "ONE_STEP_FROM", 20)
    here = fit_fold(cohort, mask, folds, 0, 0, **recipe)
    np.testing.assert_allclose(there.eta_full, here.eta_full, rtol=1e-4, atol=1e-4)


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
