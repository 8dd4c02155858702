"""Every model against every other: differences, Holm within families, equivalence, and the confidence set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hypomask.comparison.confidence_set import confidence_p
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.equivalence import equivalence_p, probability_within
from hypomask.comparison.losses import LossTable
from hypomask.comparison.multiplicity import holm
from hypomask.comparison.paired import Effect, Units, corrected_effect
from hypomask.comparison.result import PairResult
from hypomask.comparison.seeds import ReplicateLosses

__all__ = ["PairTests", "pair_results"]


@dataclass(frozen=True, eq=False)
class PairTests:
    """Corrected effects of pairs.

    Parameters
    ----------
    effects
        By (a, b), a before b by name: loss of a minus loss of b.
    confidence_p
        By hypothesis: see `hypomask.comparison.confidence_set.confidence_p`.
    margin
        Of practical equivalence, in the unit of the loss.
    """

    effects: Mapping[tuple[str, str], Effect]
    confidence_p: Mapping[str, float]
    margin: float

    @classmethod
    def of(cls, table: LossTable, units: Units, config: ComparisonConfig) -> PairTests:
        """Test all pairs that have a hypothesis in them; the table must be sorted by name."""
        effects = {
            (a, b): corrected_effect(table.loss_MRB[i] - table.loss_MRB[j], table.n_folds, units)
            for i, a in enumerate(table.names)
            for j, b in enumerate(table.names)
            if i < j and "hypothesis" in (table.roles[i], table.roles[j])
        }
        rows = [i for i, role in enumerate(table.roles) if role == "hypothesis"]
        names = [table.names[i] for i in rows]
        p = confidence_p(
            table.loss_MRB[rows],
            {(i, j): effects[names[i], names[j]] for i in range(len(rows)) for j in range(i + 1, len(rows))},
            n_folds=table.n_folds,
            units=units,
            draws=config.monte_carlo_draws,
            seed=config.seed,
        )
        return cls(effects, dict(zip(names, map(float, p), strict=True)), config.margin * abs(table.gene_free_loss))

    def effect(self, a: str, b: str) -> Effect:
        """Return the effect of loss of `a` minus loss of `b`."""
        return self.effects[a, b] if (a, b) in self.effects else -self.effects[b, a]

    def equivalence_p(self, a: str, b: str) -> float:
        """Return the p of the two one-sided tests of `a` and `b`."""
        return equivalence_p(self.effect(a, b), self.margin)


def pair_results(
    table: LossTable, tests: PairTests, config: ComparisonConfig, replicates: ReplicateLosses | None = None
) -> tuple[PairResult, ...]:
    """Return all pairs of hypotheses, then every hypothesis with every reference, better ones first.

    Holm counts within each of the two families: which rival is better, and what is gained over the references, are two
    questions.
    """
    ranked = table.names_by_loss()
    hypotheses = [name for name in ranked if table.roles[table.index(name)] == "hypothesis"]
    references = [name for name in ranked if name not in hypotheses]
    rivals = [(a, b) for i, a in enumerate(hypotheses) for b in hypotheses[i + 1 :]]
    against = [(a, b) for a in hypotheses for b in references]
    families: tuple[tuple[Literal["rivals", "reference"], list[tuple[str, str]]], ...] = (
        ("rivals", rivals),
        ("reference", against),
    )
    results = []
    for family, members in families:
        effects = [tests.effect(a, b) for a, b in members]
        adjusted = holm([effect.p_two_sided for effect in effects])
        for (a, b), effect, p_holm in zip(members, effects, adjusted, strict=True):
            low, high = effect.interval(config.alpha)
            seed_error = None if replicates is None else replicates.error(a, b)
            results.append(
                PairResult(
                    a=a,
                    b=b,
                    family=family,
                    difference=effect.mean,
                    low=low,
                    high=high,
                    p=effect.p_two_sided,
                    p_holm=float(p_holm),
                    p_equivalent=equivalence_p(effect, tests.margin),
                    probability_equivalent=probability_within(effect, tests.margin),
                    seed_error=seed_error,
                    seed_share=None if seed_error is None or effect.se == 0 else (seed_error / effect.se) ** 2,
                )
            )
    return tuple(results)
