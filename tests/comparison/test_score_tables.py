"""Tables of scores as people have them: wide, long, repeated, half-finished; and what is said of broken ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.comparison.score_layout import lay_out
from hypomask.comparison.score_names import known_score, score_in_file_name
from hypomask.comparison.score_settings import ScoreSettings
from hypomask.comparison.score_table import ScoreTable
from hypomask.comparison.scores import SCORES
from hypomask.data.delimited import parse_text_table
from hypomask.data.source_files import read_text_source
from hypomask.errors import ConfigError, DataError

WIDE = "fold,a,b\n1,0.8,0.7\n2,0.9,0.75\n3,0.7,0.72\n"


@pytest.fixture
def read(tmp_path: Path):
    def _read(text: str, name: str = "table.csv", **settings: object) -> ScoreTable:
        path = tmp_path / name
        path.write_text(text)
        return lay_out(parse_text_table(read_text_source(path)), ScoreSettings(**settings))  # type: ignore[arg-type]

    return _read


def test_a_wide_table_is_a_row_per_fold_and_a_column_per_model(read) -> None:
    table = read(WIDE)
    assert table.models == ("a", "b")
    assert table.score_MRK.tolist() == [[[0.8, 0.9, 0.7]], [[0.7, 0.75, 0.72]]]
    assert table.repeats_assumed


def test_a_long_table_says_the_same_in_any_order(read) -> None:
    rows = ["b,2,0.75", "a,1,0.8", "a,3,0.7", "b,1,0.7", "a,2,0.9", "b,3,0.72"]
    table = read("model,fold,auc\n" + "\n".join(rows))
    scores = {name: dict(zip("213", table.score_MRK[m, 0], strict=True)) for m, name in enumerate(table.models)}
    assert scores == {"b": {"2": 0.75, "1": 0.7, "3": 0.72}, "a": {"2": 0.9, "1": 0.8, "3": 0.7}}
    assert table.score_name is not None
    assert table.score_name.label == "AUC"


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(2, 4), st.integers(1, 3), st.integers(2, 5))
def test_wide_and_long_tables_in_any_order_of_rows_hold_the_same_scores(
    data: st.DataObject, n_models: int, n_repeats: int, n_folds: int
) -> None:
    from hypomask.data.tables import TextTable

    scores = np.random.default_rng(n_models * 100 + n_folds).random((n_models, n_repeats, n_folds))
    index = [(r, k) for r in range(n_repeats) for k in range(n_folds)]
    wide = {"repeat": tuple(str(r) for r, _ in index), "fold": tuple(f"f{k}" for _, k in index)}
    wide |= {f"m{m}": tuple(repr(float(scores[m, r, k])) for r, k in index) for m in range(n_models)}
    rows = [(f"m{m}", str(r), f"f{k}", repr(float(scores[m, r, k]))) for m in range(n_models) for r, k in index]
    shuffled = data.draw(st.permutations(rows))
    long = dict(zip(("Model", "Repeat", "CV-fold", "score"), zip(*shuffled, strict=True), strict=True))
    a, b = lay_out(TextTable("", wide), ScoreSettings()), lay_out(TextTable("", long), ScoreSettings())
    assert np.array_equal(a.score_MRK, scores)
    assert not b.repeats_assumed
    order = [b.models.index(name) for name in a.models]
    # Folds of a repeat, and repeats, may stand in another order, the same for every model.
    sort = lambda t_MRK: sorted(map(tuple, t_MRK.reshape(n_models, -1).T.tolist()))  # noqa: E731
    assert sort(a.score_MRK) == sort(b.score_MRK[order])
    by_repeat = {frozenset(map(tuple, row.T.tolist())) for row in a.score_MRK.transpose(1, 0, 2)}
    assert by_repeat == {frozenset(map(tuple, row.T.tolist())) for row in b.score_MRK[order].transpose(1, 0, 2)}


def test_repeats_without_a_column_come_from_the_options(read) -> None:
    numbers = "\n".join(f"{i % 3 + 1},0.{i + 1},0.{i + 2}" for i in range(6))
    with pytest.raises(DataError, match="there twice"):
        read(f"fold,a,b\n{numbers}")
    same = [read(f"fold,a,b\n{numbers}", **told) for told in ({"repeats": 2}, {"folds": 3})]
    assert all(table.score_MRK[0].tolist() == [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]] for table in same)
    through = "fold,a,b\n" + "\n".join(f"{i},0.{i + 1},0.{i + 2}" for i in range(6))
    assert read(through).score_MRK.shape == (2, 1, 6)
    assert read(through, folds=3).score_MRK.shape == (2, 2, 3)


def test_a_table_without_a_column_of_folds_needs_to_be_told(read) -> None:
    bare = "a,b\n0.1,0.2\n0.2,0.3\n0.3,0.5\n"
    with pytest.raises(DataError, match="--folds 3 if they are the 3 folds"):
        read(bare)
    assert read(bare, folds=3).score_MRK.shape == (2, 1, 3)
    assert read(bare, test_fraction=0.2).score_MRK.shape == (2, 1, 3)


def test_models_may_be_numbered_and_a_model_may_be_called_network(read) -> None:
    assert read("model,fold,score\n1,1,0.1\n1,2,0.2\n2,1,0.3\n2,2,0.5\n").models == ("1", "2")
    assert read("fold,network,forest\n1,0.1,0.2\n2,0.3,0.5\n").models == ("network", "forest")


def test_row_names_of_r_and_pandas_are_labels_of_folds(read) -> None:
    assert read("\ta\tb\n1\t0.1\t0.2\n2\t0.2\t0.3\n", "x.tsv").models == ("a", "b")
    assert read("Unnamed: 0,a,b\n0,0.1,0.2\n1,0.2,0.4\n").models == ("a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fold,a,b\n1,0.8,x\n2,0.9,0.7\n3,0.7,0.7\n", ["table.csv:2", "model 'b'", "fold '1'", "got 'x'"]),
        (
            "fold,a,b\n1,0.8,\n2,0.9,0.7\n3,NaN,0.7\n",
            ["table.csv:2", "model 'b'", "table.csv:4", "model 'a'", "no score"],
        ),
        ("fold,a,b\n1,0.8,inf\n2,0.9,0.7\n", ["table.csv:2", "got 'inf'", "finite"]),
        ("fold,a,b\n1,80%,0.7\n2,0.9,0.7\n", ["table.csv:2", "per cent"]),
        ("fold,a,b\n1,0.8,0.7\n2,0.9,0.7\n2,0.7,0.7\n", ["table.csv:4", "fold '2'", "twice", "line 3", "'repeat'"]),
        ("fold,a,b\n1,0.8,0.7\n", ["table.csv:2", "one fold"]),
        ("fold,a\n1,0.8\n2,0.7\n", ["one model ('a')"]),
        ("fold,a,b\n1,0.8,0.7\n2,0.9,0.7\nmean,0.85,0.7\n", ["table.csv:4", "'mean' is a summary"]),
        ("fold,a,b\n1,0.8,0.7\n,0.9,0.7\n", ["table.csv:3", "no fold is named"]),
        ("fold,split,a,b\n1,1,0.8,0.7\n", ["'fold', 'split' mean the same"]),
        ("fold,seed,a,b\n1,7,0.8,0.7\n2,8,0.8,0.6\n", ["'seed' does not look like"]),
        ("name,a,b\nx,0.8,0.7\ny,0.8,0.6\n", ["column 'name' holds text", "call it 'fold'"]),
        ("fold;a;b\n1;0,8;0,7\n", ["table.csv:1"]),
        ('fold,a,b\n1,"0,8","0,7"\n2,"0,8","0,6"\n', ["'a' holds numbers with a decimal comma"]),
        (
            "repeat,fold,a,b\n1,1,1,2\n1,2,1,3\n2,1,1,4\n2,2,1,5\n3,1,1,6\n",
            ["table.csv:6", "repeat '3' has 1 folds, expected 2"],
        ),
        ("repeat,fold,a,b\n1,1,1,2\n1,1,1,3\n", ["table.csv:3", "repeat '1' is there twice"]),
        ("model,fold,score\na,1,1\na,2,2\nb,1,1\n", ["model 'b' has no score for fold '2'"]),
        ("model,fold,score\na,1,1\na,2,2\nb,1,1\nb,1,3\nb,2,1\n", ["table.csv:5", "model 'b'", "twice"]),
        ("model,fold,score\na,1,1\n,2,2\nb,1,1\n", ["table.csv:3", "no model is named"]),
        ("model,score\na,1\na,2\nb,1\nb,3\n", ["no column 'fold'"]),
        ("model,fold1,fold2\na,1,2\nb,3,4\n", ["turn the table"]),
        ("model,fold,auc,f1\na,1,1,1\nb,1,1,1\n", ["2 columns could be the score: 'auc', 'f1'", "--score"]),
        ("model,fold,metric,value\na,1,auc,1\na,1,f1,1\nb,1,auc,1\nb,1,f1,1\n", ["2 kinds of scores: 'auc', 'f1'"]),
        ("fold,a,b\n1,1e300,2\n2,3,4\n", ["the largest score is 1e+300", "another unit"]),
        ("fold,a,b\n1,1e-12,2e-12\n2,3e-12,4e-12\n", ["the largest score is 4e-12"]),
        ("fold,a,b\n", ["a header and no rows"]),
        ("", ["empty"]),
        ("<!doctype html><html></html>", ["web page"]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, words: list[str], read) -> None:
    with pytest.raises(DataError) as caught:
        read(text)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("told", "words"), [({"folds": 2}, "3 splits"), ({"repeats": 2}, "3 splits, expected 2 x 1")])
def test_options_that_contradict_the_table_are_refused(told: dict[str, int], words: str, read) -> None:
    with pytest.raises(DataError, match=words):
        read(WIDE, **told)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("fold,model;score\n123.4 -\t\"'%éNa"), min_size=1, max_size=120))
def test_no_text_whatever_raises_anything_but_a_data_error(text: str) -> None:
    from hypomask.data.source_files import SourceText

    if not text.strip():
        return
    try:
        table = lay_out(parse_text_table(SourceText("x.csv", text.encode(), "")), ScoreSettings())
    except DataError:
        return
    assert np.isfinite(table.score_MRK).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": 0.7},
        {"margin": 0.0},
        {"margin": float("inf")},
        {"folds": 1},
        {"test_fraction": 1.0},
        {"direction": "up"},
    ],
)
def test_settings_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ScoreSettings(**wrong)  # type: ignore[arg-type]


def test_names_of_scores_agree_with_the_direction_that_hypomask_declares() -> None:
    for name, score in SCORES.items():
        known = known_score(name)
        if known is not None:
            assert known.direction == score.direction, name
    assert {"auc", "log_loss", "brier", "rmse", "r2"} <= {name for name in SCORES if known_score(name)}


@pytest.mark.parametrize(
    ("stem", "label"),
    [
        ("pnet_prostate_auc", "AUC"),
        ("cv-log-loss", "log loss"),
        ("table", None),
        ("auc_and_rmse", None),
        ("macro", None),
    ],
)
def test_a_files_name_may_name_the_score(stem: str, label: str | None) -> None:
    found = score_in_file_name(stem)
    assert (found.label if found else None) == label


def test_a_frame_with_folds_in_its_index_is_a_table_too() -> None:
    from hypomask.comparison.compare_scores import compare_scores

    frame = pd.DataFrame({"a": [0.8, 0.9, 0.7], "b": [0.7, 0.75, 0.72]}, index=pd.Index([1, 2, 3], name="fold"))
    assert compare_scores(frame).settings["folds"] == 3
    with pytest.raises(DataError, match="fold '2'"):
        compare_scores(frame.assign(b=[0.7, np.nan, 0.72]))
    with pytest.raises(DataError, match="empty"):
        compare_scores(frame.iloc[:0])
