"""A finished run read as a pilot."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from fake_learner import FIT
from small_study import write_study

from hypomask.comparison.planning.answer import PowerRequest, answer
from hypomask.comparison.planning.budget import Budget
from hypomask.errors import DataError, RunError
from hypomask.execution.ledger import Ledger
from hypomask.execution.pilot_run import open_pilot
from hypomask.execution.run import compare


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pilot")
    study = write_study(folder / "inputs", kind="continuous", n=120)
    compare(study, folder / "run", jobs=1, device="cpu", fit=FIT)
    return folder / "run"


def test_losses_nulls_plan_and_prices_are_those_of_the_run(finished: Path) -> None:
    read = open_pilot(finished)
    assert read.pilot.leader == read.result.comparison.winner == "truth"
    assert (read.design.folds, read.design.repeats, read.design.nulls) == (3, 2, 4)
    for null in read.result.comparison.nulls:
        losses = read.pilot.null_loss_DB[null.hypothesis].mean(axis=1)
        assert losses[: len(null.losses)] == pytest.approx(null.losses)
    with Ledger(finished / "run.sqlite", read_only=True) as ledger:
        seconds = [r.seconds for r in ledger.records("done") if r.job.model.startswith("hypothesis/")]
    assert read.prices.hypothesis.seconds == pytest.approx(np.mean([s for s in seconds if s is not None]))
    assert read.prices.hypothesis.trainings == 2
    assert read.n_tested == 2


def test_another_hypothesis_can_be_planned_for_by_name(finished: Path) -> None:
    read = open_pilot(finished, "rival")
    found = answer(read.pilot, read.design, read.prices, PowerRequest(), n_tested=2)
    rival = found.forecast.hardest_rival
    assert rival is not None
    assert rival.against == "truth"
    assert rival.needed is None
    with pytest.raises(DataError, match="Did you mean 'truth'"):
        open_pilot(finished, "trutj")


def test_the_plan_of_the_run_is_among_the_plans(finished: Path) -> None:
    read = open_pilot(finished)
    request = PowerRequest(budget=Budget(500), n_units=200)
    found = answer(read.pilot, read.design, read.prices, request, n_tested=read.n_tested, n_true=read.n_beating_nulls)
    assert found.plan_units == 200
    assert [plan.design for plan in found.plans if "pilot" in plan.marks] == [read.design]
    assert found.as_dict()["plans"][0]["trainings"] > 0


def test_what_is_no_finished_run_is_refused_with_a_way_out(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"this is no run folder.*--hypotheses, --effect and --sd"):
        open_pilot(tmp_path)
    with pytest.raises(RunError, match="no run folder"):
        open_pilot(tmp_path / "missing")
    unfinished = tmp_path / "unfinished"
    shutil.copytree(finished, unfinished)
    (unfinished / "results.json").unlink()
    with pytest.raises(RunError, match="not finished"):
        open_pilot(unfinished)
