"""What `hypomask knockout evaluate` and `hypomask knockout experiments` show and write."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypomask.cli.knockout_running import MAX_ROWS, show_rows
from hypomask.cli.output import print_json, print_result

if TYPE_CHECKING:
    import pandas as pd

    from hypomask.knockout.evaluate import Evaluation
    from hypomask.knockout.experiments import Experiments

__all__ = ["show_evaluation", "show_experiments"]

FEWEST_ROWS = 3
MUCH_CHEAPER = 5  # times fewer replicates
HEADING_LENGTH = 16  # of names in headings and of backgrounds: the table fits a terminal of 100 columns


def show_evaluation(found: Evaluation, out: Path, as_json: bool) -> None:
    """Print the agreement of every hypothesis, and write predictions and agreement to files."""
    from hypomask.report.wording import count, interval, number, p_value, percentage, signed

    files = _write(out, found.predicted.set_index("knockout"), found.as_dict())
    if as_json:
        print_json(found.as_dict())
        return
    first = next(iter(found.agreements.values()))
    print_result(
        f"{count(first.n, 'measured knockout')}, {count(first.n_hits, 'hit')} ({found.hits_are}); reference level: "
        f"{found.levels}"
    )
    has_nulls = any(found.null_rho.values())
    headings = ["model", "rank corr.", "interval", "over additive", "interval", "direction", "AUPRC", "by chance"]
    rows = []
    for name, row in found.table.iterrows():
        cells = [
            str(name),
            number(row["rho"]),
            interval(row["rho_low"], row["rho_high"]),
            signed(row["gain"]),
            interval(row["gain_low"], row["gain_high"]),
            percentage(row["direction"]),
            number(row["auprc"]),
            number(row["prevalence"]),
        ]
        rows.append([*cells, f"{p_value(row['null_p'])} ({int(row['null_draws'])})"] if has_nulls else cells)
    show_rows([*headings, "p (nulls)"] if has_nulls else headings, rows)
    for note in found.notes:
        print_result(f"note: {note}")
    for reason in found.left_out[:3]:
        print_result(f"left out: {reason}")
    if len(found.left_out) > 3:
        print_result(f"left out: {len(found.left_out) - 3} more, see the JSON file")
    print_result(f"predictions: {files[0]}")


def show_experiments(found: Experiments, out: Path, as_json: bool) -> None:
    """Print the experiments, fewest replicates first, and write all of them to files."""
    table = found.table
    files = _write(out, table.set_index("knockout"), found.as_dict())
    if as_json:
        print_json(found.as_dict())
        return
    print_result(_sentence(table, found))
    print_result(f"{found.unit}; {found.where}; reference level: {found.levels}; level {found.alpha:g}, both sides")
    pairs = table[["a", "b"]].drop_duplicates().itertuples(index=False)
    of_pairs = [(a, b, table[(table["a"] == a) & (table["b"] == b)]) for a, b in pairs]
    for a, b, rows in of_pairs:
        print_result(f"\n{a} against {b}, change that each predicts:")
        show_rows(*_experiment_rows(a, b, rows), most=max(FEWEST_ROWS, MAX_ROWS // len(of_pairs)))
    print_result(
        "\nreplicates: so many with the knockout and as many without, for the power wanted; background: the sample in "
        "which the predictions lie farthest apart, with the replicates that it would take there"
    )
    for note in found.notes:
        print_result(f"note: {note}")
    print_result(f"table: {files[0]}")


def _experiment_rows(a: str, b: str, rows: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of the experiments that tell hypotheses `a` and `b` apart."""
    from hypomask.report.wording import interval, percentage, shorten, signed

    predictions = [shorten(a, HEADING_LENGTH), shorten(b, HEADING_LENGTH)]
    headings = ["knock out", *predictions, "difference", "interval", "replicates", "power at 6", "background"]
    cells = [
        [
            f"{row['knockout']} ({row['output']})" if "output" in rows else str(row["knockout"]),
            signed(row["predicted_a"]),
            signed(row["predicted_b"]),
            signed(row["difference"]),
            interval(row["low"], row["high"]),
            _replicates(row["replicates"]),
            percentage(row["power_6"]),
            f"{shorten(str(row['background']), HEADING_LENGTH)}: {_replicates(row['replicates_there'])}",
        ]
        for _, row in rows.iterrows()
    ]
    return headings, cells


def _replicates(needed: float) -> str:
    return "–" if math.isnan(needed) else f"{int(needed):,}"


def _sentence(table: pd.DataFrame, found: Experiments) -> str:
    first = table.iloc[0]
    if math.isnan(first["replicates"]):
        best = "No knockout would tell these hypotheses apart with 10,000 replicates: on average they predict the same."
    else:
        n = int(first["replicates"])
        best = (
            f"To do next: knock out {first['knockout']}. {n:,} replicates with and {n:,} without tell {first['a']} "
            f"from {first['b']} with an expected power of {100 * found.power:.0f} %."
        )
    return best + _in_one_background(table, float(first["replicates"]))


def _in_one_background(table: pd.DataFrame, on_average: float) -> str:
    """Name the knockout that one sample as background makes much cheaper; nothing where none does."""
    import numpy as np

    there = table["replicates_there"]
    if there.isna().all() or there.min() * MUCH_CHEAPER > on_average:  # NaN on average: no number does
        return ""
    row = table.iloc[int(np.nanargmin(there))]
    n = int(row["replicates_there"])
    return (
        f" In single backgrounds predictions differ more: {row['knockout']} in {row['background']} takes {n:,} and "
        f"{n:,} to tell {row['a']} from {row['b']}, if the difference there is as predicted; it is the largest of many."
    )


def _write(out: Path, table: pd.DataFrame, content: Mapping[str, Any]) -> list[Path]:
    from hypomask.execution.durable import failed_write
    from hypomask.execution.results import write_json, write_table

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failed_write(error, out.parent, "the table of knockouts") from error
    files = [out.with_name(f"{out.name}.{suffix}") for suffix in ("tsv", "json")]
    write_table(files[0], table)
    write_json(files[1], content, "the knockouts")
    return files
