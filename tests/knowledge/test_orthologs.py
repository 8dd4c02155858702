"""Hypotheses are lifted by stated rules, and every gene that is not is accounted for."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import ConfigError, KnowledgeError
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.knowledge.gene_renaming import rename_genes
from hypomask.knowledge.ortholog_tables import OrthologPair
from hypomask.knowledge.orthologs import OrthologTable, read_orthologs

HCOP_COLUMNS = [
    *("human_entrez_gene", "human_ensembl_gene", "hgnc_id", "human_name", "human_symbol", "human_chr"),
    *("human_assert_ids", "mouse_entrez_gene", "mouse_ensembl_gene", "mgi_id", "mouse_name", "mouse_symbol"),
    *("mouse_chr", "mouse_assert_ids", "support"),
]


def hcop_row(human: str, mouse: str, support: str) -> str:
    """A row of HCOP's table of human and mouse; ids are made of the symbols."""
    cells = dict.fromkeys(HCOP_COLUMNS, "-")
    cells |= {"human_symbol": human, "mouse_symbol": mouse, "support": support}
    cells |= {"human_ensembl_gene": f"ENSG_{human}", "mouse_ensembl_gene": f"ENSMUSG_{mouse}"}
    return "\t".join(cells[name] for name in HCOP_COLUMNS)


HCOP = "\n".join(
    [
        "\t".join(HCOP_COLUMNS),
        hcop_row("TP53", "Trp53", "Ensembl,HomoloGene,NCBI,OMA,OrthoDB"),
        hcop_row("TP53", "Trp63", "Treefam"),
        hcop_row("CXCL8", "-", "-"),
        hcop_row("MDM2", "Mdm2", "Ensembl,NCBI,OMA"),
        hcop_row("CYP2D6", "Cyp2d22", "Ensembl,NCBI,OMA,PhylomeDB"),
        hcop_row("CYP2D6", "Cyp2d26", "Ensembl,NCBI,OMA"),
        hcop_row("SMN1", "Smn1", "Ensembl,NCBI,OMA"),
        hcop_row("SMN2", "Smn1", "Ensembl,NCBI,OMA"),
        hcop_row("TIE", "Tie1", "Ensembl,NCBI,OMA"),
        hcop_row("TIE", "Tie2", "Ensembl,NCBI,OMA"),
        hcop_row("WEAK", "Weak", "Ensembl,NCBI"),
    ]
)


def alliance_row(first: str, first_taxon: int, second: str, second_taxon: int, n_methods: int) -> str:
    """A row of the Alliance's table."""
    genes = (("X:1", first, f"NCBITaxon:{first_taxon}", "-"), ("X:2", second, f"NCBITaxon:{second_taxon}", "-"))
    return "\t".join([*genes[0], *genes[1], "OMA", str(n_methods), "10", "Yes", "Yes"])


ALLIANCE = "\n".join(
    [
        "#########################################################################",
        "# Orthology Filter: Stringent",
        "# TaxonIDs: NCBITaxon:9606, NCBITaxon:10090, NCBITaxon:559292",
        "Gene1ID\tGene1Symbol\tGene1SpeciesTaxonID\tGene1SpeciesName\tGene2ID\tGene2Symbol\tGene2SpeciesTaxonID\t"
        "Gene2SpeciesName\tAlgorithms\tAlgorithmsMatch\tOutOfAlgorithms\tIsBestScore\tIsBestRevScore",
        alliance_row("TP53", 9606, "Trp53", 10090, 9),
        alliance_row("Trp53", 10090, "TP53", 9606, 9),
        alliance_row("RAD51", 9606, "RAD51", 559292, 8),
        alliance_row("RAD51C", 9606, "RAD57", 559292, 2),
    ]
)
BIOMART = """\
Gene stable ID,Gene name,Mouse gene stable ID,Mouse gene name,Mouse homology type,\
"Mouse orthology confidence [0 low, 1 high]"
ENSG1,TP53,ENSMUSG1,Trp53,ortholog_one2one,1
ENSG2,CXCL8,,,,
ENSG3,SMN2,ENSMUSG3,Smn1,ortholog_many2one,1
ENSG4,LOW,ENSMUSG4,Low,ortholog_one2one,0
"""
GENES = ("TP53", "MDM2", "CXCL8", "CYP2D6", "SMN1", "SMN2", "TIE", "WEAK", "NONE")
HYPOTHESIS = Hypothesis(
    "human",
    GENES,
    (
        Edge("TP53", "MDM2", relation="activates", sign=1, weight=0.7),
        Edge("MDM2", "CYP2D6"),
        Edge("SMN1", "SMN2", directed=False),
        Edge("NONE", "TP53"),
    ),
    (
        GeneGroup("g", ("TP53", "MDM2", "NONE")),
        GeneGroup("lost", ("NONE",)),
        GeneGroup("top", (), children=("g", "lost")),
    ),
    provenance=("by hand",),
)


def written(folder: Path, text: str, name: str = "table.txt") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.fixture
def hcop(tmp_path: Path) -> OrthologTable:
    """HCOP's human and mouse."""
    return read_orthologs(written(tmp_path, HCOP, "human_mouse_hcop_fifteen_column.txt.gz"), target="mouse")


def test_by_default_only_one_to_one_orthologs_are_used(hcop: OrthologTable) -> None:
    lifted, report = hcop.lift(HYPOTHESIS)
    assert lifted.genes == ("Trp53", "Mdm2")
    assert lifted.edges == (Edge("Trp53", "Mdm2", relation="activates", sign=1, weight=0.7),)
    assert report.fates == {
        "TP53": "lifted",
        "MDM2": "lifted",
        "CXCL8": "no ortholog",
        "CYP2D6": "one-to-many",
        "SMN1": "many-to-one",
        "SMN2": "many-to-one",
        "TIE": "one-to-many",
        "WEAK": "too little support",
        "NONE": "no ortholog",
    }
    assert report.coverage == pytest.approx(2 / 9)


def test_groups_are_lifted_and_those_without_members_left_out(hcop: OrthologTable) -> None:
    lifted, report = hcop.lift(HYPOTHESIS)
    assert lifted.groups == (GeneGroup("g", ("Trp53", "Mdm2")), GeneGroup("top", (), children=("g",)))
    assert report.renaming.groups_lost == ("lost",)


def test_all_orthologs_multiply_edges_and_merge_genes(hcop: OrthologTable) -> None:
    lifted, report = hcop.lift(HYPOTHESIS, "all")
    assert lifted.genes == ("Trp53", "Mdm2", "Cyp2d22", "Cyp2d26", "Smn1", "Tie1", "Tie2")
    assert {(edge.source, edge.target) for edge in lifted.edges} == {
        ("Trp53", "Mdm2"),
        ("Mdm2", "Cyp2d22"),
        ("Mdm2", "Cyp2d26"),
    }
    assert report.renaming.split["CYP2D6"] == ("Cyp2d22", "Cyp2d26")
    assert report.renaming.merged == {"Smn1": ("SMN1", "SMN2")}
    assert report.renaming.edges_within == 1


def test_the_best_supported_ortholog_is_one_or_none(hcop: OrthologTable) -> None:
    lifted, report = hcop.lift(HYPOTHESIS, "best-supported")
    assert lifted.genes == ("Trp53", "Mdm2", "Cyp2d22", "Smn1")
    assert report.fates["TIE"] == "tie"
    assert report.renaming.merged == {"Smn1": ("SMN1", "SMN2")}


def test_another_rule_is_refused(hcop: OrthologTable) -> None:
    with pytest.raises(ConfigError, match=r"expected one of drop, all, best-supported.*Did you mean 'best-supported'"):
        hcop.lift(HYPOTHESIS, "best-support")  # type: ignore[arg-type]


def test_the_account_goes_into_the_provenance_and_a_frame(hcop: OrthologTable) -> None:
    lifted, report = hcop.lift(HYPOTHESIS)
    first, origin, account, *_ = lifted.provenance
    assert first == "by hand"
    assert origin.startswith("orthologs: human_mouse_hcop_fifteen_column.txt.gz (HCOP, human and mouse, databases that")
    assert account == (
        "note: lifted from human to mouse by one-to-one orthologs only: 2 of 9 genes (22%) (2 no ortholog, "
        "2 one-to-many, 2 many-to-one, 1 too little support)"
    )
    frame = report.frame()
    assert frame["gene"].tolist() == list(GENES)
    assert frame.loc[0].tolist() == ["TP53", "lifted", "Trp53"]


def test_support_decides_what_counts_as_a_pair(tmp_path: Path) -> None:
    path = written(tmp_path, HCOP)
    assert read_orthologs(path, min_support=1).orthologs("TP53") == ((), "one-to-many")
    assert read_orthologs(path, min_support=1).orthologs("WEAK") == (("Weak",), "lifted")
    assert read_orthologs(path, min_support=4).orthologs("CYP2D6") == (("Cyp2d22",), "lifted")


def test_the_other_direction_and_other_ids(tmp_path: Path) -> None:
    path = written(tmp_path, HCOP)
    back = read_orthologs(path, source="mouse", target="human")
    assert (back.source, back.target) == ("mouse", "human")
    assert back.orthologs("Trp53") == (("TP53",), "lifted")
    assert back.orthologs("Smn1") == ((), "one-to-many")
    assert read_orthologs(path).reversed().orthologs("Trp53") == back.orthologs("Trp53")
    assert read_orthologs(path, source="Mus musculus").orthologs("Mdm2") == (("MDM2",), "lifted")
    ensembl = read_orthologs(path, ids="ensembl")
    assert ensembl.orthologs("ENSG_TP53") == (("ENSMUSG_Trp53",), "lifted")


def test_the_alliance_table_of_many_species(tmp_path: Path) -> None:
    path = written(tmp_path, ALLIANCE, "ORTHOLOGY-ALLIANCE_COMBINED.tsv.gz")
    yeast = read_orthologs(path, source="human", target="Saccharomyces cerevisiae")
    assert (yeast.source, yeast.target) == ("human", "yeast")
    assert yeast.orthologs("RAD51") == (("RAD51",), "lifted")
    assert yeast.orthologs("RAD51C") == (("RAD57",), "lifted")
    assert yeast.orthologs("TP53") == ((), "no ortholog")
    assert read_orthologs(path, source="human", target="yeast", min_support=3).orthologs("RAD51C")[0] == ()
    assert read_orthologs(path, source="10090", target="9606").orthologs("Trp53") == (("TP53",), "lifted")


def test_biomart_tables_say_themselves_what_is_one_to_one(tmp_path: Path) -> None:
    table = read_orthologs(written(tmp_path, BIOMART, "mart_export.csv"), target="mouse")
    assert table.orthologs("TP53") == (("Trp53",), "lifted")
    assert table.orthologs("SMN2") == ((), "one-to-many")  # its partner SMN1 was not exported
    assert table.orthologs("LOW") == ((), "too little support")
    without = "\n".join(line.rpartition(",")[0] for line in BIOMART.replace(' [0 low, 1 high]"', '"').splitlines())
    without = without.replace(',"Mouse orthology confidence"', "")
    assert read_orthologs(written(tmp_path, without, "b.csv")).orthologs("LOW") == (("Low",), "lifted")


def test_biomart_tables_with_technical_names(tmp_path: Path) -> None:
    names = ("associated_gene_name", "orthology_type", "orthology_confidence")
    header = "\t".join(["external_gene_name", *(f"mmusculus_homolog_{name}" for name in names)])
    text = f"{header}\nTP53\tTrp53\tortholog_one2one\t1\n"
    table = read_orthologs(written(tmp_path, text), target="mouse")
    assert (table.source, table.target) == ("human", "mouse")
    assert table.orthologs("TP53") == (("Trp53",), "lifted")
    rat = read_orthologs(written(tmp_path, text), source="rat", target="mouse")
    assert rat.source == "rat"


HCOP_HEADER = "\t".join(HCOP_COLUMNS) + "\n"
DAMAGED_TABLES = {
    "no such file": (None, {}, "no such file"),
    "empty": ("", {}, "is empty"),
    "an HTML page": ("<html>", {}, "is an HTML page"),
    "another table": ("a\tb\n1\t2\n", {}, ":1: the header is .*; expected a table of HCOP"),
    "a header alone": (HCOP_HEADER, {}, ":1: a header and no rows"),
    "a short row": (HCOP_HEADER + "1\t2\n", {}, ":2: has 2 columns, the header has 15"),
    "a date for a symbol": (HCOP_HEADER + hcop_row("1-Mar", "Marchf1", "a"), {}, ":2: '1-Mar' is a date"),
    "an invisible character": (HCOP_HEADER + hcop_row("A", "B\u200b", "a"), {}, ":2: .*invisible character"),
    "only missing partners": (HCOP_HEADER + hcop_row("A", "-", "-"), {}, "has no pair of human and mouse"),
    "another species": (HCOP, {"target": "rat"}, "has no orthologs of rat, but of human and mouse"),
    "a species that is not there": (HCOP, {"source": "axolotl"}, "has no orthologs of axolotl, but of human and mouse"),
    "one species twice": (HCOP, {"source": "human", "target": "human"}, "state which one to lift from and to"),
    "all species": (
        HCOP.replace("mouse_", "ortholog_species_"),
        {},
        "HCOP's table of all species; take the one of two",
    ),
    "the Alliance without species": (ALLIANCE, {}, "many species; state which one to lift from and to"),
    "an unknown species of the Alliance": (
        ALLIANCE,
        {"source": "human", "target": "rat"},
        "has no pair of human and rat.* It has: human, mouse, yeast",
    ),
    "Entrez ids of the Alliance": (ALLIANCE, {"source": "human", "target": "mouse", "ids": "entrez"}, "no entrez ids"),
    "a word for a number": (
        ALLIANCE.replace("\t9\t10", "\tnine\t10"),
        {"source": "human", "target": "mouse"},
        ":5: AlgorithmsMatch 'nine': expected a number",
    ),
    "Entrez ids of BioMart": (BIOMART, {"ids": "entrez"}, "no Entrez ids of the other species"),
    "a wrong homology type": (BIOMART.replace("ortholog_one2one,1", "paralog,1"), {}, ":2: homology type 'paralog'"),
    "a wrong confidence": (BIOMART.replace("one2one,1", "one2one,high"), {}, ":2: orthology confidence 'high'"),
    "a missing column": (BIOMART.replace("Mouse gene name", "Other"), {}, "has no column 'mouse_gene_name'; export it"),
    "half of a gzip": (gzip.compress(HCOP.encode())[:80], {}, "damaged gzip data"),
}


@pytest.mark.parametrize("damage", DAMAGED_TABLES)
def test_damaged_tables_are_named_by_file_and_line(tmp_path: Path, damage: str) -> None:
    content, options, message = DAMAGED_TABLES[damage]
    path = tmp_path / "table.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(KnowledgeError, match=message) as caught:
        read_orthologs(path, **options)  # type: ignore[arg-type]
    assert str(caught.value).startswith(str(path))


# laws

NAMES = st.sampled_from("ABCDEFGH")


@st.composite
def hypotheses(draw: st.DrawFn) -> Hypothesis:
    """Small hypotheses of edges and groups."""
    pairs = draw(st.lists(st.tuples(NAMES, NAMES).filter(lambda pair: pair[0] != pair[1]), max_size=12, unique=True))
    members = tuple(draw(st.lists(NAMES, max_size=4, unique=True)))
    genes = tuple(dict.fromkeys([*(gene for pair in pairs for gene in pair), *members]))
    groups = (GeneGroup("g", members),) if members else ()
    return Hypothesis("h", genes, tuple(Edge(a, b) for a, b in pairs), groups)


@given(hypotheses(), st.dictionaries(NAMES, st.lists(st.sampled_from("abcdefgh"), max_size=3).map(tuple)))
def test_renaming_keeps_exactly_the_edges_between_different_new_names(
    hypothesis: Hypothesis, names: dict[str, tuple[str, ...]]
) -> None:
    renamed, account = rename_genes(hypothesis, names)
    expected = {
        (a, b)
        for edge in hypothesis.edges
        for a in names.get(edge.source, ())
        for b in names.get(edge.target, ())
        if a != b
    }
    assert {(edge.source, edge.target) for edge in renamed.edges} == expected
    assert len(renamed.edges) == len(expected)
    assert set(renamed.genes) == {name for gene in hypothesis.genes for name in names.get(gene, ())}
    assert set(account.dropped) == {gene for gene in hypothesis.genes if not names.get(gene)}
    assert {gene for group in renamed.groups for gene in group.members} <= set(renamed.genes)


@given(hypotheses())
def test_there_and_back_by_one_to_one_orthologs_is_the_same_hypothesis(hypothesis: Hypothesis) -> None:
    pairs = [OrthologPair(gene, gene.lower(), 1) for gene in "ABCDEFGH"]
    table = OrthologTable(pairs, source="human", target="mouse")
    there, _ = table.lift(hypothesis)
    back, report = table.reversed().lift(there)
    assert (back.genes, back.edges, back.groups) == (hypothesis.genes, hypothesis.edges, hypothesis.groups)
    assert report.coverage == 1
