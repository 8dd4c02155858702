"""Genes and covariates on one scale, which training samples alone decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["GeneSums", "Scaling", "fit_scaling", "scaling_of_sums"]

MIN_BINARY_SD = 0.1
"""Floor of the scale in a channel of 0 and 1: without it a gene altered in 1 of 500 samples would have z = 22."""

MAX_ABS_Z = 10.0
"""Standardised genes and covariates are cut here: a test sample may be any number of training sds away."""

RELATIVE_CONSTANT = 1e-6
"""A gene whose sd is below this share of its largest absolute value is constant: float32 has seven digits."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What is taken off and multiplied, estimated from training samples.

    Parameters
    ----------
    center_GC, factor_GC
        (G, C) of genes by channel; a factor of 0 where a gene is constant, or missing altogether.
    median_P, center_P, factor_P
        (P,) of covariates.
    """

    center_GC: npt.NDArray[np.float64]
    factor_GC: npt.NDArray[np.float64]
    median_P: npt.NDArray[np.float64]
    center_P: npt.NDArray[np.float64]
    factor_P: npt.NDArray[np.float64]

    def genes(self, x_BGC: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return standardised measurements: 0 where missing, cut at +-10."""
        z_BGC = np.empty_like(x_BGC)
        for channel in range(x_BGC.shape[2]):
            z_BG = (x_BGC[:, :, channel] - self.center_GC[:, channel]) * self.factor_GC[:, channel]
            z_BGC[:, :, channel] = np.clip(np.nan_to_num(z_BG, copy=False), -MAX_ABS_Z, MAX_ABS_Z)
        return z_BGC

    def of_genes(self, positions: npt.NDArray[np.int64]) -> Scaling:
        """Return the same for the genes at `positions` alone."""
        return replace(self, center_GC=self.center_GC[positions], factor_GC=self.factor_GC[positions])

    def covariates(self, z_BP: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return standardised covariates: the training median where missing, cut at +-10."""
        filled_BP = np.where(np.isnan(z_BP), self.median_P, z_BP)
        return np.clip((filled_BP - self.center_P) * self.factor_P, -MAX_ABS_Z, MAX_ABS_Z)


@dataclass(frozen=True, eq=False)
class GeneSums:
    """What the scale of the genes of one channel is estimated from; of parts of the samples it can be joined.

    Parameters
    ----------
    n_G, sum_G, squares_G
        Values, their sum, and the sum of squares of their deviations from their mean.
    largest_G
        The largest absolute value.
    binary
        Whether all values are 0 or 1.
    n_missing
        Of all genes together.
    """

    n_G: npt.NDArray[np.int64]
    sum_G: npt.NDArray[np.float64]
    squares_G: npt.NDArray[np.float64]
    largest_G: npt.NDArray[np.float32]
    binary: bool
    n_missing: int

    @classmethod
    def none(cls, n_genes: int) -> GeneSums:
        """Return the sums of no sample."""
        return cls.of(np.zeros((0, n_genes), np.float32))

    @classmethod
    def of(cls, x_BG: npt.NDArray[np.float32]) -> GeneSums:
        """Return the sums of measurements (B, G), NaN where missing."""
        missing_BG = np.isnan(x_BG)
        n_G = len(x_BG) - missing_BG.sum(axis=0)
        filled_BG = np.where(missing_BG, np.float32(0), x_BG)
        sum_G = filled_BG.sum(axis=0, dtype=np.float64)
        deviation_BG = np.where(missing_BG, 0.0, filled_BG - sum_G / np.maximum(n_G, 1))
        return cls(
            n_G=n_G,
            sum_G=sum_G,
            squares_G=np.einsum("bg,bg->g", deviation_BG, deviation_BG),
            largest_G=np.abs(filled_BG).max(axis=0, initial=0.0),
            binary=bool(np.isin(filled_BG, (0.0, 1.0)).all()),
            n_missing=int(missing_BG.sum()),
        )

    def joined(self, other: GeneSums) -> GeneSums:
        """Return the sums of both parts together.

        References
        ----------
        Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115
        """
        n_G = self.n_G + other.n_G
        apart_G = other.sum_G / np.maximum(other.n_G, 1) - self.sum_G / np.maximum(self.n_G, 1)
        between_G = apart_G**2 * (self.n_G * other.n_G / np.maximum(n_G, 1))
        return GeneSums(
            n_G=n_G,
            sum_G=self.sum_G + other.sum_G,
            squares_G=self.squares_G + other.squares_G + between_G,
            largest_G=np.maximum(self.largest_G, other.largest_G),
            binary=self.binary and other.binary,
            n_missing=self.n_missing + other.n_missing,
        )

    def scale(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return centres and factors (G,)."""
        n_G = np.maximum(self.n_G, 1)
        sd_G = np.sqrt(self.squares_G / n_G)
        varies_G = sd_G > RELATIVE_CONSTANT * self.largest_G
        factor_G = np.where(varies_G, 1.0 / np.where(sd_G > 0, sd_G, 1.0), 0.0)
        if self.binary:
            factor_G = np.minimum(factor_G, 1.0 / MIN_BINARY_SD)
        return self.sum_G / n_G, factor_G


def fit_scaling(x_BGC: npt.NDArray[np.float32], z_BP: npt.NDArray[np.float64]) -> Scaling:
    """Estimate centres and scales of genes (B, G, C) and covariates (B, P) from training samples, NaN where missing."""
    return scaling_of_sums([GeneSums.of(x_BGC[:, :, channel]) for channel in range(x_BGC.shape[2])], z_BP)


def scaling_of_sums(sums_C: Sequence[GeneSums], z_BP: npt.NDArray[np.float64]) -> Scaling:
    """Return centres and scales of genes from the sums of every channel, and of covariates (B, P)."""
    center_GC, factor_GC = (np.stack(part, axis=1) for part in zip(*(sums.scale() for sums in sums_C), strict=True))
    return Scaling(center_GC, factor_GC, *_covariate_scale(z_BP))


def _covariate_scale(
    z_BP: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return medians (0 where all are missing), and centres and factors after filling with them; each (P,)."""
    known = ~np.isnan(z_BP)
    median_P = np.array(
        [np.median(column[seen]) if seen.any() else 0.0 for column, seen in zip(z_BP.T, known.T, strict=True)]
    )
    filled_BP = np.where(known, z_BP, median_P)
    center_P = filled_BP.mean(axis=0) if len(filled_BP) else median_P
    sd_P = filled_BP.std(axis=0) if len(filled_BP) else np.zeros_like(median_P)
    largest_P = np.abs(filled_BP).max(axis=0, initial=0.0)
    return median_P, center_P, np.where(sd_P > 1e-12 * largest_P, 1.0 / np.where(sd_P > 0, sd_P, 1.0), 0.0)
