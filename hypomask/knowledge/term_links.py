"""Parent links of an ontology or pathway hierarchy as index arrays, and what can be reached along them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hypomask.errors import KnowledgeError, did_you_mean

if TYPE_CHECKING:
    import scipy.sparse as sp

__all__ = ["PROPAGATING", "Adjacency", "IntArray", "TermLinks"]

IntArray = npt.NDArray[np.int32]

PROPAGATING = ("is_a", "part_of")
"""What holds for a gene of the child holds for the parent. Not so for `regulates`: who regulates repair repairs
nothing, and not for `has_part`, which points from the whole to its part."""

# Asking for the general relation means its special cases too: go-basic states most regulation as one of these.
_INCLUDES = {"regulates": ("regulates", "positively_regulates", "negatively_regulates")}
# Asked for and absent is no mistake for these: a slim may hold no regulates link.
_WELL_KNOWN = ("is_a", "part_of", "regulates", "positively_regulates", "negatively_regulates", "has_part", "occurs_in")


@dataclass(frozen=True, eq=False)
class Adjacency:
    """Neighbours in compressed rows: those of term t are ``neighbours[start[t]:start[t + 1]]``, sorted."""

    start: npt.NDArray[np.int64]
    neighbours: IntArray

    @classmethod
    def build(cls, n_terms: int, origins: IntArray, ends: IntArray) -> Adjacency:
        """Sort the pairs (origin, end) into rows; repeats are merged."""
        keys = np.unique(origins.astype(np.int64) * max(n_terms, 1) + ends)
        rows, cols = np.divmod(keys, max(n_terms, 1))
        start = np.zeros(n_terms + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=n_terms), out=start[1:])
        return cls(start, cols.astype(np.int32))

    def of(self, term: int) -> IntArray:
        """Return the neighbours of one term."""
        return self.neighbours[self.start[term] : self.start[term + 1]]

    def reached(self, origins: IntArray) -> IntArray:
        """Return the terms on any path that leaves `origins`, sorted; an origin only if a path comes back to it."""
        seen = np.zeros(len(self.start) - 1, dtype=bool)
        front = origins
        while len(front):
            front = np.unique(gathered(self.start, self.neighbours, front))
            front = front[~seen[front]]
            seen[front] = True
        return np.flatnonzero(seen).astype(np.int32)


def gathered(start: npt.NDArray[np.int64], values: IntArray, rows: IntArray) -> IntArray:
    """Return the values of several compressed rows, one row after the other."""
    lengths = start[rows + 1] - start[rows]
    first = np.cumsum(lengths) - lengths
    return values[np.repeat(start[rows] - first, lengths) + np.arange(int(lengths.sum()))]


@dataclass(frozen=True, eq=False)
class TermLinks:
    """Links from children to parents, sorted by (child, parent, relation), without repeats.

    Parameters
    ----------
    n_terms
        Number of terms that the links are among.
    relations
        Names for `relation`.
    children, parents
        (E,) int32 indices of terms.
    relation
        (E,) int16 index into `relations`.
    """

    n_terms: int
    relations: tuple[str, ...]
    children: IntArray
    parents: IntArray
    relation: npt.NDArray[np.int16]

    @classmethod
    def build(cls, n_terms: int, links: Iterable[tuple[int, int, str]]) -> TermLinks:
        """Sort (child, parent, relation) and merge repeats; relations are named in alphabetical order."""
        ordered = sorted(set(links))
        relations = tuple(sorted({relation for _, _, relation in ordered}))
        number = {relation: i for i, relation in enumerate(relations)}
        return cls(
            n_terms,
            relations,
            np.array([child for child, _, _ in ordered], dtype=np.int32),
            np.array([parent for _, parent, _ in ordered], dtype=np.int32),
            np.array([number[relation] for _, _, relation in ordered], dtype=np.int16),
        )

    def __len__(self) -> int:
        return len(self.children)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is computed again in no time, so that a pickle is as small as the links."""
        return {key: value for key, value in self.__dict__.items() if key != "_cache"}

    @cached_property
    def _cache(self) -> dict[tuple[tuple[str, ...], bool], Adjacency]:
        return {}

    def resolved(self, relations: Sequence[str]) -> tuple[str, ...]:
        """Return those relations, with their special cases, that there are links of.

        Raises
        ------
        KnowledgeError
            A name that is neither a relation here nor a well-known one.
        """
        wanted: list[str] = []
        for relation in relations:
            if relation not in self.relations and relation not in _WELL_KNOWN:
                known = ", ".join(self.relations) or "there are none"
                hint = did_you_mean(relation, (*self.relations, *_WELL_KNOWN))
                raise KnowledgeError(f"relation {relation!r} links no terms here; expected some of: {known}.{hint}")
            wanted.extend(_INCLUDES.get(relation, (relation,)))
        return tuple(name for name in self.relations if name in wanted)

    def upward(self, relations: Sequence[str] = PROPAGATING) -> Adjacency:
        """Return the parents of every term along `relations`."""
        return self._adjacency(relations, upward=True)

    def downward(self, relations: Sequence[str] = PROPAGATING) -> Adjacency:
        """Return the children of every term along `relations`."""
        return self._adjacency(relations, upward=False)

    def _adjacency(self, relations: Sequence[str], *, upward: bool) -> Adjacency:
        names = self.resolved(relations)
        made = self._cache.get((names, upward))
        if made is None:
            kept = np.isin(self.relation, [self.relations.index(name) for name in names])
            children, parents = self.children[kept], self.parents[kept]
            ends = (children, parents) if upward else (parents, children)
            made = self._cache[names, upward] = Adjacency.build(self.n_terms, *ends)
        return made

    def closure(self, relations: Sequence[str] = PROPAGATING, among: IntArray | None = None) -> sp.csr_array:
        """Return (N, N) int32 ones: row t holds t itself and all its ancestors along `relations`.

        `among` (N,) limits it to these terms, sorted, and to paths through them; None: all.
        """
        import scipy.sparse as sp

        upward = self.upward(relations)
        links = np.ones(len(upward.neighbours), dtype=np.int32)
        step = sp.csr_array((links, upward.neighbours, upward.start), shape=(self.n_terms, self.n_terms))
        if among is not None:
            step = sp.csr_array(step[among][:, among])
        known = newest = sp.eye_array(step.shape[0], dtype=np.int32, format="csr")
        while newest.nnz:  # one level a turn; ends on circles too, since only new pairs go on
            reached = sp.csr_array(newest @ step)
            reached.data[:] = 1
            newest = sp.csr_array(reached - reached.multiply(known))
            newest.eliminate_zeros()
            known = sp.csr_array(known + newest)
        return known
