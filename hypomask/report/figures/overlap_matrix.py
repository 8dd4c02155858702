"""How much hypotheses have in common: edges above the diagonal, genes below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from hypomask.report.figures.svg import compact, element, figure
from hypomask.report.wording import percentage, shorten

__all__ = ["MAX_SHOWN", "overlap_matrix"]

MAX_SHOWN = 40
MAX_NUMBERED = 14
NAME_LENGTH = 26
LETTER = 6.4


def overlap_matrix(
    names: Sequence[str],
    edges: Mapping[tuple[int, int], float],
    genes: Mapping[tuple[int, int], float],
    *,
    name: str,
) -> Markup:
    """Draw the Jaccard index of every two hypotheses.

    Parameters
    ----------
    edges, genes
        By (i, j), i < j, positions in `names`: shared over all, 0 to 1, where it is not 0. Drawn above and below the
        diagonal.
    name
        Prefix of element ids, unique in the page.
    """
    shown = names[:MAX_SHOWN]
    numbered = len(shown) <= MAX_NUMBERED
    cell = 40.0 if numbered else 14.0
    labels = [f"{k + 1}  {shorten(label, NAME_LENGTH)}" for k, label in enumerate(shown)]
    left = LETTER * max(len(label) for label in labels) + 16
    top = 20.0
    parts = []
    for i in range(len(shown)):
        middle = compact(top + (i + 0.5) * cell)
        parts.append(
            element("text", labels[i], x=compact(left - 8), y=middle, text_anchor="end", dy="0.35em", class_="name")
        )
        across = compact(left + (i + 0.5) * cell)
        parts.append(element("text", str(i + 1), x=across, y=compact(top - 6), text_anchor="middle", class_="name"))
        for j in range(len(shown)):
            if i == j:
                continue
            kind, values = ("edges", edges) if i < j else ("genes", genes)
            value = values.get((min(i, j), max(i, j)), 0.0)
            x, y = left + j * cell, top + i * cell
            hover = f"{shown[i]} and {shown[j]} share {percentage(value)} of their {kind}"
            box = element(
                "rect",
                x=compact(x),
                y=compact(y),
                width=compact(cell - 1),
                height=compact(cell - 1),
                opacity=compact(0.06 + 0.74 * value),
                class_=f"overlap {kind}",
            )
            inside = [element("title", hover), box]
            if numbered:
                text = percentage(value)
                inside.append(
                    element(
                        "text",
                        text,
                        x=compact(x + cell / 2),
                        y=middle,
                        text_anchor="middle",
                        dy="0.35em",
                        class_="name",
                    )
                )
            parts.append(element("g", *inside))
    extent = len(shown) * cell
    described = "; ".join(
        f"{shown[i]} and {shown[j]}: edges {percentage(edges[i, j])}, genes {percentage(genes[i, j])}"
        for i, j in list(edges)[:30]
        if j < len(shown)
    )
    description = f"Shared over all (Jaccard index), edges above the diagonal and genes below it. {described}."
    view_box = f"0 0 {compact(left + extent + 4)} {compact(top + extent + 4)}"
    drawn = figure(name, "Overlap of the hypotheses", description, *parts, view_box=view_box)
    return element("div", drawn, style=f"max-width:{compact(left + extent + 4)}px")
