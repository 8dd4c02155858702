"""Ways to draw one null mask: rewired, relabelled, or on other genes, as its seed and a label say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hypomask.errors import HypothesisError
from hypomask.masks.mask import Mask
from hypomask.masks.mask_rewiring import overlap_with, rewire_mask
from hypomask.masks.matched_gene_sets import GenePool, draw_matched_genes
from hypomask.masks.relabelling import relabel_mask

__all__ = ["MAX_ATTEMPTS", "Attempt", "NullDrawer", "NullKind", "Way", "generator"]

NullKind = Literal["rewired", "relabelled", "matched-genes"]
MAX_ATTEMPTS = 20  # draws that equal the original before giving up


@dataclass(frozen=True)
class Way:
    """One way to draw: its kind, whether only genes with an edge are permuted, and how to say it."""

    kind: NullKind
    involved_only: bool = False

    @property
    def words(self) -> str:
        """What it keeps and what it changes."""
        if self.kind == "rewired":
            return "same degrees, rewired"
        if self.kind == "matched-genes":
            return "same shape on other genes, matched on spread"
        among = "the genes that have an edge" if self.involved_only else "all genes"
        return f"same shape, genes permuted among {among}"


@dataclass(frozen=True)
class Attempt:
    """A mask that was drawn. `overlap`, `rank_bias`: see `NullDraw` and `NullSampler`; `detail`: in words."""

    mask: Mask
    overlap: float
    detail: str
    rank_bias: float = 0.0


@dataclass(frozen=True, eq=False)
class NullDrawer:
    """Draws null masks of one mask; what is drawn is a function of (seed, mask, way, label) alone."""

    mask: Mask
    seed: int
    gene_pool: GenePool | None = None
    modules: tuple[str, ...] | None = None

    def differing(self, way: Way, label: str) -> Attempt | None:
        """Draw until the result differs from the original; None when that does not happen."""
        if way.kind == "matched-genes":
            return self.matched(way.kind, label)
        for attempt in range(MAX_ATTEMPTS):
            rng = generator(self.seed, self.mask.name, way.kind, label, attempt)
            if way.kind == "rewired":
                rewired = rewire_mask(self.mask, rng, modules=self.modules)
                if not rewired.accepted:
                    return None  # not one swap in at least ten proposals per edge: further chains fare no better
                mask, detail = rewired.mask, f"{rewired.accepted:,} of {rewired.proposals:,} proposed swaps made, "
            else:
                mask = relabel_mask(self.mask, rng, involved_only=way.involved_only, modules=self.modules)
                detail = ""
            if not np.array_equal(mask.pair_keys, self.mask.pair_keys):
                overlap = overlap_with(self.mask, mask)
                return Attempt(mask, overlap, f"{detail}{overlap:.1%} of the original's edges recur")
        return None

    def matched(self, *label: str | int) -> Attempt:
        """Put the shape on other genes."""
        if self.gene_pool is None:
            raise HypothesisError(f"mask {self.mask.name!r}: matched-genes nulls need a gene pool, got none")
        drawn = draw_matched_genes(self.mask, self.gene_pool, generator(self.seed, self.mask.name, *label))
        detail = (
            f"replacements lie {drawn.rank_gap:.1%} of the ranks away on average, "
            f"{drawn.worst_gap:.1%} for {drawn.worst_gene} at worst"
        )
        return Attempt(drawn.mask, drawn.own_genes_kept, "; ".join([detail, *drawn.notes]), drawn.rank_bias)


def generator(seed: int, *parts: str | int) -> np.random.Generator:
    """Return the generator that belongs to these parts, the same on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()
    return np.random.default_rng(np.random.SeedSequence([seed, int.from_bytes(digest, "little")]))
