"""One job: the numbers are the same however they are come by, and held-out samples have no part in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort
from hypomask.data.splits import make_folds
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.null_masks import draw_null
from hypomask.masks.references import no_interaction
from hypomask.model.config import ModelConfig
from hypomask.training.config import TrainingConfig
from hypomask.training.job import fit_fold

QUICK = TrainingConfig(epochs=2)
FIELDS = ("test_index", "eta_full", "eta_additive", "eta_gene_free", "y_center", "y_scale")


@pytest.fixture(scope="module", params=["continuous", "binary", "counts", "survival", "discrete-survival"])
def study(request: Any) -> Any:
    """A simulated cohort with one covariate, its folds, and the mask of its truth."""
    graph = random_graph(12, 8, seed=2)
    config = SimulationConfig(
        n_samples=400,
        interaction_r2=0.5,
        main_r2=0.2,
        covariate_r2=0.1,
        n_covariates=1,
        kind=request.param.removeprefix("discrete-"),
        seed=5,
    )
    cohort = simulate_cohort(graph, config).cohort
    if request.param == "discrete-survival":
        cohort = replace(cohort, phenotype=in_years(cohort.phenotype))
    mask, _ = compile_mask(graph, cohort.genes, n_layers=1)
    return cohort, make_folds(cohort, n_folds=5, n_repeats=2, seed=0), mask


def in_years(months: Phenotype) -> Phenotype:
    values = np.sign(months.values) * np.minimum(np.ceil(np.abs(months.values) / 12), 6)
    return Phenotype("years", "discrete-survival", values)


def with_values(phenotype: Phenotype, values: Any) -> Phenotype:
    """The phenotype with other values and the same loss: dispersion and intervals are those of the study."""
    changed = replace(phenotype, values=values)
    changed.__dict__["family"] = phenotype.family
    return changed


def job(cohort: Any, mask: Any, folds: Any, fold: int = 0, **options: Any) -> Any:
    arguments: dict[str, Any] = {"model": ModelConfig(), "training": QUICK, "study_seed": 7, "device": "cpu", **options}
    return fit_fold(cohort, mask, folds, 0, fold, **arguments)


def same(one: Any, two: Any) -> bool:
    equal = all(np.array_equal(getattr(one, name), getattr(two, name)) for name in FIELDS)
    return equal and one.numbers == two.numbers


def loss(fit: Any, cohort: Cohort, eta: Any) -> float:
    y = (cohort.phenotype.values[fit.test_index] - fit.y_center) / fit.y_scale
    return float(cohort.phenotype.family.losses(eta, y).mean())


def test_the_cache_and_a_second_run_change_no_bit(study: Any) -> None:
    cohort, folds, mask = study
    null = draw_null(mask, kind="rewired", draw=0, seed=0, gene_pool=None).mask
    alone = [job(cohort, each, folds) for each in (mask, null)]
    cache: dict[Any, Any] = {}
    shared = [job(cohort, each, folds, additive_cache=cache) for each in (null, mask)]
    assert same(alone[0], shared[1])
    assert same(alone[1], shared[0])
    assert same(alone[0], job(cohort, mask, folds, additive_cache=cache))
    np.testing.assert_array_equal(alone[0].eta_additive, alone[1].eta_additive)
    assert alone[0].numbers["shrinkage"] > 0


def test_held_out_samples_have_no_part_in_what_is_predicted_for_others(study: Any) -> None:
    """Change one held-out sample's measurements, covariate and phenotype: no other prediction moves."""
    cohort, folds, mask = study
    before = job(cohort, mask, folds)
    _, test = folds.split(0, 0)
    victim = test[3]
    values = cohort.values_BGC.copy()
    values[victim] = values[victim] * -40 + 3
    covariates = cohort.covariates.copy()
    covariates.iloc[victim] = 99.0
    y = cohort.phenotype.values.copy()
    y[victim] = 1 - y[victim] if cohort.phenotype.kind == "binary" else 1000
    phenotype = with_values(cohort.phenotype, y)
    changed = replace(cohort, values_BGC=values, covariates=covariates, phenotype=phenotype)
    after = job(changed, mask, folds)
    others = before.test_index != victim
    for name in ("eta_full", "eta_additive", "eta_gene_free"):
        np.testing.assert_array_equal(getattr(after, name)[others], getattr(before, name)[others])
        assert not np.array_equal(getattr(after, name)[~others], getattr(before, name)[~others])
    assert after.numbers == before.numbers
    assert (after.y_center, after.y_scale) == (before.y_center, before.y_scale)


def test_the_whole_held_out_side_may_be_garbage(study: Any) -> None:
    cohort, folds, mask = study
    _, test = folds.split(0, 0)
    values, y = cohort.values_BGC.copy(), cohort.phenotype.values.copy()
    values[test] = np.nan
    y[test] = 0
    garbage = replace(cohort, values_BGC=values, phenotype=with_values(cohort.phenotype, y))
    assert job(garbage, mask, folds).numbers == job(cohort, mask, folds).numbers


def test_no_interaction_is_its_additive_part_exactly(study: Any) -> None:
    cohort, folds, mask = study
    fit = job(cohort, no_interaction(cohort.genes), folds)
    np.testing.assert_array_equal(fit.eta_full, fit.eta_additive)
    np.testing.assert_array_equal(fit.eta_additive, job(cohort, mask, folds).eta_additive)


def test_planted_truth_predicts_better_than_its_rewirings_and_its_additive_part(study: Any) -> None:
    cohort, folds, mask = study
    nulls = [draw_null(mask, kind="rewired", draw=draw, seed=0, gene_pool=None).mask for draw in range(3)]
    cache: dict[Any, Any] = {}

    def mean_over_folds(each: Any) -> tuple[float, float, float]:
        fits = [job(cohort, each, folds, fold, additive_cache=cache, training=TrainingConfig()) for fold in range(3)]
        return tuple(
            float(np.mean([loss(fit, cohort, getattr(fit, name)) for fit in fits]))
            for name in ("eta_full", "eta_additive", "eta_gene_free")
        )  # type: ignore[return-value]

    full, additive, gene_free = mean_over_folds(mask)
    # Of the loss of a time to an event, most is chance: when, of all times, it came.
    of_chance = 0.5 if "survival" in cohort.phenotype.kind else 1.0
    assert full < (1 - 0.1 * of_chance) * additive
    assert additive < gene_free
    for null in nulls:
        rewired, of_null, _ = mean_over_folds(null)
        assert full < (1 - 0.07 * of_chance) * rewired
        assert rewired < 1.03 * of_null


def test_replicates_are_predictions_of_single_seeds_and_their_mean_is_the_fit(study: Any) -> None:
    cohort, folds, mask = study
    fit = job(cohort, mask, folds)
    assert len(fit.eta_replicates_MBK) == QUICK.replicates > 1
    np.testing.assert_allclose(fit.eta_replicates_MBK.mean(axis=0), fit.eta_full, rtol=1e-12, atol=1e-12)
    assert not np.allclose(fit.eta_replicates_MBK[0], fit.eta_replicates_MBK[1])
    assert len(job(cohort, no_interaction(cohort.genes), folds).eta_replicates_MBK) == 0


def test_folds_and_repeats_have_seeds_of_their_own(study: Any) -> None:
    cohort, folds, mask = study
    fits = [job(cohort, mask, folds), job(cohort, mask, folds, 1), job(cohort, mask, folds, study_seed=8)]
    assert fits[0].test_index.tolist() != fits[1].test_index.tolist()
    assert not np.array_equal(fits[0].eta_full, fits[2].eta_full)
    tested = np.sort(np.concatenate([folds.split(0, fold)[1] for fold in range(5)]))
    assert tested.tolist() == list(range(cohort.n_samples))


def test_members_scope_trains_on_its_own_genes_in_its_own_order(study: Any) -> None:
    cohort, folds, mask = study
    genes = (cohort.genes[5], cohort.genes[0], cohort.genes[9])
    member = replace(mask, genes=genes, layers=(EdgeTable.build([0, 2], [1, 0]),))
    on_all, on_its_own = job(cohort, member, folds), job(cohort.with_genes(genes), member, folds)
    assert same(on_all, on_its_own)


def test_three_classes_two_channels_and_missing_values() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((240, 5, 2)).astype(np.float32)
    values[:, :, 1] = rng.random((240, 5)) < 0.2
    score = values[:, 0, 0] * values[:, 1, 0] + values[:, 2, 1]
    codes = np.searchsorted(np.quantile(score, [1 / 3, 2 / 3]), score).astype(float)
    values[rng.random(values.shape) < 0.05] = np.nan
    samples = tuple(f"s{i}" for i in range(240))
    cohort = Cohort(
        samples=samples,
        genes=tuple("abcde"),
        channels=("expression", "mutation"),
        values_BGC=values,
        covariates=pd.DataFrame({"age": rng.normal(60, 9, 240)}, index=list(samples)),
        phenotype=Phenotype("response", "classes", codes, ("low", "mid", "high")),
        groups=np.array([f"p{i // 2}" for i in range(240)]),
        strata=pd.DataFrame(index=list(samples)),
    )
    folds = make_folds(cohort, n_folds=4, n_repeats=1, seed=0)
    mask = Mask("two edges", cohort.genes, (EdgeTable.build([0, 3], [1, 4]),))
    fit = job(cohort, mask, folds, training=TrainingConfig())
    assert fit.eta_full.shape == (len(fit.test_index), 3)
    assert (fit.y_center, fit.y_scale) == (0, 1)
    assert loss(fit, cohort, fit.eta_full) < 0.9 * loss(fit, cohort, fit.eta_gene_free)


@pytest.mark.parametrize("kind", ["continuous", "binary", "counts", "survival"])
def test_twenty_samples_with_one_covariate_are_enough_to_run(kind: Any) -> None:
    graph = random_graph(6, 5, seed=0)
    config = SimulationConfig(n_samples=20, n_covariates=1, covariate_r2=0.2, kind=kind, n_extra_genes=4)
    cohort = simulate_cohort(graph, config).cohort
    mask, _ = compile_mask(graph, cohort.genes, n_layers=1)
    folds = make_folds(cohort, n_folds=5, n_repeats=1, seed=0)
    for fold in range(5):
        fit = job(cohort, mask, folds, fold)
        for eta in (fit.eta_full, fit.eta_additive, fit.eta_gene_free):
            assert eta.shape == (len(fit.test_index), cohort.phenotype.family.n_predicted)
            assert np.isfinite(eta).all()
        assert 0 <= fit.numbers["shrinkage"] <= 1


def test_numbers_of_a_job_can_be_stored(study: Any) -> None:
    cohort, folds, mask = study
    for each in (mask, no_interaction(cohort.genes)):
        fit = job(cohort, each, folds)
        assert all(isinstance(value, float | int | str) for value in fit.numbers.values())
        assert {"shrinkage", "epochs", "trainings", "additive_penalty", "calibration_slope"} <= set(fit.numbers)
