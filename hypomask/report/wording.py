"""How numbers and names are written, the same in the page and on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypomask.report.plain_text import plain

__all__ = [
    "MINUS",
    "count",
    "headline",
    "interval",
    "null_families",
    "number",
    "p_value",
    "percentage",
    "score_name",
    "shorten",
    "signed",
]

MINUS = "\u2212"  # typographic minus
UNKNOWN = "–"
NULL_FAMILIES = {
    "rewired": "random wirings",
    "relabelled": "graphs of the same shape on permuted genes",
    "matched-genes": "random gene sets",
}


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with `digits` decimals; unknown as a dash."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """Write a difference with its sign."""
    text = number(value, digits)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Write an interval as ``[low, high]``, or a dash when it is not known."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    return f"[{number(low, digits)}, {number(high, digits)}]"


def p_value(value: float | None) -> str:
    """Write a p value: three decimals, ``< 0.001`` below."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def headline(sentence: str) -> tuple[str, str]:
    """Split a verdict into its first sentence and the rest."""
    first, stop, rest = sentence.partition(". ")
    return first + stop.strip(), rest


def percentage(share: float | None) -> str:
    """Write a share of 1 as percent."""
    return UNKNOWN if share is None or not math.isfinite(share) else f"{100 * share:z.0f} %"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """Write ``1 edge``, ``2,000 edges``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def null_families(kinds: Sequence[str], scope: str) -> str:
    """Write what null masks of these kinds are: ``random wirings and graphs on permuted genes``.

    Parameters
    ----------
    kinds
        Of the null tests that were made; none yet: those that `scope` asks for.
    """
    asked = ["matched-genes" if scope == "members" else "rewired"]
    words = [NULL_FAMILIES.get(kind.removesuffix("-within-modules"), "null masks") for kind in kinds or asked]
    return " and ".join(dict.fromkeys(words))


def score_name(name: str) -> str:
    """Return the name that readers know a score by."""
    from hypomask.comparison.scores import SCORES  # here: it loads scikit-learn, and most words need none of it

    return SCORES[name].label if name in SCORES else name.replace("_", " ")


def shorten(name: str, length: int) -> str:
    """Return `name` without control characters, cut in its middle to `length` so that both ends can be told."""
    name = " ".join(plain(name).split())
    if len(name) <= length:
        return name
    head = (length - 1) * 2 // 3
    return f"{name[:head]}…{name[len(name) - (length - 1 - head) :]}"
