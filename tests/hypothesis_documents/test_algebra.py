from __future__ import annotations

from dataclasses import replace

import pytest
from drawn_hypotheses import GENES, pairs, small_hypotheses, weights
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import HypothesisError
from hypomask.hypothesis import algebra
from hypomask.hypothesis.algebra import difference, intersection, union
from hypomask.hypothesis.allowed_pairs import AllowedPairs
from hypomask.hypothesis.document import dump_hypotheses, parse_hypotheses
from hypomask.hypothesis.edge_syntax import parse_edge
from hypomask.hypothesis.edits import (
    add,
    expand,
    induce,
    remove_edges,
    remove_genes,
    restrict,
    reverse,
)
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.hypothesis.rewired import rewire
from hypomask.masks import algebra as mask_algebra
from hypomask.masks.compile import compile_mask

hypotheses = small_hypotheses()
gene_sets = st.sets(st.sampled_from(GENES))


def of(*edges: str, groups: tuple[GeneGroup, ...] = (), name: str = "h") -> Hypothesis:
    drawn = tuple(parse_edge(text) for text in edges)
    members = [gene for group in groups for gene in group.members]
    genes = tuple(dict.fromkeys([*(gene for edge in drawn for gene in (edge.source, edge.target)), *members]))
    return Hypothesis(name, genes, drawn, groups)


# --- laws, on the pairs of genes that a hypothesis allows ---------------------------------------------------------


@given(hypotheses)
def test_pairs_are_counted_as_in_the_plain_way(h: Hypothesis) -> None:
    assert AllowedPairs.of(h).all() == pairs(h)
    allowed = AllowedPairs.of(h)
    every = {(a, b): allowed.weight((a, b)) for a in GENES for b in GENES if a != b}
    assert {pair: weight for pair, weight in every.items() if weight > 0} == weights(h)


@given(hypotheses, hypotheses)
def test_set_operations_are_those_of_the_pairs(a: Hypothesis, b: Hypothesis) -> None:
    assert pairs(union(a, b)) == pairs(a) | pairs(b)
    assert pairs(intersection(a, b)) == pairs(a) & pairs(b)
    assert pairs(difference(a, b)) == pairs(a) - pairs(b)
    assert set(union(a, b).genes) == {*a.genes, *b.genes}
    assert set(intersection(a, b).genes) == set(a.genes) & set(b.genes)
    assert difference(a, b).genes == a.genes


@given(hypotheses, hypotheses)
def test_a_union_has_the_larger_weight_and_an_intersection_the_smaller(a: Hypothesis, b: Hypothesis) -> None:
    ours, theirs = weights(a), weights(b)
    assert weights(union(a, b)) == {p: max(ours.get(p, 0.0), theirs.get(p, 0.0)) for p in ours.keys() | theirs.keys()}
    assert weights(intersection(a, b)) == {pair: min(ours[pair], theirs[pair]) for pair in ours.keys() & theirs.keys()}
    assert weights(difference(a, b)) == {pair: ours[pair] for pair in ours.keys() - theirs.keys()}


@given(hypotheses, gene_sets)
def test_steps_leave_weights_as_they_are(h: Hypothesis, genes: set[str]) -> None:
    before = weights(h)
    assert weights(restrict(h, genes)) == {(a, b): w for (a, b), w in before.items() if a in genes and b in genes}
    assert weights(reverse(h)) == {(b, a): weight for (a, b), weight in before.items()}


@given(hypotheses, hypotheses, hypotheses)
def test_de_morgan_and_distribution_hold(a: Hypothesis, b: Hypothesis, c: Hypothesis) -> None:
    assert pairs(difference(a, union(b, c))) == pairs(intersection(difference(a, b), difference(a, c)))
    assert pairs(difference(a, intersection(b, c))) == pairs(union(difference(a, b), difference(a, c)))
    assert pairs(intersection(a, union(b, c))) == pairs(union(intersection(a, b), intersection(a, c)))
    assert pairs(union(a, b, c)) == pairs(union(union(a, b), c))
    assert pairs(difference(a, b, c)) == pairs(difference(difference(a, b), c))
    assert pairs(intersection(a, b, c)) == pairs(intersection(c, b, a))


@given(hypotheses)
def test_a_hypothesis_with_itself_is_itself(h: Hypothesis) -> None:
    assert (union(h, h).genes, union(h, h).edges, union(h, h).groups) == (h.genes, h.edges, h.groups)
    assert intersection(h, h).edges == h.edges
    assert pairs(intersection(h, h)) == pairs(h)
    assert pairs(difference(h, h)) == set()


@given(hypotheses, hypotheses, gene_sets)
def test_restriction_goes_through_set_operations(a: Hypothesis, b: Hypothesis, genes: set[str]) -> None:
    for operation in (union, intersection, difference):
        first = restrict(operation(a, b), genes)
        later = operation(restrict(a, genes), restrict(b, genes))
        assert pairs(first) == pairs(later)
        assert set(first.genes) == set(later.genes)


@given(hypotheses, gene_sets)
def test_restricting_keeps_the_pairs_between_those_genes(h: Hypothesis, genes: set[str]) -> None:
    small = restrict(h, genes)
    assert pairs(small) == {(a, b) for a, b in pairs(h) if a in genes and b in genes}
    assert set(small.genes) == set(h.genes) & genes
    again = restrict(small, genes)
    assert (again.genes, again.edges, again.groups) == (small.genes, small.edges, small.groups)
    induced = induce(h, sorted(genes))
    assert induced.genes == tuple(sorted(genes))
    assert (induced.edges, induced.groups) == (small.edges, small.groups)


@given(hypotheses)
def test_reversing_twice_changes_nothing(h: Hypothesis) -> None:
    back = reverse(reverse(h))
    assert (back.genes, back.edges, back.groups) == (h.genes, h.edges, h.groups)
    assert pairs(reverse(h)) == {(b, a) for a, b in pairs(h)}


@given(hypotheses, hypotheses)
def test_reversal_goes_through_set_operations(a: Hypothesis, b: Hypothesis) -> None:
    for operation in (union, intersection, difference):
        assert pairs(reverse(operation(a, b))) == pairs(operation(reverse(a), reverse(b)))


@given(hypotheses, st.data())
def test_a_removed_edge_has_no_effect_and_comes_back_when_added(h: Hypothesis, data: st.DataObject) -> None:
    allowed = sorted(pairs(h))
    if not allowed:
        return
    source, target = data.draw(st.sampled_from(allowed))
    without = remove_edges(h, [Edge(source, target)])
    assert pairs(without) == pairs(h) - {(source, target)}
    assert without.genes == h.genes
    assert pairs(add(without, [Edge(source, target)])) == pairs(h)


@given(hypotheses, st.data())
def test_a_removed_gene_takes_its_pairs_along(h: Hypothesis, data: st.DataObject) -> None:
    gene = data.draw(st.sampled_from(h.genes))
    assert pairs(remove_genes(h, [gene])) == {pair for pair in pairs(h) if gene not in pair}


@given(hypotheses, st.integers(0, 5))
def test_rewiring_keeps_every_degree(h: Hypothesis, seed: int) -> None:
    drawn = rewire(h, seed)
    assert rewire(h, seed) == drawn
    for relation in h.relations:
        for end in ("source", "target"):
            kept, wired = (
                sorted(getattr(edge, end) for edge in some.edges if edge.relation == relation and edge.directed)
                for some in (h, drawn)
            )
            assert kept == wired
    assert [len(group.members) for group in drawn.groups] == [len(group.members) for group in h.groups]
    assert all(len(set(group.members)) == len(group.members) for group in drawn.groups)
    belongs = [sorted(gene for group in some.groups for gene in group.members) for some in (h, drawn)]
    assert belongs[0] == belongs[1]


@given(hypotheses, hypotheses)
def test_what_the_algebra_makes_can_be_written_and_read(a: Hypothesis, b: Hypothesis) -> None:
    for made in (union(a, b), intersection(a, b), difference(a, b), restrict(a, b.genes), reverse(a), rewire(a, 1)):
        if made.edges or any(group.expansion != "none" for group in made.groups):
            assert parse_hypotheses(dump_hypotheses([made])) == (made,)


@given(small_hypotheses(), small_hypotheses())
def test_the_algebra_of_hypotheses_is_that_of_their_masks(a: Hypothesis, b: Hypothesis) -> None:
    cliques = [expand(h, "clique") for h in (a, b)]
    first, second = (compile_mask(h, GENES, n_layers=2, min_coverage=0.0)[0] for h in cliques)
    for ours, theirs in (
        (union, mask_algebra.union),
        (intersection, mask_algebra.intersection),
        (difference, mask_algebra.difference),
    ):
        made = expand(ours(*cliques), "clique") if ours is not difference else ours(*cliques)
        if not made.genes:
            continue
        mask, _ = compile_mask(made, GENES, n_layers=2, min_coverage=0.0)
        assert mask_algebra.same_pattern(mask, theirs(first, second))


# --- what each operation makes ------------------------------------------------------------------------------------


def test_an_intersection_with_gene_sets_is_the_edges_within_them() -> None:
    network = of("A -> B", "B -| C", "C -- D")
    sets = of(groups=(GeneGroup("S", ("A", "B", "C"), "star"),))
    made = intersection(network, sets)
    assert made.edges == (parse_edge("A -> B"), parse_edge("B -| C"))
    assert made.genes == ("A", "B", "C")
    assert made.groups == ()


def test_relations_are_labels_and_the_smaller_weight_stays() -> None:
    a = Hypothesis("a", ("A", "B"), (Edge("A", "B", "activates", sign=1, weight=0.9),))
    b = Hypothesis("b", ("A", "B"), (Edge("A", "B", "binds", directed=False, weight=0.5),))
    assert intersection(a, b).edges == (
        Edge("A", "B", "activates", sign=1, weight=0.5),
        Edge("A", "B", "binds", weight=0.5),
    )
    assert union(a, b).edges == (*a.edges, *b.edges)
    assert difference(b, a).edges == (Edge("B", "A", "binds", weight=0.5),)


def test_groups_of_one_name_are_weighed_each_by_its_own() -> None:
    heavy = of(groups=(GeneGroup("repair", ("A", "B", "C"), weight=1.0),))
    light = of(groups=(GeneGroup("repair", ("A", "B", "D"), "star", weight=0.25),))
    for made in (intersection(heavy, light), intersection(light, heavy)):
        (group,) = made.groups
        assert (set(group.members), group.weight, group.expansion) == ({"A", "B"}, 0.25, "clique")


def test_a_heavier_group_within_a_lighter_one_is_kept() -> None:
    pathway, core = GeneGroup("pathway", ("A", "B", "C"), weight=0.25), GeneGroup("core", ("A", "B"), weight=1.0)
    everything = of(groups=(GeneGroup("all", ("A", "B", "C", "D")),))
    made = intersection(of(groups=(pathway, core)), everything)
    assert [(group.name, group.weight) for group in made.groups] == [("pathway", 0.25), ("core", 1.0)]
    evenly = intersection(of(groups=(pathway, replace(core, weight=0.25))), everything)
    assert [group.name for group in evenly.groups] == ["pathway"]


def test_a_group_whose_hierarchy_is_written_out_still_connects() -> None:
    inner, outer = GeneGroup("inner", ("A", "B"), "none"), GeneGroup("outer", ("C",), "hierarchy", ("inner",), 0.5)
    left = difference(of(groups=(inner, outer)), of("A -> C"))
    assert weights(left) == {
        ("A", "B"): 1.0,
        ("B", "A"): 1.0,
        **dict.fromkeys([("C", "A"), ("B", "C"), ("C", "B")], 0.5),
    }


def test_equal_names_of_different_groups_are_kept_apart() -> None:
    a = of(groups=(GeneGroup("S", ("A", "B")),), name="a")
    b = of(groups=(GeneGroup("S", ("B", "C")), GeneGroup("T", ("C",), "hierarchy", ("S",))), name="b")
    made = union(a, b)
    assert [(group.name, group.children) for group in made.groups] == [("S", ()), ("S (b)", ()), ("T", ("S (b)",))]
    assert ("A", "C") not in pairs(made)


def test_a_group_that_loses_a_pair_is_written_out() -> None:
    made = difference(of(groups=(GeneGroup("S", ("A", "B", "C")),)), of("A -> B"))
    assert made.groups == (GeneGroup("S", ("A", "B", "C"), "none"),)
    assert made.edges == (
        Edge("B", "A", "co_member"),
        Edge("A", "C", "co_member", directed=False),
        Edge("B", "C", "co_member", directed=False),
    )


def test_writing_out_too_much_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algebra, "MAX_WRITTEN_OUT", 5)
    with pytest.raises(
        HypothesisError, match=r"1 groups of 'h' lose pairs to 'h'.* 6 edges, expected at most 5; limit"
    ):
        difference(of(groups=(GeneGroup("S", ("A", "B", "C")),)), of("A -> B"))


def test_many_overlaps_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algebra, "MAX_GROUPS", 0)
    with pytest.raises(HypothesisError, match="limit them by size"):
        intersection(of(groups=(GeneGroup("S", ("A", "B")),)), of(groups=(GeneGroup("S", ("A", "B")),)))


@pytest.mark.parametrize(
    ("edge", "left"),
    [
        (Edge("A", "B"), ["B -> A"]),
        (Edge("A", "B", "activates"), ["A -- B", "B -> A"]),
        (Edge("A", "B", "interacts_with", directed=False), []),
    ],
)
def test_removal_by_relation_leaves_the_others(edge: Edge, left: list[str]) -> None:
    h = Hypothesis(
        "h", ("A", "B"), (Edge("A", "B", "activates", sign=1), Edge("A", "B", "interacts_with", directed=False))
    )
    h = Hypothesis("h", h.genes, (*h.edges, Edge("B", "A")))
    made = remove_edges(h, [edge])
    if edge.directed and edge.relation == "acts_on":
        assert pairs(made) == {("B", "A")}
    elif edge.directed:
        assert [e.relation for e in made.edges] == ["interacts_with", "acts_on"]
    else:
        assert made.edges == ()


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        (Edge("B", "A"), "'h' has no edge B -> A to remove; is it the other way round?"),
        (Edge("A", "BB"), "'h' has no gene 'BB'. Did you mean 'B'?"),
        (Edge("A", "B", "binds"), "'h' has no edge A -> B to remove"),
    ],
)
def test_what_is_not_there_cannot_be_removed(edge: Edge, message: str) -> None:
    with pytest.raises(HypothesisError, match=message.replace("?", r"\?")):
        remove_edges(of("A -> B"), [edge])


def test_heads_of_relations_that_are_gone_go_too() -> None:
    h = Hypothesis("h", ("A", "B"), (Edge("A", "B", "activates", sign=1),), heads={"activates": 2, "co_member": 1})
    assert remove_edges(h, [Edge("A", "B")]).heads == {"co_member": 1}
    assert difference(h, of("A -> B")).heads == {"co_member": 1}


def test_every_operation_leaves_a_trace() -> None:
    h = of("A -> B", "B -> C")
    made = rewire(reverse(remove_genes(restrict(add(h, [Edge("C", "A")]), "ABC"), ["C"])), 3)
    assert made.provenance == (
        "with C -> A added",
        "restricted to 3 of 3 genes: 3 of 3 edges",
        "without C: 1 of 3 edges",
        "directed edges reversed",
        "rewired with seed 3, degrees kept: 0 swaps of edges, 0 of memberships",
    )


def test_expanding_flattens_or_keeps_a_hierarchy() -> None:
    h = of(groups=(GeneGroup("in", ("A", "B"), "star"), GeneGroup("out", ("C",), "hierarchy", ("in",))))
    assert expand(h, "hierarchy").groups[1].children == ("in",)
    assert expand(h, "clique").groups[1] == GeneGroup("out", ("A", "B", "C"), "clique")
    assert pairs(expand(h, "clique")) == pairs(h)


def test_two_thousand_gene_sets_meet_in_a_second() -> None:
    import random

    draw = random.Random(1)
    genes = [f"G{i}" for i in range(8_000)]
    sets = [
        tuple(GeneGroup(f"S{i}", tuple(draw.sample(genes, draw.randint(3, 60))), "star") for i in range(2_000))
        for _ in range(2)
    ]
    a, b = (Hypothesis(name, tuple(genes), (), groups) for name, groups in zip("ab", sets, strict=True))
    made = intersection(a, b)
    assert 1_000 < len(made.groups) < 100_000
    assert len(intersection(a, a).groups) <= 2_000
