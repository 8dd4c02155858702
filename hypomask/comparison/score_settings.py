"""What a comparison of given scores may be told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hypomask.comparison.score_names import Direction
from hypomask.errors import ConfigError

__all__ = ["ScoreSettings"]


@dataclass(frozen=True)
class ScoreSettings:
    """How to read a table of scores, and how to judge it.

    Parameters
    ----------
    score
        Name of the score, for sentences; in a long table also the column that holds it.
    direction
        Whether higher or lower is better. None: as the score's name says, and higher where it says nothing.
    folds, repeats
        Splits per repeat and repeats, where the table has no columns that say so; checked against those it has.
    test_fraction
        Share of the samples that a split holds out. None: 1 / folds, as in cross-validation.
    margin
        Differences below it, in the unit of the score, do not matter. None: 0.01 where all scores lie in [-1, 1], else
        practical equivalence is not judged. It is not to be chosen after seeing the scores.
    alpha
        Level of every test and of the family of all pairs; intervals cover 1 - alpha.
    reference
        Compare every other model with this one, and no others with each other.
    """

    score: str | None = None
    direction: Direction | None = None
    folds: int | None = None
    repeats: int | None = None
    test_fraction: float | None = None
    margin: float | None = None
    alpha: float = 0.05
    reference: str | None = None

    def __post_init__(self) -> None:
        if self.direction not in (None, "higher", "lower"):
            raise ConfigError(f"direction: got {self.direction!r}, expected higher or lower")
        for name, least in (("folds", 2), ("repeats", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name}: got {value}, expected at least {least}")
        if self.test_fraction is not None and not 0 < self.test_fraction < 1:
            raise ConfigError(f"test_fraction: got {self.test_fraction}, expected a share in (0, 1)")
        if self.margin is not None and not (self.margin > 0 and math.isfinite(self.margin)):
            raise ConfigError(f"margin: got {self.margin}, expected a difference above 0")
        if not 0 < self.alpha < 0.5:
            raise ConfigError(f"alpha: got {self.alpha}, expected a number in (0, 0.5)")
