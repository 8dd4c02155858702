"""Which tokens an intervention changes, layer by layer, and how: worked out once, carried out for every model.

A token is *touched* in a layer when its own state has changed, when it reads a token whose state has changed, or when
one of its pairs is edited. Only touched tokens are computed again, and what they come to is what changed tokens are in
the next layer. Two ways lead there:

- *one pair altered*: the token's own state is as before and one pair of it was cut, added, or reads another state.
  Its softmax is a sum of which one term is taken off and another put on.
- *all pairs*: everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.knockout.edits import CUT, Edits
from hypomask.knockout.graph import Index, LayerGraph, find

__all__ = ["AllPairs", "LayerPlan", "OnePair", "ScanPlan", "plan_scan", "touched_tokens"]

BASE = -1
"""In place of a position among changed states: the state is as measured."""


@dataclass(frozen=True, eq=False)
class OnePair:
    """Touched tokens with one pair altered, the own state as before.

    Parameters
    ----------
    item, token
        (R,).
    old
        (R,) the pair in the layer's graph, -1 where it was added.
    col, state
        (R,) the token read, and the position of its changed state (`BASE`: as measured).
    cut
        (R,) whether the pair is gone.
    edit
        (R,) position of the edit that sets the pair's weight, -1 where it keeps its own.
    """

    item: Index
    token: Index
    old: Index
    col: Index
    state: Index
    cut: npt.NDArray[np.bool_]
    edit: Index

    def __len__(self) -> int:
        return len(self.item)

    def at(self, rows: Index) -> OnePair:
        """Return the tokens at positions `rows`."""
        return OnePair(
            self.item[rows],
            self.token[rows],
            self.old[rows],
            self.col[rows],
            self.state[rows],
            self.cut[rows],
            self.edit[rows],
        )


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Touched tokens with all the pairs they have after the intervention.

    Parameters
    ----------
    item, token, own
        (R,) and the position of the token's own changed state (`BASE`: as measured).
    start
        (R + 1,) pairs of row r are ``start[r]`` up to ``start[r + 1]``; there is always one, the token's own.
    row, old, col, state, edit
        (Q,) of every pair, as in `OnePair`.
    """

    item: Index
    token: Index
    own: Index
    start: Index
    row: Index
    old: Index
    col: Index
    state: Index
    edit: Index

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """What is computed again in one layer. The states it leaves are numbered: those of `all_pairs`, then `one_pair`."""

    all_pairs: AllPairs
    one_pair: OnePair


@dataclass(frozen=True, eq=False)
class ScanPlan:
    """The plan of some interventions, one entry per layer."""

    edits: Edits
    layers: tuple[LayerPlan, ...]

    @property
    def n_touched(self) -> int:
        """Tokens computed again, over all layers."""
        return sum(len(layer.all_pairs) + len(layer.one_pair) for layer in self.layers)


def plan_scan(edits: Edits, graphs: tuple[LayerGraph, ...]) -> ScanPlan:
    """Work out what the interventions of `edits` touch in each layer of `graphs`."""
    n = graphs[0].n_tokens
    changed = edits.value_item * n + edits.value_gene  # ascending
    position = np.arange(len(changed))
    layers = []
    for graph in graphs:
        altered = _altered_pairs(edits, graph, changed, position)
        layer = _layer_plan(edits, graph, altered, changed, position)
        layers.append(layer)
        item = np.concatenate([layer.all_pairs.item, layer.one_pair.item])
        token = np.concatenate([layer.all_pairs.token, layer.one_pair.token])
        keys = item * n + token
        position = np.argsort(keys)
        changed = keys[position]
    return ScanPlan(edits, tuple(layers))


def touched_tokens(plan: ScanPlan) -> tuple[Index, Index]:
    """Return (item, token) of every token that is computed again in any layer, each once, by item and token."""
    items = [part.item for layer in plan.layers for part in (layer.all_pairs, layer.one_pair)]
    tokens = [part.token for layer in plan.layers for part in (layer.all_pairs, layer.one_pair)]
    n = max((int(part.max(initial=0)) for part in tokens), default=0) + 1
    item, token = np.divmod(np.unique(np.concatenate(items) * n + np.concatenate(tokens)), n)
    return item, token


def _altered_pairs(edits: Edits, graph: LayerGraph, changed: Index, position: Index) -> OnePair:
    """Return all pairs that are altered, as if each were the only one of its token; by (item, reader, read)."""
    n = graph.n_tokens
    changed_item, changed_token = np.divmod(changed, n)
    reading, which = graph.pairs_reading(changed_token)
    read_keys = (changed_item[which] * n + graph.rows[reading]) * n + graph.cols[reading]
    edit_keys = (edits.pair_item * n + edits.pair_row) * n + edits.pair_col
    keys = np.unique(np.concatenate([read_keys, edit_keys]))
    reader, col = np.divmod(keys, n)
    item, token = np.divmod(reader, n)
    old = graph.pair_at(token, col)
    edit = find(edit_keys, keys)
    cut = np.zeros(len(keys), dtype=bool)
    cut[edit >= 0] = edits.pair_weight[edit[edit >= 0]] == CUT
    at = find(changed, item * n + col)
    state = np.where((at >= 0) & ~cut, position[at] if len(position) else BASE, BASE)
    altered = OnePair(item, token, old, col, state, cut, edit)
    return altered.at(np.flatnonzero((old >= 0) | ~cut))  # a cut where there is no pair changes nothing


def _layer_plan(edits: Edits, graph: LayerGraph, altered: OnePair, changed: Index, position: Index) -> LayerPlan:
    n = graph.n_tokens
    reader = altered.item * n + altered.token
    readers, first, count = np.unique(reader, return_index=True, return_counts=True)
    at = find(changed, readers)
    own = np.where(at >= 0, position[at] if len(position) else BASE, BASE)
    simple = (own == BASE) & (count == 1)
    one_pair = altered.at(first[simple])
    in_full = np.repeat(~simple, count)
    return LayerPlan(_all_pairs(graph, readers[~simple], own[~simple], altered.at(np.flatnonzero(in_full))), one_pair)


def all_pairs_of(graph: LayerGraph, rows: OnePair) -> AllPairs:
    """Return tokens with one pair altered with all their pairs, for where taking one term off is not exact."""
    return _all_pairs(graph, rows.item * graph.n_tokens + rows.token, np.full(len(rows), BASE), rows)


def _all_pairs(graph: LayerGraph, readers: Index, own: Index, altered: OnePair) -> AllPairs:
    """Return the readers (keys, ascending) with all their pairs after the alterations (of these readers alone)."""
    item, token = np.divmod(readers, graph.n_tokens)
    old, row = graph.pairs_of(token)
    state, edit = np.full(len(old), BASE), np.full(len(old), -1)
    kept = np.ones(len(old), dtype=bool)
    altered_row = np.searchsorted(readers, altered.item * graph.n_tokens + altered.token)
    known = altered.old >= 0
    offset = np.cumsum(np.diff(graph.start)[token]) - np.diff(graph.start)[token]
    place = offset[altered_row[known]] + altered.old[known] - graph.start[altered.token[known]]
    state[place], edit[place] = altered.state[known], altered.edit[known]
    kept[place] = ~altered.cut[known]
    added = np.flatnonzero(~known)
    columns = [
        np.concatenate([part[kept], more])
        for part, more in (
            (row, altered_row[added]),
            (old, np.full(len(added), -1)),
            (graph.cols[old], altered.col[added]),
            (state, altered.state[added]),
            (edit, altered.edit[added]),
        )
    ]
    if len(added):
        order = np.argsort(columns[0], kind="stable")
        columns = [column[order] for column in columns]
    row, old, col, state, edit = columns
    start = np.searchsorted(row, np.arange(len(readers) + 1))
    return AllPairs(item, token, own, start, row, old, col, state, edit)
