from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hypomask.errors import KnowledgeError
from hypomask.hypothesis.graph import GeneGroup
from hypomask.knowledge.gene_sets import MAX_CLIQUE_MEMBERS, gene_set_hypotheses, read_gene_sets, read_gmt


def written(folder: Path, data: str | bytes, name: str = "sets.gmt") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_only_tabs_separate(tmp_path: Path) -> None:
    path = written(tmp_path, "Cell cycle, mitotic\tR-1 x\tRB1\t7SL RNA (ENSG1)\tA, B\n")
    assert read_gmt(path) == (GeneGroup("Cell cycle, mitotic", ("RB1", "7SL RNA (ENSG1)", "A, B")),)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_line_ends_and_padding_do_not_matter(tmp_path: Path, end: str) -> None:
    path = written(tmp_path, f"\ufeffS\t\tNO \t 1E5\tNO\t\t\t{end}")
    assert read_gmt(path) == (GeneGroup("S", ("NO", "1E5")),)


def test_gzipped_sets_read(tmp_path: Path) -> None:
    assert len(read_gmt(written(tmp_path, gzip.compress(b"S\tx\tA\n"), "sets.gmt.gz"))) == 1


def test_large_sets_become_stars_unless_stated(tmp_path: Path) -> None:
    genes = [f"G{i}" for i in range(MAX_CLIQUE_MEMBERS + 1)]
    path = written(tmp_path, f"small\tx\t{'	'.join(genes[:-1])}\nlarge\tx\t{'	'.join(genes)}\n")
    assert [group.expansion for group in read_gmt(path)] == ["clique", "star"]
    assert [group.expansion for group in read_gmt(path, expansion="clique")] == ["clique", "clique"]


def test_damaged_lines_are_named_by_number_and_together(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "fine\tx\tA\nno tabs, just A B\n\nname only\tx\n\tx\tA\n"
        "hole\tx\tA\t\tB\nfine\tx\tC\nbad\tx\tTP\u200b53\nname\t\n",
    )
    with pytest.raises(KnowledgeError) as caught:
        read_gmt(path)
    found = [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]
    assert found == [
        "2: has no tab; a GMT line is a name, a description and genes, separated by tabs (not commas or spaces)",
        "4: gene set 'name only' has no genes; the first two columns are the name and a description",
        "5: the gene set's name: a name is empty",
        "6: gene set 'hole' has an empty cell before gene 'B'; delete it",
        "7: gene set 'fine' is on line 1 already; names are unique",
        "8: 'TP\\u200b53' contains the invisible character U+200B; delete it",
        "9: has no tab; a GMT line is a name, a description and genes, separated by tabs (not commas or spaces)",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<!doctype html>", "is an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b"", "is empty"),
        (b"S\tx\t\xff\n", "byte 4 is 0xFF"),
        (b"S\tx\tA\0\n", "NUL"),
    ],
)
def test_files_that_are_no_gene_sets_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(KnowledgeError, match=message):
        read_gmt(written(tmp_path, data))


def test_a_missing_file_is_a_missing_resource(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="no such file"):
        read_gmt(tmp_path / "none.gmt")
    assert KnowledgeError.exit_code == 5


def test_a_gene_set_is_a_hypothesis_of_its_members(tmp_path: Path) -> None:
    (hypothesis,) = gene_set_hypotheses(written(tmp_path, "S\tabout it\tA\t1-Mar\n"))
    assert (hypothesis.name, hypothesis.genes, hypothesis.scope) == ("S", ("A", "1-Mar"), "members")
    assert hypothesis.groups == (GeneGroup("S", ("A", "1-Mar")),)
    assert hypothesis.description == "about it"
    assert hypothesis.provenance[0].startswith("gene set of sets.gmt line 1, sha256 ")
    assert hypothesis.provenance[1].startswith("note: '1-Mar' is a date that a spreadsheet made of a MARCHF")


def test_hallmark_sets_read(shared_data: Path) -> None:
    groups = read_gmt(shared_data / "knowledge" / "h.all.v2022.1.Hs.symbols.gmt")
    assert len(groups) == 50
    assert groups[0].name == "HALLMARK_TNFA_SIGNALING_VIA_NFKB"
    assert len(groups[0].members) == 200
    assert all(len(set(group.members)) == len(group.members) for group in groups)


def test_reactome_pathways_read(shared_data: Path) -> None:
    gene_sets, sha256 = read_gene_sets(shared_data / "knowledge" / "ReactomePathways.gmt")
    assert len(gene_sets) == 2_484
    assert len(sha256) == 64
    by_name = {gene_set.group.name: gene_set for gene_set in gene_sets}
    assert by_name["2-LTR circle formation"].description == "R-HSA-164843"
    assert max(len(gene_set.group.members) for gene_set in gene_sets) == 2_542
