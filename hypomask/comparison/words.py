"""Numbers and names as a reader meets them: no more digits than the data carry."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypomask.comparison.facts import Estimate
from hypomask.outcomes.registry import TARGETS

__all__ = ["amount", "count_of", "interval", "listed", "loss_unit", "null_claim", "null_words", "p_words"]

MAX_NAMES_LISTED = 5


def p_words(p: float) -> str:
    """Return ``p = 0.012``, ``p < 0.001``.

    Examples
    --------
    >>> p_words(0.0004), p_words(0.0123), p_words(0.41), p_words(0.9999)
    ('p < 0.001', 'p = 0.012', 'p = 0.41', 'p > 0.99')
    """
    if p < 0.001:
        return "p < 0.001"
    if p > 0.99:
        return "p > 0.99"
    # Three decimals up to 0.1: "p = 0.05" would hide on which side of the level it lies.
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def _decimals(low: float, high: float) -> int:
    """Decimals that give half the interval's width two significant digits, from 0 to 5."""
    half = (high - low) / 2.0
    if not math.isfinite(half) or half <= 0.0:
        return 3
    return min(5, max(0, 1 - math.floor(math.log10(half))))


def amount(value: float, low: float, high: float) -> str:
    """Return `value` with as many decimals as its interval deserves.

    Examples
    --------
    >>> amount(0.0213456, 0.009123, 0.0333)
    '0.021'
    """
    return _signed_zero_free(f"{value:.{_decimals(low, high)}f}")


def interval(estimate: Estimate, alpha: float, unit: str = "") -> str:
    """Return ``0.021 log loss, 95 % interval 0.009 to 0.033``."""
    low, high = estimate.low, estimate.high
    level = f"{100.0 * (1.0 - alpha):g} %"
    value = amount(estimate.value, low, high)
    shown_unit = f" {unit}" if unit else ""
    return f"{value}{shown_unit}, {level} interval {amount(low, low, high)} to {amount(high, low, high)}"


def _signed_zero_free(text: str) -> str:
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence, at most five of them.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(list("abcdefgh"))
    ('a, b and c', 'a, b, c, d and 4 more')
    """
    shown = list(names)
    if len(shown) > MAX_NAMES_LISTED:
        shown = [*shown[: MAX_NAMES_LISTED - 1], f"{len(names) - MAX_NAMES_LISTED + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def count_of(n: int, noun: str) -> str:
    """Return ``1 sample``, ``7 samples``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def loss_unit(kind: str) -> str:
    """Return what a loss is measured in."""
    return TARGETS[kind].loss_name


def null_claim(kind: str) -> tuple[str, str]:
    """Return what a null test of this kind singles out, and among what."""
    kind, modules = _kind_and_modules(kind)
    if kind == "rewired":
        return "this wiring", f"random wirings{modules}"
    if kind == "relabelled":
        return "this wiring", f"graphs of its shape on permuted genes{modules}"
    return ("these genes", "random gene sets") if kind == "matched-genes" else ("this mask", "null masks")


def null_words(kind: str, n: int) -> str:
    """Return ``19 random wirings with the same degrees``.

    Examples
    --------
    >>> null_words("rewired-within-modules", 1), null_words("relabelled", 19)
    ('1 random wiring with the same degrees within modules', '19 graphs of the same shape on permuted genes')
    """
    plural = "" if n == 1 else "s"
    plain, modules = _kind_and_modules(kind)
    if plain == "rewired":
        return f"{n} random wiring{plural} with the same degrees{modules}"
    if plain == "relabelled":
        return f"{n} graph{plural} of the same shape on permuted genes{modules}"
    if plain == "matched-genes":
        return f"{n} random gene set{plural} of the same size and shape"
    return f"{n} null mask{plural} of the kind {kind!r}"


def _kind_and_modules(kind: str) -> tuple[str, str]:
    plain = kind.removesuffix("-within-modules")
    return plain, " within modules" if plain != kind else ""
