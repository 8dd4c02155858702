"""Standardised measurements that are worked out, from a mapped file, when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hypomask.data.scaling import GeneSums, Scaling

__all__ = ["HELD_VALUES", "ROWS_VALUES", "Measurements", "StreamedRows", "streamed_gene_sums", "taken"]

HELD_VALUES = 10_000_000
"""No more values of a fold than this (40 MB as float32) are standardised once and held."""

ROWS_VALUES = 2_000_000
"""Values standardised at once; what is worked out of them takes up to a hundred bytes each for a moment."""

SCATTERED = 8
"""Fewer genes than one in so many of the file are picked out of its rows one by one; more, out of whole rows."""


@dataclass(frozen=True, eq=False)
class StreamedRows:
    """Standardised measurements (B, G, C) of some samples and genes of a cohort.

    Parameters
    ----------
    values_BGC
        Of the whole cohort, as measured, mapped from a file.
    samples, genes
        (B,) and (G,) positions in it.
    scaling
        Of `genes`.
    """

    values_BGC: npt.NDArray[np.float32]
    samples: npt.NDArray[np.int64]
    genes: npt.NDArray[np.int64]
    scaling: Scaling

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Samples, genes, channels."""
        return len(self.samples), len(self.genes), self.values_BGC.shape[2]

    def of_genes(self, positions: npt.NDArray[np.int64]) -> Measurements:
        """Return those of the genes at `positions` among these; held in memory where they are few."""
        rows = replace(self, genes=self.genes[positions], scaling=self.scaling.of_genes(positions))
        return rows if np.prod(rows.shape, dtype=np.int64) > HELD_VALUES else rows.take(np.arange(len(self)))

    def of_samples(self, positions: npt.NDArray[np.int64]) -> StreamedRows:
        """Return those of the samples at `positions` among these."""
        return replace(self, samples=self.samples[positions])

    def take(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return (b, G, C): the samples at `positions` among these."""
        _, n_genes, n_channels = self.shape
        taken_bGC = np.empty((len(positions), n_genes, n_channels), np.float32)
        step = max(1, ROWS_VALUES // max(self.values_BGC.shape[1] * n_channels, 1))
        for first in range(0, len(positions), step):
            samples = self.samples[positions[first : first + step]]
            taken_bGC[first : first + step] = self.scaling.genes(self._measured(samples))
        return taken_bGC

    def _measured(self, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        n_stored = self.values_BGC.shape[1]
        if SCATTERED * len(self.genes) < n_stored:
            return np.asarray(self.values_BGC[np.ix_(samples, self.genes)])
        rows_bGC = self.values_BGC[samples]
        is_all = np.array_equal(self.genes, np.arange(n_stored))
        return rows_bGC if is_all else rows_bGC[:, self.genes]

    def chunks(self) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
        """Yield all samples in order, some at a time: where they are among these, and (b, G, C)."""
        step = max(1, ROWS_VALUES // max(self.shape[1] * self.shape[2], 1))
        for first in range(0, len(self), step):
            part = slice(first, min(first + step, len(self)))
            yield part, self.take(np.arange(part.start, part.stop))


Measurements = npt.NDArray[np.float32] | StreamedRows
"""Standardised measurements (B, G, C) of samples, in memory or streamed."""


def taken(x_BGC: Measurements, positions: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.float32]:
    """Return the measurements of samples at `positions`, of all where that is None, in memory."""
    if isinstance(x_BGC, StreamedRows):
        return x_BGC.take(np.arange(len(x_BGC)) if positions is None else positions)
    return x_BGC if positions is None else x_BGC[positions]


def streamed_gene_sums(values_BGC: npt.NDArray[np.float32], samples: npt.NDArray[np.int64]) -> list[GeneSums]:
    """Return what scales are estimated from, channel by channel, in one pass over the samples at some positions."""
    _, n_genes, n_channels = values_BGC.shape
    sums_C = [GeneSums.none(n_genes) for _ in range(n_channels)]
    step = max(1, ROWS_VALUES // max(n_genes * n_channels, 1))
    for first in range(0, len(samples), step):
        part_BGC = values_BGC[samples[first : first + step]]
        sums_C = [sums.joined(GeneSums.of(part_BGC[:, :, c])) for c, sums in enumerate(sums_C)]
    return sums_C
