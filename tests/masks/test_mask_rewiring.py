"""Rewired masks: degrees per relation and layer, symmetry, memberships, modules, weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.errors import HypothesisError
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.mask_rewiring import overlap_with, rewire_mask

N_GENES = 30
GENES = tuple(f"g{i}" for i in range(N_GENES))


def random_mask(seed: int, *, undirected: bool = False, n_edges: int = 60) -> Mask:
    rng = np.random.default_rng(seed)
    rows, cols = rng.integers(0, N_GENES, (2, n_edges))
    relation, weight = rng.integers(0, 2, n_edges), rng.uniform(0.1, 1, n_edges)
    if undirected:
        low, high = np.minimum(rows, cols), np.maximum(rows, cols)
        # one weight for each pair and relation, whichever way it is read
        first = np.unique(np.stack([low, high, relation]), axis=1, return_index=True)[1]
        low, high, relation, weight = low[first], high[first], relation[first], weight[first]
        rows, cols = np.concatenate([low, high]), np.concatenate([high, low])
        relation, weight = np.tile(relation, 2), np.tile(weight, 2)
    table = EdgeTable.build(rows, cols, relation, weight)
    return Mask("m", GENES, (table,), relations=("activates", "binds"))


def grouped_mask(seed: int, n_layers: int, *, nested: bool = True) -> Mask:
    rng = np.random.default_rng(seed)
    groups = [GeneGroup(f"leaf{k}", tuple(rng.choice(GENES, 6, replace=False)), "hierarchy") for k in range(6)]
    if nested:
        groups += [
            GeneGroup("mid", (GENES[0], GENES[1]), "hierarchy", ("leaf0", "leaf1")),
            GeneGroup("root", (), "hierarchy", ("mid", "leaf2")),
        ]
    hypothesis = Hypothesis("h", GENES, (Edge("g1", "g2"), Edge("g3", "g4"), Edge("g5", "g6")), tuple(groups))
    return compile_mask(hypothesis, GENES, n_layers=n_layers)[0]


def degrees(mask: Mask, layer: int, relation: str) -> tuple[list[int], list[int]]:
    matrix = mask.csr(layer, relation, diagonal=False).astype(np.int64)
    return matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist()


def memberships(mask: Mask, layer: int) -> set[tuple[int, int]]:
    """(gene, token) of entries between a gene and a group token."""
    table = mask.edges(layer)
    pairs = [(int(r), int(c)) for r, c in zip(table.rows, table.cols, strict=True)]
    return {(min(p), max(p)) for p in pairs if (p[0] < mask.n_genes) != (p[1] < mask.n_genes)}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), undirected=st.booleans())
def test_rewired_mask_keeps_every_degree_per_relation(seed: int, undirected: bool) -> None:
    mask = random_mask(seed, undirected=undirected)
    rewired = rewire_mask(mask, np.random.default_rng(seed)).mask
    for relation in mask.relations:
        assert degrees(rewired, 0, relation) == degrees(mask, 0, relation)
    assert (rewired.layers[0].rows != rewired.layers[0].cols).all()
    assert rewired.layers[0].n_edges == mask.layers[0].n_edges  # no edge merged with another


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_symmetric_relation_stays_symmetric_and_both_entries_keep_one_weight(seed: int) -> None:
    rewired = rewire_mask(random_mask(seed, undirected=True), np.random.default_rng(seed)).mask
    table = rewired.layers[0]
    held = {
        (int(r), int(c), int(k)): float(w)
        for r, c, k, w in zip(table.rows, table.cols, table.relation, table.weight, strict=True)
    }
    assert all(held[col, row, relation] == weight for (row, col, relation), weight in held.items())


def test_undirected_edges_among_directed_ones_of_a_relation_stay_symmetric() -> None:
    rng = np.random.default_rng(5)
    one_way = [(a, b) for a, b in rng.integers(0, 15, (40, 2)).tolist() if a < b]
    both_ways = [(a, b) for a, b in rng.integers(15, 30, (30, 2)).tolist() if a < b]
    rows = [b for _, b in one_way + both_ways] + [a for a, _ in both_ways]
    cols = [a for a, _ in one_way + both_ways] + [b for _, b in both_ways]
    mask = Mask("m", GENES, (EdgeTable.build(rows, cols),))
    n_mutual = len(set(both_ways))
    rewired = rewire_mask(mask, rng).mask
    table = rewired.layers[0]
    pairs = set(zip(table.rows.tolist(), table.cols.tolist(), strict=True))
    assert degrees(rewired, 0, "acts_on") == degrees(mask, 0, "acts_on")
    assert len({(a, b) for a, b in pairs if a < b and (b, a) in pairs}) >= n_mutual


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_weights_travel_with_edges(seed: int) -> None:
    mask = random_mask(seed)
    rewired = rewire_mask(mask, np.random.default_rng(seed)).mask
    assert sorted(rewired.layers[0].weight.tolist()) == sorted(mask.layers[0].weight.tolist())


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_membership_is_rewired_with_sizes_kept_and_the_same_in_both_directions(n_layers: int) -> None:
    mask = grouped_mask(1, n_layers, nested=False)
    rewired = rewire_mask(mask, np.random.default_rng(0)).mask
    for layer in range(len(mask.layers)):
        for relation in mask.relations:
            assert degrees(rewired, layer, relation) == degrees(mask, layer, relation)
    assert memberships(rewired, 0) == memberships(rewired, n_layers - 1)
    assert memberships(rewired, 0) != memberships(mask, 0)


def test_what_follows_from_nesting_is_worked_out_again() -> None:
    mask = grouped_mask(2, n_layers=4)
    rewired = rewire_mask(mask, np.random.default_rng(0)).mask
    leaf0, leaf1, leaf2, mid, root = (
        N_GENES + mask.group_tokens.index(t) for t in ("leaf0", "leaf1", "leaf2", "mid", "root")
    )
    inside = {leaf0: (mid, root), leaf1: (mid, root), leaf2: (root,), mid: (root,)}
    stated = memberships(rewired, 0)
    expected = stated | {(gene, around) for gene, token in stated for around in inside.get(token, ())}
    assert memberships(rewired, 3) == expected
    assert degrees(rewired, 0, "member_of") == degrees(mask, 0, "member_of")
    assert degrees(rewired, 1, "subgroup_of") == degrees(mask, 1, "subgroup_of")
    assert np.array_equal(rewired.layers[1].rows[-3:], mask.layers[1].rows[-3:])  # nesting itself stays


def test_genes_read_a_group_that_does_not_read_them_without_harm() -> None:
    table = EdgeTable.build([0, 1, 2, 3], [4, 4, 5, 5])
    mask = Mask("m", GENES[:4], (table,), group_tokens=("a", "b"))
    rewired = rewire_mask(mask, np.random.default_rng(0)).mask
    assert degrees(rewired, 0, "acts_on") == degrees(mask, 0, "acts_on")


def test_entries_of_different_layers_do_not_exchange_ends() -> None:
    rng = np.random.default_rng(0)
    layers = tuple(EdgeTable.build(*rng.integers(0, N_GENES, (2, 50))) for _ in range(2))
    mask = Mask("m", GENES, layers)
    rewired = rewire_mask(mask, rng).mask
    for layer in range(2):
        assert degrees(rewired, layer, "acts_on") == degrees(mask, layer, "acts_on")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), undirected=st.booleans())
def test_modules_keep_their_numbers_of_edges_within_and_between(seed: int, undirected: bool) -> None:
    mask = random_mask(seed, undirected=undirected)
    modules = [f"module{i % 3}" for i in range(N_GENES)]
    rewired = rewire_mask(mask, np.random.default_rng(seed), modules=modules).mask

    def between(held: Mask) -> dict[tuple[int, int, int], int]:
        table = held.layers[0]
        labels, counts = np.unique(
            np.stack([table.rows % 3, table.cols % 3, table.relation]), axis=1, return_counts=True
        )
        return {tuple(label): int(count) for label, count in zip(labels.T.tolist(), counts, strict=True)}

    assert between(rewired) == between(mask)
    for relation in mask.relations:
        assert degrees(rewired, 0, relation) == degrees(mask, 0, relation)


def test_modules_hold_for_members_of_groups_too() -> None:
    mask = grouped_mask(3, n_layers=2, nested=False)
    modules = ["even" if i % 2 == 0 else "odd" for i in range(N_GENES)]
    rewired = rewire_mask(mask, np.random.default_rng(0), modules=modules).mask

    def by_module(held: Mask) -> list[tuple[int, int]]:
        return sorted((gene % 2, token) for gene, token in memberships(held, 0))

    assert by_module(rewired) == by_module(mask)


def test_too_few_module_labels_are_refused() -> None:
    with pytest.raises(HypothesisError, match="got 3 module labels, expected one for each of 30 genes"):
        rewire_mask(random_mask(0), np.random.default_rng(0), modules=["a", "b", "c"])


def test_overlap_is_the_share_of_the_original_that_recurs() -> None:
    original = Mask("m", GENES, (EdgeTable.build([0, 1, 2, 3], [1, 2, 3, 4]),))
    other = Mask("m", GENES, (EdgeTable.build([0, 1, 7], [1, 2, 8]),))
    assert overlap_with(original, other) == 0.5
    done = rewire_mask(random_mask(0), np.random.default_rng(0))
    assert done.overlap == overlap_with(random_mask(0), done.mask) < 0.3


def test_mask_without_edges_is_left_alone() -> None:
    mask = Mask("m", GENES, (EdgeTable.build([], []),))
    done = rewire_mask(mask, np.random.default_rng(0))
    assert (done.mask.n_edges, done.accepted) == (0, 0)
