"""What each format says, where that needs understanding."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import HypothesisError, KnowledgeError
from hypomask.hypothesis.graph import Edge, GeneGroup
from hypomask.knowledge.boolean_rules import Rule, parse_rule, regulator_signs
from hypomask.knowledge.edge_tables import EdgeTableOptions, read_edge_table
from hypomask.knowledge.graphml import read_graphml
from hypomask.knowledge.kgml import read_kgml
from hypomask.knowledge.network import GeneNetwork
from hypomask.knowledge.network_files import NetworkOptions, read_network
from hypomask.knowledge.sbml import read_sbml
from hypomask.knowledge.string_links import StringOptions, combined_score, read_string_links


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


# --- regulons ------------------------------------------------------------------------------------------------------


def test_every_edge_of_collectri_is_read_as_an_independent_count_has_it(shared_data: Path) -> None:
    path = shared_data / "knowledge" / "collectri.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 43_178
    network = read_edge_table(path)
    edges = network.edge_list()
    assert [(e.source, e.target, e.sign) for e in edges] == [
        (row["source"], row["target"], int(row["weight"])) for row in rows
    ]
    assert set(network.genes) == {row[end] for row in rows for end in ("source", "target")}
    different = {(row["source"], row["target"], row["weight"]) for row in rows if row["source"] != row["target"]}
    assert len(network.hypothesis().edges) == len(different) == 42_716
    assert {e.target for e in network.regulon("TP53").edge_list()} == {
        row["target"] for row in rows if row["source"] == "TP53"
    }


DOROTHEA = "source,confidence,target,weight\nMYC,A,TERT,1.0\nMYC,B,CDKN1A,-0.5\nMYC,D,X,0.25\nMYC,A,Y,\n"


def test_confidence_letters_weigh_and_choose(tmp_path: Path) -> None:
    path = written(tmp_path, "dorothea.csv", DOROTHEA)
    network = read_edge_table(path)
    assert [(e.target, e.sign, e.weight, e.evidence) for e in network.edge_list()] == [
        ("TERT", 1, 1.0, "DoRothEA A"),
        ("CDKN1A", -1, 0.5, "DoRothEA B"),
        ("X", 1, 0.25, "DoRothEA D"),
        ("Y", 0, 1.0, "DoRothEA A"),
    ]
    chosen = read_edge_table(path, EdgeTableOptions(levels=("A",), signed=True))
    assert [e.target for e in chosen.edge_list()] == ["TERT"]
    assert chosen.notes[1:] == (
        "1 edges of confidence B left out",
        "1 edges of confidence D left out",
        "1 edges without a sign left out",
    )


def test_letters_that_do_not_exist_or_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HypothesisError, match="no confidence level 'F'; expected letters among A, B, C, D, E"):
        EdgeTableOptions(levels=("F",))
    plain = written(tmp_path, "plain.csv", "source,target,confidence\nA,B,0.5\n")
    assert read_edge_table(plain).edge_list()[0].weight == 0.5
    with pytest.raises(HypothesisError, match="this table has no column 'confidence' that holds them"):
        read_edge_table(plain, EdgeTableOptions(levels=("A",)))


OMNIPATH = (
    "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\tis_inhibition\t"
    "consensus_direction\tconsensus_stimulation\tconsensus_inhibition\tsources\treferences\n"
    "P0DP23\tP48995\tCALM1\tTRPC1\t1\t0\t1\t1\t0\t1\tTRIP\tTRIP:11290752\n"
    "P12931\tQ15303\tSRC\tERBB4\t1\t1\t1\t1\t1\t0\tSIGNOR\t\n"
    "P1\tP2\tA\tB\t1\t1\t1\t1\t1\t1\tx\ty\n"
    "P1\tP3\tA\tC\t0\t0\t0\t0\t0\t0\tx\ty\n"
    "COMPLEX:P01100_P05412\tP4\tFOS_JUN\tD\tTrue\tTrue\tFalse\tTrue\tTrue\tFalse\tx\ty\n"
)


def test_omnipath_exports_are_understood(tmp_path: Path) -> None:
    network = read_edge_table(written(tmp_path, "omnipath.tsv", OMNIPATH))
    assert network.edge_list() == (
        Edge("CALM1", "TRPC1", "inhibits", sign=-1, evidence="TRIP:11290752"),
        Edge("SRC", "ERBB4", "activates", sign=1, evidence="SIGNOR"),
        Edge("A", "B", "acts_on", evidence="y"),
        Edge("A", "C", "interacts_with", directed=False, evidence="y"),
        Edge("FOS", "D", "activates", sign=1, evidence="y"),
        Edge("JUN", "D", "activates", sign=1, evidence="y"),
    )
    assert network.notes == (
        "genes are gene symbols",
        "signs are those of the consensus_stimulation and consensus_inhibition columns",
        "1 edges both stimulate and inhibit; their sign is left open",
        "edges of 1 complexes were given to each of their members",
    )


def test_omnipath_without_symbols_and_with_dorothea_levels(tmp_path: Path) -> None:
    text = (
        "source\ttarget\tis_directed\tis_stimulation\tis_inhibition\tdorothea_level\n"
        "P1\tP2\t1\t1\t0\tB;A\nP1\tP3\t1\t1\t0\tC\nP1\tP4\t1\t1\t0\tD\n"
    )
    path = written(tmp_path, "dorothea.tsv", text)
    network = read_edge_table(path, EdgeTableOptions(levels=("A", "C")))
    assert [(e.target, e.weight) for e in network.edge_list()] == [("P2", 1.0), ("P3", 1 / 3)]
    assert network.notes[0].startswith("genes are UniProt accessions")


# --- STRING --------------------------------------------------------------------------------------------------------

DETAILED = (
    "protein1 protein2 neighborhood experimental database combined_score\n"
    "9606.P1 9606.P2 0 500 400 720\n9606.P2 9606.P1 0 500 400 720\n"
    "9606.P1 9606.P3 900 0 0 900\n9606.P3 9606.P4 0 999 0 999\n9606.P5 9606.P1 0 800 0 800\n"
)
INFO = "#string_protein_id\tpreferred_name\n9606.P1\tTP53\n9606.P2\tMDM2\n9606.P3\tATM\n9606.P4\tCHEK2\n"


def test_string_links_are_undirected_named_and_above_the_score(tmp_path: Path) -> None:
    links = written(tmp_path, "9606.protein.links.detailed.v12.0.txt", DETAILED)
    written(tmp_path, "9606.protein.info.v12.0.txt", INFO)
    network = read_string_links(links, StringOptions(min_score=720))
    assert {(frozenset([e.source, e.target]), e.weight, e.directed) for e in network.edge_list()} == {
        (frozenset(["TP53", "MDM2"]), 0.72, False),
        (frozenset(["TP53", "ATM"]), 0.9, False),
        (frozenset(["ATM", "CHEK2"]), 0.999, False),
    }
    assert network.notes == (
        "5 of 5 rows score at least 720 in combined_score",
        "1 of 5 proteins have no name in 9606.protein.info.v12.0.txt; their links are left out",
    )
    assert len(network.provenance) == 2


def test_channels_combine_as_string_does(tmp_path: Path) -> None:
    # 1 - (1 - .041) (1 - (.5 - .041)/(1 - .041)) (1 - (.4 - .041)/(1 - .041)), prior put back once
    by_hand = 1 - (1 - 0.041) * (1 - (0.5 - 0.041) / 0.959) * (1 - (0.4 - 0.041) / 0.959)
    assert combined_score(np.array([[500.0, 400.0], [0.0, 0.0], [41.0, 0.0]])) == pytest.approx(
        [1000 * by_hand, 0.0, 0.0]
    )
    assert combined_score(np.array([[700.0]])) == pytest.approx([700.0])
    links = written(tmp_path, "links.txt", DETAILED)
    network = read_string_links(links, StringOptions(min_score=680, channels=("experimental", "database")))
    weights = {frozenset([e.source, e.target]): e.weight for e in network.edge_list()}
    assert weights[frozenset(["P1", "P2"])] == pytest.approx(by_hand)
    assert frozenset(["P1", "P3"]) not in weights
    assert "genes are STRING's protein ids" in network.notes[1]


def test_pieces_of_a_large_file_make_one_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links = written(tmp_path, "links.txt", DETAILED)
    whole = read_string_links(links, StringOptions(min_score=400))
    monkeypatch.setattr("hypomask.knowledge.string_links.CHUNK_ROWS", 2)
    assert read_string_links(links, StringOptions(min_score=400)).edge_list() == whole.edge_list()


def test_aliases_of_one_source_name_proteins(tmp_path: Path) -> None:
    links = written(tmp_path, "links.txt", DETAILED)
    rows = "".join(f"9606.P{i}\tname{i}\tEnsembl UniProt_GN_Name\n9606.P{i}\tx{i}\tother\n" for i in range(1, 6))
    aliases = written(tmp_path, "aliases.txt", f"#string_protein_id\talias\tsource\n{rows}")
    network = read_string_links(links, StringOptions(info=aliases, alias_source="UniProt_GN_Name"))
    assert set(network.genes) == {f"name{i}" for i in range(1, 6)}


# --- KEGG ----------------------------------------------------------------------------------------------------------

KGML = """<?xml version="1.0"?>
<!DOCTYPE pathway SYSTEM "https://www.kegg.jp/kegg/xml/KGML_v0.7.2_.dtd">
<pathway name="path:hsa04115" org="hsa" number="04115" title="p53 signaling pathway">
  <entry id="1" name="hsa:7157" type="gene"/>
  <entry id="2" name="hsa:4193 hsa:4194" type="gene"/>
  <entry id="3" name="cpd:C00027" type="compound"/>
  <entry id="4" name="undefined" type="group"><component id="1"/><component id="2"/></entry>
  <entry id="5" name="hsa:581" type="gene"/>
  <relation entry1="2" entry2="1" type="PPrel"><subtype name="ubiquitination"/><subtype name="inhibition"/></relation>
  <relation entry1="1" entry2="5" type="GErel"><subtype name="expression"/></relation>
  <relation entry1="4" entry2="5" type="PPrel"><subtype name="binding/association"/></relation>
  <relation entry1="3" entry2="5" type="PCrel"><subtype name="activation"/></relation>
  <relation entry1="5" entry2="1" type="PPrel"><subtype name="activation"/><subtype name="inhibition"/></relation>
  <relation entry1="5" entry2="1" type="PPrel"><subtype name="missing interaction"/></relation>
  <relation entry1="1" entry2="2" type="PPrel"><subtype name="teleportation"/></relation>
</pathway>
"""


def test_a_kegg_pathway_is_its_relations_between_genes(tmp_path: Path) -> None:
    network = read_kgml(written(tmp_path, "hsa04115.kgml", KGML))
    found = [(e.source, e.target, e.relation, e.directed, e.sign) for e in network.edge_list()]
    assert found == [
        ("4193", "7157", "inhibits", True, -1),
        ("4194", "7157", "inhibits", True, -1),
        ("7157", "581", "induces", True, 1),
        ("7157", "581", "binds", False, 0),
        ("4193", "581", "binds", False, 0),
        ("4194", "581", "binds", False, 0),
        ("581", "7157", "acts_on", True, 0),
        ("7157", "4193", "acts_on", True, 0),
        ("7157", "4194", "acts_on", True, 0),
    ]
    assert network.groups == (GeneGroup("complex 4", ("7157", "4193", "4194")),)
    assert network.notes == (
        "1 relations with a compound or another map left out",
        "1 relations that both raise and lower their target; their sign is left open",
        "1 missing interactions (lost in the disease) left out",
        "1 relations of the unknown subtype 'teleportation', read as 'acts_on'",
        "2 entries stand for several genes; their relations hold for each of them",
    )
    assert network.provenance[0].startswith("KEGG pathway hsa04115 p53 signaling pathway from hsa04115.kgml: 9 edges")


def test_families_that_multiply_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypomask.knowledge.kgml.MAX_EDGES", 3)
    with pytest.raises(KnowledgeError, match=r"kgml:11: makes more than 3 edges; are these entries single genes\?"):
        read_kgml(written(tmp_path, "h.kgml", KGML))


# --- Boolean and kinetic models ------------------------------------------------------------------------------------

rules = st.recursive(
    st.sampled_from("ABCD").map(lambda name: Rule("name", name))
    | st.sampled_from("01").map(lambda c: Rule("constant", c)),
    lambda inner: st.one_of(
        inner.map(lambda part: Rule("!", parts=(part,))),
        st.tuples(st.sampled_from("&|"), st.lists(inner, min_size=2, max_size=3)).map(
            lambda drawn: Rule(drawn[0], parts=tuple(drawn[1]))
        ),
    ),
    max_leaves=8,
)


def in_words(rule: Rule) -> str:
    if rule.operator in ("name", "constant"):
        return rule.name
    if rule.operator == "!":
        return f"!({in_words(rule.parts[0])})"
    return f" {rule.operator} ".join(f"({in_words(part)})" for part in rule.parts)


def outcome(rule: Rule, state: dict[str, bool]) -> bool:
    if rule.operator == "name":
        return state[rule.name]
    if rule.operator == "constant":
        return rule.name == "1"
    parts = [outcome(part, state) for part in rule.parts]
    return not parts[0] if rule.operator == "!" else all(parts) if rule.operator == "&" else any(parts)


@given(rules)
def test_rules_say_what_they_said_and_signs_are_what_trying_all_states_shows(rule: Rule) -> None:
    parsed = parse_rule(in_words(rule))
    states = [dict(zip("ABCD", state, strict=True)) for state in itertools.product([False, True], repeat=4)]
    assert [outcome(parsed, state) for state in states] == [outcome(rule, state) for state in states]
    for name, sign in regulator_signs(rule).items():
        effects = {outcome(rule, {**state, name: True}) - outcome(rule, {**state, name: False}) for state in states}
        assert sign == (0 if {1, -1} <= effects else 1 if 1 in effects else -1 if -1 in effects else None)


def test_long_rules_take_their_signs_from_the_negations() -> None:
    text = " & ".join(f"G{i}" for i in range(20)) + " & !H & (G0 | !G1)"
    signs = regulator_signs(parse_rule(text))
    assert (signs["G0"], signs["G1"], signs["H"]) == (1, 0, -1)


def test_operator_precedence_and_spellings() -> None:
    for text in ("A | B & !C", "A||B&&~C", " ( A ) |(B&!( C))"):
        assert regulator_signs(parse_rule(text)) == {"A": 1, "B": 1, "C": -1}


def test_a_regulator_without_effect_is_no_edge(tmp_path: Path) -> None:
    network = read_network(
        written(tmp_path, "m.bnet", "targets, factors\nA, (B & C) | (B & !C) # all the same\nB, B\n")
    )
    assert [(e.source, e.target) for e in network.edge_list()] == [("B", "A"), ("B", "B")]
    assert network.notes == ("1 regulators are mentioned but cannot change the outcome: C on A",)
    assert [(e.source, e.target) for e in network.hypothesis().edges] == [("B", "A")]


KINETIC = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m" name="p53 loop">
<listOfCompartments><compartment id="c" constant="true"/></listOfCompartments><listOfSpecies>
{species}</listOfSpecies>
<listOfRules><rateRule variable="d"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><minus/><ci>a</ci>
<ci>k</ci></apply></math></rateRule></listOfRules>
<listOfReactions>
<reaction id="make" reversible="false" fast="false">
<listOfReactants>{a}</listOfReactants><listOfProducts>{b}</listOfProducts>
<listOfModifiers><modifierSpeciesReference species="c1" sboTerm="SBO:0000013"/></listOfModifiers></reaction>
<reaction id="lose" reversible="false" fast="false"><listOfReactants>{b}</listOfReactants>
<listOfModifiers><modifierSpeciesReference species="d" sboTerm="SBO:0000013"/></listOfModifiers></reaction>
<reaction id="turn" reversible="true" fast="false">
<listOfReactants>{a}</listOfReactants><listOfProducts>{d}</listOfProducts>
<listOfModifiers><modifierSpeciesReference species="c1" sboTerm="SBO:0000020"/></listOfModifiers></reaction>
</listOfReactions></model></sbml>
"""


def kinetic() -> str:
    about = 'compartment="c" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"'
    names = {"a": ' name="TP53"', "b": ' name="MDM2"', "c1": "", "d": ""}
    species = "".join(f'<species id="{key}"{name} {about}/>' for key, name in names.items())
    ends = {key: f'<speciesReference species="{key}" constant="true"/>' for key in "abd"}
    return KINETIC.format(species=species, **ends).replace("<ci>k</ci>", "<ci>b</ci>")


def test_a_kinetic_model_is_what_acts_on_what(tmp_path: Path) -> None:
    network = read_sbml(written(tmp_path, "m.sbml", kinetic()))
    assert {(e.source, e.target, e.relation, e.directed, e.sign) for e in network.edge_list()} == {
        ("TP53", "MDM2", "becomes", True, 0),
        ("c1", "MDM2", "activates", True, 1),
        ("d", "MDM2", "inhibits", True, -1),  # it speeds up the removal
        ("TP53", "d", "becomes", False, 0),
        ("c1", "d", "inhibits", True, -1),
        ("TP53", "d", "acts_on", True, 0),
        ("MDM2", "d", "acts_on", True, 0),
    }
    assert network.provenance[0].startswith("SBML model m p53 loop from m.sbml: 7 edges")


# --- names of nodes ------------------------------------------------------------------------------------------------

NODES = """<graphml><key id="d0" for="node" attr.name="{label}"/><key id="d1" for="edge" attr.name="interaction"/>
<graph edgedefault="{default}"><node id="n0"><data key="d0">TP53</data></node>
<node id="n1"><data key="d0">{second}</data></node>
<edge source="n0" target="n1"><data key="d1">{relation}</data></edge></graph></graphml>
"""


@pytest.mark.parametrize(
    ("label", "second", "names", "n_notes"),
    [
        ("Gene Symbol", "MDM2", ("TP53", "MDM2"), 1),
        ("Label", "", ("n0", "n1"), 0),
        ("colour", "red", ("n0", "n1"), 0),
        ("name", "TP53", ("TP53",), 2),
    ],
)
def test_nodes_are_named_by_what_all_of_them_have(
    tmp_path: Path, label: str, second: str, names: tuple[str, ...], n_notes: int
) -> None:
    text = NODES.format(
        label=label.replace("Gene Symbol", "gene_symbol"), second=second, relation="x", default="directed"
    )
    network = read_graphml(written(tmp_path, "g.graphml", text))
    assert network.genes == names
    assert len(network.notes) == n_notes


def test_a_label_can_be_chosen_and_must_exist(tmp_path: Path) -> None:
    path = written(tmp_path, "g.graphml", NODES.format(label="tint", second="RB1", relation="x", default="directed"))
    assert read_network(path, NetworkOptions(label="tint", given=("label",))).genes == ("TP53", "RB1")
    with pytest.raises(
        KnowledgeError, match=r"no node has the attribute 'tnt'. Did you mean 'tint'\? Attributes: tint"
    ):
        read_graphml(path, label="tnt")


@pytest.mark.parametrize(
    ("default", "relation", "directed"),
    [
        ("directed", "x", True),
        ("directed", "pp", False),
        ("undirected", "x", False),
        ("undirected", "activates", False),
    ],
)
def test_direction_is_that_of_the_graph_or_the_relation(
    tmp_path: Path, default: str, relation: str, directed: bool
) -> None:
    text = NODES.format(label="name", second="B", relation=relation, default=default)
    assert read_graphml(written(tmp_path, "g.graphml", text)).edge_list()[0].directed is directed


# --- networks ------------------------------------------------------------------------------------------------------


def test_an_option_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "n.sif", "A x B\n")
    with pytest.raises(KnowledgeError, match=r"'min_score' is no option of this kind of file \(sif\); it knows signed"):
        read_network(path, NetworkOptions(given=("min_score",)))


def test_a_regulon_of_a_gene_that_is_not_there_has_a_hint() -> None:
    network = GeneNetwork.from_edges("net", [Edge("TP53", "MDM2")])
    with pytest.raises(KnowledgeError, match=r"net: no gene 'TP52'\. Did you mean 'TP53'\?"):
        network.regulon("TP52")


def test_groups_are_narrowed_with_the_network_and_nesting_stays() -> None:
    groups = [
        GeneGroup("in", ("A", "B"), "hierarchy"),
        GeneGroup("out", ("C",), "hierarchy", ("in",)),
        GeneGroup("x", ("C", "D")),
    ]
    network = GeneNetwork.from_edges("net", [Edge("A", "D")], groups=groups)
    small = network.among(["A", "C"])
    assert small.groups == (GeneGroup("in", ("A",), "hierarchy"), GeneGroup("out", ("C",), "hierarchy", ("in",)))
    assert small.genes == ("A", "C")
    assert repr(network) == "<GeneNetwork net: 4 genes, 1 edges, 3 groups>"
