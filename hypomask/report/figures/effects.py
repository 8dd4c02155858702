"""What the edges of each hypothesis add, beside what its null masks add."""

from __future__ import annotations

import math

from markupsafe import Markup

from hypomask.comparison.result import Comparison, HypothesisResult, NullResult
from hypomask.report.figures.interval_rows import IntervalRow, Tone, interval_rows
from hypomask.report.wording import signed

__all__ = ["effects_figure", "skill_figure"]


def effects_figure(comparison: Comparison, shown: tuple[HypothesisResult, ...]) -> Markup:
    """Draw how much lower each loss is than without interactions, with its interval.

    Null masks are drawn here when the question is the wiring: they share their genes' additive part with the
    hypothesis. In membership studies they do not, and are drawn in the skill figure instead.
    """
    nulls = _nulls(comparison) if comparison.scope == "all" else {}
    rows = [
        _row(result, _known(result.gain), result.gain_low, result.gain_high, nulls.get(result.name), 1.0)
        for result in shown
        if result.gain is not None
    ]
    against = next((result.gain_against for result in shown if result.gain_against), "no-interaction")
    described = "; ".join(f"{row.name} {signed(row.estimate)}" for row in rows)
    return interval_rows(
        rows,
        name="effects",
        title=f"Gain over {against}",
        description=f"How much lower the loss of each hypothesis is than that of {against}: {described}.",
        worse="edges harm",
        better="edges help",
        zero=f"as good as {against}",
    )


def skill_figure(comparison: Comparison, shown: tuple[HypothesisResult, ...]) -> Markup:
    """Draw the skill of each hypothesis and reference with its interval; null masks too in membership studies."""
    nulls = _nulls(comparison) if comparison.scope == "members" else {}
    unit = comparison.gene_free_loss or math.nan
    rows = [
        _row(result, result.skill, result.skill_low, result.skill_high, nulls.get(result.name), unit)
        for result in shown
    ]
    described = "; ".join(f"{row.name} {signed(row.estimate)}" for row in rows)
    return interval_rows(
        rows,
        name="skill",
        title="Skill",
        description=f"Share of the gene-free model's loss that each model saves: {described}.",
        worse="worse than no genes",
        better="predicts better",
        zero="no better than the model without genes",
    )


def _nulls(comparison: Comparison) -> dict[str, NullResult]:
    return {null.hypothesis: null for null in comparison.nulls}


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _row(
    result: HypothesisResult,
    estimate: float,
    low: float | None,
    high: float | None,
    null: NullResult | None,
    unit: float,
) -> IntervalRow:
    # The null test has its own folds and seeds, so its draws are placed by their distance to the loss that the
    # hypothesis itself has in that test.
    draws = () if null is None else tuple(estimate + (null.observed - loss) / unit for loss in null.losses)
    best = result.in_confidence_set and result.code in {"best", "among-the-best", "equivalent", "supported"}
    tone: Tone = "reference" if result.role == "reference" else "best" if best else "plain"
    return IntervalRow(result.name, estimate, _known(low), _known(high), draws, tone)
