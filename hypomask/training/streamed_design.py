"""The additive part's columns, some samples at a time, and the basis in which their penalised fits are cheap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.data.streamed_rows import StreamedRows
from hypomask.outcomes.family import Float
from hypomask.training.additive import CURVE_PRIOR_SD, design_of
from hypomask.training.curves import CUT, Curves

__all__ = ["Basis", "StreamedDesign", "streamed_curves"]

NEGLIGIBLE = 1e-10  # of the largest squared norm: directions below it are rounding


@dataclass(frozen=True, eq=False)
class StreamedDesign:
    """Covariates, genes x channels and, where there are any, curves of samples, (B, J)."""

    x: StreamedRows
    z_BP: Float
    curves: Curves | None

    def __len__(self) -> int:
        return len(self.z_BP)

    @property
    def n_columns(self) -> int:
        """Columns of the design."""
        n_curves = 0 if self.curves is None else len(self.curves.columns)
        return int(self.z_BP.shape[1] + np.prod(self.x.shape[1:]) + n_curves)

    def chunks(self) -> Iterator[tuple[slice, Float]]:
        """Yield all samples in order, some at a time: where they are, and their columns."""
        for rows, x_BGC in self.x.chunks():
            yield rows, design_of(x_BGC.reshape(len(x_BGC), -1).astype(np.float64), self.z_BP[rows], self.curves)


@dataclass(frozen=True, eq=False)
class Basis:
    """Orthogonal directions of a design over all samples, and sums over some of the samples.

    Parameters
    ----------
    mean_J
        Of all samples.
    squared_k, vectors_Jk
        Squared norms of the centred design along its directions, and the directions.
    mean_FJ, variance_F
        Of each of F sets of samples: the columns' means, and the sum of squares of all centred columns.
    """

    mean_J: Float
    squared_k: Float
    vectors_Jk: Float
    mean_FJ: Float
    variance_F: Float

    @classmethod
    def of(cls, design: StreamedDesign, inside_FB: npt.NDArray[np.bool_]) -> Basis:
        """Go through the samples once, and rotate."""
        n_columns = design.n_columns
        gram_JJ, sum_J = np.zeros((n_columns, n_columns)), np.zeros(n_columns)
        sum_FJ, squares_F = np.zeros((len(inside_FB), n_columns)), np.zeros(len(inside_FB))
        for rows, chunk_BJ in design.chunks():
            inside_FC = inside_FB[:, rows].astype(np.float64)
            gram_JJ += chunk_BJ.T @ chunk_BJ
            sum_J += chunk_BJ.sum(axis=0)
            sum_FJ += inside_FC @ chunk_BJ
            squares_F += inside_FC @ np.einsum("bj,bj->b", chunk_BJ, chunk_BJ)
        mean_J = sum_J / len(design)
        gram_JJ -= len(design) * np.outer(mean_J, mean_J)
        squared, vectors = np.linalg.eigh(gram_JJ)
        keep = squared > max(squared[-1], 0.0) * NEGLIGIBLE
        n_F = inside_FB.sum(axis=1)
        mean_FJ = sum_FJ / n_F[:, None]
        variance_F = squares_F - n_F * np.einsum("fj,fj->f", mean_FJ, mean_FJ)
        return cls(mean_J, squared[keep], vectors[:, keep], mean_FJ, variance_F)


def streamed_curves(x: StreamedRows) -> Curves | None:
    """Return what `hypomask.training.curves.fit_curves` returns, within rounding, in two passes over the samples."""
    n, n_columns = len(x), int(np.prod(x.shape[1:]))
    first_J, other_J = np.full(n_columns, np.nan), np.full(n_columns, np.nan)
    takes_more = np.zeros(n_columns, dtype=bool)
    sum_J = np.zeros(n_columns)
    for _, x_BJ in _flat_chunks(x):
        first_J = np.where(np.isnan(first_J), x_BJ[0], first_J)
        differs_BJ = x_BJ != first_J
        seen_J = np.where(differs_BJ.any(axis=0), x_BJ[differs_BJ.argmax(axis=0), np.arange(n_columns)], np.nan)
        other_J = np.where(np.isnan(other_J), seen_J, other_J)
        takes_more |= (differs_BJ & (x_BJ != other_J)).any(axis=0)
        sum_J += np.clip(x_BJ, -CUT, CUT).sum(axis=0)
    columns = np.flatnonzero(takes_more)
    if not len(columns):
        return None
    mean = sum_J[columns] / n
    powers_PJ = np.zeros((4, len(columns)))
    for _, x_BJ in _flat_chunks(x):
        deviation = np.clip(x_BJ[:, columns], -CUT, CUT) - mean
        square = deviation**2
        powers_PJ += np.stack([deviation.sum(0), square.sum(0), (square * deviation).sum(0), (square**2).sum(0)])
    one, two, three, four = powers_PJ / n
    slope = (three - two * one) / np.maximum(two - one**2, 1e-12)
    # The variance of what is left of the square, written out in moments.
    left = four - two**2 - 2 * slope * (three - two * one) + slope**2 * (two - one**2)
    return Curves(columns, mean, two, slope, CURVE_PRIOR_SD / np.maximum(np.sqrt(np.maximum(left, 0.0)), 1e-6))


def _flat_chunks(x: StreamedRows) -> Iterator[tuple[slice, Float]]:
    for rows, x_BGC in x.chunks():
        yield rows, x_BGC.reshape(len(x_BGC), -1).astype(np.float64)
