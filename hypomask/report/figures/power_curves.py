"""The chance that each question is decided, against the number of samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from hypomask.comparison.planning.forecast import CurvePoint, Forecast, Outlook
from hypomask.comparison.planning.words import question_words, range_words, unit_noun
from hypomask.report.figures.svg import Scale, compact, element, figure, percent
from hypomask.report.wording import percentage, shorten

__all__ = ["POWER_CSS", "power_curves", "power_svg"]

HEAD, PLOT, GAP, AXIS = 30, 84, 10, 44
ROW = HEAD + PLOT + GAP
LEFT, RIGHT = 7.0, 98.0  # percent; ticks of the chance stand to the left
NAME_LENGTH = 60
MOST_QUESTIONS = 8
SVG_WIDTH, SVG_MARGIN = 760, 16

POWER_CSS = """
svg .chance { fill: none; stroke: var(--accent, #0b5cad); stroke-width: 2.5; }
svg .chance-band { fill: var(--accent, #0b5cad); opacity: .18; }
svg .wanted { stroke: var(--good, #0b6e4f); stroke-dasharray: 5 4; }
svg .present { stroke: var(--null, #c77700); stroke-width: 1.5; }
svg .needed { fill: var(--accent, #0b5cad); }
svg .plot { fill: none; stroke: var(--line, #d5dae0); }
"""
STANDALONE_CSS = """
text { font-family: system-ui, sans-serif; fill: #1b1f24; }
.label { font-size: 13px; } .tick { font-size: 12px; fill: #57606a; } .grid { stroke: #d5dae0; }
"""


def power_curves(forecast: Forecast) -> Markup:
    """Draw one curve per question over a common axis of sizes, "best" first; bands where there is a pilot."""
    shown = _shown(forecast)
    low, high = _range(shown)
    scale = Scale(math.log(low), math.log(high), LEFT, RIGHT)

    def x(n: float) -> float:
        return scale(math.log(n))

    noun = unit_noun(forecast)
    rows = [_row(outlook, forecast, x, k * ROW) for k, outlook in enumerate(shown)]
    bottom = len(shown) * ROW
    described = "; ".join(f"{question_words(o)}: {range_words(o)} {noun}s" for o in shown)
    return figure(
        "power",
        "Power",
        f"Chance that each question about {forecast.leader} is decided, against the number of {noun}s. "
        f"{noun.capitalize()}s needed for {100 * forecast.power:g} %: {described}.",
        *rows,
        _axis(low, high, x, bottom, noun),
        height=bottom + AXIS,
    )


def power_svg(forecast: Forecast) -> str:
    """Return the figure as a file of its own."""
    height = len(_shown(forecast)) * ROW + AXIS
    drawn = element(
        "svg",
        element("style", Markup(STANDALONE_CSS + POWER_CSS)),  # noqa: S704 (a constant of this file)
        element("rect", width="100%", height="100%", fill="#ffffff"),
        element("svg", power_curves(forecast), x=SVG_MARGIN, y=SVG_MARGIN, width=SVG_WIDTH, height=height),
        xmlns="http://www.w3.org/2000/svg",
        width=SVG_WIDTH + 2 * SVG_MARGIN,
        height=height + 2 * SVG_MARGIN,
    )
    return str(drawn)


def _shown(forecast: Forecast) -> list[Outlook]:
    """Return "best", the questions that are no rivals, and the rivals that need most, hardest first."""
    best, *asked = forecast.outlooks
    rivals = [outlook for outlook in asked if outlook.kind == "rival"]
    rivals.sort(key=lambda o: -math.inf if o.needed is None else -o.needed)
    others = [outlook for outlook in asked if outlook.kind != "rival" and outlook.decides]
    return [best, *others, *rivals[: MOST_QUESTIONS - 1 - len(others)]]


def _range(shown: Sequence[Outlook]) -> tuple[float, float]:
    sizes = [point.n for outlook in shown for point in outlook.curve]
    return float(min(sizes)), float(max(sizes))


def _row(outlook: Outlook, forecast: Forecast, x: Callable[[float], float], top: float) -> Markup:
    plot_top, plot_bottom = top + HEAD, top + HEAD + PLOT

    def y(chance: float) -> float:
        return plot_bottom - chance * PLOT

    name = shorten(question_words(outlook), NAME_LENGTH)
    parts = [
        element("title", f"{name}: {range_words(outlook)} {unit_noun(forecast)}s"),
        element("text", name, x="0", y=compact(top + 15), class_="label"),
        element("text", range_words(outlook), x="100%", y=compact(top + 15), text_anchor="end", class_="tick"),
    ]
    for chance in (0.0, 0.5, 1.0):
        line = {"x1": percent(LEFT), "x2": percent(RIGHT), "y1": compact(y(chance)), "y2": compact(y(chance))}
        parts.append(element("line", class_="grid", **line))
        parts.append(
            element(
                "text", percentage(chance), x=percent(LEFT - 0.8), y=y(chance) + 4, text_anchor="end", class_="tick"
            )
        )
    wanted = compact(y(forecast.power))
    parts.append(element("line", x1=percent(LEFT), x2=percent(RIGHT), y1=wanted, y2=wanted, class_="wanted"))
    parts.append(_curves(outlook.curve, x, plot_top))
    if forecast.n_now is not None:
        now = percent(x(forecast.n_now))
        parts.append(element("line", x1=now, x2=now, y1=plot_top, y2=plot_bottom, class_="present"))
    if outlook.needed is not None and outlook.curve[0].n <= outlook.needed <= outlook.curve[-1].n:
        parts.append(element("circle", cx=percent(x(outlook.needed)), cy=wanted, r=4.5, class_="needed"))
    return element("g", *parts, class_="row")


def _curves(curve: Sequence[CurvePoint], x: Callable[[float], float], top: float) -> Markup:
    """Return band and line: a picture of its own, 100 wide and 100 high, so that points can be given in percent."""
    line = " ".join(f"{compact(x(p.n))},{compact(100 - 100 * p.power)}" for p in curve)
    inside = []
    if all(p.low is not None and p.high is not None for p in curve):
        upper = [f"{compact(x(p.n))},{compact(100 - 100 * (p.high or 0.0))}" for p in curve]
        lower = [f"{compact(x(p.n))},{compact(100 - 100 * (p.low or 0.0))}" for p in reversed(curve)]
        inside.append(element("polygon", points=" ".join(upper + lower), class_="chance-band"))
    inside.append(element("polyline", points=line, class_="chance", vector_effect="non-scaling-stroke"))
    return element(
        "svg",
        *inside,
        x="0",
        y=compact(top),
        width="100%",
        height=PLOT,
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
    )


def _axis(low: float, high: float, x: Callable[[float], float], bottom: float, noun: str) -> Markup:
    parts = []
    for n in _round_sizes(low, high):
        at = percent(x(n))
        parts.append(element("line", x1=at, x2=at, y1=bottom - GAP, y2=bottom - GAP + 5, class_="grid"))
        parts.append(element("text", f"{n:,}", x=at, y=bottom + 8, text_anchor="middle", class_="tick"))
    parts.append(element("text", f"{noun}s", x="100%", y=bottom + 28, text_anchor="end", class_="tick"))
    return element("g", *parts, class_="axis")


def _round_sizes(low: float, high: float) -> list[int]:
    """Return 1, 2 and 5 times powers of ten within the range; only powers and fives where there would be many."""
    powers = range(int(math.log10(low)), int(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 300 else (1,)
    return [step * 10**power for power in powers for step in steps if low <= step * 10**power <= high]
