"""Jobs side by side: the same answers as one after another, and no job's trouble is another's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from hypomask.data.cohort import Phenotype
from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort
from hypomask.data.splits import make_folds
from hypomask.masks.compile import compile_mask
from hypomask.masks.null_masks import draw_null
from hypomask.masks.references import no_interaction
from hypomask.model.config import ModelConfig
from hypomask.training import fit, stacked, tuning
from hypomask.training.config import TrainingConfig
from hypomask.training.job import FoldFit, fit_fold, fit_folds

RECIPE: dict[str, Any] = {
    "model": ModelConfig(attention="sparse"),
    "training": TrainingConfig(epochs=3),
    "study_seed": 7,
}
ETAS = ("eta_full", "eta_additive", "eta_gene_free", "eta_replicates_MBK")


@pytest.fixture(scope="module")
def study() -> Any:
    """A function that gives a cohort, its folds and masks: a hypothesis, two rewirings of it, and no interaction."""

    def make(kind: str) -> Any:
        graph = random_graph(12, 8, seed=2)
        simulated = "continuous" if kind in ("several", "masked-genes") else kind
        config = SimulationConfig(n_samples=300, interaction_r2=0.5, main_r2=0.2, kind=simulated, seed=5)
        cohort = simulate_cohort(graph, config).cohort
        if kind == "several":
            one = cohort.phenotype
            two = Phenotype("positive", "binary", (one.values > np.median(one.values)).astype(float), ("no", "yes"))
            cohort = replace(cohort, phenotype=Phenotype.several((one, two)))
        if kind == "masked-genes":
            cohort = replace(cohort, phenotype=Phenotype.masked_genes(cohort.genes, cohort.values_BGC[:, :, 0]))
        mask, _ = compile_mask(graph, cohort.genes, n_layers=1)
        nulls = [draw_null(mask, kind="rewired", draw=draw, seed=0, gene_pool=None).mask for draw in range(2)]
        folds = make_folds(cohort, n_folds=4, n_repeats=1, seed=0)
        return cohort, folds, [mask, nulls[0], no_interaction(mask.genes), nulls[1]], [(0, 0), (0, 0), (0, 0), (0, 2)]

    return make


def assert_same(stacked_fits: list[Any], study: Any, **options: Any) -> None:
    cohort, folds, masks, splits = study
    for found, mask, split in zip(stacked_fits, masks, splits, strict=True):
        alone = fit_fold(cohort, mask, folds, *split, **(RECIPE | options))
        assert isinstance(found, FoldFit)
        assert found.numbers.keys() == alone.numbers.keys()
        assert found.numbers["epochs"] == alone.numbers["epochs"]
        np.testing.assert_array_equal(found.test_index, alone.test_index)
        for name in ETAS:
            np.testing.assert_allclose(getattr(found, name), getattr(alone, name), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_jobs_side_by_side_predict_what_they_predict_alone(
    study: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort, folds, masks, splits = case = study(kind)
    sizes = []
    run = stacked._Stack.run
    monkeypatch.setattr(stacked._Stack, "run", lambda stack: (sizes.append(len(stack._members)), run(stack))[1])
    assert_same(fit_folds(cohort, masks, folds, splits, **RECIPE), case)
    assert sizes
    assert sizes[0] == 6  # two replicates of three masks; without interaction there is nothing to tune


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_jobs_side_by_side_on_a_gpu_predict_what_they_predict_alone(study: Any, kind: str) -> None:
    cohort, folds, masks, splits = case = study(kind)
    options = {"device": "cuda", "model": ModelConfig()}
    assert_same(fit_folds(cohort, masks, folds, splits, **(RECIPE | options)), case, **options)


@pytest.mark.parametrize("kind", ["several", "masked-genes"])
def test_so_do_jobs_of_several_phenotypes_and_of_hidden_genes(study: Any, kind: str) -> None:
    cohort, folds, masks, splits = case = study(kind)
    assert_same(fit_folds(cohort, masks, folds, splits, **RECIPE), case)


def test_a_job_that_fails_is_the_only_one_to_fail(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, folds, masks, splits = case = study("continuous")
    chosen, bad = fit.choose_shrinkage, []

    def one_breaks(*arguments: Any) -> float:
        bad.append(None)
        if len(bad) == 2:
            raise ValueError("cannot be shrunk")
        return chosen(*arguments)

    monkeypatch.setattr(fit, "choose_shrinkage", one_breaks)
    fits = fit_folds(cohort, masks, folds, splits, **RECIPE)
    assert [type(found) for found in fits] == [FoldFit, ValueError, FoldFit, FoldFit]
    monkeypatch.undo()
    sound = [0, 2, 3]
    case = (cohort, folds, [masks[i] for i in sound], [splits[i] for i in sound])
    assert_same([fits[i] for i in sound], case)


def test_when_the_data_of_all_jobs_do_not_fit_they_are_fitted_in_halves(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort, folds, masks, splits = case = study("continuous")
    features, begun = fit.token_features, []

    def little_memory(*arguments: Any) -> Any:
        begun.append(None)
        if len(begun) == 4:  # in the midst of the second job
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features(*arguments)

    monkeypatch.setattr(fit, "token_features", little_memory)
    fits = fit_folds(cohort, masks, folds, splits, **RECIPE)
    assert len(begun) == 4 + 6
    monkeypatch.undo()
    assert_same(fits, case)


def test_a_job_too_large_alone_says_so_and_the_others_go_on(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, folds, masks, splits = study("continuous")
    features = fit.token_features

    def no_memory_for_the_second(model: Any, x_BGC: Any, layouts: Any) -> Any:
        if layouts[0] in large:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features(model, x_BGC, layouts)

    large: list[Any] = []
    build = fit.build_layout

    def marked(mask: Any, **options: Any) -> Any:
        made = build(mask, **options)
        if mask is masks[1]:
            large.extend(made)
        return made

    monkeypatch.setattr(fit, "build_layout", marked)
    monkeypatch.setattr(fit, "token_features", no_memory_for_the_second)
    fits = fit_folds(cohort, masks, folds, splits, **RECIPE)
    assert [type(found) for found in fits] == [FoldFit, torch.OutOfMemoryError, FoldFit, FoldFit]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("CUDA error: out of memory"),
    ],
    ids=["of torch", "of cuBLAS", "of CUDA"],
)
def test_halves_keep_the_order(error: RuntimeError) -> None:
    seen = []

    def work(items: Any) -> list[int]:
        seen.append(list(items))
        if len(items) > 2:
            raise error
        return [10 * item for item in items]

    assert tuning.in_halves(work, range(5)) == [0, 10, 20, 30, 40]
    assert seen == [[0, 1, 2, 3, 4], [0, 1], [2, 3, 4], [2], [3, 4]]


def test_other_errors_halve_nothing() -> None:
    def work(items: Any) -> list[int]:
        raise RuntimeError(f"CUDA error: an illegal memory access, of {len(items)}")

    with pytest.raises(RuntimeError, match="illegal memory access, of 4"):
        tuning.in_halves(work, range(4))
