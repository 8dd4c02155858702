"""`hypomask compare-scores`: a verdict on models that were trained elsewhere, from their scores per fold."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, say
from hypomask.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from hypomask.comparison.score_result import ScoreComparison, ScoredPair

__all__ = ["command"]

MAX_ROWS = 30
STYLES = {"best": "bold green", "better": "bold green", "equivalent": "bold cyan", "cannot-tell": "bold yellow"}
SEPARATORS = {".tsv": "\t", ".csv": ","}


@click.command(
    "compare-scores",
    cls=HypomaskCommand,
    examples=(
        "hypomask compare-scores auc_per_fold.csv",
        "hypomask compare-scores scores.tsv --score 'log loss' --direction lower --reference random-network",
    ),
)
@click.argument("table", type=FILE)
@click.option(
    "--direction", type=click.Choice(["higher", "lower"]), help="Which is better. Default: by the score's name."
)
@click.option("--score", metavar="NAME", help="What the scores are; in a long table, the column that holds them.")
@click.option("--reference", metavar="MODEL", help="Compare every other model with this one only.")
@click.option("--folds", type=click.IntRange(2), help="Folds per repeat, where the table does not say.")
@click.option("--repeats", type=click.IntRange(1), help="Repeats of the folds, where the table does not say.")
@click.option(
    "--test-fraction",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of samples that a split holds out. Default: 1 / folds.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, min_open=True),
    help="Differences below it do not matter. Default: 0.01 for scores between -1 and 1, else none.",
)
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True, max_open=True), default=0.05, show_default=True)
@click.option("-o", "--out", type=FILE, help="Also write the result: .json all of it, .tsv or .csv the pairs.")
@json_option
def command(table: Path, out: Path | None, as_json: bool, **options: Any) -> None:
    """Compare models trained elsewhere by their scores per fold.

    TABLE (CSV or TSV) has a row per fold and a column per model; or columns named model, fold, score, and repeat where
    folds were repeated. All models need the same folds of the same samples. Folds share training samples, so scores are
    compared by a corrected test; what naive tests would say is shown beside it.
    """
    if out is not None and out.suffix.lower() not in (".json", *SEPARATORS):
        raise click.BadParameter(f"{str(out)!r}: expected a name that ends in .json, .tsv or .csv", param_hint="-o")
    from hypomask.comparison.compare_scores import compare_scores
    from hypomask.comparison.score_settings import ScoreSettings
    from hypomask.data.delimited import parse_text_table
    from hypomask.data.source_files import read_text_source

    result = compare_scores(parse_text_table(read_text_source(table)), ScoreSettings(**options))
    if out is not None:
        _write(result, out)
    if as_json:
        print_json(result.as_dict())
    else:
        _show(result)
    if out is not None:
        say(f"written: {out}")


def _write(result: ScoreComparison, out: Path) -> None:
    from hypomask.execution.durable import write_durably

    if not out.parent.is_dir():
        raise ConfigError(f"-o: no folder {str(out.parent)!r}; make it first")
    if out.suffix.lower() == ".json":
        text = json.dumps(result.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    else:
        text = result.frame().to_csv(sep=SEPARATORS[out.suffix.lower()], lineterminator="\n")
    write_durably(out, lambda file: file.write(text.encode("utf-8")), "the table of comparisons")


def _show(result: ScoreComparison) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from hypomask.report.plain_text import plain
    from hypomask.report.terminal import console_for
    from hypomask.report.wording import headline

    console = console_for(sys.stdout)
    first, rest = headline(plain(result.verdict.sentence))
    style = STYLES.get(result.verdict.code, "bold")
    console.print(Text.assemble(("Verdict: ", "bold"), (first, style), f" {rest}" if rest else ""))
    for reason in result.verdict.reasons:
        console.print(Padding(Text.assemble(("• ", "dim"), plain(reason.sentence)), (0, 0, 0, 2)))
    console.print()
    console.print(_model_table(result))
    console.print()
    console.print(_pair_table(result))
    console.print(Text(_legend(result), "dim"))
    for note in result.notes:
        console.print(Text.assemble(("note: ", "yellow"), plain(note)))
    _say_what_is_hidden(result, console)


def _digits(result: ScoreComparison) -> int:
    """Decimals that show three digits of the largest limit of an interval: scores may be AUCs or squared errors."""
    largest = max(max(abs(pair.low), abs(pair.high)) for pair in result.pairs)
    return min(6, max(0, 2 - math.floor(math.log10(largest)))) if largest > 0 else 3


def _model_table(result: ScoreComparison) -> Table:
    from hypomask.report.wording import number, p_value

    digits = _digits(result)

    table = _table("#", "model", "mean", "sd", "may be best", "naive MCS p")
    for model in result.models[:MAX_ROWS]:
        among = "" if model.among_best is None else "yes" if model.among_best else "no"
        _add(
            table,
            str(model.rank),
            model.name,
            number(model.mean, digits),
            number(model.sd, digits),
            among,
            p_value(model.mcs_p),
        )
    return table


def _pair_table(result: ScoreComparison) -> Table:
    table = _table("model", "against", "ahead", "interval", "won", "corr. p", "decid. p", "sign p", "paired t p", "")
    for pair in result.pairs[:MAX_ROWS]:
        _add(table, *_pair_cells(pair, _digits(result)))
    return table


def _pair_cells(pair: ScoredPair, digits: int) -> tuple[str, ...]:
    from hypomask.report.wording import interval, p_value, signed

    return (
        pair.a,
        pair.b,
        signed(pair.ahead, digits),
        interval(pair.low, pair.high, digits),
        f"{pair.won}:{pair.lost}",
        p_value(pair.p_corrected),
        p_value(pair.p_holm),
        p_value(pair.naive.sign),
        p_value(pair.naive.paired_t),
        pair.code.replace("-", " "),
    )


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in headings:
        is_name = heading in ("model", "against")
        table.add_column(heading, justify="left" if is_name else "right", overflow="fold", no_wrap=not is_name)
    return table


def _add(table: Table, *cells: str) -> None:
    from rich.text import Text

    from hypomask.report.wording import shorten

    table.add_row(*(Text(shorten(cell, 40)) for cell in cells))


def _legend(result: ScoreComparison) -> str:
    told = result.settings
    margin = f"margin {told['margin']:g}" if told["margin"] is not None else "no margin"
    held_out = f"{100 * float(told['test_fraction'] or 0):.3g} % held out"
    folds = f"{told['repeats']} x {told['folds']} folds, {held_out}"
    return (
        f"{told['score']}, {told['direction']} is better; {folds}; {margin}; level {told['alpha']:g}. "
        f"won: folds won and lost; corr. p: corrected resampled t; decid. p: what the verdict "
        "rests on. Naive, taking folds as independent: sign p, paired t p, MCS p."
    )


def _say_what_is_hidden(result: ScoreComparison, console: Console) -> None:
    hidden = len(result.pairs) - MAX_ROWS
    if hidden > 0:
        console.print(f"... and {hidden} more pairs; -o pairs.tsv writes all of them.", style="dim")
