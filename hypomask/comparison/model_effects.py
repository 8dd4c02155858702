"""What each model shows against the gene-free model (skill) and against no interaction (gain)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.facts import Estimate
from hypomask.comparison.losses import NO_INTERACTION, LossTable
from hypomask.comparison.multiplicity import JointLaw
from hypomask.comparison.paired import Effect, Units, corrected_effect
from hypomask.comparison.result import Scope

__all__ = ["ModelEffects", "losses_without_interactions", "model_effects"]

FloatArray = npt.NDArray[np.float64]
ITS_ADDITIVE_PART = "its additive part"


@dataclass(frozen=True)
class ModelEffects:
    """Skill and gain of one model; `gain_against` is empty for the no-interaction reference itself."""

    loss: float
    skill: Estimate
    skill_df: float
    additive_skill: float
    gain: Estimate
    gain_against: str


def model_effects(table: LossTable, units: Units, config: ComparisonConfig, scope: Scope) -> dict[str, ModelEffects]:
    """Return skill and gain of every model by name.

    Skill: 1 - L / L0. Null hypothesis of its p: the expected loss is at least that of the gene-free model; one-sided.
    Its interval is that of the ratio (delta method: losses L_i - (L/L0) L0_i, in units of L0), so that it accounts for
    the gene-free loss being an estimate too.

    Gain: loss without interactions minus loss. Null hypothesis: the edges change nothing; two-sided. Without
    interactions means the reference ``no-interaction``; in a membership study, or where that reference was not trained,
    the model's own additive part.

    Both p values are given alone and adjusted for all hypotheses (max-t, see `JointLaw`); those of references are not
    part of any family and stay as they are. Invalid where `corrected_effect` is.
    """
    against_MRB, against = losses_without_interactions(table, scope)
    skill_MRB = table.gene_free_RB - table.loss_MRB
    gain_MRB = against_MRB - table.loss_MRB
    skills = [corrected_effect(d_RB, table.n_folds, units) for d_RB in skill_MRB]
    gains = [corrected_effect(d_RB, table.n_folds, units) for d_RB in gain_MRB]
    family = [m for m, role in enumerate(table.roles) if role == "hypothesis"]
    skill_p = np.array([effect.p_greater for effect in skills])
    gain_p = np.array([effect.p_two_sided for effect in gains])
    skill_p_adjusted, gain_p_adjusted = skill_p.copy(), gain_p.copy()
    skill_p_adjusted[family] = _law(skill_MRB, skills, family, table, units, config).adjusted_greater()
    gain_p_adjusted[family] = _law(gain_MRB, gains, family, table, units, config).adjusted_two_sided()
    found = {}
    for m, name in enumerate(table.names):
        low, high = skill_interval(table.loss_MRB[m], table.gene_free_RB, table.n_folds, units, config)
        gain_low, gain_high = gains[m].interval(config.alpha)
        loss = float(table.loss_MRB[m].mean())
        found[name] = ModelEffects(
            loss=loss,
            skill=Estimate(1.0 - loss / table.gene_free_loss, low, high, float(skill_p[m]), float(skill_p_adjusted[m])),
            skill_df=skills[m].df,
            additive_skill=1.0 - float(table.additive_MRB[m].mean()) / table.gene_free_loss,
            gain=Estimate(gains[m].mean, gain_low, gain_high, float(gain_p[m]), float(gain_p_adjusted[m])),
            gain_against=against if name != NO_INTERACTION else "",
        )
    return found


def losses_without_interactions(table: LossTable, scope: Scope) -> tuple[FloatArray, str]:
    """Return (M, R, B) losses that each model's gain is measured against, and what they are the losses of."""
    if scope == "all" and NO_INTERACTION in table.names:
        reference_RB = table.loss_MRB[table.index(NO_INTERACTION)]
        return np.broadcast_to(reference_RB, table.loss_MRB.shape), NO_INTERACTION
    return table.additive_MRB, ITS_ADDITIVE_PART


def _law(
    difference_MRB: FloatArray,
    effects: list[Effect],
    family: list[int],
    table: LossTable,
    units: Units,
    config: ComparisonConfig,
) -> JointLaw:
    return JointLaw(
        difference_MRB[family],
        [effects[m] for m in family],
        n_folds=table.n_folds,
        units=units,
        draws=config.monte_carlo_draws,
        seed=config.seed,
    )


def skill_interval(
    loss_RB: FloatArray, gene_free_RB: FloatArray, n_folds: int, units: Units, config: ComparisonConfig
) -> tuple[float, float]:
    """Return the interval of 1 - L / L0 by the delta method: see `model_effects`.

    The delta method fails where a few samples hold most of the gene-free loss: their ratio is L / L0, so that nothing
    seems to vary. Where the interval would exclude a skill of 0 although the test on differences does not, it is
    widened to that of the difference in units of L0.
    """
    gene_free_loss = float(gene_free_RB.mean())
    ratio = float(loss_RB.mean()) / gene_free_loss
    linear = corrected_effect((ratio * gene_free_RB - loss_RB) / gene_free_loss, n_folds, units)
    low, high = Effect(1.0 - ratio, linear.se, linear.df).interval(config.alpha)
    difference = corrected_effect(gene_free_RB - loss_RB, n_folds, units)
    if low * high > 0.0 and difference.p_two_sided > config.alpha:
        plain_low, plain_high = difference.interval(config.alpha)
        low, high = min(low, plain_low / gene_free_loss), max(high, plain_high / gene_free_loss)
    return low, high
