"""SVG elements with everything escaped, scales and ticks.

Horizontal positions are percentages and vertical ones pixels, without a view box: a figure is then as wide as its
page, on a phone as on a desk, and its text keeps its size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup, escape

from hypomask.report.plain_text import plain

__all__ = ["Scale", "compact", "element", "figure", "nice_ticks", "percent"]


def element(tag: str, /, *children: str, **attributes: object) -> Markup:
    """Return one element; text and attribute values are escaped unless they are `Markup` already.

    `class_` becomes ``class``, other underscores become hyphens; attributes that are None are left out.
    """
    words = [Markup("<{}").format(tag)]
    for name, value in attributes.items():
        if value is not None:
            text = value if isinstance(value, Markup) else plain(str(value))
            words.append(Markup('{}="{}"').format(name.rstrip("_").replace("_", "-"), text))
    inside = Markup("").join(child if isinstance(child, Markup) else escape(plain(child)) for child in children)
    opening = Markup(" ").join(words)
    return opening + Markup(">") + inside + Markup("</{}>").format(tag)


def figure(
    name: str,
    title: str,
    description: str,
    *children: str,
    height: float | None = None,
    view_box: str | None = None,
    width: float | None = None,
) -> Markup:
    """Return an accessible ``<svg>``; `name` must be unique in the page. Without `width` it fills the page's."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *children,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        width="100%" if width is None else compact(width),
        height=None if height is None else compact(height),
        viewBox=view_box,
    )


def compact(number: float) -> str:
    """Write a coordinate with at most two decimals."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def percent(number: float) -> str:
    """Write a horizontal position."""
    return f"{compact(number)}%"


@dataclass(frozen=True)
class Scale:
    """Linear map of [low, high] to percentages [left, right] of the figure's width; values outside are clamped."""

    low: float
    high: float
    left: float = 2.0
    right: float = 98.0

    def __call__(self, value: float) -> float:
        """Return the position of `value` in percent."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.5
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    @classmethod
    def over(cls, values: list[float], *, margin: float = 0.04, left: float = 2.0, right: float = 98.0) -> Scale:
        """Return a scale over the finite `values` with a margin of their range on both sides."""
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(finite), max(finite)
        room = (high - low) * margin or max(abs(high), 1.0) * margin
        return cls(low - room, high + room, left, right)


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) inside [low, high], about `count` of them."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]
