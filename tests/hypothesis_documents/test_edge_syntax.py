from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import HypothesisError
from hypomask.hypothesis.edge_syntax import build_edge, edge_text, parse_edge, parse_edges
from hypomask.hypothesis.graph import Edge


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("ATM -> CHEK2", Edge("ATM", "CHEK2")),
        ("MDM2 -| TP53", Edge("MDM2", "TP53", relation="inhibits", sign=-1)),
        ("A -- B", Edge("A", "B", relation="interacts_with", directed=False)),
        ("A → B", Edge("A", "B")),
        ("A ⊣ B", Edge("A", "B", relation="inhibits", sign=-1)),
        ("  HLA-A   ->\tB2M ", Edge("HLA-A", "B2M")),
        ("p38 MAPK -> ATF2", Edge("p38 MAPK", "ATF2")),
        ("A--B -> null", Edge("A--B", "null")),
    ],
)
def test_words_say_an_edge(text: str, edge: Edge) -> None:
    assert parse_edge(text) == edge


def test_a_chain_is_one_edge_for_each_arrow() -> None:
    assert parse_edges("A -> B -| C -- D") == (
        Edge("A", "B"),
        Edge("B", "C", relation="inhibits", sign=-1),
        Edge("C", "D", relation="interacts_with", directed=False),
    )
    with pytest.raises(HypothesisError, match="chain of 2 edges"):
        parse_edge("A -> B -> C")


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("ATM->CHEK2", "put spaces around the arrow: 'ATM -> CHEK2'"),
        ("HLA-A->B2M", "put spaces around the arrow: 'HLA-A -> B2M'"),
        ("MDM2-|TP53", r"put spaces around the arrow: 'MDM2 -\| TP53'"),
        ("A <- B", "turn it around"),
        ("A <-> B", "turn it around"),
        ("A --> B", "expected 'A -> B'"),
        ("A activates B", "expected 'A -> B'"),
        ("A", "expected 'A -> B'"),
        ("", "expected 'A -> B'"),
        ("-> B", "lacks a gene"),
        ("A ->", "lacks a gene"),
        ("A -> -> B", "lacks a gene"),
        ("A -> B, C", "several genes"),
    ],
)
def test_what_is_no_edge_is_refused_with_a_way_out(text: str, way_out: str) -> None:
    with pytest.raises(HypothesisError, match=way_out):
        parse_edges(text)


def test_relation_and_sign_complete_each_other() -> None:
    assert build_edge("A", "B", sign=1).relation == "activates"
    assert build_edge("A", "B", sign=-1).relation == "inhibits"
    assert build_edge("A", "B").relation == "acts_on"
    assert build_edge("A", "B", relation="represses").sign == -1
    assert build_edge("A", "B", relation="phosphorylates", sign=-1).sign == -1
    assert not build_edge("A", "B", relation="binds").directed
    assert build_edge("A", "B", relation="binds", directed=True).directed
    with pytest.raises(HypothesisError, match=r"'inhibits' and sign \+1 contradict"):
        build_edge("A", "B", relation="inhibits", sign=1)


def test_words_are_only_used_where_they_say_all() -> None:
    assert edge_text(Edge("A", "B")) == "A -> B"
    assert edge_text(Edge("A", "B", weight=0.5)) is None
    assert edge_text(Edge("A, B", "C")) is None
    assert edge_text(Edge("A", "B", relation="binds", directed=False)) is None


@given(st.text(max_size=30))
def test_any_text_is_an_edge_or_refused(text: str) -> None:
    try:
        edges = parse_edges(text)
    except HypothesisError:
        return
    assert all(edge.source and edge.target for edge in edges)
