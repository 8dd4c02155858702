"""Fits that failed, ran away, or used nothing of the mask: counted, said, and no ground for a best hypothesis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypomask.comparison.circumstances import Circumstances
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.health import FitRecords, model_health

FOLDS_RB = np.stack([np.random.default_rng(r).permutation(np.arange(300) % 5) for r in range(3)])
SOUND = {
    "shrinkage": 0.8,
    "trainings": 4,
    "epochs": 3.0,
    "penalty_at_weakest": 0,
    "additive_penalty_at_weakest": 0,
    "additive_curves": 1,
    "calibration_slope": 0.9,
}
UNTRAINED = {**SOUND, "shrinkage": 0.0, "trainings": 0, "epochs": 0}


def records(**changed: list[dict[str, float]]) -> FitRecords:
    """Sound fits of hypotheses a and b, and of the reference without edges, with those of some models changed."""
    numbers = {"a": [SOUND] * 15, "b": [SOUND] * 15, "no-interaction": [UNTRAINED] * 15}
    return FitRecords({**numbers, **changed}, FOLDS_RB)


def judged(table, make_nulls, quick, fits: FitRecords, **circumstances):
    return compare_losses(
        table, [make_nulls("a", gap=0.05)], quick, circumstances=Circumstances(fits=fits, **circumstances)
    )


def test_sound_fits_change_no_verdict_and_are_counted(make_table, make_nulls, quick) -> None:
    found = judged(make_table({"a": -0.15, "b": 0.0}), make_nulls, quick, records())
    assert found.verdict.code == "best"
    assert [reason.code for reason in found.verdict.reasons] == ["predicts", "edges", "nulls", "rivals"]
    row = found.health_table().loc["a"]
    assert (row["fits"], row["diverged"]) == (15, 0)
    assert (row["kept"], row["unused"], row["epochs"]) == pytest.approx((0.8, 0.0, 3.0))
    assert (row["curved"], row["calibration_slope"], row["weakest_penalty"]) == pytest.approx((1.0, 0.9, 0.0))
    assert [h.name for h in found.health] == [h.name for h in found.hypotheses]


def test_a_mask_without_edges_is_not_said_to_leave_its_edges_unused(make_table) -> None:
    health = {h.name: h for h in model_health(make_table({"a": -0.1, "b": 0.0}), records())}
    assert health["no-interaction"].unused is None
    assert health["no-interaction"].kept is None
    assert health["no-interaction"].calibration_slope == pytest.approx(0.9)


def test_numbers_that_no_job_recorded_are_unknown(make_table) -> None:
    (health, *_) = model_health(make_table({"a": -0.1}), FitRecords({"a": [{"trainings": 2}]}, FOLDS_RB))
    assert (health.kept, health.epochs, health.calibration_slope) == (None, None, None)


@pytest.mark.parametrize("model", ["a", "b"])
def test_one_diverged_fit_of_leader_or_rival_forbids_a_best(make_table, make_nulls, quick, model) -> None:
    table = make_table({"a": -0.2, "b": 0.0}, noise=0.05)
    loss_MRB = table.loss_MRB.copy()
    loss_MRB[table.index(model), 0, FOLDS_RB[0] == 2] += 0.95
    found = judged(replace(table, loss_MRB=loss_MRB), make_nulls, quick, records())
    assert {h.name: h.diverged for h in found.health} == {"a": 0, "b": 0, "no-interaction": 0, model: 1}
    assert found.winner == "a"
    assert found.verdict.code == "cannot-tell"
    assert f"1 of 15 fits of {model} diverged" in found.verdict.sentence
    (reason,) = [reason for reason in found.verdict.reasons if reason.code == "diverged"]
    assert reason.numbers == {"diverged": 1, "fits": 15}


def test_a_hypothesis_that_could_not_be_trained_may_have_been_the_best(make_table, make_nulls, quick) -> None:
    found = judged(make_table({"a": -0.15, "b": 0.0}), make_nulls, quick, records(), left_out=("c",))
    assert found.verdict.code == "cannot-tell"
    assert "the trainings of 'c' failed" in found.verdict.sentence


def test_edges_that_most_fits_leave_out_are_said_and_decide_nothing(make_table, make_nulls, quick) -> None:
    unused = [{**SOUND, "shrinkage": 0.001}] * 9 + [SOUND] * 6
    found = judged(make_table({"a": -0.15, "b": 0.0}), make_nulls, quick, records(a=unused))
    assert found.verdict.code == "best"
    (reason,) = [reason for reason in found.verdict.reasons if reason.code == "attention-unused"]
    assert "in 9 of its 15 fits" in reason.sentence
    assert reason.numbers["unused"] == pytest.approx(0.6)
    half = judged(make_table({"a": -0.15, "b": 0.0}), make_nulls, quick, records(b=unused))
    assert "attention-unused" not in {reason.code for reason in half.verdict.reasons}


def test_penalties_at_the_weak_end_of_their_grid_are_said(make_table, make_nulls, quick) -> None:
    weak = [{**SOUND, "penalty_at_weakest": 1, "additive_penalty_at_weakest": 1}] * 15
    found = judged(make_table({"a": -0.15, "b": 0.0}), make_nulls, quick, records(a=weak))
    said = [reason.sentence for reason in found.verdict.reasons if reason.code == "penalty-at-the-end"]
    assert [sentence.split(" is ")[0] for sentence in said] == [
        "The penalty on its edges",
        "The penalty on its genes one by one",
    ]
    assert found.verdict.code == "best"
