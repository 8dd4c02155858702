"""Interventions as edits of tokens and pairs, many at once: what the scan and its slow twin both carry out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.knockout.graph import Index

__all__ = ["CUT", "Edits"]

CUT = 0.0
"""Weight of a pair that may no longer be read at all."""


@dataclass(frozen=True, eq=False)
class Edits:
    """Edits of `n_items` interventions on one mask, each independent of the others.

    Parameters
    ----------
    value_item, value_gene
        (V,) gene tokens whose measurements change, ordered by (item, gene) without repeats; to which values, is given
        where they are carried out.
    pair_item, pair_row, pair_col, pair_weight
        (P,) pairs that change: item, reader, read token, and the pair's new weight as in a mask; `CUT`: not read by any
        head. Ordered by (item, row, col) without repeats. They hold in every layer.
    """

    n_items: int
    value_item: Index
    value_gene: Index
    pair_item: Index
    pair_row: Index
    pair_col: Index
    pair_weight: npt.NDArray[np.float64]

    @classmethod
    def build(
        cls,
        n_items: int,
        values: Sequence[tuple[int, int]] | Index,
        pairs: Sequence[tuple[int, int, int]] | Index,
        weights: Sequence[float] | npt.NDArray[np.float64],
    ) -> Edits:
        """Order edits and drop repeats; of a pair that is given twice, the smaller weight counts: a cut stays a cut."""
        value = np.unique(np.asarray(values, dtype=np.int64).reshape(-1, 2), axis=0)
        pair, weight = np.asarray(pairs, dtype=np.int64).reshape(-1, 3), np.asarray(weights, dtype=np.float64)
        off = pair[:, 1] != pair[:, 2]  # a token always reads itself
        pair, weight = pair[off], weight[off]
        order = np.lexsort((weight, pair[:, 2], pair[:, 1], pair[:, 0]))
        pair, weight = pair[order], weight[order]
        first = np.ones(len(pair), dtype=bool)
        first[1:] = (np.diff(pair, axis=0) != 0).any(axis=1)
        pair, weight = pair[first], weight[first]
        return cls(n_items, value[:, 0], value[:, 1], pair[:, 0], pair[:, 1], pair[:, 2], weight)

    def of_items(self, first: int, stop: int) -> Edits:
        """Return the edits of items `first` up to `stop`, which are numbered from 0 again."""
        v = slice(*np.searchsorted(self.value_item, [first, stop]))
        p = slice(*np.searchsorted(self.pair_item, [first, stop]))
        return Edits(
            stop - first,
            self.value_item[v] - first,
            self.value_gene[v],
            self.pair_item[p] - first,
            self.pair_row[p],
            self.pair_col[p],
            self.pair_weight[p],
        )
