"""Which genes act on each other through groups, whatever the groups are called.

Two stars over the same genes share no edge when their groups have different names, though both let the same genes act
on each other: this is what such hypotheses are compared by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hypomask.masks.mask import Mask

if TYPE_CHECKING:
    import scipy.sparse as sp

__all__ = ["reach_jaccard"]

MAX_PAIRS = 4_000_000


def reach_jaccard(a: Mask, b: Mask) -> float | None:
    """Return the share of gene pairs, connected directly or through groups in either mask, that both connect.

    Returns
    -------
    float or None
        0 to 1; None where there are no pairs, or too many (`MAX_PAIRS`) to be counted.
    """
    genes = tuple(dict.fromkeys((*a.genes, *b.genes)))
    first, second = _reach(a, genes), _reach(b, genes)
    if first is None or second is None:
        return None
    shared = int(first.multiply(second).nnz)
    either = int(first.nnz + second.nnz) - shared
    return shared / either if either else None


def _reach(mask: Mask, genes: Sequence[str]) -> sp.csr_array | None:
    """Return (genes, genes) ones where the row's gene hears of the column's, itself left out."""
    import scipy.sparse as sp

    n, n_genes = mask.n_tokens, mask.n_genes
    rows, cols = np.divmod(mask.pair_keys, max(n, 1))
    reads = sp.csr_array((np.ones(len(rows), np.int64), (rows, cols)), shape=(n, n))
    through, within = reads[:n_genes, n_genes:], reads[n_genes:, n_genes:]
    hears = reads[n_genes:, :n_genes]
    for _ in range(mask.n_tokens - n_genes):  # groups in groups: at most as deep as there are groups
        more = _ones(hears + within @ hears)
        if more.nnz == hears.nnz:
            break
        hears = more
    if int(through.sum(axis=0) @ hears.sum(axis=1)) > MAX_PAIRS:
        return None
    found = (reads[:n_genes, :n_genes] + through @ hears).tocoo()
    number = {gene: i for i, gene in enumerate(genes)}
    place = np.array([number[gene] for gene in mask.genes], dtype=np.int64)
    apart = found.row != found.col
    row, col = place[found.row[apart]], place[found.col[apart]]
    return _ones(sp.csr_array((np.ones(len(row), np.int64), (row, col)), shape=(len(genes), len(genes))))


def _ones(counts: sp.csr_array) -> sp.csr_array:
    counts = counts.tocsr()
    counts.data[:] = 1
    return counts
