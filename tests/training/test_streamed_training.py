"""Models trained on streamed measurements are those trained in memory, within rounding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from hypomask.data import streamed_rows
from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.scaling import GeneSums, fit_scaling
from hypomask.data.scratch import Scratch
from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort
from hypomask.data.splits import make_folds
from hypomask.data.standardize import prepare_fold
from hypomask.data.streamed import Streamed, write_values
from hypomask.data.streamed_rows import StreamedRows
from hypomask.masks.compile import compile_mask
from hypomask.model.config import ModelConfig
from hypomask.outcomes.classes import Binary
from hypomask.training import closed_form, streamed_fits
from hypomask.training.additive import fit_additive
from hypomask.training.config import TrainingConfig
from hypomask.training.curves import fit_curves
from hypomask.training.job import fit_fold, fit_folds
from hypomask.training.penalised import penalised_path
from hypomask.training.streamed_additive import fit_streamed_additive
from hypomask.training.streamed_design import StreamedDesign, streamed_curves
from hypomask.training.streamed_fits import StreamedFits
from hypomask.training.streamed_tensor import StreamedTensor, chosen, on_device, part_by_part

GRAPH = random_graph(12, 8, seed=2)
KINDS = ("continuous", "binary", "classes", "counts", "survival", "discrete-survival", "several")


@pytest.fixture(autouse=True)
def _nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_rows, "HELD_VALUES", 0)
    monkeypatch.setattr(streamed_rows, "ROWS_VALUES", 700)  # some 60 samples at a time


def simulated(kind: str, n: int = 300) -> Cohort:
    """A cohort with a covariate, a gap and a binary gene."""
    config = SimulationConfig(
        n_samples=n,
        interaction_r2=0.5,
        main_r2=0.2,
        covariate_r2=0.1,
        n_covariates=1,
        kind=kind if kind in ("binary", "counts", "survival") else "continuous",  # type: ignore[arg-type]
        seed=5,
    )
    cohort = simulate_cohort(GRAPH, config).cohort
    values_BGC = cohort.values_BGC.copy()
    values_BGC[::7, 3] = np.nan
    values_BGC[:, 5] = values_BGC[:, 5] > 0.5
    phenotype = cohort.phenotype
    y = phenotype.values
    if kind == "classes":
        codes = np.digitize(y, np.quantile(y, [0.3, 0.7])).astype(float)
        phenotype = Phenotype("y", "classes", codes, ("low", "middle", "high"))
    elif kind == "discrete-survival":
        times = simulate_cohort(GRAPH, replace(config, kind="survival")).cohort.phenotype.values
        in_years = np.sign(times) * np.minimum(np.ceil(np.abs(times) / 12), 6)
        phenotype = Phenotype("years", "discrete-survival", in_years)
    elif kind == "several":
        above = Phenotype("high", "binary", (y > np.median(y)).astype(float), ("no", "yes"))
        phenotype = Phenotype.several([phenotype, above])
    return replace(cohort, values_BGC=values_BGC, phenotype=phenotype)


def streamed(cohort: Cohort, folder: Path) -> Cohort:
    """The same cohort with its measurements in a file."""
    scratch = Scratch(folder)
    values_BGC = write_values(scratch.path / "values", cohort.values_BGC.shape)
    values_BGC[:] = cohort.values_BGC
    known = Streamed(scratch.path / "values", "", cohort.genes, cohort.all_row_digests, scratch)
    return replace(cohort, values_BGC=np.asarray(values_BGC), streamed=known)


def trained(cohort: Cohort, **options: Any) -> Any:
    mask, _ = compile_mask(GRAPH, cohort.genes, n_layers=1)
    folds = make_folds(cohort, n_folds=4, n_repeats=1, seed=0)
    training = TrainingConfig(epochs=2)
    return fit_fold(cohort, mask, folds, 0, 1, model=ModelConfig(), training=training, study_seed=7, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_gives_the_same_predictions(tmp_path: Path, kind: str) -> None:
    held = trained(simulated(kind))
    other = trained(streamed(simulated(kind), tmp_path))
    for name in ("eta_additive", "eta_gene_free", "eta_full", "eta_replicates_MBK"):
        one, two = getattr(held, name), getattr(other, name)
        assert one.shape == two.shape
        np.testing.assert_allclose(one, two, atol=2e-3 if name.startswith(("eta_full", "eta_repl")) else 2e-4)
    for name in ("additive_penalty", "additive_curves", "penalty", "started_from", "epochs", "epochs_run"):
        assert held.numbers[name] == other.numbers[name]


def test_a_mask_of_some_genes_in_another_order(tmp_path: Path) -> None:
    cohort = simulated("binary")
    swapped = cohort.with_genes(cohort.genes[::-1])
    some = replace(GRAPH, edges=GRAPH.edges[:3], genes=tuple(sorted(GRAPH.genes)[2:9]), scope="members")
    for one in (cohort, swapped):
        mask, _ = compile_mask(some, one.genes, n_layers=1)
        folds = make_folds(one, n_folds=4, n_repeats=1, seed=0)
        options: dict[str, Any] = {"model": ModelConfig(), "training": TrainingConfig(epochs=1), "study_seed": 7}
        held, other = (fit_fold(c, mask, folds, 0, 1, **options) for c in (one, streamed(one, tmp_path)))
        np.testing.assert_allclose(held.eta_full, other.eta_full, atol=2e-3)


def test_jobs_side_by_side_are_trained_one_by_one(tmp_path: Path) -> None:
    cohort = streamed(simulated("binary"), tmp_path)
    mask, _ = compile_mask(GRAPH, cohort.genes, n_layers=1)
    folds = make_folds(cohort, n_folds=4, n_repeats=1, seed=0)
    options: dict[str, Any] = {"model": ModelConfig(), "training": TrainingConfig(epochs=1), "study_seed": 7}
    one, two = fit_folds(cohort, [mask, mask], folds, [(0, 0), (0, 1)], **options)
    np.testing.assert_array_equal(two.eta_full, fit_fold(cohort, mask, folds, 0, 1, **options).eta_full)  # type: ignore[union-attr]
    assert not isinstance(one, Exception)


# --- parts -------------------------------------------------------------------------------------------------------


def rows_of(cohort: Cohort, folder: Path) -> tuple[StreamedRows, np.ndarray]:
    """Streamed training rows of a fold and the array they stand for."""
    train, test = make_folds(cohort, n_folds=4, n_repeats=1, seed=0).split(0, 0)
    rows = prepare_fold(streamed(cohort, folder), train, test).x_train_BGC
    held = prepare_fold(cohort, train, test).x_train_BGC
    assert isinstance(rows, StreamedRows)
    assert isinstance(held, np.ndarray)
    return rows, held


def test_rows_are_the_standardised_measurements(tmp_path: Path) -> None:
    rows, held = rows_of(simulated("binary"), tmp_path)
    np.testing.assert_allclose(rows.take(np.arange(len(rows))), held, atol=1e-5)
    np.testing.assert_array_equal(np.concatenate([part for _, part in rows.chunks()]), rows.take(np.arange(len(rows))))
    some = rows.of_genes(np.array([4, 1]))
    assert isinstance(some, StreamedRows)
    np.testing.assert_array_equal(
        some.of_samples(np.array([9, 2])).take(np.array([1])), rows.take(np.array([2]))[:, [4, 1]]
    )


def test_few_genes_are_picked_out_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = rows_of(simulated("binary"), tmp_path)
    whole = rows.take(np.array([7, 200, 3]))
    monkeypatch.setattr(streamed_rows, "SCATTERED", 4)
    for genes in ([11, 2], list(range(12)), list(range(11, -1, -1))):
        some = rows.of_genes(np.array(genes))
        assert isinstance(some, StreamedRows)
        np.testing.assert_array_equal(some.take(np.array([7, 200, 3])), whole[:, genes])


def test_few_values_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, held = rows_of(simulated("binary"), tmp_path)
    monkeypatch.setattr(streamed_rows, "HELD_VALUES", 3 * len(rows))
    assert isinstance(rows.of_genes(np.arange(3)), np.ndarray)
    np.testing.assert_allclose(rows.of_genes(np.arange(3)), held[:, :3], atol=1e-5)  # type: ignore[arg-type]
    assert isinstance(rows.of_genes(np.arange(4)), StreamedRows)


def test_sums_of_parts_are_the_sums_of_all() -> None:
    rng = np.random.default_rng(0)
    x_BG = rng.normal(1000, 1, (500, 4)).astype(np.float32)
    x_BG[rng.random(x_BG.shape) < 0.3] = np.nan
    x_BG[:, 2] = 7
    x_BG[:200, 3] = np.nan
    joined = GeneSums.none(4)
    for first in range(0, 500, 60):
        joined = joined.joined(GeneSums.of(x_BG[first : first + 60]))
    for one, two in zip(joined.scale(), GeneSums.of(x_BG).scale(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9)
    assert joined.n_missing == np.isnan(x_BG).sum()
    binary = (rng.random((50, 2)) < 0.02).astype(np.float32)
    assert GeneSums.of(binary[:20]).joined(GeneSums.of(binary[20:])).binary
    assert not GeneSums.of(binary).joined(GeneSums.of(2 + binary)).binary
    assert fit_scaling(binary[:, :, None], np.zeros((50, 0))).factor_GC.max() <= 10.0


def test_curves_are_those_of_the_whole_table(tmp_path: Path) -> None:
    rows, held = rows_of(simulated("binary"), tmp_path)
    one, two = fit_curves(held.reshape(len(held), -1).astype(np.float64), 0.5), streamed_curves(rows)
    assert one is not None
    assert two is not None
    assert 5 not in two.columns.tolist()  # of two values
    for name in ("columns", "mean", "level", "slope", "scale"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=1e-4)
    only_binary = rows.of_genes(np.array([5]))
    assert isinstance(only_binary, StreamedRows)
    assert streamed_curves(only_binary) is None


def test_fewer_samples_than_columns_are_fitted_in_memory(tmp_path: Path) -> None:
    rows, _ = rows_of(simulated("binary", n=40), tmp_path)
    few = rows.of_samples(np.arange(10))
    y, blocks = np.arange(10) % 2.0, np.arange(10)
    arguments: dict[str, Any] = {"family": Binary(), "blocks": blocks, "seed": 3}
    one = fit_streamed_additive(few, np.zeros((10, 0)), y, **arguments)
    two = fit_additive(few.take(np.arange(10)), np.zeros((10, 0)), y, **arguments)
    np.testing.assert_array_equal(one.eta_train, two.eta_train)


@pytest.mark.parametrize("kind", ["counts", "survival", "binary", "classes"])
def test_a_fit_is_that_of_the_whole_table(tmp_path: Path, kind: str) -> None:
    """Also to few of the samples, and from a bound that is far too low, where none is sure."""
    cohort = simulated(kind)
    rows, held = rows_of(cohort, tmp_path)
    family, y = cohort.phenotype.family, cohort.phenotype.values[: len(rows)]
    x_BJ = held.reshape(len(held), -1).astype(np.float64)
    inside_FB = np.stack([np.full(len(y), True), np.arange(len(y)) % 3 == 0])
    fits = StreamedFits(StreamedDesign(rows, np.zeros((len(y), 0)), None), y, family, inside_FB)
    penalties = np.array([0.1, 1e-3])
    begun = [fits.fit(f, penalties) for f in (0, 1)]
    for fit in (*begun[0], *begun[1]):
        fit.bound /= 64 if family.curvature_bound is None else 1
    fits.run([*begun[0], *begun[1]])
    for of_set, inside_B in zip(begun, inside_FB, strict=True):
        assert all(fit.is_done for fit in of_set)
        path = penalised_path(x_BJ[inside_B], y[inside_B], family=family, penalties=penalties)
        one, two = fits.predictors(of_set), path.predict(x_BJ)
        if kind == "classes":  # of class scores only differences matter
            one, two = one - one.mean(axis=-1, keepdims=True), two - two.mean(axis=-1, keepdims=True)
        np.testing.assert_allclose(one, two, atol=1e-3)


def test_steps_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = rows_of(simulated("binary"), tmp_path)
    y = simulated("binary").phenotype.values[: len(rows)]
    fits = StreamedFits(StreamedDesign(rows, np.zeros((len(y), 0)), None), y, Binary(), np.full((1, len(y)), True))
    monkeypatch.setattr(streamed_fits, "MAX_STEPS", 2)
    begun = fits.fit(0, np.array([1e-4]))
    fits.run(begun)
    assert not begun[0].is_done


def test_tensors_are_loaded_when_they_are_asked_for(tmp_path: Path) -> None:
    rows, _ = rows_of(simulated("binary"), tmp_path)
    whole = torch.from_numpy(rows.take(np.arange(len(rows))))
    x = on_device(rows, torch.device("cpu"))
    assert isinstance(x, StreamedTensor)
    assert len(x) == len(whole)
    positions = torch.tensor([5, 3, 3])
    torch.testing.assert_close(x[positions], whole[positions], rtol=0, atol=0)
    torch.testing.assert_close(x[:4], whole[:4], rtol=0, atol=0)
    later = chosen(x, positions)
    assert isinstance(later, StreamedTensor)
    torch.testing.assert_close(later[:], whole[positions], rtol=0, atol=0)
    for measurements in (x, whole):
        torch.testing.assert_close(torch.cat(list(part_by_part(measurements, 50))), whole, rtol=0, atol=0)
    assert [len(part) for part in part_by_part(whole[:0], 50)] == [0]


def test_the_start_keeps_no_more_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort = streamed(simulated("binary"), tmp_path)
    assert trained(cohort).numbers["started_from"] == 225
    monkeypatch.setattr(closed_form, "STREAMED_START", 1000)
    assert closed_form.FEWEST_ROWS <= trained(cohort).numbers["started_from"] < 225


def test_covariates_are_part_of_the_design(tmp_path: Path) -> None:
    cohort = simulated("continuous")
    cohort = replace(cohort, covariates=pd.DataFrame({"age": np.arange(300.0)}, index=list(cohort.samples)))
    held, other = trained(cohort), trained(streamed(cohort, tmp_path))
    np.testing.assert_allclose(
        held.model.fitted.additive.coefficients, other.model.fitted.additive.coefficients, atol=1e-3
    )
