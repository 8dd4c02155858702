"""The null stage: the same draws in every run, no more than needed, and hypotheses without nulls named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_learner import FIT

from hypomask.execution.jobs import null_model
from hypomask.execution.null_stage import NullMasks
from hypomask.execution.prepare import prepare
from hypomask.execution.run import compare
from hypomask.execution.study import load_study


def run(study: Path, out: Path, **options: Any) -> Any:
    return compare(study, out, **{"jobs": 1, "device": "cpu", "fit": FIT, **options})


def draws(result: Any, name: str) -> int:
    return next((len(null.losses) for null in result.comparison.nulls if null.hypothesis == name), 0)


def test_a_draw_is_the_same_mask_in_every_run(study_file: Path) -> None:
    study = load_study(study_file)
    first, second = NullMasks(prepare(study)), NullMasks(prepare(study))
    for draw in (3, 0, 2):
        a, b = (masks.mask_of(null_model("truth", draw)) for masks in (first, second))
        assert a.pair_keys.tolist() == b.pair_keys.tolist()
    other = NullMasks(prepare(study.with_plan(seed=1)))
    assert any(
        first.mask_of(null_model("truth", draw)).pair_keys.tolist()
        != other.mask_of(null_model("truth", draw)).pair_keys.tolist()
        for draw in range(4)
    )


def test_a_sequence_stops_as_soon_as_enough_nulls_are_as_good(study_file: Path, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text().replace("nulls: 4", "nulls: 30"))
    result = run(study_file, tmp_path / "run")
    assert result.comparison["truth"].null_draws == 30
    rival = next(null for null in result.comparison.nulls if null.hypothesis == "rival")
    assert rival.stopped_early
    assert rival.as_good == 2
    assert len(rival.losses) < 30
    assert rival.losses[-1] <= rival.observed
    trained = {file.name.split(".")[0] for file in (tmp_path / "run" / "predictions").glob("null_rival_*")}
    assert len(trained) == len(rival.losses)


def test_the_observed_score_has_the_repeats_of_its_nulls(study_file: Path, tmp_path: Path) -> None:
    result = run(study_file, tmp_path / "run")
    null = next(null for null in result.comparison.nulls if null.hypothesis == "truth")
    loss_RB = result.losses["truth"].full_RB
    assert null.observed == pytest.approx(loss_RB[0].mean(), rel=1e-14)
    assert null.observed != pytest.approx(loss_RB.mean(), rel=1e-6)
    repeats = {file.name.split(".")[1] for file in (tmp_path / "run" / "predictions").glob("null_*")}
    assert repeats == {"r0"}


def test_nulls_stop_by_the_same_loss_that_their_p_counts(study_file: Path, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text().replace("nulls: 4", "nulls: 30, null_repeats: 2"))
    result = run(study_file, tmp_path / "run")
    rival = next(null for null in result.comparison.nulls if null.hypothesis == "rival")
    assert rival.observed == pytest.approx(result.losses["rival"].full_RB.mean(), rel=1e-14)
    assert rival.as_good == sum(loss <= rival.observed for loss in rival.losses) == 2
    assert rival.p_rank == pytest.approx(2 / len(rival.losses))
    assert result.comparison.settings["null_repeats"] == 2


def test_no_nulls_are_drawn_when_none_are_wanted(study_file: Path, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text().replace("nulls: 4", "nulls: 0"))
    result = run(study_file, tmp_path / "run")
    assert result.comparison.nulls == ()
    assert not list((tmp_path / "run" / "predictions").glob("null_*"))


def test_a_hypothesis_without_any_null_is_named(study_file: Path, tmp_path: Path) -> None:
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(
        rivals.read_text() + "  - name: everything\n    groups: {all: [G0, G1, G2, G3, G4, G5, G6, G7]}\n"
    )
    result = run(study_file, tmp_path / "run")
    assert draws(result, "everything") == 0
    assert draws(result, "truth") == 4
    (warning,) = [text for text in result.warnings if text.startswith("no null test of 'everything': ")]
    assert "permuting its genes gives the same graph" in warning
    assert result.null_masks["everything"] in warning


def test_null_masks_can_be_drawn_for_all(study_file: Path, tmp_path: Path) -> None:
    names = [f"h{i}" for i in range(9)]
    edges = [f"G{i % 8} -> G{(i * 3 + 1) % 8}" for i in range(9)]
    extra = "".join(
        f"  - name: {name}\n    edges: [{edge}, G1 -> G7]\n" for name, edge in zip(names, edges, strict=True)
    )
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(rivals.read_text() + extra)
    study_file.write_text(study_file.read_text().replace("nulls: 4", "nulls: 2, nulls_for: all, min_coverage: 0"))
    result = run(study_file, tmp_path / "run")
    assert len(result.comparison.nulls) == 11
