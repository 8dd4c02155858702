"""From hypothesis to mask: what is kept, where it stands, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.errors import DataError, HypothesisError
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis, Prior
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import Mask

GENES = tuple("ABCDEFGH")


def hypothesis_of(*edges: Edge, groups: tuple[GeneGroup, ...] = (), **fields: object) -> Hypothesis:
    named = [gene for edge in edges for gene in (edge.source, edge.target)]
    named += [gene for group in groups for gene in group.members]
    return Hypothesis(
        name="h",
        genes=tuple(dict.fromkeys(named)),
        edges=edges,
        groups=groups,
        **fields,  # type: ignore[arg-type]
    )


def pairs(mask: Mask, layer: int = 0) -> set[tuple[str, str]]:
    """(reader, read) names of a layer."""
    tokens = mask.genes + mask.group_tokens
    table = mask.edges(layer)
    return {(tokens[row], tokens[col]) for row, col in zip(table.rows, table.cols, strict=True)}


def influences(mask: Mask, n_layers: int) -> set[str]:
    """Pairs of genes, reader first, e.g. "BA" where gene A can influence the token of gene B."""
    rows, cols = mask.reach(n_layers)[: mask.n_genes, : mask.n_genes].nonzero()
    return {mask.genes[i] + mask.genes[j] for i, j in zip(rows, cols, strict=True) if i != j}


def each_other(*groups: str) -> set[str]:
    return {a + b for group in groups for a in group for b in group if a != b}


def test_target_of_an_edge_reads_its_source() -> None:
    mask, _ = compile_mask(hypothesis_of(Edge("A", "B")), GENES, n_layers=1)
    assert pairs(mask) == {("B", "A")}


def test_undirected_edge_is_set_both_ways_with_one_weight() -> None:
    mask, coverage = compile_mask(hypothesis_of(Edge("A", "B", directed=False, weight=0.25)), GENES, n_layers=1)
    assert pairs(mask) == {("A", "B"), ("B", "A")}
    assert mask.layers[0].weight.tolist() == [0.25, 0.25]
    assert coverage.edges_kept == 1


def test_relations_are_kept_apart_with_their_weights() -> None:
    edges = (Edge("A", "B", "activates", weight=0.5), Edge("A", "B", "binds", weight=0.75), Edge("C", "B", "binds"))
    mask, _ = compile_mask(hypothesis_of(*edges, heads={"binds": 1}), GENES, n_layers=2)
    assert mask.relations == ("activates", "binds")
    assert mask.csr(relation="activates", diagonal=False).nnz == 1
    assert mask.csr(relation="binds", diagonal=False).nnz == 2
    assert sorted(mask.layers[0].weight.tolist()) == [0.5, 0.75, 1.0]
    assert mask.n_edges == 2
    assert mask.heads == {"binds": 1}


def test_repeated_edge_keeps_its_largest_weight() -> None:
    mask, coverage = compile_mask(
        hypothesis_of(Edge("A", "B", weight=0.2), Edge("A", "B", weight=0.6)), GENES, n_layers=1
    )
    assert mask.layers[0].weight.tolist() == pytest.approx([0.6])
    assert any("1 repeat merged" in step for step in coverage.steps)


def test_scope_all_has_every_gene_as_token_and_scope_members_its_own_in_cohort_order() -> None:
    edges = (Edge("F", "B"), Edge("B", "D"))
    everyone, _ = compile_mask(hypothesis_of(*edges), GENES, n_layers=1)
    members, _ = compile_mask(hypothesis_of(*edges, scope="members"), GENES, n_layers=1)
    assert everyone.genes == GENES
    assert members.genes == ("B", "D", "F")
    assert pairs(members) == {("B", "F"), ("D", "B")}


def test_prior_travels_into_the_mask() -> None:
    prior = Prior("soft", 2.0, 0.1)
    mask, _ = compile_mask(hypothesis_of(Edge("A", "B"), prior=prior), GENES, n_layers=1)
    assert mask.prior == prior


def test_clique_members_all_read_each_other() -> None:
    mask, coverage = compile_mask(hypothesis_of(groups=(GeneGroup("g", ("A", "B", "C", "X")),)), GENES, n_layers=1)
    assert pairs(mask) == {(a, b) for a in "ABC" for b in "ABC" if a != b}
    assert any("3 of 4 members in the data -> 6 entries" in step for step in coverage.steps)


def test_group_that_only_names_genes_makes_no_entry() -> None:
    mask, coverage = compile_mask(
        hypothesis_of(groups=(GeneGroup("g", ("A", "B"), "none"),), scope="members"), GENES, n_layers=1
    )
    assert mask.genes == ("A", "B")
    assert mask.n_edges == 0
    assert any("no edge is left" in warning for warning in coverage.warnings)


def test_star_gathers_in_the_first_layer_and_spreads_in_the_last() -> None:
    mask, coverage = compile_mask(hypothesis_of(groups=(GeneGroup("g", ("A", "B", "C"), "star"),)), GENES, n_layers=3)
    assert mask.group_tokens == ("g",)
    assert [pairs(mask, layer) for layer in range(3)] == [
        {("g", gene) for gene in "ABC"},
        set(),
        {(gene, "g") for gene in "ABC"},
    ]
    assert influences(mask, 3) == each_other("ABC")
    assert coverage.warnings == ()


def test_star_of_a_large_group_costs_two_entries_per_member() -> None:
    genes = tuple(f"g{i}" for i in range(20_000))
    mask, _ = compile_mask(hypothesis_of(groups=(GeneGroup("all", genes, "star"),)), genes, n_layers=2)
    assert mask.n_edges == 40_000


@pytest.mark.parametrize("expansion", ["star", "hierarchy"])
def test_one_layer_carries_nothing_over_group_tokens_and_says_so(expansion: str) -> None:
    group = GeneGroup("g", ("A", "B", "C"), expansion)  # type: ignore[arg-type]
    mask, coverage = compile_mask(hypothesis_of(groups=(group,)), GENES, n_layers=1)
    assert influences(mask, 1) == set()
    assert any("need 2 layers" in warning for warning in coverage.warnings)


def test_overlapping_stars_do_not_hand_influence_on_however_many_layers() -> None:
    groups = (
        GeneGroup("g", ("A", "B"), "star"),
        GeneGroup("k", ("B", "C"), "star"),
        GeneGroup("m", ("C", "D"), "star"),
    )
    mask, _ = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=6)
    assert influences(mask, 6) == each_other("AB", "BC", "CD")


def test_hierarchy_goes_up_group_by_group_and_back_to_the_genes() -> None:
    groups = (
        GeneGroup("root", ("E",), "hierarchy", ("left", "right")),
        GeneGroup("left", ("A", "B"), "hierarchy"),
        GeneGroup("right", ("C", "D"), "hierarchy"),
    )
    mask, coverage = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=3)
    assert pairs(mask, 0) == {("root", "E"), ("left", "A"), ("left", "B"), ("right", "C"), ("right", "D")}
    assert pairs(mask, 1) == {("root", "left"), ("root", "right")}
    assert pairs(mask, 2) == {(gene, "root") for gene in "ABCDE"} | {
        ("A", "left"),
        ("B", "left"),
        ("C", "right"),
        ("D", "right"),
    }
    assert influences(mask, 3) == each_other("ABCDE")
    assert coverage.warnings == ()


def test_too_few_layers_for_a_hierarchy_limit_what_upper_groups_hear_and_are_named() -> None:
    groups = (GeneGroup("root", ("C", "D"), "hierarchy", ("leaf",)), GeneGroup("leaf", ("A", "B"), "hierarchy"))
    mask, coverage = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=2)
    assert influences(mask, 2) == each_other("AB", "CD") | {"AC", "AD", "BC", "BD"}  # root has not heard of A and B
    assert any("takes 3 layers" in warning for warning in coverage.warnings)


def test_siblings_in_a_hierarchy_without_common_parent_do_not_meet() -> None:
    groups = (
        GeneGroup("one", (), "hierarchy", ("left",)),
        GeneGroup("left", ("A", "B"), "hierarchy"),
        GeneGroup("right", ("B", "C"), "hierarchy"),
    )
    mask, _ = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=5)
    assert influences(mask, 5) == each_other("AB", "BC")


def test_group_inside_a_hierarchy_gets_a_token_whatever_its_own_expansion() -> None:
    groups = (GeneGroup("root", (), "hierarchy", ("leaf",)), GeneGroup("leaf", ("A", "B"), "none"))
    mask, _ = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=3)
    assert mask.group_tokens == ("root", "leaf")


def test_group_with_fewer_than_two_members_in_the_data_gets_no_token() -> None:
    groups = (GeneGroup("g", ("A", "X", "Y"), "star"), GeneGroup("k", ("A", "B"), "star"))
    mask, coverage = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=2)
    assert mask.group_tokens == ("k",)
    assert any("'g' (star): 1 of 3 members in the data -> no token" in step for step in coverage.steps)


def test_group_may_be_named_like_a_gene() -> None:
    mask, _ = compile_mask(hypothesis_of(groups=(GeneGroup("A", ("A", "B"), "star"),)), GENES, n_layers=2)
    assert mask.group_tokens == ("A",)
    assert mask.layers[0].rows.tolist() == [len(GENES)] * 2


def test_nested_circle_is_refused_with_its_members() -> None:
    groups = (GeneGroup("a", ("A",), "hierarchy", ("b",)), GeneGroup("b", ("B",), "hierarchy", ("a",)))
    with pytest.raises(HypothesisError, match=r"hypothesis 'h': groups are nested in a circle: . inside . inside ."):
        compile_mask(hypothesis_of(groups=groups), GENES, n_layers=2)


def test_unknown_child_is_named_with_the_nearest_group() -> None:
    groups = (GeneGroup("root", ("A",), "hierarchy", ("Leaf1",)), GeneGroup("leaf1", ("B",), "hierarchy"))
    with pytest.raises(HypothesisError, match=r"child 'Leaf1' is not a group .* Did you mean 'leaf1'\?"):
        compile_mask(hypothesis_of(groups=groups), GENES, n_layers=2)


def test_clique_beyond_memory_is_refused_with_a_way_out() -> None:
    genes = tuple(f"g{i}" for i in range(5000))
    with pytest.raises(HypothesisError, match=r"25,000,000 pairs .* Use expansion: star"):
        compile_mask(hypothesis_of(groups=(GeneGroup("all", genes),)), genes, n_layers=2)


def test_deep_nesting_is_no_problem() -> None:
    depth = 2000
    groups = tuple(
        GeneGroup(f"n{i}", ("A", "B") if i == depth - 1 else (), "hierarchy", (f"n{i + 1}",) if i < depth - 1 else ())
        for i in range(depth)
    )
    mask, coverage = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=2)
    assert mask.n_tokens == len(GENES) + depth
    assert any(f"nested {depth} deep" in warning for warning in coverage.warnings)


def test_heads_for_an_unknown_relation_are_refused() -> None:
    with pytest.raises(HypothesisError, match=r"'actvates'.* Did you mean 'activates'\?"):
        compile_mask(hypothesis_of(Edge("A", "B", "activates"), heads={"actvates": 1}), GENES, n_layers=1)


def test_heads_of_a_relation_that_lost_its_edges_are_pointed_out() -> None:
    edges = (Edge("A", "B", "activates"), Edge("A", "X", "binds"))
    mask, coverage = compile_mask(hypothesis_of(*edges, heads={"binds": 1}), GENES, n_layers=1)
    assert "binds" in mask.relations
    assert any("'binds', of which no edge is left" in warning for warning in coverage.warnings)


def test_coverage_counts_genes_edges_and_names_near_matches() -> None:
    edges = (Edge("A", "B"), Edge("b", "C"), Edge("A", "A"), Edge("HLA-A", "C"))
    _, coverage = compile_mask(hypothesis_of(*edges), (*GENES, "HLA.A"), n_layers=1)
    assert (coverage.genes_named, coverage.genes_found, coverage.fraction) == (5, 3, 0.6)
    assert coverage.missing == ("b", "HLA-A")
    assert coverage.near_matches == {"b": "B", "HLA-A": "HLA.A"}
    assert (coverage.edges_named, coverage.edges_kept, coverage.n_edges) == (4, 1, 1)
    assert any(
        "1 of 4 edges kept, 2 with a gene that is not in the data, 1 from a gene to itself" in s for s in coverage.steps
    )
    assert any("b (data: B)" in warning for warning in coverage.warnings)
    assert coverage.as_dict()["missing"] == ["b", "HLA-A"]


def test_exact_id_wins_over_a_look_alike() -> None:
    mask, coverage = compile_mask(hypothesis_of(Edge("tp53", "A")), ("TP53", "tp53", "A"), n_layers=1)
    assert pairs(mask) == {("A", "tp53")}
    assert coverage.near_matches == {}


def test_low_coverage_is_refused_with_numbers_and_examples_of_both_sides() -> None:
    edges = (Edge("A", "B"), Edge("tp53", "X"), Edge("Y", "Z"))
    with pytest.raises(HypothesisError) as caught:
        compile_mask(hypothesis_of(*edges), (*GENES, "TP53"), n_layers=1, min_coverage=0.5)
    text = str(caught.value)
    assert "2 of its 6 genes (33%) are in the data, expected at least 50%" in text
    assert "Missing: 'tp53', 'X', 'Y', 'Z'." in text
    assert "The data have: 'A', 'B'" in text
    assert "'tp53' is 'TP53' there" in text


def test_no_gene_in_common_is_an_error_of_its_own_that_guesses_the_kind_of_ids() -> None:
    with pytest.raises(HypothesisError, match="none of its 2 genes is among the 2 genes of the data") as caught:
        compile_mask(hypothesis_of(Edge("A", "B")), ("ENSG00000141510", "ENSG00000012048"), n_layers=1, min_coverage=0)
    assert "uses gene symbols or other names, the data Ensembl ids: `hypomask genes` looks up" in str(caught.value)


def test_ensembl_version_is_a_near_match() -> None:
    edge = Edge("ENSG00000141510", "A")
    _, coverage = compile_mask(hypothesis_of(edge), ("ENSG00000141510.11", "A"), n_layers=1)
    assert coverage.near_matches == {"ENSG00000141510": "ENSG00000141510.11"}


def test_gene_given_twice_is_a_data_error() -> None:
    with pytest.raises(DataError, match="'A' occurs twice"):
        compile_mask(hypothesis_of(Edge("A", "B")), ("A", "B", "A"), n_layers=1)


def test_hypothesis_without_genes_is_refused() -> None:
    with pytest.raises(HypothesisError, match="names no gene"):
        compile_mask(hypothesis_of(), GENES, n_layers=1)


def test_many_groups_are_summed_up_by_kind() -> None:
    groups = tuple(GeneGroup(f"g{i}", ("A", "B", "X"), "star") for i in range(30))
    _, coverage = compile_mask(hypothesis_of(groups=groups), GENES, n_layers=2)
    assert "30 groups (star): 60 of 90 memberships in the data -> 30 group tokens" in coverage.steps


gene = st.sampled_from(GENES)
edge_lists = st.lists(
    st.builds(
        Edge,
        source=gene,
        target=gene,
        relation=st.sampled_from(["acts_on", "binds"]),
        directed=st.booleans(),
        weight=st.floats(0.125, 1.0, width=32),
    ),
    min_size=1,
    max_size=20,
)
star_groups = st.lists(st.lists(gene, min_size=1, max_size=5), max_size=4).map(
    lambda members: tuple(GeneGroup(f"group{i}", tuple(m), "star") for i, m in enumerate(members))
)


@settings(max_examples=60, deadline=None)
@given(edges=edge_lists)
def test_mask_holds_exactly_the_edges_of_the_graph(edges: list[Edge]) -> None:
    hypothesis = hypothesis_of(*edges)
    mask, _ = compile_mask(hypothesis, GENES, n_layers=2)
    graph = hypothesis.to_networkx()
    expected = {(target, source) for source, target in graph.edges() if source != target}
    assert pairs(mask) == expected
    for relation in hypothesis.relations:
        weights = mask.edges()
        number = mask.relations.index(relation)
        for row, col, rel, weight in zip(weights.rows, weights.cols, weights.relation, weights.weight, strict=True):
            if rel == number:
                parallel = graph.get_edge_data(GENES[col], GENES[row])
                assert weight == np.float32(max(e["weight"] for e in parallel.values() if e["relation"] == relation))


@settings(max_examples=60, deadline=None)
@given(groups=star_groups, n_layers=st.integers(2, 5))
def test_group_tokens_carry_influence_between_their_members_only(groups: tuple[GeneGroup, ...], n_layers: int) -> None:
    mask, _ = compile_mask(hypothesis_of(groups=(*groups, GeneGroup("x", ("A",), "none"))), GENES, n_layers=n_layers)
    assert influences(mask, n_layers) == each_other(*("".join(group.members) for group in groups))


def test_edge_after_a_group_carries_on_what_the_reader_knows_and_no_more() -> None:
    group = GeneGroup("g", ("A", "B"), "star")
    mask, _ = compile_mask(hypothesis_of(Edge("B", "C"), groups=(group,)), GENES, n_layers=3)
    assert influences(mask, 3) == {"AB", "BA", "CB"}  # B hears of A in the last layer, too late to tell C


def test_genes_meet_where_one_token_hears_of_both() -> None:
    mask, _ = compile_mask(hypothesis_of(Edge("A", "C"), Edge("B", "C")), GENES, n_layers=1)
    rows, cols = mask.interacting_pairs(1).nonzero()
    met = {GENES[i] + GENES[j] for i, j in zip(rows, cols, strict=True) if i < j}
    assert met == {"AB", "AC", "BC"}
