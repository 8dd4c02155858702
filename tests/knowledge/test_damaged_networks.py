"""Damaged files of every kind of network: each a named error with its place, none an accident of a parser."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
from network_writing import as_cx2, as_graphml, as_kgml, as_sbml, as_string

from hypomask.errors import HypothesisError, KnowledgeError
from hypomask.hypothesis.graph import Edge
from hypomask.knowledge.network_files import read_network
from hypomask.knowledge.string_links import StringOptions, read_string_links

EDGES = [Edge("A", "B", "activates", sign=1), Edge("B", "C", "inhibits", sign=-1)]
GENES = ["A", "B", "C"]
GRAPHML, KGML, CX2 = as_graphml(EDGES, GENES), as_kgml(EDGES, GENES), as_cx2(EDGES, GENES)
SBML, STRING = as_sbml(EDGES, GENES), as_string(EDGES, GENES)
LAUGHS = (
    '<?xml version="1.0"?>\n<!DOCTYPE x [\n<!ENTITY a "ha">\n'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">\n' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>\n<graphml>&i;</graphml>"
)
STEALING = '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<pathway name="&a;"/>'
OMNIPATH = "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\tis_inhibition\n"

DAMAGED = [
    # every kind: what browsers and Git leave behind
    *(
        (f"net{suffix}", b"<!DOCTYPE html><html></html>", "is an HTML page")
        for suffix in (".graphml", ".kgml", ".bnet")
    ),
    *((f"net{suffix}", b"<html></html>", "is an HTML page") for suffix in (".cx2", ".sbml", ".xml", ".txt", ".csv")),
    *(
        (f"net{suffix}", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "is a Git LFS pointer")
        for suffix in (".graphml", ".cx2", ".txt", ".tsv", ".sbml")
    ),
    *(
        (f"net{suffix}.gz", gzip.compress(GRAPHML.encode() * 9)[:-40], "damaged gzip")
        for suffix in (".graphml", ".cx2")
    ),
    # XML
    ("net.graphml", LAUGHS, r"net.graphml:3: declares the entity 'a', which can fill memory"),
    ("net.kgml", STEALING, r"net.kgml:2: declares the entity 'a'"),
    ("net.sbml", LAUGHS, r"net.sbml:3: declares the entity"),
    ("net.xml", LAUGHS, r"net.xml:3: declares the entity"),
    ("net.graphml", GRAPHML[:-30], r"net.graphml:\d+: is not sound XML: .*; the file ends too early|mismatched"),
    ("net.graphml", "<a>" * 5_000, "nested more than 200 deep"),
    ("net.graphml", "<sbml/>", "its root element is <sbml>, expected <graphml>"),
    ("net.kgml", GRAPHML, "its root element is <graphml>, expected <pathway>"),
    ("net.xml", GRAPHML, r"expected <pathway> \(KEGG's KGML\) or <sbml>"),
    # GraphML
    ("net.graphml", GRAPHML.replace('target="n1"', 'target="n9"'), r"graphml:\d+: edge: its target 'n9' is no node"),
    ("net.graphml", GRAPHML.replace('id="n1"', 'id="n0"'), r"its id 'n0' is taken by the node on line \d+"),
    ("net.graphml", GRAPHML.replace('key="k_sign"', 'key="k_sgn"'), "no <key> of a edge declares 'k_sgn'"),
    ("net.graphml", GRAPHML.replace(">activates<", ">inhibits<", 1), "relation 'inhibits' and sign \\+1 contradict"),
    ("net.graphml", GRAPHML.replace(">1.0<", ">12<"), "weight: expected a number above 0 and at most 1, got '12'"),
    ("net.graphml", GRAPHML.replace(">-1<", ">perhaps<"), "sign: expected \\+1, -1 or 0"),
    ("net.graphml", GRAPHML.replace(">A<", ">1-Mar<"), "'1-Mar' is a date that a spreadsheet made"),
    (
        "net.graphml",
        GRAPHML.replace("</graph>", '<hyperedge/></graph><graph edgedefault="directed"/>'),
        "holds 2 graphs",
    ),
    ("net.graphml", GRAPHML.replace("</graph>", "<hyperedge/></graph>"), "hyperedges are not read"),
    # KGML
    ("net.kgml", KGML.replace('entry2="2"', 'entry2="77"'), r"kgml:\d+: relation: '77' is not an entry"),
    ("net.kgml", KGML.replace('id="2"', 'id="1"'), r"entry: id '1' is taken by another entry"),
    ("net.kgml", as_kgml([], GENES), "holds no relation between genes"),
    (
        "net.kgml",
        KGML.replace("</pathway>", '<entry id="9" name="x" type="group"><component id="8"/></entry></pathway>'),
        "component '8' of entry '9' is not an entry",
    ),
    # CX2
    ("net.cx2", CX2[:-20], r"net.cx2:1: is not sound JSON"),
    ("net.cx2", CX2.replace('[{"success": true}]', "[]"), "ends without 'status: success'"),
    ("net.cx2", CX2.replace('"success": true', '"success": false, "error": "no space"'), "was cut off. no space"),
    ("net.cx2", CX2.replace('"2.0"', '"1.0"'), "is CX version 1.0; export it as CX2"),
    ("net.cx2", '{"nodes": []}', "begins with no 'CXVersion'"),
    ("net.cx2", CX2.replace('"t": 2', '"t": 44'), r"edges item 2: its target '44' is no node"),
    (
        "net.cx2",
        CX2.replace('"weight": 1.0', '"weight": 30'),
        r"edges item 1: weight: expected .* got '30'; divide by 100\?",
    ),
    ("net.cx2", CX2.replace('{"id": 1, ', "{"), "nodes item 2: id '' is missing or taken"),
    ("net.cx2", CX2.replace('{"id": 0, "v": {"n": "A"}}', "7"), "nodes item 1: expected an object, got 7"),
    ("net.cx2", "[" * 200_000, "is not a network: RecursionError"),
    ("net.cx2", '[{"CXVersion": "2.0"}, ' + "9" * 5_000 + "]", "is not a network: ValueError"),
    # Boolean networks
    ("net.bnet", "targets, factors\nA B", r"net.bnet:2: 'A B' has no comma"),
    ("net.bnet", "A, B & (C", r"net.bnet:1: rule 'B & \(C': a bracket that is not closed at character 5"),
    ("net.bnet", "A, B\n\nA, !B", r"net.bnet:3: 'A' has a rule on line 1 already"),
    ("net.bnet", "A, B && & C", "'&' where a name was expected at character 6"),
    ("net.bnet", "A, B C", "'C' where '&', '|' or the end was expected"),
    ("net.bnet", "A, " + "(" * 5_000 + "B", "more than 100 deep"),
    ("net.bnet", "targets, factors\n# nothing", "holds no rules"),
    # SBML
    (
        "net.sbml",
        SBML.replace('qualitativeSpecies="s1"', 'qualitativeSpecies="s9"'),
        r"sbml:2: transition 't0' names the unknown species 's9'",
    ),
    ("net.sbml", SBML.replace('sign="negative"', 'sign="sideways"'), "SBML: "),
    ("net.sbml", as_sbml([], GENES), "sbml:2: SBML: .*listOfTransitions cannot be empty"),
    (
        "net.sbml",
        as_sbml([], GENES).replace("<qual:listOfTransitions></qual:listOfTransitions>", ""),
        "nothing in this model acts on anything",
    ),
    # regulons and tables
    ("net.csv", "source,confidence,target,mor\nA,A,B,1\nA,X,C,1\n", "csv:3: confidence: expected a letter among A, B"),
    ("net.csv", "source,confidence,target,mor\nA,A,B,up\nA,B,C,sideways\n", "csv:3: sign: expected .* got 'sideways'"),
    ("net.csv", "source,confidence,target,mor\nA,A,B\n", "csv:2: has 3 columns; the header has 4"),
    ("net.tsv", f"{OMNIPATH}P1\tP2\tA\tB\t1\tmaybe\t0\n", "is_stimulation: expected 1, 0, True or False, got 'maybe'"),
    ("net.tsv", f"{OMNIPATH}P1\tP2\tA\t\t1\t1\t0\nP1\t\tA\t\t1\t1\t0\n", "tsv:3: target: a name is empty"),
    ("net.csv", "a,b\n1,2\n", "no column is the source"),
    # STRING
    (
        "net.txt",
        "gene1 gene2 score\n",
        r"net.txt:1: begins with 'gene1 gene2 score', expected the header 'protein1 protein2",
    ),
    (
        "net.txt",
        "R-HSA-73894\tR-HSA-73884\n",
        r"net.txt:1: begins with .* Reactome's relations go with its gene sets \(option 'hierarchy'",
    ),
    ("net.txt", f"{STRING}9606.X 9606.Y\n", r"net.txt:6: has 2 columns; the header has 3"),
    ("net.txt", f"{STRING}9606.X 9606.Y high\n", r"net.txt:6: combined_score: expected a whole number .* got 'high'"),
    ("net.txt", f"{STRING}9606.X 9606.Y 7000\n", r"net.txt:6: combined_score: .* got '7000'"),
    ("net.txt", f"{STRING}9606.X 9606.Y 999 1\n", r"net.txt:6: has 4 columns"),
    ("net.txt", STRING.replace(" 1000", " 100"), "none of 4 links scores at least 700; lower min_score"),
    ("net.txt.gz", gzip.compress(STRING.encode() * 5_000, 1)[:-60], "is damaged gzip data"),
    ("net.abc", "A B", "ending '.abc' is none of a network"),
]


@pytest.mark.parametrize(("name", "data", "message"), DAMAGED, ids=range(len(DAMAGED)))
def test_each_damage_is_named(tmp_path: Path, name: str, data: str | bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises((KnowledgeError, HypothesisError), match=message) as caught:
        read_network(path)
    assert str(path) in str(caught.value)


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "net.graphml"
    path.write_text(GRAPHML.replace('target="n1"', 'target="n9"').replace(">-1<", ">x<").replace(">A<", ">2-Sep<"))
    with pytest.raises(KnowledgeError) as caught:
        read_network(path)
    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_extra_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libsbml", None)
    path = tmp_path / "net.sbml"
    path.write_text(SBML)
    with pytest.raises(KnowledgeError, match=r"pip install 'hypomask\[sbml\]'"):
        read_network(path)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("hello\tx\n", {}, r"info.txt:1: begins with 'hello x', expected STRING's 'protein.info'"),
        ("#string_protein_id\tpreferred_name\n9606.A\n", {}, "info.txt:2: has 1 columns; the header has 2"),
        (
            "#string_protein_id\tpreferred_name\n10090.A\tTrp53\n",
            {},
            "names none of the proteins .* of the same species",
        ),
        ("#string_protein_id\talias\tsource\n9606.A\tTP53\tX\n", {}, "holds aliases of many kinds; name one"),
        (
            "#string_protein_id\talias\tsource\n9606.A\tTP53\tUniProt_GN_Name\n",
            {"alias_source": "UniProt_GN_Nam"},
            "most are of UniProt_GN_Name. Did you mean 'UniProt_GN_Name'",
        ),
    ],
)
def test_faults_of_protein_names_are_named(tmp_path: Path, table: str, options: dict[str, str], message: str) -> None:
    links, info = tmp_path / "links.txt", tmp_path / "info.txt"
    links.write_text(STRING)
    info.write_text(table)
    with pytest.raises(KnowledgeError, match=message):
        read_string_links(links, StringOptions(info=info, **options))  # type: ignore[arg-type]


def test_a_channel_that_is_not_there_is_named_with_a_way_out(tmp_path: Path) -> None:
    links = tmp_path / "links.txt"
    links.write_text(STRING)
    with pytest.raises(KnowledgeError, match=r"no channel 'experimental'; .* Channels are in 'protein.links.detailed'"):
        read_string_links(links, StringOptions(channels=("experimental",)))


def test_json_of_another_kind_is_not_taken_for_a_network(tmp_path: Path) -> None:
    path = tmp_path / "net.cx2"
    for content in ([], [1], [{"CXVersion": None}], {"a": 1}, "text", None):
        path.write_text(json.dumps(content))
        with pytest.raises(KnowledgeError, match="CXVersion"):
            read_network(path)
