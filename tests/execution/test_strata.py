"""Strata: covariates come back from the run folder as they were, and copies of a sample count once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_learner import FIT

from hypomask.data.splits import make_folds
from hypomask.execution.parquet_files import read_parquet, write_parquet
from hypomask.execution.prepare import prepare
from hypomask.execution.run import compare, open_run
from hypomask.execution.strata import Strata
from hypomask.execution.study import load_study


def run(study: Path, out: Path) -> Any:
    return compare(study, out, jobs=1, device="cpu", fit=FIT)


@pytest.fixture
def with_covariates(study_file: Path) -> Path:
    """The small study with a category, a number with gaps, and a number of two values."""
    samples = study_file.parent / "samples.tsv"
    lines = samples.read_text().splitlines()
    stage, smoker = ["I", "II", "III"], ["0", "1"]
    rows = [f"{line}\t{stage[i % 3]}\t{i if i % 9 else 'NA'}\t{smoker[i % 2]}" for i, line in enumerate(lines[1:])]
    samples.write_text("\n".join([lines[0] + "\tstage\tage\tsmoker", *rows]) + "\n")
    text = study_file.read_text()
    study_file.write_text(text.replace("hypotheses:", "  covariates: [stage, age, smoker]\nhypotheses:"))
    return study_file


def test_categories_and_numbers_are_told_apart_and_come_back(with_covariates: Path, tmp_path: Path) -> None:
    prepared = prepare(load_study(with_covariates))
    strata = Strata.of(prepared.cohort, prepared.folds)
    assert list(strata.categories) == ["stage", "smoker"]
    assert list(strata.numbers) == ["age"]
    assert strata.unit is None
    write_parquet(tmp_path / "x.parquet", strata.columns(), strata.about(), "strata")
    back = Strata.read(*read_parquet(tmp_path / "x.parquet", "strata"))
    for name, level_B in strata.categories.items():
        assert back.categories[name].tolist() == level_B.tolist()
    np.testing.assert_array_equal(back.numbers["age"], strata.numbers["age"])
    np.testing.assert_array_equal(back.block, strata.block)


def test_subgroups_are_in_the_answer_and_in_a_table(with_covariates: Path, tmp_path: Path) -> None:
    result = run(with_covariates, tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / "tables" / "subgroups.tsv", sep="\t")
    assert set(table["covariate"]) == {"stage", "smoker", "age"}
    assert set(table["hypothesis"]) == {"truth", "rival"}
    assert len(table) == 2 * (3 + 2 + 2)
    content = json.loads((tmp_path / "run" / "results.json").read_text())
    assert len(content["comparison"]["subgroups"]["heterogeneity"]) == 3 * 2
    assert open_run(tmp_path / "run").as_dict() == json.loads(json.dumps(result.as_dict()))


def test_copies_of_samples_count_once(study_file: Path, tmp_path: Path) -> None:
    for name in ("expression.tsv", "samples.tsv"):
        file = study_file.parent / name
        head, *lines = file.read_text().splitlines()
        rows = [f"{name}{copy}\t{rest}" for line in lines for name, rest in [line.split("\t", 1)] for copy in "abcde"]
        file.write_text("\n".join([head, *rows]) + "\n")
    result = run(study_file, tmp_path / "run")
    comparison = result.comparison
    assert (comparison.n_samples, comparison.n_groups, comparison.unit) == (450, 90, "distinct sample")
    prepared = prepare(load_study(study_file))
    folds = make_folds(prepared.cohort, n_folds=3, n_repeats=2, seed=0)
    assert len(np.unique(Strata.of(prepared.cohort, folds).unit)) == 90
    assert "with 90 distinct samples (fewer than 100)" in " ".join(r.sentence for r in comparison.verdict.reasons)
    assert open_run(tmp_path / "run").comparison.n_groups == 90
