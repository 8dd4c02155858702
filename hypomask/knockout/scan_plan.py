"""Which tokens an intervention changes, layer by layer, and how: worked out once, carried out for every model.

A token is *touched* in a layer when its own state has changed, when it reads a token whose state has changed, or when
one of its pairs is edited. Only touched tokens are computed again, and what they come to is what changed tokens are in
the next layer. Two ways lead there:

- *altered*: the token's own state is as before, and some of its pairs were cut, added, or read other states. Its
  softmax is a sum of which some terms are taken off and others put on.
- *own*: the token's own state has changed, and with it its query: all of its pairs are computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hypomask.knockout.edits import CUT, Edits
from hypomask.knockout.graph import Index, LayerGraph, find, ranges

__all__ = ["BASE", "Altered", "LayerPlan", "Own", "Pairs", "ScanPlan", "as_own", "plan_scan", "touched_tokens"]

BASE = -1
"""In place of a position among changed states: the state is as measured."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of touched tokens.

    Parameters
    ----------
    row
        (Q,) position of the reader among the touched tokens, ascending.
    old
        (Q,) the pair in the layer's graph, -1 where it was added.
    col, state
        (Q,) the token read, and the position of its changed state (`BASE`: as measured).
    edit
        (Q,) position of the edit that sets the pair's weight, -1 where it keeps its own.
    cut
        (Q,) whether the pair is gone.
    """

    row: Index
    old: Index
    col: Index
    state: Index
    edit: Index
    cut: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    def starts(self, n_rows: int) -> Index:
        """Return (R + 1,): pairs of row r are those from position r up to position r + 1."""
        return np.asarray(np.searchsorted(self.row, np.arange(n_rows + 1)))

    def at(self, pairs: Index) -> Pairs:
        """Return the pairs at positions `pairs`."""
        return Pairs(
            self.row[pairs], self.old[pairs], self.col[pairs], self.state[pairs], self.edit[pairs], self.cut[pairs]
        )


@dataclass(frozen=True, eq=False)
class Altered:
    """Touched tokens whose own state is as before, with those of their pairs that are altered, at least one each."""

    item: Index
    token: Index
    pairs: Pairs

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def before(self) -> Pairs:
        """Altered pairs that there were before."""
        return self.pairs.at(np.flatnonzero(self.pairs.old >= 0))

    @cached_property
    def after(self) -> Pairs:
        """Altered pairs that there are now."""
        return self.pairs.at(np.flatnonzero(~self.pairs.cut))

    @cached_property
    def reading_changed(self) -> Index:
        """Positions in `after` of pairs that read a changed state, ordered by it."""
        there = np.flatnonzero(self.after.state != BASE)
        return there[np.argsort(self.after.state[there], kind="stable")]

    @cached_property
    def reading_measured(self) -> Index:
        """Positions in `after` of pairs that read a state as measured: added ones, and those with another weight."""
        return np.flatnonzero(self.after.state == BASE)


@dataclass(frozen=True, eq=False)
class Own:
    """Touched tokens with all the pairs that they have after the intervention; there is always one, their own.

    Parameters
    ----------
    item, token, state
        (R,) and the position of the token's own changed state (`BASE`: as measured).
    """

    item: Index
    token: Index
    state: Index
    pairs: Pairs

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def reading_changed(self) -> Index:
        """Pairs that read a changed state."""
        return np.flatnonzero(self.pairs.state != BASE)

    @cached_property
    def reading_measured(self) -> Index:
        """Pairs that read a state as measured."""
        return np.flatnonzero(self.pairs.state == BASE)


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """What is computed again in one layer. The states it leaves are numbered: those of `own`, then of `altered`."""

    own: Own
    altered: Altered


@dataclass(frozen=True, eq=False)
class ScanPlan:
    """The plan of some interventions, one entry per layer."""

    edits: Edits
    layers: tuple[LayerPlan, ...]

    @property
    def n_touched(self) -> int:
        """Tokens computed again, over all layers."""
        return sum(len(layer.own) + len(layer.altered) for layer in self.layers)


def plan_scan(edits: Edits, graphs: tuple[LayerGraph, ...]) -> ScanPlan:
    """Work out what the interventions of `edits` touch in each layer of `graphs`."""
    n = graphs[0].n_tokens
    changed = edits.value_item * n + edits.value_gene  # ascending
    position = np.arange(len(changed))
    layers = []
    for graph in graphs:
        layer = _layer_plan(edits, graph, changed, position)
        layers.append(layer)
        keys = np.concatenate([part.item * n + part.token for part in (layer.own, layer.altered)])
        position = np.argsort(keys)
        changed = keys[position]
    return ScanPlan(edits, tuple(layers))


def touched_tokens(plan: ScanPlan) -> tuple[Index, Index]:
    """Return (item, token) of every token that is computed again in any layer, each once, by item and token."""
    parts = [part for layer in plan.layers for part in (layer.own, layer.altered)]
    n = max((int(part.token.max(initial=0)) for part in parts), default=0) + 1
    item, token = np.divmod(np.unique(np.concatenate([part.item * n + part.token for part in parts])), n)
    return item, token


def as_own(graph: LayerGraph, rows: Altered, which: Index) -> Own:
    """Return the altered tokens at positions `which` with all of their pairs, computed as if nothing were known."""
    start = rows.pairs.starts(len(rows))
    at, row = ranges(start[which], start[which + 1])
    pairs = rows.pairs.at(at)
    pairs = Pairs(row, pairs.old, pairs.col, pairs.state, pairs.edit, pairs.cut)
    return _all_pairs(graph, rows.item[which], rows.token[which], np.full(len(which), BASE), pairs)


def _layer_plan(edits: Edits, graph: LayerGraph, changed: Index, position: Index) -> LayerPlan:
    n = graph.n_tokens
    changed_item, changed_token = np.divmod(changed, n)
    reading, which = graph.pairs_reading(changed_token)
    read_keys = (changed_item[which] * n + graph.rows[reading]) * n + graph.cols[reading]
    edit_keys = (edits.pair_item * n + edits.pair_row) * n + edits.pair_col
    keys = _union(read_keys, edit_keys)
    reader, col = np.divmod(keys, n)
    item, token = np.divmod(reader, n)
    old = graph.pair_at(token, col)
    edit = find(edit_keys, keys)
    cut = np.zeros(len(keys), dtype=bool)
    cut[edit >= 0] = edits.pair_weight[edit[edit >= 0]] == CUT
    real = (old >= 0) | ~cut  # a cut where there is no pair changes nothing
    if not real.all():
        reader, item, token, col, old, edit, cut = (part[real] for part in (reader, item, token, col, old, edit, cut))
    state = np.where(cut, BASE, _positions(changed, position, item * n + col))
    first = np.flatnonzero(np.diff(reader, prepend=-1))
    own_state = _positions(changed, position, reader[first])
    is_own = own_state != BASE
    of_row = np.repeat(is_own, np.diff(first, append=len(reader)))
    parts = []
    for rows, mine in ((is_own, of_row), (~is_own, ~of_row)):
        row = np.repeat(np.arange(int(rows.sum())), np.diff(first, append=len(reader))[rows])
        parts.append(Pairs(row, old[mine], col[mine], state[mine], edit[mine], cut[mine]))
    own = _all_pairs(graph, item[first[is_own]], token[first[is_own]], own_state[is_own], parts[0])
    return LayerPlan(own, Altered(item[first[~is_own]], token[first[~is_own]], parts[1]))


def _union(one: Index, two: Index) -> Index:
    """Return the numbers of both, each once, ascending."""
    both = np.sort(np.concatenate([one, two]), kind="stable")
    return np.asarray(both[np.diff(both, prepend=-1) != 0])


def _positions(changed: Index, position: Index, keys: Index) -> Index:
    """Return the positions of the changed states of tokens (keys), `BASE` where they are as measured."""
    if not len(changed):
        return np.full(len(keys), BASE)
    at = find(changed, keys)
    return np.where(at >= 0, position[at], BASE)


def _all_pairs(graph: LayerGraph, item: Index, token: Index, own_state: Index, altered: Pairs) -> Own:
    """Return tokens with all their pairs after the alterations."""
    old, row = graph.pairs_of(token)
    state, edit = np.full(len(old), BASE), np.full(len(old), -1)
    kept = np.ones(len(old), dtype=bool)
    there, added = np.flatnonzero(altered.old >= 0), np.flatnonzero(altered.old < 0)
    degree = np.diff(graph.start)[token]
    offset = np.cumsum(degree) - degree - graph.start[token]
    place = offset[altered.row[there]] + altered.old[there]
    state[place], edit[place], kept[place] = altered.state[there], altered.edit[there], ~altered.cut[there]
    more = altered.at(added)
    columns = [
        np.concatenate([part[kept], new])
        for part, new in (
            (row, more.row),
            (old, more.old),
            (graph.cols[old], more.col),
            (state, more.state),
            (edit, more.edit),
        )
    ]
    if len(added):
        order = np.argsort(columns[0], kind="stable")
        columns = [column[order] for column in columns]
    row, old, col, state, edit = columns
    return Own(item, token, own_state, Pairs(row, old, col, state, edit, np.zeros(len(row), dtype=bool)))
