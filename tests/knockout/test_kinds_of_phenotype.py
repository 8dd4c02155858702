"""Knockouts for every kind of phenotype: in its own terms, over all outputs, against its own predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from trained import GENES, write_study

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.errors import ConfigError, HypothesisError
from hypomask.execution.run import compare
from hypomask.execution.study import load_study
from hypomask.knockout.asking import ScanOptions
from hypomask.knockout.epistasis import scan_pairs
from hypomask.knockout.interventions import dose, isolate, knockout
from hypomask.knockout.levels import Levels
from hypomask.knockout.scan import scan
from hypomask.knockout.trained_run import TrainedRun, open_trained
from hypomask.outcomes.survival_times import signed_times

QUICK = {"folds": 2, "repeats": 1, "nulls": 0, "unconstrained": False}
ALL = [knockout(gene) for gene in GENES]


def run_of(folder: Path, phenotype: Phenotype | None = None, kind: str = "binary", **plan: object) -> TrainedRun:
    """A quick run whose phenotype is of this kind, or is replaced by `phenotype`."""
    study = load_study(write_study(folder / "inputs", kind=kind, n=90)).with_plan(**{**QUICK, **plan})
    if phenotype is None:
        compare(study, folder / "run", jobs=1, device="cpu")
        return open_trained(folder / "run")
    from dataclasses import replace

    cohort: Cohort = replace(study.read_cohort()[0], phenotype=phenotype)
    compare(study, folder / "run", jobs=1, device="cpu", cohort=cohort)
    return open_trained(folder / "run", cohort=cohort)


def test_of_events_the_unit_is_a_probability(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    found = scan(run, [dose("G8", 0), dose("G8", 3.0)][:1], "truth", ScanOptions(levels=Levels("maximum")))
    assert found.unit == "probability of yes"
    row = found.table.loc["G8"]
    assert row["effect"] > 0
    assert 0 < row["unit_effect"] < 1
    before = float(found.summary.before_K[0])
    assert 0.2 < before < 0.8
    logit = np.log(before / (1 - before))
    assert row["unit_effect"] == pytest.approx(expit(logit + row["effect"]) - before, abs=0.15)


def test_classes_have_an_effect_each_and_they_cancel(tmp_path: Path) -> None:
    run = run_of(tmp_path, kind="classes")
    found = scan(run, ALL[:3] + ALL[8:], "truth")
    table = found.table
    assert sorted(set(table["output"])) == ["high", "low", "mid"]
    assert len(table) == 12
    by_gene = table.groupby(level=0)[["effect", "unit_effect"]].sum()
    np.testing.assert_allclose(by_gene, 0.0, atol=1e-5)
    with pytest.raises(ConfigError, match="3 outputs"):
        scan_pairs(run, ALL, hypothesis="truth")


@pytest.mark.parametrize("kind", ["counts", "survival", "discrete-survival"])
def test_counts_and_times_have_units_of_their_own(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    times = signed_times(rng.exponential(1, 90) + 0.01, rng.random(90) < 0.8)
    phenotypes = {
        "counts": Phenotype("cells", "counts", rng.poisson(3, 90).astype(float)),
        "survival": Phenotype("time", "survival", times),
        "discrete-survival": Phenotype("visit", "discrete-survival", np.sign(times) * np.ceil(np.abs(times) * 3)),
    }
    run = run_of(tmp_path, phenotypes[kind])
    table = scan(run, ALL, "truth").table
    assert np.isfinite(table[["effect", "unit_effect"]].to_numpy()).all()
    assert (np.sign(table["effect"]) == np.sign(table["unit_effect"])).mean() > 0.7
    if kind != "counts":
        assert table["unit_effect"].abs().max() <= 1


def test_several_phenotypes_are_scanned_one_at_a_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    parts = [
        Phenotype("a", "continuous", rng.standard_normal(90)),
        Phenotype("b", "binary", rng.integers(0, 2, 90) + 0.0, ("n", "y")),
    ]
    run = run_of(tmp_path, Phenotype.several(parts))
    first = scan(run, ALL, "truth")
    assert first.phenotype == "a"
    second = scan(run, ALL, "truth", ScanOptions(phenotype="b"))
    assert second.unit == "probability of y"
    with pytest.raises(ConfigError, match="no phenotype 'c'; this run has a, b"):
        scan(run, ALL, "truth", ScanOptions(phenotype="c"))


def test_masked_genes_respond_where_the_mask_lets_them(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path / "inputs", n=90)).with_plan(**QUICK)
    cohort = study.read_cohort()[0]
    from dataclasses import replace

    rng = np.random.default_rng(2)
    values = cohort.values_BGC.copy()
    values[:, 1, 0] = values[:, 0, 0] + 0.3 * rng.standard_normal(90)  # G0 -> G1
    values[3, 2, 0] = np.nan
    cohort = replace(cohort, values_BGC=values)
    cohort = replace(cohort, phenotype=Phenotype.masked_genes(cohort.genes, values[:, :, 0]))
    compare(study, tmp_path / "run", jobs=1, device="cpu", cohort=cohort)
    run = open_trained(tmp_path / "run", cohort=cohort)
    found = scan(run, [dose("G0", 0), isolate("G1")], "truth")
    table = found.table.reset_index().set_index(["intervention", "output"])["effect"]
    assert table["G0"].abs().idxmax() == "G1"
    assert table["G0", "G1"] < -0.5, "as low as G0 has ever been"
    others = table["G0"].drop("G1")
    np.testing.assert_allclose(others, 0.0, atol=1e-9)
    assert table["G1"].drop("G1").abs().max() < 1e-9, "nobody reads G1"
    assert not any("tells nothing" in note for note in scan(run, [dose("G0", 0)], "truth").notes)
    gone = scan(run, [knockout("G0"), knockout("G1")], "truth")
    rows = gone.table.reset_index().set_index(["intervention", "output"])
    assert rows.loc[("G0", "G1"), "mediated_rms"] > 10 * abs(rows.loc[("G0", "G1"), "effect"]), "missed up and down"
    assert any("--dose 0 keeps the edges" in note for note in gone.notes)
    assert rows.loc[("G1", "G1"), "mediated_rms"] == 0, "a gene that is gone is not predicted from others"


def test_genes_that_are_no_tokens_are_told_from_genes_that_are_not_measured(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path / "inputs", n=90)).with_plan(**QUICK, genes="named")
    compare(study, tmp_path / "run", jobs=1, device="cpu")
    run = open_trained(tmp_path / "run")
    with pytest.raises(HypothesisError, match=r"gene 'G8' was measured, but is not among the 8 genes of 'truth'"):
        scan(run, [knockout("G8")], "truth")
