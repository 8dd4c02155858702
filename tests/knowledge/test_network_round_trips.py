"""Every reader gives back the network that was written in its format, and so does the document it is dumped to."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network_writing import WRITERS, write_network

from hypomask.hypothesis.document import dump_hypotheses, parse_hypotheses
from hypomask.hypothesis.edge_syntax import build_edge
from hypomask.hypothesis.graph import Edge
from hypomask.knowledge.network_files import NETWORK_KINDS, read_network

NAMES = ("TP53", "MDM2", "HLA-A", "NO", "1E5", "null", "C9orf72", "miR-21")
# What a format can say: BNet and SBML state signs, KGML few relations, STRING scores alone, SIF no weights.
SIGNED = ("activates", "inhibits")
RELATIONS = {
    "edge-table": (None, *SIGNED, "binds", "regulates"),
    "sif": ("activates", "inhibits", "regulates", "pp"),
    "graphml": (None, *SIGNED, "binds", "regulates"),
    "cx2": (None, *SIGNED, "binds", "regulates"),
    "bnet": SIGNED,
    "kgml": (*SIGNED, "binds"),
    "xml-model": (*SIGNED, "binds"),
    "sbml": (*SIGNED, "acts_on"),
    "string-links": ("interacts_with",),
}
WEIGHTED = ("edge-table", "graphml", "cx2")


@st.composite
def networks(draw: st.DrawFn, kind: str) -> tuple[list[Edge], list[str]]:
    genes = draw(st.lists(st.sampled_from(NAMES), min_size=2, unique=True))
    edges: dict[tuple[str, str], Edge] = {}
    for _ in range(draw(st.integers(1, 8))):
        source, target = draw(st.permutations(genes))[:2]
        if (target, source) in edges:
            continue
        about = {"relation": draw(st.sampled_from(RELATIONS[kind]))}
        if kind in WEIGHTED:
            about |= {
                "weight": draw(st.floats(1e-6, 1.0)),
                "evidence": draw(st.sampled_from(["", "PMID:1; x", "a<&b"])),
            }
        if kind == "string-links":
            about["weight"] = draw(st.integers(700, 1000)) / 1000
        edges[source, target] = build_edge(source, target, **about)
    return list(edges.values()), genes


def keyed(edges: tuple[Edge, ...] | list[Edge], *, evidence: bool) -> set[tuple[object, ...]]:
    """What must be the same: ends in any order where there is no direction."""
    return {
        (
            frozenset([e.source, e.target]) if not e.directed else (e.source, e.target),
            *(e.relation, e.directed, e.sign, e.weight, e.evidence if evidence else ""),
        )
        for e in edges
    }


@pytest.mark.parametrize("kind", WRITERS)
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    edges, genes = data.draw(networks(kind))
    network = read_network(write_network(tmp_path, kind, edges, genes, packed=data.draw(st.booleans())))
    assert keyed(network.edge_list(), evidence=kind in WEIGHTED) == keyed(edges, evidence=kind in WEIGHTED)
    if kind not in ("edge-table", "string-links"):  # which name genes in edges only
        assert set(network.genes) == set(genes)
    hypothesis = network.hypothesis(name="h")
    assert parse_hypotheses(dump_hypotheses([hypothesis])) == (hypothesis,)


def test_every_kind_of_network_is_written_here() -> None:
    assert set(WRITERS) == set(NETWORK_KINDS)


@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_graphml_of_networkx_is_read(tmp_path: Path, data: st.DataObject) -> None:
    edges, genes = data.draw(networks("graphml"))
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(genes)
    for e in edges:
        graph.add_edge(
            e.source,
            e.target,
            relation=e.relation,
            sign=e.sign,
            weight=e.weight,
            directed=e.directed,
            evidence=e.evidence,
        )
    path = tmp_path / "net.graphml"
    nx.write_graphml(graph, path)
    network = read_network(path)
    assert keyed(network.edge_list(), evidence=True) == keyed(edges, evidence=True)
    assert set(network.genes) == set(genes)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_narrowing_a_network_is_narrowing_its_edges(data: st.DataObject) -> None:
    from hypomask.hypothesis.edits import restrict
    from hypomask.knowledge.network import GeneNetwork

    edges, genes = data.draw(networks("edge-table"))
    network = GeneNetwork.from_edges("n", edges, lone_genes=genes)
    chosen = data.draw(st.sets(st.sampled_from(genes)))
    small = network.among(chosen)
    assert set(small.genes) == chosen
    assert small.edge_list() == tuple(e for e in edges if e.source in chosen and e.target in chosen)
    assert small.hypothesis().edges == restrict(network.hypothesis(), chosen).edges
    gene = data.draw(st.sampled_from(genes))
    regulon = network.regulon(gene).edge_list()
    assert regulon == tuple(e for e in edges if e.source == gene or (e.target == gene and not e.directed))
    renamed = network.renamed({gene: "NEW"})
    assert [e.source for e in renamed.edge_list()] == ["NEW" if e.source == gene else e.source for e in edges]
