"""Tables of knockouts as they are written: the same on the terminal, in their page and in the report of the run."""

from __future__ import annotations

import pandas as pd

from hypomask.report.wording import interval, number, p_value, percentage, signed

__all__ = ["MAX_TABLE_ROWS", "pair_rows", "scan_rows"]

MAX_TABLE_ROWS = 100


def scan_rows(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of a scan's table, largest effects first."""
    headings = ["edited", "effect", "interval", "p (Holm)", "agree", "direct", "through mask", "rms", "unit"]
    has_nulls = "null_p" in table
    headings += ["p of rms (nulls)"] if has_nulls else []
    headings += ["touched", "responds most"]
    rows = []
    for name, row in table.head(MAX_TABLE_ROWS).iterrows():
        label = f"{name} ({row['output']})" if "output" in table else str(name)
        cells = [
            label,
            signed(row["effect"]),
            interval(row["low"], row["high"]),
            p_value(row["p_holm"]),
            percentage(row["consistency"]),
            signed(row["direct"]),
            signed(row["mediated"]),
            number(row["mediated_rms"]),
            signed(row["unit_effect"]),
            *([p_value(row["null_p"])] if has_nulls else []),
            f"{int(row['touched']):,}",
            str(row["responders"]).split("; ")[0],
        ]
        rows.append(cells)
    return headings, rows


def pair_rows(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of a pair scan's table."""
    more = [name for name in ("multiplicative", "minimum") if name in table]
    headings = ["pair", "a alone", "b alone", "both", "epistasis", "interval", "p (Holm)", "agree", "rms", *more]
    lethal = "synthetic_lethal" in table
    rows = []
    for _, row in table.head(MAX_TABLE_ROWS).iterrows():
        cells = [
            f"{row['a']} + {row['b']}",
            *(signed(row[name]) for name in ("effect_a", "effect_b", "both", "epistasis")),
            interval(row["low"], row["high"]),
            p_value(row["p_holm"]),
            percentage(row["consistency"]),
            number(row["epistasis_rms"]),
            *(signed(row[name]) for name in more),
            *(["yes" if row["synthetic_lethal"] else ""] if lethal else []),
        ]
        rows.append(cells)
    return headings + (["lethal?"] if lethal else []), rows
