"""Phenotypes and measurements on a multiplicative scale: there main effects of genes pass for interactions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype

__all__ = ["ChannelScale", "skewed_phenotypes"]

STRONG = 1.0  # skewness of a logarithmic normal with a spread of 0.31: exp(x) there bends by 5 % over one spread
MAX_GENES, MAX_SAMPLES = 500, 20_000  # of a channel that are looked at
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


class ChannelScale:
    """What tells counts and intensities from logarithms, of the measurements of one channel.

    Whole numbers, the least and the largest are those of all samples; skewness is that of `MAX_GENES` genes in
    `MAX_SAMPLES` samples, evenly spaced both.
    """

    def __init__(self, n_samples: int, n_genes: int) -> None:
        self._genes = np.linspace(0, n_genes - 1, min(n_genes, MAX_GENES)).astype(int)
        looked_at = np.linspace(0, n_samples - 1, min(n_samples, MAX_SAMPLES)).astype(int)
        self._row_of_B = np.full(n_samples, -1)
        self._row_of_B[looked_at] = np.arange(len(looked_at))
        self._values_BG = np.full((len(looked_at), len(self._genes)), np.nan, np.float32)
        self._least, self._largest, self._whole = np.inf, -np.inf, True

    def add(self, samples: npt.NDArray[np.int64], values_BG: npt.NDArray[np.float32]) -> None:
        """Add the values of some samples, given by position; NaN where missing."""
        if not values_BG.size:
            return
        self._least = min(self._least, float(np.fmin.reduce(values_BG, axis=None)))
        self._largest = max(self._largest, float(np.fmax.reduce(values_BG, axis=None)))
        if self._whole and self._least >= 0:
            self._whole = not bool((np.abs(values_BG - np.round(values_BG)) > 0).any())
        rows = self._row_of_B[samples]
        self._values_BG[rows[rows >= 0]] = values_BG[rows >= 0][:, self._genes]

    def warning(self, channel: str) -> str:
        """Return a warning where logarithms would make most genes much more symmetric, else an empty text.

        Counts of reads, intensities and concentrations are of this kind: a few samples with high values decide the
        fit, and in a table of raw counts the depth of sequencing does. Rare events in two values stay as skewed as they
        were.
        """
        if not 0 <= self._least < np.inf:  # infinite: nothing was measured
            return ""
        columns = [column[~np.isnan(column)].astype(np.float64) for column in self._values_BG.T]
        columns = [column for column in columns if len(np.unique(column)) > FEW_VALUES]
        pairs = [(_skewness(column), _skewness(np.log1p(column))) for column in columns]
        bent = sum(before > STRONG and abs(after) < STRAIGHTENED * before for before, after in pairs)
        if 2 * bent <= len(self._genes):
            return ""
        kind, first = ("read counts", "normalise for library size first, and ") if self._whole else ("intensities", "")
        return (
            f"channel {channel!r} goes up to {self._largest:,.4g} and is strongly skewed in most genes, as {kind} "
            f"are: {first}say 'transform: log1p' under 'data', unless the scale is meant"
        )


def _skewness(values: npt.NDArray[np.float64]) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    if spread == 0:
        return 0.0
    standardised = centred / spread
    return float(np.mean(standardised * standardised * standardised))  # ** 3 takes 30 times as long
