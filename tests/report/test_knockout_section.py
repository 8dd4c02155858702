"""The report of a run shows what was knocked out, and is brought up to date without being worked out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hypomask.comparison.result import Comparison
from hypomask.execution.run_folder import RunFolder
from hypomask.report.knockout_section import MOST_ROWS, knockout_section, update_report
from hypomask.report.page import Page
from hypomask.report.render import write_page

EFFECT = {
    "action": "knockout",
    "effect": 0.5,
    "low": 0.1,
    "high": 0.9,
    "p_holm": 0.02,
    "consistency": 1.0,
    "direct": 0.5,
    "mediated": 0.0,
    "mediated_rms": 0.0,
    "unit_effect": None,
    "touched": 2,
    "responders": "s1 (+0.7)",
}
EXPERIMENT = {
    "knockout": "TP53",
    "a": "one",
    "b": "two",
    "predicted_a": 0.1,
    "predicted_b": 0.3,
    "difference": -0.2,
    "low": None,
    "high": None,
    "replicates": None,
    "power_6": 0.1,
    "background": "s7",
    "replicates_there": 12.0,
}


@pytest.fixture
def run(tmp_path: Path, make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]) -> RunFolder:
    """A run with its report, in which nothing was knocked out so far."""
    folder = RunFolder(tmp_path)
    folder.knockouts.mkdir()
    write_page(make_page(make_comparison(("one", "two")), knockouts=knockout_section(folder)), folder.report)
    return folder


def store(run: RunFolder, name: str, content: object) -> None:
    (run.knockouts / f"{name}.json").write_text(json.dumps(content))


def scan(genes: int, sentence: str = "Of some effects ...") -> dict[str, object]:
    return {"sentence": sentence, "effects": [{"intervention": f"G{k}", **EFFECT} for k in range(genes)]}


def test_the_report_is_brought_up_to_date_and_the_rest_of_it_stays(run: RunFolder, hostile: str) -> None:
    before = run.report.read_text()
    assert "Nobody has asked them yet" in before
    store(run, "all-genes.one", scan(MOST_ROWS + 3, sentence=hostile))
    (run.knockouts / "all-genes.one.html").write_text("the page")
    store(run, "G1 #2.one", scan(1))
    store(run, "experiments", {"sentence": "To do next: ...", "experiments": [EXPERIMENT]})
    assert update_report(run)
    after = run.report.read_text()
    assert "Nobody has asked them yet" not in after
    assert hostile not in after
    assert 'href="knockouts/all-genes.one.html"' in after
    assert 'href="knockouts/G1%20%232.one.tsv"' in after, "where there is no page, the table"
    assert f"G{MOST_ROWS - 1}<" in after
    assert f"G{MOST_ROWS}<" not in after
    assert "s7: 12" in after
    start, end = before.index("<!-- knockouts -->"), before.index("<!-- end of knockouts -->")
    assert after.startswith(before[:start])
    assert after.endswith(before[end:])
    assert update_report(run)
    assert run.report.read_text() == after


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '{"sentence": "x", "effects": [{"gene": 1}]}', '"effects"'])
def test_files_of_others_are_left_out(run: RunFolder, text: str) -> None:
    (run.knockouts / "notes.json").write_text(text)
    assert knockout_section(run).tables == ()


def test_a_report_that_is_not_there_or_has_no_such_section_is_left_alone(run: RunFolder) -> None:
    run.report.write_text("<html>an older page</html>")
    assert not update_report(run)
    assert run.report.read_text() == "<html>an older page</html>"
    run.report.unlink()
    assert not update_report(run)
    assert not run.report.exists()
