"""From the tests of a study to the facts that its verdict looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

from hypomask.comparison.circumstances import Circumstances
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.facts import Estimate, HypothesisFacts, RivalFacts, StudyFacts
from hypomask.comparison.losses import LossTable
from hypomask.comparison.null_doubts import null_doubt
from hypomask.comparison.paired import Units
from hypomask.comparison.pairs import PairTests
from hypomask.comparison.result import ModelHealth, PairResult, Scope
from hypomask.comparison.sample_size import samples_needed

__all__ = ["Tested", "study_facts"]


@dataclass(frozen=True, eq=False)
class Tested:
    """All that was measured and tested in a study, before anything is concluded from it."""

    table: LossTable
    units: Units
    scope: Scope
    config: ComparisonConfig
    tests: PairTests
    pairs: tuple[PairResult, ...]
    health: tuple[ModelHealth, ...]
    circumstances: Circumstances


def study_facts(
    tested: Tested, facts_by_name: Mapping[str, HypothesisFacts], no_interaction_skill: Estimate | None
) -> StudyFacts:
    """Return the facts of a study.

    Parameters
    ----------
    facts_by_name
        The hypotheses, lowest loss first.
    no_interaction_skill
        Of the reference, in a wiring study.
    """
    table, units, config, tests = tested.table, tested.units, tested.config, tested.tests
    winner, *others = facts_by_name.values()
    may_be_best = [own for own in facts_by_name.values() if own.in_confidence_set]
    equivalence = [tests.equivalence_p(a.name, b.name) for i, a in enumerate(may_be_best) for b in may_be_best[i + 1 :]]
    rivals = [_rival(tested, winner.name, other.name) for other in others]
    rivals.sort(key=lambda rival: (-rival.ahead.p_adjusted, -rival.ahead.p, rival.ahead.value, rival.name))
    df = max(1, min(table.n_folds * table.n_repeats - 1, units.n - 1))
    rarest = min(table.event_counts, key=lambda c: (table.event_counts[c], c)) if table.event_counts else ""
    return StudyFacts(
        scope=tested.scope,
        kind=table.kind,
        alpha=config.alpha,
        margin=config.margin * abs(table.gene_free_loss),
        margin_share=config.margin,
        winner=winner,
        rivals=tuple(rivals),
        confidence_set=tuple(own.name for own in may_be_best),
        equivalence_p=max(equivalence) if equivalence else None,
        others_beating_nulls=tuple(
            own.name
            for own in may_be_best
            if own is not winner
            and (null := own.settled_null) is not None
            and null.p_holm <= config.alpha
            and null_doubt(null, n_hypotheses=len(facts_by_name), alpha=config.alpha) is None
        ),
        no_interaction_skill=no_interaction_skill,
        n_units=units.n,
        grouped=units.n < table.n_samples,
        per_class_and_fold=table.event_counts[rarest] / table.n_folds if rarest else None,
        smallest_class=rarest,
        null_kind="rewired" if tested.scope == "all" else "matched-genes",
        health=tested.health,
        left_out=tested.circumstances.left_out,
        skill_needs=_needed(winner.skill, units, df, 2.0 * config.alpha / len(facts_by_name), config),
        gain_needs=_needed(winner.gain, units, df, config.alpha / len(facts_by_name), config),
        copies=tested.circumstances.copies and units.n < table.n_samples,
    )


def _rival(tested: Tested, winner: str, name: str) -> RivalFacts:
    both = frozenset((winner, name))
    ahead = tested.tests.effect(name, winner)  # positive: the rival's loss is higher
    low, high = ahead.interval(tested.config.alpha)
    replicates = tested.circumstances.replicates
    return RivalFacts(
        name,
        Estimate(ahead.mean, low, high, ahead.p_two_sided, tested.tests.confidence_p[name]),
        samples_needed(ahead.mean, ahead.se, tested.units.n, alpha=tested.config.alpha),
        seed_error=None if replicates is None else replicates.error(winner, name),
        p_holm=next(pair.p_holm for pair in tested.pairs if {pair.a, pair.b} == both),
        direction_only=both in tested.circumstances.direction_only,
    )


def _needed(estimate: Estimate, units: Units, df: float, alpha: float, config: ComparisonConfig) -> int | None:
    """Return the samples at which `estimate` would be significant at the two-sided level `alpha`."""
    se = (estimate.high - estimate.low) / (2.0 * float(stats.t.isf(config.alpha / 2.0, df)))
    return samples_needed(estimate.value, se, units.n, alpha=alpha)
