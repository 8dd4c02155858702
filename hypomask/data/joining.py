"""Joining observations with their measurements in every channel."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.data.tables import Findings, Matrix, counted, listed
from hypomask.errors import Problem

__all__ = ["Join", "join"]

Samples = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Join:
    """Which observations and genes every channel has.

    Parameters
    ----------
    rows
        Positions of observations, ascending.
    genes
        In the order of the first channel.
    """

    channels: Mapping[str, Matrix]
    keys: tuple[str, ...]
    rows: tuple[int, ...]
    genes: tuple[str, ...]

    def values(self, rows: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return (B, G, C) measurements of the observations `rows`."""
        values_BGC = np.empty((len(rows), len(self.genes), len(self.channels)), dtype=np.float32)
        for c, matrix in enumerate(self.channels.values()):
            sample_at = {name: i for i, name in enumerate(matrix.samples)}
            gene_at = {name: i for i, name in enumerate(matrix.genes)}
            from_rows = np.array([sample_at[self.keys[row]] for row in rows], dtype=np.int64)
            from_columns = np.array([gene_at[gene] for gene in self.genes], dtype=np.int64)
            values_BGC[:, :, c] = matrix.values_by_sample[np.ix_(from_rows, from_columns)]
        return values_BGC

    def by_sample(self, channel: str, rows: Sequence[int], genes: Sequence[str]) -> Iterator[Samples]:
        """Yield the measurements of the observations `rows` in one channel, in the order of its file.

        Yields positions among `rows`, (b,), and values (b, G). Observations of the same sample come together.
        """
        matrix = self.channels[channel]
        sample_at = {name: i for i, name in enumerate(matrix.samples)}
        gene_at = {name: i for i, name in enumerate(matrix.genes)}
        from_row = np.array([sample_at[self.keys[row]] for row in rows], dtype=np.int64)
        from_columns = np.array([gene_at[gene] for gene in genes], dtype=np.int64)
        order = np.argsort(from_row, kind="stable")
        for first, values_BG in matrix.by_sample():
            within = slice(*np.searchsorted(from_row[order], [first, first + len(values_BG)]))
            samples = order[within]
            if len(samples):
                yield samples, values_BG[np.ix_(from_row[samples] - first, from_columns)]


def join(
    channels: Mapping[str, Matrix], keys: tuple[str, ...], exclude: Collection[str], file: str, findings: Findings
) -> Join:
    """Match `keys` with the samples of every channel, and the genes of channels with each other.

    Raises
    ------
    DataError
        No observation is in every channel, or no gene is.
    """
    measured = set(keys)
    for matrix in channels.values():
        known = set(matrix.samples)
        absent = list(dict.fromkeys(key for key in keys if key not in known))
        if absent:
            findings.warnings.append(
                f"{counted(len(absent), 'sample')} of {file} not in {matrix.file}, left out: {listed(absent)}"
            )
        unused = [name for name in matrix.samples if name not in set(keys)] if len(known) > len(measured) else []
        if unused:
            findings.notes.append(f"{counted(len(unused), 'sample')} of {matrix.file} not in {file}, left out")
        measured &= known
    if not measured:
        findings.stop(
            Problem(f"no sample has measurements in all of {', '.join(channels)}; are the ids the same?", file)
        )

    genes = [gene for gene in next(iter(channels.values())).genes if gene not in exclude]
    for matrix in channels.values():
        known = set(matrix.genes)
        genes = [gene for gene in genes if gene in known]
    if not genes:
        shown = "; ".join(f"{name}: {listed(matrix.genes, 3)}" for name, matrix in channels.items())
        findings.stop(
            Problem(
                f"the channels have no gene in common ({shown}); channels are layers of measurement of the same genes"
            )
        )
    kept = set(genes)
    for matrix in channels.values():
        dropped = [gene for gene in matrix.genes if gene not in kept and gene not in exclude]
        if dropped:
            findings.notes.append(
                f"{counted(len(dropped), 'gene')} of {matrix.file} not in every channel, left out: {listed(dropped)}"
            )
    return Join(channels, keys, tuple(i for i, key in enumerate(keys) if key in measured), tuple(genes))
