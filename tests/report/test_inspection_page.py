"""The page of `hypomask inspect`: its pictures show what the masks and overlaps are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.report.figures.degree_bars import degree_bars
from hypomask.report.figures.gene_graph import MAX_NODES, Line, drawn_lines, gene_graph
from hypomask.report.figures.mask_heat_map import MAX_CELLS, mask_heat_map, token_order
from hypomask.report.figures.overlap_matrix import overlap_matrix
from hypomask.report.inspection_page import (
    InspectionPage,
    PagedHypothesis,
    PageOverlap,
    inspection_html,
    write_inspection,
)

HOSTILE = '<script>alert("x")</script>'


def by_class(drawn: str, name: str) -> list[ET.Element]:
    return [node for node in ET.fromstring(drawn).iter() if name in (node.get("class") or "").split()]


def ring(n: int) -> Mask:
    """Token t reads token t + 1."""
    return Mask("ring", tuple(f"g{k}" for k in range(n)), (EdgeTable.build(np.arange(n), (np.arange(n) + 1) % n),))


def cells_of(drawn: str) -> set[tuple[int, int]]:
    """The (row, column) cells that any shade covers."""
    cells = set()
    for path in by_class(drawn, "cells"):
        for start, row, width in re.findall(r"M(\d+) (\d+)h(\d+)", path.get("d") or ""):
            cells |= {(int(row), int(start) + k) for k in range(int(width))}
    return cells


def paged(hypothesis: Hypothesis, genes: tuple[str, ...] | None = None) -> PagedHypothesis:
    mask, coverage = compile_mask(hypothesis, genes or hypothesis.genes, n_layers=2, min_coverage=0.0)
    return PagedHypothesis(hypothesis, coverage, mask, (("A", 2),))


SIGNED = Hypothesis(
    "signed",
    ("A", "B", "C", "D", "E"),
    edges=(Edge("A", "B", sign=1), Edge("B", "C", sign=-1), Edge("C", "D", directed=False), Edge("A", "D")),
    groups=(GeneGroup("pair", ("D", "E")),),
)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30))
def test_a_heat_map_of_a_few_tokens_marks_exactly_the_allowed_pairs(pairs: set[tuple[int, int]]) -> None:
    rows, cols = [r for r, _ in pairs], [c for _, c in pairs]
    mask = Mask("m", tuple("ABCDEFGH"), (EdgeTable.build(rows, cols),))
    assert cells_of(mask_heat_map(mask, name="m")) == {(r, c) for r, c in pairs if r != c}


def test_a_heat_map_of_many_tokens_has_a_bounded_number_of_cells_and_leaves_no_edge_out() -> None:
    mask = ring(5 * MAX_CELLS)
    drawn = mask_heat_map(mask, name="m")
    order = token_order(mask, np.arange(mask.n_tokens), ())
    cell = np.empty(mask.n_tokens, dtype=int)
    cell[order] = np.arange(mask.n_tokens) * MAX_CELLS // mask.n_tokens
    rows, cols = np.divmod(mask.pair_keys, mask.n_tokens)
    assert cells_of(drawn) == set(zip(cell[rows].tolist(), cell[cols].tolist(), strict=True))
    assert len(drawn) < 60_000


def test_members_of_a_group_are_neighbours_and_marked() -> None:
    mask = ring(50)
    group = GeneGroup("odd", tuple(f"g{k}" for k in range(1, 50, 2)))
    order = token_order(mask, np.arange(50), [group])
    assert sorted(order.tolist()) == list(range(50))
    assert {f"g{k}" for k in order[:25]} == set(group.members)
    drawn = mask_heat_map(mask, [group, GeneGroup("all", mask.genes)], name="m")
    assert len(by_class(drawn, "member")) == 25  # a group of all genes tells nothing apart and has no column


def test_a_mask_without_a_token_or_an_edge_is_drawn_too() -> None:
    for genes in ((), ("A",), ("A", "B")):
        assert cells_of(mask_heat_map(Mask("none", genes, (EdgeTable.build([], []),)), name="m")) == set()


def test_degree_bars_count_every_token_once() -> None:
    reads = np.array([0, 1, 1, 3, 4, 300, 5000], dtype=np.int64)
    drawn = degree_bars("t", "d", reads, reads[::-1], name="d")
    hovers = [bar.findtext("title") or "" for bar in by_class(drawn, "reads")]
    assert sum(int(hover.split()[0]) for hover in hovers) == len(reads)
    assert "2 tokens read 1 others" in hovers
    assert "2 tokens read 3–4 others" in hovers


def test_a_graph_has_a_line_for_every_edge_with_its_sign_and_for_what_groups_allow() -> None:
    mask = paged(SIGNED).mask
    assert set(drawn_lines(mask, SIGNED.edges)) == {
        Line(0, 1, True, 1, False),
        Line(1, 2, True, -1, False),
        Line(2, 3, False, 0, False),
        Line(0, 3, True, 0, False),
        Line(3, 4, False, 0, True),
    }
    drawn = gene_graph(mask, SIGNED.edges, name="g")
    assert drawn is not None
    assert len(by_class(drawn, "link")) == 5
    ends = [line.get("marker-end") for line in by_class(drawn, "link")]
    assert sorted(end for end in ends if end) == ["url(#g-activates)", "url(#g-inhibits)", "url(#g-unsigned)"]
    assert len(by_class(drawn, "grouped")) == 1
    assert drawn == gene_graph(mask, SIGNED.edges, name="g")


def test_an_edge_that_a_group_allows_too_is_drawn_once_as_the_edge() -> None:
    hypothesis = Hypothesis("h", ("A", "B"), edges=(Edge("A", "B", sign=-1),), groups=(GeneGroup("pair", ("A", "B")),))
    assert drawn_lines(paged(hypothesis).mask, hypothesis.edges) == (Line(0, 1, True, -1, False),)


def test_nodes_lie_on_the_picture_and_do_not_cover_each_other() -> None:
    mask = ring(30)
    drawn = gene_graph(mask, (), name="g")
    assert drawn is not None
    boxes = [node.find("rect") for node in by_class(drawn, "node")]
    places = [(float(box.get("x") or 0), float(box.get("y") or 0)) for box in boxes if box is not None]
    assert len(places) == 30
    assert all(0 <= x <= 640 and 0 <= y <= 440 for x, y in places)
    for i, (x, y) in enumerate(places):
        assert all(abs(x - u) > 20 or abs(y - v) >= 10 for u, v in places[i + 1 :])


@pytest.mark.parametrize("mask", [ring(MAX_NODES + 1), Mask("none", ("A", "B"), (EdgeTable.build([], []),))])
def test_a_graph_that_nobody_could_read_is_not_drawn(mask: Mask) -> None:
    assert gene_graph(mask, (), name="g") is None


def test_parts_that_are_not_connected_are_drawn_side_by_side() -> None:
    rows, cols = [0, 2, 4], [1, 3, 5]
    drawn = gene_graph(Mask("three", tuple("ABCDEF"), (EdgeTable.build(rows, cols),)), (), name="g")
    assert drawn is not None
    assert len(by_class(drawn, "node")) == 6


def test_the_overlap_has_edges_above_and_genes_below_the_diagonal() -> None:
    drawn = overlap_matrix(("a", "b"), {(0, 1): 0.25}, {(0, 1): 0.5}, name="o")
    titles = [node.findtext("title") for node in ET.fromstring(drawn).iter() if node.tag == "g"]
    assert titles == ["a and b share 25 % of their edges", "b and a share 50 % of their genes"]


def test_the_page_escapes_names_and_loads_nothing(tmp_path: Path) -> None:
    hostile = Hypothesis(
        HOSTILE,
        (HOSTILE, "B"),
        edges=(Edge(HOSTILE, "B"),),
        groups=(GeneGroup(HOSTILE, (HOSTILE, "B")),),
        description=HOSTILE,
        provenance=(f"note: {HOSTILE}", HOSTILE),
    )
    page = InspectionPage(
        source=HOSTILE,
        hypotheses=(paged(hostile), paged(SIGNED)),
        overlaps=(PageOverlap(0, 1, 0, 0.0, 1, 0.2),),
        warnings=(HOSTILE,),
    )
    html = inspection_html(page)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "http" not in html.replace("http-equiv", "")
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert write_inspection(page, tmp_path / "page.html").read_text() == html


def test_the_page_says_why_there_is_no_graph() -> None:
    lone = Hypothesis("lone", ("A", "B"))
    page = InspectionPage("f", (paged(lone),), (), ())
    html = inspection_html(page)
    assert "There is no edge to draw." in html
    assert "What they share" not in html
