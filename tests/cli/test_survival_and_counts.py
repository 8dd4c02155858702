"""Time to an event and counts from the command line: from simulated files to a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

TRUTH = ["G0 -> G1", "G2 -> G3", "G4 -> G5", "G6 -> G7", "G0 -> G8", "G4 -> G9"]
RIVAL = ["G0 -> G3", "G2 -> G1", "G4 -> G7", "G6 -> G5", "G0 -> G9", "G4 -> G8"]  # the same degrees, other pairs
QUICK = ("--folds", 5, "--repeats", 1, "--replicates", 1)
OPTIONS = {
    "survival": ("--phenotype", "months", "--event", "event"),
    "discrete-survival": ("--phenotype", "months", "--event", "event", "--kind", "discrete-survival"),
    "counts": ("--phenotype", "count", "--kind", "counts"),
}


@pytest.fixture
def hypotheses(tmp_path: Path) -> Path:
    path = tmp_path / "hypotheses.yaml"
    edges = {"truth": TRUTH, "rival": RIVAL}
    named = "".join(f"  - name: {name}\n    edges: [{', '.join(pairs)}]\n" for name, pairs in edges.items())
    path.write_text(f"hypomask: 1\nhypotheses:\n{named}")
    return path


def simulated(hypomask: Run, hypotheses: Path, kind: str, *more: object) -> Path:
    """Simulate a cohort in which ``truth`` is true; return its folder."""
    out = hypotheses.parent / "cohort"
    drawn = "counts" if kind == "counts" else "survival"
    ran = hypomask("simulate", hypotheses, "--kind", drawn, "--seed", 3, "--out", out, *more)
    assert ran.code == 0, ran.err
    return out


def compared(hypomask: Run, hypotheses: Path, kind: str, cohort: Path, *more: object) -> Any:
    files = ("--data", cohort / "expression.tsv.gz", "--samples", cohort / "samples.tsv", "--hypotheses", hypotheses)
    how = ("--scope", "all", "--jobs", 1, "--device", "cpu", "--seed", 1, "--out", cohort / "run")
    return hypomask("compare", *files, *OPTIONS[kind], *how, *more)


@pytest.mark.parametrize("kind", ["survival", "counts"])
def test_simulate_says_what_it_wrote(hypomask: Run, hypotheses: Path, kind: str) -> None:
    out = hypotheses.parent / "cohort"
    arguments = ("simulate", hypotheses, "--kind", kind, "--samples", 80, "--out", out)
    content = json.loads(hypomask(*arguments, "--json").out)
    assert content["loss"]["best_possible"] < content["loss"]["additive"] < content["loss"]["gene_free"]
    assert content.get("event") == ("event" if kind == "survival" else None)
    header = (out / "samples.tsv").read_text().splitlines()[0].split("\t")
    assert header[1:] == [content["phenotype"], *(["event"] if kind == "survival" else [])]
    printed = hypomask(*arguments).out
    assert ("phenotype 'months', event 'event'" if kind == "survival" else "phenotype 'count'") in printed


def test_init_points_to_a_time_and_its_event(hypomask: Run, hypotheses: Path) -> None:
    cohort = simulated(hypomask, hypotheses, "survival", "--samples", 60)
    out = hypotheses.parent / "new"
    files = ("--data", cohort / "expression.tsv.gz", "--samples", cohort / "samples.tsv")
    ran = hypomask("init", out, *files)
    assert "'months' with 'event' looks like time to an event" in ran.out + ran.err
    study = (out / "study.yaml").read_text()
    assert "# event: event  # time to an event: 'column' is the time (months)" in study
    (out / "study.yaml").write_text(study.replace("column: event ", "column: months ").replace("# event:", "event:", 1))
    (out / "hypotheses.yaml").write_text(hypotheses.read_text())
    ran = hypomask("validate", out / "study.yaml")
    assert ran.code == 0, ran.err
    assert "phenotype months (time to event 'event', seen in " in ran.out


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (("--phenotype", "months", "--event", "evnt"), 4, "no column 'evnt' (event). Did you mean 'event'?"),
        (("--phenotype", "months", "--kind", "survival"), 3, "kind survival needs 'event'"),
        (("--phenotype", "months", "--kind", "counts"), 4, "expected a count: a whole number from 0"),
        (("--phenotype", "event", "--event", "event"), 3, "'event' is the time and the event"),
        (("--phenotype", "months", "--event", "event", "--kind", "counts"), 3, "'event' is for kind survival"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_trains(
    hypomask: Run, hypotheses: Path, more: tuple[str, ...], code: int, says: str
) -> None:
    cohort = simulated(hypomask, hypotheses, "survival", "--samples", 60)
    files = ("--data", cohort / "expression.tsv.gz", "--samples", cohort / "samples.tsv", "--hypotheses", hypotheses)
    ran = hypomask("compare", *files, *more, "--out", cohort / "run")
    assert ran.code == code
    assert says in " ".join(ran.err.split())
    assert not (cohort / "run" / "predictions").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["survival", "discrete-survival", "counts"])
def test_a_planted_interaction_is_found_and_the_rewired_rival_is_not(
    hypomask: Run, hypotheses: Path, kind: str
) -> None:
    strength = ("--samples", 500, "--interactions", 0.5, "--main-effects", 0.1)
    cohort = simulated(hypomask, hypotheses, kind, *strength)
    ran = compared(hypomask, hypotheses, kind, cohort, *QUICK, "--nulls", 19)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Verdict: Best supported: truth.")
    results = json.loads((cohort / "run" / "results.json").read_text())
    assert results["comparison"]["verdict"]["code"] == "best"
    loss = "half deviance" if kind == "counts" else "log loss"
    assert loss in ran.out
    by_name = {row["name"]: row for row in results["comparison"]["hypotheses"]}
    assert by_name["truth"]["skill"] > by_name["rival"]["skill"] + 0.03
    page = (cohort / "run" / "report.html").read_text()
    assert ("counts, " if kind == "counts" else "seen in ") in page
    assert ("half deviance" if kind == "counts" else "concordance index") in page


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["survival", "counts"])
def test_without_interactions_none_is_the_best(hypomask: Run, hypotheses: Path, kind: str) -> None:
    nothing = ("--samples", 300, "--interactions", 0, "--main-effects", 0.2)
    cohort = simulated(hypomask, hypotheses, kind, *nothing)
    ran = compared(hypomask, hypotheses, kind, cohort, *QUICK, "--nulls", 4)
    assert ran.code == 0, ran.err
    results = json.loads((cohort / "run" / "results.json").read_text())
    assert results["comparison"]["verdict"]["code"] != "best"
