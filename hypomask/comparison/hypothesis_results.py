"""One row of the ranking per model: what was estimated, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hypomask.comparison.facts import HypothesisFacts, StudyFacts
from hypomask.comparison.hypothesis_verdict import hypothesis_verdict
from hypomask.comparison.losses import LossTable
from hypomask.comparison.model_effects import ModelEffects
from hypomask.comparison.pairs import PairTests
from hypomask.comparison.result import HypothesisCode, HypothesisResult, VerdictCode
from hypomask.comparison.stacking import stacking_weights

__all__ = ["hypothesis_results"]


def hypothesis_results(
    table: LossTable,
    effects: Mapping[str, ModelEffects],
    tests: PairTests,
    facts_by_name: Mapping[str, HypothesisFacts],
    facts: StudyFacts,
    study_code: VerdictCode,
) -> tuple[HypothesisResult, ...]:
    """Return the results of all hypotheses and references, lowest loss first."""
    hypotheses = [name for name in table.names if name in facts_by_name]
    loss_HB = np.stack([table.loss_MRB[table.index(name)].mean(axis=0) for name in hypotheses])
    weights = dict(zip(hypotheses, map(float, stacking_weights(loss_HB, table.kind)), strict=True))
    results = []
    for rank, name in enumerate(table.names_by_loss(), start=1):
        shown, own = effects[name], facts_by_name.get(name)
        gain = shown.gain if shown.gain_against else None
        null = None if own is None else own.null
        code: HypothesisCode = "reference"
        sentence = "A reference to compare with, not a hypothesis."
        if own is not None:
            code, sentence = hypothesis_verdict(own, facts, study_code)
        results.append(
            HypothesisResult(
                name=name,
                role=table.roles[table.index(name)],
                rank=rank,
                loss=shown.loss,
                skill=shown.skill.value,
                skill_low=shown.skill.low,
                skill_high=shown.skill.high,
                skill_p=shown.skill.p,
                skill_p_adjusted=shown.skill.p_adjusted,
                additive_skill=shown.additive_skill,
                gain=None if gain is None else gain.value,
                gain_low=None if gain is None else gain.low,
                gain_high=None if gain is None else gain.high,
                gain_p=None if gain is None else gain.p,
                gain_p_adjusted=None if gain is None else gain.p_adjusted,
                gain_against=shown.gain_against,
                null_kind="" if null is None else null.kind,
                null_p_rank=None if null is None else null.p_rank,
                null_p_t=None if null is None else null.p_t,
                null_p=None if null is None else null.p,
                null_p_holm=None if null is None else null.p_holm,
                null_z=None if null is None else null.z,
                null_draws=0 if null is None else len(null.losses),
                in_confidence_set=None if own is None else own.in_confidence_set,
                confidence_p=tests.confidence_p.get(name),
                stacking_weight=weights.get(name),
                scores=dict(table.scores.get(name, {})),
                code=code,
                sentence=sentence,
            )
        )
    return tuple(results)
