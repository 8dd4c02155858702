"""Whole runs with the fast learner: the same answer by every road, and every obstacle named."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_learner import FIT
from small_study import write_study

from hypomask.data.reading import read_cohort
from hypomask.errors import ConfigError, DataError, HypothesisError, RunError
from hypomask.execution.ledger import Ledger
from hypomask.execution.run import compare, default_folder, open_run
from hypomask.execution.run_folder import RunFolder
from hypomask.execution.run_lock import locked_run_folder
from hypomask.execution.study import Study, load_study
from hypomask.execution.study_result import StudyResult
from hypomask.training.recipe import RECIPE

N_FIRST_STAGE = 4 * 3 * 2


class Listener:
    """Collects what a run says."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.stages: list[tuple[str, int, int]] = []
        self.ended = False

    def begin(self, stage: str, total: int, done: int = 0) -> None:
        self.stages.append((stage, total, done))

    def advance(self) -> None:
        pass

    def resize(self, total: int) -> None:
        pass

    def say(self, message: str) -> None:
        self.said.append(message)

    def end(self) -> None:
        self.ended = True


def run(study: Path, out: Path, **options: Any) -> StudyResult:
    return compare(study, out, **{"jobs": 1, "device": "cpu", "fit": FIT, **options})


def results(out: Path) -> bytes:
    return (out / "results.json").read_bytes()


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with one line per training."""
    log = tmp_path / "trained.log"
    log.touch()
    monkeypatch.setenv("FAKE_LOG", str(log))
    return log


def n_trained(log: Path) -> int:
    return len(log.read_text().splitlines())


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_the_planted_hypothesis_leads(tmp_path: Path, kind: str) -> None:
    result = run(write_study(tmp_path / "inputs", kind=kind), tmp_path / "run")
    assert result.comparison.winner == "truth"
    assert result.comparison.kind == kind
    names = list(result.ranking().index)
    assert sorted(names) == ["no-interaction", "rival", "truth", "unconstrained"]
    assert result.comparison["truth"].null_draws == 4
    assert result.comparison.trainings == {
        "hypotheses": 2 * 2 * 6,
        "references": 2 * 2 * 6,
        "null masks": 2 * 3 * len([loss for null in result.comparison.nulls for loss in null.losses]),
    }


def test_any_number_of_workers_gives_the_same_results(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "one", jobs=1)
    run(study_file, tmp_path / "two", jobs=2)
    assert results(tmp_path / "one") == results(tmp_path / "two")


def test_results_hold_no_time_and_no_place(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "run")
    text = results(tmp_path / "run").decode()
    content = json.loads(text)
    assert content["comparison"]["winner"] == "truth"
    assert not any(word in text for word in ("seconds", "started", "process", str(tmp_path)))
    assert list(content) == sorted(content)
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["device"] == "cpu"
    assert environment["packages"]["numpy"] == np.__version__
    assert environment["seconds"]["in all"] > 0


def test_tables_are_labelled_by_name(study_file: Path, tmp_path: Path) -> None:
    result = run(study_file, tmp_path / "run")
    ranking = pd.read_csv(tmp_path / "run" / "tables" / "ranking.tsv", sep="\t", index_col="name")
    assert list(ranking.index) == list(result.ranking().index)
    predictions = pd.read_csv(tmp_path / "run" / "tables" / "predictions.tsv", sep="\t", index_col="sample")
    assert list(predictions.columns) == ["response", "truth", "rival", "no-interaction", "unconstrained"]
    assert set(predictions["response"]) == {"yes", "no"}
    assert (predictions.loc[predictions["response"] == "yes", "truth"].mean()) > 0
    assert {file.stem for file in (tmp_path / "run" / "tables").iterdir()} == set(result.tables())


def test_a_finished_run_trains_nothing_more(study_file: Path, tmp_path: Path, trained: Path) -> None:
    first = run(study_file, tmp_path / "run")
    before, n_before = results(tmp_path / "run"), n_trained(trained)
    listener = Listener()
    again = run(study_file, tmp_path / "run", progress=listener)
    assert n_trained(trained) == n_before > N_FIRST_STAGE
    assert results(tmp_path / "run") == before
    assert again.as_dict() == first.as_dict()
    assert listener.stages[0] == ("hypotheses and references", N_FIRST_STAGE, N_FIRST_STAGE)
    assert listener.ended


def test_a_run_is_opened_without_its_data(study_file: Path, tmp_path: Path, trained: Path) -> None:
    made = run(study_file, tmp_path / "run")
    n_before = n_trained(trained)
    for file in study_file.parent.iterdir():
        file.unlink()
    opened = open_run(tmp_path / "run")
    assert n_trained(trained) == n_before
    assert opened.as_dict() == json.loads(json.dumps(made.as_dict()))
    pd.testing.assert_frame_equal(opened.predictions(), made.predictions())
    assert opened.masks.keys() == made.masks.keys()
    for name, mask in made.masks.items():
        assert opened.masks[name].genes == mask.genes
        np.testing.assert_array_equal(opened.masks[name].edges().rows, mask.edges().rows)
    assert opened.coverage == made.coverage
    assert opened.environment == json.loads(json.dumps(made.environment))


def test_a_run_from_before_origins_were_kept_is_opened(study_file: Path, tmp_path: Path) -> None:
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(f"provenance: {{curated: by hand}}\n{rivals.read_text()}")
    made = run(study_file, tmp_path / "run")
    assert open_run(tmp_path / "run").coverage[0].provenance == made.coverage[0].provenance == ("curated: by hand",)
    content = json.loads((tmp_path / "run" / "results.json").read_text())
    for row in content["coverage"]:
        del row["provenance"]
    (tmp_path / "run" / "results.json").write_text(json.dumps(content))
    assert all(row.provenance == () for row in open_run(tmp_path / "run").coverage)


def test_a_folder_without_a_finished_run_is_not_opened(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="no run is in this folder"):
        open_run(tmp_path)
    monkeypatch.setattr("hypomask.execution.run.run_null_stage", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(study_file, tmp_path / "run")
    with pytest.raises(RunError, match=r"not finished.*goes on from"):
        open_run(tmp_path / "run")


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_run_goes_on_and_gives_the_same(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path, jobs: int
) -> None:
    run(study_file, tmp_path / "undisturbed")
    n_undisturbed = n_trained(trained)
    finish, done = Ledger.finish_job, []

    def finish_ten(self: Ledger, *arguments: Any, **options: Any) -> None:
        finish(self, *arguments, **options)
        done.append(1)
        if len(done) == 10:
            raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "finish_job", finish_ten)
    listener = Listener()
    with pytest.raises(KeyboardInterrupt):
        run(study_file, tmp_path / "run", jobs=jobs, progress=listener)
    assert listener.ended
    monkeypatch.setattr(Ledger, "finish_job", finish)
    with Ledger(tmp_path / "run" / "run.sqlite") as ledger:
        assert ledger.events()[-1][0] == "interrupted"
        assert len(ledger.records("done")) == 10
    run(study_file, tmp_path / "run", jobs=jobs)
    assert results(tmp_path / "run") == results(tmp_path / "undisturbed")
    assert n_trained(trained) - n_undisturbed <= n_undisturbed + jobs


@pytest.mark.parametrize("damage", ["delete", "change"])
def test_a_damaged_prediction_file_is_trained_again(
    study_file: Path, tmp_path: Path, trained: Path, damage: str
) -> None:
    run(study_file, tmp_path / "run")
    before, n_before = results(tmp_path / "run"), n_trained(trained)
    victim = sorted((tmp_path / "run" / "predictions").iterdir())[5]
    if damage == "delete":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-9])
    listener = Listener()
    run(study_file, tmp_path / "run", progress=listener)
    assert n_trained(trained) == n_before + 1
    assert any("missing or damaged" in said for said in listener.said)
    assert results(tmp_path / "run") == before


def test_leftovers_of_a_killed_process_are_cleaned_away(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "run")
    leftover = tmp_path / "run" / "predictions" / ".unfinished-1-x.parquet"
    leftover.write_bytes(b"half")
    run(study_file, tmp_path / "run")
    assert not leftover.exists()
    assert not list((tmp_path / "run" / "work").iterdir())


def test_changed_settings_are_refused_by_name(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "run")
    changed = load_study(study_file).with_plan(seed=1, repeats=1)
    with pytest.raises(RunError) as caught:
        run(changed, tmp_path / "run")  # type: ignore[arg-type]
    message = str(caught.value)
    assert "plan.seed: the run has 0, this study has 1" in message
    assert "plan.repeats: the run has 2, this study has 1" in message
    assert "--fresh" in message
    assert "--out" in message
    assert message.count("the run has") == 2
    run(changed, tmp_path / "run", fresh=True)  # type: ignore[arg-type]


def test_a_run_of_another_recipe_of_training_is_not_gone_on_with(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(study_file, tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as ledger:  # as runs were from before recipes had a number
        (stored,) = ledger.execute("SELECT fingerprint FROM study").fetchone()
        content = json.loads(stored)
        assert content.pop("recipe of training") == RECIPE
        ledger.execute("UPDATE study SET fingerprint = ?", (json.dumps(content),))
    ledger.close()
    with pytest.raises(RunError, match=rf"recipe of training: the run has 1, this study has {RECIPE}") as caught:
        run(study_file, tmp_path / "run")
    assert "or by another hypomask" in str(caught.value)
    monkeypatch.setattr("hypomask.execution.fingerprint.RECIPE", 1)
    run(study_file, tmp_path / "run")


def test_changed_data_and_hypotheses_are_refused_by_name(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "run")
    expression = study_file.parent / "expression.tsv"
    original = expression.read_text()
    lines = original.splitlines()
    fields = lines[3].split("\t")
    lines[3] = "\t".join([*fields[:2], str(float(fields[2]) + 0.01), *fields[3:]])
    expression.write_text("\n".join(lines) + "\n")
    with pytest.raises(RunError, match="data values: the run has content") as caught:
        run(study_file, tmp_path / "run")
    assert str(caught.value).count("the run has") == 1
    expression.write_text(original)
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(rivals.read_text().replace("G0 -> G2", "G2 -> G0"))
    with pytest.raises(RunError, match="hypotheses rival: the run has content") as caught:
        run(study_file, tmp_path / "run")
    assert str(caught.value).count("the run has") == 1


def test_data_in_another_file_but_with_the_same_content_are_the_same(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "run")
    before = results(tmp_path / "run")
    (study_file.parent / "expression.tsv").rename(study_file.parent / "moved.tsv")
    study_file.write_text(study_file.read_text().replace("expression.tsv", "moved.tsv"))
    run(study_file, tmp_path / "run")
    assert json.loads(results(tmp_path / "run"))["comparison"] == json.loads(before)["comparison"]


def test_fresh_starts_anew_and_leaves_other_files_alone(study_file: Path, tmp_path: Path, trained: Path) -> None:
    out = tmp_path / "run"
    run(study_file, out)
    n_before = n_trained(trained)
    (out / "notes.txt").write_text("mine")
    run(study_file, out, fresh=True)
    assert n_trained(trained) == 2 * n_before
    assert (out / "notes.txt").read_text() == "mine"


def test_without_resume_a_run_is_not_touched(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "run")
    with pytest.raises(RunError, match=r"there is a run in this folder.*--resume.*--fresh"):
        run(study_file, tmp_path / "run", resume=False)


def test_two_processes_do_not_share_a_folder(study_file: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (
        locked_run_folder(tmp_path / "run"),
        pytest.raises(RunError, match=rf"another hypomask process \(id {os.getpid()}\)"),
    ):
        run(study_file, tmp_path / "run")
    run(study_file, tmp_path / "run")


def test_a_ledger_that_cannot_be_used_is_refused_and_fresh_helps(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(RunError, match="--fresh"):
        run(study_file, out)
    run(study_file, out, fresh=True)


def test_a_full_disk_stops_the_run_and_loses_nothing(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path
) -> None:
    run(study_file, tmp_path / "undisturbed")
    n_undisturbed = n_trained(trained)
    rename, renamed = os.replace, []

    def replace_until_full(source: Any, target: Any) -> None:
        if str(target).endswith(".parquet") and "predictions" in str(target):
            renamed.append(target)
            if len(renamed) > 7:
                raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace_until_full)
    with pytest.raises(RunError, match=r"disk is full.*the predictions of reference/.*is safe.*goes on from there"):
        run(study_file, tmp_path / "run")
    monkeypatch.setattr(os, "replace", rename)
    assert len(list((tmp_path / "run" / "predictions").iterdir())) == 7
    run(study_file, tmp_path / "run")
    assert results(tmp_path / "run") == results(tmp_path / "undisturbed")
    assert n_trained(trained) == 2 * n_undisturbed + 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_job_that_fails_once_is_tried_again(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    run(study_file, tmp_path / "undisturbed")
    (tmp_path / "fail").touch()
    monkeypatch.setenv("FAKE_FAIL_ONCE", str(tmp_path / "fail"))
    listener = Listener()
    run(study_file, tmp_path / "run", jobs=jobs, progress=listener)
    assert results(tmp_path / "run") == results(tmp_path / "undisturbed")
    (said,) = listener.said
    assert said.startswith("trying once more: ")
    assert said.endswith("RuntimeError: failed this once")


def test_a_worker_that_is_killed_is_replaced(study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(study_file, tmp_path / "undisturbed")
    (tmp_path / "kill").touch()
    monkeypatch.setenv("FAKE_KILL_ONCE", str(tmp_path / "kill"))
    listener = Listener()
    run(study_file, tmp_path / "run", jobs=2, progress=listener)
    assert results(tmp_path / "run") == results(tmp_path / "undisturbed")
    assert "was killed (signal 9), most often because memory ran out" in listener.said[0]


@pytest.mark.parametrize("how", ["FAKE_FAIL", "FAKE_NAN"])
def test_a_hypothesis_that_cannot_be_trained_is_left_out_by_name(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv(how, "rival")
    listener = Listener()
    result = run(study_file, tmp_path / "run", progress=listener)
    assert "rival" not in result.ranking().index
    assert result.comparison.winner == "truth"
    (warning,) = [text for text in result.warnings if "left out" in text]
    assert warning.startswith("hypothesis 'rival' is left out of the comparison: 6 of 6 trainings failed")
    assert sum(said.startswith("failed: hypothesis/rival") for said in listener.said) == 6
    assert open_run(tmp_path / "run").warnings == result.warnings
    assert result.comparison.verdict.code == "cannot-tell"
    assert "the trainings of 'rival' failed" in result.verdict
    monkeypatch.delenv(how)
    assert "rival" in run(study_file, tmp_path / "run").ranking().index


def test_the_health_of_fits_and_the_share_of_seeds_are_in_the_answer(study_file: Path, tmp_path: Path) -> None:
    result = run(study_file, tmp_path / "run")
    health = pd.read_csv(tmp_path / "run" / "tables" / "health.tsv", sep="\t", index_col="name")
    assert list(health.index) == list(result.ranking().index)
    assert health.loc["truth", ["fits", "kept", "epochs", "diverged"]].tolist() == pytest.approx([6, 0.9, 1.0, 0])
    pairs = result.pairs()
    assert (pairs["seed_error"] > 0).all()
    assert (pairs["seed_share"] < 1).all()
    assert open_run(tmp_path / "run").comparison.health == result.comparison.health


def test_what_was_trained_for_what_adds_up(study_file: Path, tmp_path: Path) -> None:
    result = run(study_file, tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / "tables" / "trainings.tsv", sep="\t", index_col=["purpose", "name"])
    assert set(table.index.get_level_values("purpose")) == {"hypothesis", "reference", "null masks"}
    assert table.loc[("hypothesis", "truth")].tolist() == [0, 6, 6, 6, 12]
    drawn = result.comparison["truth"].null_draws
    assert table.loc[("null masks", "truth")].tolist() == [drawn, 3 * drawn, 3 * drawn, 3 * drawn, 6 * drawn]
    assert table["trainings"].sum() == sum(result.comparison.trainings.values())
    seconds = result.environment["seconds_of_training_by_purpose"]
    assert "null masks of truth" in seconds
    assert sum(seconds.values()) == pytest.approx(result.environment["seconds_of_training"], abs=0.01)
    assert open_run(tmp_path / "run").spending == result.spending


def test_null_masks_that_fail_do_not_count_and_are_named(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAIL", "truth~rewired-1")
    result = run(study_file, tmp_path / "run")
    assert result.comparison["truth"].null_draws == 3
    assert "1 of 4 null masks of 'truth' could not be trained and do not count" in result.warnings


def test_a_study_of_which_nothing_can_be_trained_says_why(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAIL", "")
    with pytest.raises(RunError, match=r"no hypothesis could be trained:\n.*failed on purpose"):
        run(study_file, tmp_path / "run")


def test_nothing_is_written_when_the_study_cannot_run(study_file: Path, tmp_path: Path) -> None:
    rivals = study_file.parent / "rivals.yaml"
    original = rivals.read_text()
    rivals.write_text(original.replace("G", "X"))
    with pytest.raises(HypothesisError, match=r"(?s)truth.*rival"):
        run(study_file, tmp_path / "run", jobs=1)
    rivals.write_text(original)
    text = study_file.read_text()
    study_file.write_text(text.replace("[rivals.yaml]", "[rivals.yaml, {file: rivals.yaml, only: [truth, rivel]}]"))
    with pytest.raises(ConfigError, match=r"(?s)Did you mean 'rival'.*2 hypotheses are called 'truth'"):
        run(study_file, tmp_path / "run")
    study_file.write_text(text)
    (study_file.parent / "samples.tsv").unlink()
    with pytest.raises(DataError, match="no such file"):
        run(study_file, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("option", "value"), [("jobs", 0), ("device", "gpu"), ("fit", "nowhere:fit")])
def test_wrong_options_are_refused(study_file: Path, tmp_path: Path, option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=option):
        run(study_file, tmp_path / "run", **{option: value})


def test_a_folder_that_cannot_be_made_is_named(study_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot make this folder.*--out"):
        run(study_file, tmp_path / "file" / "run")


def test_members_scope_draws_matched_genes_and_compares_memberships(study_file: Path, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text() + "scope: members\n")
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(rivals.read_text().replace("G4 -> G5, G6 -> G7", "G0 -> G3").replace("G3 -> G6, ", ""))
    result = run(study_file, tmp_path / "run")
    assert result.comparison.scope == "members"
    assert result.masks["truth"].genes == ("G0", "G1", "G2", "G3")
    assert {null.kind for null in result.comparison.nulls} == {"matched-genes"}
    assert open_run(tmp_path / "run").as_dict() == json.loads(json.dumps(result.as_dict()))


def test_many_hypotheses_get_null_masks_only_where_they_lead(study_file: Path, tmp_path: Path) -> None:
    edges = ["G0 -> G2", "G0 -> G3", "G0 -> G4", "G1 -> G2", "G1 -> G3", "G2 -> G5", "G3 -> G7", "G1 -> G6", "G5 -> G7"]
    extra = "".join(f"  - name: weak{i}\n    edges: [{edge}, G2 -> G7]\n" for i, edge in enumerate(edges))
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(rivals.read_text() + extra)
    study_file.write_text(study_file.read_text().replace("nulls: 4", "nulls: 2, min_coverage: 0"))
    result = run(study_file, tmp_path / "run")
    ranked = [row.name for row in result.comparison.hypotheses if row.role == "hypothesis"]
    assert len(ranked) == 11
    tested = [null.hypothesis for null in result.comparison.nulls]
    assert ranked[0] in tested
    assert len(tested) <= 8
    assert all(result.comparison[name].in_confidence_set for name in tested)


def test_a_run_folder_is_named_after_the_study(study_file: Path) -> None:
    study = load_study(study_file)
    assert default_folder(study) == Path("hypomask-small")
    assert default_folder(replace(study, name="../p53 & friends/")) == Path("hypomask-p53---friends")


def test_the_study_in_the_run_folder_runs_again(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "run")
    run(RunFolder(tmp_path / "run").study, tmp_path / "again")
    again, before = (json.loads(results(tmp_path / name)) for name in ("again", "run"))
    assert again["comparison"] == before["comparison"]


def test_objects_can_take_the_place_of_files(study_file: Path, tmp_path: Path) -> None:
    from_files = load_study(study_file)
    expected = run(study_file, tmp_path / "files")
    cohort, _ = read_cohort(from_files.data)
    settings = {"plan": from_files.plan, "comparison": from_files.comparison}
    study = Study("in memory", **settings)
    objects = {"cohort": cohort, "hypotheses": from_files.read_hypotheses()}
    with pytest.raises(ConfigError, match="has no hypotheses"):
        run(study, tmp_path / "run", cohort=cohort)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="has no data"):
        run(study, tmp_path / "run", hypotheses=objects["hypotheses"])  # type: ignore[arg-type]
    named = [replace(objects["hypotheses"][0], name="unconstrained")]
    with pytest.raises(ConfigError, match="name of a reference"):
        run(study, tmp_path / "run", cohort=cohort, hypotheses=named)  # type: ignore[arg-type]
    result = run(study, tmp_path / "run", **objects)  # type: ignore[arg-type]
    assert result.comparison.as_dict() == expected.comparison.as_dict()
    assert open_run(tmp_path / "run").as_dict() == json.loads(json.dumps(result.as_dict()))
    with pytest.raises(ConfigError, match="needs 'data'"):
        load_study(tmp_path / "run" / "study.yaml")
