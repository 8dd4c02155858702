"""A mask in numbers, and how much two masks have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hypomask.masks.mask import Mask

__all__ = ["MaskOverlap", "MaskSummary", "direction_only", "mask_overlaps", "summarise"]

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
MUCH_ALIKE = 0.5  # Jaccard index from which a comparison of two hypotheses rests on a minority of their edges


@dataclass(frozen=True)
class MaskSummary:
    """Numbers about a mask; the diagonal is left out of all counts but `density`.

    Parameters
    ----------
    n_edges
        (row, column) pairs allowed in any layer, relations merged; an undirected edge counts twice.
    relations
        Pairs per relation.
    density
        Share of all pairs that are allowed, diagonal included.
    symmetric_share
        Share of the pairs whose mirror image is allowed too; 0 without edges.
    isolated_genes
        Genes that read nothing and are read by nothing.
    reads, read_by
        Minimum, lower quartile, median, upper quartile and maximum over genes of how many tokens a gene reads, and
        is read by.
    """

    name: str
    n_genes: int
    n_group_tokens: int
    n_layers_stored: int
    n_edges: int
    relations: dict[str, int]
    density: float
    symmetric_share: float
    isolated_genes: tuple[str, ...]
    reads: tuple[float, ...]
    read_by: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class MaskOverlap:
    """Edges that two masks have in common, gene names compared.

    Parameters
    ----------
    i, j
        Positions of the two among the masks that were compared, ``i < j``.
    shared
        Pairs that are in both.
    jaccard
        `shared` over the pairs that are in either, 0 to 1; 1 when neither has any.
    same
        Whether genes, group tokens and pairs are all the same.
    undirected_jaccard
        As `jaccard`, without regard to who reads whom.
    """

    i: int
    j: int
    a: str
    b: str
    shared: int
    jaccard: float
    same: bool
    undirected_jaccard: float

    @property
    def direction_only(self) -> bool:
        """Whether the two connect the same genes, and differ in who reads whom."""
        return not self.same and self.undirected_jaccard >= MUCH_ALIKE > self.jaccard

    @property
    def warning(self) -> str | None:
        """What to tell who compares the two, or None."""
        if self.same:
            return (
                f"hypotheses {self.a!r} and {self.b!r} are the same wiring in these data; nothing can tell them apart: "
                f"drop one"
            )
        if self.direction_only:
            # Measured at n = 1,500: hub -> 15 targets was called better than 15 targets -> hub, of the same products.
            return (
                f"hypotheses {self.a!r} and {self.b!r} connect the same genes ({self.undirected_jaccard:.0%} of their "
                "pairs) and differ in direction: what two genes do together has no direction, so a difference between "
                "these two is no evidence for either direction"
            )
        if self.shared and self.jaccard >= MUCH_ALIKE:
            return (
                f"hypotheses {self.a!r} and {self.b!r} share {self.jaccard:.0%} of their edges in these data "
                f"({self.shared}): a difference between them rests on the rest"
            )
        return None


def summarise(mask: Mask) -> MaskSummary:
    """Count what a mask holds."""
    n = mask.n_tokens
    rows, cols = np.divmod(mask.pair_keys, max(n, 1))
    reads = np.bincount(rows, minlength=n)[: mask.n_genes]
    read_by = np.bincount(cols, minlength=n)[: mask.n_genes]
    mirrored = np.isin(cols * n + rows, mask.pair_keys)
    return MaskSummary(
        name=mask.name,
        n_genes=mask.n_genes,
        n_group_tokens=len(mask.group_tokens),
        n_layers_stored=len(mask.layers),
        n_edges=mask.n_edges,
        relations=_pairs_by_relation(mask),
        density=mask.density,
        symmetric_share=float(mirrored.mean()) if mask.n_edges else 0.0,
        isolated_genes=tuple(mask.genes[i] for i in np.flatnonzero(reads + read_by == 0)),
        reads=_quantiles(reads),
        read_by=_quantiles(read_by),
    )


def mask_overlaps(masks: Sequence[Mask]) -> list[MaskOverlap]:
    """Compare every two masks that connect two tokens in common, in either direction, or are the same without an edge.

    In the order given; the masks may have different genes. Of the three million pairs of Reactome's 2,484 pathways,
    39,506 have something in common, and no other is looked at.
    """
    directed, undirected = _incidence(masks, directed=True), _incidence(masks, directed=False)
    shared, either_way = _shared_pairs(directed), _shared_pairs(undirected)
    lines = np.diff(undirected.indptr).tolist()  # of each mask, directions aside
    bare: dict[tuple[frozenset[str], frozenset[str]], list[int]] = {}
    for i, mask in enumerate(masks):
        if not mask.n_edges:
            bare.setdefault((frozenset(mask.genes), frozenset(mask.group_tokens)), []).append(i)
    same_without_edges = (pair for alike in bare.values() for pair in combinations(alike, 2))
    overlaps = []
    for i, j in sorted({*either_way, *same_without_edges}):
        a, b, common, common_lines = masks[i], masks[j], shared.get((i, j), 0), either_way.get((i, j), 0)
        either, either_lines = a.n_edges + b.n_edges - common, lines[i] + lines[j] - common_lines
        same = common == either and set(a.genes) == set(b.genes) and set(a.group_tokens) == set(b.group_tokens)
        jaccard = common / either if either else 1.0
        undirected_jaccard = common_lines / either_lines if either_lines else 1.0
        overlaps.append(MaskOverlap(i, j, a.name, b.name, common, jaccard, same, undirected_jaccard))
    return overlaps


def direction_only(masks: Sequence[Mask]) -> frozenset[frozenset[str]]:
    """Return the pairs of masks, by name, that connect the same genes and differ in direction."""
    return frozenset(frozenset((row.a, row.b)) for row in mask_overlaps(masks) if row.direction_only)


def _shared_pairs(held: sp.csr_array) -> dict[tuple[int, int], int]:
    """Return how many pairs of tokens masks i and j, i < j, both hold, where they hold any."""
    counts = sp.triu(held @ held.T, k=1).tocoo()
    return dict(zip(zip(counts.row.tolist(), counts.col.tolist(), strict=True), counts.data.tolist(), strict=True))


def _incidence(masks: Sequence[Mask], *, directed: bool) -> sp.csr_array:
    """Return (masks, pairs) counts of 1: which mask holds which pair of named tokens, ordered or not."""
    number: dict[tuple[str, str], int] = {}
    keys = []
    for mask in masks:
        names = [("gene", gene) for gene in mask.genes] + [("group", token) for token in mask.group_tokens]
        place = np.array([number.setdefault(name, len(number)) for name in names], dtype=np.int64)
        rows, cols = np.divmod(mask.pair_keys, max(mask.n_tokens, 1))
        reader, read = (place[rows], place[cols]) if len(place) else (rows, cols)
        if not directed:
            reader, read = np.minimum(reader, read), np.maximum(reader, read)
        keys.append(np.unique((reader << 32) + read))
    pairs, columns = np.unique(np.concatenate([np.zeros(0, np.int64), *keys]), return_inverse=True)
    starts = np.concatenate([[0], np.cumsum([len(held) for held in keys])])
    ones = np.ones(len(columns), dtype=np.int64)
    return sp.csr_array((ones, columns.reshape(-1), starts), shape=(len(masks), len(pairs)))


def _pairs_by_relation(mask: Mask) -> dict[str, int]:
    counts = {}
    for number, relation in enumerate(mask.relations):
        keys = [
            table.rows[table.relation == number].astype(np.int64) * mask.n_tokens + table.cols[table.relation == number]
            for table in mask.layers
        ]
        counts[relation] = len(np.unique(np.concatenate(keys)))
    return counts


def _quantiles(degrees: npt.NDArray[np.int64]) -> tuple[float, ...]:
    return tuple(float(q) for q in np.quantile(degrees, QUANTILES)) if len(degrees) else (0.0,) * len(QUANTILES)
