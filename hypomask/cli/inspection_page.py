"""From what `hypomask inspect` worked out to its page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypomask.cli.comparability import GeneOverlap
from hypomask.cli.inspection import Inspection
from hypomask.masks.summary import MaskOverlap
from hypomask.report.inspection_page import InspectionPage, PagedHypothesis, PageOverlap

__all__ = ["page_of_inspection"]


def page_of_inspection(inspection: Inspection, files: Sequence[Path], data: Path | None) -> InspectionPage:
    """Return the content of the page."""
    read = ", ".join(file.name for file in files)
    measured = "every gene that they name counts as measured" if data is None else f"genes measured in {data.name}"
    edges = {(overlap.i, overlap.j): overlap for overlap in inspection.edge_overlaps}
    genes = {(overlap.i, overlap.j): overlap for overlap in inspection.gene_overlaps}
    return InspectionPage(
        source=f"{read}; {measured}.",
        hypotheses=tuple(
            PagedHypothesis(item.hypothesis, item.coverage, item.compiled, item.hubs) for item in inspection.hypotheses
        ),
        overlaps=tuple(
            PageOverlap(*pair, *_shared(edges.get(pair)), *_shared(genes.get(pair)))
            for pair in sorted(edges.keys() | genes.keys())
        ),
        warnings=inspection.warnings,
    )


def _shared(overlap: MaskOverlap | GeneOverlap | None) -> tuple[int, float]:
    return (0, 0.0) if overlap is None else (overlap.shared, overlap.jaccard)
