"""What `hypomask inspect` works out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from hypomask.cli.comparability import GeneOverlap, doubts, gene_overlaps
from hypomask.cli.table_peek import peek
from hypomask.errors import HypothesisError
from hypomask.execution.gene_choice import MAX_AUTO_GENES
from hypomask.hypothesis.graph import Expansion, Hypothesis, Scope
from hypomask.knowledge.registry import read_hypotheses
from hypomask.masks.compile import compile_mask
from hypomask.masks.coverage import Coverage
from hypomask.masks.layer_count import layers_for
from hypomask.masks.mask import Mask
from hypomask.masks.summary import MaskOverlap, MaskSummary, mask_overlaps, summarise

__all__ = ["InspectedHypothesis", "Inspection", "inspect_hypotheses"]

MAX_HUBS = 5


@dataclass(frozen=True)
class InspectedHypothesis:
    """One hypothesis as a mask. `hubs`: tokens that most others read, with how many do."""

    hypothesis: Hypothesis
    coverage: Coverage
    compiled: Mask
    mask: MaskSummary
    hubs: tuple[tuple[str, int], ...]

    @property
    def drawing_notes(self) -> tuple[str, ...]:
        """What recipes and readers noted while the hypothesis was made."""
        notes = (line.removeprefix("note: ") for line in self.hypothesis.provenance if line.startswith("note: "))
        return tuple(dict.fromkeys(notes))

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "name": self.hypothesis.name,
            "scope": self.hypothesis.scope,
            "prior": self.hypothesis.prior.kind,
            "coverage": self.coverage.as_dict(),
            "mask": self.mask.as_dict(),
            "hubs": [{"gene": gene, "read_by": degree} for gene, degree in self.hubs],
            "provenance": list(self.hypothesis.provenance),
        }


@dataclass(frozen=True)
class Inspection:
    """All hypotheses, what every two of them share, and what is odd about the set."""

    hypotheses: tuple[InspectedHypothesis, ...]
    edge_overlaps: tuple[MaskOverlap, ...]
    gene_overlaps: tuple[GeneOverlap, ...]
    warnings: tuple[str, ...]

    @cached_property
    def overlaps(self) -> tuple[MaskOverlap, ...]:
        """Pairs that share edges, most alike first."""
        alike = [overlap for overlap in self.edge_overlaps if overlap.shared]
        return tuple(sorted(alike, key=lambda overlap: -overlap.jaccard))

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "hypotheses": [item.as_dict() for item in self.hypotheses],
            "overlaps": [vars(overlap) for overlap in self.overlaps],
            "gene_overlaps": [vars(overlap) for overlap in self.gene_overlaps],
            "warnings": list(self.warnings),
        }


def inspect_hypotheses(
    files: Sequence[Path], data: Path | None, scope: str | None, expansion: str | None, n_layers: int | None
) -> Inspection:
    """Read the hypotheses of all `files` and compile them against the genes of `data`, or all genes they name.

    Raises
    ------
    HypomaskError
        When a file cannot be read, or no gene of a hypothesis is in the data.
    """
    hypotheses: list[Hypothesis] = []
    places: list[Path] = []
    for file in files:
        hypotheses += read_hypotheses(
            file, scope=cast("Scope | None", scope), expansion=cast("Expansion | None", expansion)
        )
        places += [file] * (len(hypotheses) - len(places))
    genes = _genes(hypotheses, data)
    items, masks = [], []
    n_layers = n_layers or layers_for(hypotheses)
    for hypothesis, place in zip(hypotheses, places, strict=True):
        try:
            mask, coverage = compile_mask(hypothesis, genes, n_layers=n_layers, min_coverage=0.0)
        except HypothesisError as error:
            raise HypothesisError(f"{place}: {error}") from error
        items.append(InspectedHypothesis(hypothesis, coverage, mask, summarise(mask), _hubs(mask)))
        masks.append(mask)
    overlaps = mask_overlaps(masks)
    by_genes = gene_overlaps(hypotheses, genes)
    warnings = (
        *_odd(hypotheses),
        *filter(None, (overlap.warning for overlap in sorted(overlaps, key=lambda overlap: -overlap.jaccard))),
        *doubts(hypotheses, masks, overlaps, by_genes),
    )
    return Inspection(tuple(items), tuple(overlaps), tuple(by_genes), warnings)


def _genes(hypotheses: Sequence[Hypothesis], data: Path | None) -> tuple[str, ...]:
    """Return the genes that a study would make tokens."""
    named = tuple(dict.fromkeys(gene for hypothesis in hypotheses for gene in hypothesis.genes))
    if data is None:
        return named
    genes = tuple(dict.fromkeys(peek(data).genes(named)))
    if len(genes) <= MAX_AUTO_GENES:
        return genes
    known = set(named)
    return tuple(gene for gene in genes if gene in known) or genes


def _hubs(mask: Mask) -> tuple[tuple[str, int], ...]:
    """Return the tokens that most others read in the first layer."""
    names = (*mask.genes, *mask.group_tokens)
    read_by = np.bincount(mask.edges().cols, minlength=len(names))
    order = np.argsort(-read_by, kind="stable")[:MAX_HUBS]
    return tuple((names[k], int(read_by[k])) for k in order if read_by[k] > 1)


def _odd(hypotheses: Sequence[Hypothesis]) -> list[str]:
    names = [hypothesis.name for hypothesis in hypotheses]
    odd = [
        f"{number} hypotheses are called {name!r}; names must differ within a study"
        for name, number in Counter(names).items()
        if number > 1
    ]
    if len({hypothesis.scope for hypothesis in hypotheses}) > 1:
        odd.append("the hypotheses have different scopes; a study asks one question: give --scope")
    return odd
