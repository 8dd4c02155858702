"""Groups and edges of a hypothesis as its mask knows them."""

from __future__ import annotations

import numpy as np

from hypomask.hypothesis.graph import GeneGroup, Hypothesis
from hypomask.masks.mask import Mask

__all__ = ["edges_of", "group_members"]


def group_members(hypothesis: Hypothesis | None, mask: Mask) -> dict[str, tuple[str, ...]]:
    """Return the members of each group that are gene tokens, those of groups inside it included.

    Groups come from the hypothesis; for group tokens that it does not name (null masks, references) from the mask: the
    genes that the token reads or that read it.
    """
    tokens = set(mask.genes)
    members: dict[str, tuple[str, ...]] = {}
    if hypothesis is not None:
        by_name = {group.name: group for group in hypothesis.groups}
        members = {
            name: tuple(gene for gene in _nested(group, by_name, set()) if gene in tokens)
            for name, group in by_name.items()
        }
    rows, cols = np.divmod(mask.pair_keys, mask.n_tokens)
    for g, name in enumerate(mask.group_tokens):
        if name not in members:
            token = mask.n_genes + g
            near = np.unique(np.concatenate([cols[rows == token], rows[cols == token]]))
            members[name] = tuple(mask.genes[t] for t in near.tolist() if t < mask.n_genes)
    return members


def edges_of(mask: Mask) -> list[tuple[str, str, bool]]:
    """Return (source, target, both ways) of all pairs of genes that may read one another, each pair of genes once."""
    n = mask.n_tokens
    rows, cols = np.divmod(mask.pair_keys, n)
    genes = (rows < mask.n_genes) & (cols < mask.n_genes)
    pairs = set(zip(cols[genes].tolist(), rows[genes].tolist(), strict=True))
    return [(mask.genes[s], mask.genes[t], (t, s) in pairs) for s, t in sorted(pairs) if (t, s) not in pairs or s < t]


def _nested(group: GeneGroup, by_name: dict[str, GeneGroup], seen: set[str]) -> dict[str, None]:
    """Return the group's members and those of its children, in order."""
    seen.add(group.name)
    genes = dict.fromkeys(group.members)
    for child in group.children:
        if child in by_name and child not in seen:
            genes |= _nested(by_name[child], by_name, seen)
    return genes
