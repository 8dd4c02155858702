"""From effects of single samples in the eyes of single models to an estimate with an interval.

Let ``e_rmi`` be the effect in sample i by replicate m of the fold that holds i out in repeat r; R repeats of K folds, n
samples in G independent units (groups, or copies of one measurement). The estimate is the mean ``T`` of all ``e``. Its
variance has three parts:

- *samples*: other samples would respond otherwise. ``V_s``: variance of T from the units' sums of ``e_i - T``, where
  ``e_i`` is the mean over repeats and replicates, with the factor G / (G - 1).
- *models*: other training samples would give other models. The K models of a repeat are a grouped jackknife of the one
  that all samples would give: if leaving out one K-th moves the effect by a standard deviation s between folds, the
  effect of all moves by ``s (K - 1) / sqrt(K)`` between cohorts (``V_m = s^2 (K - 1)^2 / K``; 3.2 s^2 for K = 5).
  What makes fold means differ besides is taken out of s: that folds hold other samples, by comparing every sample with
  itself in the other repeats (``d_rf = mean over fold f of e_ri - e_i without r``, whose variance between folds is s^2
  times ``1 - 2c + c / (R - 1)``, with ``c = (K - 1) / (G - 1)`` for the samples that folds of two repeats share by
  chance); and the replicates, by the variance between them, up to half of what there is: two replicates do not know
  their own variance well, and intervals would now and then be far too short. s^2 is averaged over repeats before it is
  inflated, because repeats are no new data, and is at least 0. With a single repeat samples cannot be compared with
  themselves: then the squared standard errors of the fold means over their own units are taken off, which is rough.
- *replicates*: ``V_r``, the mean variance between replicates of one fold divided by ``K R M``.

The interval is ``T +- t sqrt(V_s + V_m + V_r)`` with Student's t on ``min(R (K - 1), G - 1)`` degrees of freedom.

It is an interval for what this training recipe says on average at this sample size. Penalties and shrinkage draw
effects towards 0, and the interval does not know by how much: benchmarks/knockout_truth measures its coverage of both.

References
----------
Shao & Wu 1989, doi:10.1214/aos/1176347263 (jackknife); Nadeau & Bengio 2003, doi:10.1023/A:1024068626366.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from hypomask.comparison.multiplicity import holm
from hypomask.outcomes.family import Float

__all__ = ["Estimate", "FoldMeans", "benjamini_hochberg", "estimate", "fold_means", "holm_adjusted"]

MOST_BY_REPLICATES = 0.5

RESOLUTION = 1e-9
"""Effects below it are the same prediction: different routes to one number differ in the last bits."""


@dataclass(frozen=True, eq=False)
class FoldMeans:
    """One fold's part, J effects at once.

    Parameters
    ----------
    index
        Positions of the fold's samples among the chosen ones.
    mean_J
        Mean effect over the fold's samples.
    error_J
        Squared standard error of that mean over the fold's own units; 0 with fewer than two, which makes intervals
        wider rather than narrower.
    between_replicates_J
        Variance between the replicates' means; 0 with one.
    """

    repeat: int
    fold: int
    n_replicates: int
    index: npt.NDArray[np.int64]
    mean_J: Float
    error_J: Float
    between_replicates_J: Float


@dataclass(frozen=True, eq=False)
class Estimate:
    """Estimated mean effects, (J,) each; `se` is NaN where there are too few samples to tell."""

    mean: Float
    se: Float
    df: int

    def interval(self, alpha: float) -> tuple[Float, Float]:
        """Return lower and upper limits of the 1 - alpha intervals."""
        half = float(stats.t.isf(alpha / 2, self.df)) * self.se
        return self.mean - half, self.mean + half

    @property
    def t(self) -> Float:
        """Means in standard errors; 0 where the effect is exactly 0, NaN where the error is not known."""
        nothing = (np.abs(self.mean) < RESOLUTION) & (self.se < RESOLUTION)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(nothing, 0.0, self.mean / self.se)

    @property
    def p(self) -> Float:
        """Two-sided p of an effect of 0; 1 where it is exactly 0, NaN where the error is not known."""
        return np.asarray(2 * stats.t.sf(np.abs(self.t), self.df))


def fold_means(
    repeat: int,
    fold: int,
    effect_JB: Float,
    index: npt.NDArray[np.int64],
    units_B: npt.NDArray[np.int64],
    by_replicate_MJ: Float,
) -> FoldMeans:
    """Summarise one fold's effects (J, B) in samples that belong to `units_B`, and its replicates' means (M, J)."""
    mean_J = effect_JB.mean(axis=1)
    n_replicates = len(by_replicate_MJ)
    between_J = by_replicate_MJ.var(axis=0, ddof=1) if n_replicates > 1 else np.zeros_like(mean_J)
    error_J = np.nan_to_num(_squared_error(effect_JB, units_B))
    return FoldMeans(repeat, fold, max(n_replicates, 1), index, mean_J, error_J, between_J)


def estimate(mean_effect_JB: Float, units_B: npt.NDArray[np.int64], folds: Sequence[FoldMeans]) -> Estimate:
    """Estimate J mean effects; see the head of this file.

    Parameters
    ----------
    mean_effect_JB
        (J, n) of every chosen sample, over repeats and replicates.
    folds
        Of all repeats.
    """
    mean_J = mean_effect_JB.mean(axis=1)
    of_samples_J = _squared_error(mean_effect_JB, units_B)
    n_units = len(np.unique(units_B))
    repeats = sorted({fold.repeat for fold in folds})
    n_folds = max(sum(fold.repeat == repeat for fold in folds) for repeat in repeats)
    moved_J = np.maximum(_between_models(mean_effect_JB, n_units, folds, len(repeats), n_folds), 0.0)
    replicates_J = np.mean([fold.between_replicates_J / fold.n_replicates for fold in folds], axis=0) / len(folds)
    se_J = np.sqrt(of_samples_J + moved_J * (n_folds - 1) ** 2 / n_folds + replicates_J)
    return Estimate(mean_J, se_J, max(1, min(len(repeats) * (n_folds - 1), n_units - 1)))


def _between_models(
    mean_effect_JB: Float, n_units: int, folds: Sequence[FoldMeans], n_repeats: int, n_folds: int
) -> Float:
    """Return s^2, (J,), mean over repeats; NaN with a repeat of fewer than two folds."""
    by_repeat = []
    for repeat in sorted({fold.repeat for fold in folds}):
        mine = [fold for fold in folds if fold.repeat == repeat]
        if len(mine) < 2:
            return np.full(len(mean_effect_JB), np.nan)
        seeds_J = np.mean([fold.between_replicates_J / fold.n_replicates for fold in mine], axis=0)
        if n_repeats == 1:
            between_J = np.var([fold.mean_J for fold in mine], axis=0, ddof=1)
            by_repeat.append(between_J - seeds_J - np.mean([fold.error_J for fold in mine], axis=0))
            continue
        others = n_repeats - 1
        own = [fold.mean_J - mean_effect_JB[:, fold.index].mean(axis=1) for fold in mine]
        between_J = np.var(own, axis=0, ddof=1) * (n_repeats / others) ** 2
        chance = (n_folds - 1) / max(n_units - 1, 1)
        share = max(1 - 2 * chance + chance / others, 0.25)
        seeds_J = np.minimum(seeds_J * (1 + 1 / (others * n_folds)), MOST_BY_REPLICATES * between_J)
        by_repeat.append((between_J - seeds_J) / share)
    return np.asarray(np.mean(by_repeat, axis=0))


def _squared_error(effect_JB: Float, units_B: npt.NDArray[np.int64]) -> Float:
    """Return (J,) squared standard errors of means over samples, cluster-robust; NaN with fewer than two units."""
    labels, code = np.unique(units_B, return_inverse=True)
    n_units = len(labels)
    if n_units < 2:
        return np.full(len(effect_JB), np.nan)
    deviation_JB = effect_JB - effect_JB.mean(axis=1, keepdims=True)
    if n_units < len(units_B):
        by_unit = np.argsort(code, kind="stable")
        starts = np.searchsorted(code[by_unit], np.arange(n_units))
        deviation_JB = np.add.reduceat(deviation_JB[:, by_unit], starts, axis=1)
    squared_J = np.einsum("ju,ju->j", deviation_JB, deviation_JB)
    return np.asarray(squared_J * n_units / ((n_units - 1) * effect_JB.shape[1] ** 2))


def holm_adjusted(p: Float) -> Float:
    """Return Holm-adjusted p values; those that are not known stay so and do not count."""
    return _among_known(p, holm)


def benjamini_hochberg(p: Float) -> Float:
    """Return p values adjusted for the false discovery rate; those that are not known stay so and do not count.

    Controls the expected share of false rejections where the tests are independent or positively dependent.

    References
    ----------
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x
    """

    def adjust(values: Float) -> Float:
        order = np.argsort(values)
        scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
        adjusted = np.empty_like(values)
        adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
        return adjusted

    return _among_known(p, adjust)


def _among_known(p: Float, adjust: object) -> Float:
    known = np.isfinite(p)
    adjusted = np.full_like(p, np.nan)
    if known.any() and callable(adjust):
        adjusted[known] = adjust(p[known])
    return adjusted
