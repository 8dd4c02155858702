"""A phenotype in words: its name, its kind, and what there is to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypomask.report.wording import count

if TYPE_CHECKING:
    from hypomask.data.cohort import Phenotype

__all__ = ["phenotype_words"]

MOST_NAMED = 5


def phenotype_words(phenotype: Phenotype, event: str | None = None) -> str:
    """Return ``status (binary, event: MUT)``, ``months (time to event 'died', seen in 120 of 300 samples)``.

    Parameters
    ----------
    event
        Column that says whether the event was seen, where the study names one.
    """
    if phenotype.kind == "several":
        return ", ".join(phenotype_words(part) for part in phenotype.parts)
    if phenotype.kind == "binary" and len(phenotype.classes) == 2:
        return f"{phenotype.name} (binary, event: {phenotype.classes[1]})"
    if phenotype.kind == "classes":
        named = (
            phenotype.classes if len(phenotype.classes) <= MOST_NAMED else (*phenotype.classes[: MOST_NAMED - 1], "...")
        )
        return f"{phenotype.name} (classes {', '.join(named)})"
    if phenotype.kind == "counts":
        return f"{phenotype.name} (counts, {phenotype.values.mean():.3g} on average)"
    if phenotype.kind in ("survival", "discrete-survival"):
        which = f"event {event!r}" if event else "an event"
        grid = f" in {count(phenotype.family.n_predicted, 'interval')}" if phenotype.kind == "discrete-survival" else ""
        seen = int((phenotype.values > 0).sum())
        return f"{phenotype.name} (time to {which}{grid}, seen in {seen:,} of {count(len(phenotype.values), 'sample')})"
    return f"{phenotype.name} ({phenotype.kind})"
