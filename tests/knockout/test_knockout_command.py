"""`hypomask knockout` from the outside: what it prints and writes, and how it fails."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
import pytest
from trained import GENES, write_study

from hypomask.cli.knockout_running import show_rows
from hypomask.cli.main import run as run_command
from hypomask.errors import RunError
from hypomask.execution.progress import RichProgress
from hypomask.execution.run import compare, open_run
from hypomask.execution.study import load_study
from hypomask.knockout.asking import ScanOptions, ask
from hypomask.knockout.effect_store import EffectStore
from hypomask.knockout.interventions import knockout
from hypomask.knockout.scan import scan
from hypomask.knockout.trained_run import TrainedRun, open_trained
from hypomask.report.knockout_page import scan_html
from hypomask.report.render import render_report

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs `hypomask knockout ARGUMENTS` and gives code, output and complaints."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = run_command(["knockout", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def assert_refused(ran: tuple[int, str, str], code: int, *words: str) -> None:
    assert ran[0] == code, ran
    assert ran[2].splitlines()[0].startswith(("error: ", "Usage: ", "truth", "note"))
    assert "Traceback" not in ran[2]
    for word in words:
        assert word in ran[2]


def test_one_gene_gives_a_sentence_a_table_and_three_files(call: Call, run_folder: Path, tmp_path: Path) -> None:
    code, out, err = call(run_folder, "--gene", "G0", "--out", tmp_path)
    assert code == 0
    assert out.startswith("G0: ")
    assert "reference level: measured minimum of the gene in the cohort" in out
    assert "truth: models: 6 of 6" in err
    files = {file.suffix: file for file in tmp_path.iterdir()}
    assert set(files) == {".tsv", ".json", ".html"}
    table = pd.read_csv(files[".tsv"], sep="\t", index_col="intervention")
    content = json.loads(files[".json"].read_text())
    assert content["effects"][0]["effect"] == pytest.approx(table.loc["G0", "effect"])
    assert [token["name"] for token in content["path"]["tokens"]] == ["G0", "G1"]
    page = files[".html"].read_text()
    assert page.count("<svg") == 1
    assert "Path of G0" in page


def test_all_genes_as_json(call: Call, run_folder: Path, tmp_path: Path) -> None:
    code, out, _ = call(run_folder, "--all-genes", "--no-nulls", "--json", "--out", tmp_path, "--level", "q0.1")
    assert code == 0
    content = json.loads(out)
    assert len(content["effects"]) == 9
    assert content["reference_level"].startswith("10 % quantile")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--edges", "--no-nulls"), "Of 4 effects"),
        (("--edge", "G0 -> G1"), "G0 -> G1: "),
        (("--add-edge", "G0 -> G5", "--edge", "G0 -> G1", "--joint"), "G0 -> G1 + G0 -> G5: "),
        (("--gene", "G0", "--gene", "G1", "--joint", "--no-nulls"), "G0 + G1: "),
        (("--gene", "G0", "--dose", "0.5", "--no-nulls"), "G0: "),
        (("--gene", "G0", "--keep-value", "--no-nulls"), "G0: "),
        (("--gene", "G0", "--stratum", "sex=F", "--no-nulls"), "(sex=F)"),
        (("--gene", "G8", "--hypothesis", "no-interaction"), "nothing goes through the mask"),
        (("--group", "first", "--no-nulls"), "first: "),
        (("--group", "first", "--gene", "G8", "--joint", "--no-nulls"), "G8 + first: "),
        (("--gene", "G0", "--sample", "s003", "--sample", "s007", "--no-nulls"), "2 samples (s003, s007)"),
        (("--gene", "G0", "--alpha", "0.5", "--no-nulls"), "50 % interval"),
        (("--gene", "G0", "--phenotype", "response", "--no-nulls"), "G0: "),
        (("--gene", "G0", "--level", "expression=absent", "--no-nulls"), "mean of the training samples"),
        (("--gene", "G0", "--dose", "2", "--no-nulls"), "G0: "),
        (("--gene", "G0", "--gene", "G1", "--all-pairs", "--harm", "lower"), "No synthetic-lethal candidate"),
        (("--top-pairs", "2", "--hypothesis", "unconstrained"), "of 36 pairs were computed"),
    ],
)
def test_what_can_be_asked(
    call: Call, run_folder: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = call(run_folder, *arguments, "--out", tmp_path)
    assert code == 0, err
    assert words in out
    assert len(list(tmp_path.glob("*.html"))) == 1


def test_a_group_is_its_members_that_were_measured(call: Call, run_folder: Path, tmp_path: Path) -> None:
    both = ("--gene", "G0", "--gene", "G1", "--joint", "--no-nulls", "--json", "--out", tmp_path)
    _, together, _ = call(run_folder, *both)
    _, group, _ = call(run_folder, "--group", "first", "--no-nulls", "--json", "--out", tmp_path)
    effects = [json.loads(text)["effects"][0]["effect"] for text in (together, group)]
    assert effects[0] == pytest.approx(effects[1], abs=1e-12)


def test_every_stratum_is_asked_in_turn(call: Call, run_folder: Path, tmp_path: Path) -> None:
    asked = ("--gene", "G0", "--gene", "G8", "--no-nulls", "--out", tmp_path, "--json")
    code, out, _ = call(run_folder, *asked, "--by", "sex")
    assert code == 0
    strata = json.loads(out)
    assert [one["samples"] for one in strata] == ["sex=F", "sex=M"]
    assert sum(one["n_samples"] for one in strata) == 150
    _, out, _ = call(run_folder, *asked, "--stratum", "sex=M")
    assert json.loads(out) == strata[1]
    assert len(list(tmp_path.glob("*.tsv"))) == 2


def test_effects_in_every_sample_have_the_mean_of_the_table(call: Call, run_folder: Path, tmp_path: Path) -> None:
    code, out, _ = call(run_folder, "--all-genes", "--per-sample", "--no-nulls", "--out", tmp_path)
    assert code == 0
    assert "every sample: " in out
    by_sample = pd.read_csv(next(tmp_path.glob("*.samples.tsv")), sep="\t", index_col="intervention")
    table = pd.read_csv(tmp_path / "all-genes.truth.tsv", sep="\t", index_col="intervention")
    assert by_sample.shape == (9, 150)
    assert by_sample.index.tolist() == table.index.tolist()
    pd.testing.assert_series_equal(by_sample.mean(axis=1), table["effect"], check_names=False, rtol=1e-5)


def test_pairs_come_from_a_table(call: Call, run_folder: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("gene_a\tgene_b\nG0\tG1\nG1\tG0\nG2\tG3\nG0\tG8\n")
    code, out, _ = call(run_folder, "--pairs", pairs, "--out", tmp_path / "out", "--json")
    assert code == 0
    content = json.loads(out)
    assert {(row["a"], row["b"]) for row in content["pairs"]} == {("G0", "G1"), ("G2", "G3")}
    assert content["pairs_of_exactly_zero"] == 1
    page = next((tmp_path / "out").glob("*.html")).read_text()
    assert "Epistasis map" in page


def test_evaluate_and_experiments_are_commands_of_their_own(call: Call, run_folder: Path, tmp_path: Path) -> None:
    measured = tmp_path / "screen.csv"
    measured.write_text("gene,effect\n" + "".join(f"G{i},{(-1) ** i * i}\n" for i in range(9)))
    code, out, _ = call("evaluate", run_folder, measured, "--no-nulls", "--out", tmp_path)
    assert code == 0
    assert "9 measured knockouts" in out
    assert "no-interaction" in out
    assert (tmp_path / "evaluate.screen.tsv").exists()
    code, out, _ = call("experiments", run_folder, "--replicate-sd", "0.1", "--out", tmp_path)
    assert code == 0
    assert out.startswith("To do next: knock out G")
    assert len(pd.read_csv(tmp_path / "experiments.tsv", sep="\t")) == 9
    shown = out.partition("truth against rival, change that each predicts:\n")[2].splitlines()
    assert shown[0].split() == (
        ["knock", "out", "truth", "rival", "difference", "interval", "replicates", "power", "at", "6", "background"]
    )
    assert {line.split()[0] for line in shown[1:10]} == set(GENES), "every knockout is named"
    code, out, _ = call("experiments", "--help")
    assert code == 0
    assert "Usage: hypomask knockout experiments" in out


def test_every_obstacle_has_its_exit_code_and_a_way_out(call: Call, run_folder: Path, tmp_path: Path) -> None:
    assert_refused(call(run_folder, "--gene", "TP53"), 4, "gene 'TP53' is not in the data")
    assert_refused(call(run_folder, "--gene", "GX"), 4, "named by hypothesis 'truth', but is not in the data")
    assert_refused(call(run_folder, "--gene", "G1", "--gene", "G1", "--edge", "G1 -> G0"), 3, "is not in the mask")
    assert_refused(call(run_folder, "--gene", "G1", "--phenotype", "height"), 3, "explains 'response' alone")
    assert_refused(call(run_folder, "--gene", "G1", "--by", "age"), 3, "no categorical covariate 'age'", "sex")
    assert_refused(call(run_folder, "--gene", "G1", "--stratum", "sex"), 2, "expected NAME=LEVEL")
    assert_refused(call(run_folder, "--gene", "G1", "--alpha", "0"), 2, "--alpha")
    assert_refused(call(run_folder, "--gene", "G1", "--harm", "lower"), 2, "give --pairs")
    assert_refused(call(run_folder, "--all-pairs", "--top-pairs", "3"), 2, "give one of them")
    assert_refused(call(run_folder, "--all-pairs", "--edges"), 2, "--edges does not go with --all-pairs")
    assert_refused(call(run_folder, "--all-pairs", "--per-sample"), 2, "--per-sample does not go with")
    assert_refused(call(run_folder, "--gene", "G1", "--all-pairs"), 3, "at least two genes")
    assert_refused(call(run_folder, "--add-edge", "G0 -> G1"), 3, "is in the mask of 'truth' already")
    assert_refused(call(run_folder, "--edge", "G1 -> G1"), 3, "always reads itself")
    assert_refused(call(run_folder, "--gene", "G88"), 4, "Did you mean 'G8'")
    assert_refused(call(run_folder), 2, "say what is to be knocked out")
    assert_refused(call(run_folder, "--gene", "G1", "--dose", "0.5", "--keep-value"), 2, "give one of them")
    assert_refused(call(run_folder, "--gene", "G1", "--dose", "-1"), 3, "dose: got -1")
    assert_refused(call(run_folder, "--gene", "G1", "--hypothesis", "turth"), 3, "Did you mean 'truth'")
    assert_refused(call(run_folder, "--gene", "G1", "--level", "low"), 3, "expected minimum")
    assert_refused(call(run_folder, "--group", "p53"), 3, "no group 'p53' in hypothesis 'truth'")
    assert_refused(call(run_folder, "--edge", "G0=G1"), 3, "expected 'A -> B'")
    assert_refused(call(run_folder, "--edges", "--hypothesis", "no-interaction"), 3, "has no edge to remove")
    assert_refused(call(run_folder, "--gene", "G1", "--sample", "s999"), 4, "sample 's999' is not in the data")
    assert_refused(call(tmp_path, "--gene", "G1"), 5, "no run is in this folder")
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("gene_a\tgene_b\nG0\tG8\n")
    assert_refused(call(run_folder, "--pairs", pairs), 3, "exactly 0 on the link scale")
    pairs.write_text("gene_a\tgene_b\nG0\tG0\nG1\t\n")
    assert_refused(call(run_folder, "--pairs", pairs), 4, "pairs.tsv:2", "paired with itself", "pairs.tsv:3", "missing")


def test_evaluate_and_experiments_refuse_what_they_cannot_do(call: Call, run_folder: Path, tmp_path: Path) -> None:
    measured = tmp_path / "screen.csv"
    measured.write_text("gene,lfc\n" + "".join(f"G{i},{i}\n" for i in range(9)))
    assert_refused(call("evaluate", run_folder, measured), 4, "no column of effects", "--column")
    found = call("evaluate", run_folder, measured, "--column", "lfc", "--no-nulls", "--hypothesis", "rival", "--json")
    assert found[0] == 0
    assert {row["name"] for row in json.loads(found[1])["agreement"]} == {"rival", "no-interaction"}
    measured.write_text("gene,effect\nTP53,1\nG1,2\n")
    assert_refused(call("evaluate", run_folder, measured), 4, "1 of 2 measured knockouts can be predicted", "TP53")
    assert_refused(call("evaluate", run_folder, tmp_path / "none.csv"), 4, "no such file")
    assert_refused(call("experiments", run_folder, "--hypothesis", "truth"), 3, "expected at least two")
    assert_refused(call("experiments", run_folder, "--gene", "TP53"), 4, "gene 'TP53' is not in the data")
    assert_refused(call("experiments", run_folder, "--power", "1.5"), 2, "--power")
    assert_refused(call("experiments", run_folder, "--replicate-sd", "0"), 2, "--replicate-sd")
    asked = ("--gene", "G0", "--dose", "0.2", "--power", "0.5", "--out", tmp_path, "--json")
    code, out, _ = call("experiments", run_folder, "--hypothesis", "truth", "--hypothesis", "rival", *asked)
    assert code == 0
    assert [row["knockout"] for row in json.loads(out)["experiments"]] == ["G0"]


def test_a_gene_outside_the_models_is_told_from_one_that_was_not_measured(call: Call, tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path / "inputs", n=60)).with_plan(
        folds=2, repeats=1, nulls=0, keep_models="all", unconstrained=False, genes="named"
    )
    compare(study, tmp_path / "run", jobs=1, device="cpu")
    why = ("gene 'G8' was measured, but is not among the 8 genes of 'truth'", "plan.genes left it out")
    assert_refused(call(tmp_path / "run", "--gene", "G8"), 3, *why)


def test_a_run_without_models_says_how_to_get_them(call: Call, tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path / "inputs", n=60)).with_plan(
        folds=2, repeats=1, nulls=0, keep_models="none", unconstrained=False
    )
    compare(study, tmp_path / "run", jobs=1, device="cpu")
    ran = call(tmp_path / "run", "--gene", "G0")
    assert_refused(ran, 5, "models of", "were not kept", "keep_models: all", "hypomask compare")
    compare(study.with_plan(keep_models="all"), tmp_path / "run", jobs=1, device="cpu")
    assert call(tmp_path / "run", "--gene", "G0")[0] == 0


def test_a_damaged_model_is_named(call: Call, run_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_folder.parent, copy)
    for file in (copy / "run" / "checkpoints").glob("hypothesis_truth*.npz"):
        file.write_bytes(file.read_bytes()[:-10])
    assert_refused(call(copy / "run", "--gene", "G0"), 5, "not the one that was written", "compare command again")


@pytest.mark.parametrize("command", [(), ("experiments",), ("evaluate",)])
def test_a_scan_that_fails_leaves_no_bar_open(
    command: tuple[str, ...], run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar left open hides the terminal's cursor, and its thread writes while the interpreter shuts down."""
    bars: list[RichProgress] = []

    def bar(stream: TextIO) -> RichProgress:
        bars.append(RichProgress(stream))
        return bars[-1]

    def fail(*_: object) -> None:
        assert bars[-1].is_open
        raise RunError("the model is damaged")

    monkeypatch.setattr("hypomask.execution.progress.progress_for", bar)
    monkeypatch.setattr(EffectStore, "write", fail)
    screen = tmp_path / "screen.tsv"
    screen.write_text("gene\teffect\n" + "".join(f"G{i}\t{i}\n" for i in range(9)))
    rest = {(): ["--gene", "G7"], ("experiments",): ["--gene", "G7"], ("evaluate",): [str(screen)]}[command]
    assert run_command(["knockout", *command, str(run_folder), *rest, "--out", str(tmp_path)]) == 5
    assert len(bars) == 1
    assert not bars[0].is_open
    for thread in threading.enumerate():
        if type(thread).__name__ == "_RefreshThread":
            thread.join(timeout=60)  # it was told to end, and ends when it looks the next time
            assert not thread.is_alive()


def test_an_interrupted_scan_says_how_to_go_on(
    call: Call, run_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written: list[Any] = []
    write = EffectStore.write

    def stop(self: EffectStore, job: Any, effects: Any) -> None:
        write(self, job, effects)
        written.append(job)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(EffectStore, "write", stop)
    code, _, err = call(run_folder, "--gene", "G3", "--no-nulls", "--out", tmp_path)
    assert code == 130
    assert "the same command goes on from there" in err
    code, _, err = call(run_folder, "--gene", "G3", "--no-nulls", "--out", tmp_path)
    assert code == 0
    assert "2 of 6 were asked before" in err
    assert len(written) == 6


def test_pages_and_the_report_of_the_run_lead_to_each_other(call: Call, run_folder: Path, tmp_path: Path) -> None:
    report = run_folder / "report.html"
    assert not report.exists(), "the functions of Python write none by themselves"
    render_report(open_run(run_folder))
    _, out, _ = call(run_folder, "--gene", "G2", "--hypothesis", "truth", "--no-nulls")
    assert out.endswith(f"report: {report}\n")
    name = "knockouts/G2.truth.html"
    assert f'href="{name}"' in report.read_text()
    assert 'href="../report.html"' in (run_folder / name).read_text()
    call("experiments", run_folder, "--gene", "G4")
    assert "To do next" in report.read_text() or "No knockout would tell" in report.read_text()
    call(run_folder, "--gene", "G2", "--hypothesis", "truth", "--no-nulls", "--out", tmp_path)
    assert "report.html" not in (tmp_path / "G2.truth.html").read_text(), "from there it cannot be found"
    report.unlink()


def test_answers_under_other_conditions_do_not_overwrite_each_other(
    call: Call, run_folder: Path, tmp_path: Path
) -> None:
    asked = [(), ("--level", "q0.25"), ("--level", "zero"), ("--dose", "0"), ("--stratum", "sex=F"), ("--keep-value",)]
    for conditions in asked:
        call(run_folder, "--gene", "G1", "--hypothesis", "truth", "--no-nulls", "--out", tmp_path, *conditions)
    assert len(list(tmp_path.glob("G1.*truth.tsv"))) == len(asked)
    for conditions in ((), ("--level", "q0.25"), ("--dose", "0")):
        call("experiments", run_folder, "--gene", "G1", "--out", tmp_path, *conditions)
    assert len(list(tmp_path.glob("experiments*.tsv"))) == 3


def test_a_wide_table_is_cut_nowhere_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    cells = ["a-gene-with-a-long-name", *(f"{'x' * 30}{k}" for k in range(8))]
    show_rows([f"heading {k}" for k in range(9)], [cells] * 25)
    printed = capsys.readouterr().out
    assert all(cell in printed for cell in cells)
    assert printed.count("a-gene-with-a-long-name") == 20
    assert "the first 20; the table in the file has all" in printed


def test_two_processes_do_not_make_the_same_scan(call: Call, run_folder: Path, tmp_path: Path) -> None:
    run = open_trained(run_folder)
    asked = ask(run, [knockout("G5")], "truth", ScanOptions())
    with asked.store(run.models(run.model("truth"))):
        refused = call(run_folder, "--gene", "G5", "--hypothesis", "truth", "--no-nulls", "--out", tmp_path)
        assert_refused(refused, 5, "another process is asking these models the same", "it goes on from there")
        code, _, _ = call(run_folder, "--gene", "G6", "--hypothesis", "truth", "--no-nulls", "--out", tmp_path)
        assert code == 0, "another question is none of its business"
    code, _, _ = call(run_folder, "--gene", "G5", "--hypothesis", "truth", "--no-nulls", "--out", tmp_path)
    assert code == 0


def test_names_from_files_are_no_code_in_the_page(trained_run: TrainedRun) -> None:
    found = scan(trained_run, [knockout("G0"), knockout("G1")], "truth")
    hostile = '<script>alert("x")</script>'
    named = replace(
        found,
        study=hostile,
        phenotype=hostile,
        interventions=tuple(replace(each, name=f"{hostile}{i}") for i, each in enumerate(found.interventions)),
        notes=(hostile,),
    )
    page = scan_html(named)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4
