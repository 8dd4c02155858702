"""Identifiers are found, or it is said why not; nothing is guessed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import ConfigError, KnowledgeError
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.knowledge.hypothesis_ids import map_hypothesis
from hypomask.knowledge.id_mapping import ID_STATUSES
from hypomask.knowledge.identifiers import IdentifierTable
from hypomask.knowledge.spreadsheet_damage import damaged_clone, symbols_before_damage

# As HGNC writes it: tabs, several values in quotes, genes with and without an id of each kind.
HGNC = """\
hgnc_id\tsymbol\tname\tstatus\talias_symbol\tprev_symbol\tentrez_id\tensembl_gene_id\tuniprot_ids
HGNC:11998\tTP53\ttumor protein p53\tApproved\t"p53|LFS1"\t\t7157\tENSG00000141510\tP04637
HGNC:6025\tCXCL8\tchemokine\tApproved\t"SCYB8|LUCT"\tIL8\t3576\tENSG00000169429\tP10145
HGNC:26077\tMARCHF1\tmembrane ring-CH\tApproved\tRNF171\tMARCH1\t55016\tENSG00000145416\tQ8TCQ1
HGNC:26189\tMTARC1\tamidoxime\tApproved\t\t"MOSC1|MARC1"\t64757\tENSG00000186205\tQ5VT66
HGNC:2879\tSEPTIN1\tseptin 1\tApproved\tLARP\t"DIFF6|SEPT1"\t1731\tENSG00000180096\tQ8WYJ6
HGNC:15848\tSEPTIN6\tseptin 6\tApproved\t\tSEPT6\t23157\tENSG00000125354\tQ14141
HGNC:23537\tDELEC1\tdeleted\tApproved\t\tDEC1\t50514\tENSG00000173077\tQ9P2X7
HGNC:1046\tBHLHE40\tbasic\tApproved\tDEC1\t"BHLHB2|STRA13"\t8553\tENSG00000134107\tO14503
HGNC:28337\tC9orf72\tguanine\tApproved\t\t\t203228\tENSG00000147894\tQ96LT7
HGNC:5391\tGNAS\tGNAS locus\tApproved\t\tGNAS1\t2778\tENSG00000087460\t"O95467|P63092"
HGNC:100\tNOID\tno ids\tApproved\t\tOLDNAME\t\t\t
HGNC:101\tOLDNAME\ttook over a name\tApproved\t\t\t999\t\t
HGNC:9221\tPOU5F1\tPOU class 5\tApproved\t"OCT3|OCT4"\tOTF3\t5460\tENSG00000204531\tQ01860
HGNC:77\tRIK1\tas in mouse\tApproved\t2310009E13Rik\t\t66376\t\t
"""
WITHDRAWN = """\
HGNC_ID\tSTATUS\tWITHDRAWN_SYMBOL\tMERGED_INTO_REPORT(S) (i.e HGNC_ID|SYMBOL|STATUS)
HGNC:500\tMerged/Split\tMERGEDONE\tHGNC:11998|TP53|Approved
HGNC:501\tEntry Withdrawn\tGONE\t
HGNC:502\tMerged/Split\tSPLITONE\tHGNC:11998|TP53|Approved, HGNC:6025|CXCL8|Approved
HGNC:503\tMerged/Split\tCHAIN\tHGNC:500|MERGEDONE|Entry Withdrawn
HGNC:504\tMerged/Split\tLOOPA\tHGNC:505|LOOPB|Entry Withdrawn
HGNC:505\tMerged/Split\tLOOPB\tHGNC:504|LOOPA|Entry Withdrawn
"""


@pytest.fixture
def table(tmp_path: Path) -> IdentifierTable:
    """A small HGNC table with its withdrawn entries."""
    (tmp_path / "hgnc_complete_set.txt").write_text(HGNC)
    (tmp_path / "withdrawn.txt").write_text(WITHDRAWN)
    return IdentifierTable.read(tmp_path / "hgnc_complete_set.txt", tmp_path / "withdrawn.txt")


@pytest.mark.parametrize(
    ("name", "status", "target", "how"),
    [
        ("TP53", "mapped", "TP53", "symbol"),
        (" TP53 ", "mapped", "TP53", "symbol"),
        ("p53", "mapped", "TP53", "alias"),
        ("ENSG00000141510", "mapped", "TP53", "Ensembl id"),
        ("ENSG00000141510.18", "mapped", "TP53", "Ensembl id without its version"),
        ("ENSG00000141510.18_PAR_Y", "mapped", "TP53", "Ensembl id without its version"),
        ("7157", "mapped", "TP53", "Entrez id"),
        ("entrez:7157", "mapped", "TP53", "Entrez id"),
        ("LOC7157", "mapped", "TP53", "Entrez id in a LOC name"),
        ("P04637", "mapped", "TP53", "UniProt accession"),
        ("P04637-2", "mapped", "TP53", "UniProt isoform"),
        ("sp|P04637|P53_HUMAN", "mapped", "TP53", "UniProt accession"),
        ("UniProtKB:P04637", "mapped", "TP53", "UniProt accession"),
        ("HGNC:11998", "mapped", "TP53", "HGNC id"),
        ("C9ORF72", "mapped", "C9orf72", "symbol in capitals"),
        ("IL8", "retired", "CXCL8", "previous symbol"),
        ("MARCH1", "retired", "MARCHF1", "previous symbol"),
        ("MERGEDONE", "retired", "TP53", "withdrawn entry"),
        ("HGNC:500", "retired", "TP53", "withdrawn entry"),
        ("CHAIN", "retired", "TP53", "withdrawn entry"),
        ("GONE", "retired", None, "withdrawn entry"),
        ("LOOPA", "retired", None, "withdrawn entry"),
        ("SPLITONE", "ambiguous", None, "withdrawn entry"),
        ("DEC1", "ambiguous", None, "old or other name"),
        ("Tp53", "unmapped", None, "unknown"),
        ("NOTAGENE", "unmapped", None, "unknown"),
        ("ENST00000269305", "unmapped", None, "unknown"),
        ("ENSMUSG00000059552", "unmapped", None, "unknown"),
        ("99999", "unmapped", None, "unknown"),
        ("", "unmapped", None, "unknown"),
        ("1-Mar", "damaged", None, "spreadsheet"),
        ("7157.0", "damaged", None, "number"),
    ],
)
def test_every_kind_of_name_has_its_fate(
    table: IdentifierTable, name: str, status: str, target: str | None, how: str
) -> None:
    (item,) = table.map([name])
    assert (item.id, item.status, item.target, item.how) == (name, status, target, how)
    assert item.status == "mapped" or item.note


@pytest.mark.parametrize(
    ("name", "candidates", "note"),
    [
        (
            "1-Mar",
            ("MARCHF1", "MTARC1"),
            "'1-Mar' is a date that a spreadsheet made of MARCH1 (now MARCHF1) or MARC1 (now",
        ),
        ("Sep-01", ("SEPTIN1",), "made of SEPT1 (now SEPTIN1); write the symbol and import columns as text"),
        ("2006-09-01 00:00:00", ("SEPTIN1", "SEPTIN6"), "SEPT1 (now SEPTIN1) or SEPT6 (now SEPTIN6)"),
        ("9/1/2006", ("SEPTIN1", "SEPTIN6"), "is a date"),
        ("1. Mrz", ("MARCHF1", "MTARC1"), "is a date"),
        ("1-Dec", ("DELEC1", "BHLHE40"), "DEC1 (now DELEC1) or DEC1 (now BHLHE40)"),
        ("4-Oct", ("POU5F1",), "OCT4 (now POU5F1)"),
        (
            "2-Sep",
            (),
            "a SEPTIN symbol number 2; write the symbol and import columns as text; no gene of the table fits",
        ),
        ("2.31E+19", ("RIK1",), "is a number that a spreadsheet made of 2310009E13Rik (now RIK1)"),
        ("1.00E+05", (), "no gene of the table fits"),
        ("#REF!", (), "a spreadsheet's error value"),
    ],
)
def test_damaged_symbols_are_named_with_the_likely_genes_and_not_mended(
    table: IdentifierTable, name: str, candidates: tuple[str, ...], note: str
) -> None:
    (item,) = table.map([name])
    assert (item.status, item.target, item.candidates) == ("damaged", None, candidates)
    assert note in item.note


def test_a_number_that_could_be_a_date_is_only_said_to_be_so(table: IdentifierTable) -> None:
    (item,) = table.map(["38961"])  # 2006-09-01 in a workbook, and a gene of the fly
    assert (item.status, item.candidates) == ("unmapped", ("SEPTIN1", "SEPTIN6"))
    assert "as a spreadsheet's number for a date it would be SEPT1" in item.note


def test_a_current_symbol_wins_over_an_old_one_and_says_so(table: IdentifierTable) -> None:
    (item,) = table.map(["OLDNAME"])
    assert (item.status, item.target) == ("mapped", "OLDNAME")
    assert item.note == "'OLDNAME' is a current symbol, but was one of NOID before; older data may mean that"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("Tp53", "differs in letter case from 'TP53': if it is a gene of another species, lift by orthologs"),
        ("DEC1", "'DEC1' is the old or other name of DELEC1 and of BHLHE40; write the one you mean"),
        ("GONE", "'GONE' was withdrawn and nothing took its place; leave it out"),
        ("IL8", "'IL8' is a previous symbol of CXCL8; write 'CXCL8'"),
        ("ENSMUSG00000059552", "of another species: ENSMUSG"),
        ("ENSP00000269305.4", "the Ensembl id of a protein, not of a gene"),
        ("CXCL88", "Did you mean 'CXCL8'?"),
    ],
)
def test_what_is_not_plain_comes_with_a_way_out(table: IdentifierTable, name: str, note: str) -> None:
    assert note in table.map([name]).items[0].note


def test_other_targets_than_symbols(table: IdentifierTable) -> None:
    ids = ["TP53", "IL8", "GNAS", "NOID"]
    assert [item.target for item in table.map(ids, "ensembl")][:2] == ["ENSG00000141510", "ENSG00000169429"]
    assert table.map(["TP53"], "hgnc").targets == {"TP53": "HGNC:11998"}
    uniprot = table.map(ids, "uniprot").items
    assert (uniprot[2].status, uniprot[2].candidates) == ("ambiguous", ("O95467", "P63092"))
    assert "has 2 UniProt accessions; choose one" in uniprot[2].note
    assert (uniprot[3].status, uniprot[3].note) == (
        "unmapped",
        "'NOID' is NOID, which has no UniProt accession in the table",
    )
    with pytest.raises(ConfigError, match=r"expected one of symbol, ensembl, .*Did you mean 'uniprot'"):
        table.map(ids, "unipro")  # type: ignore[arg-type]


def test_the_mapping_counts_merges_and_makes_a_frame(table: IdentifierTable) -> None:
    mapping = table.map(["TP53", "p53", "IL8", "CXCL8", "DEC1", "1-Mar", "WHAT", "TP53"])
    assert mapping.counts == {"mapped": 4, "retired": 1, "ambiguous": 1, "damaged": 1, "unmapped": 1}
    assert mapping.merged == {"TP53": ("TP53", "p53"), "CXCL8": ("IL8", "CXCL8")}
    assert mapping.summary() == (
        "8 ids: 4 mapped (3 by symbol, 1 by alias), 1 retired, 1 ambiguous, 1 damaged, 1 unmapped"
    )
    frame = mapping.frame()
    assert list(frame.columns) == ["id", "status", "target", "how", "candidates", "note"]
    assert frame["id"].tolist() == [item.id for item in mapping]
    assert frame.loc[4, "candidates"] == "DELEC1|BHLHE40"
    assert "TP53, p53 are one gene: TP53" in mapping.lines()


def test_long_lists_of_unknown_names_are_answered_quickly_and_shown_in_part(table: IdentifierTable) -> None:
    mapping = table.map([f"X{i}" for i in range(5000)])
    assert mapping.counts["unmapped"] == 5000
    assert mapping.lines()[-1] == "... and 4980 more"


@given(st.lists(st.text(max_size=12), max_size=20))
def test_any_text_has_one_fate_and_targets_are_current_symbols(names: list[str]) -> None:
    table = IdentifierTable([], source="nothing")
    assert [item.id for item in table.map(names)] == names
    assert {item.status for item in table.map(names)} <= set(ID_STATUSES)
    assert table.map(names).targets == {}


@given(month=st.sampled_from(["Mar", "Sep", "Dec"]), number=st.integers(1, 28), padded=st.booleans())
def test_a_date_always_leads_back_to_the_symbol_it_came_from(month: str, number: int, padded: bool) -> None:
    prefix = {"Mar": "MARCH", "Sep": "SEPT", "Dec": "DEC"}[month]
    day = f"{number:02d}" if padded else str(number)
    month_number = {"Mar": 3, "Sep": 9, "Dec": 12}[month]
    for damaged in (f"{day}-{month}", f"{month}-{day}", f"2019-{month_number:02d}-{number:02d}"):
        assert f"{prefix}{number}" in symbols_before_damage(damaged)


@given(clone=st.integers(1_000_000, 9_999_999), number=st.integers(1, 24), digits=st.integers(2, 6))
def test_a_clone_that_became_a_number_is_found_again(clone: int, number: int, digits: int) -> None:
    shown = f"{float(clone) * 10.0**number:.{digits}E}"
    kept = shown.partition("E")[0].replace(".", "").rstrip("0")
    pattern = damaged_clone(shown)
    assert pattern is not None
    if str(clone).startswith(kept):  # the spreadsheet rounded down
        assert pattern.fullmatch(f"{clone}E{number:02d}Rik")


# tables


def test_a_gzipped_biomart_export_with_a_row_per_pair(tmp_path: Path) -> None:
    rows = [
        "Gene stable ID,Gene name,NCBI gene (formerly Entrezgene) ID,UniProtKB/Swiss-Prot ID",
        "ENSG00000141510,TP53,7157,P04637",
        "ENSG00000141510,TP53,7157,Q53GA5",
        "ENSG00000999999,,,",
        'ENSG00000169429,"CXCL8",3576,P10145',
    ]
    path = tmp_path / "mart_export.csv.gz"
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    table = IdentifierTable.read(path)
    assert [gene.symbol for gene in table.genes] == ["TP53", "CXCL8"]
    assert table.map(["ENSG00000141510"], "entrez").targets == {"ENSG00000141510": "7157"}
    assert table.map(["TP53"], "uniprot").items[0].candidates == ("P04637", "Q53GA5")


def test_ncbis_table_whose_header_begins_with_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "gene_info.tsv"
    path.write_text("#tax_id\tGeneID\tSymbol\tSynonyms\n9606\t7157\tTP53\tBCC7|LFS1\n9606\t1\tA1BG\t-\n")
    table = IdentifierTable.read(path)
    assert table.map(["LFS1", "1"]).targets == {"LFS1": "TP53", "1": "A1BG"}


def test_hgncs_custom_download_lists_withdrawn_symbols(tmp_path: Path) -> None:
    path = tmp_path / "custom.txt"
    path.write_text(
        "HGNC ID\tApproved symbol\tStatus\tPrevious symbols\n"
        "HGNC:5\tA1BG\tApproved\tOLD1, OLD2\nHGNC:6\tA1S9T~withdrawn\tSymbol Withdrawn\t\n"
    )
    table = IdentifierTable.read(path)
    assert [item.status for item in table.map(["OLD2", "A1S9T"])] == ["retired", "retired"]


HEADER = "hgnc_id\tsymbol\tentrez_id\tensembl_gene_id"
DAMAGED_TABLES = {
    "no such file": (None, "no such file"),
    "empty": ("", "is empty"),
    "only blanks": (" \n\n", "is empty"),
    "an HTML page": ("<!doctype html><html>", "is an HTML page"),
    "a Git LFS pointer": ("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    "another table": ("a\tb\n1\t2\n", r":1: the header is 'a\\tb'; expected a column of symbols"),
    "symbols alone": ("symbol\nTP53\n", ":1: the header is 'symbol'; expected"),
    "a header alone": (HEADER + "\n", ":1: a header and no rows"),
    "only comments": ("# nothing\n# here\n", "the header is"),
    "a column twice": (f"{HEADER}\tSymbol\n", ":1: column 'symbol' is there more than once"),
    "a short row": (f"{HEADER}\nHGNC:1\tA\t1\tE\nHGNC:2\tB\n", ":3: has 2 columns, the header has 4"),
    "a long row": (f"{HEADER}\nHGNC:1\tA\t1\tE\textra\n", ":2: has 5 columns, the header has 4"),
    "a date for a symbol": (f"{HEADER}\nHGNC:1\t1-Mar\t1\tE\n", ":2: '1-Mar' is a date"),
    "floating Entrez ids": (f"{HEADER}\nHGNC:1\tA\t7157.0\tE\n", ":2: Entrez id '7157.0' is not a number; a spread"),
    "text for an Entrez id": (f"{HEADER}\nHGNC:1\tA\tx\tE\n", ":2: Entrez id 'x' is not a number"),
    "a wrong HGNC id": (f"{HEADER}\nENSG1\tA\t1\tE\n", ":2: HGNC id 'ENSG1': expected HGNC: and a number"),
    "two genes of a name": (
        f"{HEADER}\nHGNC:1\tA\t1\tE\nHGNC:2\tA\t2\tF\n",
        ":3: symbol 'A' has HGNC:2 here and HGNC:1",
    ),
    "an invisible character": (f"{HEADER}\nHGNC:1\tT\u200bP53\t1\tE\n", ":2: .*invisible character U\\+200B"),
    "no symbol at all": (f"{HEADER}\nHGNC:1\t\t1\tE\n", "no row has a symbol"),
    "Latin-1": (f"{HEADER}\nHGNC:1\tA\t1\t".encode() + b"\xe4\n", ":2: byte .* is not UTF-8"),
    "UTF-16": (HEADER.encode("utf-16"), "text in UTF-16"),
    "a workbook": (b"PK\x03\x04....", "an Excel workbook"),
    "half of a gzip": (gzip.compress(HGNC.encode())[:100], "damaged gzip data"),
}


@pytest.mark.parametrize("damage", DAMAGED_TABLES)
def test_damaged_tables_are_named_by_file_and_line(tmp_path: Path, damage: str) -> None:
    content, message = DAMAGED_TABLES[damage]
    path = tmp_path / "table.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(KnowledgeError, match=message) as caught:
        IdentifierTable.read(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\n1\t2\n", "expected HGNC's columns HGNC_ID, STATUS, WITHDRAWN_SYMBOL"),
        (
            WITHDRAWN.replace("HGNC:6025|CXCL8|Approved", "x").replace("HGNC:11998|TP53|Approved", "TP53"),
            ":2: cannot be",
        ),
        (WITHDRAWN.replace("\tGONE\t", "\t\t"), ":3: has no symbol"),
        (WITHDRAWN.replace("HGNC:501\t", ""), ":3: has 3 columns"),
    ],
)
def test_damaged_tables_of_withdrawn_entries_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "hgnc.txt").write_text(HGNC)
    (tmp_path / "withdrawn.txt").write_text(text)
    with pytest.raises(KnowledgeError, match=message):
        IdentifierTable.read(tmp_path / "hgnc.txt", tmp_path / "withdrawn.txt")


def test_all_problems_of_a_table_are_shown_together(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(f"{HEADER}\nHGNC:1\tA\tx\tE\nHGNC:2\nHGNC:3\t1-Sep\t1\tE\n")
    with pytest.raises(KnowledgeError) as caught:
        IdentifierTable.read(tmp_path / "t.txt")
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["2", "3", "4"]


# hypotheses


def test_a_hypothesis_is_brought_to_current_symbols_and_merges_are_reported(table: IdentifierTable) -> None:
    hypothesis = Hypothesis(
        "h",
        ("ENSG00000141510.3", "IL8", "CXCL8", "WHAT"),
        (
            Edge("ENSG00000141510.3", "IL8", weight=0.5),
            Edge("ENSG00000141510.3", "CXCL8", weight=0.8),
            Edge("IL8", "CXCL8"),
            Edge("WHAT", "IL8", sign=-1),
        ),
        (GeneGroup("g", ("IL8", "CXCL8", "WHAT")),),
        provenance=("by hand",),
    )
    mapped, report = map_hypothesis(hypothesis, table)
    assert mapped.genes == ("TP53", "CXCL8", "WHAT")
    assert mapped.edges == (Edge("TP53", "CXCL8", weight=0.8), Edge("WHAT", "CXCL8", sign=-1))
    assert mapped.groups == (GeneGroup("g", ("CXCL8", "WHAT")),)
    assert report.renaming.merged == {"CXCL8": ("IL8", "CXCL8")}
    assert (report.renaming.edges_merged, report.renaming.edges_within) == (1, 1)
    assert mapped.provenance[0] == "by hand"
    assert "hgnc_complete_set.txt, sha256" in mapped.provenance[1]
    assert any("IL8+CXCL8 -> CXCL8" in line for line in mapped.provenance)


def test_unmapped_genes_can_be_left_out(table: IdentifierTable) -> None:
    hypothesis = Hypothesis("h", ("TP53", "WHAT", "DEC1"), (Edge("TP53", "WHAT"),), (GeneGroup("g", ("WHAT",)),))
    mapped, report = map_hypothesis(hypothesis, table, keep_unmapped=False)
    assert (mapped.genes, mapped.edges, mapped.groups) == (("TP53",), (), ())
    assert report.renaming.dropped == ("WHAT", "DEC1")
    assert report.renaming.groups_lost == ("g",)


def test_current_names_stay_the_same_hypothesis(table: IdentifierTable) -> None:
    hypothesis = Hypothesis("h", ("TP53", "CXCL8"), (Edge("TP53", "CXCL8"),))
    mapped, _ = map_hypothesis(hypothesis, table)
    assert (mapped.genes, mapped.edges) == (hypothesis.genes, hypothesis.edges)
