"""How many tokens read how many others, and are read by how many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from hypomask.report.figures.svg import compact, element, figure, percent
from hypomask.report.wording import count

__all__ = ["degree_bars"]

EDGES = (0, 1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513, 1025, 4097, 16385, 1 << 40)
"""First degree of each bar: one by one where most tokens are, then doubling."""
HEIGHT, BASE = 150.0, 164.0
MAX_RANGES = 7  # beyond, labels such as 129–256 would run into each other: only the first degree is written


def degree_bars(
    title: str,
    description: str,
    reads: npt.NDArray[np.int64],
    read_by: npt.NDArray[np.int64],
    *,
    name: str,
) -> Markup:
    """Draw two bars per range of degrees.

    Parameters
    ----------
    reads, read_by
        (N,) of each token: how many others it reads, and how many read it.
    name
        Prefix of element ids, unique in the page.
    """
    counted = [(np.histogram(reads, bins=EDGES)[0], "reads"), (np.histogram(read_by, bins=EDGES)[0], "read-by")]
    used = int(np.flatnonzero(counted[0][0] + counted[1][0]).max(initial=0)) + 1
    tallest = max(1, *(int(bars.max()) for bars, _ in counted))
    width = 96.0 / used
    parts = []
    for k in range(used):
        left = 2 + k * width
        for (bars, kind), offset in zip(counted, (0.08, 0.5), strict=True):
            n = int(bars[k])
            tall = HEIGHT * n / tallest
            hover = f"{count(n, 'token')} {'read' if kind == 'reads' else 'are read by'} {_range(k)} others"
            bar = {"x": percent(left + offset * width), "y": compact(BASE - tall), "width": percent(0.42 * width)}
            parts.append(element("rect", element("title", hover), height=compact(tall), class_=f"bar {kind}", **bar))
        middle = percent(left + 0.5 * width)
        label = _range(k) if used <= MAX_RANGES else str(EDGES[k])
        parts.append(element("text", label, x=middle, y=BASE + 14, text_anchor="middle", class_="tick"))
    parts.append(element("text", "others read (dark) or being read by (light)", x="0", y=BASE + 32, class_="tick"))
    parts.append(element("text", count(tallest, "token"), x="0", y=10, class_="tick"))
    words = f"{description} Bars count tokens by the number of others they read, and are read by."
    return figure(name, title, words, *parts, height=BASE + 40)


def _range(k: int) -> str:
    """Return the degrees of bar `k`: ``3–4``."""
    last = EDGES[k + 1] - 1
    return str(EDGES[k]) if last == EDGES[k] else f"{EDGES[k]}+" if k == len(EDGES) - 2 else f"{EDGES[k]}–{last}"
