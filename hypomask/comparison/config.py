"""What the comparison may be told to do differently."""

from __future__ import annotations

from dataclasses import dataclass

from hypomask.errors import ConfigError

__all__ = ["ComparisonConfig"]


@dataclass(frozen=True)
class ComparisonConfig:
    """Level, margin and Monte Carlo effort of a comparison; part of the study and printed with its verdict.

    Parameters
    ----------
    alpha
        Level of every test; intervals cover 1 - alpha.
    margin
        Practical equivalence: differences below this share of the gene-free loss do not matter.
    null_stop_after
        Stop drawing null masks once this many were at least as good as the hypothesis (Besag-Clifford); None: never.
        How many are drawn at most is part of the plan (`plan.nulls`).
    monte_carlo_draws
        Draws of the joint (max-t) distribution.
    bootstrap_draws
        Bootstrap samples for the winner's skill corrected for selection.
    seed
        Of the Monte Carlo draws and the bootstrap. The answer depends on it only within Monte Carlo error.
    """

    alpha: float = 0.05
    margin: float = 0.01
    null_stop_after: int | None = 5
    monte_carlo_draws: int = 10_000
    bootstrap_draws: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise ConfigError(f"comparison.alpha: got {self.alpha}, expected a number in (0, 0.5)")
        if not 0 < self.margin < 1:
            raise ConfigError(f"comparison.margin: got {self.margin}, expected a share in (0, 1)")
        for name, least in (
            ("null_stop_after", 1),
            ("monte_carlo_draws", 1000),
            ("bootstrap_draws", 50),
        ):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"comparison.{name}: got {value}, expected at least {least}")
        if self.seed < 0:
            raise ConfigError(f"comparison.seed: got {self.seed}, expected 0 or more")
