"""The rules of the verdict: the first that applies decides.

refused / no signal / edges not supported (wiring studies only) / no better than its nulls / best / equivalent / cannot
tell.
Genes that beat matched gene sets, but whose skill is not shown to be above zero, are a case of "cannot tell".

A *membership* study asks which genes (with their edges) explain the phenotype. That the edges add nothing measurable
to the genes then qualifies the verdict and never overrules it: what decides is whether the genes beat matched gene
sets.

The leading hypothesis was chosen because it leads. Its tests against the gene-free model and against no interaction
are therefore read twice: taken alone they decide the first two rules; "best" and "equivalent" also demand them adjusted
for all hypotheses of the study. Between the two lies "cannot tell". The null test is read after Holm over all.

"Best" and "equivalent" are also withheld where fits failed or ran away, and "best" where other seeds could turn the
lead (`hypomask.comparison.doubts`).
"""

from __future__ import annotations

from hypomask.comparison.doubts import doubts_about_fits, doubts_about_lead, notes_on_direction, notes_on_fits
from hypomask.comparison.facts import SMALLEST_COHORT, StudyFacts
from hypomask.comparison.null_doubts import loose_match, null_doubt
from hypomask.comparison.reasons import (
    MUCH,
    beats_nulls,
    edges_help,
    holm_words,
    lead_words,
    may_gain_much,
    open_points,
    predicts,
    rivals,
    size_notes,
    units_words,
)
from hypomask.comparison.result import Reason, Verdict
from hypomask.comparison.words import amount, interval, listed, loss_unit, null_claim, null_words, p_words

__all__ = ["study_verdict"]


def study_verdict(facts: StudyFacts) -> Verdict:
    """Return what a study says: the first rule that applies, with the reasons met on the way to it.

    The chance that a study without any true hypothesis ends in "best" was measured at 0 % with a stand-in learner
    (nominal 5 %), and at 0-6 % for two equally true hypotheses.
    """
    notes = (*loose_match(facts.winner.null), *notes_on_fits(facts), *notes_on_direction(facts), *size_notes(facts))
    if facts.n_units < SMALLEST_COHORT:
        few = f"No verdict: {units_words(facts)}; at least {SMALLEST_COHORT} are needed to compare anything."
        return Verdict("refused", few, size_notes(facts))
    met: list[Reason] = []
    for question, rule in (
        (predicts, _no_signal),
        (edges_help, _edges_not_supported),
        (beats_nulls, _no_better_than_nulls),
    ):
        reason = question(facts)
        met.append(reason)
        verdict = rule(facts, reason)
        if verdict is not None:
            return Verdict(verdict.code, verdict.sentence, (*met, *verdict.reasons, *notes))
    verdict = _not_settled(facts) or _best(facts) or _equivalent(facts) or _cannot_separate(facts)
    return Verdict(verdict.code, verdict.sentence, (*met, *rivals(facts), *verdict.reasons, *notes))


def _no_signal(facts: StudyFacts, reason: Reason) -> Verdict | None:
    if reason.supports or _genes_predict_alone(facts):
        return None
    skill = facts.winner.skill
    null = facts.winner.settled_null
    beaten = (
        null is not None
        and null.p_holm <= facts.alpha
        and null_doubt(null, n_hypotheses=facts.n_hypotheses, alpha=facts.alpha) is None
    )
    if facts.scope == "members" and skill.value > 0 and null is not None and beaten:
        # Matched gene sets ask a sharper question of a small cohort: the same samples stand on both sides.
        sentence = (
            f"Cannot tell: {facts.winner.name} leads and predicts better than "
            f"{null_words(null.kind, len(null.losses))} ({p_words(null.p_holm)}{holm_words(facts)}), but with "
            f"{units_words(facts)} its skill ({interval(skill, facts.alpha)}) is not shown to be above that of the "
            f"model without genes (one-sided {p_words(skill.p)})."
        )
        return Verdict("cannot-tell", sentence, (beats_nulls(facts),))
    sentence = (
        f"No signal shown: not even the leading hypothesis, {facts.winner.name}, predicts better than the model "
        f"without genes (skill {interval(skill, facts.alpha)}, one-sided {p_words(skill.p)})."
    )
    if skill.high > MUCH:
        sentence += f" A skill of up to {amount(skill.high, skill.low, skill.high)} is not excluded."
    return Verdict("no-signal", sentence)


def _genes_predict_alone(facts: StudyFacts) -> bool:
    """Whether the genes predict without any interaction: a wrong wiring can cost all that its genes have to say."""
    skill = facts.no_interaction_skill
    return skill is not None and skill.value > 0 and skill.p <= facts.alpha


def _edges_not_supported(facts: StudyFacts, reason: Reason) -> Verdict | None:
    if facts.scope == "members" or reason.supports:
        return None
    gain = facts.winner.gain
    unit = loss_unit(facts.kind)
    worse = gain.p <= facts.alpha
    open_end = not worse and may_gain_much(facts)
    said = "predicts worse" if worse else "is not shown to predict better" if open_end else "predicts no better"
    meaning = (
        f"A gain of up to {amount(gain.high, gain.low, gain.high)} {unit} is not excluded: more samples, or more "
        "repeats of the cross-validation, may show it."
        if open_end
        else "Whatever can be predicted, the genes predict one by one; which acts on which is not seen in these data."
    )
    sentence = (
        f"Edges not supported: the leading hypothesis, {facts.winner.name}, {said} than the same genes without "
        f"interactions (gain {interval(gain, facts.alpha, unit)}, {p_words(gain.p)}). {meaning}"
    )
    return Verdict("edges-not-supported", sentence)


def _no_better_than_nulls(facts: StudyFacts, reason: Reason) -> Verdict | None:
    null = facts.winner.null
    if reason.supports is not False or null is None:
        return None
    this, chance = null_claim(null.kind)
    drawn = null_words(null.kind, len(null.losses))
    if null.p <= facts.alpha:
        sentence = (
            f"Not shown to be better than chance would draw: {facts.winner.name} leads and beats {drawn} taken alone "
            f"({p_words(null.p)}), but not as one of {facts.n_hypotheses} hypotheses "
            f"({p_words(null.p_holm)} after Holm). More null masks, or fewer hypotheses, would decide."
        )
    else:
        sentence = (
            f"No better than chance would draw: {facts.winner.name} leads, but {null.as_good} of {drawn} did at least "
            f"as well ({p_words(null.p_holm)}{holm_words(facts)}). The data do not single out {this} among {chance}."
        )
    reasons = []
    if facts.others_beating_nulls:
        others = listed(facts.others_beating_nulls)
        verb = "does" if len(facts.others_beating_nulls) == 1 else "do"
        sentence += f" {others}, which may be as good, {verb} beat {chance}."
        count = {"hypotheses": len(facts.others_beating_nulls)}
        reasons.append(Reason("others-beat-nulls", f"Beating their null masks: {others}.", None, count))
    return Verdict("no-better-than-nulls", sentence, tuple(reasons))


def _not_settled(facts: StudyFacts) -> Verdict | None:
    return _withheld(facts, (*open_points(facts), *doubts_about_fits(facts)))


def _withheld(facts: StudyFacts, points: tuple[Reason, ...]) -> Verdict | None:
    """Return "cannot tell" because of `points`, if there are any."""
    if not points:
        return None
    # Every such sentence begins with "The" or "There", so it turns into a clause by its first letter.
    clauses = "; and ".join(point.sentence[0].lower() + point.sentence[1:].rstrip(".") for point in points)
    lead = f"{facts.winner.name} leads (skill {interval(facts.winner.skill, facts.alpha)})"
    new = tuple(point for point in points if not point.code.startswith("nulls-"))  # met before, at their gate
    return Verdict("cannot-tell", f"Cannot tell: {lead}, but {clauses}.", new)


def _best(facts: StudyFacts) -> Verdict | None:
    if any(not reason.supports for reason in rivals(facts)):
        return None
    doubtful = _withheld(facts, doubts_about_lead(facts))
    if doubtful is not None:
        return doubtful
    winner, null = facts.winner, facts.winner.null
    it_beats = []
    if facts.rivals:
        ahead = facts.rivals[0].ahead
        by = f"by {interval(ahead, facts.alpha, loss_unit(facts.kind))}, {p_words(ahead.p)}"
        name = facts.rivals[0].name
        it_beats.append(f"{name} ({by})" if len(facts.rivals) == 1 else f"each of its rivals (closest: {name}, {by})")
    if facts.scope == "all":
        it_beats.append(f"the same genes without interactions ({p_words(winner.gain.p_adjusted)})")
    else:
        it_beats.append(f"the model without genes ({p_words(winner.skill.p_adjusted)})")
    if null is not None:
        it_beats.append(f"{null_words(null.kind, len(null.losses))} ({p_words(null.p_holm)})")
    lead = "Best supported" if facts.rivals else "Supported"
    alone = "" if facts.rivals else ", the only hypothesis of this study"
    who = f"the genes of {winner.name}" if facts.scope == "members" else winner.name
    they = "They predict" if facts.scope == "members" else "It predicts"
    sentence = f"{lead}: {who}{alone}. {they} better than {_joined(it_beats)}."
    if facts.scope == "members":
        sentence += " " + edges_help(facts).sentence
    return Verdict("best", _with_size_note(sentence, facts))


def _joined(clauses: list[str]) -> str:
    joined = ", better than ".join(clauses[:-1])
    return f"{joined} and better than {clauses[-1]}" if joined else clauses[0]


def _equivalent(facts: StudyFacts) -> Verdict | None:
    if facts.equivalence_p is None or facts.equivalence_p > facts.alpha:
        return None
    unit = loss_unit(facts.kind)
    sentence = (
        f"Practically equivalent: {listed(facts.confidence_set)} predict equally well; they differ by less than "
        f"{facts.margin:.2g} {unit} ({100 * facts.margin_share:g} % of the gene-free loss; "
        f"{p_words(facts.equivalence_p)}). More data of this kind will not choose between them; other evidence must."
    )
    reason = Reason(
        "equivalence", sentence, None, {"p": facts.equivalence_p, "margin": facts.margin, "share": facts.margin_share}
    )
    return Verdict("equivalent", _with_size_note(sentence, facts), (reason,))


def _with_size_note(sentence: str, facts: StudyFacts) -> str:
    return " ".join([sentence, *(note.sentence for note in size_notes(facts))])


def _cannot_separate(facts: StudyFacts) -> Verdict:
    closest = facts.rivals[0]
    others = [name for name in facts.confidence_set if name != facts.winner.name]
    may = f"{listed(others)} may be as good" if others else f"the lead over {closest.name} is not certain"
    if closest.samples_needed is None:
        outlook = "The difference is too small for a guess at how many samples would decide."
    else:
        outlook = (
            f"If the difference is as large as it looks here, which is itself uncertain, about "
            f"{closest.samples_needed:,} {facts.unit}s would decide in four of five such studies."
        )
    needed = Reason("samples-needed", outlook, None, {"n": facts.n_units, "needed": closest.samples_needed})
    sentence = f"Cannot tell: {facts.winner.name} leads, but {may} ({lead_words(facts)}). {outlook}"
    return Verdict("cannot-tell", sentence, (needed,))
