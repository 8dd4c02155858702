"""What one pass over all measurements of a cohort tells: gaps, constants, copies, scale, copies of the phenotype.

Measurements come some samples of one channel at a time, from memory or from files, and what is kept of them grows with
samples and with genes, not with their product.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.agreement import Agreement, targets_of
from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.row_digests import WORDS, digest_rows
from hypomask.data.skewness import ChannelScale
from hypomask.data.stored_values import chunks_of

__all__ = ["Survey", "survey_of"]


class Survey:
    """Sums over the measurements that were added so far.

    Parameters
    ----------
    genes, channels
        All that were measured.
    phenotype
        Of all samples.
    """

    def __init__(self, genes: tuple[str, ...], channels: tuple[str, ...], phenotype: Phenotype) -> None:
        n_samples, n_genes, n_channels = len(phenotype.values), len(genes), len(channels)
        self.genes, self.channels = genes, channels
        self._seen_GC = np.zeros((n_genes, n_channels), np.int64)
        self._missing_B = np.zeros(n_samples, np.int64)
        self._highest_GC, self._lowest_GC = (np.full((n_genes, n_channels), np.nan, np.float32) for _ in range(2))
        self.row_digests_BCH = np.zeros((n_samples, n_channels, WORDS), np.uint64)
        self.scale_C = [ChannelScale(n_samples, n_genes) for _ in channels]
        target_BK = targets_of(phenotype)
        self.agreement_C = [Agreement(target_BK, n_genes) for _ in channels]

    def add(self, channel: int, samples: npt.NDArray[np.int64], values_BG: npt.NDArray[np.float32]) -> None:
        """Add the values of some samples, given by position, in one channel; NaN where missing."""
        missing_BG = np.isnan(values_BG)
        self._seen_GC[:, channel] += len(samples) - missing_BG.sum(axis=0)
        self._missing_B[samples] += missing_BG.sum(axis=1)
        if len(samples):
            highest_G, lowest_G = np.fmax.reduce(values_BG, axis=0), np.fmin.reduce(values_BG, axis=0)
            self._highest_GC[:, channel] = np.fmax(self._highest_GC[:, channel], highest_G)
            self._lowest_GC[:, channel] = np.fmin(self._lowest_GC[:, channel], lowest_G)
        self.row_digests_BCH[samples, channel] = digest_rows(values_BG)
        self.scale_C[channel].add(samples, values_BG)
        self.agreement_C[channel].add(samples, values_BG)

    @property
    def n_values(self) -> int:
        """Samples x genes x channels."""
        return int(len(self._missing_B) * self._seen_GC.size)

    @property
    def n_missing(self) -> int:
        """How many of them are missing."""
        return int(self._missing_B.sum())

    @property
    def unmeasured(self) -> npt.NDArray[np.bool_]:
        """(G, C): genes without a value in any sample."""
        return np.asarray(self._seen_GC == 0)

    @property
    def blank_samples(self) -> npt.NDArray[np.int64]:
        """Positions of samples without any value."""
        return np.flatnonzero(self._missing_B == self._seen_GC.size)

    @property
    def constant_genes(self) -> list[str]:
        """Genes with the same value in all samples, in every channel."""
        varies_G = (self._highest_GC > self._lowest_GC).any(axis=1)
        return [self.genes[i] for i in np.flatnonzero(~varies_G)]


def survey_of(cohort: Cohort) -> Survey:
    """Return the survey of a cohort whose measurements are in memory."""
    survey = Survey(cohort.genes, cohort.channels, cohort.phenotype)
    for channel in range(len(cohort.channels)):
        for first, values_BG in chunks_of(cohort.values_BGC[:, :, channel]):
            survey.add(channel, np.arange(first, first + len(values_BG)), values_BG)
    return survey
