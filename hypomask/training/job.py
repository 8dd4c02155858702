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
from hypomask.outcomes.family import Float
from hypomask.training.additive import AdditiveModel, fit_additive
from hypomask.training.config import TrainingConfig
from hypomask.training.fit import fit_model
from hypomask.training.penalised import PENALTIES

__all__ = ["FoldFit", "fit_fold"]


@dataclass(frozen=True, eq=False)
class FoldFit:
    """Out-of-fold predictions of one job, on the link scale of the phenotype's family (`hypomask.outcomes`).

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
    eta_replicates_MBK
        (M, B_test, K): of each training replicate (seed) alone; M is 0 when the mask adds nothing, whatever the seed.
    """

    test_index: npt.NDArray[np.int64]
    eta_full: Float
    eta_additive: Float
    eta_gene_free: Float
    y_center: float
    y_scale: float
    numbers: dict[str, float | int | str]
    eta_replicates_MBK: Float


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
    family = cohort.phenotype.family
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
                family=family,
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
        family=family,
        blocks=folds.blocks[train],
        seed=seed,
        model=model,
        training=training,
        device=device,
    )

    def predicted(eta_BK: Float, base: AdditiveModel) -> Float:
        return family.predicted(eta_BK, data.y_train, base.eta_train)

    eta_additive = with_genes.predict(x_test, data.z_test_BP)
    added_MBK = fitted.added_by_replicate(x_test)
    eta_full = eta_additive + added_MBK.mean(axis=0) if len(added_MBK) else eta_additive
    replicates = [predicted(eta_additive + added_BK, with_genes) for added_BK in added_MBK]
    return FoldFit(
        test_index=test,
        eta_full=predicted(eta_full, with_genes),
        eta_additive=predicted(eta_additive, with_genes),
        eta_gene_free=predicted(gene_free.predict(None, data.z_test_BP), gene_free),
        eta_replicates_MBK=np.stack(replicates) if replicates else np.zeros((0, len(test), family.n_predicted)),
        y_center=data.y_center,
        y_scale=data.y_scale,
        numbers={
            **fitted.numbers,
            "additive_penalty": with_genes.penalty,
            "additive_curves": int(with_genes.curves is not None),
            "additive_penalty_at_weakest": int(with_genes.penalty <= PENALTIES[-1]),
            "calibration_slope": with_genes.calibration.slope,
        },
    )
