from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hypomask.errors import HypothesisError, Problem
from hypomask.hypothesis.edge_files import EdgeFile, EdgeFileOptions, parse_sign, read_edge_file
from hypomask.hypothesis.graph import Edge


def read(
    folder: Path, text: str, name: str = "edges.tsv", options: EdgeFileOptions | None = None
) -> tuple[EdgeFile, list[str]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    content = read_edge_file(path, problems, options)
    return content, [str(problem).removeprefix(f"{folder}/") for problem in problems]


@pytest.mark.parametrize(
    "text",
    [
        "source\ttarget\nNO\tON\n1E5\tnull\n",
        "source,target\nNO,ON\n1E5,null\n",
        "Source;Target\r\nNO;ON\r\n1E5;null\r\n",
        "# a comment, with a comma\n\nfrom\tto\nNO\tON\n\n1E5\tnull\n",
        "TF\tgene\n NO \tON\n1E5\tnull",
        '"tf","gene","note"\n"NO","ON","a, b"\n"1E5","null",""\n',
        "source\ttarget\rNO\tON\r1E5\tnull\r",
    ],
)
def test_delimiter_and_columns_are_found(tmp_path: Path, text: str) -> None:
    content, problems = read(tmp_path, text)
    assert problems == []
    assert content.edges == (Edge("NO", "ON"), Edge("1E5", "null"))


def test_every_role_is_read(tmp_path: Path) -> None:
    text = (
        "source\ttarget\tinteraction\teffect\tconfidence\tpmid\tdirected\n"
        "A\tB\tphosphorylates\tactivation\t0.5\t123\ttrue\n"
        "B\tC\t-|\t\t1\t\t\n"
        "C\tD\tbinds\t\t1\t\t\n"
        "D\tE\tbinds\t0\t1\t\ttrue\n"
        "E\tF\t\t-1\t1e-3\t\tfalse\n"
    )
    content, problems = read(tmp_path, text)
    assert problems == []
    assert content.lines == (2, 3, 4, 5, 6)
    assert content.edges == (
        Edge("A", "B", "phosphorylates", sign=1, weight=0.5, evidence="123"),
        Edge("B", "C", "inhibits", sign=-1),
        Edge("C", "D", "binds", directed=False),
        Edge("D", "E", "binds"),
        Edge("E", "F", "inhibits", directed=False, sign=-1, weight=0.001),
    )


@pytest.mark.parametrize("column", ["weight", "mor"])
def test_a_weight_column_with_negative_values_is_signed(tmp_path: Path, column: str) -> None:
    content, problems = read(tmp_path, f"source,target,{column}\nA,B,1\nB,C,-0.5\n")
    assert problems == []
    assert content.edges == (Edge("A", "B", "activates", sign=1), Edge("B", "C", "inhibits", sign=-1, weight=0.5))


def test_a_weight_column_without_negative_values_is_not_signed(tmp_path: Path) -> None:
    content, _ = read(tmp_path, "source,target,weight\nA,B,1\n")
    assert content.edges == (Edge("A", "B"),)


def test_arrows_may_stand_in_the_relation_column(tmp_path: Path) -> None:
    content, problems = read(tmp_path, "source\trelation\ttarget\tmor\nA\t->\tB\t-1\nB\t--\tC\t1\nC\t-|\tD\t1\n")
    assert problems == []
    assert content.edges == (
        Edge("A", "B", "inhibits", sign=-1),
        Edge("B", "C", "activates", directed=False, sign=1),
        Edge("C", "D", "inhibits", sign=-1),
    )


def test_options_say_what_the_header_does_not(tmp_path: Path) -> None:
    options = EdgeFileOptions(
        {"source": "kinase", "target": "gene"}, "phosphorylates", directed=True, delimiter="comma"
    )
    content, problems = read(tmp_path, "kinase,gene,to;from\nA,B,x\n", "edges.csv", options)
    assert problems == []
    assert content.edges == (Edge("A", "B", "phosphorylates"),)


def test_all_damaged_lines_are_named_at_once(tmp_path: Path) -> None:
    text = (
        "source\ttarget\tsign\tweight\n"
        "A\tB\t1\t1\n"
        "A\t\t1\t1\n"
        "A\tB\n"
        "1-Mar\tB\t1\t1\n"
        "A\tB\tup and down\t1\n"
        "A\tB\t1\tnan\n"
        "A\tB\t1\t0\n"
        "A\tB\t1\t950\n"
    )
    content, problems = read(tmp_path, text)
    assert content.edges == (Edge("A", "B", "activates", sign=1),)
    assert [problem.split(": ", 1)[0] for problem in problems] == [f"edges.tsv:{line}" for line in range(3, 10)]
    assert "target: a name is empty" in problems[0]
    assert "has 2 columns; the header has 4" in problems[1]
    assert "MARCHF" in problems[2]
    assert "expected +1, -1 or 0" in problems[3]
    assert "above 0 and at most 1, got 'nan'" in problems[4]
    assert "divide by 1000?" in problems[6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source target\nA B\n", "expected a header with at least two columns"),
        ("source\ttarget,x\nA\tB\n", "the header contains tab and comma"),
        ("A\tB\nC\tD\n", "no column is the source; columns: A, B"),
        ("source\ttf\ttarget\nA\tB\tC\n", "several columns could be the source: 'source', 'tf'"),
        ("source\tscore\nA\tB\n", "no column is the target"),
        ('source\ttarget\n"A\tB\nC\tD\n', "is not a readable table"),
        ("source\ttarget\n" + "x" * 200_000 + "\tB\n", "is not a readable table"),
        ("source\ttarget\n", "holds no edges"),
        ("# only\n# comments\n", "expected a header with at least two columns"),
    ],
)
def test_an_unreadable_table_is_refused_with_a_way_out(tmp_path: Path, text: str, message: str) -> None:
    content, problems = read(tmp_path, text)
    assert content.edges == ()
    assert message in problems[0]


def test_a_wrong_column_name_gets_a_suggestion(tmp_path: Path) -> None:
    options = EdgeFileOptions({"source": "regulater"})
    _, problems = read(tmp_path, "regulator\ttarget\nA\tB\n", options=options)
    assert "edges.tsv:1: has no column 'regulater'. Did you mean 'regulator'?" in problems[0]


def test_sif_lines_have_one_or_more_targets(tmp_path: Path) -> None:
    text = "A pp B C\nD\tinhibits\tE 1\n\nLONE\nB activates D\n"
    content, problems = read(tmp_path, text, "net.sif")
    assert problems == []
    assert content.edges == (
        Edge("A", "B", "pp", directed=False),
        Edge("A", "C", "pp", directed=False),
        Edge("D", "E 1", "inhibits", sign=-1),
        Edge("B", "D", "activates", sign=1),
    )
    assert content.lines == (1, 1, 2, 5)
    assert content.lone_genes == ("LONE",)


def test_a_sif_line_of_two_words_is_named(tmp_path: Path) -> None:
    _, problems = read(tmp_path, "A activates B\nA B\n", "net.sif")
    assert problems == ["net.sif:2: has two words; a SIF line is a gene, a relation and one or more genes"]


def test_gzipped_tables_read_whatever_their_name(tmp_path: Path) -> None:
    path = tmp_path / "edges.tsv"
    path.write_bytes(gzip.compress(b"source\ttarget\nA\tB\n"))
    assert read_edge_file(path, []).edges == (Edge("A", "B"),)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HypothesisError, match="no such file"):
        read_edge_file(tmp_path / "none.tsv", [])


def test_signs_are_read_from_words_and_numbers() -> None:
    assert [parse_sign(text) for text in ("+", "1.0", "Activation", "-1", "inhibition", "", "0.0", "?")] == [
        1, 1, 1, -1, -1, 0, 0, 0,
    ]  # fmt: skip
    assert parse_sign("0.5") is None
    assert parse_sign("both") is None
