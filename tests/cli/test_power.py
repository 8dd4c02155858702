"""`hypomask power`: from assumptions and from a run, and everything that does not go together."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
LEARNER = str(Path(__file__).resolve().parents[1] / "execution")


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if LEARNER not in sys.path:
        sys.path.append(LEARNER)
    from fake_learner import FIT
    from small_study import write_study

    from hypomask.execution.run import compare

    folder = tmp_path_factory.mktemp("power")
    compare(write_study(folder / "inputs", n=120), folder / "run", jobs=1, device="cpu", fit=FIT)
    return folder / "run"


def test_a_run_serves_as_a_pilot(hypomask: Run, pilot: Path, tmp_path: Path) -> None:
    ran = hypomask("power", pilot, "--budget", 2000, "--out", tmp_path / "power.html")
    assert ran.code == 0, ran.err
    assert "with 80 % power" in ran.out.splitlines()[0] + ran.out.splitlines()[1]
    assert "This run has 120" in " ".join(ran.out.split())
    assert "advised" in ran.out
    assert ran.out.splitlines()[-1] == f"curves: {tmp_path / 'power.html'}"
    assert "told from rival" in (tmp_path / "power.html").read_text()


def test_json_holds_curve_bands_plans_and_simulations(hypomask: Run, pilot: Path) -> None:
    ran = hypomask("power", pilot, "--budget", 400, "--samples", 150, "--simulate", 20, "--json", "--seed", 3)
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    best = found["forecast"]["outlooks"][0]
    assert best["kind"] == "best"
    assert all(point["low"] <= point["power"] + 0.2 for point in best["curve"])
    assert found["plan_units"] == 150
    assert [row["n"] for row in found["simulated"]] == [75, 150, 300]
    assert all(row["best_error"] > 0 for row in found["simulated"])


def test_assumptions_need_no_run(hypomask: Run, tmp_path: Path) -> None:
    ran = hypomask("power", "--hypotheses", 3, "--effect", 0.02, "--sd", 0.4, "--out", tmp_path / "p.svg")
    assert ran.code == 0, ran.err
    assert "are needed to tell the true hypothesis from each of its rivals with 80 % power" in " ".join(ran.out.split())
    assert (tmp_path / "p.svg").read_text().startswith("<svg")


def test_more_power_a_stricter_level_and_more_hypotheses_need_more_samples(hypomask: Run) -> None:
    def needed(*options: object) -> int:
        ran = hypomask("power", "--effect", 0.05, "--sd", 0.4, "--json", *options)
        assert ran.code == 0, ran.err
        return int(json.loads(ran.out)["forecast"]["outlooks"][0]["needed"])

    plain = needed("--hypotheses", 2)
    assert needed("--hypotheses", 2, "--power", 0.9) > plain
    assert needed("--hypotheses", 2, "--alpha", 0.01) > plain
    assert needed("--hypotheses", 8) > plain
    assert needed("--hypotheses", 2, "--repeats", 1) > plain


def test_shares_of_a_binary_phenotype_can_be_assumed(hypomask: Run) -> None:
    shares = ("--interaction-r2", 0.2, "--skill-difference", 0.05, "--kind", "binary", "--prevalence", 0.4)
    ran = hypomask("power", "--hypotheses", 2, *shares)
    assert ran.code == 0, ran.err
    assert "rest on what was assumed" in " ".join(ran.out.split())


def test_minutes_are_minutes_of_all_workers(hypomask: Run) -> None:
    given = ("--hypotheses", 2, "--effect", 0.05, "--sd", 0.4, "--seconds-per-training", 1, "--minutes", 5)
    found = json.loads(hypomask("power", *given, "--jobs", 4, "--json").out)
    affordable = [plan for plan in found["plans"] if "beyond" not in plan["marks"]]
    assert affordable
    assert all(plan["seconds"] <= 5 * 60 * 4 for plan in affordable)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give the folder of a finished run, or assumptions"),
        (("--hypotheses", 3), "give the folder of a finished run, or assumptions"),
        (("--hypotheses", 3, "--effect", 0.1), "missing: --sd"),
        (("--effect", 0.1, "--sd", 1), "missing: --hypotheses"),
        (("--hypotheses", 3, "--kind", "binary"), "missing: --interaction-r2"),
        (("--hypotheses", 3, "--effect", 0.1, "--sd", 1, "--main-r2", 0.1), "--effect and --main-r2: assume either"),
        (("run", "--effect", 0.1), "--effect: a run brings its own numbers"),
        (("--leader", "x", "--hypotheses", 2), "--leader names a hypothesis of a run"),
        (("run", "--jobs", 2), "give --minutes too"),
        (("--hypotheses", 2, "--effect", 0.1, "--sd", 1, "--minutes", 3), "needs --seconds-per-training"),
        (("run", "--alpha", 0.7), "0<x<0.5"),
        (("run", "--power", 1), "0<x<1"),
        (("run", "--out", "curve.pdf"), "ends in .html or .svg"),
        (("--hypotheses", 0, "--effect", 0.1, "--sd", 1), "1<=x<=100"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(hypomask: Run, arguments: tuple[object, ...], said: str) -> None:
    ran = hypomask("power", *arguments)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
    assert ran.out == ""


def test_a_folder_without_a_run_and_a_name_that_is_not_there_are_said(
    hypomask: Run, pilot: Path, tmp_path: Path
) -> None:
    ran = hypomask("power", tmp_path)
    assert ran.code == 5
    assert "this is no run folder" in ran.err
    ran = hypomask("power", pilot, "--leader", "Truth")
    assert ran.code == 4
    assert "Did you mean 'truth'?" in ran.err
    ran = hypomask("power", "--hypotheses", 2, "--interaction-r2", 0.1, "--skill-difference", 0.5)
    assert ran.code == 3
    assert "only 0.1 worse" in ran.err
