from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypomask.errors import KnowledgeError
from hypomask.knowledge import read_cache
from hypomask.knowledge.annotations import AnnotationFilter, annotate, read_annotations
from hypomask.knowledge.gene_set_terms import read_gene_set_terms
from hypomask.knowledge.obo import read_obo
from hypomask.knowledge.ontology_tables import read_ontology_table
from hypomask.knowledge.reactome import read_reactome
from hypomask.knowledge.term_links import TermLinks
from hypomask.knowledge.term_sources import read_terms
from hypomask.knowledge.term_storage import load_terms, save_terms
from hypomask.knowledge.term_writing import write_associations, write_gmt, write_obo, write_ontology_table
from hypomask.knowledge.terms import ObsoleteTerm, Terms

WORDS = st.text(st.characters(categories=("L", "N", "P", "Zs"), max_codepoint=0x17F), min_size=1, max_size=12).map(
    lambda text: " ".join(text.split()) or "x"
)


@st.composite
def random_terms(draw: st.DrawFn) -> Terms:
    n = draw(st.integers(1, 8))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from(["is_a", "part_of", "regulates"]))
    names = draw(st.lists(WORDS, min_size=n, max_size=n))
    terms = Terms(
        source="t",
        ids=tuple(f"X:{i}" for i in range(n)),
        names=tuple(names),
        namespaces=tuple(draw(st.lists(st.sampled_from(["P", "F"]), min_size=n, max_size=n))),
        links=TermLinks.build(n, [link for link in draw(st.lists(pair, max_size=12)) if link[0] > link[1]]),
        alt_ids={"X:77": "X:0"},
        obsolete={"X:99": ObsoleteTerm("gone", ("X:0",), ("X:77", "X:0"))},
        provenance=("somewhere",),
        notes=("nothing",),
    )
    annotations = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, 5)), max_size=12))
    return terms.with_annotations(
        tuple(f"G{i}" for i in range(6)),
        np.array([term for term, _ in annotations], dtype=np.int32),
        np.array([gene for _, gene in annotations], dtype=np.int32),
    )


def content(terms: Terms, *, relations: bool = True) -> dict[str, object]:
    """All that a file states, free of order."""
    links = terms.links
    rows = zip(links.children.tolist(), links.parents.tolist(), links.relation.tolist(), strict=True)
    return {
        "terms": dict(zip(terms.ids, zip(terms.names, terms.namespaces, strict=True), strict=True)),
        "links": {
            (terms.ids[child], terms.ids[parent], links.relations[relation] if relations else "")
            for child, parent, relation in rows
        },
        "genes": {term: terms.genes_of(term, descendants=False) for term in terms.ids},
        "former": (dict(terms.alt_ids), dict(terms.obsolete)),
    }


fixture_is_shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@fixture_is_shared
@given(terms=random_terms())
def test_stored_terms_are_the_same_terms(tmp_path: Path, terms: Terms) -> None:
    save_terms(terms, tmp_path / "terms.npz")
    again = load_terms(tmp_path / "terms.npz")
    assert content(again) == content(terms)
    assert (again.source, again.ids, again.genes) == (terms.source, terms.ids, terms.genes)
    assert (again.provenance, again.notes) == (terms.provenance, terms.notes)
    assert [path.name for path in tmp_path.iterdir()] == ["terms.npz"]


@fixture_is_shared
@given(terms=random_terms())
def test_an_ontology_written_and_read_is_the_same_graph(tmp_path: Path, terms: Terms) -> None:
    write_obo(terms, tmp_path / "t.obo")
    again = read_obo(tmp_path / "t.obo")
    if terms.n_annotations:
        write_associations(terms, tmp_path / "genes.tsv")
        again = annotate(again, read_annotations(tmp_path / "genes.tsv"))
    assert content(again) == content(terms)


@fixture_is_shared
@given(terms=random_terms())
def test_a_table_written_and_read_is_the_same_graph(tmp_path: Path, terms: Terms) -> None:
    propagating = ("is_a", "part_of")
    stated = [
        term
        for term in terms.ids
        if terms.parents(term) or terms.children(term) or terms.genes_of(term, descendants=False)
    ]
    if len(stated) < len(terms):
        with pytest.raises(KnowledgeError, match="an ontology table cannot state them"):
            write_ontology_table(terms, tmp_path / "t.tsv")
    if not stated:
        return
    kept = terms.subset(stated)
    write_ontology_table(kept, tmp_path / "t.tsv")
    again = read_ontology_table(tmp_path / "t.tsv")
    assert set(again.ids) == set(stated)
    for term in stated:
        assert set(again.parents(term)) == set(kept.parents(term, propagating))
        assert again.genes_of(term, descendants=False) == terms.genes_of(term, descendants=False)


@fixture_is_shared
@given(terms=random_terms())
def test_gene_sets_written_and_read_hold_the_genes_of_descendants(tmp_path: Path, terms: Terms) -> None:
    if not terms.n_annotations:
        return
    write_gmt(terms, tmp_path / "t.gmt")
    again = read_gene_set_terms(tmp_path / "t.gmt")
    assert {term: again.genes_of(term) for term in again.ids} == {
        term: terms.genes_of(term) for term in terms.ids if terms.genes_of(term)
    }


@pytest.mark.parametrize("file", ["knowledge/go_bp_hierarchy_drugcell.tsv.gz", "cell_lines/nest_ontology.tsv"])
def test_shipped_hierarchies_survive_a_round_trip(shared_data: Path, tmp_path: Path, file: str) -> None:
    terms = read_ontology_table(shared_data / file)
    write_ontology_table(terms, tmp_path / "t.tsv")
    assert content(read_ontology_table(tmp_path / "t.tsv")) == content(terms)


def test_goslim_and_reactome_survive_a_round_trip(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "knowledge"
    slim = read_obo(folder / "goslim_generic.obo")
    write_obo(slim, tmp_path / "slim.obo")
    assert content(read_obo(tmp_path / "slim.obo")) == content(slim)
    reactome = read_reactome(
        gene_sets=folder / "ReactomePathways.gmt", relations=folder / "ReactomePathwaysRelation.txt"
    )
    write_obo(reactome, tmp_path / "r.obo")
    write_gmt(reactome, tmp_path / "r.gmt", descendants=False)
    again = read_obo(tmp_path / "r.obo")
    assert content(again)["links"] == content(reactome)["links"]
    genes = read_gene_set_terms(tmp_path / "r.gmt")
    assert {term: genes.genes_of(term) for term in genes.ids} == {
        term: found
        for term, found in content(reactome)["genes"].items()
        if found  # type: ignore[attr-defined]
    }


def stored(tmp_path: Path) -> dict[str, np.ndarray]:
    terms = Terms("t", ("A", "B"), ("a", "b"), ("", ""), TermLinks.build(2, [(1, 0, "is_a")])).with_annotations(
        ("G",), np.array([1]), np.array([0])
    )
    save_terms(terms, tmp_path / "terms.npz")
    with np.load(tmp_path / "terms.npz") as arrays:
        return dict(arrays)


def _edit_texts(**changes: object) -> Callable[[dict[str, np.ndarray]], None]:
    def edit(arrays: dict[str, np.ndarray]) -> None:
        texts = {**json.loads(arrays["texts"].tobytes()), **changes}
        arrays["texts"] = np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        lambda arrays: arrays.pop("children"),
        lambda arrays: arrays.update(parents=np.array([7])),
        lambda arrays: arrays.update(children=np.array([-1])),
        lambda arrays: arrays.update(gene_index=np.array([5])),
        lambda arrays: arrays.update(gene_start=np.array([0, 1])),
        lambda arrays: arrays.update(gene_start=np.array([0, 9, 1])),
        lambda arrays: arrays.update(texts=np.frombuffer(b"{", dtype=np.uint8)),
        lambda arrays: arrays.update(children=np.array([{"a": 1}], dtype=object)),
        _edit_texts(format=99),
        _edit_texts(names=["a"]),
        _edit_texts(obsolete={"X": {"name": "x"}}),
    ],
)
def test_a_damaged_store_is_refused_and_never_unpickled(
    tmp_path: Path, edit: Callable[[dict[str, np.ndarray]], object]
) -> None:
    arrays = stored(tmp_path)
    edit(arrays)
    np.savez(tmp_path / "terms.npz", **arrays)
    with pytest.raises(KnowledgeError, match="holds no terms that can be read"):
        load_terms(tmp_path / "terms.npz")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut", b"\x93NUMPY", b"text"])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "terms.npz").write_bytes(data)
    with pytest.raises(KnowledgeError, match="holds no terms that can be read"):
        load_terms(tmp_path / "terms.npz")


class TestCache:
    OBO = "format-version: 1.2\n\n[Term]\nid: X:1\nname: one\n"

    @pytest.fixture
    def obo(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("HYPOMASK_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(read_cache, "CACHED_FROM_BYTES", 0)
        path = tmp_path / "x.obo"
        path.write_text(self.OBO)
        return path

    def kept(self, tmp_path: Path) -> list[Path]:
        return sorted((tmp_path / "cache" / "terms").glob("*"))

    def test_what_was_read_once_comes_from_the_cache(self, tmp_path: Path, obo: Path) -> None:
        first = read_terms(obo)
        (file,) = self.kept(tmp_path)
        before = file.stat().st_mtime_ns
        assert content(read_terms(obo)) == content(first)
        assert self.kept(tmp_path) == [file]
        assert file.stat().st_mtime_ns == before

    def test_another_content_and_another_choice_are_read_again(self, tmp_path: Path, obo: Path) -> None:
        genes = tmp_path / "genes.tsv"
        genes.write_text("TP53\tX:1\n")
        read_terms(obo)
        read_terms(obo, annotations=genes)
        read_terms(obo, annotations=genes, chosen=AnnotationFilter(until="20200101"))
        assert len(self.kept(tmp_path)) == 3
        obo.write_text(self.OBO.replace("one", "two"))
        assert read_terms(obo).names == ("two",)
        assert len(self.kept(tmp_path)) == 4

    def test_a_damaged_entry_is_made_again(self, tmp_path: Path, obo: Path) -> None:
        read_terms(obo)
        (file,) = self.kept(tmp_path)
        file.write_bytes(b"PK\x03\x04")
        assert read_terms(obo).names == ("one",)
        assert load_terms(file).names == ("one",)

    def test_a_cache_that_cannot_be_written_costs_only_time(self, tmp_path: Path, obo: Path) -> None:
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache" / "terms").write_text("in the way")
        assert read_terms(obo).names == ("one",)

    def test_without_the_cache_nothing_is_written(self, tmp_path: Path, obo: Path) -> None:
        read_terms(obo, cache=False)
        assert not (tmp_path / "cache").exists()

    def test_small_files_are_not_kept(self, tmp_path: Path, obo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(read_cache, "CACHED_FROM_BYTES", 1_000_000)
        read_terms(obo)
        assert not (tmp_path / "cache").exists()

    def test_a_missing_file_is_named_by_its_reader(self, obo: Path) -> None:
        with pytest.raises(KnowledgeError, match=r"no such file\. Did you mean 'x.obo'"):
            read_terms(obo.with_name("y.obo"))


def test_every_kind_of_file_is_read_by_its_ending(tmp_path: Path) -> None:
    (tmp_path / "a.gmt").write_text("S\tx\tTP53\n")
    (tmp_path / "a.tsv").write_text("parent\tchild\ttype\nT\tTP53\tgene\n")
    (tmp_path / "m.txt").write_text("P1\tR-HSA-1\thttps://x\tname\tTAS\tHomo sapiens\n")
    (tmp_path / "r.txt").write_text("R-HSA-2\tR-HSA-1\n")
    assert read_terms(tmp_path / "a.gmt").ids == ("S",)
    assert read_terms(tmp_path / "a.tsv").ids == ("T",)
    assert read_terms(tmp_path / "m.txt", relations=tmp_path / "r.txt").genes_of("R-HSA-2") == ("P1",)


def test_endings_and_options_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"ending '.xlsx' is none of a file of terms: .obo, .gmt"):
        read_terms(tmp_path / "a.xlsx")
    with pytest.raises(KnowledgeError, match="annotations go with an ontology"):
        read_terms(tmp_path / "a.gmt", annotations=tmp_path / "a.gaf")
