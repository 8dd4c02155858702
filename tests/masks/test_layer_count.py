"""As many layers as the edges of a study need, when the study does not say."""

from __future__ import annotations

from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.masks.compile import compile_mask
from hypomask.masks.layer_count import MAX_AUTO_LAYERS, layers_for, layers_needed

GENES = ("A", "B", "C", "D")


def _hypothesis(*groups: GeneGroup) -> Hypothesis:
    return Hypothesis("h", GENES, (Edge("A", "B"),), groups)


def _chain(depth: int) -> tuple[GeneGroup, ...]:
    return tuple(
        GeneGroup(f"g{i}", (GENES[i % 4],), "hierarchy", (f"g{i + 1}",) if i + 1 < depth else ()) for i in range(depth)
    )


def test_edges_and_cliques_need_one_layer():
    assert layers_needed(_hypothesis(GeneGroup("g", GENES, "clique"))) == 1


def test_a_star_needs_two_layers_and_then_no_warning_is_left():
    star = _hypothesis(GeneGroup("g", GENES, "star"))
    assert layers_needed(star) == 2
    _, coverage = compile_mask(star, GENES, n_layers=2)
    assert not coverage.warnings
    _, short = compile_mask(star, GENES, n_layers=1)
    assert short.warnings


def test_a_hierarchy_needs_a_layer_for_each_level_and_one_to_come_down():
    for depth in (1, 2, 3):
        hierarchy = _hypothesis(*_chain(depth))
        assert layers_needed(hierarchy) == depth + 1
        _, coverage = compile_mask(hierarchy, GENES, n_layers=depth + 1)
        assert not [warning for warning in coverage.warnings if "layers" in warning]


def test_a_study_takes_the_most_any_hypothesis_needs_up_to_a_limit():
    flat, star, deep = _hypothesis(), _hypothesis(GeneGroup("g", GENES, "star")), _hypothesis(*_chain(6))
    assert layers_for([flat]) == 1
    assert layers_for([flat, star]) == 2
    assert layers_for([flat, star, deep]) == MAX_AUTO_LAYERS
