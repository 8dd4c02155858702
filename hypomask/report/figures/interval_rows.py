"""One row per hypothesis: an estimate with its interval, over a strip of what its null masks reached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from hypomask.report.figures.svg import Scale, compact, element, figure, nice_ticks, percent
from hypomask.report.wording import shorten, signed

__all__ = ["IntervalRow", "Tone", "interval_rows"]

Tone = Literal["best", "plain", "reference"]

ROW_HEIGHT = 38
STRIP_HEIGHT = 12
AXIS_HEIGHT = 44
NAME_LENGTH = 48


@dataclass(frozen=True)
class IntervalRow:
    """What one row shows.

    Parameters
    ----------
    estimate, low, high
        Point and interval; nan where not known.
    nulls
        The same quantity of each null draw; empty when none was made.
    tone
        ``best`` for rows that no other beats, ``reference`` for the controls every study has.
    """

    name: str
    estimate: float
    low: float
    high: float
    nulls: tuple[float, ...] = ()
    tone: Tone = "plain"


def interval_rows(
    rows: Sequence[IntervalRow],
    *,
    name: str,
    title: str,
    description: str,
    worse: str,
    better: str,
    zero: str,
) -> Markup:
    """Return the figure; larger values are better and lie to the right.

    Parameters
    ----------
    name
        Prefix of element ids, unique in the page.
    worse, better
        Words at the left and right end of the axis.
    zero
        What a value of 0 means.
    """
    has_nulls = any(row.nulls for row in rows)
    step = ROW_HEIGHT + (STRIP_HEIGHT if has_nulls else 0)
    scale = Scale.over(_range(rows))
    bottom = len(rows) * step
    bands = [
        element("rect", x="0", y=k * step, width="100%", height=step, class_="band") for k in range(1, len(rows), 2)
    ]
    parts = [*bands, _axis(scale, bottom, worse=worse, better=better, zero=zero)]
    parts += [_row(row, scale, k * step, odd=bool(k % 2)) for k, row in enumerate(rows)]
    return figure(name, title, description, *parts, height=bottom + AXIS_HEIGHT)


def _range(rows: Sequence[IntervalRow]) -> list[float]:
    """Return the values that must fit; a null mask that failed badly must not squeeze all else into a corner.

    Null draws farther away than the width of everything else are drawn at the edge.
    """
    values = [value for row in rows for value in (row.estimate, row.low, row.high)]
    core = [0.0, *(value for value in values if math.isfinite(value))]
    width = max(core) - min(core)
    least, most = min(core) - width, max(core) + width
    return [*core, *(null for row in rows for null in row.nulls if least <= null <= most)]


def _row(row: IntervalRow, scale: Scale, top: float, *, odd: bool) -> Markup:
    middle = top + 26
    parts = [element("text", shorten(row.name, NAME_LENGTH), x="6", y=compact(top + 15), class_="label")]
    if math.isfinite(row.low) and math.isfinite(row.high):
        x1, x2 = percent(scale(row.low)), percent(scale(row.high))
        parts.append(element("line", x1=x1, x2=x2, y1=middle, y2=middle, class_="interval"))
    if math.isfinite(row.estimate):
        parts.append(element("circle", cx=percent(scale(row.estimate)), cy=middle, r=5, class_="point"))
    finite_nulls = [value for value in row.nulls if math.isfinite(value)]
    for value in finite_nulls:
        x = percent(scale(value))
        parts.append(element("line", x1=x, x2=x, y1=middle + 8, y2=middle + 17, class_="null"))
    hover = f"{row.name}: {signed(row.estimate)}, interval {signed(row.low)} to {signed(row.high)}"
    if finite_nulls:
        hover += f"; {len(finite_nulls)} null masks from {signed(min(finite_nulls))} to {signed(max(finite_nulls))}"
    return element("g", element("title", hover), *parts, class_=f"row {row.tone}{' odd' if odd else ''}")


def _axis(scale: Scale, bottom: float, *, worse: str, better: str, zero: str) -> Markup:
    parts = []
    for tick in nice_ticks(scale.low, scale.high, 4):
        x = percent(scale(tick))
        parts.append(element("line", x1=x, x2=x, y1=0, y2=bottom, class_="zero" if tick == 0 else "grid"))
        label = "0" if tick == 0 else signed(tick)
        parts.append(element("text", label, x=x, y=bottom + 14, text_anchor="middle", class_="tick"))
    parts.append(element("text", f"← {worse}", x="0", y=bottom + 34, class_="tick"))
    parts.append(element("text", f"{better} →", x="100%", y=bottom + 34, text_anchor="end", class_="tick"))
    parts.append(element("title", f"0: {zero}"))
    return element("g", *parts, class_="axis")
