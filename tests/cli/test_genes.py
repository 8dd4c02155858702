"""`hypomask genes` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hypomask.knowledge.cache import CACHE_VARIABLE

Run = Callable[..., Any]

HGNC = """\
hgnc_id\tsymbol\tstatus\talias_symbol\tprev_symbol\tentrez_id\tensembl_gene_id\tuniprot_ids
HGNC:11998\tTP53\tApproved\tp53\t\t7157\tENSG00000141510\tP04637
HGNC:6025\tCXCL8\tApproved\t\tIL8\t3576\tENSG00000169429\tP10145
HGNC:15848\tSEPTIN6\tApproved\t\tSEPT6\t23157\tENSG00000125354\tQ14141
"""


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def hgnc(tmp_path: Path) -> Path:
    """A small HGNC table."""
    path = tmp_path / "hgnc_complete_set.txt"
    path.write_text(HGNC)
    return path


def test_a_table_of_measurements_is_checked_whichever_way_it_lies(hypomask: Run, hgnc: Path, tmp_path: Path) -> None:
    wide = tmp_path / "wide.tsv"
    wide.write_text("sample\tTP53\tIL8\t6-Sep\tWHAT\ns1\t1\t2\t3\t4\ns2\t1\t2\t3\t4\n")
    tall = tmp_path / "tall.csv"
    tall.write_text("gene,s1,s2\nTP53,1,2\nIL8,1,2\n6-Sep,1,2\nWHAT,1,2\n")
    for path, side in ((wide, "the columns of wide.tsv"), (tall, "the row ids of tall.csv")):
        ran = hypomask("genes", path, "--table", hgnc)
        assert ran.code == 0, ran.err
        first, counts, *notes = ran.out.splitlines()
        assert first == f"{side}, looked up in hgnc_complete_set.txt"
        assert counts == "4 ids: 1 mapped (1 by symbol), 1 retired, 0 ambiguous, 1 damaged, 1 unmapped"
        assert notes[0] == "retired: 'IL8' is a previous symbol of CXCL8; write 'CXCL8'"
        assert notes[1].startswith("damaged: '6-Sep' is a date that a spreadsheet made of SEPT6 (now SEPTIN6)")
        assert notes[2].startswith("unmapped: 'WHAT' is in none of the columns of hgnc_complete_set.txt")


def test_hypotheses_are_checked_and_compared_with_data(hypomask: Run, hgnc: Path, tmp_path: Path) -> None:
    rivals = tmp_path / "rivals.yaml"
    rivals.write_text("hypomask: 1\nname: h\nedges: [TP53 -> IL8, p53 -> NEW]\n")
    data = tmp_path / "data.tsv"
    data.write_text("sample\tENSG00000141510.4\tCXCL8\tNEW\ns1\t1\t2\t3\n")
    ran = hypomask("genes", rivals, "--table", hgnc, "--data", data)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].startswith("4 genes of the hypotheses in rivals.yaml")
    assert "TP53, p53 are one gene: TP53" in ran.out
    assert ran.out.splitlines()[-1] == "in the data: 1 of 4 as they are, 4 once both are mapped"


@pytest.mark.parametrize(
    ("name", "text"),
    [("sets.gmt", "S\tx\tTP53\tIL8\n"), ("edges.tsv", "source\ttarget\nTP53\tIL8\n"), ("n.sif", "TP53\tpp\tIL8\n")],
)
def test_every_kind_of_hypothesis_file_is_recognised(
    hypomask: Run, hgnc: Path, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    ran = hypomask("genes", tmp_path / name, "--table", hgnc, "--json")
    found = json.loads(ran.out)
    assert found["names"] == f"2 genes of the hypotheses in {name}"
    assert [gene["target"] for gene in found["genes"]] == ["TP53", "CXCL8"]
    assert found["counts"]["retired"] == 1


def test_the_whole_table_is_written_where_asked(hypomask: Run, hgnc: Path, tmp_path: Path) -> None:
    (tmp_path / "sets.gmt").write_text("S\tx\tTP53\tIL8\tNA\n")
    ran = hypomask("genes", tmp_path / "sets.gmt", "--table", hgnc, "--to", "uniprot", "--out", tmp_path / "out.tsv")
    assert ran.code == 0, ran.err
    table = pd.read_csv(tmp_path / "out.tsv", sep="\t", keep_default_na=False)
    assert table["id"].tolist() == ["TP53", "IL8", "NA"]
    assert table["target"].tolist() == ["P04637", "P10145", ""]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hgnc_complete_set.txt", "out.tsv", "sets.gmt"]


def test_without_a_table_the_way_to_get_one_is_said(hypomask: Run, tmp_path: Path) -> None:
    (tmp_path / "sets.gmt").write_text("S\tx\tTP53\n")
    ran = hypomask("genes", tmp_path / "sets.gmt")
    assert ran.code == 5
    assert "name one with --table, or get HGNC's. hgnc has not been fetched; run: hypomask fetch hgnc" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nothing.tsv",), 4, "no such file"),
        (("nothing.yaml",), 3, "no such file"),
        (("data.tsv", "--data", "data.tsv"), 3, "is a table of measurements itself"),
    ],
)
def test_what_cannot_be_read_is_named(
    hypomask: Run, hgnc: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "data.tsv").write_text("sample\tTP53\ns1\t1\n")
    given = [tmp_path / argument if "." in argument else argument for argument in arguments]
    ran = hypomask("genes", *given, "--table", hgnc)
    assert ran.code == code
    assert message in ran.err
