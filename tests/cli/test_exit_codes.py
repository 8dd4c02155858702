"""Every fault ends in the documented exit code and a line on stderr, and never in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hypomask.cli import schema
from hypomask.cli.main import run
from hypomask.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


def assert_said(ran: Any, code: int, *words: str) -> None:
    assert ran.code == code
    assert ran.err.splitlines()[0].startswith(("error: ", "Usage: "))
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def test_no_command_shows_the_help(hypomask: Run) -> None:
    ran = hypomask()
    assert ran.code == 0
    assert "compare" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("comapre",), "Did you mean 'compare'?"),
        (("compare", "--flods", "3"), "--flods"),
        (("compare",), "missing: --data or --channel, --phenotype (or --masked-genes), --hypotheses"),
        (("compare", "study.yaml", "--data", "x.tsv"), "--data: data and hypotheses stand in"),
        (("compare", "--data", "x", "--channel", "a=b", "--phenotype", "y", "--hypotheses", "h"), "not both"),
        (("compare", "--channel", "a", "--phenotype", "y", "--hypotheses", "h.yaml"), "expected NAME=FILE"),
        (("compare", "--folds", "1"), "--folds"),
        (("schema", "studies"), "studies"),
        (("simulate", "h.yaml", "--interactions", "1.5"), "--interactions"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], words: str, hypomask: Run) -> None:
    assert_said(hypomask(*arguments), 2, words)


def test_a_wrong_study_is_3_and_names_the_line(hypomask: Run, folder: Path) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("folds: 2", "folds: many").replace("samples: s", "sampels: s"))
    ran = hypomask("compare", study)
    assert_said(ran, 3, "study.yaml:5", "Did you mean 'samples'?", "study.yaml:8", "folds")


def test_a_wrong_hypothesis_is_3_and_all_problems_are_shown(hypomask: Run, folder: Path) -> None:
    document = folder / "hypotheses.yaml"
    document.write_text(document.read_text().replace("A -> B, B", "A => B, B").replace("name: hub", "nam: hub"))
    assert_said(hypomask("validate", document), 3, "hypotheses.yaml:4", "hypotheses.yaml:5")


def test_missing_genes_are_3(hypomask: Run, folder: Path) -> None:
    document = folder / "hypotheses.yaml"
    document.write_text(document.read_text().translate(str.maketrans("ABCD", "WXYZ")))
    assert_said(hypomask("compare", folder / "study.yaml"), 3, "cascade", "hub")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("<!doctype html><html>", "web page"),
        ("sample\tstatus\ns1\tcase\n", "samples.tsv"),
    ],
)
def test_unusable_data_are_4(content: str, words: str, hypomask: Run, folder: Path) -> None:
    (folder / "samples.tsv").write_text(content)
    assert_said(hypomask("compare", folder / "study.yaml"), 4, words)


def test_data_that_are_not_there_are_4(hypomask: Run, folder: Path) -> None:
    (folder / "expression.tsv").unlink()
    assert_said(hypomask("compare", folder / "study.yaml"), 4, "expression.tsv", "no such file")


def test_a_run_that_is_not_there_is_5(hypomask: Run, tmp_path: Path) -> None:
    assert_said(hypomask("report", tmp_path / "nothing"), 5, "nothing")


def test_a_folder_that_cannot_be_written_is_5(hypomask: Run, folder: Path) -> None:
    (folder / "taken").write_text("a file")
    assert_said(hypomask("compare", folder / "study.yaml", "--out", folder / "taken" / "run"), 5, "taken")


def broken(*_: object) -> None:
    raise ZeroDivisionError("of all things")


def test_an_unexpected_error_is_1_and_says_how_to_report_it(hypomask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "print_json", broken)
    ran = hypomask("schema")
    assert_said(ran, 1, "unexpected ZeroDivisionError: of all things", "test_exit_codes.py", "--debug", "hypomask 0.")


def test_debug_shows_the_traceback_too(hypomask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "print_json", broken)
    ran = hypomask("schema", "--debug")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert "error: unexpected" in ran.err


def test_interruption_is_130(hypomask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "print_json", interrupted)
    ran = hypomask("schema")
    assert ran.code == 130
    assert ran.err == "interrupted\n"


def test_names_from_files_cannot_steer_the_terminal(hypomask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def hostile(*_: object) -> None:
        raise DataError("column '\x1b]0;owned\x07\x1b[2J' \u202e is odd\nsecond line")

    monkeypatch.setattr(schema, "print_json", hostile)
    ran = hypomask("schema")
    assert ran.code == 4
    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err
    assert ran.err.splitlines()[1].startswith("       second")


def test_a_closed_pipe_ends_quietly() -> None:
    code = "import sys; from hypomask.cli.main import main; sys.argv = ['hypomask', 'schema', 'study']; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 141
    assert complaint == b""


def test_every_documented_code_is_in_the_help(hypomask: Run) -> None:
    text = " ".join(hypomask("--help").out.split())
    for words in ("0 done", "2 usage", "3 invalid hypothesis or study", "4 data", "5 missing resource", "130 interr"):
        assert words in text


def test_run_returns_and_does_not_exit() -> None:
    assert run(["--version"]) == 0
