"""Null masks: reproducible, different from the original, and honest about what could be randomised."""

from __future__ import annotations

import numpy as np
import pytest

from hypomask.errors import HypothesisError
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.masks.algebra import same_pattern
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import Mask
from hypomask.masks.null_masks import GenePool, NullSampler, draw_null
from hypomask.masks.references import no_interaction, random_mask, unconstrained

GENES = tuple(f"g{i}" for i in range(40))


def compiled(
    *edges: Edge, groups: tuple[GeneGroup, ...] = (), n_layers: int = 2, genes: tuple[str, ...] = GENES
) -> Mask:
    named = [g for e in edges for g in (e.source, e.target)] + [g for group in groups for g in group.members]
    hypothesis = Hypothesis("h", tuple(dict.fromkeys(named)), edges, groups)
    return compile_mask(hypothesis, genes, n_layers=n_layers)[0]


WIRED = random_mask(GENES, 80, seed=1, name="wired")
STAR = compiled(*(Edge("g0", gene) for gene in GENES[1:20]))
CLIQUE = compiled(groups=(GeneGroup("c", GENES[:10]),))
ONE_GROUP = compiled(groups=(GeneGroup("c", GENES[:10], "star"),))


def degrees(mask: Mask) -> tuple[list[int], list[int]]:
    matrix = mask.csr(diagonal=False).astype(np.int64)
    return matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist()


# the chain's own output: a change here means that stored runs cannot be resumed with the same nulls
GOLDEN_DRAW = [(1, 3), (2, 6), (3, 5), (4, 2), (5, 1), (6, 0), (7, 4)]


def test_draw_depends_on_seed_mask_and_number_alone() -> None:
    again = NullSampler.choose(WIRED, seed=5)
    later = again.draw(7)
    again.draw(3)
    assert same_pattern(draw_null(WIRED, kind="rewired", draw=7, seed=5).mask, later.mask)
    assert same_pattern(again.draw(7).mask, later.mask)
    for other in (
        draw_null(WIRED, kind="rewired", draw=8, seed=5),
        draw_null(WIRED, kind="rewired", draw=7, seed=6),
        draw_null(random_mask(GENES, 80, seed=1, name="renamed"), kind="rewired", draw=7, seed=5),
    ):
        assert not same_pattern(other.mask, later.mask)


def test_draw_is_the_same_on_every_machine() -> None:
    mask = compiled(*(Edge(f"g{i}", f"g{i + 1}") for i in range(7)))
    drawn = draw_null(mask, draw=0, seed=1).mask
    assert list(zip(drawn.layers[0].rows.tolist(), drawn.layers[0].cols.tolist(), strict=True)) == GOLDEN_DRAW


def test_rewired_is_the_default_and_reports_what_recurs() -> None:
    null = draw_null(WIRED, draw=0, seed=0)
    assert null.kind == "rewired"
    assert degrees(null.mask) == degrees(WIRED)
    assert null.mask.name == "wired~rewired-0"
    assert null.overlap < 0.3
    assert f"{null.overlap:.1%} of the original's edges recur" in null.report


def test_star_falls_back_to_permuted_genes_and_says_why() -> None:
    null = draw_null(STAR, draw=0, seed=0)
    assert null.kind == "relabelled"
    assert "this graph has no other wiring with the same degrees" in null.report
    assert "among the genes that have an edge" in null.report
    assert sorted(degrees(null.mask)[1]) == sorted(degrees(STAR)[1])  # still one star
    assert set(np.unique(null.mask.layers[0].rows)) <= set(range(20))
    assert not same_pattern(null.mask, STAR)


@pytest.mark.parametrize("mask", [CLIQUE, ONE_GROUP], ids=["clique", "one group token"])
def test_clique_falls_back_to_other_genes(mask: Mask) -> None:
    sampler = NullSampler.choose(mask, seed=0)
    assert sampler.kind == "relabelled"
    assert "among all genes" in sampler.reason
    assert sampler.mean_overlap < 0.5
    assert not same_pattern(sampler.draw(0).mask, mask)


def test_single_group_over_all_genes_has_no_null_and_says_so() -> None:
    mask = compiled(groups=(GeneGroup("c", GENES, "star"),))
    sampler = NullSampler.choose(mask, seed=0)
    assert sampler.kind is None
    assert "no other wiring" in sampler.reason
    with pytest.raises(HypothesisError, match="this graph has no null"):
        sampler.draw(0)


@pytest.mark.parametrize("mask", [no_interaction(GENES), unconstrained(GENES)], ids=["no edges", "all pairs"])
def test_references_have_no_null(mask: Mask) -> None:
    assert NullSampler.choose(mask, seed=0).kind is None


def test_rewiring_with_little_freedom_gives_way_to_permuted_genes() -> None:
    # a star and two more edges: the few other wirings keep nearly all of it
    mask = compiled(*(Edge("g0", gene) for gene in GENES[1:30]), Edge("g1", "g30"), Edge("g2", "g31"))
    sampler = NullSampler.choose(mask, seed=0)
    assert sampler.kind == "relabelled"
    assert "of their edges with the original" in sampler.reason


def test_dense_graph_stays_rewired_with_a_weak_control_named() -> None:
    mask = random_mask(GENES[:12], 100, seed=3)  # of 132 pairs: any two such graphs share most of them
    sampler = NullSampler.choose(mask, seed=0)
    assert sampler.kind == "rewired"
    assert "weak control" in sampler.reason
    assert 0.5 < sampler.mean_overlap < 1


def test_no_draw_equals_the_original_even_where_that_is_likely() -> None:
    path = compiled(*(Edge(f"g{i}", f"g{i + 1}") for i in range(5)))
    sampler = NullSampler.choose(path, seed=0)
    assert sampler.kind == "rewired"
    for number in range(52):
        assert not same_pattern(sampler.draw(number).mask, path)


def test_nulls_that_are_few_are_all_found_and_each_is_drawn_once() -> None:
    # five arrows from g0..g4 into g1..g5, none into its own source: 120 - 96 + 36 - 8 + 1 = 53, the path among them
    path = compiled(*(Edge(f"g{i}", f"g{i + 1}") for i in range(5)))
    for seed in range(3):
        sampler = NullSampler.choose(path, seed=seed)
        assert sampler.limit == 52
        assert len({sampler.draw(number).mask.pair_keys.tobytes() for number in range(52)}) == 52
        assert "there are only 52 of them" in sampler.draw(0).report
        with pytest.raises(HypothesisError, match="null 52 was asked for, there are 52"):
            sampler.draw(52)
    assert not same_pattern(sampler.draw(0).mask, NullSampler.choose(path, seed=0).draw(0).mask)


def test_nulls_that_are_many_have_no_limit() -> None:
    assert NullSampler.choose(WIRED, seed=0).limit is None
    assert NullSampler.choose(compiled(Edge("g0", "g1")), seed=0).limit is None  # 1,559 other pairs


@pytest.mark.parametrize(("first", "kind", "said"), [(2, "relabelled", "only 14 other"), (3, "rewired", "only 19 of")])
def test_fewer_than_nineteen_wirings_give_way_to_permuted_genes(first: int, kind: str, said: str) -> None:
    # two hubs that share six targets: 6 choose 2 = 15 or 6 choose 3 = 20 ways to deal them
    edges = [Edge("g0" if i < first else "g1", f"g{i + 2}") for i in range(6)]
    sampler = NullSampler.choose(compiled(*edges), seed=0)
    assert sampler.kind == kind
    assert said in sampler.reason


def test_a_study_of_more_hypotheses_needs_more_wirings_and_takes_another_way_where_that_has_them() -> None:
    four_arrows = compiled(*(Edge(f"g{i}", f"g{i + 4}") for i in range(4)))  # 4! - 1 = 23 other wirings
    assert NullSampler.choose(four_arrows, seed=0).limit == 23
    for_two = NullSampler.choose(four_arrows, seed=0, needed=39)
    assert (for_two.kind, for_two.limit) == ("relabelled", None)
    assert "only 23 other wirings have the same degrees, too few for a test" in for_two.reason
    two_hubs = [Edge("g0" if i < 3 else "g1", f"g{i + 2}") for i in range(6)]
    of_few_genes = compiled(*two_hubs, genes=GENES[:8])  # 8 * 7 / 2 * 20 - 1 = 559 by permuting
    assert NullSampler.choose(of_few_genes, seed=0, needed=39).kind == "relabelled"
    triangle = compiled(Edge("g0", "g1"), Edge("g1", "g2"), Edge("g0", "g2"), genes=GENES[:4])
    last_resort = NullSampler.choose(triangle, seed=0, needed=39)  # 4 * 3! - 1 = 23 and no other way
    assert (last_resort.kind, last_resort.limit) == ("relabelled", 23)


SMALL = {
    "one edge": [("g0", "g1")],
    "two edges": [("g0", "g1"), ("g2", "g3")],
    "path": [("g0", "g1"), ("g1", "g2"), ("g2", "g3")],
    "triangle": [("g0", "g1"), ("g1", "g2"), ("g0", "g2")],
    "star": [("g0", f"g{i}") for i in range(1, 6)],
}


@pytest.mark.parametrize("edges", SMALL.values(), ids=SMALL)
def test_a_small_graph_has_enough_different_nulls_for_a_test_at_5_percent(edges: list[tuple[str, str]]) -> None:
    # One of six equally good graphs is the best of the six in 17 % of studies, however often the other five are drawn.
    mask = compiled(*(Edge(source, target) for source, target in edges))
    sampler = NullSampler.choose(mask, seed=0)
    assert sampler.kind == "relabelled"
    draws = range(min(60, sampler.limit or 60))
    assert len({sampler.draw(number).mask.pair_keys.tobytes() for number in draws}) >= 19


def test_a_small_graph_over_all_genes_has_no_null_test_and_says_so() -> None:
    star = compiled(*(Edge("g0", gene) for gene in GENES[1:6]), genes=GENES[:6])
    sampler = NullSampler.choose(star, seed=0)
    assert sampler.kind is None
    assert "only 5 others of its shape can be drawn" in sampler.reason
    with pytest.raises(HypothesisError, match="too few nulls"):
        sampler.draw(0)


def test_relabelled_keeps_the_shape_with_weights_and_group_tokens() -> None:
    groups = (GeneGroup("c", GENES[:6], "star"), GeneGroup("d", GENES[4:9], "star"))
    mask = compiled(Edge("g1", "g2", weight=0.5), Edge("g7", "g9", weight=0.25), groups=groups)
    null = draw_null(mask, kind="relabelled", draw=0, seed=0).mask
    assert null.group_tokens == mask.group_tokens
    for layer in range(2):
        rows, cols = mask.csr(layer).shape
        assert (rows, cols) == null.csr(layer).shape
        assert sorted(null.edges(layer).weight.tolist()) == sorted(mask.edges(layer).weight.tolist())
    members = {(c, r) for r, c in zip(null.edges(0).rows, null.edges(0).cols, strict=True) if r >= len(GENES)}
    readers = {(r, c) for r, c in zip(null.edges(1).rows, null.edges(1).cols, strict=True) if c >= len(GENES)}
    assert members == readers


def test_relabelling_stays_within_modules() -> None:
    modules = ["hub" if i == 0 else "even" if i % 2 else "odd" for i in range(len(GENES))]
    edges = (Edge("g0", "g1"), Edge("g0", "g3"), Edge("g0", "g5"), Edge("g1", "g2"))
    null = draw_null(compiled(*edges), kind="relabelled", draw=0, seed=0, modules=modules).mask
    table = null.edges(0)
    assert sorted((modules[r], modules[c]) for r, c in zip(table.rows, table.cols, strict=True)) == [
        ("even", "hub"),
        ("even", "hub"),
        ("even", "hub"),
        ("odd", "even"),
    ]


def test_rewiring_within_modules_is_said() -> None:
    modules = ["a" if i < 20 else "b" for i in range(len(GENES))]
    null = draw_null(WIRED, draw=0, seed=0, modules=modules)
    assert "within modules" in null.report


def test_matched_genes_need_a_pool() -> None:
    with pytest.raises(HypothesisError, match="need a gene pool"):
        draw_null(CLIQUE, kind="matched-genes", draw=0, seed=0)


def test_matched_genes_draw_is_reproducible_and_reports_how_well_it_matches() -> None:
    genes = tuple(f"x{i}" for i in range(500))
    pool = GenePool(genes, np.random.default_rng(0).gamma(2, size=500))
    mask = compiled(groups=(GeneGroup("c", genes[:10]),), genes=genes[:10])
    one, same, other = (draw_null(mask, kind="matched-genes", draw=r, seed=3, gene_pool=pool) for r in (4, 4, 5))
    assert one.mask.genes == same.mask.genes != other.mask.genes
    assert one.overlap == 0.0
    assert one.mask.name == "h~matched-genes-4"
    assert "of the ranks away on average" in one.report
