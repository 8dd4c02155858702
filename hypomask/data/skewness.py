"""Phenotypes and measurements on a multiplicative scale: there main effects of genes pass for interactions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort, Phenotype

__all__ = ["skewed_measurements", "skewed_phenotypes"]

STRONG = 1.0  # skewness of a logarithmic normal with a spread of 0.31: exp(x) there bends by 5 % over one spread
MAX_GENES = 500  # of a channel that are looked at
FEW_VALUES = 5  # mutations and copy numbers have as many, and no scale to choose
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


def skewed_measurements(cohort: Cohort) -> list[str]:
    """Return a warning for every channel most of whose genes logarithms would make much more symmetric.

    Counts of reads, intensities and concentrations are of this kind: a few samples with high values decide the fit, and
    in a table of raw counts the depth of sequencing does. Rare events in two values stay as skewed as they were.
    """
    found = []
    for c, channel in enumerate(cohort.channels):
        values_BG = cohort.values_BGC[:, :, c]
        measured = values_BG[~np.isnan(values_BG)]
        if not len(measured) or measured.min() < 0:
            continue
        genes = np.linspace(0, values_BG.shape[1] - 1, min(values_BG.shape[1], MAX_GENES)).astype(int)
        columns = [values_BG[~np.isnan(values_BG[:, g]), g].astype(np.float64) for g in genes]
        columns = [column for column in columns if len(np.unique(column)) > FEW_VALUES]
        pairs = [(_skewness(column), _skewness(np.log1p(column))) for column in columns]
        bent = sum(before > STRONG and abs(after) < STRAIGHTENED * before for before, after in pairs)
        if 2 * bent > len(genes):
            counts = bool((measured == np.round(measured)).all())
            kind, first = ("read counts", "normalise for library size first, and ") if counts else ("intensities", "")
            found.append(
                f"channel {channel!r} goes up to {measured.max():,.4g} and is strongly skewed in most genes, as {kind} "
                f"are: {first}say 'transform: log1p' under 'data', unless the scale is meant"
            )
    return found


def _skewness(values: npt.NDArray[np.float64]) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0
