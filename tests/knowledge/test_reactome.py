from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest

from hypomask.errors import KnowledgeError
from hypomask.knowledge.reactome import read_reactome, species_code

GMT = "Repair of breaks\tR-HSA-1\tBRCA1\tTP53BP1\nEnd joining (NHEJ)\tR-HSA-2\tXRCC4\nSplicing\tR-MMU-3\tSf3b1\n"
RELATIONS = "R-HSA-1\tR-HSA-2\nR-HSA-9\tR-HSA-1\nR-MMU-3\tR-MMU-4\n"
MAPPING = (
    "P38398\tR-HSA-1\thttps://reactome.org/1\tRepair of breaks\tTAS\tHomo sapiens\n"
    "Q13426\tR-HSA-2\thttps://reactome.org/2\tEnd joining (NHEJ)\tIEA\tHomo sapiens\n"
    "P48754\tR-MMU-1\thttps://reactome.org/1\tRepair of breaks\tIEA\tMus musculus\n"
)
NAMES = "R-HSA-9\tDNA repair\tHomo sapiens\nR-MMU-9\tDNA repair\tMus musculus\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {"pathways.gmt": GMT, "relations.txt": RELATIONS, "mapping.txt": MAPPING, "names.txt": NAMES}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return {name.partition(".")[0]: tmp_path / name for name in texts}


def test_pathways_of_one_species_are_linked_and_named(files: dict[str, Path]) -> None:
    terms = read_reactome(gene_sets=files["pathways"], relations=files["relations"], names=files["names"])
    assert dict(zip(terms.ids, terms.names, strict=True)) == {
        "R-HSA-1": "Repair of breaks",
        "R-HSA-2": "End joining (NHEJ)",
        "R-HSA-9": "DNA repair",
    }
    assert terms.genes_of("dna repair") == ("BRCA1", "TP53BP1", "XRCC4")
    assert terms.parents("R-HSA-2") == ("R-HSA-1",)
    assert terms.notes == (
        "1 rows of pathways.gmt left out: another species",
        "1 rows of relations.txt left out: another species",
        "1 pathways are in relations.txt alone and have no genes of their own",
    )


def test_a_mapping_table_gives_its_own_kind_of_gene(files: dict[str, Path]) -> None:
    terms = read_reactome(mapping=files["mapping"], relations=files["relations"])
    assert terms.genes_of("R-HSA-1") == ("P38398", "Q13426")
    assert terms.name_of("R-HSA-1") == "Repair of breaks"
    assert read_reactome(mapping=files["mapping"], evidence=("TAS",)).genes == ("P38398",)
    assert read_reactome(mapping=files["mapping"], species="mus musculus").genes == ("P48754",)


@pytest.mark.parametrize(("species", "code"), [("Homo sapiens", "HSA"), ("hsa", "HSA"), ("mus musculus", "MMU")])
def test_a_species_is_known_by_code_and_name(species: str, code: str) -> None:
    assert species_code(species) == code


def test_a_species_that_reactome_has_not_is_refused() -> None:
    with pytest.raises(
        KnowledgeError, match=r"species 'Homo sapien' is none of Reactome's.* Did you mean 'Homo sapiens'"
    ):
        species_code("Homo sapien")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("relations", "R-HSA-1 R-HSA-2\n", "1: has 1 columns, expected 2: parent pathway, child pathway"),
        ("relations", "R-HSA-1\tR-HSA-2\tpart\n", "1: has 3 columns, expected 2"),
        ("relations", "R-HSA-1\t\n", "1: has an empty cell, expected 2"),
        ("relations", RELATIONS + "parent\tchild\n", "4: 'parent' is no pathway id of Reactome"),
        ("relations", RELATIONS + "R-HSA-2\tR-HSA-9\n", "terms contain each other in a circle"),
        ("relations", "R-HSA-1\tR-HSA-1\n", "1: term 'R-HSA-1' is its own parent"),
        ("relations", "<html>", "is an HTML page"),
        (
            "pathways",
            GMT + "Hallmark\thttp://gsea\tTP53\n",
            "4: the second column is 'http://gsea', expected a pathway",
        ),
        ("pathways", GMT.replace("R-HSA-2", "R-HSA-1"), "2: term 'R-HSA-1' is on line 1 already"),
        ("pathways", "Repair R-HSA-1 BRCA1\n", "1: has no tab"),
        ("mapping", MAPPING + "P1\tR-HSA-1\n", "4: has 2 columns, expected 6: gene, pathway, address, name"),
        ("mapping", MAPPING.replace("R-HSA-2", "hsa00010"), "2: 'hsa00010' is no pathway id of Reactome"),
        ("names", "R-HSA-9\tDNA repair\n", "1: has 2 columns, expected 3: pathway, name, species"),
    ],
)
def test_damaged_files_are_refused_by_line(files: dict[str, Path], name: str, text: str, found: str) -> None:
    files[name].write_text(text)
    with pytest.raises(KnowledgeError) as caught:
        read_reactome(
            gene_sets=files["pathways"],
            mapping=files["mapping"],
            relations=files["relations"],
            names=files["names"],
        )
    assert found in str(caught.value)
    assert str(files[name]) in str(caught.value)


def test_a_file_without_the_species_and_a_call_without_files_are_refused(files: dict[str, Path]) -> None:
    with pytest.raises(KnowledgeError, match="holds no pathway of Sus scrofa"):
        read_reactome(gene_sets=files["pathways"], species="SSC")
    with pytest.raises(KnowledgeError, match="needs at least one of"):
        read_reactome(names=files["names"])


def test_human_pathways_are_those_of_an_independent_count(shared_data: Path) -> None:
    folder = shared_data / "knowledge"
    gmt, relation = folder / "ReactomePathways.gmt", folder / "ReactomePathwaysRelation.txt"
    terms = read_reactome(gene_sets=gmt, relations=relation)
    sets = {line.split("\t")[1]: set(line.split("\t")[2:]) for line in gmt.read_text().splitlines()}
    links = [line.split("\t") for line in relation.read_text().splitlines() if line.startswith("R-HSA-")]
    assert len(sets) == 2_484
    assert set(terms.ids) == set(sets) | {pathway for link in links for pathway in link}
    assert len(terms.links) == len(links) == 2_535
    assert all(set(terms.genes_of(term, descendants=False)) == genes for term, genes in sets.items())

    graph: nx.DiGraph[str] = nx.DiGraph(links)  # parent -> child
    for term in terms.ids:
        above = nx.ancestors(graph, term) if term in graph else set()
        below = nx.descendants(graph, term) if term in graph else set()
        assert set(terms.ancestors(term)) == above
        assert set(terms.descendants(term)) == below
        everyone = set(sets.get(term, ())).union(*(sets.get(other, set()) for other in below))
        assert set(terms.genes_of(term)) == everyone


def test_every_species_of_the_relation_file_reads(shared_data: Path) -> None:
    relation = shared_data / "knowledge" / "ReactomePathwaysRelation.txt"
    codes = {line.split("-")[1] for line in relation.read_text().splitlines()}
    assert len(codes) == 16
    counts = [len(read_reactome(relations=relation, species=code).links) for code in sorted(codes)]
    assert sum(counts) == len(set(relation.read_text().splitlines()))
