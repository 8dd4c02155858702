"""What a reader must know besides the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from hypomask.comparison.facts import Estimate, StudyFacts
from hypomask.comparison.losses import UNCONSTRAINED, LossTable
from hypomask.comparison.pairs import PairTests
from hypomask.comparison.result import NullResult
from hypomask.comparison.words import interval, listed, loss_unit, null_words, p_words

__all__ = ["caveats"]

FEWEST_DRAWS = 10
MOST_EXCEPTIONS = 0.2  # of null masks that did as well
FAR_BETTER = 2.0  # standard deviations of the null masks' losses below their mean


def caveats(table: LossTable, tests: PairTests, drawn: Sequence[NullResult], facts: StudyFacts) -> tuple[str, ...]:
    """Return warnings about the comparison, most important first."""
    return (
        *_unconstrained_is_better(table, tests, facts),
        *_same_predictions(table, tests),
        *_p_values_disagree(drawn, facts),
        *_few_nulls_as_good(drawn, facts),
        *_few_draws(drawn),
    )


def _unconstrained_is_better(table: LossTable, tests: PairTests, facts: StudyFacts) -> list[str]:
    if UNCONSTRAINED not in table.names:
        return []
    ahead = tests.effect(facts.winner.name, UNCONSTRAINED)
    if ahead.mean <= 0 or ahead.p_two_sided > facts.alpha:
        return []
    low, high = ahead.interval(facts.alpha)
    shown = interval(Estimate(ahead.mean, low, high, 1.0, 1.0), facts.alpha, loss_unit(facts.kind))
    return [
        f"The unconstrained reference predicts better than {facts.winner.name} (by {shown}, "
        f"{p_words(ahead.p_two_sided)}): something that matters is in none of the hypotheses."
    ]


def _same_predictions(table: LossTable, tests: PairTests) -> list[str]:
    found = []
    for (a, b), effect in tests.effects.items():
        if effect.se == 0 and table.roles[table.index(a)] == table.roles[table.index(b)] == "hypothesis":
            found.append(
                f"{a} and {b} predict the same in every sample; they cannot be told apart by any amount of data."
            )
    return found


def _p_values_disagree(drawn: Sequence[NullResult], facts: StudyFacts) -> list[str]:
    doubtful = [null for null in drawn if null.p <= facts.alpha and null.as_good and null.p_rank > facts.alpha]
    return [
        f"{null.as_good} of {null_words(null.kind, len(null.losses))} did as well as {null.hypothesis}, although "
        f"the approximated {p_words(null.p)} is small (by rank {p_words(null.p_rank)}): draw more null masks."
        for null in doubtful
    ]


def _few_nulls_as_good(drawn: Sequence[NullResult], facts: StudyFacts) -> list[str]:
    """Say that a null test failed by exceptions: random wirings that hold the right links, as of few genes many do."""
    found = []
    for null in drawn:
        n = len(null.losses)
        is_wiring = null.kind != "matched-genes"
        if not (is_wiring and null.finished and null.p_holm > facts.alpha and null.z is not None):
            continue
        if 0 < null.as_good <= MOST_EXCEPTIONS * n and null.z >= FAR_BETTER:
            worse = sum(null.losses) / n - null.observed
            found.append(
                f"{null.as_good} of {null_words(null.kind, n)} did as well as {null.hypothesis}, although the {n} "
                f"do worse by {worse:.2g} {loss_unit(facts.kind)} on average ({null.z:.1f} of their standard "
                "deviations). Random wirings of few genes can hold the very links that matter; then no number of "
                "samples makes this p small."
            )
    return found


def _few_draws(drawn: Sequence[NullResult]) -> list[str]:
    few = [
        null.hypothesis
        for null in drawn
        if null.finished and not null.stopped_early and len(null.losses) < FEWEST_DRAWS
    ]
    if not few:
        return []
    return [
        f"Fewer than {FEWEST_DRAWS} null masks for {listed(few)}: the p assumes that nulls are normally distributed."
    ]
