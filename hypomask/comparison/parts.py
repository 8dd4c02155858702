"""Skill in every part of a phenotype that has several: each hidden gene, each of several phenotypes. Never decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import LossTable, PartLosses
from hypomask.comparison.model_effects import skill_interval
from hypomask.comparison.multiplicity import holm
from hypomask.comparison.paired import Units, corrected_effect
from hypomask.comparison.result import PartResult

__all__ = ["part_table"]

FEWEST_SAMPLES = 20  # with a value; with fewer, an interval says nothing


def part_table(table: LossTable, config: ComparisonConfig) -> tuple[PartResult, ...]:
    """Return the skill of every model in every part, with interval and p.

    Null hypothesis: the expected loss in this part is at least that of the model without genes; one-sided, by
    `corrected_effect` on the samples whose value is known. Holm counts the parts of one model. A part with fewer than
    20 such samples, or without any loss, is left out.
    """
    found: list[PartResult] = []
    for model in table.names_by_loss():
        rows = [
            row for part, losses in table.parts.items() if (row := _row(table, part, losses, model, config)) is not None
        ]
        adjusted = holm([row.p for row in rows])
        found += [replace(row, p_holm=float(p)) for row, p in zip(rows, adjusted, strict=True)]
    return tuple(found)


def _row(table: LossTable, part: str, losses: PartLosses, model: str, config: ComparisonConfig) -> PartResult | None:
    seen = np.isfinite(losses.gene_free_RB).all(axis=0)
    if seen.sum() < FEWEST_SAMPLES:
        return None
    loss_RB, gene_free_RB = losses.loss_RB_of[model][:, seen], losses.gene_free_RB[:, seen]
    units = Units.of(None if table.groups is None else table.groups[seen], int(seen.sum()))
    if units.n < 2 or not gene_free_RB.any():
        return None
    effect = corrected_effect(gene_free_RB - loss_RB, table.n_folds, units)
    low, high = skill_interval(loss_RB, gene_free_RB, table.n_folds, units, config)
    skill = 1.0 - float(loss_RB.mean()) / float(gene_free_RB.mean())
    return PartResult(part, model, int(seen.sum()), skill, low, high, effect.p_greater, 1.0)
