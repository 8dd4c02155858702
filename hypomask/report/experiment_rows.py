"""Experiments to do next, in a sentence and in rows: the same on the terminal and in the report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hypomask.report.wording import interval, percentage, shorten, signed

__all__ = ["BELOW", "experiment_rows", "experiment_sentence", "pairs_of_hypotheses"]

MUCH_CHEAPER = 5  # times fewer replicates
LENGTH = 16  # of names in headings and of backgrounds: the table fits a terminal of 100 columns
BELOW = (
    "replicates: so many with the knockout and as many without, for the power wanted; background: the sample in which "
    "the predictions lie farthest apart, with the replicates that it would take there"
)


def experiment_sentence(table: pd.DataFrame, power: float) -> str:
    """Return which knockout to do next, and whether one sample as background makes another much cheaper."""
    first = table.iloc[0]
    if pd.isna(first["replicates"]):
        best = "No knockout would tell these hypotheses apart with 10,000 replicates: on average they predict the same."
    else:
        n = int(first["replicates"])
        best = (
            f"To do next: knock out {first['knockout']}. {n:,} replicates with and {n:,} without tell {first['a']} "
            f"from {first['b']} with an expected power of {100 * power:.0f} %."
        )
    return best + _in_one_background(table, float(first["replicates"]))


def _in_one_background(table: pd.DataFrame, on_average: float) -> str:
    there = table["replicates_there"].to_numpy(dtype=np.float64)
    if np.isnan(there).all() or np.nanmin(there) * MUCH_CHEAPER > on_average:  # NaN on average: no number does
        return ""
    row = table.iloc[int(np.nanargmin(there))]
    n = int(row["replicates_there"])
    return (
        f" In single backgrounds predictions differ more: {row['knockout']} in {row['background']} takes {n:,} and "
        f"{n:,} to tell {row['a']} from {row['b']}, if the difference there is as predicted; it is the largest of many."
    )


def pairs_of_hypotheses(table: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the experiments of each pair of hypotheses, the pair that is told apart most cheaply first."""
    pairs = table[["a", "b"]].drop_duplicates().itertuples(index=False)
    return [(str(a), str(b), table[(table["a"] == a) & (table["b"] == b)]) for a, b in pairs]


def experiment_rows(a: str, b: str, rows: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of the experiments that tell hypotheses `a` and `b` apart."""
    predictions = [shorten(a, LENGTH), shorten(b, LENGTH)]
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
            f"{shorten(str(row['background']), LENGTH)}: {_replicates(row['replicates_there'])}",
        ]
        for _, row in rows.iterrows()
    ]
    return headings, cells


def _replicates(needed: float | None) -> str:
    return "–" if pd.isna(needed) else f"{int(needed):,}"
