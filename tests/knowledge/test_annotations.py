from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hypomask.errors import KnowledgeError
from hypomask.knowledge.annotations import AnnotationFilter, annotate, read_annotations
from hypomask.knowledge.obo import read_obo
from hypomask.knowledge.terms import Terms

OBO = """format-version: 1.2

[Term]
id: GO:1
name: root
namespace: biological_process
alt_id: GO:9

[Term]
id: GO:2
name: child
namespace: biological_process
is_a: GO:1

[Term]
id: GO:7
name: withdrawn
is_obsolete: true
replaced_by: GO:2

[Term]
id: GO:8
name: withdrawn too
is_obsolete: true
"""


def gaf_row(
    term: str = "GO:1",
    symbol: str = "TP53",
    *,
    accession: str = "P04637",
    qualifier: str = "involved_in",
    code: str = "IDA",
    aspect: str = "P",
    taxon: str = "taxon:9606",
    date: str = "20240101",
) -> str:
    cells = ["UniProtKB", accession, symbol, qualifier, term, "PMID:1", code, "", aspect, "a name", "", "protein"]
    return "\t".join([*cells, taxon, date, "UniProt", "", ""])


def written(folder: Path, *rows: str, header: str = "!gaf-version: 2.2") -> Path:
    path = folder / "test.gaf"
    path.write_text("\n".join([header, *rows, ""]))
    return path


@pytest.fixture
def terms(tmp_path: Path) -> Terms:
    path = tmp_path / "test.obo"
    path.write_text(OBO)
    return read_obo(path)


def pairs_of(path: Path, chosen: AnnotationFilter | None = None) -> set[tuple[str, str]]:
    found = read_annotations(path, chosen)
    return {(found.term_ids[term], found.genes[gene]) for term, gene in zip(found.term, found.gene, strict=True)}


class TestGaf:
    def test_genes_are_named_by_symbol_or_by_accession(self, tmp_path: Path) -> None:
        path = written(tmp_path, gaf_row())
        assert pairs_of(path) == {("GO:1", "TP53")}
        assert pairs_of(path, AnnotationFilter(genes="id")) == {("GO:1", "P04637")}

    @pytest.mark.parametrize("qualifier", ["NOT", "NOT|involved_in", "not|part_of", "involved_in|NOT"])
    def test_a_negated_annotation_is_none_and_is_counted(self, tmp_path: Path, qualifier: str) -> None:
        found = read_annotations(written(tmp_path, gaf_row(), gaf_row("GO:2", qualifier=qualifier)))
        assert found.term_ids == ("GO:1",)
        assert "1 annotations with the qualifier NOT left out" in found.notes

    @pytest.mark.parametrize(
        ("chosen", "kept"),
        [
            (AnnotationFilter(), {"A", "B", "C", "D", "E"}),
            (AnnotationFilter(evidence=("IDA",)), {"A", "C", "D", "E"}),
            (AnnotationFilter(without_evidence=("IDA",)), {"B"}),
            (AnnotationFilter(aspect="P"), {"A", "B", "D", "E"}),
            (AnnotationFilter(aspect="biological_process"), {"A", "B", "D", "E"}),
            (AnnotationFilter(taxon=9606), {"A", "B", "C", "E"}),
            (AnnotationFilter(until="20231231"), {"E"}),
        ],
    )
    def test_annotations_are_chosen(self, tmp_path: Path, chosen: AnnotationFilter, kept: set[str]) -> None:
        path = written(
            tmp_path,
            gaf_row(symbol="A"),
            gaf_row(symbol="B", code="IEA"),
            gaf_row(symbol="C", aspect="C"),
            gaf_row(symbol="D", taxon="taxon:10090|taxon:9606"),
            gaf_row(symbol="E", date="20200101"),
            gaf_row(symbol="F", code="ND"),
        )
        assert {gene for _, gene in pairs_of(path, chosen)} == kept

    def test_repeats_with_other_evidence_are_one_annotation(self, tmp_path: Path) -> None:
        path = written(tmp_path, gaf_row(), gaf_row(code="IMP"))
        assert read_annotations(path).notes[0] == "2 annotation rows, 1 different pairs of term and gene kept"

    def test_symbols_that_a_spreadsheet_damaged_are_noted_and_kept(self, tmp_path: Path) -> None:
        found = read_annotations(written(tmp_path, gaf_row(symbol="2-Sep")))
        assert found.genes == ("2-Sep",)
        assert "a date that a spreadsheet made of a SEPTIN symbol" in found.notes[-1]

    def test_a_file_without_header_and_packed_reads_too(self, tmp_path: Path) -> None:
        path = tmp_path / "x.gaf.gz"
        path.write_bytes(gzip.compress(gaf_row().encode()))
        assert pairs_of(path) == {("GO:1", "TP53")}


GENE2GO = "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory\n"


class TestGene2go:
    def test_one_taxon_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "gene2go"
        path.write_text(
            GENE2GO
            + "9606\t7157\tGO:1\tIDA\tinvolved_in\troot\t1\tProcess\n"
            + "9606\t7158\tGO:1\tIDA\tNOT involved_in\troot\t-\tProcess\n"
            + "10090\t22059\tGO:1\tIDA\tinvolved_in\troot\t-\tProcess\n"
        )
        assert pairs_of(path, AnnotationFilter(taxon=9606)) == {("GO:1", "7157")}
        with pytest.raises(KnowledgeError, match="holds thousands of species; say which taxon"):
            read_annotations(path)
        with pytest.raises(KnowledgeError, match="none of 0 annotations is left"):
            read_annotations(path, AnnotationFilter(taxon=7227))


@pytest.mark.parametrize(
    "text",
    [
        "A\tGO:1;GO:2\nB\tGO:2\n",
        "A\tGO:1, GO:2\r\nB\tGO:2",
        "gene\tterm\nA\tGO:1\nA\tGO:2\nB\tGO:2\n",
        "# comment\nGO:1\tA\nGO:2\tA\nGO:2\tB\n",
    ],
)
def test_plain_tables_read_either_way_round(tmp_path: Path, text: str) -> None:
    path = tmp_path / "associations.txt"
    path.write_text(text)
    assert pairs_of(path) == {("GO:1", "A"), ("GO:2", "A"), ("GO:2", "B")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("!gaf-version: 2.2\n" + gaf_row() + "\n" + gaf_row()[:40], "3: has 6 columns, expected 17 (GAF 2.x)"),
        ("!gaf-version: 1.0\n" + gaf_row(), "1: is GAF version 1.0, expected 2.x"),
        ("!gaf-version: 2.2\n" + gaf_row("0006281"), "2: '0006281' is no id of a term"),
        ("!gaf-version: 2.2\n" + gaf_row(symbol=""), "2: term 'GO:1' has no gene beside it"),
        ("!gaf-version: 2.2\n" + gaf_row(qualifier="NOT"), "none of 1 annotations is left: 1 with the qualifier NOT"),
        ("!gaf-version: 2.2\n", "none of 0 annotations is left"),
        (GENE2GO.replace("GO_ID", "go") + "9606\n", "1: columns '#tax_id\\tGeneID\\tgo"),
        (GENE2GO + "9606\t7157\tGO:1\n", "2: has 3 columns, expected 8 (gene2go)"),
        (GENE2GO + "10090\t7157\tGO:1\n", "2: has 3 columns, expected 8 (gene2go)"),
        ("A GO:1\n", "1: line 'A GO:1' has no tab; expected annotations: GAF, gene2go, or a table"),
        ("A\tGO:1\nB\tGO:1\tx\n", "2: has 3 columns, expected 2: a gene and its terms"),
        ("A\tGO:1\nB\trepair\n", "2: 'repair' is no id of a term"),
        ("<html><body>404</body></html>", "is an HTML page"),
        ("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        ("\n \n", "is empty"),
    ],
)
def test_damaged_annotations_are_refused_by_line(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "test.gaf"
    path.write_text(text)
    with pytest.raises(KnowledgeError) as caught:
        read_annotations(path, AnnotationFilter(taxon=9606))
    assert found in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("n_rows", [10, 30_000])
def test_packed_annotations_that_were_cut_off_are_refused(tmp_path: Path, n_rows: int) -> None:
    packed = gzip.compress("\n".join(gaf_row(symbol=f"G{i}") for i in range(n_rows)).encode())
    path = tmp_path / "cut.gaf.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.raises(KnowledgeError, match="is damaged gzip data"):
        read_annotations(path)


def test_a_large_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.gaf"
    path.write_bytes(gaf_row(symbol="A" * 900).encode() * 1_500 + "\nµ".encode("latin-1"))
    with pytest.raises(KnowledgeError, match="is not UTF-8"):
        read_annotations(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"evidence": ("IAD",)}, "evidence code 'IAD' does not exist.*Did you mean"),
        ({"aspect": "biological"}, "aspect 'biological': expected P, F or C"),
        ({"until": "2024-01-01"}, "expected a day as YYYYMMDD"),
        ({"genes": "name"}, "genes 'name': expected 'symbol' or 'id'"),
    ],
)
def test_choices_that_cannot_be_meant_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(KnowledgeError, match=message):
        AnnotationFilter(**settings)  # type: ignore[arg-type]


def test_former_and_replaced_terms_count_for_the_current_one(tmp_path: Path, terms: Terms) -> None:
    rows = [gaf_row(term, symbol=f"G{i}") for i, term in enumerate(["GO:1", "GO:9", "GO:7", "GO:8", "GO:404"])]
    annotated = annotate(terms, read_annotations(written(tmp_path, *rows)))
    assert annotated.genes_of("GO:1", descendants=False) == ("G0", "G1")
    assert annotated.genes_of("GO:2") == ("G2",)
    assert annotated.notes[-4:] == (
        "1 annotations with a former id of a term counted for the term",
        "1 annotations with an obsolete term counted for the one that replaced it",
        "1 annotations with an obsolete term left out",
        "1 annotations with a term that the ontology does not hold left out",
    )
    assert terms.n_annotations == 0


def test_annotations_of_another_ontology_are_refused(tmp_path: Path, terms: Terms) -> None:
    annotations = read_annotations(written(tmp_path, gaf_row(), gaf_row("HP:1"), gaf_row("HP:2")))
    with pytest.raises(KnowledgeError, match=r"2 of 3 annotations .* name terms that test.obo does not hold"):
        annotate(terms, annotations)
