"""One job of a study: one mask, with one fold of one repeat held out."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort
from hypomask.data.seeds import derive_seed
from hypomask.data.splits import Folds
from hypomask.data.standardize import FoldData, prepare_fold
from hypomask.data.streamed_rows import StreamedRows
from hypomask.masks.mask import Mask
from hypomask.model.config import ModelConfig
from hypomask.outcomes.family import Float
from hypomask.training.additive import AdditiveModel, fit_additive
from hypomask.training.config import TrainingConfig
from hypomask.training.fit import fitting, smoothers_of
from hypomask.training.fold_model import (
    FoldModel,
    JobModel,
    Predicted,
    SeveralModels,
    baseline_of,
    without_training,
)
from hypomask.training.masked_genes import fit_hidden_genes
from hypomask.training.penalised import PENALTIES
from hypomask.training.stacked import tune_stacked
from hypomask.training.streamed_additive import fit_streamed_additive
from hypomask.training.tuning import Steps, alone, together

__all__ = ["FoldFit", "fit_fold", "fit_folds"]


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
    model
        What predicted them, for samples that are edited later.
    """

    test_index: npt.NDArray[np.int64]
    eta_full: Float
    eta_additive: Float
    eta_gene_free: Float
    y_center: float
    y_scale: float
    numbers: dict[str, float | int | str]
    eta_replicates_MBK: Float
    model: JobModel


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
    return alone(_fitting(cohort, mask, folds, repeat, fold, _Recipe(model, training, study_seed, device), cache))


def fit_folds(
    cohort: Cohort,
    masks: Sequence[Mask],
    folds: Folds,
    splits: Sequence[tuple[int, int]],
    *,
    model: ModelConfig,
    training: TrainingConfig,
    study_seed: int,
    device: str = "cpu",
    additive_cache: MutableMapping[Any, Any] | None = None,
) -> list[FoldFit | Exception]:
    """Fit many jobs side by side, networks in stacks (`hypomask.training.stacked`): for a GPU.

    Returns for each job what `fit_fold` returns, within rounding, or what it raised. Hidden genes are fitted one job
    after the other, for their networks are not stacked yet.

    Parameters
    ----------
    masks, splits
        Of each job: its mask, and its repeat and fold.
    """
    cache = {} if additive_cache is None else additive_cache
    recipe = _Recipe(model, training, study_seed, device)
    fits = [
        partial(_fitting, cohort, mask, folds, repeat, fold, recipe, cache)
        for mask, (repeat, fold) in zip(masks, splits, strict=True)
    ]
    return together(fits, tune_stacked)


def _fitting(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, recipe: _Recipe, cache: MutableMapping[Any, Any]
) -> Steps[FoldFit]:
    if cohort.phenotype.kind == "masked-genes":
        return _fit_masked_genes(cohort, mask, folds, repeat, fold, recipe)
    fit_kind = _fit_several if cohort.phenotype.kind == "several" else _fit_phenotype
    return fit_kind(cohort, mask, folds, repeat, fold, recipe, cache)


@dataclass(frozen=True)
class _Recipe:
    """What is the same for every mask of a study."""

    model: ModelConfig
    training: TrainingConfig
    study_seed: int
    device: str


def _fit_masked_genes(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, recipe: _Recipe
) -> Steps[FoldFit]:
    yield from ()  # asks for nothing: its networks are tuned here
    train, test = folds.split(repeat, fold)
    cohort = cohort if cohort.genes == mask.genes else cohort.with_genes(mask.genes)
    fitted, numbers = fit_hidden_genes(
        cohort,
        mask,
        folds,
        train,
        model=recipe.model,
        training=recipe.training,
        seed=derive_seed("fold", recipe.study_seed, repeat, fold),
        device=recipe.device,
    )
    z_BP = cohort.covariates.to_numpy(dtype=np.float64, na_value=np.nan)
    # A hidden gene has no value of its own: what is additive is what covariates say.
    return _fold_fit(test, fitted.predict(cohort.values_BGC[test], z_BP[test]), numbers, fitted)


def _fit_several(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, recipe: _Recipe, cache: MutableMapping[Any, Any]
) -> Steps[FoldFit]:
    """Fit every phenotype by itself on the same fold; predictions of measurements are put in their own unit."""
    parts = []
    for t, phenotype in enumerate(cohort.phenotype.parts):
        of_part, part_cache = replace(cohort, phenotype=phenotype), cache.setdefault(("part", t), {})
        parts.append((yield from _fit_phenotype(of_part, mask, folds, repeat, fold, recipe, part_cache)))
    models = SeveralModels(tuple(part.model for part in parts if isinstance(part.model, FoldModel)))
    predicted = models.joined(
        [Predicted(part.eta_full, part.eta_additive, part.eta_gene_free, part.eta_replicates_MBK) for part in parts]
    )
    return _fold_fit(parts[0].test_index, predicted, _mean_numbers([part.numbers for part in parts]), models)


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
) -> Steps[FoldFit]:
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
            settings: dict[str, Any] = {
                "family": family,
                "blocks": folds.blocks[train],
                "seed": seed,
                "curves": training.own_gene_curves == "auto",
                "device": device,
            }
            x_BGC = None if genes is None else x_train_BGC
            if isinstance(x_BGC, StreamedRows):
                cache[key] = fit_streamed_additive(x_BGC, data.z_train_BP, data.y_train, **settings)
            else:
                cache[key] = fit_additive(x_BGC, data.z_train_BP, data.y_train, **settings)
        fitted: AdditiveModel = cache[key]
        return fitted

    positions = cohort.gene_index(mask.genes)
    x_train_BGC = data.train_genes(positions)
    gene_free, with_genes = additive(None), additive(mask.genes)
    blocks = folds.blocks[train]
    # Of one set of genes alone: they can be as large as a table of samples by samples.
    if cache.get(("smoothed genes", repeat, fold)) != mask.genes:
        cache["smoothed genes", repeat, fold] = mask.genes
        cache["smoothers", repeat, fold] = smoothers_of(
            with_genes,
            x_train_BGC,
            data.z_train_BP,
            data.y_train,
            family=family,
            blocks=blocks,
            seed=seed,
            device=device,
        )
    fitted = yield from fitting(
        x_train_BGC,
        data.y_train,
        with_genes,
        mask,
        family=family,
        blocks=blocks,
        seed=seed,
        smoothers=cache["smoothers", repeat, fold],
        model=model,
        training=training,
        device=device,
    )
    fold_model = FoldModel(
        phenotype=cohort.phenotype.name,
        mask=mask,
        model=model,
        scaling=data.scaling.of_genes(positions),
        fitted=replace(fitted, additive=without_training(with_genes)),
        gene_free=without_training(gene_free),
        baseline_P=baseline_of(family, data.y_train, with_genes.eta_train),
        gene_free_baseline_P=baseline_of(family, data.y_train, gene_free.eta_train),
        y_center=data.y_center,
        y_scale=data.y_scale,
    )
    numbers = {
        **fitted.numbers,
        "additive_penalty": with_genes.penalty,
        "additive_curves": int(with_genes.curves is not None),
        "additive_penalty_at_weakest": int(with_genes.penalty <= PENALTIES[-1]),
        "calibration_slope": with_genes.calibration.slope,
    }
    predicted = fold_model.predict_standardised(data.test_genes(positions), data.z_test_BP)
    return _fold_fit(test, predicted, numbers, fold_model)


def _fold_fit(
    test: npt.NDArray[np.int64], predicted: Predicted, numbers: dict[str, float | int | str], model: JobModel
) -> FoldFit:
    center, scale = (model.y_center, model.y_scale) if isinstance(model, FoldModel) else (0.0, 1.0)
    return FoldFit(
        test_index=test,
        eta_full=predicted.full,
        eta_additive=predicted.additive,
        eta_gene_free=predicted.gene_free,
        y_center=center,
        y_scale=scale,
        numbers=numbers,
        eta_replicates_MBK=predicted.replicates_MBP,
        model=model,
    )
