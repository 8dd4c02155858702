"""Scans of trained models: right numbers, stated conditions, resumable, and every obstacle named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from trained import GENES

from hypomask.errors import ConfigError, DataError, HypothesisError, RunError
from hypomask.execution.jobs import Job
from hypomask.execution.progress import Silent
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.effect_store import EffectStore, JobEffects
from hypomask.knockout.interventions import dose, isolate, joint, knockout, remove_edge
from hypomask.knockout.levels import Levels, at_dose
from hypomask.knockout.model_effects import Samples, Scanner
from hypomask.knockout.network import layouts_of
from hypomask.knockout.recompute import edited_layouts
from hypomask.knockout.scan import ScanOptions, scan
from hypomask.knockout.scan_result import Scan
from hypomask.knockout.trained_run import TrainedRun, open_trained
from hypomask.knockout.where import Where
from hypomask.training.fold_model import FoldModel

ALL = [knockout(gene) for gene in GENES]


@pytest.fixture(scope="module")
def all_genes(trained_run: TrainedRun) -> Scan:
    """Every gene knocked out under the planted hypothesis."""
    return scan(trained_run, ALL, "truth")


def one_model(run: TrainedRun) -> tuple[FoldModel, np.ndarray]:
    """A model of the planted hypothesis that adds something, and the samples it held out."""
    for one in run.models(run.model("truth")):
        model = run.load(one)
        assert isinstance(model, FoldModel)
        if model.fitted.shrinkage > 0:
            return model, run.prepared.folds.split(one.job.repeat, one.job.fold)[1]
    raise AssertionError("no model of the planted hypothesis adds anything")


def samples_of(run: TrainedRun, index: np.ndarray, levels: Levels) -> Samples:
    cohort = run.cohort
    z_BP = cohort.covariates.to_numpy(dtype=np.float64)
    return Samples(cohort.values_BGC[index], z_BP[index], levels.values(cohort.values_BGC, cohort.channels))


@pytest.mark.parametrize("level", ["minimum", "maximum", "zero", "absent", "q0.25", "1.5"])
def test_a_silenced_gene_is_predicted_as_a_sample_measured_so(trained_run: TrainedRun, level: str) -> None:
    model, index = one_model(trained_run)
    samples = samples_of(trained_run, index, Levels(level))
    interventions = [*(dose(gene, 0) for gene in GENES), joint(dose("G0", 0.5), dose("G1", 2.0))]
    compiled = compile_interventions(interventions, model.mask)
    found = Scanner(model.mask, trained_run.prepared.study.model, compiled).effects(
        model, trained_run.cohort.phenotype, samples
    )
    before = model.predict(samples.values_BGC, samples.z_BP)
    for item, intervention in enumerate(interventions):
        dose_G = np.ones(len(GENES))
        for edit in intervention.edits:
            dose_G[GENES.index(edit.gene)] = edit.dose
        edited = at_dose(samples.values_BGC, samples.level_GC, model.scaling, dose_G)
        after = model.predict(edited, samples.z_BP)
        total = found.direct_IKB[item] + found.mean_mediated()[item]
        np.testing.assert_allclose(total, (after.full - before.full).T, atol=2e-6)
        own, z_BP = model.fitted.own_terms(), model.scaling.covariates(samples.z_BP)
        by_itself = own.predict(model.scaling.genes(edited), z_BP) - own.predict(
            model.scaling.genes(samples.values_BGC), z_BP
        )
        np.testing.assert_allclose(found.direct_IKB[item], by_itself.T, atol=1e-12)
        np.testing.assert_allclose(found.unit_IKB[item], total * model.y_scale, atol=1e-12)


def test_a_knockout_is_its_own_term_and_the_whole_model_without_its_edges(trained_run: TrainedRun) -> None:
    model, index = one_model(trained_run)
    samples = samples_of(trained_run, index, Levels())
    config = trained_run.prepared.study.model
    layouts = layouts_of(model.mask, config)
    compiled = compile_interventions([*ALL, isolate("G2"), remove_edge("G0", "G1")], model.mask)
    found = Scanner(model.mask, config, compiled).effects(model, trained_run.cohort.phenotype, samples)
    for m, replicate in enumerate(model.fitted.replicates):
        network = replicate.double()
        for item in range(compiled.edits.n_items):
            x = torch.from_numpy(model.scaling.genes(samples.values_BGC)).double()
            edited = x.clone()
            if item < len(GENES):
                level = np.broadcast_to(samples.level_GC.astype(np.float32), samples.values_BGC.shape)
                edited[:, item] = torch.from_numpy(model.scaling.genes(np.ascontiguousarray(level)))[:, item].double()
            with torch.no_grad():
                change = network(edited, edited_layouts(layouts, compiled.edits, item)) - network(x, layouts)
            expected = model.fitted.shrinkage * change.numpy().T
            np.testing.assert_allclose(found.mediated_MIKB[m, item], expected, atol=1e-12)
    np.testing.assert_array_equal(found.direct_IKB[len(GENES) :], 0.0)


def test_genes_that_matter_are_found_and_others_are_not(all_genes: Scan) -> None:
    table = all_genes.table
    assert table.index[0] == "G8"
    assert table.loc["G8", "p"] < 0.1
    assert table.loc["G8", "effect"] < -0.5, "at its minimum the response is lower"
    assert table.loc["G8", "consistency"] == 1
    assert abs(table.loc["G8", "mediated"]) < 0.2 * abs(table.loc["G8", "direct"])
    interacting = table.loc[["G0", "G1", "G2", "G3"], "mediated_rms"]
    assert interacting.min() > 5 * table.loc[["G4", "G5", "G6", "G7"], "mediated_rms"].max()
    assert (interacting > 3 * table.loc[["G0", "G1", "G2", "G3"], "mediated"].abs()).all(), "up here and down there"
    np.testing.assert_allclose(table["effect"], table["direct"] + table["mediated"], atol=1e-6)
    assert table.loc["G8", "touched"] == 1
    assert table.loc["G0", "touched"] == 2


def test_the_estimate_is_the_mean_over_samples_of_the_mean_over_repeats(all_genes: Scan) -> None:
    np.testing.assert_allclose(
        all_genes.summary.effect.mean, all_genes.summary.by_sample_JB.mean(axis=1, dtype=np.float64), atol=1e-7
    )
    assert all_genes.summary.n_models == 3 * 2 * 2
    first = all_genes.table.loc["G8", "responders"].split("; ")[0]
    sample, effect = first.split(" (")
    at = all_genes.samples.index(sample)
    assert float(effect[:-1]) == pytest.approx(float(all_genes.summary.by_sample_JB[8, at]), rel=0.01)
    assert abs(float(effect[:-1])) == pytest.approx(float(np.abs(all_genes.summary.by_sample_JB[8]).max()), rel=0.01)


def test_null_models_are_the_yardstick_where_they_were_kept(all_genes: Scan, trained_run: TrainedRun) -> None:
    assert all_genes.yardstick is not None
    assert all_genes.yardstick.n_draws == 3
    table = all_genes.table
    assert (table["null_p"] >= 1 / (1 + 3 * 9)).all()
    assert table.loc["G8", "null_p"] == 1, "it has no edge"
    assert table.loc[["G0", "G1", "G2", "G3"], "null_p"].max() < 0.3
    without = scan(trained_run, ALL, "truth", ScanOptions(nulls=False))
    assert "null_p" not in without.table
    assert any("against an effect of 0" in note for note in without.notes)


def test_everything_is_stated(all_genes: Scan) -> None:
    about = json.loads(json.dumps(all_genes.as_dict(), allow_nan=False))
    assert about["reference_level"] == "measured minimum of the gene in the cohort"
    assert about["samples"] == "all samples"
    assert about["n_samples"] == 150
    assert about["unit"] == "unit of response"
    assert {row["action"] for row in about["effects"]} == {"knockout"}
    assert len(about["effects"]) == 9


def test_strata_and_samples_restrict_what_is_averaged(trained_run: TrainedRun, all_genes: Scan) -> None:
    women = scan(trained_run, ALL[8:], "truth", ScanOptions(where=Where({"sex": "F"}), nulls=False))
    men = scan(trained_run, ALL[8:], "truth", ScanOptions(where=Where({"sex": "M"}), nulls=False))
    share = len(women.samples) / 150
    both = share * women.summary.effect.mean + (1 - share) * men.summary.effect.mean
    np.testing.assert_allclose(both, all_genes.summary.effect.mean[8:], atol=1e-6)
    one = scan(trained_run, ALL[8:], "truth", ScanOptions(where=Where(samples=("s003",)), nulls=False))
    assert one.where == "s003"
    assert np.isnan(one.table["low"]).all()
    assert any("no intervals" in note for note in one.notes)
    at = all_genes.samples.index("s003")
    assert one.summary.effect.mean[0] == pytest.approx(all_genes.summary.by_sample_JB[8, at], abs=1e-6)


def test_a_scan_that_was_stopped_goes_on_where_it_was(
    trained_run: TrainedRun, all_genes: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Job] = []

    def counting(self: EffectStore, job: Job, effects: JobEffects, *, stop_after: int = 100) -> None:
        if len(asked) == stop_after:
            raise KeyboardInterrupt
        asked.append(job)
        write(self, job, effects)

    write: Callable[..., None] = EffectStore.write
    options = ScanOptions(nulls=False)
    others = set(trained_run.folder.knockouts.glob("unfinished-*"))  # other tests ask the same run
    monkeypatch.setattr(EffectStore, "write", lambda self, job, found: counting(self, job, found, stop_after=4))
    with pytest.raises(KeyboardInterrupt):
        scan(trained_run, ALL, "truth", options)
    monkeypatch.setattr(EffectStore, "write", counting)
    again = scan(trained_run, ALL, "truth", options)
    assert len(asked) == 6
    assert len(set(asked)) == 6
    np.testing.assert_array_equal(again.summary.effect.mean, all_genes.summary.effect.mean)
    assert set(trained_run.folder.knockouts.glob("unfinished-*")) == others


class Told(Silent):
    """Counts what a scan says of its progress."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.steps = 0

    def begin(self, stage: str, total: int, done: int = 0) -> None:
        self.stages.append((stage, total))

    def advance(self) -> None:
        self.steps += 1


def test_progress_is_told_by_model(trained_run: TrainedRun) -> None:
    told = Told()
    scan(trained_run, ALL[:1], "truth", progress=told)
    assert told.stages[0] == ("truth: models", 6)
    assert [total for _, total in told.stages] == [6, 3, 3, 3, 3]
    assert told.steps == 18


def test_the_leading_hypothesis_is_asked_unless_another_is_named(trained_run: TrainedRun) -> None:
    assert scan(trained_run, ALL[:1], options=ScanOptions(nulls=False)).hypothesis == "truth"
    additive = scan(trained_run, ALL, "no-interaction", ScanOptions(nulls=False))
    assert not additive.summary.mediated.mean.any()
    assert any("nothing goes through the mask" in note for note in additive.notes)
    with pytest.raises(ConfigError, match=r"no hypothesis 'trut'.*Did you mean 'truth'"):
        scan(trained_run, ALL, "trut")


def test_genes_that_cannot_be_knocked_out_are_named_with_the_reason(trained_run: TrainedRun) -> None:
    with pytest.raises(DataError, match=r"gene 'G88' is not in the data. Did you mean 'G8'"):
        scan(trained_run, [knockout("G88")], "truth")
    with pytest.raises(HypothesisError, match=r"edge G1 -> G0 is not in the mask of 'truth'; the edge G0 -> G1 there"):
        scan(trained_run, [remove_edge("G1", "G0")], "truth")
    with pytest.raises(HypothesisError, match="nothing to knock out"):
        scan(trained_run, [], "truth")
    with pytest.raises(ConfigError, match="asked for twice"):
        scan(trained_run, [knockout("G1"), isolate("G1")], "truth")
    with pytest.raises(ConfigError, match=r"stratum age: no categorical covariate.*there are: sex"):
        scan(trained_run, ALL, "truth", ScanOptions(where=Where({"age": "F"})))
    with pytest.raises(ConfigError, match="has the levels F, M"):
        scan(trained_run, ALL, "truth", ScanOptions(where=Where({"sex": "female"})))
    with pytest.raises(ConfigError, match="explains 'response' alone"):
        scan(trained_run, ALL, "truth", ScanOptions(phenotype="height"))


def test_a_folder_without_a_run_and_data_that_changed_are_refused(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run is in this folder"):
        open_trained(tmp_path)
    expression = run_folder.parent / "inputs" / "expression.tsv"
    text = expression.read_text()
    try:
        expression.write_text(text.replace("s000\t", "s000\t9", 1))
        with pytest.raises(RunError, match="another study or other data"):
            open_trained(run_folder)
        expression.unlink()
        with pytest.raises(RunError, match=r"expression.tsv is not where the run's study.yaml says"):
            open_trained(run_folder)
    finally:
        expression.write_text(text)


def test_a_run_that_was_copied_without_its_data_says_where_to_write_them(run_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "run"
    shutil.copytree(run_folder, copy)
    with pytest.raises(RunError, match=r"is not where the run's study.yaml says.*Write in .*elsewhere/run/study.yaml"):
        open_trained(copy)
    inputs = run_folder.parent / "inputs"
    study = copy / "study.yaml"
    study.write_text(study.read_text().replace("../inputs", str(inputs)))
    assert open_trained(copy).names == open_trained(run_folder).names
    (tmp_path / "others").mkdir()
    for file in inputs.iterdir():
        (tmp_path / "others" / file.name).write_text(file.read_text().replace("0.1", "0.2"))
    study.write_text(study.read_text().replace(str(inputs), str(tmp_path / "others")))
    with pytest.raises(RunError, match="another study or other data"):
        open_trained(copy)
