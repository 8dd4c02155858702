"""Who reads whom in one layer, from both ends, for finding what an intervention touches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hypomask.model.attention import LayerLayout

__all__ = ["Index", "LayerGraph", "find", "ranges"]

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LayerGraph:
    """The allowed pairs of one layer, the diagonal among them; pair e is the e-th by (reader, read).

    Parameters
    ----------
    n_tokens
        N.
    start
        (N + 1,): pairs of reader t are ``start[t]`` up to ``start[t + 1]``.
    cols
        (E,) the token that pair e reads.
    """

    n_tokens: int
    start: Index
    cols: Index

    @classmethod
    def of(cls, layout: LayerLayout) -> LayerGraph:
        """Return the graph of a layout."""
        pattern = layout.pattern
        start, cols = (part.cpu().numpy().astype(np.int64) for part in (pattern.row_start, pattern.cols))
        return cls(pattern.n_tokens, start, cols)

    @property
    def n_pairs(self) -> int:
        """E."""
        return len(self.cols)

    @cached_property
    def rows(self) -> Index:
        """(E,) the reader of pair e."""
        return np.repeat(np.arange(self.n_tokens), np.diff(self.start))

    @cached_property
    def flat(self) -> Index:
        """(E,) ``reader * N + read``, ascending."""
        return self.rows * self.n_tokens + self.cols

    @cached_property
    def by_read(self) -> tuple[Index, Index]:
        """Pairs ordered by the token that is read: (N + 1,) starts and (E,) pairs."""
        order = np.argsort(self.cols, kind="stable")
        return np.searchsorted(self.cols[order], np.arange(self.n_tokens + 1)), order

    def pairs_reading(self, tokens: Index) -> tuple[Index, Index]:
        """Return all pairs that read any of `tokens`, and for each the position of its token."""
        start, order = self.by_read
        at, which = ranges(start[tokens], start[tokens + 1])
        return order[at], which

    def pairs_of(self, readers: Index) -> tuple[Index, Index]:
        """Return all pairs of `readers`, reader by reader, and for each the position of its reader."""
        return ranges(self.start[readers], self.start[readers + 1])

    def pair_at(self, readers: Index, read: Index) -> Index:
        """Return the pair of each reader and read token, -1 where it is not allowed."""
        return find(self.flat, readers * self.n_tokens + read)


def ranges(start: Index, stop: Index) -> tuple[Index, Index]:
    """Return ``start[0], ..., stop[0] - 1, start[1], ...`` and which range each number is of.

    Examples
    --------
    >>> at, which = ranges(np.array([5, 9]), np.array([7, 10]))
    >>> at.tolist(), which.tolist()
    ([5, 6, 9], [0, 0, 1])
    """
    lengths = stop - start
    which = np.repeat(np.arange(len(start)), lengths)
    before = np.cumsum(lengths) - lengths
    return np.arange(len(which)) - before[which] + start[which], which


def find(ascending: Index, wanted: Index) -> Index:
    """Return the position of each wanted number, -1 where it is not there.

    Examples
    --------
    >>> find(np.array([2, 5, 7]), np.array([7, 3])).tolist()
    [2, -1]
    """
    if not len(ascending):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[at] == wanted, at, -1)
