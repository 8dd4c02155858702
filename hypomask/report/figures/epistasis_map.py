"""Epistasis of pairs as a heat map."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from hypomask.report.figures.svg import compact, element, figure
from hypomask.report.wording import shorten, signed

__all__ = ["MAX_GENES", "epistasis_map"]

MAX_GENES = 40
NAME_LENGTH = 14
CELL, LETTER, TOP = 18.0, 6.6, 74.0
MAGNIFIED = 1.6  # a map of few genes does not fill the page; one of many is shrunk to its width


def epistasis_map(table: pd.DataFrame, *, name: str) -> Markup:
    """Draw the epistasis of the pairs of `table` (columns ``a``, ``b``, ``epistasis``), symmetric.

    The knockouts in the largest pairs are drawn, `MAX_GENES` at most, in the order of their names; pairs that are not
    in the table are left empty.
    """
    names = _shown(table)
    place = {label: k for k, label in enumerate(names)}
    left = LETTER * max((len(shorten(label, NAME_LENGTH)) for label in names), default=4) + 14
    largest = float(table["epistasis"].abs().max()) if len(table) else 0.0
    parts = []
    for label, k in place.items():
        middle = compact(TOP + (k + 0.5) * CELL)
        text = shorten(label, NAME_LENGTH)
        parts.append(
            element("text", text, x=compact(left - 6), y=middle, text_anchor="end", dy="0.35em", class_="gene")
        )
        turn = f"translate({compact(left + (k + 0.5) * CELL)} {compact(TOP - 5)}) rotate(-60)"
        parts.append(element("text", text, transform=turn, class_="gene", dy="0.35em"))
    for a, b, value in zip(table["a"], table["b"], table["epistasis"], strict=True):
        if a in place and b in place and largest > 0:
            hover = f"{a} and {b}: {signed(float(value))}"
            for row, column in ((place[a], place[b]), (place[b], place[a])):
                parts.append(_cell(row, column, float(value) / largest, left, hover))
    side = left + CELL * len(names) + 8
    frame = element(
        "rect",
        x=compact(left),
        y=compact(TOP),
        width=compact(CELL * len(names)),
        height=compact(CELL * len(names)),
        class_="frame",
    )
    top = "; ".join(
        f"{a} and {b} {signed(float(value))}"
        for a, b, value in zip(table["a"][:5], table["b"][:5], table["epistasis"][:5], strict=True)
    )
    return figure(
        name,
        "Epistasis map",
        f"What pairs of knockouts do beyond the sum of both, on the link scale. Largest: {top}.",
        frame,
        *parts,
        view_box=f"0 0 {compact(side)} {compact(TOP + CELL * len(names) + 8)}",
        width=MAGNIFIED * side,
    )


def _shown(table: pd.DataFrame) -> list[str]:
    names: dict[str, None] = {}
    for a, b in zip(table["a"], table["b"], strict=True):
        if len(names) + len({a, b} - set(names)) > MAX_GENES:
            break
        names |= {a: None, b: None}
    return sorted(names)


def _cell(row: int, column: int, share: float, left: float, hover: str) -> Markup:
    return element(
        "rect",
        element("title", hover),
        x=compact(left + column * CELL),
        y=compact(TOP + row * CELL),
        width=compact(CELL - 1),
        height=compact(CELL - 1),
        opacity=compact(0.08 + 0.92 * abs(share)),
        class_="lowers" if share < 0 else "raises",
    )
