"""One job of a study: one mask, with one fold of one repeat held out."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
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
from hypomask.training.masked_genes import fit_hidden_genes
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
    fit_kind = {"masked-genes": _fit_masked_genes, "several": _fit_several}.get(cohort.phenotype.kind, _fit_phenotype)
    return fit_kind(cohort, mask, folds, repeat, fold, _Recipe(model, training, study_seed, device), cache)


@dataclass(frozen=True)
class _Recipe:
    """What is the same for every mask of a study."""

    model: ModelConfig
    training: TrainingConfig
    study_seed: int
    device: str


def _fit_masked_genes(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, recipe: _Recipe, cache: MutableMapping[Any, Any]
) -> FoldFit:
    train, test = folds.split(repeat, fold)
    fitted = fit_hidden_genes(
        cohort if cohort.genes == mask.genes else cohort.with_genes(mask.genes),
        mask,
        folds,
        train,
        test,
        model=recipe.model,
        training=recipe.training,
        seed=derive_seed("fold", recipe.study_seed, repeat, fold),
        device=recipe.device,
    )
    # A hidden gene has no value of its own: what is additive is what covariates say.
    return FoldFit(
        test_index=test,
        eta_full=fitted.full_BG,
        eta_additive=fitted.gene_free_BG,
        eta_gene_free=fitted.gene_free_BG,
        eta_replicates_MBK=fitted.replicates_MBG,
        y_center=0.0,
        y_scale=1.0,
        numbers=fitted.numbers,
    )


def _fit_several(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, recipe: _Recipe, cache: MutableMapping[Any, Any]
) -> FoldFit:
    """Fit every phenotype by itself on the same fold; predictions of measurements are put in their own unit."""
    parts = [
        _fit_phenotype(
            replace(cohort, phenotype=part), mask, folds, repeat, fold, recipe, cache.setdefault(("part", t), {})
        )
        for t, part in enumerate(cohort.phenotype.parts)
    ]

    def joined(name: str) -> Float:
        return np.concatenate([getattr(part, name) * part.y_scale + part.y_center for part in parts], axis=-1)

    n_replicates = min(len(part.eta_replicates_MBK) for part in parts)
    return FoldFit(
        test_index=parts[0].test_index,
        eta_full=joined("eta_full"),
        eta_additive=joined("eta_additive"),
        eta_gene_free=joined("eta_gene_free"),
        eta_replicates_MBK=joined("eta_replicates_MBK") if n_replicates else np.zeros((0, *joined("eta_full").shape)),
        y_center=0.0,
        y_scale=1.0,
        numbers=_mean_numbers([part.numbers for part in parts]),
    )


def _mean_numbers(of_parts: Sequence[dict[str, float | int | str]]) -> dict[str, float | int | str]:
    """Return the mean of every number that all parts have, and the first part's texts."""
    shared = [name for name in of_parts[0] if all(name in numbers for numbers in of_parts)]
    values = {name: [numbers[name] for numbers in of_parts] for name in shared}
    return {
        name: of_parts[0][name] if any(isinstance(v, str) for v in found) else float(np.mean([float(v) for v in found]))
        for name, found in values.items()
    }


def _fit_phenotype(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, recipe: _Recipe, cache: MutableMapping[Any, Any]
) -> FoldFit:
    model, training, study_seed, device = recipe.model, recipe.training, recipe.study_seed, recipe.device
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
