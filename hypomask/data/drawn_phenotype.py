"""What drawing a phenotype gives: the phenotype, and what oracles of more or less knowledge would lose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hypomask.data.cohort import Phenotype

__all__ = ["KNOWN_BY", "DrawnPhenotype", "unknown_part"]

KNOWN_BY = {
    "best_loss": ("main", "interaction", "covariates"),
    "additive_loss": ("main", "covariates"),
    "gene_free_loss": ("covariates",),
}
"""Parts of the linear predictor that each of three oracles knows."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DrawnPhenotype:
    """A phenotype, the oracle's predictor of it, and the losses of three oracles (see `SimulatedCohort`)."""

    phenotype: Phenotype
    linear_predictor: Floats
    noise_variance: float
    best_loss: float
    additive_loss: float
    gene_free_loss: float


def unknown_part(parts: pd.DataFrame, known: tuple[str, ...], n_points: int = 101) -> Floats:
    """Return `n_points` quantiles of what an oracle does not know, over the sample; 0 alone where it knows all."""
    unknown = parts[[str(name) for name in parts if name not in known]].sum(axis=1).to_numpy()
    if not unknown.any():
        return np.zeros(1)
    return np.asarray(np.quantile(unknown, (np.arange(n_points) + 0.5) / n_points))
