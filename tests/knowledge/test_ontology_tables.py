from __future__ import annotations

import gzip
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from hypomask.errors import KnowledgeError
from hypomask.knowledge.ontology_tables import is_ontology_table, read_ontology_table
from hypomask.knowledge.registry import read_hypotheses

TABLE = "parent\tchild\ttype\nROOT\tA\tdefault\nROOT\tB\tdefault\nA\tTP53\tgene\nB\tTP53\tgene\nB\tATM\tgene\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "table.tsv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", [TABLE, TABLE.partition("\n")[2], TABLE.replace("\t", ","), TABLE + "\n\n"])
def test_a_table_reads_with_and_without_its_header(tmp_path: Path, text: str) -> None:
    terms = read_ontology_table(written(tmp_path, text))
    assert set(terms.ids) == {"ROOT", "A", "B"}
    assert terms.children("ROOT") == ("A", "B")
    assert terms.genes_of("ROOT") == ("ATM", "TP53")
    assert terms.genes_of("ROOT", descendants=False) == ()


def test_repeated_rows_are_merged_and_counted(tmp_path: Path) -> None:
    terms = read_ontology_table(written(tmp_path, TABLE + "B\tATM\tgene\nROOT\tA\tdefault\n"))
    assert (len(terms.links), terms.n_annotations) == (2, 3)
    assert terms.notes == ("2 repeated rows merged",)


def test_a_term_inside_a_term_is_called_default_or_term(tmp_path: Path) -> None:
    terms = read_ontology_table(written(tmp_path, TABLE.replace("default", "term")))
    assert terms.children("ROOT") == ("A", "B")
    assert terms.genes_of("ROOT") == ("ATM", "TP53")


def test_dcells_own_file_is_a_hypothesis(shared_data: Path) -> None:
    (hierarchy,) = read_hypotheses(shared_data / "yeast_dna_repair" / "go_topology.tsv")
    rows = pd.read_csv(shared_data / "yeast_dna_repair" / "go_topology.tsv", sep="\t")
    assert set(hierarchy.genes) == set(rows.loc[rows["type"] == "gene", "child"])
    inside = rows[rows["type"] == "term"]
    assert len(inside) == 25
    children = {group.name: set(group.children) for group in hierarchy.groups}
    assert all(child in children[parent] for parent, child in zip(inside["parent"], inside["child"], strict=True))


@pytest.mark.parametrize("name", ["drugcell_ont.txt", "nest.tsv", "nest.csv"])
def test_a_table_without_a_header_is_a_hypothesis_under_any_ending(tmp_path: Path, name: str) -> None:
    with_header = read_hypotheses(written(tmp_path, TABLE))[0]
    path = tmp_path / name
    path.write_text(TABLE.partition("\n")[2].replace("\t", "," if name.endswith("csv") else "\t"))
    (hierarchy,) = read_hypotheses(path)
    assert hierarchy.genes == with_header.genes
    assert hierarchy.groups == with_header.groups


def test_the_header_tells_such_a_table_from_one_of_edges(tmp_path: Path) -> None:
    assert is_ontology_table(written(tmp_path, TABLE))
    assert not is_ontology_table(written(tmp_path, "source\ttarget\tgene\nA\tB\tC\n"))
    assert not is_ontology_table(written(tmp_path, "source\ttarget\nA\tB\n"))
    assert not is_ontology_table(tmp_path / "none.tsv")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TABLE + "A\tB\n", "7: has 2 columns, expected 3: parent, child, type, separated by tabs"),
        (TABLE + "A B gene\n", "7: has 1 columns, expected 3: parent, child, type, separated by tabs (got 'A B gene')"),
        (TABLE + "A\tCHEK2\tgenes\n", "7: type 'genes', expected default, term or gene. Did you mean 'gene'?"),
        (TABLE + "A\t\tgene\n", "7: the child is empty"),
        (TABLE + "\tCHEK2\tgene\n", "7: the parent is empty"),
        (TABLE + "A\tTP\u200b53\tgene\n", "7: the child: 'TP\\u200b53' contains the invisible character U+200B"),
        (TABLE + "B\tA\tdefault\nA\tB\tdefault\n", "terms contain each other in a circle"),
        (TABLE + "A\tA\tdefault\n", "7: term 'A' is its own parent"),
        ("parent\tchild\ttype\n", "holds no row"),
        ("<!doctype html>", "is an HTML page"),
        ("", "is empty"),
    ],
)
def test_damaged_tables_are_refused_by_line(tmp_path: Path, text: str, found: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(KnowledgeError) as caught:
        read_ontology_table(path)
    assert found in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_table_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv.gz"
    path.write_bytes(gzip.compress(TABLE.encode())[:-12])
    with pytest.raises(KnowledgeError, match="is damaged gzip data"):
        read_ontology_table(path)


@pytest.mark.parametrize(
    ("file", "n_terms", "n_genes"),
    [("knowledge/go_bp_hierarchy_drugcell.tsv.gz", 2_086, 59_753), ("cell_lines/nest_ontology.tsv", 131, 1_366)],
)
def test_shipped_hierarchies_are_those_of_an_independent_count(
    shared_data: Path, file: str, n_terms: int, n_genes: int
) -> None:
    terms = read_ontology_table(shared_data / file)
    table = pd.read_csv(shared_data / file, sep="\t", dtype=str, keep_default_na=False)
    links, genes = table[table.type == "default"], table[table.type == "gene"]
    assert len(terms) == n_terms == len({*links.parent, *links.child, *genes.parent})
    assert terms.n_annotations == n_genes == len(genes.drop_duplicates())
    assert len(terms.links) == len(links.drop_duplicates())
    graph: nx.DiGraph[str] = nx.DiGraph(zip(links.parent, links.child, strict=True))
    own = genes.groupby("parent")["child"].agg(set).to_dict()
    counts = dict(zip(terms.ids, terms.propagated_counts().tolist(), strict=True))
    for term in terms.ids:
        below = nx.descendants(graph, term) if term in graph else set()
        assert set(terms.descendants(term)) == below
        everyone = set().union(own.get(term, set()), *(own.get(other, set()) for other in below))
        assert set(terms.genes_of(term)) == everyone
        assert counts[term] == len(everyone)
