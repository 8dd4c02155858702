"""Counts of a simulated cohort, and what oracles would lose on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hypomask.data.cohort import Phenotype
from hypomask.data.drawn_phenotype import KNOWN_BY, DrawnPhenotype, unknown_part
from hypomask.data.simulation_config import SimulationConfig
from hypomask.errors import ConfigError
from hypomask.outcomes.counts import Counts

__all__ = ["counting_variance", "draw_counts"]

Floats = npt.NDArray[np.float64]


def counting_variance(config: SimulationConfig) -> float:
    """Return what chance adds to the logarithm of an expected count (Nakagawa & Schielzeth 2010)."""
    return float(np.log1p(1 / config.mean_count + config.dispersion))


def draw_counts(parts: pd.DataFrame, config: SimulationConfig, generator: np.random.Generator) -> DrawnPhenotype:
    """Draw counts whose expectation is the exponential of the parts' sum, `mean_count` on average over samples."""
    known = parts.sum(axis=1).to_numpy()
    level = float(np.log(config.mean_count / np.exp(known).mean()))
    mean = np.exp(known + level)
    chance = generator.gamma(1 / config.dispersion, config.dispersion, len(mean)) if config.dispersion > 0 else 1.0
    counts = generator.poisson(mean * chance).astype(np.float64)
    if counts.max() == counts.min():
        raise ConfigError(f"simulation: all counts are {counts[0]:g}; give more samples or a higher mean_count")
    family = Counts.for_phenotype(counts, ())

    def loss_knowing(*names: str) -> float:
        eta = parts[list(names)].sum(axis=1).to_numpy() + level + np.log(np.exp(unknown_part(parts, names)).mean())
        return float(family.losses(eta, counts).mean())

    return DrawnPhenotype(
        Phenotype("count", "counts", counts),
        linear_predictor=known + level,
        noise_variance=counting_variance(config),
        **{loss: loss_knowing(*names) for loss, names in KNOWN_BY.items()},
    )
