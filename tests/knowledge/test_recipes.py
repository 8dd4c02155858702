"""Hypothesis documents that draw on sources: what each word of the grammar does, and what is said of each fault."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from hypomask.errors import HypothesisError
from hypomask.hypothesis.document import dump_hypotheses, parse_hypotheses
from hypomask.hypothesis.graph import Hypothesis
from hypomask.hypothesis.schema import hypothesis_schema
from hypomask.knowledge import documents, registry
from hypomask.masks.compile import compile_mask

REPAIR = "BRCA1\tBRCA2\tRAD51\tTP53"
GMT = (
    f"DNA Repair\tR-HSA-1\t{REPAIR}\nApoptosis\tR-HSA-2\tTP53\tBAX\tCASP3\n"
    f"Everything\tR-HSA-3\t{REPAIR}\tBAX\tCASP3\nAlso repair\tR-HSA-4\t{REPAIR}\n"
)
NETWORK = "source,target,weight\nTP53,BAX,1\nTP53,TP53,1\nTP53,RAD51,-1\nBRCA1,RAD51,1\nE2F1,BRCA1,1\nE2F1,CASP3,1\n"
OBO = """format-version: 1.2
ontology: go

[Term]
id: GO:0006281
name: DNA repair
namespace: biological_process

[Term]
id: GO:0000724
name: recombination
namespace: biological_process
is_a: GO:0006281 ! DNA repair

[Term]
id: GO:0006915
name: apoptosis
namespace: biological_process
"""
GAF_ROW = (
    "UniProtKB\tP{n}\t{gene}\t{qualifier}\t{term}\tPMID:1\t{code}\t\tP\t{gene}\t\tprotein\ttaxon:9606\t20200101\t"
    "x\t\t\n"
)
SOURCES = """\
sources:
  go: {file: go.obo, annotations: goa.gaf, exclude_evidence: [IEA]}
  reactome: {file: pathways.gmt, max_size: 5}
  regulons: regulons.csv
"""
VALIDATOR = jsonschema.Draft202012Validator(hypothesis_schema())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        ("BRCA1", "involved_in", "GO:0006281", "IDA"),
        ("TP53", "involved_in", "GO:0006281", "IEA"),
        ("RAD51", "involved_in", "GO:0000724", "IMP"),
        ("BRCA2", "involved_in", "GO:0000724", "IDA"),
        ("E2F1", "NOT|involved_in", "GO:0006281", "IDA"),
        ("BAX", "involved_in", "GO:0006915", "IDA"),
        ("CASP3", "involved_in", "GO:0006915", "IDA"),
    ]
    gaf = "!gaf-version: 2.2\n" + "".join(
        GAF_ROW.format(n=n, gene=gene, qualifier=qualifier, term=term, code=code)
        for n, (gene, qualifier, term, code) in enumerate(rows)
    )
    for name, text in (("pathways.gmt", GMT), ("regulons.csv", NETWORK), ("go.obo", OBO), ("goa.gaf", gaf)):
        (tmp_path / name).write_text(text)
    return tmp_path


def read(folder: Path, body: str, *, valid: bool = True) -> tuple[Hypothesis, ...]:
    text = f"hypomask: 1\n{SOURCES}{body}"
    assert VALIDATOR.is_valid(yaml.safe_load(text)) is valid
    path = folder / "h.yaml"
    path.write_text(text)
    return registry.read_hypotheses(path)


def one(folder: Path, recipe: str) -> Hypothesis:
    (hypothesis,) = read(folder, f"name: h\nscope: members\n{recipe}")
    return hypothesis


def faults(folder: Path, recipe: str) -> list[str]:
    with pytest.raises(HypothesisError) as caught:
        documents.parse_hypotheses(f"hypomask: 1\n{SOURCES}name: h\n{recipe}", file="h.yaml", folder=folder)
    return str(caught.value).splitlines()


def edges(hypothesis: Hypothesis) -> list[str]:
    return [f"{edge.source} {'->' if edge.directed else '--'} {edge.target}" for edge in hypothesis.edges]


# --- genes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("genes", "expected"),
    [
        ("go:GO:0006281", "BRCA1 BRCA2 RAD51"),
        ("go:DNA repair", "BRCA1 BRCA2 RAD51"),
        ("go:dna REPAIR", "BRCA1 BRCA2 RAD51"),
        ("{source: go, term: GO:0006281, descendants: false}", "BRCA1"),
        ("[go:GO:0000724, TP53]", "BRCA2 RAD51 TP53"),
        ("reactome:R-HSA-2", "BAX CASP3 TP53"),
        ("{source: regulons}", "TP53 BAX RAD51 BRCA1 E2F1 CASP3"),
        ("regulons:E2F1", "BRCA1 E2F1 CASP3"),
        ("{union: [reactome:Apoptosis, go:GO:0000724]}", "BAX CASP3 TP53 BRCA2 RAD51"),
        ("{intersection: [reactome:Apoptosis, reactome:DNA Repair]}", "TP53"),
        ("{difference: [reactome:Everything, reactome:Apoptosis, [BRCA1]]}", "BRCA2 RAD51"),
        (
            "{difference: [{union: [go:GO:0006281, reactome:Apoptosis]}, {intersection: [[BAX, X], [BAX]]}]}",
            "BRCA1 BRCA2 RAD51 CASP3 TP53",
        ),
        ("TP53 HGNC:1100", "TP53 HGNC:1100"),
    ],
)
def test_genes_are_selected(folder: Path, genes: str, expected: str) -> None:
    hypothesis = one(folder, f"genes: {genes}\n")
    assert hypothesis.genes == tuple(expected.split())
    if "go:" in genes:
        assert any("with evidence code IEA" in line for line in hypothesis.provenance)


def test_members_of_groups_are_selected_in_the_same_way(folder: Path) -> None:
    hypothesis = one(
        folder,
        "groups:\n  A: reactome:Apoptosis\n  R: {members: 'go:DNA repair', expansion: star}\n"
        "  D: {difference: ['reactome:DNA Repair', [TP53]]}\n",
    )
    assert [(group.name, len(group.members), group.expansion) for group in hypothesis.groups] == [
        ("A", 3, "clique"),
        ("R", 3, "star"),
        ("D", 3, "clique"),
    ]


# --- wiring ----------------------------------------------------------------------------------------------------------


def test_the_same_genes_wired_in_two_ways(folder: Path) -> None:
    by_sets, by_edges = read(
        folder,
        "genes: reactome:Everything\nhypotheses:\n"
        "  - {name: sets, wiring: reactome}\n  - {name: edges, wiring: regulons}\n",
    )
    assert by_sets.genes == by_edges.genes == ("BAX", "BRCA1", "BRCA2", "CASP3", "RAD51", "TP53")
    # R-3 is larger than max_size, R-4 holds the same genes as R-1
    assert [group.name for group in by_sets.groups] == ["R-HSA-1 DNA Repair", "R-HSA-2 Apoptosis"]
    assert edges(by_edges) == ["TP53 -> BAX", "TP53 -> RAD51", "BRCA1 -> RAD51"]
    assert [edge.sign for edge in by_edges.edges] == [1, -1, 1]
    assert any("4 of 6 edges, 3 without repeats and 1 self edges" in line for line in by_edges.provenance)
    assert any("3 of 3 terms connect two genes or more, 2 of them" in line for line in by_sets.provenance)


@pytest.mark.parametrize("expansion", ["clique", "star", "hierarchy"])
def test_small_terms_weigh_more_where_a_source_says_so(folder: Path, expansion: str) -> None:
    sources = "sources: {sets: {file: pathways.gmt, weights: inverse_size}}\n"
    text = f"{sources}name: h\nwiring: sets\nexpansion: {expansion}\n"
    VALIDATOR.validate(yaml.safe_load("hypomask: 1\n" + text))
    (folder / "weights.yaml").write_text("hypomask: 1\n" + text)
    (hypothesis,) = documents.load_hypotheses(folder / "weights.yaml")
    assert {group.weight for group in hypothesis.groups} == {1 / (len(g.members) - 1) for g in hypothesis.groups}
    (folder / "weights.yaml").write_text("hypomask: 1\n" + text.replace("inverse_size", "inverse"))
    with pytest.raises(HypothesisError, match=r"weights 'inverse': expected one of .* Did you mean 'inverse_size'"):
        documents.load_hypotheses(folder / "weights.yaml")


@pytest.mark.parametrize(
    ("wiring", "expected"),
    [
        ("regulons:E2F1", ["E2F1 -> BRCA1", "E2F1 -> CASP3"]),
        ("{intersection: [regulons, 'reactome:DNA Repair']}", ["TP53 -> RAD51", "BRCA1 -> RAD51"]),
        ("{difference: [regulons, reactome]}", ["E2F1 -> BRCA1", "E2F1 -> CASP3"]),
        ("{union: [regulons:E2F1, regulons:BRCA1]}", ["E2F1 -> BRCA1", "E2F1 -> CASP3", "BRCA1 -> RAD51"]),
        ("[regulons:E2F1, regulons:BRCA1]", ["E2F1 -> BRCA1", "E2F1 -> CASP3", "BRCA1 -> RAD51"]),
        ("regulons.csv:E2F1", ["E2F1 -> BRCA1", "E2F1 -> CASP3"]),
    ],
)
def test_wiring_is_selected_and_combined(folder: Path, wiring: str, expected: list[str]) -> None:
    assert edges(one(folder, f"wiring: {wiring}\n")) == expected


def test_wiring_may_name_a_hypothesis_above(folder: Path) -> None:
    first, second = read(
        folder,
        "hypotheses:\n  - {name: a, wiring: regulons}\n"
        "  - {name: b, wiring: {difference: [a, 'regulons:TP53']}, scope: members, heads: {activates: 2}}\n",
    )
    assert len(first.edges) == 5
    assert edges(second) == ["BRCA1 -> RAD51", "E2F1 -> BRCA1", "E2F1 -> CASP3"]
    assert (second.name, second.scope, second.heads) == ("b", "members", {"activates": 2})


def test_edges_and_groups_come_on_top_of_wiring(folder: Path) -> None:
    hypothesis = one(folder, "wiring: regulons:E2F1\nedges: [CASP3 -> E2F1]\ngroups: {G: [BRCA1, NEW]}\n")
    assert edges(hypothesis) == ["E2F1 -> BRCA1", "E2F1 -> CASP3", "CASP3 -> E2F1"]
    assert hypothesis.genes == ("BRCA1", "E2F1", "CASP3", "NEW")
    assert [group.name for group in hypothesis.groups] == ["G"]


@pytest.mark.parametrize(
    ("expansion", "expected"),
    [
        ("clique", [("GO:0006281 DNA repair", "clique", 3, ())]),
        ("star", [("GO:0006281 DNA repair", "star", 3, ())]),
        (
            "hierarchy",
            [
                ("GO:0006281 DNA repair", "hierarchy", 1, ("GO:0000724 recombination",)),
                ("GO:0000724 recombination", "hierarchy", 2, ()),
            ],
        ),
    ],
)
def test_terms_expand_as_asked(folder: Path, expansion: str, expected: list[tuple[object, ...]]) -> None:
    hypothesis = one(folder, f"wiring: go:GO:0006281\nexpansion: {expansion}\n")
    found = [(group.name, group.expansion, len(group.members), group.children) for group in hypothesis.groups]
    assert sorted(found) == sorted(expected)


def test_large_terms_are_warned_of(folder: Path) -> None:
    hypothesis = one(folder, "wiring: pathways.gmt\n")
    assert any(line.startswith("note: 2 groups hold more than half of the genes") for line in hypothesis.provenance)


# --- steps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("[reverse]", ["BRCA1 -> E2F1", "CASP3 -> E2F1"]),
        ("[reverse, reverse]", ["E2F1 -> BRCA1", "E2F1 -> CASP3"]),
        ("[{restrict: [E2F1, CASP3]}]", ["E2F1 -> CASP3"]),
        ("[restrict: E2F1 CASP3]", ["E2F1 -> CASP3"]),
        ("[{remove: {genes: [BRCA1]}}]", ["E2F1 -> CASP3"]),
        ("[{remove: {edges: [E2F1 -> BRCA1]}}]", ["E2F1 -> CASP3"]),
        ("[{add: {edges: [BRCA1 -| CASP3]}}, {remove: {edges: [E2F1 -> BRCA1]}}]", ["E2F1 -> CASP3", "BRCA1 -> CASP3"]),
        ("[{add: {genes: reactome:Apoptosis}}, {restrict: reactome:Everything}]", []),
        ("[{induce: reactome:Everything}, {add: {edges: [BAX -> CASP3]}}]", ["BAX -> CASP3"]),
    ],
)
def test_steps_change_the_graph_in_their_order(folder: Path, steps: str, expected: list[str]) -> None:
    assert edges(one(folder, f"wiring: regulons:E2F1\nsteps: {steps}\n")) == expected


def test_rewiring_in_a_document_is_the_same_for_everybody(folder: Path) -> None:
    recipe = "wiring: regulons\nsteps: [rewire: 7]\n"
    assert one(folder, recipe) == one(folder, recipe)
    assert sorted(e.source for e in one(folder, recipe).edges) == ["BRCA1", "E2F1", "E2F1", "TP53", "TP53"]


def test_a_hypothesis_is_lifted_to_another_species(folder: Path) -> None:
    (folder / "hcop.txt").write_text(hcop_rows([("E2F1", "E2f1"), ("BRCA1", "Brca1"), ("CASP3", "Casp3")]))
    body = "name: h\nscope: members\nwiring: regulons:E2F1\nsteps: [lift: {orthologs: mouse, from: human, to: mouse}]\n"
    text = f"hypomask: 1\n{SOURCES}  mouse: hcop.txt\n{body}"
    (lifted,) = documents.parse_hypotheses(text, folder=folder)
    assert edges(lifted) == ["E2f1 -> Brca1", "E2f1 -> Casp3"]
    with pytest.raises(HypothesisError, match=r"one_to_many.*'most'"):
        documents.parse_hypotheses(text.replace("to: mouse}", "to: mouse, one_to_many: most}"), folder=folder)


def hcop_rows(pairs: list[tuple[str, str]]) -> str:
    columns = [
        *("human_entrez_gene", "human_ensembl_gene", "hgnc_id", "human_name", "human_symbol", "human_chr"),
        *("human_assert_ids", "mouse_entrez_gene", "mouse_ensembl_gene", "mgi_id", "mouse_name", "mouse_symbol"),
        *("mouse_chr", "mouse_assert_ids", "support"),
    ]
    rows = [
        [str(i), "-", "-", "-", human, "1", "-", str(i), "-", "-", "-", mouse, "1", "-", "Ensembl,HGNC,OMA,Panther"]
        for i, (human, mouse) in enumerate(pairs, start=1)
    ]
    return "".join("\t".join(row) + "\n" for row in (columns, *rows))


# --- sources ---------------------------------------------------------------------------------------------------------


def test_names_are_translated_by_a_table_or_by_hand(folder: Path) -> None:
    (folder / "names.tsv").write_text("symbol\tentrez_id\nTP53\t7157\nMDM2\t4193\n")
    (folder / "net.sif").write_text("7157 activates 4193\n4193 inhibits p53_p\n")
    text = (
        "hypomask: 1\nsources:\n  net: {file: net.sif, identifiers: names.tsv, rename: {p53_p: TP53}}\n"
        "name: h\nwiring: net\n"
    )
    (hypothesis,) = documents.parse_hypotheses(text, folder=folder)
    assert edges(hypothesis) == ["TP53 -> MDM2", "MDM2 -> TP53"]
    assert any("identifiers by names.tsv" in line for line in hypothesis.provenance)
    (folder / "sets.gmt").write_text("S\tx\t7157\t4193\tp53_p\n")
    (hypothesis,) = documents.parse_hypotheses(text.replace("net.sif", "sets.gmt"), folder=folder)
    assert set(hypothesis.genes) == {"TP53", "MDM2"}


def test_what_a_recipe_made_is_dumped_as_the_graph_itself(folder: Path) -> None:
    made = read(
        folder,
        "hypotheses:\n  - {name: a, genes: go:DNA repair, wiring: reactome, steps: [reverse]}\n"
        "  - {name: b, scope: members, wiring: [regulons, 'go:DNA repair'], expansion: hierarchy}\n",
    )
    dumped = dump_hypotheses(made)
    assert parse_hypotheses(dumped) == made
    assert "sources" not in dumped
    assert "genes of go:DNA repair (GO:0006281 DNA repair) and of the 1 terms below it: 3" in dumped


def test_documents_without_recipes_need_no_sources(tmp_path: Path) -> None:
    text = "hypomask: 1\nname: h\nedges: [go:A -> B]\n"
    assert parse_hypotheses(text) == documents.parse_hypotheses(text, folder=tmp_path)


def test_reading_without_knowledge_says_where_to_turn() -> None:
    with pytest.raises(HypothesisError, match=r"read the document with hypomask\.knowledge\.registry\.read_hypotheses"):
        parse_hypotheses("hypomask: 1\nsources: {go: x.obo}\nname: h\nwiring: go\n")


def test_fetched_resources_need_no_declaration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPOMASK_CACHE", str(folder / "cache"))
    (found,) = [line for line in faults(folder, "wiring: collectri\n") if "collectri" in line]
    assert found.startswith("h.yaml:7: source 'collectri': ")
    assert "run: hypomask fetch collectri" in found


def test_all_that_a_source_needs_is_fetched_with_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPOMASK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "h.yaml").write_text("hypomask: 1\nname: h\ngenes: go:GO:0006281\n")
    with pytest.raises(
        HypothesisError, match="go and goa-human have not been fetched; run: hypomask fetch go goa-human"
    ):
        registry.read_hypotheses(tmp_path / "h.yaml")


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("genes: go:GO:0006282\n", "h.yaml:7: go.obo: no term has the id or name 'GO:0006282'"),
        ("genes: go:DNA repiar\n", "Did you mean 'DNA repair'?"),
        ("genes: [TP53, {source: regulon}]\n", "h.yaml:7: there is no source 'regulon'. Did you mean 'regulons'?"),
        (
            "genes: TP53 go:GO:0006281\n",
            "'go:GO:0006281' stands among genes; write a list, with each gene and each term",
        ),
        ("genes: 'go:'\n", "'go:' names no term; write one behind the colon, or {source: go}"),
        ("genes: [reactme:Apoptosis]\n", "no source 'reactme' for 'reactme:Apoptosis'. Did you mean 'reactome'?"),
        ("genes: {source: go, trem: x}\n", "unknown key 'trem' in a selection. Did you mean 'term'?"),
        ("genes: {term: GO:0006281}\n", "h.yaml:7: a selection needs 'source'"),
        ("genes: {union: [TP53]}\n", "'union' must list two or more things to combine, got a list of 1"),
        ("genes: {union: TP53}\n", "'union' must list two or more things to combine, got the text 'TP53'"),
        ("genes: {union: [[A], [B]], difference: [[A], [B]]}\n", "'union' stands alone in its mapping, beside it is"),
        (
            "wiring: reactme\n",
            "h.yaml:7: 'wiring' 'reactme' is no source and no hypothesis above. Did you mean 'reactome'?",
        ),
        (
            "wiring: https://x.org/y\n",
            "is no source and no hypothesis above. Name a file, a source of `hypomask knowledge list`",
        ),
        ("wiring: reactome:Apoptsis\n", "Did you mean 'Apoptosis'?"),
        ("wiring: regulons:TP52\n", "collectri-like: no gene 'TP52'"),
        ("wiring: absent.csv\n", "source 'absent.csv': 'absent.csv' is no file beside the document"),
        ("wiring: {intersection: [regulons, nowhere]}\n", "'wiring' 'nowhere' is no source"),
        ("genes: [X, Y]\nwiring: regulons\n", "'wiring' draws no edge and no group among these 2 genes; do both name"),
        ("wiring: regulons\nexpansion: cliqe\n", "'expansion' must be one of none, clique, star, hierarchy"),
        ("edges: [A -> B]\nexpansion: star\n", "there is no 'wiring'"),
        (
            "genes: reactome:Apoptosis\nedges: [TP53 -> BAXX]\n",
            "'BAXX' is not among the genes of 'h'. Did you mean 'BAX'?",
        ),
        ("wiring: regulons\nsteps: [revers]\n", "h.yaml:8: unknown key 'revers' in a step. Did you mean 'reverse'?"),
        ("wiring: regulons\nsteps: [{reverse: , rewire: 1}]\n", "a step is one of restrict, induce, add, remove"),
        ("wiring: regulons\nsteps: [rewire]\n", "'rewire' needs a seed"),
        ("wiring: regulons\nsteps: [rewire: -1]\n", "'rewire' must be a whole number at least 0"),
        ("wiring: regulons\nsteps: [restrict: []]\n", "'restrict' needs genes"),
        ("wiring: regulons\nsteps: [{remove: {edges: [BAX -> TP53]}}]\n", "'h' has no edge BAX -> TP53 to remove"),
        ("wiring: regulons\nsteps: [{remove: {genes: [BAXX]}}]\n", "'h' has no gene 'BAXX'. Did you mean 'BAX'?"),
        ("wiring: regulons\nsteps: [{remove: {groups: {}}}]\n", "unknown key 'groups' in 'remove'"),
        ("wiring: regulons\nsteps: [lift: mouse]\n", "there is no source 'mouse'"),
        ("wiring: regulons\nsteps: reverse\n", "'steps' must be a list"),
        ("wiring: {source: regulons, descendants: perhaps}\n", "'descendants' must be true or false"),
    ],
)
def test_every_fault_of_a_recipe_is_named_with_its_line(folder: Path, recipe: str, message: str) -> None:
    found = faults(folder, recipe)
    message = message.replace("collectri-like", "regulons")
    assert any(message in line for line in found), found
    assert all(line.startswith("h.yaml:") for line in found)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("x: {}", "h.yaml:2: source 'x' needs 'file'"),
        ("x: {fiel: a.csv}", "unknown key 'fiel' in source 'x'. Did you mean 'file'?"),
        ("x: [a.csv]", "source 'x' must be a mapping (key: value), got a list"),
        ("'a:b': regulons.csv", "a source's name 'a:b' must not be empty or hold ':'"),
        (
            "x: regulon.csv",
            "source 'x': 'regulon.csv' is no file beside the document, nor a resource to fetch. Did you mean",
        ),
        ("x: {file: regulons.csv, max_size: -3}", "'max_size' must be a whole number at least 0"),
        ("x: {file: regulons.csv, min_score: 700}", "'min_score' is no option of this kind of file (edge-table)"),
        ("x: {file: regulons.csv, levels: [A]}", "'levels' choose DoRothEA's confidence letters"),
        ("x: {file: pathways.gmt, signed: true}", "'signed' is no option of an ontology or gene sets"),
        ("x: {file: regulons.csv, max_size: 9}", "'max_size' is no option of a network, which this file is"),
        ("x: {file: go.obo}", "go.obo holds terms but no genes; declare it with them"),
        ("x: {file: go.obo, annotations: goa.gaf, exclude_evidence: [IEX]}", "evidence code 'IEX' does not exist"),
        (
            "x: {file: regulons.csv, rename: {TP52: A}}",
            "'rename' names 'TP52', which is no gene here. Did you mean 'TP53'?",
        ),
        ("x: {file: regulons.csv, rename: [a]}", "'rename' must be a mapping"),
        ("x: page.csv", "page.csv: is an HTML page"),
        ("x: README", "source 'x': "),
    ],
)
def test_faults_of_sources_are_named(folder: Path, declared: str, message: str) -> None:
    (folder / "page.csv").write_text("<html></html>")
    (folder / "README").write_text("hello\n")
    text = f"hypomask: 1\nsources: {{{declared}}}\nname: h\nwiring: x\n"
    with pytest.raises(HypothesisError) as caught:
        documents.parse_hypotheses(text, file="h.yaml", folder=folder)
    assert message in str(caught.value)


def test_a_source_that_cannot_be_read_is_told_in_full_once(folder: Path) -> None:
    (folder / "bad.csv").write_text("source,target\n" + "A,\n" * 30)
    text = "hypomask: 1\nsources: {x: bad.csv}\nhypotheses:\n  - {name: a, wiring: x}\n  - {name: b, wiring: x}\n"
    with pytest.raises(HypothesisError) as caught:
        documents.parse_hypotheses(text, file="h.yaml", folder=folder)
    message = str(caught.value)
    assert "bad.csv:2: target: a name is empty (and 20 more lines of problems)" in message
    assert "h.yaml:5: source 'x' cannot be read, as was said before" in message


PAGE = Path(__file__).resolve().parents[2] / "hypotheses" / "README.md"


def test_the_recipes_on_the_page_on_the_format_work(folder: Path) -> None:
    _, five_lines, grammar = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(five_lines.splitlines()) == 5
    for old, new in (
        ("go.obo", "go-basic.obo"),
        ("pathways.gmt", "ReactomePathways.gmt"),
        ("regulons.csv", "collectri.csv"),
    ):
        (folder / old).rename(folder / new)
    direct = [
        GAF_ROW.format(n=gene, gene=gene, qualifier="involved_in", term="GO:0006281", code="IDA")
        for gene in ("TP53", "ATM")
    ]
    (folder / "goa_human.gaf.gz").write_bytes(
        gzip.compress(((folder / "goa.gaf").read_text() + "".join(direct)).encode())
    )
    with (folder / "ReactomePathways.gmt").open("a") as file:
        file.write("Signalling by p53\tR-HSA-5\tTP53\tBAX\tRAD51\tMDM2\n")
    with (folder / "collectri.csv").open("a") as file:
        file.write("TP53,MDM2,1\n")
    (folder / "links.sif").write_text("BRCA1 pp ATM\n")
    (folder / "hcop.txt").write_text(hcop_rows([(gene, gene.title()) for gene in ("TP53", "RAD51", "MDM2")]))
    declared = grammar.split("hypotheses:")[0]

    by_sets, by_edges = documents.parse_hypotheses(five_lines.replace("hypomask: 1\n", declared), folder=folder)
    assert by_sets.genes == by_edges.genes == ("ATM", "BRCA1", "BRCA2", "RAD51", "TP53")
    assert len(by_sets.groups) == 2
    assert edges(by_edges) == ["TP53 -> RAD51", "BRCA1 -> RAD51"]

    repair, strict, mouse, without = documents.parse_hypotheses(grammar, folder=folder)
    assert edges(repair) == ["ATM -> TP53"]
    assert {group.expansion for group in repair.groups} == {"star"}
    assert (strict.genes, edges(strict)) == (("ATM", "BRCA1"), ["BRCA1 -- ATM"])
    assert sorted(mouse.genes) == ["Mdm2", "Rad51", "Tp53"]
    assert len(mouse.edges) == 2  # TP53 -> RAD51 and MDM2 -| TP53, reversed and rewired
    assert edges(without) == ["ATM -> TP53", *edges(without)[1:]]
    assert not {("TP53", "RAD51"), ("BRCA1", "RAD51")} & {(e.source, e.target) for e in without.edges}


# --- the five lines --------------------------------------------------------------------------------------------------

FIVE_LINES = """\
hypomask: 1
genes: go_bp_hierarchy_drugcell.tsv.gz:GO:0006281
hypotheses:
  - {name: repair-reactome, wiring: ReactomePathways.gmt}
  - {name: repair-collectri, wiring: collectri.csv}
"""


def test_five_lines_make_two_masks_of_the_same_genes(shared_data: Path, tmp_path: Path) -> None:
    for file in (shared_data / "knowledge").iterdir():
        (tmp_path / file.name).symlink_to(file)
    path = tmp_path / "five.yaml"
    path.write_text(FIVE_LINES)
    by_sets, by_edges = registry.read_hypotheses(path)
    assert by_sets.genes == by_edges.genes
    assert len(by_sets.genes) == 99
    measured = by_sets.genes[:90]
    for hypothesis in (by_sets, by_edges):
        mask, coverage = compile_mask(hypothesis, measured, n_layers=2)
        assert (coverage.genes_found, coverage.genes_named) == (90, 99)
        assert mask.n_edges > 0
        json.dumps(coverage.as_dict())
    found = {(e.source, e.target) for e in by_edges.edges}
    rows = [row.split(",") for row in (shared_data / "knowledge" / "collectri.csv").read_text().splitlines()[1:]]
    inside = set(by_edges.genes)
    assert found == {(a, b) for a, b, _ in rows if a in inside and b in inside and a != b}
