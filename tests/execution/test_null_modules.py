"""Modules that null masks keep: from groups, from a table, and named when they are missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_learner import FIT

from hypomask.errors import ConfigError, RunError
from hypomask.execution.jobs import null_model
from hypomask.execution.null_modules import modules_of_groups, read_modules
from hypomask.execution.null_stage import NullMasks
from hypomask.execution.prepare import prepare
from hypomask.execution.run import compare, open_run
from hypomask.execution.study import load_study
from hypomask.hypothesis.graph import GeneGroup, Hypothesis

EDGES = "[G0 -> G1, G1 -> G2, G2 -> G3, G3 -> G0, G4 -> G5, G5 -> G6, G6 -> G7, G7 -> G4, G0 -> G2, G4 -> G6]"
MODULES = "gene\tmodule\n" + "".join(f"G{i}\t{'left' if i < 4 else 'right'}\n" for i in range(8))


def run(study: Path, out: Path) -> Any:
    return compare(study, out, jobs=1, device="cpu", fit=FIT)


@pytest.fixture
def within(study_file: Path) -> Path:
    """A study of one hypothesis with two modules of four genes, rewired within them."""
    rivals = study_file.parent / "rivals.yaml"
    rivals.write_text(f"hypomask: 1\nhypotheses:\n  - name: truth\n    edges: {EDGES}\n")
    (study_file.parent / "modules.tsv").write_text(MODULES)
    text = study_file.read_text()
    plan = "nulls: 4, null_kind: rewired-within-modules, null_modules: modules.tsv"
    study_file.write_text(text.replace("nulls: 4", plan))
    return study_file


def test_every_draw_keeps_the_edges_within_their_modules(within: Path) -> None:
    masks = NullMasks(prepare(load_study(within)))
    for draw in range(4):
        table = masks.mask_of(null_model("truth", draw)).edges()
        assert ((table.rows < 4) == (table.cols < 4)).all()
    assert masks.kinds["truth"].endswith("-within-modules")


def test_the_kind_is_told_and_the_run_is_the_same_when_opened_again(within: Path, tmp_path: Path) -> None:
    result = run(within, tmp_path / "run")
    (null,) = result.comparison.nulls
    assert null.kind.endswith("-within-modules")
    assert "within modules" in result.null_masks["truth"]
    said = [reason.sentence for reason in result.comparison.verdict.reasons if reason.code.startswith("nulls")]
    assert all("within modules" in sentence for sentence in said)
    text = (tmp_path / "run" / "results.json").read_text()
    assert json.loads(text)["settings"]["plan"]["null_modules"] == "modules.tsv"
    assert str(tmp_path) not in text
    assert open_run(tmp_path / "run").as_dict() == json.loads(json.dumps(result.as_dict()))


def test_other_modules_are_another_study(within: Path, tmp_path: Path) -> None:
    run(within, tmp_path / "run")
    moved = within.parent / "moved.tsv"
    (within.parent / "modules.tsv").rename(moved)
    within.write_text(within.read_text().replace("modules.tsv", "moved.tsv"))
    run(within, tmp_path / "run")  # the same content in another file
    moved.write_text(MODULES.replace("G4\tright", "G4\tleft"))
    with pytest.raises(RunError, match="null_modules"):
        run(within, tmp_path / "run")


def test_groups_are_modules_and_genes_of_several_groups_are_a_module_of_their_own() -> None:
    groups = (GeneGroup("repair", ("A", "B", "C")), GeneGroup("arrest", ("C", "D")))
    hypothesis = Hypothesis("h", ("A", "B", "C", "D", "E"), groups=groups)
    assert modules_of_groups(hypothesis) == {"A": "repair", "B": "repair", "C": "arrest + repair", "D": "arrest"}


def test_a_hypothesis_without_groups_needs_a_table(within: Path) -> None:
    within.write_text(within.read_text().replace(", null_modules: modules.tsv", ""))
    with pytest.raises(ConfigError, match=r"'truth' has no groups.*plan\.null_modules"):
        prepare(load_study(within))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene\tgroup\nG0\ta\n", "columns are gene, group, expected 'gene' and 'module'"),
        ("gene\tmodule\nG0\n", r"modules.tsv:2: got \['G0', ''\], expected a gene and its module"),
        ("gene\tmodule\nG0\ta\nG0\tb\n", "3: gene 'G0' is in module 'b', and in 'a' further up"),
        ("gene\tmodule\nBRCA1\ta\n", "names none of the 8 genes of 'truth'"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(within: Path, text: str, message: str) -> None:
    (within.parent / "modules.tsv").write_text(text)
    with pytest.raises(ConfigError, match=message):
        prepare(load_study(within))


def test_tables_may_be_comma_separated_and_hold_more(tmp_path: Path) -> None:
    table = tmp_path / "modules.csv"
    table.write_text("module,gene,score\nleft,G0,1\n\nright,G1,2\n")
    assert read_modules(table) == {"G0": "left", "G1": "right"}


def test_modules_without_the_kind_that_keeps_them_are_refused(within: Path) -> None:
    within.write_text(within.read_text().replace("null_kind: rewired-within-modules, ", ""))
    with pytest.raises(ConfigError, match="modules are kept with null_kind: rewired-within-modules, got auto"):
        load_study(within)
