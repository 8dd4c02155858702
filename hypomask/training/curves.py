"""One curved term per gene and channel: a gene's own effect need not be a straight line.

Without it a curved effect of single genes would be credited to edges between correlated genes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["CUT", "Curves", "fit_curves"]

Float = npt.NDArray[np.float64]

CUT = 3.0  # standard deviations; a square follows its outliers


@dataclass(frozen=True, eq=False)
class Curves:
    """The square of each bendable column, free of its mean and straight line in training, times a prior spread.

    Parameters
    ----------
    columns
        Positions of the columns that take more than two values.
    mean, level, slope, scale
        (J,) of the columns in training: of the column, of its square, of the square on the column, of what is left.
    """

    columns: npt.NDArray[np.int64]
    mean: Float
    level: Float
    slope: Float
    scale: Float

    def apply(self, x_BJ: Float) -> Float:
        """Return (B, number of bendable columns) curved terms."""
        deviation = np.clip(x_BJ[:, self.columns], -CUT, CUT) - self.mean
        return np.asarray((deviation**2 - self.level - self.slope * deviation) * self.scale, dtype=np.float64)


def fit_curves(x_BJ: Float, prior_sd: float) -> Curves | None:
    """Return the curved terms of training columns (B, J), or None where every column takes at most two values."""
    between = (x_BJ != x_BJ.min(axis=0)) & (x_BJ != x_BJ.max(axis=0))
    columns = np.flatnonzero(between.any(axis=0))
    if not len(columns):
        return None
    cut = np.clip(x_BJ[:, columns], -CUT, CUT)
    mean = cut.mean(axis=0)
    deviation = cut - mean
    square = deviation**2
    level = square.mean(axis=0)
    slope = ((square - level) * deviation).mean(axis=0) / np.maximum(deviation.var(axis=0), 1e-12)
    left = square - level - slope * deviation
    return Curves(columns, mean, level, slope, prior_sd / np.maximum(left.std(axis=0), 1e-6))
