"""The sparse attention mask. This class owns the meaning of rows and columns; no other code re-derives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hypomask.errors import HypothesisError
from hypomask.hypothesis.graph import Prior

__all__ = ["EdgeTable", "Mask"]


@dataclass(frozen=True, eq=False)
class EdgeTable:
    """Off-diagonal entries of one layer's mask, sorted by (row, col, relation), without repeats.

    Parameters
    ----------
    rows, cols
        (E,) int32: the token that receives (query) and the token that is read (key).
    relation
        (E,) int16 index into `Mask.relations`.
    weight
        (E,) float32 in (0, 1].
    """

    rows: npt.NDArray[np.int32]
    cols: npt.NDArray[np.int32]
    relation: npt.NDArray[np.int16]
    weight: npt.NDArray[np.float32]

    @property
    def n_edges(self) -> int:
        """Number of entries, relations counted apart."""
        return len(self.rows)

    @classmethod
    def build(
        cls,
        rows: npt.ArrayLike,
        cols: npt.ArrayLike,
        relation: npt.ArrayLike | None = None,
        weight: npt.ArrayLike | None = None,
    ) -> EdgeTable:
        """Sort, drop the diagonal, and merge repeats of (row, col, relation) keeping the largest weight."""
        r = np.asarray(rows, dtype=np.int32).reshape(-1)
        c = np.asarray(cols, dtype=np.int32).reshape(-1)
        rel = np.zeros(len(r), np.int16) if relation is None else np.asarray(relation, dtype=np.int16).reshape(-1)
        w = np.ones(len(r), np.float32) if weight is None else np.asarray(weight, dtype=np.float32).reshape(-1)
        off = r != c
        r, c, rel, w = r[off], c[off], rel[off], w[off]
        order = np.lexsort((-w, rel, c, r))
        r, c, rel, w = r[order], c[order], rel[order], w[order]
        if len(r):
            first = np.ones(len(r), dtype=bool)
            first[1:] = (np.diff(r) != 0) | (np.diff(c) != 0) | (np.diff(rel) != 0)
            r, c, rel, w = r[first], c[first], rel[first], w[first]
        return cls(r, c, rel, w)


@dataclass(frozen=True, eq=False)
class Mask:
    """Which token may read which. Row = query = the token that receives; column = key = the token that is read.

    The diagonal is always allowed and is not stored. Gene tokens come first, group tokens after them.

    Parameters
    ----------
    name
        The hypothesis (or reference, or null draw) the mask stands for.
    genes
        Gene tokens, in order.
    layers
        One `EdgeTable` that every layer of the model uses, or one per layer.
    group_tokens
        Names of tokens that carry influence between their members and have no measurement of their own.
    relations
        Names for `EdgeTable.relation`.
    prior
        How strongly the mask binds.
    heads
        Attention heads reserved per relation; empty: every head sees every relation.
    """

    name: str
    genes: tuple[str, ...]
    layers: tuple[EdgeTable, ...]
    group_tokens: tuple[str, ...] = ()
    relations: tuple[str, ...] = ("acts_on",)
    prior: Prior = field(default_factory=Prior)
    heads: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a mask whose tables point outside its tokens or relations."""
        if not self.layers:
            raise HypothesisError(f"mask {self.name!r}: got no layer, expected at least one edge table")
        for number, table in enumerate(self.layers):
            for what, index, limit in (
                ("row", table.rows, self.n_tokens),
                ("column", table.cols, self.n_tokens),
                ("relation", table.relation, len(self.relations)),
            ):
                if len(index) and not (int(index.min()) >= 0 and int(index.max()) < limit):
                    got = int(index.max()) if int(index.max()) >= limit else int(index.min())
                    raise HypothesisError(
                        f"mask {self.name!r}, layer {number}: got {what} {got}, expected 0 to {limit - 1}"
                    )

    @property
    def n_genes(self) -> int:
        """Number of gene tokens."""
        return len(self.genes)

    @property
    def n_tokens(self) -> int:
        """Number of gene and group tokens."""
        return len(self.genes) + len(self.group_tokens)

    @property
    def n_edges(self) -> int:
        """Off-diagonal (row, col) pairs allowed in any layer, relations merged."""
        return len(self.pair_keys)

    @property
    def density(self) -> float:
        """Share of all (row, col) pairs that are allowed in any layer, diagonal included."""
        return (self.n_edges + self.n_tokens) / self.n_tokens**2 if self.n_tokens else 0.0

    @cached_property
    def pair_keys(self) -> npt.NDArray[np.int64]:
        """(P,) sorted ``row * n_tokens + col`` of the off-diagonal pairs allowed in any layer, relations merged."""
        tables = {id(table): table for table in self.layers}.values()
        keys = [table.rows.astype(np.int64) * self.n_tokens + table.cols for table in tables]
        return np.unique(np.concatenate(keys))

    def edges(self, layer: int = 0) -> EdgeTable:
        """Return the edge table that `layer` uses."""
        return self.layers[0] if len(self.layers) == 1 else self.layers[layer]

    def csr(self, layer: int = 0, relation: str | None = None, *, diagonal: bool = True) -> sp.csr_array:
        """Return the allowed pairs of `layer` as a (N, N) boolean CSR array; one `relation` only where given."""
        table = self.edges(layer)
        keep = slice(None) if relation is None else table.relation == self.relations.index(relation)
        rows, cols = table.rows[keep], table.cols[keep]
        if diagonal:
            own = np.arange(self.n_tokens, dtype=np.int32)
            rows, cols = np.concatenate([rows, own]), np.concatenate([cols, own])
        shape = (self.n_tokens, self.n_tokens)
        matrix = sp.csr_array((np.ones(len(rows), dtype=np.int32), (rows, cols)), shape=shape)
        matrix.sum_duplicates()
        return matrix.astype(bool)

    def reach(self, n_layers: int) -> sp.csr_array:
        """Return (N, N) boolean: entry (t, j) when token t can be influenced by token j in `n_layers` layers."""
        reached = sp.eye_array(self.n_tokens, dtype=np.int32, format="csr")
        for layer in range(n_layers):
            reached = sp.csr_array(self.csr(layer).astype(np.int32) @ reached)
            reached.data[:] = 1
        return reached.astype(bool)

    def interacting_pairs(self, n_layers: int) -> sp.csr_array:
        """Return (G, G) boolean: pairs of genes that some gene's token can both be influenced by.

        Under the additive readout, which reads gene tokens and no group token, these are exactly the pairs whose
        mixed second difference may differ from 0.
        """
        genes = self.reach(n_layers)[: self.n_genes, : self.n_genes].astype(np.int32)
        pairs = sp.csr_array(genes.T @ genes)
        pairs.data[:] = 1
        return pairs.astype(bool)
