"""The answer on a terminal: verdict, reasons, rank table, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hypomask.comparison.result import Comparison, HypothesisResult
from hypomask.report.page import coverage_of_intervals
from hypomask.report.plain_text import plain
from hypomask.report.wording import (
    count,
    headline,
    interval,
    null_families,
    p_value,
    percentage,
    score_name,
    shorten,
    signed,
)

__all__ = ["console_for", "print_comparison", "rank_table"]

PIPED_WIDTH = 120
WIDE = 100
MAX_ROWS = 30
VERDICT_STYLES = {"best": "bold green", "equivalent": "bold cyan", "cannot-tell": "bold yellow", "refused": "bold red"}
GOOD_CODES = {"best", "supported", "among-the-best", "equivalent"}


def console_for(stream: TextIO) -> Console:
    """Return a console that reads no markup: what it prints was written by others. Fixed width where piped."""
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def print_comparison(comparison: Comparison, console: Console, notes: Sequence[str] = ()) -> None:
    """Print the verdict first, then why, then the table, then what else a reader must know (`notes` included)."""
    verdict = comparison.verdict
    style = VERDICT_STYLES.get(verdict.code, "bold")
    first, rest = headline(plain(verdict.sentence))
    console.print(Text.assemble(("Verdict: ", "bold"), (first, style), f" {rest}" if rest else ""))
    for reason in verdict.reasons:
        mark, colour = ("•", "dim") if reason.supports is None else ("✓", "green") if reason.supports else ("✗", "red")
        line = Text.assemble((f"{mark} ", colour), plain(reason.sentence))
        console.print(Padding(line, (0, 0, 0, 2)))
    if comparison.winner_skill_corrected is not None:
        corrected = percentage(comparison.winner_skill_corrected)
        console.print(Text(f"  The leader's skill is {corrected} after correcting for its having been picked.", "dim"))
    if comparison.hypotheses:
        console.print()
        console.print(rank_table(comparison, wide=console.width >= WIDE))
        console.print(Text(_legend(comparison), "dim"))
    for warning in dict.fromkeys((*comparison.warnings, *notes)):
        console.print(Text.assemble(("note: ", "yellow"), plain(warning)))


def rank_table(comparison: Comparison, *, wide: bool = True) -> Table:
    """Return the best-ranked hypotheses with intervals, and every reference; fewer columns when not `wide`."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("hypothesis", overflow="fold", min_width=16)
    scores = list(dict.fromkeys(name for result in comparison.hypotheses for name in result.scores))[: 1 if wide else 0]
    covered = f"{coverage_of_intervals(comparison)} interval"
    for heading in ("skill", covered, "gain", covered, "null p", *map(score_name, scores)):
        table.add_column(heading, justify="right", no_wrap=True)
    if wide:
        table.add_column("")
    left_out = 0
    for k, result in enumerate(comparison.hypotheses):
        if k >= MAX_ROWS and result.role == "hypothesis":
            left_out += 1
            continue
        table.add_row(*_cells(result, scores)[: len(table.columns)], style=_style(result))
    if left_out:
        table.add_row("", f"... and {left_out} more in results.json and the report", style="dim")
    return table


def _cells(result: HypothesisResult, scores: list[str]) -> list[Text]:
    shown = [result.scores[name].value if name in result.scores else None for name in scores]
    cells = [
        str(result.rank),
        shorten(result.name, 60),
        signed(result.skill),
        interval(result.skill_low, result.skill_high),
        signed(result.gain),
        interval(result.gain_low, result.gain_high),
        p_value(result.null_p_holm),
        *(signed(value).removeprefix("+") for value in shown),
        result.code.replace("-", " "),
    ]
    return [Text(cell) for cell in cells]


def _style(result: HypothesisResult) -> str:
    return "dim" if result.role == "reference" else "green" if result.code in GOOD_CODES else ""


def _legend(comparison: Comparison) -> str:
    nulls = null_families([test.kind for test in comparison.nulls], comparison.scope)
    against = "the same genes without edges" if comparison.scope == "members" else "no interactions"
    return (
        f"skill: share of the gene-free loss saved; gain: loss saved against {against}; "
        f"null p: against {nulls}, Holm. {count(comparison.n_samples, 'sample')}."
    )
