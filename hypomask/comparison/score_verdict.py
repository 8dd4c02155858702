"""What is said of a table of scores: the rule that applies, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypomask.comparison.facts import Estimate
from hypomask.comparison.result import Reason
from hypomask.comparison.score_result import ScoredModel, ScoredPair, ScoreVerdict
from hypomask.comparison.words import amount, count_of, interval, listed, p_words

__all__ = ["FEWEST_FOLDS", "ScoreFacts", "score_verdict"]

FEWEST_FOLDS = 5
"""Below so many splits per repeat nothing is called better: with one to three degrees of freedom the corrected t erred
in up to 13 % of simulated tables, and in up to 8 % with the overlap counted threefold."""

MAX_CONTRADICTIONS = 3


@dataclass(frozen=True)
class ScoreFacts:
    """What the rules look at: models and pairs, best first, and how the scores were made."""

    models: tuple[ScoredModel, ...]
    pairs: tuple[ScoredPair, ...]
    reference: str | None
    unit: str
    margin: float | None
    alpha: float
    n_folds: int
    n_repeats: int

    @property
    def n_splits(self) -> int:
        """Splits of all repeats."""
        return self.n_folds * self.n_repeats

    @property
    def splits_words(self) -> str:
        """``10 folds`` or ``15 splits (3 x 5)``."""
        if self.n_repeats == 1:
            return count_of(self.n_folds, "fold")
        return f"{self.n_splits} splits ({self.n_repeats} x {self.n_folds})"


def score_verdict(facts: ScoreFacts) -> ScoreVerdict:
    """Return what a table of scores says.

    Without a reference: best (better than every other model), equivalent (all that may be best differ by less than the
    margin), cannot tell. With one: whether any model is better than it, worse, or all are equivalent to it. "Better"
    always means: at level alpha after Holm over all pairs of the comparison, with the overlap of training sets counted
    threefold, from at least `FEWEST_FOLDS` splits per repeat.
    """
    if facts.reference is None:
        verdict = _best(facts) or _equivalent(facts) or _cannot_rank(facts)
    else:
        verdict = _against_reference(facts, facts.reference)
    few = f" With {count_of(facts.n_folds, 'fold')} nothing can be shown; {FEWEST_FOLDS} are the least."
    sentence = verdict.sentence + (few if facts.n_folds < FEWEST_FOLDS and verdict.code == "cannot-tell" else "")
    return ScoreVerdict(verdict.code, sentence, _contradictions(facts))


def _best(facts: ScoreFacts) -> ScoreVerdict | None:
    leader = facts.models[0]
    of_leader = [pair for pair in facts.pairs if pair.a == leader.name]
    if any(pair.code != "better" for pair in of_leader):
        return None
    closest = max(of_leader, key=lambda pair: pair.p_holm)
    than = closest.b if len(of_leader) == 1 else f"each of the {len(of_leader)} others, than {closest.b} (the closest)"
    sentence = f"Best: {leader.name} ({_mean(facts, leader)}). It is better than {than} by {_ahead(facts, closest)}."
    return ScoreVerdict("best", sentence)


def _equivalent(facts: ScoreFacts) -> ScoreVerdict | None:
    names = [model.name for model in facts.models if model.among_best]
    inside = [pair for pair in facts.pairs if pair.a in names and pair.b in names]
    if not inside or any(pair.code != "equivalent" for pair in inside):
        return None
    p = max(pair.p_equivalent or 0.0 for pair in inside)
    sentence = (
        f"Practically equivalent: {listed(names)} differ by less than {facts.margin:g} {facts.unit} ({p_words(p)})."
        f"{_beaten(facts)}"
    )
    return ScoreVerdict("equivalent", sentence)


def _cannot_rank(facts: ScoreFacts) -> ScoreVerdict:
    leader = facts.models[0]
    others = [model.name for model in facts.models[1:] if model.among_best]
    # Where every other model is beaten by some model, but not all of them by the leader, its lead is what is open.
    rival = (
        others[0] if others else next(pair.b for pair in facts.pairs if pair.a == leader.name and pair.code != "better")
    )
    open_point = f"{listed(others)} may be as good" if others else f"its lead over {rival} is not certain"
    which = "which is better" if len(facts.models) == 2 else "which model is best"
    pair = next(pair for pair in facts.pairs if (pair.a, pair.b) == (leader.name, rival))
    sentence = (
        f"Cannot tell {which}: {leader.name} leads ({_mean(facts, leader)}), but {open_point}. "
        f"It is ahead of {rival} by {_ahead(facts, pair)}.{_beaten(facts)}"
    )
    return ScoreVerdict("cannot-tell", sentence)


def _beaten(facts: ScoreFacts) -> str:
    beaten = [model.name for model in facts.models if not model.among_best]
    return f" Shown to be worse than another: {listed(beaten)}." if beaten else ""


def _against_reference(facts: ScoreFacts, reference: str) -> ScoreVerdict:
    better = [pair for pair in facts.pairs if pair.code == "better"]
    worse = [pair for pair in facts.pairs if pair.code == "worse"]
    said = []
    if better:
        said.append(f"Better than {reference}: {_each(facts, better)}.")
    if worse:
        said.append(f"Worse than {reference}: {_each(facts, worse)}.")
    alike = [pair.a for pair in facts.pairs if pair.code == "equivalent"]
    unsure = [pair.a for pair in facts.pairs if pair.code == "cannot-tell"]
    if alike and said:
        said.append(f"Practically equivalent to it: {listed(alike)}.")
    if unsure and said:
        said.append(f"Cannot tell for {listed(unsure)}.")
    if said:
        return ScoreVerdict("better" if better else "worse", " ".join(said))
    if not unsure:
        p = max(pair.p_equivalent or 0.0 for pair in facts.pairs)
        names = listed([pair.a for pair in facts.pairs])
        sentence = (
            f"Practically equivalent to {reference}: {names}; less than {facts.margin:g} {facts.unit} ({p_words(p)})."
        )
        return ScoreVerdict("equivalent", sentence)
    leading = facts.pairs[0]
    is_ahead = f"is {'ahead' if leading.ahead >= 0 else 'behind'} by {_ahead(facts, leading)}"
    one = f"{leading.a} {is_ahead}" if len(facts.pairs) == 1 else f"the one with the best mean, {leading.a}, {is_ahead}"
    who = leading.a if len(facts.pairs) == 1 else f"any of {count_of(len(facts.pairs), 'model')}"
    return ScoreVerdict("cannot-tell", f"Cannot tell whether {who} is better or worse than {reference}: {one}.")


def _each(facts: ScoreFacts, pairs: Sequence[ScoredPair]) -> str:
    return "; ".join(f"{pair.a} (by {_ahead(facts, pair)})" for pair in pairs[:MAX_CONTRADICTIONS]) + (
        f"; and {len(pairs) - MAX_CONTRADICTIONS} more" if len(pairs) > MAX_CONTRADICTIONS else ""
    )


def _contradictions(facts: ScoreFacts) -> tuple[Reason, ...]:
    """Say where a naive test would have been sure and this comparison is not; the leader's pairs first."""
    unsure = [pair for pair in facts.pairs if pair.code == "cannot-tell" and pair.naive.smallest <= facts.alpha]
    leader = facts.models[0].name
    unsure.sort(key=lambda pair: (leader not in (pair.a, pair.b), pair.naive.smallest))
    reasons = []
    for pair in unsure[:MAX_CONTRADICTIONS]:
        naive = pair.naive
        direction = "better" if pair.ahead >= 0 else "worse"
        in_folds = pair.won if pair.ahead >= 0 else pair.lost
        sentence = (
            f"{pair.a} against {pair.b}: {direction} in {in_folds} of {facts.splits_words}. Naive tests, which take "
            f"folds as independent, would say: sign test {p_words(naive.sign)}, Wilcoxon {p_words(naive.wilcoxon)}, "
            f"paired t {p_words(naive.paired_t)}. But folds share training samples; corrected for that: by "
            f"{_difference(facts, pair)}, {p_words(pair.p_corrected)}"
        )
        if pair.p_corrected <= facts.alpha:
            sentence += (
                f" taken alone; the p that decides is {p_words(pair.p_holm).removeprefix('p ').removeprefix('= ')}"
            )
        reasons.append(
            Reason(
                "naive-tests-disagree",
                f"{sentence}.",
                None,
                {
                    "ahead": pair.ahead,
                    "p_corrected": pair.p_corrected,
                    "p_holm": pair.p_holm,
                    "naive_sign_p": naive.sign,
                    "naive_wilcoxon_p": naive.wilcoxon,
                    "naive_paired_t_p": naive.paired_t,
                },
            )
        )
    if len(unsure) > MAX_CONTRADICTIONS:
        more = count_of(len(unsure) - MAX_CONTRADICTIONS, "other pair")
        reasons.append(Reason("naive-tests-disagree", f"A naive test would be sure of {more} too.", None, {}))
    return tuple(reasons)


def _ahead(facts: ScoreFacts, pair: ScoredPair) -> str:
    return f"{_difference(facts, pair)} (corrected {p_words(pair.p_corrected)}, deciding {p_words(pair.p_holm)})"


def _difference(facts: ScoreFacts, pair: ScoredPair) -> str:
    sign = 1.0 if pair.ahead >= 0 else -1.0
    low, high = sorted((sign * pair.low, sign * pair.high))
    estimate = Estimate(sign * pair.ahead, low, high, pair.p_corrected, pair.p_holm)
    return interval(estimate, facts.alpha, facts.unit)


def _mean(facts: ScoreFacts, model: ScoredModel) -> str:
    closest = min(facts.pairs, key=lambda pair: pair.high - pair.low)
    half = (closest.high - closest.low) / 2.0
    return f"mean {facts.unit} {amount(model.mean, model.mean - half, model.mean + half)}"
