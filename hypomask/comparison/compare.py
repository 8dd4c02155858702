"""From a table of losses to the answer: the whole procedure, in the order in which it is reported."""

from __future__ import annotations

from collections.abc import Sequence

from hypomask.comparison.caveats import caveats
from hypomask.comparison.circumstances import Circumstances
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.facts import HypothesisFacts, StudyFacts
from hypomask.comparison.health import model_health
from hypomask.comparison.hypothesis_results import hypothesis_results
from hypomask.comparison.losses import NO_INTERACTION, LossTable, NullLosses
from hypomask.comparison.model_effects import model_effects
from hypomask.comparison.null_results import gate_null, null_results
from hypomask.comparison.paired import Units, variance_factor
from hypomask.comparison.pairs import PairTests, pair_results
from hypomask.comparison.parts import part_table
from hypomask.comparison.result import Comparison, Scope, Verdict
from hypomask.comparison.sample_size import samples_to_be_judged
from hypomask.comparison.selection import selection_corrected_skill
from hypomask.comparison.study_facts import Tested, study_facts
from hypomask.comparison.subgroups import subgroup_table
from hypomask.comparison.verdict import study_verdict
from hypomask.outcomes.registry import TARGETS

__all__ = ["compare_losses"]


def compare_losses(
    table: LossTable,
    nulls: Sequence[NullLosses] = (),
    config: ComparisonConfig | None = None,
    scope: Scope = "all",
    circumstances: Circumstances | None = None,
) -> Comparison:
    """Compare the hypotheses of a study and say what the data support.

    The answer does not depend on the order of models or samples: models are sorted by name, and samples by their
    losses, wherever random numbers are drawn.

    Parameters
    ----------
    table
        Out-of-fold losses of all hypotheses and references on the same folds.
    nulls
        Null losses of the hypotheses they were drawn for. Hypotheses without any are reported as such, and count in
        Holm's correction with p = 1: which hypotheses get null masks is decided by looking at the same data, so the
        correction must be for all of them.
    config
        Level, margin, Monte Carlo effort.
    scope
        ``all``: the question is the wiring, and edges that add nothing end the study. ``members``: the question is the
        genes, and they only qualify it.
    circumstances
        How the losses came about; see `Circumstances`.

    Raises
    ------
    DataError
        Null losses belong to no hypothesis of the table, or one kind occurs twice for one hypothesis.
    """
    config = config or ComparisonConfig()
    circumstances = circumstances or Circumstances()
    table = table.sorted_by_name()
    units = Units.of(table.groups, table.n_samples)
    effects = model_effects(table, units, config, scope)
    tests = PairTests.of(table, units, config)
    drawn = null_results(table, nulls, config, circumstances.null_controls)
    names = table.hypotheses_by_loss()
    facts_by_name = {
        name: HypothesisFacts(
            name=name,
            skill=effects[name].skill,
            gain=effects[name].gain,
            gain_against=effects[name].gain_against,
            null=gate_null(drawn, name, scope),
            in_confidence_set=tests.confidence_p[name] > config.alpha,
            confidence_p=tests.confidence_p[name],
        )
        for name in names
    }
    reference = effects[NO_INTERACTION].skill if scope == "all" and NO_INTERACTION in effects else None
    health = model_health(table, circumstances.fits) if circumstances.fits is not None else ()
    pairs = pair_results(table, tests, config, circumstances.replicates)
    tested = Tested(table, units, scope, config, tests, pairs, health, circumstances)
    facts = study_facts(tested, facts_by_name, reference)
    verdict = study_verdict(facts)
    return Comparison(
        verdict=verdict,
        hypotheses=hypothesis_results(table, effects, tests, facts_by_name, facts, verdict.code),
        pairs=pairs,
        nulls=drawn,
        winner=names[0],
        winner_skill_corrected=_corrected_skill(table, units, config),
        samples_needed=_samples_needed(facts, verdict),
        gene_free_loss=table.gene_free_loss,
        settings=_settings(table, facts, config, effects[names[0]].skill_df, circumstances),
        n_samples=table.n_samples,
        n_groups=units.n,
        scope=scope,
        kind=table.kind,
        warnings=caveats(table, tests, drawn, facts),
        trainings=dict(circumstances.trainings),
        unit=facts.unit,
        health=health,
        subgroups=subgroup_table(table, circumstances.subgroupings, units, config),
        parts=part_table(table, config),
    )


def _corrected_skill(table: LossTable, units: Units, config: ComparisonConfig) -> float | None:
    rows = [m for m, role in enumerate(table.roles) if role == "hypothesis"]
    return selection_corrected_skill(
        table.loss_MRB[rows].mean(axis=1),
        table.gene_free_RB.mean(axis=0),
        units,
        draws=config.bootstrap_draws,
        seed=config.seed,
    )


def _samples_needed(facts: StudyFacts, verdict: Verdict) -> int | None:
    if verdict.code != "cannot-tell":
        return None
    codes = {reason.code for reason in verdict.reasons}
    wanted = []
    if codes & {"too-small", "too-few-of-a-class"}:
        wanted.append(samples_to_be_judged(facts.n_units, facts.per_class_and_fold))
    if any(reason.code == "rivals" and not reason.supports for reason in verdict.reasons):
        wanted.append(facts.rivals[0].samples_needed)
    if "one-of-many" in codes:
        wanted.append(facts.skill_needs)
    if "edges-one-of-many" in codes:
        wanted.append(facts.gain_needs)
    return None if not wanted or None in wanted else max(n for n in wanted if n is not None)


def _settings(
    table: LossTable, facts: StudyFacts, config: ComparisonConfig, df: float, circumstances: Circumstances
) -> dict[str, float | int | str | None]:
    return {
        "level": config.alpha,
        "margin": config.margin,
        "margin_in_loss": facts.margin,
        "loss": TARGETS[table.kind].loss_unit,
        "folds": table.n_folds,
        "repeats": table.n_repeats,
        "null_repeats": circumstances.null_repeats,
        "variance_factor": variance_factor(table.n_folds),
        "degrees_of_freedom": df,
        "null_stop_after": config.null_stop_after,
        "monte_carlo_draws": config.monte_carlo_draws,
        "bootstrap_draws": config.bootstrap_draws,
        "seed": config.seed,
    }
