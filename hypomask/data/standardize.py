"""Genes and covariates on one scale, which training samples alone decide."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort

__all__ = ["FoldData", "Scaling", "fit_scaling", "prepare_fold"]

MIN_BINARY_SD = 0.1
"""Floor of the scale in a channel of 0 and 1: without it a gene altered in 1 of 500 samples would have z = 22."""

MAX_ABS_Z = 10.0
"""Standardised genes and covariates are cut here: a test sample may be any number of training sds away."""

RELATIVE_CONSTANT = 1e-6
"""A gene whose sd is below this share of its largest absolute value is constant: float32 has seven digits."""


@dataclass(frozen=True, eq=False)
class FoldData:
    """Training and test samples of one fold. Every number was estimated from training samples.

    Parameters
    ----------
    x_train_BGC, x_test_BGC
        (B, G, C) float32: per channel and gene centred and scaled, cut at +-10. 0 where missing (the training mean),
        and 0 for a gene that is constant, or missing altogether, in training. There is no indicator of missingness.
    z_train_BP, z_test_BP
        (B, P) float64 covariates: missing filled with the training median, then as genes.
    y_train, y_test
        (B,) float64: class codes, or the continuous phenotype centred and scaled.
    y_center, y_scale
        Continuous: phenotype = y_center + y_scale * y. Otherwise 0 and 1.
    missing_share
        Share of the training values of genes that were missing.
    scaling
        What genes and covariates were standardised by.
    """

    x_train_BGC: npt.NDArray[np.float32]
    x_test_BGC: npt.NDArray[np.float32]
    z_train_BP: npt.NDArray[np.float64]
    z_test_BP: npt.NDArray[np.float64]
    y_train: npt.NDArray[np.float64]
    y_test: npt.NDArray[np.float64]
    y_center: float
    y_scale: float
    missing_share: float
    scaling: Scaling


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


def fit_scaling(x_BGC: npt.NDArray[np.float32], z_BP: npt.NDArray[np.float64]) -> Scaling:
    """Estimate centres and scales of genes (B, G, C) and covariates (B, P) from training samples, NaN where missing."""
    scales = [_gene_scale(x_BGC[:, :, channel]) for channel in range(x_BGC.shape[2])]
    center_GC, factor_GC = (np.stack(part, axis=1) for part in zip(*scales, strict=True))
    return Scaling(center_GC, factor_GC, *_covariate_scale(z_BP))


def prepare_fold(cohort: Cohort, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]) -> FoldData:
    """Standardise genes, covariates and a continuous phenotype by the samples at positions `train`."""
    x_train_BGC, x_test_BGC = cohort.values_BGC[train], cohort.values_BGC[test]
    z_BP = cohort.covariates.to_numpy(dtype=np.float64, na_value=np.nan)
    scaling = fit_scaling(x_train_BGC, z_BP[train])

    y = cohort.phenotype.values
    y_center, y_scale = 0.0, 1.0
    if cohort.phenotype.target.is_scaled_by_fold and len(train):
        y_center = float(y[train].mean())
        y_scale = float(y[train].std()) or 1.0
    return FoldData(
        x_train_BGC=scaling.genes(x_train_BGC),
        x_test_BGC=scaling.genes(x_test_BGC),
        z_train_BP=scaling.covariates(z_BP[train]),
        z_test_BP=scaling.covariates(z_BP[test]),
        y_train=(y[train] - y_center) / y_scale,
        y_test=(y[test] - y_center) / y_scale,
        y_center=y_center,
        y_scale=y_scale,
        missing_share=float(np.isnan(x_train_BGC).mean()) if x_train_BGC.size else 0.0,
        scaling=scaling,
    )


def _gene_scale(x_BG: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return centres and factors (G,) of one channel."""
    missing_BG = np.isnan(x_BG)
    n_G = np.maximum(len(x_BG) - missing_BG.sum(axis=0), 1)
    filled_BG = np.where(missing_BG, np.float32(0), x_BG)
    largest_G = np.abs(filled_BG).max(axis=0, initial=0.0)
    center_G = filled_BG.sum(axis=0, dtype=np.float64) / n_G
    deviation_BG = np.where(missing_BG, 0.0, filled_BG - center_G)
    sd_G = np.sqrt(np.einsum("bg,bg->g", deviation_BG, deviation_BG) / n_G)
    factor_G = np.where(sd_G > RELATIVE_CONSTANT * largest_G, 1.0 / np.where(sd_G > 0, sd_G, 1.0), 0.0)
    if np.isin(filled_BG, (0.0, 1.0)).all():
        factor_G = np.minimum(factor_G, 1.0 / MIN_BINARY_SD)
    return center_G, factor_G


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
