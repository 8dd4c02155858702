"""The mask itself and the two references."""

from __future__ import annotations

import numpy as np
import pytest

from hypomask.errors import HypothesisError
from hypomask.masks.algebra import same_pattern
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction, random_mask, unconstrained

GENES = tuple("ABCD")


def test_edge_table_is_sorted_without_diagonal_and_keeps_the_largest_weight() -> None:
    table = EdgeTable.build([2, 0, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0.5, 0.25, 0.75, 1.0, 0.1])
    assert table.rows.tolist() == [0, 0, 2]
    assert table.relation.tolist() == [0, 1, 0]
    assert table.weight.tolist() == pytest.approx([0.75, 0.1, 0.5])


def test_diagonal_is_always_allowed() -> None:
    mask = no_interaction(GENES)
    assert mask.csr().toarray().tolist() == np.eye(4, dtype=bool).tolist()
    assert (mask.n_edges, mask.density) == (0, 0.25)


def test_reach_follows_edges_backwards_one_layer_at_a_time() -> None:
    chain = Mask("m", GENES, (EdgeTable.build([1, 2, 3], [0, 1, 2]),))
    assert [int(chain.reach(n).nnz) for n in range(4)] == [4, 7, 9, 10]


def test_group_token_that_no_gene_reads_lets_no_genes_interact() -> None:
    mask = Mask("m", GENES, (EdgeTable.build([4, 4], [0, 1]),), group_tokens=("g",))
    assert mask.interacting_pairs(1).nnz == 4  # each gene with itself


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (EdgeTable.build([4], [0]), "got row 4, expected 0 to 3"),
        (EdgeTable.build([0], [-1]), "got column -1, expected 0 to 3"),
        (EdgeTable.build([0], [1], [1]), "got relation 1, expected 0 to 0"),
    ],
)
def test_entries_outside_the_mask_are_refused(table: EdgeTable, said: str) -> None:
    with pytest.raises(HypothesisError, match=said):
        Mask("m", GENES, (table,))


def test_unconstrained_holds_all_pairs() -> None:
    mask = unconstrained(GENES)
    assert (mask.n_edges, mask.density) == (12, 1.0)
    assert same_pattern(mask, Mask("x", GENES, (EdgeTable.build(*np.indices((4, 4)).reshape(2, -1)),)))


def test_unconstrained_becomes_random_of_equal_size_when_all_pairs_are_too_many() -> None:
    genes = tuple(f"g{i}" for i in range(100))
    like = random_mask(genes, 300, seed=0)
    drawn = unconstrained(genes, like=like, max_edges=5000, seed=1)
    assert drawn.n_edges == 300
    assert same_pattern(drawn, unconstrained(genes, like=like, max_edges=5000, seed=1))
    assert not same_pattern(drawn, unconstrained(genes, like=like, max_edges=5000, seed=2))
    assert unconstrained(genes, max_edges=5000).n_edges == 5000


def test_random_mask_over_many_genes_never_lists_all_pairs() -> None:
    genes = tuple(map(str, range(20_000)))
    mask = random_mask(genes, 100_000, seed=0)
    assert mask.n_edges == 100_000
    rows = mask.layers[0].rows
    assert abs(float(rows.mean()) - 9999.5) < 100  # drawn over all rows alike


@pytest.mark.parametrize("n_edges", [0, 1, 11, 12])
def test_random_mask_has_as_many_edges_as_asked(n_edges: int) -> None:
    assert random_mask(GENES, n_edges, seed=0).n_edges == n_edges


def test_random_mask_refuses_more_edges_than_pairs() -> None:
    with pytest.raises(HypothesisError, match="got 13 edges, expected 0 to 12"):
        random_mask(GENES, 13, seed=0)


@pytest.mark.parametrize("n", [0, 1])
def test_references_of_hardly_any_genes(n: int) -> None:
    assert unconstrained(GENES[:n]).n_edges == 0 == no_interaction(GENES[:n]).n_edges
