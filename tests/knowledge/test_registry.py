from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from network_writing import WRITERS

from hypomask.errors import HypothesisError, KnowledgeError
from hypomask.hypothesis.document import dump_hypotheses, parse_hypotheses
from hypomask.hypothesis.graph import Edge
from hypomask.knowledge.edge_tables import hypothesis_name
from hypomask.knowledge.registry import READERS, read_hypotheses, reader_for

CONTENTS = {
    "document": "hypomask: 1\nname: h\nscope: members\nedges: [A -> B]\n",
    "gene-sets": "h\tx\tA\tB\n",
    "gmx": "h\nx\nA\nB\n",
    "grp": "A\nB\n",
    "msigdb-json": '{"h": {"geneSymbols": ["A", "B"]}}',
    "edge-table": "source\ttarget\nA\tB\n",
    "sif": "A activates B\n",
    **{
        kind: writer([Edge("A", "B", "activates", sign=1)], ["A", "B"])
        for kind, (_, writer) in WRITERS.items()
        if kind not in ("edge-table", "sif")
    },
}


def test_every_reader_is_tested() -> None:
    assert set(CONTENTS) == set(READERS)
    assert all(reader.kind == kind and reader.description for kind, reader in READERS.items())


def test_no_ending_belongs_to_two_readers() -> None:
    suffixes = [suffix for reader in READERS.values() for suffix in reader.suffixes]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize(
    ("kind", "suffix"), [(kind, suffix) for kind, reader in READERS.items() for suffix in reader.suffixes]
)
class TestEveryReader:
    """What each kind of file must do, whatever it holds."""

    @pytest.fixture
    def path(self, tmp_path: Path, kind: str, suffix: str) -> Path:
        path = tmp_path / f"h{suffix}"
        path.write_text(CONTENTS[kind])
        return path

    def test_reads_a_hypothesis(self, path: Path) -> None:
        (hypothesis,) = read_hypotheses(path)
        assert hypothesis.name == "h"
        assert hypothesis.genes == ("A", "B")

    @pytest.mark.parametrize("scope", ["all", "members"])
    def test_takes_the_scope_that_is_asked_for(self, path: Path, scope: str) -> None:
        assert read_hypotheses(path, scope=scope)[0].scope == scope  # type: ignore[arg-type]

    def test_reads_upper_case_endings(self, path: Path) -> None:
        renamed = path.rename(path.with_suffix(path.suffix.upper()))
        assert read_hypotheses(renamed)[0].genes == ("A", "B")

    def test_reads_gzip_or_refuses_it_by_name(self, path: Path, kind: str) -> None:
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        if READERS[kind].allow_gzip:
            assert read_hypotheses(packed)[0].name == "h"
        else:
            with pytest.raises(HypothesisError, match="not a kind of hypothesis file"):
                read_hypotheses(packed)

    @pytest.mark.parametrize("data", [b"", b"<html></html>", b"\xff\xfe\xff", b"\0", b"\x93NUMPY"])
    def test_refuses_what_is_no_such_file(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        with pytest.raises((HypothesisError, KnowledgeError), match=str(path)):
            read_hypotheses(path)

    def test_windows_line_ends_and_a_byte_order_mark_are_no_matter(self, path: Path) -> None:
        plain = read_hypotheses(path)[0]
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
        (hypothesis,) = read_hypotheses(path)
        assert (hypothesis.genes, hypothesis.edges, hypothesis.groups) == (plain.genes, plain.edges, plain.groups)

    def test_what_it_read_is_the_same_hypothesis_written_as_a_document(self, path: Path) -> None:
        hypothesis = replace(read_hypotheses(path)[0], name="h")
        assert parse_hypotheses(dump_hypotheses([hypothesis])) == (hypothesis,)

    def test_refuses_bytes_that_are_no_text_behind_a_sound_beginning(self, path: Path) -> None:
        sound = path.read_bytes()
        for tail in (b"\0", b"g\xe9ne\t\xe9\n"):
            path.write_bytes(sound + tail)
            with pytest.raises((HypothesisError, KnowledgeError), match=str(path)):
                read_hypotheses(path)

    @pytest.mark.parametrize(
        "tail",
        [
            b"\t".join([b"x"] * 100_000),
            b"\t".join(b"c%d" % i for i in range(100_000)),
            b"y" * 2_000_000,
            b'"' * 100_000,
            b"[" * 100_000,
            b"(" * 100_000,
            b"<a>" * 100_000,
            b"\n" * 500_000,
            b"1" * 5_000,
        ],
        ids=[
            "columns",
            "different columns",
            "long",
            "quotes",
            "brackets",
            "parentheses",
            "elements",
            "lines",
            "number",
        ],
    )
    def test_an_endless_last_line_is_read_or_refused_in_a_few_words(self, path: Path, tail: bytes) -> None:
        path.write_bytes(path.read_bytes() + tail)
        said = str(path)
        try:
            read_hypotheses(path)
        except (HypothesisError, KnowledgeError) as fault:
            said = str(fault)
        assert said.startswith(str(path))
        assert max(map(len, said.splitlines())) < 1_000

    def test_damaged_or_endless_gzip_data_are_refused(self, path: Path, kind: str) -> None:
        if not READERS[kind].allow_gzip:
            return
        packed = gzip.compress(path.read_bytes())
        unpacks_to_nothing = gzip.compress(path.read_bytes() + bytes(60_000_000), compresslevel=1)
        for data in (packed[:-6], packed[:-8] + bytes(8), unpacks_to_nothing):
            path.with_name(path.name + ".gz").write_bytes(data)
            with pytest.raises((HypothesisError, KnowledgeError), match=str(path)):
                read_hypotheses(path.with_name(path.name + ".gz"))

    def test_refuses_a_missing_file(self, path: Path) -> None:
        path.unlink()
        with pytest.raises((HypothesisError, KnowledgeError), match="no such file"):
            read_hypotheses(path)


def test_an_edge_table_is_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "nfkb.v2.csv"
    path.write_text("tf,gene,weight\nRELA,NFKBIA,1\nRELA,RELA,1\nRELA,PTEN,-1\n")
    (hypothesis,) = read_hypotheses(path)
    assert hypothesis.name == hypothesis_name(Path("a/nfkb.v2.csv.gz")) == "nfkb.v2"
    assert hypothesis.scope == "all"
    assert hypothesis.edges == (Edge("RELA", "NFKBIA", "activates", sign=1), Edge("RELA", "PTEN", "inhibits", sign=-1))
    assert hypothesis.provenance[0].startswith("edge file nfkb.v2.csv: 3 edges, sha256 ")
    assert "self edges left out" in hypothesis.provenance[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "h.ymal",
            r"ending '.ymal' is not a kind .* expected one of .yaml, .yml, .gmt, .*\.csv, .sif.*\. Did you mean '.yml'",
        ),
        ("h", "a file without an ending is not a kind of hypothesis file"),
        ("h.yaml.gz", r"ending '.yaml.gz' is not"),
        (".yaml", "a file without an ending"),
        ("go.obo", r"An ontology is a source: draw terms from it in a document, as in 'wiring: go.obo:DNA repair'"),
    ],
)
def test_unknown_endings_are_refused_with_the_known_ones(name: str, message: str) -> None:
    with pytest.raises(HypothesisError, match=message):
        reader_for(Path(name))


def test_collectri_reads(shared_data: Path) -> None:
    (hypothesis,) = read_hypotheses(shared_data / "knowledge" / "collectri.csv")
    assert hypothesis.name == "collectri"
    assert len(hypothesis.edges) == 42_716
    assert {edge.sign for edge in hypothesis.edges} == {1, -1}


def test_a_table_of_parent_child_and_type_is_a_hierarchy(tmp_path: Path) -> None:
    path = tmp_path / "nest.tsv"
    path.write_text("parent\tchild\ttype\nROOT\tT\tdefault\nT\tA\tgene\nT\tB\tgene\n")
    (hypothesis,) = read_hypotheses(path)
    assert (hypothesis.name, hypothesis.scope, hypothesis.genes) == ("nest", "members", ("A", "B"))
    assert [(group.name, group.expansion, group.children) for group in hypothesis.groups] == [
        ("ROOT", "hierarchy", ("T",)),
        ("T", "hierarchy", ()),
    ]
    (star,) = read_hypotheses(path, expansion="star", scope="all")
    assert (star.scope, [group.members for group in star.groups]) == ("all", [("A", "B")] * 2)


def test_sachs_consensus_network_reads(shared_data: Path) -> None:
    (hypothesis,) = read_hypotheses(shared_data / "sachs" / "consensus_network.tsv", scope="all")
    assert (len(hypothesis.genes), len(hypothesis.edges)) == (11, 20)
