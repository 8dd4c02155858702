"""Dry runs: what would be trained, how large and how long, without training it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_learner import FIT

from hypomask.errors import HypothesisError
from hypomask.execution import trainer
from hypomask.execution.cost import OPERATIONS_PER_SECOND, SECONDS_OF_ANY
from hypomask.execution.dry_run import DryRun, dry_run
from hypomask.execution.run import compare
from hypomask.execution.speed import speed_between
from hypomask.execution.study import load_study


def plan(study: Path, **options: object) -> DryRun:
    return dry_run(study, **{"jobs": 1, "device": "cpu", "fit": FIT, "time_one": False, **options})  # type: ignore[arg-type]


def test_a_dry_run_counts_the_jobs_that_a_run_makes(study_file: Path, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text().replace("null_stop_after: 2", "null_stop_after: null"))
    planned = plan(study_file)
    compare(study_file, tmp_path / "run", jobs=1, device="cpu", fit=FIT)
    made = len(list((tmp_path / "run" / "predictions").iterdir()))
    assert planned.jobs + planned.null_jobs_at_most == made == 24 + 2 * 4 * 3
    assert [(model.name, model.tokens, model.edges) for model in planned.models] == [
        ("truth", 8, 4),
        ("rival", 8, 4),
        ("no-interaction", 8, 0),
        ("unconstrained", 8, 56),
    ]


def test_a_dry_run_writes_nothing_and_trains_nothing(
    study_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert "from the sizes alone" in plan(study_file).basis
    assert sorted(tmp_path.rglob("*")) == before


def test_the_time_is_learned_from_a_small_and_a_large_training(
    study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()  # a training reads the clock when it begins and when it ends: 0.2 seconds by this one
    monkeypatch.setattr(trainer, "time", SimpleNamespace(perf_counter=lambda: 0.2 * next(ticks)))
    planned = plan(study_file, time_one=True)
    assert planned.basis.startswith("from one training each of 'truth', which took 0.2")
    assert "and of 'unconstrained', which took 0.2" in planned.basis
    assert planned.models[0].seconds_per_job == pytest.approx(0.2, rel=0.3), "both lie on one line"
    assert planned.seconds_at_most > planned.seconds > 12 * 0.19
    assert plan(study_file, time_one=True, jobs=2).seconds == pytest.approx(planned.seconds / 2, rel=0.3)


def test_a_failing_training_is_said_and_sizes_are_used(study_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_FAIL", "")
    assert "failed: RuntimeError: failed on purpose" in plan(study_file, time_one=True).basis


def test_sizes_are_told_with_the_rate_that_is_used(study_file: Path) -> None:
    assert f"at {OPERATIONS_PER_SECOND / 1e9:g} billion multiply-adds per second" in plan(study_file).basis


@pytest.mark.parametrize("rate", [1e8, 1e10])
@pytest.mark.parametrize("fixed", [0.0, 0.3])
def test_two_jobs_give_back_the_line_that_they_lie_on(fixed: float, rate: float) -> None:
    small, large = 3e8, 5e9
    found = speed_between(small, fixed + small / rate, large, fixed + large / rate, 0.05)
    assert found == pytest.approx((fixed, rate))


def test_two_jobs_that_no_line_explains_still_give_times_above_zero() -> None:
    assert speed_between(1e8, 0.1, 1e10, 0.1, 0.05)[0] == pytest.approx(0.1), "the large one was as fast"
    fixed, rate = speed_between(1e9, 0.1, 1e10, 9.0, 0.05)
    assert (fixed, 1e10 / rate) == (0.0, pytest.approx(9.0)), "the line would begin below 0"
    fixed, rate = speed_between(1e9, 0.4, 1.5e9, 0.4, 0.05)
    assert (fixed, fixed + 1.5e9 / rate) == (0.05, pytest.approx(0.4)), "too alike for a slope"
    fixed, rate = speed_between(1e6, 0.02, 1e6, 0.02, 0.05)
    assert (fixed, fixed + 1e6 / rate) == (0.01, pytest.approx(0.02))


def test_larger_studies_cost_more(study_file: Path) -> None:
    study = load_study(study_file)
    small = dry_run(study, jobs=1, device="cpu", time_one=False)
    training = replace(study.training, replicates=4, epochs=50)
    large = replace(study, training=training, model=replace(study.model, layers=3))
    costly = dry_run(large, jobs=1, device="cpu", time_one=False)
    whatever_the_size = small.jobs * SECONDS_OF_ANY
    assert costly.seconds - whatever_the_size > 4 * (small.seconds - whatever_the_size)
    assert costly.bytes_per_worker > small.bytes_per_worker > 3e8


def test_a_plan_is_plain_json(study_file: Path) -> None:
    content = json.loads(json.dumps(plan(study_file).as_dict(), allow_nan=False))
    assert content["coverage"][0]["hypothesis"] == "truth"
    assert content["jobs"] == 24


def test_what_a_run_would_refuse_a_dry_run_refuses(study_file: Path) -> None:
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(rivals.read_text().replace("G", "X"))
    with pytest.raises(HypothesisError):
        plan(study_file)
