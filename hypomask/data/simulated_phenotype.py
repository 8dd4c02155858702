"""The phenotype of a simulated cohort, and the losses that oracles of more or less knowledge would reach."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, xlog1py, xlogy

from hypomask.data.cohort import Phenotype
from hypomask.data.drawn_phenotype import DrawnPhenotype
from hypomask.data.simulated_counts import counting_variance, draw_counts
from hypomask.data.simulated_survival import LOG_TIME_VARIANCE, draw_survival
from hypomask.data.simulation_config import SimulationConfig
from hypomask.errors import ConfigError

__all__ = ["LOGISTIC_VARIANCE", "draw_phenotype", "mean_sigmoid", "noise_variance", "part_of_variance"]

LOGISTIC_VARIANCE = float(np.pi**2 / 3)
"""Variance of the standard logistic distribution: the noise of a binary phenotype on the liability scale."""

Floats = npt.NDArray[np.float64]


def part_of_variance(score: Floats, away_from: list[Floats], variance: float) -> tuple[Floats, float]:
    """Return `score` centred, uncorrelated in the sample with `away_from`, and scaled to `variance`; and its factor."""
    if variance == 0:
        return np.zeros_like(score), 0.0
    design = np.column_stack([np.ones(len(score)), *away_from])
    rest = score - design @ np.linalg.lstsq(design, score, rcond=None)[0]
    sd = float(rest.std())
    if sd <= 1e-9 * float(np.abs(score).max(initial=0.0)):
        raise ConfigError("simulation: too few samples for this graph; give more samples or fewer genes")
    factor = float(np.sqrt(variance)) / sd
    return rest * factor, factor


def draw_phenotype(parts: pd.DataFrame, config: SimulationConfig, generator: np.random.Generator) -> DrawnPhenotype:
    """Draw the phenotype from the (B, 3) `parts` of the linear predictor and noise."""
    draw = {
        "continuous": _draw_continuous,
        "binary": _draw_binary,
        "counts": draw_counts,
        "survival": draw_survival,
    }[config.kind]
    return draw(parts, config, generator)


def noise_variance(config: SimulationConfig) -> float:
    """Return what chance adds on the scale of the linear predictor; of a measurement, in units of its variance."""
    if config.kind == "continuous":
        return config.noise_r2
    if config.kind == "counts":
        return counting_variance(config)
    return LOGISTIC_VARIANCE if config.kind == "binary" else LOG_TIME_VARIANCE


def _draw_continuous(parts: pd.DataFrame, config: SimulationConfig, generator: np.random.Generator) -> DrawnPhenotype:
    known = parts.sum(axis=1).to_numpy()
    planted = [parts[name].to_numpy() for name in parts if parts[name].any()]
    noise, _ = part_of_variance(generator.standard_normal(len(known)), planted, config.noise_r2)
    return DrawnPhenotype(
        Phenotype("phenotype", "continuous", known + noise),
        linear_predictor=known,
        noise_variance=noise_variance(config),
        best_loss=config.noise_r2,
        additive_loss=config.noise_r2 + config.interaction_r2,
        gene_free_loss=1.0 - config.covariate_r2,
    )


def _draw_binary(parts: pd.DataFrame, config: SimulationConfig, generator: np.random.Generator) -> DrawnPhenotype:
    known = parts.sum(axis=1).to_numpy()
    intercept = brentq(lambda a: float(expit(known + a).mean()) - config.prevalence, -1e3, 1e3)
    probability = expit(known + intercept)
    event = (generator.random(len(known)) < probability).astype(np.float64)
    if event.min() == event.max():
        raise ConfigError(
            f"simulation: all {len(event)} samples are in one class; give more samples or a prevalence nearer to 0.5"
        )

    def loss_knowing(*names: str) -> float:
        unknown = sum(float(parts[name].var(ddof=0)) for name in parts if name not in names)
        logit = parts[list(names)].sum(axis=1).to_numpy() + intercept
        return _log_loss(probability, mean_sigmoid(logit, unknown))

    return DrawnPhenotype(
        Phenotype("phenotype", "binary", event, ("no", "yes")),
        linear_predictor=known + intercept,
        noise_variance=noise_variance(config),
        best_loss=_log_loss(probability, probability),
        additive_loss=loss_knowing("main", "covariates"),
        gene_free_loss=loss_knowing("covariates"),
    )


def mean_sigmoid(logit: Floats, variance: float) -> Floats:
    """Return the mean of sigmoid(logit + u) over normal u of `variance`, by Gauss-Hermite quadrature of 40 nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    shifted = logit[:, None] + np.sqrt(variance) * nodes
    return np.asarray(expit(shifted) @ (weights / weights.sum()), dtype=np.float64)


def _log_loss(truth: Floats, predicted: Floats) -> float:
    """Return the expected log loss, in nats, of `predicted` where events have probability `truth`."""
    return float(-(xlogy(truth, predicted) + xlog1py(1 - truth, -predicted)).mean())
