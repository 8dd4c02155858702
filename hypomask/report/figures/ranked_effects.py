"""Effects of interventions with their intervals, largest first."""

from __future__ import annotations

import math

import pandas as pd
from markupsafe import Markup

from hypomask.report.figures.interval_rows import IntervalRow, interval_rows
from hypomask.report.wording import signed

__all__ = ["MAX_ROWS", "ranked_effects"]

MAX_ROWS = 30


def ranked_effects(table: pd.DataFrame, link: str, alpha: float, *, name: str) -> Markup:
    """Draw the largest effects of a scan's table; those whose adjusted p is below `alpha` stand out."""
    rows = []
    for intervention, row in table.head(MAX_ROWS).iterrows():
        label = f"{intervention} ({row['output']})" if "output" in table else str(intervention)
        sure = math.isfinite(row["p_holm"]) and row["p_holm"] < alpha
        rows.append(IntervalRow(label, row["effect"], row["low"], row["high"], tone="best" if sure else "plain"))
    described = "; ".join(f"{row.name} {signed(row.estimate)}" for row in rows[:10])
    return interval_rows(
        rows,
        name=name,
        title="Ranked effects",
        description=f"Mean effects on the link scale ({link}), largest first: {described}.",
        worse="lowers",
        better="raises",
        zero="no effect",
    )
