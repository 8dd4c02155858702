from __future__ import annotations

import gzip
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hypomask.errors import KnowledgeError
from hypomask.knowledge.annotations import annotate, read_annotations
from hypomask.knowledge.obo import read_obo
from hypomask.knowledge.ontology_tables import read_ontology_table
from hypomask.knowledge.term_writing import write_associations, write_obo
from hypomask.knowledge.terms import ObsoleteTerm, Terms

OBO = """format-version: 1.2
data-version: releases/2026-01-01
default-namespace: process
ontology: test

! a comment
[Term]
id: X:1
name: root
alt_id: X:91
alt_id: X:92

[Term]
id: X:2
name: part ! of the name
namespace: function
is_a: X:1 {source="somebody"} ! root
relationship: part_of X:3 ! further down
relationship: regulates X:1 {gci="x"} ! root

[Term]
id: X:3
name: late
is_a: X:1
relationship: occurs_in CL:0000001 ! another ontology

[Term]
id: X:4
name: obsolete thing
is_obsolete: true
is_a: X:404
replaced_by: X:2
consider: X:1

[Typedef]
id: part_of
name: part of
is_a: overlaps
"""


def written(folder: Path, text: str, name: str = "test.obo") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def links_of(terms: Terms) -> set[tuple[str, str, str]]:
    links = terms.links
    rows = zip(links.children.tolist(), links.relation.tolist(), links.parents.tolist(), strict=True)
    return {(terms.ids[child], links.relations[relation], terms.ids[parent]) for child, relation, parent in rows}


def test_an_ontology_reads_with_every_relation_and_former_id(tmp_path: Path) -> None:
    terms = read_obo(written(tmp_path, OBO))
    assert terms.ids == ("X:1", "X:2", "X:3")
    assert terms.names == ("root", "part ! of the name", "late")
    assert terms.namespaces == ("process", "function", "process")
    assert links_of(terms) == {
        ("X:2", "is_a", "X:1"),
        ("X:2", "part_of", "X:3"),
        ("X:2", "regulates", "X:1"),
        ("X:3", "is_a", "X:1"),
    }
    assert terms.alt_ids == {"X:91": "X:1", "X:92": "X:1"}
    assert terms.obsolete == {"X:4": ObsoleteTerm("obsolete thing", ("X:2",), ("X:1",))}
    assert terms.provenance[0].endswith("(test, releases/2026-01-01)")
    assert terms.notes == (
        "1 obsolete terms left out",
        "1 links to terms of another ontology (CL) left out",
    )


def test_gzip_windows_ends_of_lines_and_a_missing_last_newline_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "test.obo.gz"
    path.write_bytes(gzip.compress(OBO.rstrip().replace("\n", "\r\n").encode("utf-8-sig")))
    plain = read_obo(written(tmp_path, OBO))
    assert links_of(read_obo(path)) == links_of(plain)
    assert read_obo(path).obsolete == plain.obsolete


def test_a_large_file_reads_as_a_small_one_does(tmp_path: Path) -> None:
    padding = "".join(f"[Term]\nid: Y:{i}\nname: filler {i}\ndef: {'x' * 900}\n\n" for i in range(1_500))
    terms = read_obo(written(tmp_path, OBO + "\n" + padding))
    assert len(terms) == 1_503
    assert links_of(terms) == links_of(read_obo(written(tmp_path, OBO)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (OBO.replace("id: X:3", "id: X:2"), "21: term 'X:2' is on line 13 already; ids are unique"),
        (OBO.replace("is_a: X:1\n", "is_a: X:7\n"), "24: is_a link of 'X:3' to 'X:7', but 'X:7' is not in the file"),
        (OBO.replace("is_a: X:1\n", "is_a: X:4\n"), "but 'X:4' is obsolete"),
        (OBO.replace("is_a: X:1\n", "is_a: X:2\n"), "terms contain each other in a circle: X:2 > X:3 > X:2; delete"),
        (OBO.replace("is_a: X:1\n", "is_a: X:3\n"), "24: term 'X:3' is its own parent"),
        (OBO.replace("is_a: X:1\n", "is_a:\n"), "24: a link of 'X:3' is incomplete, expected 'is_a: ID'"),
        (OBO.replace("part_of X:3 ! further down", "part_of"), "expected 'relationship: RELATION ID'"),
        (OBO.replace("id: X:1\n", ""), "7: a [Term] stanza has no id"),
        (OBO.replace("\n[Term]\nid: X:3", "id: X:3"), "a second id in the stanza of 'X:2'; is a blank line lost?"),
        (OBO.replace("is_a: X:1\n", "is_a X1\n"), "24: 'is_a X1' is no 'tag: value' line"),
        (OBO[: OBO.index("[Term]")], "holds no [Term]; expected an ontology in OBO format"),
        ("source\ttarget\nA\tB\n", "1: line 'source\\ttarget' is no 'tag: value' of an OBO header"),
        ("<!doctype html><html>", "is an HTML page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
        ("", "is empty"),
    ],
)
def test_a_damaged_ontology_is_refused_by_line(tmp_path: Path, text: str, found: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(KnowledgeError) as caught:
        read_obo(path)
    assert found in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_all_problems_of_a_file_are_told_together(tmp_path: Path) -> None:
    text = OBO.replace("id: X:3", "id: X:2").replace("is_a: X:1\n", "is_a: X:1\nis_a:\n")
    with pytest.raises(KnowledgeError) as caught:
        read_obo(written(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 3  # the link to X:3 goes nowhere now


@pytest.fixture(scope="module")
def goatools() -> Any:
    """goatools' reader, the judge of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("goatools.obo_parser", reason="goatools, which judges our reader, is not installed")


def assert_as_goatools(path: Path, goatools: Any) -> None:
    terms = read_obo(path)
    attributes = {"relationship", "replaced_by", "consider"}
    theirs = goatools.GODag(str(path), optional_attrs=attributes, load_obsolete=True, prt=None)
    live = {term.item_id: term for term in theirs.values() if not term.is_obsolete}
    assert set(terms.ids) == set(live)
    assert dict(terms.alt_ids) == {old: term.item_id for old, term in theirs.items() if old != term.item_id}
    assert set(terms.obsolete) == {term.item_id for term in theirs.values() if term.is_obsolete}
    with_parts = ("is_a", "part_of")
    everything = terms.relations
    for term_id, term in live.items():
        assert terms.name_of(term_id) == term.name
        assert (terms.namespace_of(term_id) or "default") == term.namespace
        assert set(terms.ancestors(term_id, ("is_a",))) == term.get_all_parents()
        assert set(terms.descendants(term_id, ("is_a",))) == term.get_all_children()
        parts = {part.item_id for part in term.relationship.get("part_of", ())}
        assert set(terms.parents(term_id, with_parts)) == {parent.item_id for parent in term.parents} | parts
        assert set(terms.parents(term_id, everything)) == {upper.item_id for upper in term.get_goterms_upper()}


def test_every_term_of_goslim_is_what_goatools_says(shared_data: Path, goatools: Any) -> None:
    path = shared_data / "knowledge" / "goslim_generic.obo"
    assert_as_goatools(path, goatools)
    text = path.read_text().partition("[Typedef]")[0]
    terms = read_obo(path)
    assert len(terms) + len(terms.obsolete) == text.count("[Term]") == 149
    assert len(terms.links) == text.count("\nis_a: ") + text.count("\nrelationship: ") == 227
    assert terms.find("dna metabolic process") == "GO:0006259"


def test_every_term_of_a_hierarchy_with_genes_is_what_goatools_says(
    shared_data: Path, goatools: Any, tmp_path: Path
) -> None:
    """DrugCell's part of the Gene Ontology, written as OBO: 2,086 terms and 59,753 annotations.

    Its links have no names; every other one is made an is_a.
    """
    from goatools.anno.update_association import update_association
    from goatools.godag.go_tasks import get_id2lowerselect, get_id2upperselect

    table = read_ontology_table(shared_data / "knowledge" / "go_bp_hierarchy_drugcell.tsv.gz")
    path, associations = tmp_path / "drugcell.obo", tmp_path / "genes.tsv"
    write_obo(table, path)
    write_associations(table, associations)
    lines = path.read_text().splitlines()
    lines[::2] = [line.replace("relationship: part_of", "is_a:") for line in lines[::2]]
    path.write_text("\n".join(lines))
    terms = annotate(read_obo(path), read_annotations(associations))
    assert terms.relations == ("is_a", "part_of")
    assert_as_goatools(path, goatools)

    theirs = goatools.GODag(str(path), optional_attrs={"relationship"}, prt=None)
    above = get_id2upperselect(theirs.values(), {"part_of"})
    below = get_id2lowerselect(theirs.values(), {"part_of"})
    genes: dict[str, set[str]] = {gene: set() for gene in terms.genes}
    for term in terms.ids:
        assert set(terms.ancestors(term)) == above.get(term, set())
        assert set(terms.descendants(term)) == below.get(term, set())
        for gene in terms.genes_of(term, descendants=False):
            genes[gene].add(term)
    update_association(genes, theirs, {"part_of"})
    counted = Counter(term for of_gene in genes.values() for term in of_gene)
    counts = dict(zip(terms.ids, terms.propagated_counts().tolist(), strict=True))
    assert counts == {term: counted[term] for term in terms.ids}


def test_reading_an_ontology_needs_no_deep_stack(tmp_path: Path) -> None:
    deep = sys.getrecursionlimit() * 2
    stanzas = [f"[Term]\nid: X:{i}\nname: t{i}\n" + (f"is_a: X:{i - 1}\n" if i else "") for i in range(deep)]
    terms = read_obo(written(tmp_path, "format-version: 1.2\n\n" + "\n".join(stanzas)))
    assert len(terms.descendants("X:0")) == deep - 1
