"""Which columns are a phenotype up to scale, from sums over samples that come some at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype
from hypomask.outcomes.survival_times import times_and_events

__all__ = ["MIN_SAMPLES", "Agreement", "targets_of"]

PERFECT = 1 - 1e-5
"""Correlation that rounding to three digits leaves of a copy; no measurement of something else reaches it."""

MIN_SAMPLES = 20
"""Among 10,000 binary genes, one agrees with a binary phenotype of 10 samples by chance; of 20 samples, none does."""

LEAST_SPREAD = 1e-7
"""Of the mean: a column that varies less is constant, and what is left of it is rounding of float32."""

COLUMNS_AT_ONCE = 2048


def targets_of(phenotype: Phenotype) -> npt.NDArray[np.float64]:
    """Return (B, K) that no gene may be a copy of.

    The measurement, the event, the time and whether the event was seen, or indicators of classes.
    """
    if phenotype.kind == "masked-genes":
        return np.zeros((len(phenotype.values), 0))  # a gene is hidden from its own prediction
    if phenotype.kind == "several":
        return np.concatenate([targets_of(part) for part in phenotype.parts], axis=1)
    if phenotype.kind in ("survival", "discrete-survival"):
        times_B, event_B = times_and_events(phenotype.values)
        return np.column_stack([times_B, event_B, np.log(times_B)])
    if phenotype.kind == "counts":
        return np.column_stack([phenotype.values, np.log1p(phenotype.values)])  # as expression is often given
    if phenotype.kind != "classes":
        return phenotype.values[:, None]
    return np.eye(len(phenotype.classes))[phenotype.values.astype(np.int64)]


class Agreement:
    """Correlations of columns with targets, each over the samples in which the column was observed.

    Parameters
    ----------
    target_BK
        Of all samples.
    n_columns
        How many columns will be added.
    """

    def __init__(self, target_BK: npt.NDArray[np.float64], n_columns: int) -> None:
        self._target_BK = target_BK - target_BK.mean(axis=0)
        n_targets = target_BK.shape[1]
        self._n_G, self._sum_G, self._square_G = (np.zeros(n_columns) for _ in range(3))
        self._cross_GK, self._target_GK, self._target_square_GK = (np.zeros((n_columns, n_targets)) for _ in range(3))
        self._shift_G = np.full(n_columns, np.nan)  # near the mean, so that sums of squares keep their digits

    def add(self, samples: npt.NDArray[np.int64], values_BG: npt.NDArray[np.floating]) -> None:
        """Add the values of some samples, given by position; NaN where missing."""
        target_BK = self._target_BK[samples]
        for first in range(0, values_BG.shape[1], COLUMNS_AT_ONCE):
            part = slice(first, first + COLUMNS_AT_ONCE)
            part_BG = values_BG[:, part].astype(np.float64)
            seen_BG = np.isfinite(part_BG)
            if not seen_BG.all():
                part_BG[~seen_BG] = 0.0
            n_G, sum_G = seen_BG.sum(axis=0), part_BG.sum(axis=0)
            shift_G = np.where(
                np.isnan(self._shift_G[part]) & (n_G > 0), sum_G / np.maximum(n_G, 1), self._shift_G[part]
            )
            self._shift_G[part] = shift_G
            part_BG -= np.nan_to_num(shift_G)
            if not seen_BG.all():
                part_BG[~seen_BG] = 0.0
            weight_BG = seen_BG.astype(np.float64)
            self._n_G[part] += n_G
            self._sum_G[part] += part_BG.sum(axis=0)
            self._square_G[part] += np.einsum("bg,bg->g", part_BG, part_BG)
            self._cross_GK[part] += part_BG.T @ target_BK
            self._target_GK[part] += weight_BG.T @ target_BK
            self._target_square_GK[part] += weight_BG.T @ target_BK**2

    def perfect(self) -> list[int]:
        """Return the columns whose correlation with a target is 1 or -1; none that was observed too rarely."""
        n_G1 = np.maximum(self._n_G, 1)[:, None]
        square_G1 = self._square_G[:, None] - self._sum_G[:, None] ** 2 / n_G1
        varies_G1 = square_G1 > n_G1 * (LEAST_SPREAD * np.nan_to_num(self._shift_G)[:, None]) ** 2
        cross_GK = self._cross_GK - self._sum_G[:, None] * self._target_GK / n_G1
        product_GK = square_G1 * (self._target_square_GK - self._target_GK**2 / n_G1)
        is_perfect_GK = varies_G1 & (product_GK > 0) & (cross_GK**2 > PERFECT**2 * product_GK)
        is_perfect_G = (self._n_G >= MIN_SAMPLES) & is_perfect_GK.any(axis=1)
        found: list[int] = np.flatnonzero(is_perfect_G).tolist()
        return found
