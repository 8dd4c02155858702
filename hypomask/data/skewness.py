"""Phenotypes on a multiplicative scale: there the main effects of genes pass for interactions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype

__all__ = ["skewed_phenotypes"]

STRONG = 1.0  # skewness of a logarithmic normal with a spread of 0.31: exp(x) there bends by 5 % over one spread
STRAIGHTENED = 0.5  # share of the skewness that may be left after taking logarithms


def skewed_phenotypes(phenotype: Phenotype) -> list[str]:
    """Return a warning for every positive continuous phenotype that logarithms would make much more symmetric.

    When effects multiply, as in concentrations, doses and times, ``y = exp(a + b)`` holds the product of a and b: every
    two genes that matter seem to interact, and a hypothesis that connects them seems right. On the logarithmic scale
    they add up.
    """
    parts = phenotype.parts or (phenotype,)
    found = []
    for part in parts:
        if part.kind != "continuous" or not len(part.values) or part.values.min() < 0:
            continue
        raised = part.values if part.values.min() > 0 else part.values + 1.0
        before, after = _skewness(part.values), _skewness(np.log(raised))
        if before > STRONG and abs(after) < STRAIGHTENED * before:
            what = "log(x)" if part.values.min() > 0 else "log(1 + x)"
            found.append(
                f"phenotype {part.name!r} is positive and strongly skewed (skewness {before:.1f}, {after:.1f} after "
                f"{what}): if its effects multiply, single genes that matter will look as if they interacted; consider "
                f"its logarithm, {what}, as phenotype"
            )
    return found


def _skewness(values: npt.NDArray[np.float64]) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0
