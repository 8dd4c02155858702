"""`hypomask compare-scores`: what it prints, what it writes, and how it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

Run = Callable[..., Any]
PNET = Path(__file__).resolve().parents[3] / "shared" / "data" / "published_scores" / "pnet_prostate_auc.csv"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten folds in which one model leads nine times, by little."""
    rng = np.random.default_rng(4)
    hard = rng.normal(0.85, 0.03, 10)
    frame = pd.DataFrame({"fold": range(1, 11), "pathway": hard + 0.004, "random": hard - 0.004 * rng.random(10)})
    frame.loc[7, "pathway"] -= 0.05
    path = tmp_path / "auc.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.skipif(not PNET.is_file(), reason="published scores are no part of the repository")
def test_the_published_table_ends_in_cannot_tell(hypomask: Run) -> None:
    ran = hypomask("compare-scores", PNET)
    assert ran.code == 0
    assert ran.out.startswith("Verdict: Cannot tell")
    for words in ("sign test p = 0.021", "0.367", "Naive, taking folds as independent", "AUC, higher is better"):
        assert words in ran.out


def test_the_answer_in_words_and_for_programs_is_the_same(hypomask: Run, table: Path, tmp_path: Path) -> None:
    ran = hypomask("compare-scores", table, "-o", tmp_path / "out.json")
    assert ran.code == 0
    assert ran.out.startswith("Verdict: Cannot tell which is better: pathway leads")
    assert "9:1" in ran.out
    printed = hypomask("compare-scores", table, "--json")
    assert json.loads(printed.out) == json.loads((tmp_path / "out.json").read_text())
    assert json.loads(printed.out)["verdict"]["code"] == "cannot-tell"


def test_pairs_are_written_as_a_table(hypomask: Run, table: Path, tmp_path: Path) -> None:
    for name, separator in (("pairs.tsv", "\t"), ("pairs.csv", ",")):
        assert hypomask("compare-scores", table, "--out", tmp_path / name).code == 0
        frame = pd.read_csv(tmp_path / name, sep=separator)
        assert frame["a"].tolist() == ["pathway"]
        assert frame["code"].tolist() == ["cannot-tell"]


def test_what_was_taken_for_granted_is_said(hypomask: Run, table: Path, tmp_path: Path) -> None:
    plain = tmp_path / "table.csv"
    plain.write_bytes(table.read_bytes())
    ran = hypomask("compare-scores", plain)
    said = " ".join(ran.out.split())  # lines are broken where they are too long
    assert "--direction lower" in said
    assert "Taken as 10 folds of one cross-validation" in said
    told = hypomask("compare-scores", plain, "--direction", "higher", "--folds", "10", "--margin", "0.02")
    assert "note: Deciding p" in told.out
    assert "Taken as" not in told.out
    assert "margin 0.02" in told.out


def test_a_table_of_many_models_shows_the_first_pairs_and_says_so(hypomask: Run, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(0.8, 0.02, (6, 12))
    frame = pd.DataFrame(values, columns=[f"model-{i}-{'long' * 12}" for i in range(12)])
    frame.rename_axis("fold").to_csv(tmp_path / "r2.tsv", sep="\t")
    ran = hypomask("compare-scores", tmp_path / "r2.tsv")
    assert ran.code == 0
    assert "36 more pairs" in ran.out


def test_names_cannot_steer_the_terminal(hypomask: Run, tmp_path: Path) -> None:
    path = tmp_path / "auc.csv"
    path.write_text("fold,\x1b[31mred,[bold]b\n1,0.8,0.7\n2,0.9,0.75\n3,0.7,0.72\n")
    ran = hypomask("compare-scores", path)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "[bold]b" in ran.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fold,a,b\n1,0.8,oops\n2,0.9,0.7\n", ("t.csv:2", "'oops'")),
        ("fold,a,b\n1,0.8,0.7\n", ("t.csv:2", "one fold")),
        ("fold,a,b\n1,.8,.7\n2,.9,.8\n3,.7,.6\n4,.8,.7\n5,.9,.8\n", ("t.csv", "differ by the same 0.1")),
        ("<!doctype html><html>", ("web page",)),
        ("", ("empty",)),
    ],
)
def test_a_table_that_cannot_be_used_is_4(text: str, words: tuple[str, ...], hypomask: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    ran = hypomask("compare-scores", path)
    assert ran.code == 4
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    for word in words:
        assert word in ran.err


def test_a_missing_file_is_4_and_a_missing_folder_for_the_result_or_a_wrong_reference_3(
    hypomask: Run, table: Path, tmp_path: Path
) -> None:
    assert hypomask("compare-scores", tmp_path / "auk.csv").code == 4
    ran = hypomask("compare-scores", table, "-o", tmp_path / "nowhere" / "x.json")
    assert (ran.code, ran.out) == (3, "")
    assert "no folder" in ran.err
    ran = hypomask("compare-scores", table, "--reference", "randon")
    assert ran.code == 3
    assert "Did you mean 'random'?" in ran.err


@pytest.mark.parametrize(
    "arguments", [("--folds", "1"), ("--alpha", "0.9"), ("--margin", "0"), ("--direction", "up"), ("-o", "x.xlsx")]
)
def test_wrong_options_are_2(arguments: tuple[str, str], hypomask: Run, table: Path) -> None:
    ran = hypomask("compare-scores", table, *arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err
