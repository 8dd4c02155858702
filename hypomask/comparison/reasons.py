"""The reasons of a verdict: one question each, answered with its numbers, in the order of the gates."""

from __future__ import annotations

from hypomask.comparison.facts import (
    SMALL_COHORT,
    SMALLEST_FOR_BEST,
    SMALLEST_PER_CLASS_AND_FOLD,
    HypothesisFacts,
    StudyFacts,
)
from hypomask.comparison.losses import NO_INTERACTION
from hypomask.comparison.null_doubts import null_doubt
from hypomask.comparison.result import Reason
from hypomask.comparison.words import count_of, interval, loss_unit, null_words, p_words

__all__ = [
    "MUCH",
    "beats_nulls",
    "edges_help",
    "holm_words",
    "lead_words",
    "may_gain_much",
    "open_points",
    "predicts",
    "rivals",
    "size_notes",
    "units_words",
    "without_interactions",
]

MUCH = 0.1
"""Share of the gene-free loss: what is not shown and may be this large, is not said to be absent."""


def predicts(facts: StudyFacts) -> Reason:
    """Return the reason about the model without genes."""
    skill = facts.winner.skill
    better = skill.value > 0 and skill.p <= facts.alpha
    said = "predicts better than" if better else "is not shown to predict better than"
    adjusted = _adjusted_words(facts, skill.p, skill.p_adjusted) if better else ""
    return Reason(
        "predicts",
        f"{facts.winner.name} {said} the model without genes "
        f"(skill {interval(skill, facts.alpha)}, one-sided {p_words(skill.p)}{adjusted}).",
        better,
        {"skill": skill.value, "low": skill.low, "high": skill.high, "p": skill.p, "p_adjusted": skill.p_adjusted},
    )


def edges_help(facts: StudyFacts) -> Reason:
    """Return the reason about what the edges add; in a membership study it only qualifies."""
    gain = facts.winner.gain
    significant = gain.p <= facts.alpha
    against = without_interactions(facts.winner)
    numbers = f"gain {interval(gain, facts.alpha, loss_unit(facts.kind))}, {p_words(gain.p)}"
    if gain.low == gain.high == 0.0:
        sentence = f"Its edges change nothing: it predicts exactly as {against} do."
    elif significant and gain.value > 0:
        adjusted = _adjusted_words(facts, gain.p, gain.p_adjusted)
        sentence = f"Its edges add to its genes: it predicts better than {against} ({numbers}{adjusted})."
    elif significant:
        sentence = f"With its edges it predicts worse than {against} ({numbers})."
    elif may_gain_much(facts):
        sentence = (
            f"Its edges are not shown to add anything: it may or may not predict better than {against} ({numbers})."
        )
    else:
        sentence = f"Its edges add nothing measurable: it predicts no better than {against} ({numbers})."
    helps = significant and gain.value > 0
    return Reason(
        "edges",
        sentence,
        helps if facts.scope == "all" or helps else None,
        {"gain": gain.value, "low": gain.low, "high": gain.high, "p": gain.p, "p_adjusted": gain.p_adjusted},
    )


def may_gain_much(facts: StudyFacts) -> bool:
    """Return whether the interval of what the edges add reaches a tenth of the gene-free loss."""
    gene_free_loss = facts.margin / facts.margin_share
    return facts.winner.gain.high > MUCH * gene_free_loss


def beats_nulls(facts: StudyFacts) -> Reason:
    """Return the reason about null masks; `supports` is None while the question is open."""
    null = facts.winner.settled_null
    if null is None:
        drawn = 0 if facts.winner.null is None else len(facts.winner.null.losses)
        what = "were not drawn" if drawn == 0 else f"are not all drawn yet ({drawn} so far)"
        sentence = f"The null masks ({facts.null_kind}) of {facts.winner.name} {what}, so chance is not ruled out."
        return Reason("nulls-not-drawn", sentence, None, {"draws": drawn})
    doubt = null_doubt(null, n_hypotheses=facts.n_hypotheses, alpha=facts.alpha)
    if doubt is not None:
        return doubt
    better = null.p_holm <= facts.alpha
    said = "predicts better than" if better else "is not shown to predict better than"
    holm = f", {p_words(null.p_holm)}{holm_words(facts)}" if facts.n_hypotheses > 1 else ""
    by_rank = f", by rank {p_words(null.p_rank)}" if null.p != null.p_rank else ""
    sentence = (
        f"{facts.winner.name} {said} {null_words(null.kind, len(null.losses))} "
        f"({null.as_good} did at least as well; {p_words(null.p)}{by_rank}{holm})."
    )
    numbers = {"p": null.p, "p_holm": null.p_holm, "p_rank": null.p_rank, "p_t": null.p_t, "z": null.z}
    return Reason("nulls", sentence, better, {**numbers, "draws": len(null.losses)})


def without_interactions(own: HypothesisFacts) -> str:
    """Return the words for what the edges' gain is measured against."""
    reference = own.gain_against == NO_INTERACTION
    return "the same genes without interactions" if reference else "its genes taken one by one"


def holm_words(facts: StudyFacts) -> str:
    """Return `` after Holm over 3 hypotheses``; nothing for one."""
    return f" after Holm over {facts.n_hypotheses} hypotheses" if facts.n_hypotheses > 1 else ""


def _adjusted_words(facts: StudyFacts, alone: float, adjusted: float) -> str:
    if facts.n_hypotheses == 1 or p_words(adjusted) == p_words(alone):
        return ""
    return f" alone, {p_words(adjusted)} for the best of {facts.n_hypotheses}"


def size_notes(facts: StudyFacts) -> tuple[Reason, ...]:
    """Return the warning that goes with every verdict from a small cohort."""
    if facts.n_units >= SMALL_COHORT:
        return ()
    return (
        Reason(
            "small-sample",
            f"Read these p values with care: with {units_words(facts)} (fewer than {SMALL_COHORT}) a test at the 5 % "
            "level can be wrong in up to 9 % of studies.",
            None,
            {"n": facts.n_units},
        ),
    )


def units_words(facts: StudyFacts) -> str:
    """Return ``37 samples``, ``37 independent groups`` or ``37 distinct samples``."""
    return count_of(facts.n_units, "independent group" if facts.unit == "group" else facts.unit)


def rivals(facts: StudyFacts) -> tuple[Reason, ...]:
    """Return the reason about the rival that is hardest to tell from the leading hypothesis, if there is any rival."""
    if not facts.rivals:
        return ()
    closest = facts.rivals[0]
    ahead = closest.ahead
    separated = ahead.p <= facts.alpha and facts.confidence_set == (facts.winner.name,)
    said = "is separated from each rival" if separated else f"is not separated from {closest.name}"
    sentence = f"{facts.winner.name} {said} ({lead_words(facts)})."
    numbers: dict[str, float | int | None] = {
        "difference": ahead.value,
        "low": ahead.low,
        "high": ahead.high,
        "p": ahead.p,
        "confidence_p": ahead.p_adjusted,
        "seed_error": closest.seed_error,
    }
    return (Reason("rivals", sentence, separated, numbers),)


def lead_words(facts: StudyFacts) -> str:
    """Return the lead over the closest rival with its numbers."""
    closest = facts.rivals[0]
    numbers = f"{interval(closest.ahead, facts.alpha, loss_unit(facts.kind))}, {p_words(closest.ahead.p)}"
    # Significant as a pair and yet in the confidence set: the joint p is what kept it there.
    joint = closest.name in facts.confidence_set and closest.ahead.p <= facts.alpha
    more = f" as a pair, {p_words(closest.ahead.p_adjusted)} with all rivals in view" if joint else ""
    return f"lead over {closest.name}: {numbers}{more}"


def open_points(facts: StudyFacts) -> tuple[Reason, ...]:
    """Return what stands between a leading hypothesis and "best" or "equivalent", other than its rivals."""
    nulls = beats_nulls(facts)
    undrawn = (nulls,) if nulls.supports is None else ()
    return (*undrawn, *_too_small_for_best(facts), *_lost_among_many(facts))


def _too_small_for_best(facts: StudyFacts) -> list[Reason]:
    found = []
    if facts.n_units < SMALLEST_FOR_BEST:
        found.append(
            Reason(
                "too-small",
                f"The cohort is too small to name a best hypothesis: {units_words(facts)}, at least "
                f"{SMALLEST_FOR_BEST} are needed.",
                None,
                {"n": facts.n_units, "needed": SMALLEST_FOR_BEST},
            )
        )
    if facts.per_class_and_fold is not None and facts.per_class_and_fold < SMALLEST_PER_CLASS_AND_FOLD:
        members = "independent groups" if facts.unit == "group" else f"{facts.unit}s"
        found.append(
            Reason(
                "too-few-of-a-class",
                f"There are too few {members} {_with(facts)} to name a best hypothesis: "
                f"{facts.per_class_and_fold:.2g} per fold, at least {SMALLEST_PER_CLASS_AND_FOLD:.0f} are needed.",
                None,
                {"per_fold": facts.per_class_and_fold, "needed": SMALLEST_PER_CLASS_AND_FOLD},
            )
        )
    return found


def _with(facts: StudyFacts) -> str:
    """Say what there are too few of: members of a class; samples with the event, or with a count above 0."""
    if facts.kind in ("survival", "discrete-survival", "counts"):
        return f"with {facts.smallest_class}"
    return f"of class {facts.smallest_class!r}"


def _lost_among_many(facts: StudyFacts) -> list[Reason]:
    found = []
    skill, gain = facts.winner.skill, facts.winner.gain
    if skill.p_adjusted > facts.alpha:
        found.append(
            Reason(
                "one-of-many",
                f"The best of {facts.n_hypotheses} hypotheses can be this far above the model without genes by luck "
                f"({p_words(skill.p)} alone, {p_words(skill.p_adjusted)} for the best of them"
                f"{_needs_words(facts.skill_needs, facts)}).",
                None,
                {"p": skill.p, "p_adjusted": skill.p_adjusted, "needed": facts.skill_needs},
            )
        )
    if facts.scope == "all" and gain.p_adjusted > facts.alpha:
        found.append(
            Reason(
                "edges-one-of-many",
                f"The best of {facts.n_hypotheses} hypotheses can be this far above no interactions by luck "
                f"({p_words(gain.p)} alone, {p_words(gain.p_adjusted)} for the best of them"
                f"{_needs_words(facts.gain_needs, facts)}).",
                None,
                {"p": gain.p, "p_adjusted": gain.p_adjusted, "needed": facts.gain_needs},
            )
        )
    return found


def _needs_words(needed: int | None, facts: StudyFacts) -> str:
    return "" if needed is None else f"; about {needed:,} {facts.unit}s would decide"
