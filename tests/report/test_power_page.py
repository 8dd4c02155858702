"""Power curves as a picture, as a page and on a terminal."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from hypomask.comparison.planning.answer import PowerAnswer, PowerRequest, answer
from hypomask.comparison.planning.assumptions import AssumedEffect, AssumedStudy
from hypomask.comparison.planning.budget import Budget
from hypomask.comparison.planning.chances import Design
from hypomask.comparison.planning.prices import assumed_prices
from hypomask.report.figures.power_curves import power_curves, power_svg
from hypomask.report.power_page import power_html, write_power
from hypomask.report.power_terminal import print_power

HOSTILE = '<script>alert("x")</script>'
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def assumed() -> PowerAnswer:
    study = AssumedStudy(12, AssumedEffect(0.05, 0.4))
    request = PowerRequest(budget=Budget(20_000))
    return answer(study.pilot, Design(), assumed_prices(0.5), request, n_tested=8, assumed=study.questions())


def banded(assumed: PowerAnswer) -> PowerAnswer:
    """The same as if it came from a pilot whose names were written by somebody else."""
    outlooks = tuple(
        replace(
            outlook,
            against=HOSTILE if outlook.kind == "rival" else outlook.against,
            low=0.01,
            high=0.09,
            power_now=0.4,
            needed_low=300,
            needed_high=None,
            curve=tuple(replace(p, low=p.power / 2, high=(1 + p.power) / 2) for p in outlook.curve),
        )
        for outlook in assumed.forecast.outlooks
    )
    forecast = replace(assumed.forecast, outlooks=outlooks, n_now=400, leader=HOSTILE)
    return replace(assumed, forecast=forecast, sentence=f"About 640 samples tell {HOSTILE} from all.")


def test_the_picture_is_a_file_of_its_own_with_a_curve_per_row(assumed: PowerAnswer) -> None:
    root = ET.fromstring(power_svg(assumed.forecast))
    assert root.tag == f"{SVG}svg"
    lines = root.findall(f".//{SVG}polyline")
    assert len(lines) == 8  # best, predicts, edges, nulls, and the four hardest of eleven rivals
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert all(0 <= y <= 100 for _, y in points)
    assert not root.findall(f".//{SVG}polygon")


def test_bands_and_the_present_size_are_drawn_for_a_pilot(assumed: PowerAnswer) -> None:
    drawn = str(power_curves(banded(assumed).forecast))
    assert drawn.count("<polygon") == drawn.count("<polyline") == drawn.count('class="present"') == 8
    assert "(300 to unknown)" in drawn


def test_names_are_escaped_everywhere(assumed: PowerAnswer) -> None:
    page = power_html(banded(assumed), "From a run.")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<script" not in power_svg(banded(assumed).forecast)


def test_the_page_loads_nothing_and_holds_sentence_plans_and_notes(assumed: PowerAnswer) -> None:
    page = power_html(assumed, "From assumptions.")
    assert "http" not in page.replace("http-equiv", "")
    assert assumed.sentence.split(",")[0] in page
    assert "advised" in page
    assert all(note.split("'")[0][:40] in page for note in assumed.notes)


def test_a_file_is_written_by_its_ending(assumed: PowerAnswer, tmp_path: Path) -> None:
    assert write_power(assumed, tmp_path / "p.svg", "x").read_text().startswith("<svg")
    assert write_power(assumed, tmp_path / "p.html", "x").read_text().startswith("<!doctype html>")


def test_the_terminal_says_the_sentence_first_and_reads_no_markup(assumed: PowerAnswer) -> None:
    for found in (assumed, replace(banded(assumed), sentence="[red]About[/red] 640")):
        stream = io.StringIO()
        print_power(found, Console(file=stream, width=120, markup=False, highlight=False))
        text = stream.getvalue()
        assert text.startswith(found.sentence[:20])
        assert "and 5 rivals that are easier to tell apart" in text
        assert max(map(len, text.splitlines())) <= 120
