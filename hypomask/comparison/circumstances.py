"""What a comparison must know that losses do not say: how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Circumstances"]


@dataclass(frozen=True, eq=False)
class Circumstances:
    """How the losses of a study came about. Whatever is left out is not reported and decides nothing.

    Parameters
    ----------
    trainings
        How many models were trained, by purpose; passed on into the answer.
    null_repeats
        Repeats of the cross-validation over which null masks, and the hypothesis against them, were scored.
    """

    trainings: Mapping[str, int] = field(default_factory=dict)
    null_repeats: int | None = None
