from __future__ import annotations

from pathlib import Path

import pytest

from hypomask.errors import HypothesisError
from hypomask.hypothesis.document import load_hypotheses, parse_hypotheses


def problems_of(text: str, folder: Path | None = None) -> list[str]:
    with pytest.raises(HypothesisError) as caught:
        parse_hypotheses(text, file="h.yaml", folder=folder)
    return str(caught.value).splitlines()


def test_all_problems_come_at_once_by_line() -> None:
    assert problems_of(
        """\
hypomask: 1
name: h
genes: [RELA, TP53, 1-Mar]
scop: all
edges:
  - TP53 -> RELA1
  - TP53->RELA
  - {edge: TP53 -| RELA, sign: +1}
  - {source: TP53, weight: 2}
  - [TP53, RELA]
  - {source: TP53, target: RELA, relation: "", wieght: 1}
prior: hrad
heads: {acts_on: 0}
"""
    ) == [
        "h.yaml:3: '1-Mar' is a date that a spreadsheet made of a MARCHF or MTARC symbol number 1; "
        "write the symbol and import columns as text",
        "h.yaml:4: unknown key 'scop' in a hypothesis document. Did you mean 'scope'? "
        "Keys: hypomask, sources, name, description, scope, genes, wiring, expansion, edges, groups, steps, prior, "
        "heads, provenance.",
        "h.yaml:6: edge target 'RELA1' is not among the genes of 'h'. Did you mean 'RELA'?",
        "h.yaml:7: 'TP53->RELA' is not an edge; put spaces around the arrow: 'TP53 -> RELA'",
        "h.yaml:8: 'sign' +1 contradicts the arrow '-|', which says -1",
        "h.yaml:9: an edge needs 'target'",
        "h.yaml:9: 'weight' must be a number above 0 and at most 1, got '2'",
        "h.yaml:10: an edge must be a text such as 'A -> B' or a mapping, got a list",
        "h.yaml:11: unknown key 'wieght' in an edge. Did you mean 'weight'? "
        "Keys: edge, source, target, relation, sign, weight, evidence, directed.",
        "h.yaml:11: relation: a name is empty",
        "h.yaml:12: 'prior' must be one of hard, soft, learned, got 'hrad'. Did you mean 'hard'?",
        "h.yaml:13: 'acts_on' must be a whole number at least 1 and at most 64, got '0'",
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "h.yaml:2: 'h' names no genes; give 'edges', 'groups' or 'genes'"),
        ("genes: []\nedges: []\ngroups: {}\n", "h.yaml:2: 'h' names no genes"),
        ("genes: [A, B]\n", "h.yaml:2: 'h' has no edges and no groups; under scope 'all' that is the no-interaction"),
        ("edges: A -> B\n", "h.yaml:3: 'edges' must be a list, got the text 'A -> B'"),
        (
            "edges: [A -> B]\nheads: {activates: 1}\n",
            "h.yaml:4: heads: no edge has the relation 'activates'; relations here",
        ),
        ("groups: {G: []}\n", "h.yaml:3: group 'G' has no members"),
        ("groups: {G: [A, B]}\nedges: [G -> A]\n", "h.yaml:4: edge source 'G' is a group; an edge joins two genes"),
        ("groups: {G: {members: [A], expansion: cliqeu}}\n", "Did you mean 'clique'?"),
        ("groups: {G: {members: [A], children: [H]}}\n", "child 'H' of group 'G' is not a group here"),
        ("groups: {G: {members: [A], expansion: star, children: [H]}, H: [A]}\n", "only 'hierarchy' reads children"),
        ("groups: {G: {children: [G]}}\n", "h.yaml:3: groups contain each other in a cycle: G > G"),
        ("genes: [A, B]\ngroups: {G: [A, C]}\n", "h.yaml:4: member 'C' of group 'G' is not among the genes of 'h'"),
        ("edges: [A -> B]\nprior: {kind: soft, strength: nan}\n", "'strength' must be a number above 0, got 'nan'"),
        ("edges: [A -> B]\nprior: {kind: soft, floor: 0}\n", "'floor' must be a number above 0 and at most 1"),
        (
            "edges: [{source: A, target: B, weight: .nan}]\n",
            "'weight' must be a number above 0 and at most 1, got '.nan'",
        ),
        ("edges: [{source: A, target: B, weight: 0}]\n", "'weight' must be a number above 0 and at most 1, got '0'"),
        ("edges: [{edge: A -> B, source: A}]\n", "'source' and 'edge' are both given"),
        ("edges: [{edge: A -- B, directed: true}]\n", "'directed' contradicts the arrow"),
        (
            "edges: [{source: A, target: B, relation: inhibits, sign: 1}]\n",
            "relation 'inhibits' and sign +1 contradict",
        ),
        ("edges: [{source: A, target: }]\n", "'target': a name is empty"),
        ("edges: [{file: }]\n", "'file' must be the path of an edge file"),
        ("edges: [{file: a.tsv, restrict_to_genes: true}]\n", "'restrict_to_genes' needs a list of 'genes'"),
        ("edges: [{file: a.tsv, columns: {sourec: x}}]\n", "unknown key 'sourec' in 'columns'. Did you mean 'source'?"),
        ("edges: [A -> B]\nprovenance: {a: [b]}\n", "provenance 'a' must be a text, got a list"),
    ],
)
def test_each_fault_is_named_with_its_line(body: str, message: str) -> None:
    found = problems_of(f"hypomask: 1\nname: h\n{body}")
    assert any(message in line for line in found), found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name: h\nedges: [A -> B]\n",
            "h.yaml:1: the format's version is missing; begin the document with 'hypomask: 1'",
        ),
        ("hypomask: 2\nname: h\nedges: [A -> B]\n", "h.yaml:1: is of format 2; this hypomask reads 1. Update hypomask"),
        ("hypomask: one\nname: h\nedges: [A -> B]\n", "'hypomask' must be a whole number"),
        ("hypomask: 1\nedges: [A -> B]\n", "h.yaml:1: a hypothesis needs a 'name'"),
        ("hypomask: 1\nname: no-interaction\nedges: [A -> B]\n", "belongs to the reference"),
        ("hypomask: 1\nhypotheses: []\n", "h.yaml:2: 'hypotheses' must list at least one hypothesis"),
        ("hypomask: 1\nhypotheses: x\n", "'hypotheses' must be a list"),
        ("hypomask: 1\nhypotheses: [A -> B]\n", "a hypothesis must be a mapping (key: value), got the text 'A -> B'"),
        ("hypomask: 1\nedges: [A -> B]\nhypotheses: [{name: a, genes: [A], scope: members}]\n", "unknown key 'edges'"),
        ("- A -> B\n", "h.yaml:1: a hypothesis document must be a mapping (key: value), got a list"),
        ("just text\n", "must be a mapping (key: value), got the text 'just text'"),
        ("{}\n", "is an empty mapping; expected 'hypomask: 1' and a hypothesis"),
    ],
)
def test_a_document_of_the_wrong_shape_is_refused(text: str, message: str) -> None:
    found = problems_of(text)
    assert any(message in line for line in found), found


def test_names_are_unique_in_a_document() -> None:
    text = "hypomask: 1\nhypotheses:\n  - {name: a, edges: [A -> B]}\n  - {name: a, edges: [B -> A]}\n"
    assert problems_of(text) == ["h.yaml:4: name 'a' is taken by the hypothesis on line 3; names are unique"]


def test_a_long_cycle_of_groups_is_shown() -> None:
    groups = "".join(f"  G{i}: {{members: [A], expansion: hierarchy, children: [G{(i + 1) % 3}]}}\n" for i in range(3))
    assert problems_of(f"hypomask: 1\nname: h\ngroups:\n{groups}") == [
        "h.yaml:4: groups contain each other in a cycle: G0 > G1 > G2 > G0; a hierarchy has none"
    ]


def test_a_shared_fault_is_told_once() -> None:
    text = (
        "hypomask: 1\ngenes: [A, 2-Sep]\nhypotheses:\n  - {name: a, edges: [A -> A]}\n  - {name: b, edges: [A -> A]}\n"
    )
    assert len(problems_of(text)) == 1


def test_faults_of_edge_files_stand_beside_those_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "edges.tsv").write_text("source\ttarget\nA\tB\nA\tX\nA\t\n")
    (tmp_path / "page.tsv").write_text("<!DOCTYPE html><html></html>")
    text = (
        "hypomask: 1\nname: h\ngenes: [A, B]\nedges:\n  - A => B\n"
        "  - file: edges.tsv\n  - file: edgse.tsv\n  - file: page.tsv\n"
    )
    found = problems_of(text, tmp_path)
    assert found == [
        f"{tmp_path}/edges.tsv:3: edge target 'X' is not among the genes of 'h'.",
        f"{tmp_path}/edges.tsv:4: target: a name is empty",
        "h.yaml:5: 'A => B' is not an edge; expected 'A -> B' (A acts on B), 'A -| B' (A inhibits B) "
        "or 'A -- B' (undirected)",
        f"h.yaml:7: edge file {tmp_path}/edgse.tsv: no such file. Did you mean 'edges.tsv'?",
        f"h.yaml:8: edge file {tmp_path}/page.tsv: is an HTML page, not the file itself; "
        "download the raw file behind the link",
    ]


def test_many_problems_are_found_quickly_and_cut_at_twenty() -> None:
    genes = " ".join(f"G{i}" for i in range(5_000))
    edges = "\n".join(f"  - H{i} -> G{i}" for i in range(5_000))
    found = problems_of(f"hypomask: 1\nname: h\ngenes: {genes}\nedges:\n{edges}\n")
    assert len(found) == 21
    assert found[-1] == "... and 4980 more problems"


def test_files_that_are_no_documents_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.yaml"
    for data, message in [
        (b"", "is empty"),
        (b"hypomask: 1\nname: \xe9t\xe9\n", "h.yaml:2: byte 18 is 0xE9, which is not UTF-8"),
        (b"<html><body>404</body></html>", "is an HTML page"),
        (b"hypomask: 1\n\tname: x\n", "h.yaml:2: is indented with a tab"),
        (b"hypomask: 1\nname: h\nedges: " + b"[" * 5000, "nested more than 50 levels deep"),
    ]:
        path.write_bytes(data)
        with pytest.raises(HypothesisError, match=message):
            load_hypotheses(path)
    assert HypothesisError.exit_code == 3


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "h.yaml"
    path.write_bytes(b"\xef\xbb\xbfhypomask: 1\r\nname: h\r\nedges:\r\n  - A -> B\r\n")
    assert load_hypotheses(path)[0].genes == ("A", "B")
