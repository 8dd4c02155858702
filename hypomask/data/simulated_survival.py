"""Times to an event of a simulated cohort, and what oracles would lose on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from hypomask.data.cohort import Phenotype
from hypomask.data.drawn_phenotype import KNOWN_BY, DrawnPhenotype, unknown_part
from hypomask.data.simulation_config import SimulationConfig
from hypomask.errors import ConfigError
from hypomask.outcomes.survival_times import interval_ends, signed_times

__all__ = ["LOG_TIME_VARIANCE", "draw_survival"]

LOG_TIME_VARIANCE = float(np.pi**2 / 6)
"""Variance of the logarithm of an exponential time: what chance adds to the logarithm of a hazard."""

MEDIAN = 24.0  # months, at a linear predictor of 0
SHORTEST = 1e-4  # what files round to is not 0

Floats = npt.NDArray[np.float64]


def draw_survival(parts: pd.DataFrame, config: SimulationConfig, generator: np.random.Generator) -> DrawnPhenotype:
    """Draw exponential times whose log hazard is the parts' sum, censored at the rate that leaves `prevalence`."""
    level = float(np.log(np.log(2) / MEDIAN))
    known = parts.sum(axis=1).to_numpy() + level
    hazard = np.exp(known)
    censoring = float(
        np.exp(brentq(lambda c: float((hazard / (hazard + np.exp(c))).mean()) - config.prevalence, -100.0, 100.0))
    )
    time = generator.exponential(size=len(known)) / hazard
    last_seen = generator.exponential(size=len(known)) / censoring
    seen = time <= last_seen
    if seen.sum() < 2 or seen.all():
        raise ConfigError(
            f"simulation: {int(seen.sum())} of {len(seen)} samples have the event; give more samples or a prevalence "
            "nearer to 0.5"
        )
    values = signed_times(np.maximum(np.minimum(time, last_seen), SHORTEST), seen)
    ends_T = interval_ends(values)

    def loss_knowing(*names: str) -> float:
        predicted_BT = _best_hazards(parts[list(names)].sum(axis=1).to_numpy() + level, unknown_part(parts, names))
        expected_BT = predicted_BT - hazard[:, None] * np.log(predicted_BT * np.diff(ends_T, prepend=0.0))
        return float((expected_BT * _exposure(hazard, censoring, ends_T)).sum(axis=1).mean())

    def _best_hazards(predictor: Floats, unknown: Floats) -> Floats:
        """Return (B, T) mean hazards of those still at risk who are like a sample in what is known."""
        at_risk_BT = events_BT = np.zeros((len(predictor), len(ends_T)))
        for value in unknown:
            exposure_BT = _exposure(np.exp(predictor + value), censoring, ends_T)
            at_risk_BT = at_risk_BT + exposure_BT
            events_BT = events_BT + np.exp(predictor + value)[:, None] * exposure_BT
        return np.asarray(events_BT / at_risk_BT)

    return DrawnPhenotype(
        Phenotype("months", "survival", values),
        linear_predictor=known,
        noise_variance=LOG_TIME_VARIANCE,
        **{loss: loss_knowing(*names) for loss, names in KNOWN_BY.items()},
    )


def _exposure(hazard_B: Floats, censoring: float, ends_T: Floats) -> Floats:
    """Return (B, T) expected time at risk in each interval, at a constant hazard and rate of censoring."""
    rate_B1 = (hazard_B + censoring)[:, None]
    at_start_BT = np.exp(-rate_B1 * np.concatenate([[0.0], ends_T[:-1]]))
    exposure_BT = at_start_BT * -np.expm1(-rate_B1 * np.diff(ends_T, prepend=0.0)) / rate_B1
    return np.asarray(np.maximum(exposure_BT, 1e-300))  # of whom nobody is left
