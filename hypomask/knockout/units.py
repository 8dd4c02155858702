"""Predictions in the phenotype's own terms: what a reader can picture, beside the link scale on which effects add."""

from __future__ import annotations

import numpy as np

from hypomask.data.cohort import Phenotype
from hypomask.errors import ConfigError
from hypomask.outcomes.classes import Binary, Classes
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.counts import Counts
from hypomask.outcomes.family import Float
from hypomask.outcomes.survival_times import SurvivalFamily

__all__ = ["link_name", "outputs_of", "unit_name", "unit_values"]


def outputs_of(phenotype: Phenotype) -> tuple[str, ...]:
    """Return a name for each column of the linear predictor: the classes of several, the genes of masked genes."""
    if phenotype.kind == "masked-genes":
        return phenotype.columns
    return phenotype.classes if phenotype.kind == "classes" else ("",)


def link_name(phenotype: Phenotype) -> str:
    """Return what the link scale is."""
    names = {
        "binary": f"logit of {_event(phenotype)}",
        "classes": "log odds of the class against the mean of all",
        "continuous": "standard deviations of the phenotype in training",
        "counts": "logarithm of the expected count",
        "survival": "logarithm of the hazard",
        "discrete-survival": "logit of the hazard in an interval",
        "masked-genes": "the gene's own unit",
    }
    return names[phenotype.kind]


def unit_name(phenotype: Phenotype) -> str:
    """Return what the values of `unit_values` are."""
    names = {
        "binary": f"probability of {_event(phenotype)}",
        "classes": "probability of the class",
        "continuous": f"unit of {phenotype.name}",
        "counts": "expected count",
        "survival": "probability of an event by the last interval's end",
        "discrete-survival": "probability of an event by the last interval's end",
        "masked-genes": "the gene's own unit",
    }
    return names[phenotype.kind]


def unit_values(phenotype: Phenotype, predicted_BP: Float, center: float, scale: float) -> Float:
    """Return (B, U): predictions on the link scale in the phenotype's own terms, a column per output.

    Parameters
    ----------
    center, scale
        Of the training samples of a continuous phenotype.
    """
    family = phenotype.family
    if isinstance(family, Continuous):
        return center + scale * predicted_BP
    if isinstance(family, Binary | Classes | Counts):
        return np.asarray(family.mean(predicted_BP))
    if isinstance(family, SurvivalFamily):
        return np.asarray(1.0 - family.survival(predicted_BP)[:, -1:])
    raise ConfigError(f"no unit is known for a phenotype of kind {phenotype.kind!r}")


def _event(phenotype: Phenotype) -> str:
    return phenotype.classes[1] if len(phenotype.classes) == 2 else phenotype.name
