"""Weights of groups: in the mask, through rewiring, in documents, and in the algebra of hypotheses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.errors import HypothesisError
from hypomask.hypothesis import algebra
from hypomask.hypothesis.document import dump_hypotheses, parse_hypotheses
from hypomask.hypothesis.graph import Edge, Expansion, GeneGroup, Hypothesis
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import Mask
from hypomask.masks.mask_rewiring import rewire_mask

GENES = tuple(f"g{i}" for i in range(20))


def hypothesis_of(*groups: GeneGroup, edges: tuple[Edge, ...] = ()) -> Hypothesis:
    return Hypothesis("h", GENES, edges, groups)


def weights(mask: Mask, layer: int) -> dict[tuple[str, str], float]:
    """(reader, read) -> weight."""
    names = (*mask.genes, *mask.group_tokens)
    table = mask.edges(layer)
    rows = zip(table.rows, table.cols, table.weight, strict=True)
    return {(names[row], names[col]): round(float(weight), 6) for row, col, weight in rows}


def nested(seed: int) -> Hypothesis:
    rng = np.random.default_rng(seed)
    groups = [
        GeneGroup(f"leaf{k}", tuple(rng.choice(GENES, 4, replace=False).tolist()), "hierarchy", weight=0.2 + k / 10)
        for k in range(5)
    ]
    top = GeneGroup("top", (GENES[0], GENES[1]), "hierarchy", ("leaf0", "leaf1", "leaf2"), weight=0.05)
    return hypothesis_of(*groups, top)


def test_a_clique_gives_its_weight_to_every_pair_and_the_heavier_of_two_wins() -> None:
    groups = (GeneGroup("a", ("g0", "g1", "g2"), weight=0.25), GeneGroup("b", ("g1", "g2"), weight=0.5))
    mask, _ = compile_mask(hypothesis_of(*groups), GENES, n_layers=1)
    assert weights(mask, 0) == {
        **dict.fromkeys([("g0", "g1"), ("g1", "g0"), ("g0", "g2"), ("g2", "g0")], 0.25),
        **dict.fromkeys([("g1", "g2"), ("g2", "g1")], 0.5),
    }


def test_a_group_token_is_read_and_reads_with_the_weight_of_its_group() -> None:
    groups = (
        GeneGroup("inner", ("g0", "g1"), "hierarchy", weight=0.5),
        GeneGroup("outer", ("g2", "g3"), "hierarchy", ("inner",), weight=0.125),
    )
    mask, coverage = compile_mask(hypothesis_of(*groups), GENES, n_layers=3)
    assert weights(mask, 0) == {
        **dict.fromkeys([("inner", "g0"), ("inner", "g1")], 0.5),
        **dict.fromkeys([("outer", "g2"), ("outer", "g3")], 0.125),
    }
    assert weights(mask, 1) == {("outer", "inner"): 0.5}
    spread = weights(mask, 2)
    assert {spread[gene, "inner"] for gene in ("g0", "g1")} == {0.5}
    assert {spread[gene, "outer"] for gene in ("g0", "g1", "g2", "g3")} == {0.125}
    assert any("(hierarchy, weight 0.125)" in step for step in coverage.steps)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n_layers=st.sampled_from([1, 3]))
def test_after_rewiring_each_group_token_has_its_weight_still(seed: int, n_layers: int) -> None:
    mask, _ = compile_mask(nested(seed), GENES, n_layers=n_layers)
    rewired = rewire_mask(mask, np.random.default_rng(seed)).mask
    heft = {"top": 0.05, **{f"leaf{k}": round(0.2 + k / 10, 6) for k in range(5)}}
    for layer in range(len(mask.layers)):
        for (reader, read), weight in weights(rewired, layer).items():
            token = read if read in heft else reader
            assert weight == pytest.approx(heft[token])
    assert rewired.n_edges > 0


def test_memberships_by_nesting_follow_the_rewired_ones_with_weights_too() -> None:
    mask, _ = compile_mask(nested(1), GENES, n_layers=3)
    rewired = rewire_mask(mask, np.random.default_rng(2)).mask
    gathered, read = weights(rewired, 0), weights(rewired, 2)
    inside = {gene for token, gene in gathered if token in ("leaf0", "leaf1", "leaf2", "top")}
    assert inside == {gene for gene, token in read if token == "top"}


def test_weights_of_groups_survive_a_document() -> None:
    hypothesis = nested(3)
    text = dump_hypotheses([hypothesis])
    assert "weight: 0.05" in text
    assert parse_hypotheses(text)[0].groups == hypothesis.groups
    assert "weight" not in dump_hypotheses([hypothesis_of(GeneGroup("plain", GENES[:3]))])


@pytest.mark.parametrize("weight", ["0", "-1", "1.5", "heavy"])
def test_a_weight_outside_0_to_1_is_refused(weight: str) -> None:
    text = f"hypomask: 1\nname: h\ngroups:\n  a: {{members: [A, B], weight: {weight}}}\n"
    with pytest.raises(HypothesisError, match=r"4: .*weight"):
        parse_hypotheses(text)


@pytest.mark.parametrize("expansion", ["clique", "star"])
def test_weights_combine_as_in_fuzzy_sets(expansion: Expansion) -> None:
    light = hypothesis_of(GeneGroup("light", GENES[:4], expansion, weight=0.25))
    heavy = hypothesis_of(GeneGroup("heavy", GENES[1:5], expansion, weight=0.75))
    common = algebra.intersection(light, heavy)
    assert [(set(group.members), group.weight) for group in common.groups] == [(set(GENES[1:4]), 0.25)]
    edge = hypothesis_of(edges=(Edge("g1", "g2"),))
    assert [one.weight for one in algebra.intersection(edge, heavy).edges] == [0.75]
    left = algebra.difference(heavy, edge)
    assert {one.weight for one in left.edges} == {0.75}
