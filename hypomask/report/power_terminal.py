"""Power and plans on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hypomask.comparison.planning.answer import PowerAnswer
from hypomask.comparison.planning.forecast import Forecast, Outlook
from hypomask.comparison.planning.words import question_words, range_words, unit_noun
from hypomask.report.plain_text import plain
from hypomask.report.power_rows import (
    SIMULATED_HEADINGS,
    plan_cells,
    plan_headings,
    question_cells,
    simulated_cells,
)
from hypomask.report.wording import shorten

__all__ = ["print_power"]

MOST_RIVALS = 6
SIZES_SHOWN = 7


def print_power(answer: PowerAnswer, console: Console, workers: int = 1) -> None:
    """Print the answer in words, then the questions, a short curve, plans, simulated studies, and what it rests on."""
    found = answer.forecast
    console.print(Text(plain(answer.sentence), "bold"))
    console.print()
    console.print(_questions(found))
    console.print()
    console.print(_curve(found))
    if answer.plans:
        headings = plan_headings(answer)
        table = _table(*headings)
        table.columns[0].no_wrap = True
        for plan in answer.plans:
            style = "green" if "advised" in plan.marks else "dim" if "beyond" in plan.marks else ""
            table.add_row(*plan_cells(plan, headings, workers), style=style)
        console.print()
        console.print(table)
    if answer.simulated:
        table = _table(*SIMULATED_HEADINGS)
        for simulated in answer.simulated:
            table.add_row(*simulated_cells(simulated))
        console.print()
        console.print(f"The comparator on {answer.simulated[0].studies} simulated studies of each size:")
        console.print(table)
    console.print()
    for note in answer.notes:
        console.print(Text.assemble(("note: ", "yellow"), plain(note)))


def _questions(found: Forecast) -> Table:
    noun = unit_noun(found)
    piloted = found.n_now is not None
    table = _table(f"question about {shorten(found.leader, 40)}", "effect", *(("band",) if piloted else ()), "sd")
    if piloted:
        table.add_column("power now", justify="right")
    table.add_column(f"{noun}s needed", justify="right", no_wrap=True)
    rivals = [outlook for outlook in found.outlooks if outlook.kind == "rival"]
    hardest = sorted(rivals, key=lambda o: (o.needed is not None, -(o.needed or 0)))[:MOST_RIVALS]
    for outlook in found.outlooks:
        if outlook.kind == "rival" and outlook not in hardest:
            continue
        effect, band, sd, now = question_cells(outlook)
        cells = [shorten(question_words(outlook), 52), effect, *((band,) if piloted else ()), sd]
        cells += [now] if piloted else []
        style = "bold" if outlook.kind == "best" else "" if outlook.decides else "dim"
        table.add_row(*map(Text, (*cells, range_words(outlook))), style=style)
    if len(rivals) > len(hardest):
        table.add_row(f"... and {len(rivals) - len(hardest)} rivals that are easier to tell apart", style="dim")
    return table


def _curve(found: Forecast) -> Table:
    """Return the chance of "best", and of the hardest rival, at a few sizes."""
    shown = [found.best, *([found.hardest_rival] if found.hardest_rival else [])]
    curve = found.best.curve
    picked = sorted({round(k * (len(curve) - 1) / (SIZES_SHOWN - 1)) for k in range(SIZES_SHOWN)})
    table = _table("power in % with", *(f"{curve[k].n:,}" for k in picked))
    for outlook in shown:
        cells = [_chance(outlook, k) for k in picked]
        table.add_row(Text(shorten(question_words(outlook), 52)), *cells)
    return table


def _chance(outlook: Outlook, k: int) -> str:
    point = outlook.curve[k]
    if point.low is None or point.high is None:
        return f"{100 * point.power:.0f}"
    return f"{100 * point.power:.0f} ({100 * point.low:.0f}-{100 * point.high:.0f})"


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, overflow="fold")
    for heading in others:
        table.add_column(heading, justify="right")
    return table
