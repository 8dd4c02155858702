"""From what `hypomask inspect` worked out to its page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from hypomask.cli.inspection import Inspection
from hypomask.report.inspection_page import InspectionPage, PagedHypothesis, PageOverlap

__all__ = ["page_of_inspection"]


def page_of_inspection(inspection: Inspection, files: Sequence[Path], data: Path | None) -> InspectionPage:
    """Return the content of the page."""
    read = ", ".join(file.name for file in files)
    measured = "every gene that they name counts as measured" if data is None else f"genes measured in {data.name}"
    pairs = combinations(range(len(inspection.hypotheses)), 2)
    return InspectionPage(
        source=f"{read}; {measured}.",
        hypotheses=tuple(
            PagedHypothesis(item.hypothesis, item.coverage, item.compiled, item.hubs) for item in inspection.hypotheses
        ),
        overlaps=tuple(
            PageOverlap(i, j, edges.shared, edges.jaccard, genes.shared, genes.jaccard)
            for (i, j), (edges, genes) in zip(pairs, inspection.pairs, strict=True)
        ),
        warnings=inspection.warnings,
    )
