"""Give a mask's wiring to other genes of the same tokens: the shape stays whole, the genes change places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.mask_rewiring import module_codes

__all__ = ["relabel_mask"]


def relabel_mask(
    mask: Mask, rng: np.random.Generator, *, involved_only: bool, modules: Sequence[str] | None = None
) -> Mask:
    """Return `mask` with its gene tokens permuted; group tokens stay.

    Parameters
    ----------
    involved_only
        Permute among the genes that have an entry, so that the same genes take part; otherwise among all genes.
    modules
        Module label per gene token; genes change places only within their module.
    """
    module = module_codes(mask, modules)[: mask.n_genes]
    movable = np.zeros(mask.n_tokens, dtype=bool)
    if involved_only:
        movable[np.unique(np.divmod(mask.pair_keys, max(mask.n_tokens, 1)))] = True
    else:
        movable[:] = True
    place = np.arange(mask.n_tokens)
    for label in np.unique(module):
        genes = np.flatnonzero((module == label) & movable[: mask.n_genes])
        place[genes] = rng.permutation(genes)
    layers = tuple(
        EdgeTable.build(place[table.rows], place[table.cols], table.relation, table.weight) for table in mask.layers
    )
    return replace(mask, layers=layers)
