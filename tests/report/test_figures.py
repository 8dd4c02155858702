"""Figures: what is drawn is where the numbers say."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypomask.comparison.result import Comparison
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.report.figures.effects import effects_figure, skill_figure
from hypomask.report.figures.interval_rows import IntervalRow, interval_rows
from hypomask.report.figures.mask_picture import MAX_TOKENS, mask_picture
from hypomask.report.figures.svg import Scale, element, nice_ticks

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def drawn(figure: str) -> ET.Element:
    return ET.fromstring(figure)


def by_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [node for node in root.iter() if name in (node.get("class") or "").split()]


def percent(text: str | None) -> float:
    return float((text or "").removesuffix("%"))


def rows_of(*rows: IntervalRow) -> ET.Element:
    return drawn(
        interval_rows(rows, name="f", title="t", description="d", worse="worse", better="better", zero="nothing")
    )


def picture_of(mask: Mask) -> ET.Element:
    return drawn(mask_picture(mask, name="m"))


@given(st.lists(FINITE, min_size=1, max_size=20))
def test_a_scale_keeps_order_and_stays_on_the_page(values: list[float]) -> None:
    scale = Scale.over(values)
    placed = [scale(value) for value in sorted(values)]
    assert placed == sorted(placed)
    assert all(scale.left <= x <= scale.right for x in placed)


@given(FINITE, st.floats(1e-6, 1e6))
def test_ticks_are_round_ordered_and_inside(low: float, width: float) -> None:
    high = low + width
    ticks = nice_ticks(low, high)
    slack = 1e-6 * max(abs(low), abs(high), width)
    assert ticks == sorted(ticks)
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    assert len(ticks) <= 12


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (1.0, 0.0), (math.nan, 1.0), (0.0, math.inf)])
def test_there_are_no_ticks_without_a_range(low: float, high: float) -> None:
    assert nice_ticks(low, high) == []


@given(st.text(), st.text())
def test_element_keeps_text_as_text(text: str, value: str) -> None:
    html = str(element("text", text, class_="label", data_name=value))
    assert html.count("<") == 2
    assert html.count(">") == 2
    assert html.count('"') == 4


def test_the_point_lies_within_its_interval_and_nulls_where_they_are() -> None:
    root = rows_of(IntervalRow("a", 0.5, 0.2, 0.8, nulls=(0.0, 0.25), tone="best"))
    line, point = by_class(root, "interval")[0], by_class(root, "point")[0]
    assert percent(line.get("x1")) < percent(point.get("cx")) < percent(line.get("x2"))
    nulls = [percent(mark.get("x1")) for mark in by_class(root, "null")]
    unit = percent(point.get("cx")) - nulls[0]
    assert nulls[1] - nulls[0] == pytest.approx(unit / 2, abs=0.02)
    zero = by_class(root, "zero")[0]
    assert percent(zero.get("x1")) == pytest.approx(nulls[0], abs=0.01)


def test_unknown_numbers_are_not_drawn() -> None:
    root = rows_of(IntervalRow("a", math.nan, math.nan, math.nan), IntervalRow("b", 1.0, math.nan, 2.0))
    assert by_class(root, "interval") == []
    assert len(by_class(root, "point")) == 1


def test_the_effects_figure_places_nulls_by_their_distance_to_the_hypothesis(
    make_comparison: Callable[..., Comparison],
) -> None:
    comparison = make_comparison(("a", "b"))
    root = drawn(effects_figure(comparison, comparison.hypotheses))
    first = by_class(root, "row")[0]
    null, result = comparison.nulls[0], comparison["a"]
    assert result.gain is not None
    best = result.gain + null.observed - min(null.losses)
    hover = first.find("title")
    assert hover is not None
    assert f"to +{best:.3f}" in (hover.text or "")
    assert len(by_class(first, "null")) == len(null.losses)


def test_nulls_are_drawn_beside_skill_in_membership_studies(make_comparison: Callable[..., Comparison]) -> None:
    for scope, in_effects, in_skill in (("all", 38, 0), ("members", 0, 38)):
        comparison = make_comparison(("a", "b"), scope=scope)
        effects = drawn(effects_figure(comparison, comparison.hypotheses))
        skills = drawn(skill_figure(comparison, comparison.hypotheses))
        assert len(by_class(effects, "null")) == in_effects
        assert len(by_class(skills, "null")) == in_skill


@given(st.integers(1, 60), st.integers(0, 200), st.integers(0, 1000))
def test_the_picture_shows_exactly_the_masks_pairs(n: int, n_edges: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = EdgeTable.build(rng.integers(n, size=n_edges), rng.integers(n, size=n_edges))
    mask = Mask("m", tuple(f"g{k}" for k in range(n)), (table,))
    shown = np.zeros((n, n), dtype=bool)
    path = by_class(picture_of(mask), "cells")[0].get("d") or ""
    for col, row, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
        cells = slice(int(col), int(col) + int(width))
        assert not shown[int(row), cells].any()
        shown[int(row), cells] = True
    np.testing.assert_array_equal(shown, mask.csr(diagonal=False).toarray())


def test_all_layers_and_group_tokens_are_in_the_picture() -> None:
    layers = (EdgeTable.build([2], [0]), EdgeTable.build([1], [2]))
    mask = Mask("m", ("A", "B"), layers, group_tokens=("complex",))
    root = picture_of(mask)
    assert by_class(root, "cells")[0].get("d") == "M2 1h1v1h-1zM0 2h1v1h-1z"
    assert [node.text for node in by_class(root, "gene")] == ["A", "A", "B", "B", "complex", "complex"]


def test_of_many_genes_only_those_with_edges_are_drawn() -> None:
    mask = Mask("m", tuple(f"g{k}" for k in range(5000)), (EdgeTable.build([7, 9], [4000, 7]),))
    root = picture_of(mask)
    assert {node.text for node in by_class(root, "gene")} == {"g7", "g9", "g4000"}
    description = root.find("desc")
    assert description is not None
    assert "4,997 tokens without edges left out" in (description.text or "")


def test_a_mask_too_large_for_dots_becomes_a_histogram_that_counts_every_token() -> None:
    n = MAX_TOKENS * 3
    ring = EdgeTable.build(np.arange(n), (np.arange(n) + 1) % n)
    root = picture_of(Mask("ring", tuple(f"g{k}" for k in range(n)), (ring,)))
    assert by_class(root, "cells") == []
    bars = [bar for bar in by_class(root, "bar") if float(bar.get("height") or 0) > 0]
    assert [(bar.find("title").text or "") for bar in bars] == [  # type: ignore[union-attr]
        "900 tokens read 1 others",
        "900 tokens are read by 1 others",
    ]


def test_a_mask_without_edges_has_a_picture_too() -> None:
    root = picture_of(Mask("none", ("A", "B"), (EdgeTable.build([], []),)))
    assert by_class(root, "cells")[0].get("d") == ""


def test_a_null_mask_that_failed_badly_lies_at_the_edge_and_squeezes_nothing() -> None:
    rows = rows_of(IntervalRow("a", 0.5, 0.2, 0.8, nulls=(-1000.0, 0.1)), IntervalRow("b", 0.1, 0.0, 0.2))
    far, near = [percent(mark.get("x1")) for mark in by_class(rows, "null")]
    first, second = [percent(mark.get("cx")) for mark in by_class(rows, "point")]
    assert far == 2.0
    assert near > far
    assert first - second > 25
