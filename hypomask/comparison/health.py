"""Whether the fits of a model deserve to be compared: what their own numbers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.losses import LossTable
from hypomask.comparison.result import ModelHealth

__all__ = ["FitNumbers", "FitRecords", "model_health"]

FitNumbers = Mapping[str, float | int | str]

# A mask whose contribution is scaled to less than this was not used: it moves no prediction by a visible amount.
UNUSED_BELOW = 0.01


@dataclass(frozen=True, eq=False)
class FitRecords:
    """How the fits of a study went.

    Parameters
    ----------
    numbers_by_model
        What each job recorded (see `hypomask.training.fit`), fold by fold.
    test_fold_RB
        (R, B) fold in which each sample was held out.
    """

    numbers_by_model: Mapping[str, Sequence[FitNumbers]]
    test_fold_RB: npt.NDArray[np.int64]


def model_health(table: LossTable, fits: FitRecords) -> tuple[ModelHealth, ...]:
    """Return the health of every model, lowest loss first."""
    return tuple(
        _of_one(name, table, fits.numbers_by_model.get(name, ()), fits.test_fold_RB) for name in table.names_by_loss()
    )


def _of_one(
    name: str, table: LossTable, numbers: Sequence[FitNumbers], test_fold_RB: npt.NDArray[np.int64]
) -> ModelHealth:
    shrinkage = _recorded(numbers, "shrinkage")
    trained = _recorded(numbers, "trainings")
    epochs = _recorded(numbers, "epochs")
    slope = _recorded(numbers, "calibration_slope")
    return ModelHealth(
        name=name,
        role=table.roles[table.index(name)],
        fits=sum(len(np.unique(test_fold_B)) for test_fold_B in test_fold_RB),
        # A mask without edges has nothing to train, and none of this is said of it.
        kept=_mean(shrinkage) if trained.any() else None,
        unused=_mean(shrinkage < UNUSED_BELOW) if trained.any() else None,
        epochs=_mean(epochs) if trained.any() else None,
        weakest_penalty=_mean(_recorded(numbers, "penalty_at_weakest") > 0) if trained.any() else None,
        additive_weakest_penalty=_mean(_recorded(numbers, "additive_penalty_at_weakest") > 0),
        curved=_mean(_recorded(numbers, "additive_curves") > 0),
        calibration_slope=_mean(slope),
        diverged=_diverged(name, table, test_fold_RB),
    )


def _recorded(numbers: Sequence[FitNumbers], key: str) -> npt.NDArray[np.float64]:
    """Return the values of those jobs that recorded `key`."""
    return np.array([float(job[key]) for job in numbers if key in job], dtype=np.float64)


def _mean(values: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None


def _diverged(name: str, table: LossTable, test_fold_RB: npt.NDArray[np.int64]) -> int:
    """Count the folds in which the model's loss is above the gene-free one by more than the whole gene-free loss.

    Shrinkage and calibration keep sound fits near the gene-free loss at worst; a fold this far above it was predicted
    by a fit that ran away, and a mean over folds would blame the hypothesis for it.
    """
    worse_RB = table.loss_MRB[table.index(name)] - table.gene_free_RB
    limit = abs(table.gene_free_loss)
    return sum(
        int(worse_B[test_fold_B == fold].mean() > limit)
        for worse_B, test_fold_B in zip(worse_RB, test_fold_RB, strict=True)
        for fold in np.unique(test_fold_B)
    )
