from __future__ import annotations

import pytest

from hypomask.hypothesis.gene_names import damaged_symbol, gene_fault, name_fault


@pytest.mark.parametrize(
    "name",
    [
        *("NO", "ON", "1E5", "SEPT7", "MARCH1", "MARCHF1", "null", "007", "HLA-A", "NKX2-5", "A--B", "2E10", "DEC1"),
        *("OCT4", "AR", "IL-2", "é", "1.5", "MAR-1", "OCT-4", "Sep-1", "p38 MAPK", "7SL RNA (ENSG00000222619)"),
    ],
)
def test_any_text_that_names_something_is_a_gene(name: str) -> None:
    assert gene_fault(name) is None


@pytest.mark.parametrize(
    ("name", "was"),
    [
        ("1-Mar", "MARCHF or MTARC symbol number 1"),
        ("Mar-01", "MARCHF or MTARC symbol number 1"),
        ("2-Sep", "SEPTIN symbol number 2"),
        ("7-sept", "SEPTIN symbol number 7"),
        ("1-Dec", "DELEC or BHLHE"),
        ("4-Oct", "POU"),
        ("3-Jun", "a gene symbol"),
        ("2.31E+13", "a number that a spreadsheet made"),
        ("#NAME?", "error value"),
    ],
)
def test_what_a_spreadsheet_did_is_named(name: str, was: str) -> None:
    assert was in (damaged_symbol(name) or "")
    assert gene_fault(name) == damaged_symbol(name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "empty"),
        (" TP53", "begins or ends with a space"),
        ("TP53\u00a0", "begins or ends with a space"),
        ("TP\u200b53", r"U+200B"),
        ("TP\n53", r"U+000A"),
        ("x" * 201, "201 characters"),
        ("A -> B", "contains an arrow"),
        ("-|", "contains an arrow"),
    ],
)
def test_what_cannot_be_a_gene_is_named(name: str, fault: str) -> None:
    assert fault in (gene_fault(name) or "")


def test_a_group_may_be_called_like_a_date() -> None:
    assert name_fault("1-Mar") is None
