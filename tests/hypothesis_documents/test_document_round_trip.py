from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.errors import HypothesisError
from hypomask.hypothesis.document import dump_hypotheses, parse_hypotheses
from hypomask.hypothesis.document_format import RESERVED_NAMES
from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.edge_syntax import build_edge
from hypomask.hypothesis.gene_names import gene_fault, name_fault
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis, Prior

AWKWARD = [
    "NO",
    "ON",
    "1E5",
    "null",
    "007",
    "~",
    "A--B",
    "p38 MAPK",
    "HLA-A",
    "a: b",
    "#x",
    "[x]",
    "'",
    '"',
    "- a",
    "é",
    "0",
]
# No more is drawn than names may hold: what is filtered out is drawn for nothing.
printable = st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" ")
gene_names = st.one_of(st.sampled_from(AWKWARD), st.text(printable, min_size=1, max_size=8)).filter(
    lambda name: not gene_fault(name)
)
free_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)
weights = st.floats(min_value=1e-6, max_value=1.0)


@st.composite
def edges_among(draw: st.DrawFn, genes: list[str]) -> Edge:
    source, target = draw(st.permutations(genes))[:2]
    relation = draw(st.sampled_from([None, "activates", "inhibits", "binds", "regulates", "null"]))
    sign = draw(st.sampled_from([None, 1, -1, 0]))
    if relation in ("activates", "inhibits"):
        sign = None
    directed = draw(st.sampled_from([None, True, False]))
    evidence = draw(free_text)
    return build_edge(
        source, target, relation=relation, sign=sign, directed=directed, weight=draw(weights), evidence=evidence
    )


@st.composite
def hypotheses(draw: st.DrawFn) -> Hypothesis:
    genes = draw(st.lists(gene_names, min_size=2, max_size=6, unique=True))
    edges = merge_edges(draw(st.lists(edges_among(genes), min_size=1, max_size=6)))[0]
    members = st.lists(st.sampled_from(genes), min_size=1, max_size=4, unique=True).map(tuple)
    names = draw(st.lists(gene_names.filter(lambda name: name not in genes), max_size=3, unique=True))
    groups = []
    for i, name in enumerate(names):
        children = draw(st.sampled_from([(), tuple(names[:i])]))
        expansion = "hierarchy" if children else draw(st.sampled_from(["none", "clique", "star", "hierarchy"]))
        groups.append(GeneGroup(name, draw(members), expansion, children))
    strength = st.floats(min_value=0.01, max_value=10)
    relations = [edge.relation for edge in edges]
    return Hypothesis(
        name=draw(
            st.text(printable, max_size=30).filter(lambda name: name_fault(name) is None and name not in RESERVED_NAMES)
        ),
        genes=tuple(genes),
        edges=edges,
        groups=tuple(groups),
        scope=draw(st.sampled_from(["all", "members"])),
        prior=Prior(draw(st.sampled_from(["hard", "soft", "learned"])), draw(strength), draw(weights)),
        heads=draw(st.dictionaries(st.sampled_from(relations), st.integers(1, 8), max_size=2)),
        description=draw(free_text),
        provenance=tuple(draw(st.lists(free_text.filter(bool), max_size=3, unique=True))),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(hypotheses(), min_size=1, max_size=2, unique_by=lambda hypothesis: hypothesis.name))
def test_what_is_written_reads_back_equal(written: list[Hypothesis]) -> None:
    text = dump_hypotheses(written)
    assert parse_hypotheses(text) == tuple(written)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.text("AB ->|:#\n'\"[]{}", max_size=8),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    ["hypomask", "name", "genes", "edges", "groups", "hypotheses", "prior", "heads", "scope"]
                )
                | st.sampled_from(["file", "source", "target", "members", "children", "edge", "columns", "x"]),
                inner,
                max_size=5,
            ),
        ),
        max_leaves=12,
    )
)
def test_any_yaml_is_read_or_refused_by_name(document: object) -> None:
    message = "t.yaml"
    try:
        parse_hypotheses(yaml.safe_dump(document), file="t.yaml")
    except HypothesisError as fault:
        message = str(fault)
    assert message.startswith("t.yaml")


def test_merging_is_stable() -> None:
    edges = (Edge("A", "B", evidence="x"), Edge("A", "B", evidence="y"), Edge("B", "B"))
    once, _ = merge_edges(edges)
    assert merge_edges(once) == (once, ())
