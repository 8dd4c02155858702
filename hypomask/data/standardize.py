"""One fold of a cohort, standardised by its training samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort
from hypomask.data.scaling import Scaling, fit_scaling, scaling_of_sums
from hypomask.data.streamed_rows import Measurements, StreamedRows, streamed_gene_sums

__all__ = ["FoldData", "prepare_fold"]


@dataclass(frozen=True, eq=False)
class FoldData:
    """Training and test samples of one fold. Every number was estimated from training samples.

    Parameters
    ----------
    x_train_BGC, x_test_BGC
        (B, G, C) float32: per channel and gene centred and scaled, cut at +-10. 0 where missing (the training mean),
        and 0 for a gene that is constant, or missing altogether, in training. There is no indicator of missingness.
        Those of a streamed cohort are worked out when they are asked for.
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

    x_train_BGC: Measurements
    x_test_BGC: Measurements
    z_train_BP: npt.NDArray[np.float64]
    z_test_BP: npt.NDArray[np.float64]
    y_train: npt.NDArray[np.float64]
    y_test: npt.NDArray[np.float64]
    y_center: float
    y_scale: float
    missing_share: float
    scaling: Scaling

    def train_genes(self, positions: npt.NDArray[np.int64]) -> Measurements:
        """Return the training samples' measurements of the genes at `positions`."""
        return _of_genes(self.x_train_BGC, positions)

    def test_genes(self, positions: npt.NDArray[np.int64]) -> Measurements:
        """Return the test samples' measurements of the genes at `positions`."""
        return _of_genes(self.x_test_BGC, positions)


def prepare_fold(cohort: Cohort, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]) -> FoldData:
    """Standardise genes, covariates and a continuous phenotype by the samples at positions `train`."""
    z_BP = cohort.covariates.to_numpy(dtype=np.float64, na_value=np.nan)
    x_train_BGC: Measurements
    x_test_BGC: Measurements
    if cohort.streamed is None:
        measured_BGC = cohort.values_BGC[train]
        scaling = fit_scaling(measured_BGC, z_BP[train])
        x_train_BGC, x_test_BGC = scaling.genes(measured_BGC), scaling.genes(cohort.values_BGC[test])
        missing_share = float(np.isnan(measured_BGC).mean()) if measured_BGC.size else 0.0
    else:
        sums_C = streamed_gene_sums(cohort.values_BGC, train)
        scaling = scaling_of_sums(sums_C, z_BP[train])
        genes = np.arange(len(cohort.genes))
        x_train_BGC, x_test_BGC = (StreamedRows(cohort.values_BGC, rows, genes, scaling) for rows in (train, test))
        missing_share = sum(sums.n_missing for sums in sums_C) / max(int(np.prod(x_train_BGC.shape)), 1)

    y = cohort.phenotype.values
    y_center, y_scale = 0.0, 1.0
    if cohort.phenotype.target.is_scaled_by_fold and len(train):
        y_center = float(y[train].mean())
        y_scale = float(y[train].std()) or 1.0
    return FoldData(
        x_train_BGC=x_train_BGC,
        x_test_BGC=x_test_BGC,
        z_train_BP=scaling.covariates(z_BP[train]),
        z_test_BP=scaling.covariates(z_BP[test]),
        y_train=(y[train] - y_center) / y_scale,
        y_test=(y[test] - y_center) / y_scale,
        y_center=y_center,
        y_scale=y_scale,
        missing_share=missing_share,
        scaling=scaling,
    )


def _of_genes(x_BGC: Measurements, positions: npt.NDArray[np.int64]) -> Measurements:
    return x_BGC.of_genes(positions) if isinstance(x_BGC, StreamedRows) else x_BGC[:, positions]
