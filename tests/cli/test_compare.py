"""`hypomask compare` and `hypomask report` on a small study, trained for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


@pytest.fixture
def finished(hypomask: Run, folder: Path) -> Any:
    """What the command printed; the run is in `folder / "run"`."""
    ran = hypomask("compare", folder / "study.yaml", "--out", folder / "run", "--jobs", 1, "--device", "cpu")
    assert ran.code == 0, ran.err
    return ran


def test_the_verdict_is_first_and_the_report_last(finished: Any, folder: Path) -> None:
    lines = finished.out.splitlines()
    assert lines[0].startswith("Verdict: ")
    assert lines[-1] == f"report: {folder / 'run' / 'report.html'}"
    assert "cascade" in finished.out
    assert "no-interaction" in finished.out


def test_progress_goes_to_stderr_only(finished: Any) -> None:
    assert "jobs" in finished.err
    assert "jobs" not in finished.out


def test_the_report_tells_of_this_run(finished: Any, folder: Path) -> None:
    html = (folder / "run" / "report.html").read_text(encoding="utf-8")
    results = json.loads((folder / "run" / "results.json").read_text())
    assert html.index("<h1>small</h1>") < html.index('id="ranking"')
    assert "event: " in html
    assert f"{folder / 'run' / 'study.yaml'}" in html
    assert all(digest in html for digest in results["data"]["files"].values())
    for name in ("cascade", "hub"):
        assert f"Mask of {name}" in html


def test_json_is_the_content_of_results_json_and_a_finished_run_trains_nothing(
    finished: Any, hypomask: Run, folder: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (folder / "run" / "predictions").iterdir()}
    again = hypomask("compare", folder / "study.yaml", "--out", folder / "run", "--jobs", 1, "--json")
    assert again.code == 0
    assert again.out == (folder / "run" / "results.json").read_text()
    assert {path: path.stat().st_mtime_ns for path in (folder / "run" / "predictions").iterdir()} == before


def test_another_study_in_the_same_folder_is_refused_until_fresh(finished: Any, hypomask: Run, folder: Path) -> None:
    arguments = ("compare", folder / "study.yaml", "--out", folder / "run", "--jobs", 1, "--seed", 2)
    refused = hypomask(*arguments)
    assert refused.code == 5
    assert "seed" in refused.err
    assert "--fresh" in refused.err
    assert hypomask(*arguments, "--fresh").code == 0


def test_report_makes_the_same_page_again(finished: Any, hypomask: Run, folder: Path) -> None:
    page = folder / "run" / "report.html"
    first = page.read_bytes()
    page.unlink()
    ran = hypomask("report", folder / "run")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0] == finished.out.splitlines()[0]
    assert page.read_bytes() == first
    assert hypomask("report", folder / "run", "--out", folder / "copy.html", "--json").code == 0
    assert (folder / "copy.html").read_bytes() == first


def test_options_give_the_same_numbers_as_the_file(finished: Any, hypomask: Run, folder: Path) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("training: {replicates: 1, inner_folds: 2, epochs: 1}\n", ""))
    described = ("--data", folder / "expression.tsv", "--samples", folder / "samples.tsv", "--phenotype", "status")
    described += ("--hypotheses", folder / "hypotheses.yaml", "--folds", 2, "--repeats", 1, "--nulls", 2, "--seed", 1)
    plans = [
        json.loads(hypomask("compare", *arguments, "--dry-run", "--json").out) for arguments in ((study,), described)
    ]
    for plan in plans:
        for timed in ("study", "seconds", "seconds_at_most", "basis", "channels", "models"):
            del plan[timed]
    assert plans[0] == plans[1]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(hypomask: Run, folder: Path) -> None:
    before = set(folder.iterdir())
    ran = hypomask("compare", folder / "study.yaml", "--dry-run", "--out", folder / "run")
    assert ran.code == 0, ran.err
    assert "8, and up to 8 for null masks" in ran.out
    assert "memory" in ran.out
    assert set(folder.iterdir()) == before


def test_an_interrupted_run_exits_130_says_how_to_go_on_and_goes_on(hypomask: Run, folder: Path) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("repeats: 1, nulls: 2", "repeats: 40, nulls: 2"))
    code = "import sys; from hypomask.cli.main import main; main()"
    arguments = [sys.executable, "-c", code, "compare", str(study), "--out", str(folder / "run"), "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
    predictions = folder / "run" / "predictions"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (predictions.is_dir() and any(predictions.glob("*.parquet"))):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "the same command (without --fresh) goes on from there" in err
    assert err.splitlines()[-1] == "interrupted"
    assert hypomask("report", folder / "run").code == 5


@pytest.mark.slow
def test_the_demo_names_the_planted_hypothesis(hypomask: Run, tmp_path: Path) -> None:
    ran = hypomask("demo", "--out", tmp_path / "demo", "--plant", "rb-e2f-cell-cycle", "--seed", 4)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0] == "planted: rb-e2f-cell-cycle; the verdict names it."
    assert (tmp_path / "demo" / "run" / "report.html").is_file()
