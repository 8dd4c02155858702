"""One job of a study: one mask, with one fold of one repeat held out."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort
from hypomask.data.seeds import derive_seed
from hypomask.data.splits import Folds
from hypomask.data.standardize import FoldData, prepare_fold
from hypomask.masks.mask import Mask
from hypomask.model.config import ModelConfig
from hypomask.training.additive import AdditiveModel, fit_additive
from hypomask.training.config import TrainingConfig
from hypomask.training.fit import fit_model

__all__ = ["FoldFit", "fit_fold"]

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoldFit:
    """Out-of-fold predictions of one job, on the link scale: logit, class scores, or standardised phenotype.

    Parameters
    ----------
    test_index
        (B_test,) positions of the held-out samples.
    eta_full, eta_additive, eta_gene_free
        (B_test, K): of the whole model, of its additive part, and of covariates alone.
    y_center, y_scale
        Continuous phenotypes: phenotype = y_center + y_scale * eta.
    numbers
        How the fit went.
    """

    test_index: npt.NDArray[np.int64]
    eta_full: Float
    eta_additive: Float
    eta_gene_free: Float
    y_center: float
    y_scale: float
    numbers: dict[str, float | int | str]


def fit_fold(
    cohort: Cohort,
    mask: Mask,
    folds: Folds,
    repeat: int,
    fold: int,
    *,
    model: ModelConfig,
    training: TrainingConfig,
    study_seed: int,
    device: str = "cpu",
    additive_cache: MutableMapping[Any, Any] | None = None,
) -> FoldFit:
    """Train under `mask` on all samples but those of `fold`, and predict those.

    Parameters
    ----------
    additive_cache
        Holds what masks share on this fold: standardised data, the covariate model, the additive part of each set of
        genes. The numbers are the same with and without it.
    """
    cache = {} if additive_cache is None else additive_cache
    train, test = folds.split(repeat, fold)
    phenotype = cohort.phenotype
    seed = derive_seed("fold", study_seed, repeat, fold)
    if ("data", repeat, fold) not in cache:
        cache["data", repeat, fold] = prepare_fold(cohort, train, test)
    data: FoldData = cache["data", repeat, fold]

    def additive(genes: tuple[str, ...] | None) -> AdditiveModel:
        key = ("additive", repeat, fold, genes)
        if key not in cache:
            cache[key] = fit_additive(
                None if genes is None else data.x_train_BGC[:, positions],
                data.z_train_BP,
                data.y_train,
                kind=phenotype.kind,
                n_outputs=phenotype.n_outputs,
                blocks=folds.blocks[train],
                seed=seed,
                curves=training.own_gene_curves == "auto",
            )
        fitted: AdditiveModel = cache[key]
        return fitted

    positions = cohort.gene_index(mask.genes)
    gene_free, with_genes = additive(None), additive(mask.genes)
    x_test = data.x_test_BGC[:, positions]
    fitted = fit_model(
        data.x_train_BGC[:, positions],
        data.y_train,
        with_genes,
        mask,
        kind=phenotype.kind,
        n_outputs=phenotype.n_outputs,
        blocks=folds.blocks[train],
        seed=seed,
        model=model,
        training=training,
        device=device,
    )
    eta_additive = with_genes.predict(x_test, data.z_test_BP)
    return FoldFit(
        test_index=test,
        eta_full=eta_additive + fitted.added(x_test),
        eta_additive=eta_additive,
        eta_gene_free=gene_free.predict(None, data.z_test_BP),
        y_center=data.y_center,
        y_scale=data.y_scale,
        numbers={
            **fitted.numbers,
            "additive_penalty": with_genes.penalty,
            "additive_curves": int(with_genes.curves is not None),
            "calibration_slope": with_genes.calibration.slope,
        },
    )
