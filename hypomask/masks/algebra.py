"""Union, intersection and difference of masks over the same tokens.

What is combined are the pairs (who may read whom). Relations are labels on them: an edge that one mask calls
``activates`` and the other ``binds`` is in the intersection, under both names. Weights combine as in fuzzy sets: the
larger in a union, the smaller in an intersection. Prior and heads are those of the first mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hypomask.errors import HypothesisError
from hypomask.masks.mask import EdgeTable, Mask

__all__ = ["difference", "intersection", "same_pattern", "union"]

IntArray = npt.NDArray[np.int64]


def union(first: Mask, second: Mask, *, name: str | None = None) -> Mask:
    """Return the pairs that are in either mask."""
    first, second = _aligned(first, second)
    layers = [_merged([a, b]) for a, b in zip(first.layers, second.layers, strict=True)]
    return replace(first, name=name or f"{first.name} or {second.name}", layers=tuple(layers))


def intersection(first: Mask, second: Mask, *, name: str | None = None) -> Mask:
    """Return the pairs that are in both masks."""
    first, second = _aligned(first, second)
    n = first.n_tokens
    layers = [_merged([_limited(a, b, n), _limited(b, a, n)]) for a, b in zip(first.layers, second.layers, strict=True)]
    return replace(first, name=name or f"{first.name} and {second.name}", layers=tuple(layers))


def difference(first: Mask, second: Mask, *, name: str | None = None) -> Mask:
    """Return the pairs of the first mask that are not in the second."""
    first, second = _aligned(first, second)
    n = first.n_tokens
    layers = [_kept(a, ~np.isin(_pairs(a, n), _pairs(b, n))) for a, b in zip(first.layers, second.layers, strict=True)]
    return replace(first, name=name or f"{first.name} without {second.name}", layers=tuple(layers))


def same_pattern(first: Mask, second: Mask) -> bool:
    """Return whether two masks let the same tokens read the same tokens in every layer; names and weights aside."""
    if first.genes != second.genes or first.group_tokens != second.group_tokens:
        return False
    n_layers = max(len(first.layers), len(second.layers))
    if {len(first.layers), len(second.layers)} - {1, n_layers}:
        return False
    return all(
        np.array_equal(
            np.unique(_pairs(first.edges(layer), first.n_tokens)),
            np.unique(_pairs(second.edges(layer), second.n_tokens)),
        )
        for layer in range(n_layers)
    )


def _aligned(first: Mask, second: Mask) -> tuple[Mask, Mask]:
    """Give both masks the same relations and the same number of layers, or say why that cannot be."""
    for what, ours, theirs in (
        ("gene", first.genes, second.genes),
        ("group token", first.group_tokens, second.group_tokens),
    ):
        if ours != theirs:
            place = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
            differ = (
                f"{len(ours)} and {len(theirs)} {what}s"
                if place is None
                else f"{what} {place + 1} is {ours[place]!r} in one and {theirs[place]!r} in the other"
            )
            raise HypothesisError(
                f"masks {first.name!r} and {second.name!r} have different tokens ({differ}): expected the same, in the "
                f"same order. Compile both hypotheses against the same genes."
            )
    n_layers = max(len(first.layers), len(second.layers))
    if {len(first.layers), len(second.layers)} - {1, n_layers}:
        raise HypothesisError(
            f"masks {first.name!r} and {second.name!r} have {len(first.layers)} and {len(second.layers)} layers: "
            f"expected the same number, or one table for all layers"
        )
    relations = tuple(dict.fromkeys([*_used_relations(first), *_used_relations(second)])) or first.relations
    return _with(first, relations, n_layers), _with(second, relations, n_layers)


def _used_relations(mask: Mask) -> list[str]:
    """Name the relations that have an entry or heads, so that a placeholder relation leaves no trace."""
    used = np.unique(np.concatenate([table.relation for table in mask.layers]))
    return [name for i, name in enumerate(mask.relations) if i in used or name in mask.heads]


def _with(mask: Mask, relations: tuple[str, ...], n_layers: int) -> Mask:
    number = np.array([relations.index(name) if name in relations else 0 for name in mask.relations], dtype=np.int16)
    tables = [EdgeTable.build(t.rows, t.cols, number[t.relation], t.weight) for t in mask.layers]
    layers = tuple(tables) if len(tables) == n_layers else tuple(tables * n_layers)
    return replace(mask, relations=relations, layers=layers)


def _pairs(table: EdgeTable, n_tokens: int) -> IntArray:
    keys: IntArray = table.rows.astype(np.int64) * n_tokens + table.cols
    return keys


def _kept(table: EdgeTable, keep: npt.NDArray[np.bool_]) -> EdgeTable:
    return EdgeTable(table.rows[keep], table.cols[keep], table.relation[keep], table.weight[keep])


def _limited(table: EdgeTable, other: EdgeTable, n_tokens: int) -> EdgeTable:
    """Return the entries on pairs of `other`, none heavier than the heaviest entry of `other` on its pair."""
    pairs, place = np.unique(_pairs(other, n_tokens), return_inverse=True)
    heaviest = np.zeros(len(pairs), dtype=np.float32)
    np.maximum.at(heaviest, place, other.weight)
    own = _pairs(table, n_tokens)
    kept = _kept(table, np.isin(own, pairs))
    limit = heaviest[np.searchsorted(pairs, _pairs(kept, n_tokens))]
    return replace(kept, weight=np.minimum(kept.weight, limit))


def _merged(tables: Sequence[EdgeTable]) -> EdgeTable:
    return EdgeTable.build(
        np.concatenate([table.rows for table in tables]),
        np.concatenate([table.cols for table in tables]),
        np.concatenate([table.relation for table in tables]),
        np.concatenate([table.weight for table in tables]),
    )
