"""What hypotheses became, before anything is trained, as one HTML file with pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from hypomask.execution.durable import write_durably
from hypomask.hypothesis.graph import Hypothesis
from hypomask.masks.coverage import Coverage
from hypomask.masks.mask import Mask
from hypomask.report.figures.degree_bars import degree_bars
from hypomask.report.figures.gene_graph import MAX_LINES, MAX_NODES, gene_graph
from hypomask.report.figures.mask_heat_map import mask_heat_map
from hypomask.report.figures.overlap_matrix import MAX_SHOWN, overlap_matrix
from hypomask.report.page_environment import page_environment
from hypomask.report.wording import count
from hypomask.version import __version__

__all__ = ["InspectionPage", "PageOverlap", "PagedHypothesis", "inspection_html", "write_inspection"]

MAX_PICTURED = 24
MAX_OVERLAPS = 30
MAX_WARNINGS = 20

INSPECTION_CSS = """
svg .node rect { fill: var(--panel); stroke: var(--soft); } svg .node text { font-size: 10px; }
svg .node.group rect { fill: var(--verdict); stroke-dasharray: 3 2; }
svg .link { stroke: var(--soft); stroke-width: 1.3; fill: none; opacity: .85; }
svg .link.activates { stroke: var(--good); } svg .link.inhibits { stroke: var(--bad); }
svg .link.grouped { stroke-dasharray: 3 3; opacity: .55; }
svg .arrow { fill: var(--soft); } svg .arrow.activates { fill: var(--good); } svg .arrow.inhibits { fill: var(--bad); }
svg .member { fill: var(--null); } svg .overlap { fill: var(--accent); } svg .overlap.genes { fill: var(--good); }
svg .name { font-size: 11px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.25rem; align-items: start; }
.pair figure { margin: 0; min-width: 0; }
figure.graph svg { max-width: 48rem; }
"""


@dataclass(frozen=True)
class PagedHypothesis:
    """One hypothesis on the page. `hubs`: tokens that most others read, with how many do."""

    hypothesis: Hypothesis
    coverage: Coverage
    mask: Mask
    hubs: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class PageOverlap:
    """What hypotheses number `i` and `j` share: counts and Jaccard indices of edges and of genes."""

    i: int
    j: int
    shared_edges: int
    edge_jaccard: float
    shared_genes: int
    gene_jaccard: float


@dataclass(frozen=True)
class InspectionPage:
    """The content of the page.

    Parameters
    ----------
    source
        Which files were read, and which genes count as measured, in a sentence.
    overlaps
        Of every two hypotheses that share anything; others share nothing.
    warnings
        What decides whether comparing them can work.
    """

    source: str
    hypotheses: tuple[PagedHypothesis, ...]
    overlaps: tuple[PageOverlap, ...]
    warnings: tuple[str, ...]


def inspection_html(page: InspectionPage) -> str:
    """Return the page. Every name in it is escaped: names come from files that others wrote."""
    names = [item.hypothesis.name for item in page.hypotheses]
    alike = sorted(page.overlaps, key=lambda o: (-o.edge_jaccard, -o.gene_jaccard))
    alike = [overlap for overlap in alike if overlap.shared_edges or overlap.shared_genes]
    return (
        page_environment()
        .get_template("inspection.html.j2")
        .render(
            page=page,
            title=names[0] if len(names) == 1 else f"{names[0]} and {count(len(names) - 1, 'other')}",
            cards=[_card(item, k) for k, item in enumerate(page.hypotheses[:MAX_PICTURED])],
            matrix=_matrix(names, page.overlaps) if len(names) > 1 else None,
            n_matrix=min(len(names), MAX_SHOWN),
            names=names,
            alike=alike[:MAX_OVERLAPS],
            n_alike=len(alike),
            max_warnings=MAX_WARNINGS,
            inspection_css=Markup(INSPECTION_CSS),  # noqa: S704 (a constant of this file)
            version=__version__,
        )
    )


def write_inspection(page: InspectionPage, path: Path) -> Path:
    """Write the page to `path`, whole or not at all.

    Raises
    ------
    RunError
        When the file cannot be written.
    """
    html = inspection_html(page).encode("utf-8")
    write_durably(path, lambda file: file.write(html), "the page")
    return path


def _card(item: PagedHypothesis, k: int) -> Mapping[str, object]:
    mask, hypothesis = item.mask, item.hypothesis
    rows, cols = np.divmod(mask.pair_keys, max(mask.n_tokens, 1))
    reads, read_by = (np.bincount(ends, minlength=mask.n_tokens) for ends in (rows, cols))
    graph = gene_graph(mask, hypothesis.edges, name=f"graph-{k}")
    too_large = f"More than {MAX_NODES} tokens with edges, or {MAX_LINES} lines: a drawing would show nothing."
    notes = [line.removeprefix("note: ") for line in hypothesis.provenance if line.startswith("note: ")]
    return {
        "item": item,
        "heat_map": mask_heat_map(mask, hypothesis.groups, name=f"map-{k}"),
        "degrees": degree_bars(f"Degrees of {mask.name}", "Degrees.", reads, read_by, name=f"degrees-{k}"),
        "graph": graph,
        "why_no_graph": "" if graph is not None else too_large if mask.n_edges else "There is no edge to draw.",
        "warnings": item.coverage.warnings,
        "notes": list(dict.fromkeys(notes)),
        "provenance": [line for line in hypothesis.provenance if not line.startswith("note: ")],
    }


def _matrix(names: Sequence[str], overlaps: Sequence[PageOverlap]) -> Markup:
    edges = {(o.i, o.j): o.edge_jaccard for o in overlaps}
    genes = {(o.i, o.j): o.gene_jaccard for o in overlaps}
    return overlap_matrix(names, edges, genes, name="overlap")
