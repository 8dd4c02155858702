"""From stored predictions to per-sample losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.losses import LossTable, PartLosses
from hypomask.comparison.result import Role
from hypomask.comparison.scores import shown_scores
from hypomask.data.cohort import Phenotype
from hypomask.data.members import members_of
from hypomask.errors import RunError
from hypomask.execution.jobs import Job
from hypomask.execution.plan_config import PlanConfig
from hypomask.execution.predictions import PredictionStore, StoredPredictions

__all__ = ["ModelLosses", "loss_table", "mean_loss", "read_losses"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ModelLosses:
    """Out-of-fold losses of one model.

    Parameters
    ----------
    full_RB, additive_RB, gene_free_RB
        (R, B) losses of the model, of its additive part, and of covariates alone.
    eta_RBK
        (R, B, K) predictions of the model; in the phenotype's own unit when it is continuous.
    test_fold_RB
        (R, B) fold in which each sample was held out.
    replicates_MRB
        (M, R, B) losses of each training replicate alone. NaN where a fold has fewer of them, the model's own loss
        where the seeds changed nothing; M is 0 when they never did.
    parts_RBT, gene_free_parts_RBT
        (R, B, T) losses of the model, and of covariates alone, in each of several responses; T is 0 for a single one.
    """

    full_RB: FloatArray
    additive_RB: FloatArray
    gene_free_RB: FloatArray
    eta_RBK: FloatArray
    test_fold_RB: npt.NDArray[np.int64]
    replicates_MRB: FloatArray
    parts_RBT: FloatArray
    gene_free_parts_RBT: FloatArray


def read_losses(
    store: PredictionStore, model: str, phenotype: Phenotype, *, n_repeats: int, n_folds: int
) -> ModelLosses:
    """Read the predictions of the first `n_repeats` repeats of `model`, all of which must be done.

    Raises
    ------
    RunError
        When a file is missing or damaged, or the folds together do not hold every sample out once.
    """
    n_samples = len(phenotype.values)
    loss = {part: np.full((n_repeats, n_samples), np.nan) for part in ("full", "additive", "gene_free")}
    eta_RBK = np.full((n_repeats, n_samples, phenotype.target.n_predicted), np.nan)
    test_fold_RB = np.full((n_repeats, n_samples), -1, dtype=np.int64)
    n_parts = len(phenotype.part_names)
    parts_RBT, gene_free_parts_RBT = (np.full((n_repeats, n_samples, n_parts), np.nan) for _ in range(2))
    by_seed: list[tuple[int, npt.NDArray[np.int64], FloatArray]] = []
    for repeat in range(n_repeats):
        for fold in range(n_folds):
            predicted = store.read(Job(model, repeat, fold))
            held_out = predicted.test_index
            y = phenotype.values[held_out]
            if phenotype.target.is_scaled_by_fold:
                y = (y - predicted.y_center) / predicted.y_scale
            for part, loss_RB in loss.items():
                loss_RB[repeat, held_out] = phenotype.target.losses(getattr(predicted, f"eta_{part}"), y)
            by_seed.append(
                (
                    repeat,
                    held_out,
                    np.array([phenotype.target.losses(eta_BK, y) for eta_BK in predicted.eta_replicates_MBK]),
                )
            )
            parts_RBT[repeat, held_out] = phenotype.target.losses_of_parts(predicted.eta_full, y)
            gene_free_parts_RBT[repeat, held_out] = phenotype.target.losses_of_parts(predicted.eta_gene_free, y)
            test_fold_RB[repeat, held_out] = fold
            eta_RBK[repeat, held_out] = _in_unit_of_phenotype(predicted, phenotype)
    if any(np.isnan(loss_RB).any() for loss_RB in loss.values()):
        raise RunError(
            f"{store.folder}: the predictions of {model} do not cover every sample. Start again with --fresh"
        )
    return ModelLosses(
        loss["full"],
        loss["additive"],
        loss["gene_free"],
        eta_RBK,
        test_fold_RB,
        _replicates(by_seed, loss["full"]),
        parts_RBT,
        gene_free_parts_RBT,
    )


def _replicates(by_seed: Sequence[tuple[int, npt.NDArray[np.int64], FloatArray]], full_RB: FloatArray) -> FloatArray:
    """Return (M, R, B) from (repeat, held-out samples, losses of each replicate) of every job."""
    n_replicates = max(len(loss_MB) for _, _, loss_MB in by_seed)
    replicates_MRB = np.full((n_replicates, *full_RB.shape), np.nan)
    for repeat, held_out, loss_MB in by_seed:
        if len(loss_MB):
            replicates_MRB[: len(loss_MB), repeat, held_out] = loss_MB
        else:
            replicates_MRB[:, repeat, held_out] = full_RB[repeat, held_out]
    return replicates_MRB


def loss_table(
    losses: Mapping[str, ModelLosses],
    roles: Mapping[str, Role],
    phenotype: Phenotype,
    groups: npt.NDArray[np.str_] | None,
    plan: PlanConfig,
) -> LossTable:
    """Return the table of losses that a comparison starts from; `losses` and `roles` by the name a reader sees."""
    names = tuple(losses)
    return LossTable(
        names=names,
        roles=tuple(roles[name] for name in names),
        loss_MRB=np.stack([losses[name].full_RB for name in names]),
        gene_free_RB=losses[names[0]].gene_free_RB,  # no mask takes part in it: it is the same for every model
        additive_MRB=np.stack([losses[name].additive_RB for name in names]),
        groups=groups,
        n_folds=plan.folds,
        kind=phenotype.kind,
        event_counts=_members(phenotype, groups),
        scores={
            name: shown_scores(of_model.eta_RBK, phenotype.values, phenotype.target, of_model.test_fold_RB)
            for name, of_model in losses.items()
        },
        parts={
            part: PartLosses(
                losses[names[0]].gene_free_parts_RBT[:, :, t], {name: losses[name].parts_RBT[:, :, t] for name in names}
            )
            for t, part in enumerate(phenotype.part_names)
        },
    )


def mean_loss(store: PredictionStore, model: str, phenotype: Phenotype, plan: PlanConfig) -> float:
    """Return the mean loss of a model over the repeats that null masks are scored with."""
    losses = read_losses(store, model, phenotype, n_repeats=plan.null_repeats, n_folds=plan.folds)
    return float(losses.full_RB.mean())


def _in_unit_of_phenotype(predicted: StoredPredictions, phenotype: Phenotype) -> FloatArray:
    if not phenotype.target.is_scaled_by_fold:
        return predicted.eta_full
    return predicted.eta_full * predicted.y_scale + predicted.y_center


def _members(phenotype: Phenotype, groups: npt.NDArray[np.str_] | None) -> dict[str, int]:
    """Return how many independent units are in each class or have the event: samples, or groups with such a sample."""
    units = np.arange(len(phenotype.values)) if groups is None else groups
    return {name: len(np.unique(units[mask])) for name, mask in members_of(phenotype).items()}
