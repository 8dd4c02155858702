"""What `hypomask knockout evaluate` and `hypomask knockout experiments` show and write."""

from __future__ import annotations

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

FEWEST_ROWS = 3  # of every pair of hypotheses


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
    from hypomask.report.experiment_rows import BELOW, experiment_rows, experiment_sentence, pairs_of_hypotheses

    table = found.table
    sentence = experiment_sentence(table, found.power)
    content = {"sentence": sentence} | found.as_dict()
    files = _write(out, table.set_index("knockout"), content)
    if as_json:
        print_json(content)
        return
    print_result(sentence)
    print_result(f"{found.unit}; {found.where}; reference level: {found.levels}; level {found.alpha:g}, both sides")
    pairs = pairs_of_hypotheses(table)
    for a, b, rows in pairs:
        print_result(f"\n{a} against {b}, change that each predicts:")
        show_rows(*experiment_rows(a, b, rows), most=max(FEWEST_ROWS, MAX_ROWS // len(pairs)))
    print_result(f"\n{BELOW}")
    for note in found.notes:
        print_result(f"note: {note}")
    print_result(f"table: {files[0]}")


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
