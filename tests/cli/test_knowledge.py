"""`hypomask knowledge`: what it shows is what the sources hold, under the names that recipes use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from hypomask.cli.knowledge import command
from hypomask.cli.knowledge_list import KnowledgeList
from hypomask.knowledge import documents
from hypomask.knowledge.gene_set_formats import FORMATS
from hypomask.knowledge.network_files import NETWORK_KINDS
from hypomask.knowledge.shipped import shipped_pathways
from hypomask.knowledge.source_specs import COMPANIONS
from hypomask.knowledge.term_sources import TABLE_SUFFIXES

Run = Callable[..., Any]

NETWORK = "source,target,weight\nTP53,BAX,1\nTP53,RAD51,-1\nBRCA1,RAD51,1\nE2F1,BRCA1,1\nE2F1,TP53,1\n"
OBO = """format-version: 1.2
ontology: go

[Term]
id: GO:0006281
name: DNA repair
namespace: biological_process
alt_id: GO:0000001

[Term]
id: GO:0000724
name: recombination
namespace: biological_process
is_a: GO:0006281 ! DNA repair

[Term]
id: GO:0000045
name: steering
namespace: biological_process
relationship: positively_regulates GO:0006281 ! DNA repair

[Term]
id: GO:0000002
name: obsolete mending of DNA
is_obsolete: true
replaced_by: GO:0006281
"""


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPOMASK_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def ontology(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "go.obo").write_text(OBO)
    rows = "gene\tterm\nATM\tGO:0006281\nBRCA1\tGO:0000724\nRAD51\tGO:0000724\nTP53\tGO:0000045\n"
    (tmp_path / "genes.tsv").write_text(rows)
    return tmp_path / "go.obo", tmp_path / "genes.tsv"


def test_the_list_names_what_is_shipped_and_every_ending_that_is_read(hypomask: Run) -> None:
    listed = json.loads(hypomask("knowledge", "list", "--json").out)
    assert [item["name"] for item in listed["shipped"]] == ["example-pathways"]
    assert listed["fetched"] == []
    assert {"go", "reactome", "collectri"} <= set(listed["not_fetched"])
    endings = {suffix for kind in listed["kinds"] for suffix in kind["suffixes"]}
    networks = {suffix for kind in NETWORK_KINDS.values() for suffix in kind.suffixes}
    assert networks | set(FORMATS) | {".obo", ".yaml"} <= endings
    assert set(TABLE_SUFFIXES) - {".ont"} <= endings
    assert "example-pathways" in "\n".join(KnowledgeList.gather().lines())


def test_a_term_shows_its_genes_with_and_without_those_below_it(hypomask: Run, ontology: tuple[Path, Path]) -> None:
    obo, genes = ontology
    shown = json.loads(hypomask("knowledge", "show", obo, "dna REPAIR", "--annotations", genes, "--json").out)
    assert (shown["id"], shown["namespace"]) == ("GO:0006281", "biological_process")
    assert shown["genes_direct"] == ["ATM"]
    assert shown["genes"] == ["ATM", "BRCA1", "RAD51"]
    assert shown["descendants"] == 1
    by_relation = {relation: [item["id"] for item in found] for relation, found in shown["children"].items()}
    assert by_relation == {"is_a": ["GO:0000724"], "positively_regulates": ["GO:0000045"]}
    assert shown["parents"] == {}


def test_the_same_in_words(hypomask: Run, ontology: tuple[Path, Path]) -> None:
    obo, genes = ontology
    ran = hypomask("knowledge", "show", obo, "GO:0000001", "--annotations", genes)
    assert ran.code == 0
    assert "GO:0000001 was merged into it" in ran.out
    assert "genes annotated with it: 1  ATM\n" in ran.out
    assert "with those of the terms below it: 3  ATM BRCA1 RAD51\n" in ran.out
    assert "sha256" in ran.out


def test_a_search_finds_terms_by_words_and_by_gene(hypomask: Run, ontology: tuple[Path, Path]) -> None:
    obo, genes = ontology
    hits = json.loads(hypomask("knowledge", "search", obo, "rep dna", "--annotations", genes, "--json").out)
    assert [hit["id"] for hit in hits["terms"]] == ["GO:0006281"]
    hits = json.loads(hypomask("knowledge", "search", obo, "brca1", "--annotations", genes, "--json").out)
    assert (hits["terms"], hits["gene"]) == ([], "BRCA1")
    assert [hit["id"] for hit in hits["terms_of_gene"]] == ["GO:0000724"]
    assert "no gene is called so" in hypomask("knowledge", "search", obo, "xyzzy").out


def test_a_search_says_what_took_the_place_of_an_obsolete_term(hypomask: Run, ontology: tuple[Path, Path]) -> None:
    said = "GO:0000002 (obsolete mending of DNA) is obsolete; it was replaced by GO:0006281 (DNA repair)"
    for text in ("GO:0000002", "mending"):
        assert hypomask("knowledge", "search", ontology[0], text).out == f"obsolete:\n  {said}\n"
    found = json.loads(hypomask("knowledge", "search", ontology[0], "dna", "--json").out)
    assert ([hit["id"] for hit in found["terms"]], found["obsolete"]) == (["GO:0006281"], {"GO:0000002": said})
    assert "GO:0006281  DNA repair" in hypomask("knowledge", "search", ontology[0], "GO:0000001").out


def test_limits_are_said(hypomask: Run) -> None:
    everything = len(shipped_pathways().search("repair", limit=1000))
    ran = hypomask("knowledge", "search", "example-pathways", "repair", "--limit", "3")
    assert f"... and {everything - 3} more" in ran.out


def test_a_gene_of_a_network_shows_both_directions_with_signs(hypomask: Run, tmp_path: Path) -> None:
    (tmp_path / "net.csv").write_text(NETWORK)
    shown = json.loads(hypomask("knowledge", "show", tmp_path / "net.csv", "tp53", "--json").out)
    assert shown["gene"] == "TP53"
    assert {(edge["target"], edge["sign"]) for edge in shown["regulon"]} == {("BAX", 1), ("RAD51", -1)}
    assert [edge["source"] for edge in shown["incoming"]] == ["E2F1"]
    ran = hypomask("knowledge", "show", tmp_path / "net.csv", "TP53")
    assert "acts on (inhibits) 1:  RAD51" in ran.out
    found = json.loads(hypomask("knowledge", "search", tmp_path / "net.csv", "1", "--json").out)
    assert [hit["gene"] for hit in found["genes"]] == ["E2F1", "BRCA1", "RAD51"]


def test_a_source_without_a_term_is_counted(hypomask: Run, tmp_path: Path) -> None:
    (tmp_path / "net.csv").write_text(NETWORK)
    network = json.loads(hypomask("knowledge", "show", tmp_path / "net.csv", "--json").out)
    assert (network["genes"], network["edges"]) == (5, 5)
    assert network["signs"] == {"activates": 4, "inhibits": 1, "sign not stated": 0}
    terms = json.loads(hypomask("knowledge", "show", "example-pathways", "--json").out)
    assert terms["terms"] == len(shipped_pathways())
    assert terms["roots"][0]["n_genes"] == terms["genes"] == len(shipped_pathways().genes)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "example-pathway"), 5, "Did you mean 'example-pathways'?"),
        (("show", "go"), 5, "hypomask fetch go"),
        (("show", "hgnc"), 5, "hypomask genes"),
        (("show", "example-pathways", "DNA repare"), 5, "Did you mean 'DNA repair'?"),
        (("search", "example-pathways"), 2, "Missing argument"),
    ],
)
def test_faults_name_a_way_out(hypomask: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = hypomask("knowledge", *arguments)
    assert ran.out == ""
    assert said in ran.err
    assert ran.code == code


def test_what_was_not_fetched_is_left_out_and_said(
    hypomask: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(COMPANIONS, "own.obo", {"annotations": "goa-human"})
    (tmp_path / "own.obo").write_text(OBO)
    ran = hypomask("knowledge", "show", "own.obo", "DNA repair")
    assert ran.code == 0
    assert "read without annotations: goa-human has not been fetched; run: hypomask fetch goa-human" in ran.out


def test_recipes_know_the_shipped_ontology_by_its_name(tmp_path: Path) -> None:
    text = "hypomask: 1\nname: repair\ngenes: example-pathways:DNA repair\nwiring: example-pathways\n"
    (tmp_path / "own.yaml").write_text(text)
    (hypothesis,) = documents.load_hypotheses(tmp_path / "own.yaml")
    assert set(hypothesis.genes) == set(shipped_pathways().genes_of("DNA repair"))
    declared = (
        "hypomask: 1\nsources:\n  own: {file: example-pathways, annotations: example-pathways-genes}\n"
        "name: repair\ngenes: own:DNA repair\nwiring: own\n"
    )
    (tmp_path / "declared.yaml").write_text(declared)
    (same,) = documents.load_hypotheses(tmp_path / "declared.yaml")
    assert same.genes == hypothesis.genes


def test_each_question_has_examples_that_can_be_copied() -> None:
    assert isinstance(command, click.Group)
    for name, question in command.commands.items():
        shown = question.get_help(click.Context(question, info_name=name)).splitlines()
        examples = getattr(question, "examples", ())
        assert examples
        assert all(f"  {example}" in shown for example in examples)
        assert all(example.startswith(f"hypomask knowledge {name}") for example in examples)
