"""Runs whose measurements are streamed: the verdict of the run in memory, through workers, stops and kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_learner import FIT
from small_study import write_study

from hypomask.data import memory, streamed_rows
from hypomask.data.scratch import PREFIX
from hypomask.execution.dry_run import dry_run
from hypomask.execution.run import compare
from hypomask.execution.study import dump_study, load_study
from hypomask.execution.study_result import StudyResult
from hypomask.knockout import trained_run
from hypomask.knockout.interventions import knockout
from hypomask.knockout.scan import scan
from hypomask.knockout.trained_run import open_trained

ROOT = Path(__file__).resolve().parents[2]


def write_stored(folder: Path, kind: str = "binary", n: int = 120, extra_genes: int = 0) -> Path:
    """The small study with its measurements in an .h5ad file, by rows, and genes that no hypothesis names."""
    anndata = pytest.importorskip("anndata")
    import scipy.sparse as sp

    study = write_study(folder, kind=kind, n=n)
    frame = pd.read_csv(folder / "expression.tsv", sep="\t", index_col=0)
    others = np.random.default_rng(0).poisson(0.5, (n, extra_genes))
    frame = pd.concat(
        [frame, pd.DataFrame(others, index=frame.index, columns=[f"X{j}" for j in range(extra_genes)])], axis=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        var, obs = pd.DataFrame(index=frame.columns), pd.DataFrame(index=frame.index)
        anndata.AnnData(X=sp.csr_matrix(frame.to_numpy(float)), obs=obs, var=var).write_h5ad(folder / "expression.h5ad")
    study.write_text(study.read_text().replace("expression.tsv}", "expression.h5ad}\n  streaming: auto"))
    return study


def run(study: Path, out: Path, streaming: str, **options: Any) -> StudyResult:
    text = study.read_text().replace("streaming: auto", f"streaming: {streaming}")
    said = study.with_name(f"{streaming}.yaml")
    said.write_text(text)
    return compare(said, out, **{"jobs": 1, "device": "cpu", **options})


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_the_verdict_is_that_of_the_run_in_memory(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_rows, "HELD_VALUES", 0)
    monkeypatch.setattr(streamed_rows, "ROWS_VALUES", 100)
    study = write_stored(tmp_path / "inputs", kind)
    study.write_text(study.read_text().replace("repeats: 2, nulls: 4", "repeats: 1, nulls: 2"))
    held, streamed = (run(study, tmp_path / how, how) for how in ("never", "always"))
    assert held.environment["measurements"] == "in memory"
    assert streamed.environment["measurements"] == "streamed from disk"
    assert held.comparison.verdict.code == streamed.comparison.verdict.code
    for one, two in zip(held.comparison.hypotheses, streamed.comparison.hypotheses, strict=True):
        assert (one.name, one.code) == (two.name, two.code)
        assert one.skill == pytest.approx(two.skill, abs=2e-3)
    assert held.data == streamed.data
    assert not list((tmp_path / "always").glob(f"{PREFIX}*"))

    # Either can be opened with its measurements streamed or not: they are the same data.
    monkeypatch.setattr(trained_run, "VALUES_AT_ONCE", 100)
    scanned = []
    for available in (2**40, 1):
        monkeypatch.setattr(memory, "available_memory", lambda free=available: free)
        opened = open_trained(tmp_path / "never")
        text = (tmp_path / "never" / "study.yaml").read_text()
        (tmp_path / "never" / "study.yaml").write_text(text.replace("streaming: never", "streaming: auto"))
        opened = open_trained(tmp_path / "never")
        assert (opened.cohort.streamed is not None) is (available == 1)
        scanned.append(scan(opened, [knockout("G0"), knockout("G1")], "truth").summary)
    np.testing.assert_allclose(scanned[0].effect.mean, scanned[1].effect.mean, atol=1e-6)
    np.testing.assert_allclose(scanned[0].by_sample_JB, scanned[1].by_sample_JB, atol=1e-5)


def test_workers_map_the_file_and_give_what_one_process_gives(tmp_path: Path) -> None:
    study = write_stored(tmp_path / "inputs")
    by_jobs = {jobs: run(study, tmp_path / f"by-{jobs}", "always", jobs=jobs, fit=FIT) for jobs in (1, 2)}
    assert (tmp_path / "by-1" / "results.json").read_bytes() == (tmp_path / "by-2" / "results.json").read_bytes()
    assert by_jobs[2].environment["workers"] == 2
    assert not list((tmp_path / "by-2").glob(f"{PREFIX}*"))
    assert not list((tmp_path / "by-2" / "work").iterdir())


def test_only_named_genes_are_kept_where_only_they_are_in_the_models(tmp_path: Path) -> None:
    study = write_stored(tmp_path / "inputs", extra_genes=30)
    study.write_text(study.read_text().replace("plan: {", "plan: {genes: named, "))
    held, streamed = (run(study, tmp_path / how, how, fit=FIT) for how in ("never", "always"))
    assert held.data == streamed.data
    assert held.data["counts"]["genes"] == 38
    assert [row.as_dict() for row in held.coverage] == [row.as_dict() for row in streamed.coverage]
    assert held.warnings == streamed.warnings


class Interrupting:
    """Stops a run after some jobs, as Ctrl-C does."""

    def __init__(self, after: int) -> None:
        self.left = after

    def begin(self, stage: str, total: int, done: int = 0) -> None: ...

    def resize(self, total: int) -> None: ...

    def say(self, message: str) -> None: ...

    def end(self) -> None: ...

    def advance(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("first", [1, 2**40])
def test_a_run_goes_on_as_it_began_whatever_memory_is_free_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    study = write_stored(tmp_path / "inputs")
    out = tmp_path / "run"
    monkeypatch.setattr(memory, "available_memory", lambda: first)
    with pytest.raises(KeyboardInterrupt):
        run(study, out, "auto", fit=FIT, progress=Interrupting(5))
    monkeypatch.setattr(memory, "available_memory", lambda: 2**41 // first)
    result = run(study, out, "auto", fit=FIT)
    assert result.environment["measurements"] == ("streamed from disk" if first == 1 else "in memory")
    assert result.environment["jobs_done"] > 5
    again = run(study, out, "auto", fit=FIT, fresh=True)
    assert again.environment["measurements"] == ("in memory" if first == 1 else "streamed from disk")


def test_killed_while_the_file_is_written_it_is_written_again(tmp_path: Path) -> None:
    study = write_stored(tmp_path / "inputs")
    study.write_text(study.read_text().replace("streaming: auto", "streaming: always"))
    program = (
        "import os, sys\n"
        "from hypomask.data import stored_values, survey\n"
        "from hypomask.execution.run import compare\n"
        "stored_values.CHUNK_VALUES = 100\n"
        "add, calls = survey.Survey.add, []\n"
        "def killing(*arguments):\n"
        "    calls.append(1)\n"
        "    add(*arguments)\n"
        "    if len(calls) == 4: os.kill(os.getpid(), 9)\n"
        "survey.Survey.add = killing\n"
        "compare(sys.argv[1], sys.argv[2], jobs=1, device='cpu')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", program, str(study), str(tmp_path / "run")]
    died = subprocess.run(arguments, env=environment, check=False, capture_output=True)
    assert died.returncode == -9, died.stderr.decode()
    (left,) = (tmp_path / "run").glob(f"{PREFIX}*")
    assert (left / "values.f32").exists()
    result = compare(study, tmp_path / "run", jobs=1, device="cpu", fit=FIT)
    undisturbed = compare(study, tmp_path / "other", jobs=1, device="cpu", fit=FIT)
    assert (tmp_path / "run" / "results.json").read_bytes() == (tmp_path / "other" / "results.json").read_bytes()
    assert result.comparison.verdict == undisturbed.comparison.verdict
    assert not list((tmp_path / "run").glob(f"{PREFIX}*"))


def test_the_setting_is_read_written_and_shown(tmp_path: Path) -> None:
    study = write_stored(tmp_path / "inputs")
    study.write_text(study.read_text().replace("streaming: auto", "streaming: always"))
    loaded = load_study(study)
    assert loaded.data is not None
    assert loaded.data.streaming == "always"
    assert "streaming: always" in dump_study(loaded)
    plan = dry_run(study, jobs=1, device="cpu", fit=FIT, time_one=False)
    assert plan.streamed
    assert json.loads(json.dumps(plan.as_dict()))["streamed"] is True
