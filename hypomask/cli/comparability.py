"""What decides, before anything is trained, whether comparing hypotheses can work at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from hypomask.cli.group_reach import reach_jaccard
from hypomask.hypothesis.graph import Hypothesis
from hypomask.masks.mask import Mask
from hypomask.masks.summary import MUCH_ALIKE, MaskOverlap
from hypomask.report.wording import count, percentage

__all__ = ["GeneOverlap", "doubts", "gene_overlaps"]

SAME_GENES = 0.9  # Jaccard index from which gene sets say the same
CROWDED = 0.8  # share of all pairs from which a rewired mask is nearly the mask itself
MUCH_LARGER = 10
MAX_REACHES = 60  # pairs of hypotheses whose groups are followed


@dataclass(frozen=True)
class GeneOverlap:
    """Genes in the data that hypotheses `i` and `j`, ``i < j``, both name. `jaccard`: over those that either names."""

    i: int
    j: int
    a: str
    b: str
    shared: int
    jaccard: float


def gene_overlaps(hypotheses: Sequence[Hypothesis], genes: Sequence[str]) -> list[GeneOverlap]:
    """Compare every two hypotheses that name a gene of the data in common, in the order given."""
    import numpy as np
    import scipy.sparse as sp

    number = {gene: i for i, gene in enumerate(dict.fromkeys(genes))}
    held = [sorted({number[gene] for gene in hypothesis.genes if gene in number}) for hypothesis in hypotheses]
    sizes = [len(found) for found in held]
    columns = np.array(list(chain.from_iterable(held)), dtype=np.int32)
    start = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    names_gene = sp.csr_array((np.ones(len(columns), np.int32), columns, start), shape=(len(held), len(number)))
    both = sp.triu(names_gene @ names_gene.T, k=1).tocoo()
    found = sorted(zip(both.row.tolist(), both.col.tolist(), both.data.tolist(), strict=True))
    return [
        GeneOverlap(i, j, hypotheses[i].name, hypotheses[j].name, shared, shared / (sizes[i] + sizes[j] - shared))
        for i, j, shared in found
    ]


def doubts(
    hypotheses: Sequence[Hypothesis],
    masks: Sequence[Mask],
    edges: Sequence[MaskOverlap],
    genes: Sequence[GeneOverlap],
) -> list[str]:
    """Return warnings about the set, beside those that `edges` state themselves."""
    same_wiring = {(edge.i, edge.j) for edge in edges if edge.same}
    found = [said for edge in edges if not edge.same for said in _nested(edge, masks[edge.i], masks[edge.j])]
    found += [
        f"hypotheses {gene.a!r} and {gene.b!r} name the same genes ({percentage(gene.jaccard)}): in a study of "
        "scope members only their wiring tells them apart; scope all asks that question with more power"
        for gene in genes
        if gene.jaccard >= SAME_GENES
        and (gene.i, gene.j) not in same_wiring
        and hypotheses[gene.i].scope == hypotheses[gene.j].scope == "members"
    ]
    return [*found, *_same_reach(masks, edges, genes), *_crowded(hypotheses, masks), *_unequal(masks)]


def _same_reach(masks: Sequence[Mask], edges: Sequence[MaskOverlap], genes: Sequence[GeneOverlap]) -> list[str]:
    """Name hypotheses whose groups differ in name and connect the same genes; overlap of edges does not see it."""
    said = {(edge.i, edge.j) for edge in edges if edge.same or edge.jaccard >= MUCH_ALIKE}
    grouped = [
        gene
        for gene in genes
        if gene.jaccard >= MUCH_ALIKE
        and (gene.i, gene.j) not in said
        and (masks[gene.i].group_tokens or masks[gene.j].group_tokens)
    ]
    found = []
    for gene in sorted(grouped, key=lambda gene: -gene.jaccard)[:MAX_REACHES]:
        share = reach_jaccard(masks[gene.i], masks[gene.j])
        if share is not None and share >= MUCH_ALIKE:
            found.append(
                f"hypotheses {gene.a!r} and {gene.b!r} let the same genes act on each other ({percentage(share)} of "
                "the pairs that either connects), through different groups: only the cut of the groups differs"
            )
    return found


def _nested(edge: MaskOverlap, a: Mask, b: Mask) -> list[str]:
    """Say that all edges of one hypothesis are in another."""
    for inner, outer in ((a, b), (b, a)):
        if edge.shared and edge.shared == inner.n_edges < outer.n_edges:
            rest = outer.n_edges - inner.n_edges
            return [
                f"every edge of {inner.name!r} ({inner.n_edges:,}) is in {outer.name!r}: what is compared is the "
                f"rest of {outer.name!r} ({count(rest, 'edge')})"
            ]
    return []


def _crowded(hypotheses: Sequence[Hypothesis], masks: Sequence[Mask]) -> list[str]:
    """Say where random wirings of the same degrees would be nearly the same; in scope members nulls are gene sets."""
    found = []
    for hypothesis, mask in zip(hypotheses, masks, strict=True):
        possible = mask.n_tokens * (mask.n_tokens - 1)
        share = mask.n_edges / possible if possible else 0.0
        if hypothesis.scope == "all" and mask.n_tokens > 2 and share >= CROWDED:
            found.append(
                f"{mask.name!r} connects {percentage(share)} of all pairs: random wirings of its degrees are nearly "
                "the same, so that it cannot be shown to beat them; leave out large groups (`max_size`), or ask scope "
                "members"
            )
    return found


def _unequal(masks: Sequence[Mask]) -> list[str]:
    """Say once how far the sizes are apart."""
    wired = sorted((mask for mask in masks if mask.n_edges), key=lambda mask: mask.n_edges)
    if len(wired) < 2 or wired[-1].n_edges < MUCH_LARGER * wired[0].n_edges:
        return []
    least, most = wired[0], wired[-1]
    return [
        f"the hypotheses differ much in size: {most.name!r} has {most.n_edges:,} edges, {least.name!r} "
        f"{least.n_edges:,}; the larger can win by its size alone, so look at each against its own null masks first"
    ]
