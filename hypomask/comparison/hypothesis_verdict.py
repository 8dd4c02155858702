"""What is said of one hypothesis: the same rules as for the study, asked of it alone."""

from __future__ import annotations

from hypomask.comparison.facts import HypothesisFacts, RivalFacts, StudyFacts
from hypomask.comparison.null_doubts import null_doubt
from hypomask.comparison.reasons import holm_words, without_interactions
from hypomask.comparison.result import HypothesisCode, VerdictCode
from hypomask.comparison.words import count_of, interval, loss_unit, null_words, p_words

__all__ = ["hypothesis_verdict"]


def hypothesis_verdict(own: HypothesisFacts, facts: StudyFacts, study_code: VerdictCode) -> tuple[HypothesisCode, str]:
    """Return code and sentence for the hypothesis `own` of a study that ended in `study_code`."""
    failed = _fails_alone(own, facts)
    if failed is not None:
        return failed
    null = own.settled_null
    behind = "" if own.in_confidence_set else f"; {facts.winner.name} predicts better{_lead_over(own, facts)}"
    if null is None:
        state = "were not drawn" if own.null is None else "are not all drawn yet"
        return "cannot-tell", f"Predicts, but its null masks {state}{behind}."
    beats = f"Beats {null_words(null.kind, len(null.losses))} ({p_words(null.p_holm)})"
    if not own.in_confidence_set:
        return "supported", f"{beats}{behind}."
    if study_code == "best":
        if not facts.rivals:
            return "best", f"{beats}."
        closest = facts.rivals[0]
        return "best", f"{beats} and every rival (closest: {closest.name},{_lead_over(closest, facts)})."
    if study_code == "equivalent":
        others = count_of(len(facts.confidence_set) - 1, "rival")
        p = "" if facts.equivalence_p is None else f" ({p_words(facts.equivalence_p)})"
        return "equivalent", f"{beats}; practically equivalent to {others}{p}."
    p = f" ({p_words(own.confidence_p)} for being the best)" if facts.rivals else ""
    return "among-the-best", f"{beats}; may be the best, but that is not settled{p}."


def _lead_over(own: HypothesisFacts | RivalFacts, facts: StudyFacts) -> str:
    """Return by how much the leading hypothesis is ahead of `own`."""
    rival = next((rival for rival in facts.rivals if rival.name == own.name), None)
    if rival is None:
        return ""
    unit = loss_unit(facts.kind)
    return f" by {interval(rival.ahead, facts.alpha, unit)}, {p_words(rival.ahead.p)}"


def _fails_alone(own: HypothesisFacts, facts: StudyFacts) -> tuple[HypothesisCode, str] | None:
    alpha, skill, gain = facts.alpha, own.skill, own.gain
    null = own.settled_null
    doubt = None if null is None else null_doubt(null, n_hypotheses=facts.n_hypotheses, alpha=facts.alpha)
    beaten = null is not None and null.p_holm <= alpha and doubt is None
    if facts.scope == "members" and skill.value > 0 and skill.p > alpha and null is not None and beaten:
        return "cannot-tell", (
            f"Beats {null_words(null.kind, len(null.losses))} ({p_words(null.p_holm)}), but its skill is not shown to "
            f"be above zero ({interval(skill, alpha)}, one-sided {p_words(skill.p)})."
        )
    if skill.value <= 0 or skill.p > alpha:
        return "not-supported", (
            "Not shown to predict better than the model without genes "
            f"(skill {interval(skill, alpha)}, one-sided {p_words(skill.p)})."
        )
    if facts.scope == "all":
        numbers = f"gain {interval(gain, alpha, loss_unit(facts.kind))}, {p_words(gain.p)}"
        if gain.p <= alpha and gain.value < 0:
            return "worse-than-no-interaction", f"Predicts worse than {without_interactions(own)} ({numbers})."
        if gain.p > alpha:
            return "not-supported", f"Its edges add nothing measurable to its genes ({numbers})."
    if doubt is not None:
        return "cannot-tell", f"Predicts, but {doubt.sentence[0].lower()}{doubt.sentence[1:]}"
    if null is not None and null.p_holm > alpha:
        return "no-better-than-nulls", (
            f"Not shown to be better than {null_words(null.kind, len(null.losses))} "
            f"({null.as_good} did at least as well, {p_words(null.p_holm)}{holm_words(facts)})."
        )
    if skill.p_adjusted > alpha:
        return "cannot-tell", (
            f"Predicts when taken alone ({p_words(skill.p)}), but not certainly so as one of "
            f"{facts.n_hypotheses} hypotheses ({p_words(skill.p_adjusted)})."
        )
    if facts.scope == "all" and gain.p_adjusted > alpha:
        return "cannot-tell", (
            f"Its edges add something when taken alone ({p_words(gain.p)}), but not certainly so as one of "
            f"{facts.n_hypotheses} hypotheses ({p_words(gain.p_adjusted)})."
        )
    return None
