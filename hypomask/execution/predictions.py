"""Out-of-fold predictions on the disk: one Parquet file per job, checked by its hash."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hypomask.execution.jobs import Job
from hypomask.execution.parquet_files import read_about, read_parquet, write_parquet

__all__ = ["Fit", "PredictionStore", "StoredFile", "StoredPredictions"]

PARTS = ("full", "additive", "gene_free")

FloatArray = npt.NDArray[np.float64]
Number = float | int | str


class Fit(Protocol):
    """What a job gives: the fields of `hypomask.training.job.FoldFit` that are stored."""

    test_index: npt.NDArray[np.int64]
    eta_full: FloatArray
    eta_additive: FloatArray
    eta_gene_free: FloatArray
    y_center: float
    y_scale: float
    numbers: Mapping[str, Number]
    eta_replicates_MBK: FloatArray


@dataclass(frozen=True)
class StoredFile:
    """A prediction file's name in the store and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, eq=False)
class StoredPredictions:
    """Predictions of one job for its held-out samples, on the link scale.

    Parameters
    ----------
    test_index
        (B_t,) positions of the held-out samples in the cohort.
    eta_full, eta_additive, eta_gene_free
        (B_t, K): the whole model, its additive part, and covariates only.
    y_center, y_scale
        What a continuous phenotype was centred and scaled by in the training folds (0 and 1 otherwise).
    eta_replicates_MBK
        (M, B_t, K): each training replicate alone; M is 0 when the seeds change nothing.
    """

    test_index: npt.NDArray[np.int64]
    eta_full: FloatArray
    eta_additive: FloatArray
    eta_gene_free: FloatArray
    y_center: float
    y_scale: float
    eta_replicates_MBK: FloatArray


class PredictionStore:
    """The folder of prediction files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, job: Job, fit: Fit, samples: tuple[str, ...], model: StoredFile | None = None) -> StoredFile:
        """Write the predictions of `job` durably.

        Parameters
        ----------
        samples
            The cohort's ids, written beside the positions.
        model
            The stored model that made them; None where it was not kept.

        Raises
        ------
        RunError
            When the disk is full.
        ValueError
            When a prediction is not finite: such a fit must count as failed, not as a very bad loss.
        """
        columns: dict[str, object] = {
            "sample": [samples[i] for i in fit.test_index],
            "index": np.asarray(fit.test_index, np.int64),
        }
        parts = {part: getattr(fit, f"eta_{part}") for part in PARTS}
        parts |= {f"replicate_{m}": eta_BK for m, eta_BK in enumerate(fit.eta_replicates_MBK)}
        for part, eta in parts.items():
            eta_BK = np.asarray(eta, dtype=np.float64)
            if not np.isfinite(eta_BK).all():
                raise ValueError(f"the {part.replace('_', ' ')} predictions are not finite: the training diverged")
            columns |= {f"eta_{part}_{k}": eta_BK[:, k] for k in range(eta_BK.shape[1])}
        if not (math.isfinite(fit.y_center) and math.isfinite(fit.y_scale) and fit.y_scale > 0):
            raise ValueError(f"the phenotype's training scale is {fit.y_scale}, expected a positive number")
        about: dict[str, object] = {
            "job": job.key,
            "y_center": float(fit.y_center),
            "y_scale": float(fit.y_scale),
        }
        if model is not None:
            about["model"] = {"file": model.name, "sha256": model.sha256}
        path = self.folder / job.file_name
        return StoredFile(job.file_name, write_parquet(path, columns, about, f"the predictions of {job.key}"))

    def is_intact(self, stored: StoredFile) -> bool:
        """Return whether the file is there with the bytes that were written."""
        try:
            content = (self.folder / stored.name).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == stored.sha256

    def model_of(self, job: Job) -> StoredFile | None:
        """Return the stored model that made the predictions of `job`, None where it was not kept.

        Raises
        ------
        RunError
            When the predictions are missing or damaged.
        """
        about = read_about(self.folder / job.file_name, f"the predictions of {job.key}")
        kept = about.get("model")
        return None if kept is None else StoredFile(kept["file"], kept["sha256"])

    def read(self, job: Job) -> StoredPredictions:
        """Read the predictions of `job`.

        Raises
        ------
        RunError
            When the file is missing or damaged.
        """
        table, about = read_parquet(self.folder / job.file_name, f"the predictions of {job.key}")
        eta = {part: _part(table, part) for part in PARTS}
        return StoredPredictions(
            test_index=table["index"].to_numpy().astype(np.int64),
            eta_full=eta["full"],
            eta_additive=eta["additive"],
            eta_gene_free=eta["gene_free"],
            y_center=float(about["y_center"]),
            y_scale=float(about["y_scale"]),
            eta_replicates_MBK=_replicates(table, eta["full"].shape),
        )


def _replicates(table: pa.Table, shape_BK: tuple[int, ...]) -> FloatArray:
    n_replicates = sum(name.startswith("eta_replicate_") and name.endswith("_0") for name in table.column_names)
    eta = [_part(table, f"replicate_{m}") for m in range(n_replicates)]
    return np.stack(eta) if eta else np.zeros((0, *shape_BK))


def _part(table: pa.Table, part: str) -> FloatArray:
    names = [name for name in table.column_names if name.startswith(f"eta_{part}_")]
    return np.column_stack([table[f"eta_{part}_{k}"].to_numpy() for k in range(len(names))]).astype(np.float64)
