from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import KnowledgeError
from hypomask.knowledge.gene_set_formats import FORMATS, GeneSetRow, gmt_rows, gmx_rows
from hypomask.knowledge.gene_set_terms import read_gene_set_terms
from hypomask.knowledge.gene_sets import read_gene_sets

GMX = "SMALL\tLARGE\nabout it\thttps://x\nTP53\tATM\n\tCHEK2\n\tCHEK2\n"
MSIGDB = {
    "HALLMARK_X": {
        "systematicName": "M5890",
        "pmid": "26771021",
        "geneSymbols": ["TP53", "ATM"],
        "msigdbURL": "https://x",
    },
    "HALLMARK_Y": {"systematicName": "M5891", "geneSymbols": ["NO"]},
}
WIKI = (
    "Apoptosis%WikiPathways_20240610%WP254%Homo sapiens\thttps://wp/WP254\t7157\t472\n"
    "100% of it%WikiPathways_20240610%WP1%Homo sapiens\thttps://wp/WP1\t472\n"
)


def written(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def sets_of(path: Path) -> dict[str, tuple[str, ...]]:
    return {gene_set.group.name: gene_set.group.members for gene_set in read_gene_sets(path)[0]}


def test_gmx_holds_a_set_in_each_column(tmp_path: Path) -> None:
    path = written(tmp_path, GMX, "sets.gmx")
    assert sets_of(path) == {"SMALL": ("TP53",), "LARGE": ("ATM", "CHEK2")}
    assert [gene_set.description for gene_set in read_gene_sets(path)[0]] == ["about it", "https://x"]


def test_grp_is_one_set_named_after_its_file(tmp_path: Path) -> None:
    text = "# repair of breaks\nTP53\n\nATM\nTP53\n"
    path = written(tmp_path, text, "breaks.v1.grp")
    assert sets_of(path) == {"breaks.v1": ("TP53", "ATM")}
    assert read_gene_sets(path)[0][0].description == "repair of breaks"
    packed = tmp_path / "breaks.v1.grp.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert sets_of(packed) == {"breaks.v1": ("TP53", "ATM")}


def test_msigdb_json_reads_with_ids_and_lines(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(MSIGDB, indent=1), "h.json")
    first, second = read_gene_sets(path)[0]
    assert (first.group.name, first.group.members, first.id, first.line) == ("HALLMARK_X", ("TP53", "ATM"), "M5890", 2)
    assert first.description == "M5890, https://x, 26771021"
    assert (second.group.members, second.line) == (("NO",), 11)


def test_wikipathways_names_are_taken_apart(tmp_path: Path) -> None:
    path = written(tmp_path, WIKI, "wikipathways.gmt")
    assert sets_of(path) == {"Apoptosis": ("7157", "472"), "100% of it": ("472",)}
    terms = read_gene_set_terms(path)
    assert terms.ids == ("WP254", "WP1")
    assert terms.genes_of("apoptosis") == ("472", "7157")
    assert "WikiPathways_20240610, Homo sapiens" in read_gene_sets(path)[0][0].description


def test_wikipathways_of_one_name_stay_apart(tmp_path: Path) -> None:
    path = written(tmp_path, WIKI.replace("100% of it", "Apoptosis"), "wikipathways.gmt")
    assert list(sets_of(path)) == ["Apoptosis (WP254)", "Apoptosis (WP1)"]


def test_a_percent_sign_in_other_names_means_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, WIKI + "TOP_10%\tx\tTP53\n", "mixed.gmt")
    assert list(sets_of(path))[-1] == "TOP_10%"
    assert "%WP254%" in next(iter(sets_of(path)))


def test_gene_sets_become_terms_by_the_id_that_their_file_gives(tmp_path: Path) -> None:
    reactome = written(tmp_path, "Repair (all)\tR-HSA-1\tTP53\nOther\tR-HSA-2\tATM\n", "r.gmt")
    assert read_gene_set_terms(reactome).ids == ("R-HSA-1", "R-HSA-2")
    assert read_gene_set_terms(reactome).find("repair (ALL)") == "R-HSA-1"
    msigdb = written(tmp_path, json.dumps(MSIGDB), "h.json")
    assert read_gene_set_terms(msigdb).ids == ("HALLMARK_X", "HALLMARK_Y")
    assert read_gene_set_terms(msigdb).relations == ()


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("s.gmx", "A\tB\nx\n", "has fewer than three rows"),
        ("s.gmx", "A\tB\nx\ty\nTP53\n", "1: gene set 'B' has no genes below its name"),
        ("s.gmx", "A\tB\nx\ty\nTP53\tATM\tCHEK2\n", "3: has 3 columns, but the first row names 2 gene sets"),
        ("s.gmx", "A\tB\nx\ty\nTP53\t\nTP53\tATM\n", "3: gene set 'B' has an empty cell between genes"),
        ("s.gmx", "A\tA\nx\ty\nTP53\tATM\n", "gene set 'A' is in this file already"),
        ("s.gmx", "\tA\nx\ty\nTP53\tATM\n", "1: the name of gene set 1: a name is empty"),
        ("s.grp", "# nothing\n", "holds no gene; expected one in a line"),
        ("s.grp", "TP53\tATM\n", "1: 'TP53\\tATM' has several columns, expected one gene in a line"),
        ("s.grp", "TP\u200b53\n", "contains the invisible character U+200B"),
        ("s.json", '{"A": {"geneSymbols": ["TP53"]', "is not JSON"),
        ("s.json", '{"A": {"geneSymbols": ["X"]}, "A": {"geneSymbols": ["Y"]}}', "key 'A' occurs twice"),
        ("s.json", '["TP53"]', "expected an object of gene sets by name"),
        ("s.json", "{}", "expected an object of gene sets by name"),
        ("s.json", '{"A": ["TP53"]}', "1: gene set 'A' has no list 'geneSymbols'"),
        ("s.json", '{"A": {"geneSymbols": []}}', "1: gene set 'A' has no genes"),
        ("s.json", '{"A": {"geneSymbols": ["TP53", 7157]}}', "1: gene set 'A' has the gene 7157"),
        ("s.json", "[" * 200_000, "JSON"),
        ("s.json", "<html>", "is an HTML page"),
        ("s.grp", "version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    ],
)
def test_damaged_gene_sets_are_refused(tmp_path: Path, name: str, text: str, found: str) -> None:
    path = written(tmp_path, text, name)
    with pytest.raises(KnowledgeError) as caught:
        read_gene_sets(path)
    assert found in str(caught.value) or (text.startswith("[[") and "nested too deeply" in str(caught.value))
    assert str(caught.value).startswith(str(path))


NAMES = st.text(st.characters(categories=("L", "N"), max_codepoint=0x17F), min_size=1, max_size=8)
SETS = st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=5, unique=True), min_size=1, max_size=5)


@given(SETS)
def test_the_same_sets_read_the_same_from_rows_and_columns(sets: dict[str, list[str]]) -> None:
    gmt = "".join(f"{name}\tx\t" + "\t".join(genes) + "\n" for name, genes in sets.items())
    depth = max(map(len, sets.values()))
    rows = [[genes[i] if i < len(genes) else "" for genes in sets.values()] for i in range(depth)]
    gmx = "\n".join("\t".join(row) for row in [list(sets), ["x"] * len(sets), *rows])
    found = [
        {row.name: list(row.genes) for row in read(text, "stem") if isinstance(row, GeneSetRow)}
        for read, text in ((gmt_rows, gmt), (gmx_rows, gmx))
    ]
    assert found == [sets, sets]


@given(st.sampled_from(sorted(FORMATS)), st.text(max_size=200))
def test_any_text_is_gene_sets_or_a_fault(suffix: str, text: str) -> None:
    for row in FORMATS[suffix](text, "stem"):
        if isinstance(row, GeneSetRow):
            assert row.name
            assert row.genes
        else:
            assert row.message


def test_hallmark_sets_are_those_of_an_independent_count(shared_data: Path) -> None:
    path = shared_data / "knowledge" / "h.all.v2022.1.Hs.symbols.gmt"
    terms = read_gene_set_terms(path)
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert len(terms) == len(rows) == 50
    assert terms.n_annotations == sum(len(set(row[2:])) for row in rows)
    assert set(terms.genes_of("HALLMARK_P53_PATHWAY")) == next(
        set(row[2:]) for row in rows if row[0].endswith("P53_PATHWAY")
    )
