from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hypomask.hypothesis.document import load_hypotheses, parse_hypotheses
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis, Prior


def one(text: str) -> Hypothesis:
    (hypothesis,) = parse_hypotheses(f"hypomask: 1\nname: h\n{text}", file="h.yaml")
    return hypothesis


def test_genes_stay_the_text_they_are() -> None:
    genes = ("NO", "ON", "1E5", "SEPT7", "null", "007", "Y", "TRUE", "~", "1.0")
    assert one("scope: members\ngenes: [NO, ON, 1E5, SEPT7, null, 007, Y, TRUE, ~, 1.0]").genes == genes
    assert one("scope: members\ngenes: NO ON, 1E5 SEPT7\n  null 007 Y TRUE ~ 1.0").genes == genes
    assert one("edges: [NO -> ON, 1E5 -| null, 007 -- NO]").genes == ("NO", "ON", "1E5", "null", "007")


def test_a_hypothesis_has_every_field() -> None:
    hypothesis = one(
        """\
description: two genes
scope: members
edges:
  - A -> B
  - {source: B, target: A, relation: represses, weight: 0.25, evidence: PMID 1}
  - {edge: B -> C, sign: "+"}
groups:
  G: [C, D]
  S: {members: A B, expansion: star}
prior: {kind: learned, strength: 2, floor: 0.05}
heads: {represses: 2}
provenance: {source: me, doi: 10.1/x}
"""
    )
    assert hypothesis == Hypothesis(
        name="h",
        genes=("A", "B", "C", "D"),
        edges=(
            Edge("A", "B"),
            Edge("B", "A", relation="represses", sign=-1, weight=0.25, evidence="PMID 1"),
            Edge("B", "C", relation="activates", sign=1),
        ),
        groups=(GeneGroup("G", ("C", "D")), GeneGroup("S", ("A", "B"), "star")),
        scope="members",
        prior=Prior("learned", 2.0, 0.05),
        heads={"represses": 2},
        description="two genes",
        provenance=("source: me", "doi: 10.1/x"),
    )


def test_shared_fields_hold_for_hypotheses_that_have_none_of_their_own() -> None:
    first, second = parse_hypotheses(
        """\
hypomask: 1
genes: [A, B, C]
scope: members
prior: soft
provenance: shared
hypotheses:
  - {name: one, edges: [A -> B]}
  - {name: two, edges: [A -> D], genes: [A, D], scope: all, prior: hard, provenance: [own]}
"""
    )
    assert (first.genes, first.scope, first.prior.kind, first.provenance) == (
        ("A", "B", "C"), "members", "soft", ("shared",),
    )  # fmt: skip
    assert (second.genes, second.scope, second.prior.kind, second.provenance) == (
        ("A", "D"), "all", "hard", ("own",),
    )  # fmt: skip


def test_genes_come_in_order_of_first_mention_without_repeats() -> None:
    assert one("edges: [B -> A, C -> B]\ngroups: {G: [D, A]}").genes == ("B", "A", "C", "D")
    assert one("genes: [D, C, B, A, D]\nedges: [B -> A]").genes == ("D", "C", "B", "A")


def test_repeated_edges_merge_and_self_edges_go_with_a_note() -> None:
    hypothesis = one(
        """\
edges:
  - {edge: A -> B, weight: 0.2, evidence: x}
  - {edge: A -> B, weight: 0.7, evidence: y}
  - {edge: A -> B, relation: binds}
  - A -- C
  - C -- A
  - D -> D
  - {edge: A -> C, relation: regulates, sign: +1}
  - {edge: A -> C, relation: regulates, sign: -1}
"""
    )
    assert hypothesis.edges == (
        Edge("A", "B", weight=0.7, evidence="x; y"),
        Edge("A", "B", relation="binds"),
        Edge("A", "C", relation="interacts_with", directed=False),
        Edge("A", "C", relation="regulates", sign=0),
    )
    assert hypothesis.genes == ("A", "B", "C", "D")
    assert hypothesis.provenance == (
        "note: repeated edges merged: A acts_on B, A interacts_with C, A regulates C",
        "note: repeated edges disagree on the sign, which is left open: A regulates C",
        "note: self edges left out (every gene reads itself anyway): D",
    )


def test_edge_files_are_relative_to_the_document_and_leave_their_hash(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "documents").mkdir()
    (tmp_path / "tables" / "net.csv.gz").write_bytes(gzip.compress(b"kinase,target,mor\nA,B,-1\nB,X,1\nC,C,1\n"))
    document = tmp_path / "documents" / "h.yaml"
    document.write_text(
        "hypomask: 1\nname: h\ngenes: [A, B, C]\nedges:\n  - A -> C\n"
        "  - {file: ../tables/net.csv.gz, columns: {source: kinase}, restrict_to_genes: true}\n"
    )
    (hypothesis,) = load_hypotheses(document)
    assert hypothesis.edges == (Edge("A", "C"), Edge("A", "B", "inhibits", sign=-1))
    assert hypothesis.provenance[0].startswith("edge file ../tables/net.csv.gz: 2 of 3 edges, sha256 ")
    assert len(hypothesis.provenance[0].split()[-1]) == 64


def test_a_hierarchy_is_what_children_mean() -> None:
    groups = one("groups:\n  P: {children: [Q]}\n  Q: {members: [A, B], expansion: hierarchy}").groups
    assert groups == (GeneGroup("P", (), "hierarchy", ("Q",)), GeneGroup("Q", ("A", "B"), "hierarchy"))


def test_scope_can_be_asked_for() -> None:
    text = "hypomask: 1\nname: h\ngenes: [A]\n"
    (hypothesis,) = parse_hypotheses(text, scope="members")
    assert hypothesis.scope == "members"


def test_graph_has_undirected_edges_both_ways() -> None:
    graph = one("edges: [A -> B, B -- C]\ngroups: {G: [D, E]}").to_networkx()
    assert list(graph.nodes) == ["A", "B", "C", "D", "E"]
    assert sorted((a, b, d["relation"]) for a, b, d in graph.edges(data=True)) == [
        ("A", "B", "acts_on"),
        ("B", "C", "interacts_with"),
        ("C", "B", "interacts_with"),
    ]


@pytest.mark.parametrize("n_genes", [20_000])
def test_a_long_document_reads_in_seconds(tmp_path: Path, n_genes: int) -> None:
    path = tmp_path / "long.yaml"
    edges = "\n".join(f"  - G{i} -> G{i + 1}" for i in range(n_genes))
    path.write_text(f"hypomask: 1\nname: long\nedges:\n{edges}\n")
    (hypothesis,) = load_hypotheses(path)
    assert len(hypothesis.edges) == n_genes
