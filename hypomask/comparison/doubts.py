"""What forbids to name a best hypothesis although the tests would allow it, and what qualifies it: the fits' health."""

from __future__ import annotations

from hypomask.comparison.facts import RivalFacts, StudyFacts
from hypomask.comparison.result import Reason
from hypomask.comparison.words import interval, listed, loss_unit, p_words

__all__ = ["doubts_about_fits", "doubts_about_lead", "notes_on_direction", "notes_on_fits"]

# The lead must exceed this many standard errors of what other seeds would make of it.
SEED_ERRORS = 2.0

# A share of the leader's fits from which something is said of all of them.
MOST_FITS = 0.5


def doubts_about_fits(facts: StudyFacts) -> tuple[Reason, ...]:
    """Return what stands against any statement about which hypothesis is best: fits that failed or ran away."""
    found = []
    if facts.left_out:
        names = listed([f"{name!r}" for name in facts.left_out])
        found.append(
            Reason(
                "left-out",
                f"The trainings of {names} failed, so that nothing is known of how well "
                f"{'it predicts' if len(facts.left_out) == 1 else 'they predict'}.",
                None,
                {"hypotheses": len(facts.left_out)},
            )
        )
    diverged = [own for own in facts.health if own.role == "hypothesis" and own.diverged]
    if diverged:
        count, fits = sum(own.diverged for own in diverged), sum(own.fits for own in diverged)
        found.append(
            Reason(
                "diverged",
                f"The fits are not sound: {count} of {fits} fits of {listed([own.name for own in diverged])} diverged "
                "(their loss is above that of the model without genes by more than all of it).",
                None,
                {"diverged": count, "fits": fits},
            )
        )
    return tuple(found)


def doubts_about_lead(facts: StudyFacts) -> tuple[Reason, ...]:
    """Return what stands against a lead that is significant: seeds that could turn it, and mere direction."""
    return (*_shaky_seeds(facts), *_undecided_direction(facts))


def _undecided_direction(facts: StudyFacts) -> tuple[Reason, ...]:
    """A best hypothesis may rest on a pair that differs in direction alone only where the pair is decided by itself."""
    return tuple(
        Reason(
            "direction-not-decided",
            f"The lead over {rival.name}, which connects the same genes and differs in direction alone, is not decided "
            f"by itself ({_lead(facts, rival)}).",
            None,
            _numbers(rival),
        )
        for rival in facts.rivals
        if rival.direction_only and rival.p_holm > facts.alpha
    )


def notes_on_direction(facts: StudyFacts) -> tuple[Reason, ...]:
    """Return what a lead over a rival that differs in direction alone does not say."""
    return tuple(
        Reason(
            "direction-only",
            f"{facts.winner.name} and {rival.name} connect the same genes and differ in direction "
            f"({_lead(facts, rival)}): what two genes do together has no direction, so the difference is one in "
            "prediction and no evidence for either direction.",
            None,
            _numbers(rival),
        )
        for rival in facts.rivals
        if rival.direction_only
    )


def _lead(facts: StudyFacts, rival: RivalFacts) -> str:
    ahead = interval(rival.ahead, facts.alpha, loss_unit(facts.kind))
    return f"lead {ahead}, {p_words(rival.ahead.p)}, {p_words(rival.p_holm)} after Holm over all pairs"


def _numbers(rival: RivalFacts) -> dict[str, float | int | None]:
    ahead = rival.ahead
    return {"lead": ahead.value, "low": ahead.low, "high": ahead.high, "p": ahead.p, "p_holm": rival.p_holm}


def _shaky_seeds(facts: StudyFacts) -> tuple[Reason, ...]:
    shaky = [
        (rival, rival.seed_error)
        for rival in facts.rivals
        if rival.seed_error is not None and rival.ahead.value < SEED_ERRORS * rival.seed_error
    ]
    if not shaky:
        return ()
    rival, error = max(shaky, key=lambda found: found[1] / max(found[0].ahead.value, 1e-300))
    unit = loss_unit(facts.kind)
    return (
        Reason(
            "seeds",
            f"The seeds disagree more than the hypotheses do: the lead over {rival.name} is {rival.ahead.value:.2g} "
            f"{unit}, and other seeds alone would change it by {error:.2g} (standard error; the lead must be at least "
            f"{SEED_ERRORS:g} of them). More training replicates would settle it.",
            None,
            {"lead": rival.ahead.value, "seed_error": error, "needed": SEED_ERRORS * error},
        ),
    )


def notes_on_fits(facts: StudyFacts) -> tuple[Reason, ...]:
    """Return what qualifies a verdict about the leading hypothesis: edges unused, penalties at the end of the grid."""
    own = next((health for health in facts.health if health.name == facts.winner.name), None)
    if own is None:
        return ()
    found = []
    if own.unused is not None and own.unused > MOST_FITS:
        found.append(
            Reason(
                "attention-unused",
                f"Its edges were hardly used: in {_of_fits(own.unused, own.fits)} what the attention had learned did "
                "not hold on samples it had not seen, and was left out.",
                None,
                {"unused": own.unused, "kept": own.kept, "fits": own.fits},
            )
        )
    for share, part in ((own.weakest_penalty, "edges"), (own.additive_weakest_penalty, "genes one by one")):
        if share is not None and share > MOST_FITS:
            found.append(
                Reason(
                    "penalty-at-the-end",
                    f"The penalty on its {part} is the weakest that is tried in {_of_fits(share, own.fits)}: a weaker "
                    "one might predict better.",
                    None,
                    {"share": share, "fits": own.fits},
                )
            )
    return tuple(found)


def _of_fits(share: float, fits: int) -> str:
    return f"{round(share * fits)} of its {fits} fits"
