"""Fit and predict the measurements themselves: every gene, hidden, from what the mask lets its token hear.

The same recipe as for a phenotype: a part without interaction first (a hidden gene has no value of its own, so that is
covariates alone), a closed-form readout on the initial final tokens, fine-tuning with early stopping, and shrinkage,
here gene by gene, on samples left out.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.data.cohort import Cohort
from hypomask.data.scaling import fit_scaling
from hypomask.data.seeds import derive_seed
from hypomask.data.splits import Folds, inner_folds
from hypomask.masks.mask import Mask
from hypomask.model.attention import LayerLayout, build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.hidden_values import HiddenValueTransformer, sets_to_hide
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.family import Float
from hypomask.training.additive import AdditiveModel, fit_additive
from hypomask.training.config import TrainingConfig
from hypomask.training.epochs import run_epochs
from hypomask.training.fold_model import TARGET_CHANNEL, HiddenGenesModel, without_training
from hypomask.training.shrinkage import choose_shrinkage

__all__ = ["fit_hidden_genes"]

# Of the ridge on a gene's final token, relative to samples x the token's variance; from almost nothing to almost free.
PENALTIES: Float = np.logspace(1.0, -6.0, 15)

SAMPLES_AT_ONCE = 1024


def fit_hidden_genes(
    cohort: Cohort,
    mask: Mask,
    folds: Folds,
    train: npt.NDArray[np.int64],
    *,
    model: ModelConfig,
    training: TrainingConfig,
    seed: int,
    device: str = "cpu",
) -> tuple[HiddenGenesModel, dict[str, float | int | str]]:
    """Fit on samples `train` a model of every gene while its own value, in all channels, is hidden.

    Returns the model, and how the fit went.

    Parameters
    ----------
    cohort
        Its genes must be the mask's, in the mask's order. The first channel is what is predicted.
    seed
        The same for every mask of a study on one fold.
    """
    z_BP = cohort.covariates.to_numpy(dtype=np.float64, na_value=np.nan)
    scaling = fit_scaling(cohort.values_BGC[train], z_BP[train])
    x_train = scaling.genes(cohort.values_BGC[train])
    y_train = np.where(np.isnan(cohort.values_BGC[train, :, TARGET_CHANNEL]), np.nan, x_train[:, :, TARGET_CHANNEL])
    blocks = folds.blocks[train]
    by_covariates, known_train = _by_covariates(
        scaling.covariates(z_BP[train]), y_train.astype(np.float64), blocks, seed
    )
    fitter = _Fitter(x_train, y_train - known_train, mask, model, training, seed, torch.device(device))
    networks: tuple[HiddenValueTransformer, ...] = ()
    shrinkage_G = np.zeros(mask.n_genes)
    numbers: dict[str, float | int | str] = {"epochs": 0, "trainings": 0, "shrinkage": 0.0}
    if mask.n_edges or mask.prior.kind != "hard":
        inner_seed = derive_seed("stopping", seed)
        parts = inner_folds(np.zeros(len(train)), Continuous(), blocks, training.inner_folds, inner_seed)
        networks, shrinkage_G, numbers = fitter.fit(parts)
    fitted = HiddenGenesModel(mask, model, scaling, by_covariates, networks, shrinkage_G, fitter.layouts)
    return fitted, numbers


def _by_covariates(
    z_train: Float, y_BG: Float, blocks: npt.NDArray[np.int64], seed: int
) -> tuple[tuple[AdditiveModel | None, ...], Float]:
    """Return what covariates alone say of each gene: as models, and of training samples out of sample."""
    known_train = np.zeros(y_BG.shape)
    models: list[AdditiveModel | None] = [None] * y_BG.shape[1]
    if z_train.shape[1] == 0:
        return tuple(models), known_train
    for gene, y_B in enumerate(y_BG.T):
        seen = np.isfinite(y_B)
        if len(np.unique(blocks[seen])) < 2:
            continue
        fitted = fit_additive(None, z_train[seen], y_B[seen], family=Continuous(), blocks=blocks[seen], seed=seed)
        known_train[seen, gene] = fitted.eta_train[:, 0]
        models[gene] = without_training(fitted)
    return tuple(models), known_train


class _Fitter:
    """What the replicates of one fit share. Residuals are NaN where a gene was not measured."""

    def __init__(
        self,
        x_BGC: npt.NDArray[np.float32],
        residual_BG: Float,
        mask: Mask,
        model: ModelConfig,
        training: TrainingConfig,
        seed: int,
        device: torch.device,
    ) -> None:
        self.mask, self.config, self.training, self.seed, self.device = mask, model, training, seed, device
        self.residual_BG = residual_BG
        self.x_BGC = torch.from_numpy(np.ascontiguousarray(x_BGC)).to(device)
        self.layouts: tuple[LayerLayout, ...] = build_layout(
            mask,
            n_layers=model.n_layers,
            n_heads=model.heads,
            back_end=model.attention,
            device=device,
            dtype=torch.float32,
        )
        self.sets = tuple(torch.from_numpy(genes).to(device) for genes in sets_to_hide(mask, model.n_layers))

    def fit(
        self, parts: npt.NDArray[np.int8]
    ) -> tuple[tuple[HiddenValueTransformer, ...], Float, dict[str, float | int | str]]:
        """Return the replicates, how much of them is kept of each gene (G,), and how it went."""
        replicates = range(min(self.training.replicates, int(parts.max()) + 1))
        everything = np.arange(len(parts))
        models = [self._new_model(i) for i in replicates]
        features = [self._features(model, self.x_BGC) for model in models]
        splits = [(np.flatnonzero(parts != i), np.flatnonzero(parts == i)) for i in replicates]
        penalty_G = self._choose_penalties(features, splits)
        held_out_BG, held_out_rows, epochs = [], [], []
        for i, (inside, outside) in zip(replicates, splits, strict=True):
            tuned = copy.deepcopy(models[i])
            self._set_readout(tuned, features[i], inside, penalty_G)
            epochs.append(self._tune(tuned, i, inside, outside, self.training.epochs))
            held_out_BG.append(self._predict(tuned, self.x_BGC[torch.from_numpy(outside).to(self.device)]))
            held_out_rows.append(outside)
        shrinkage_G = self._shrinkage(np.concatenate(held_out_BG), np.concatenate(held_out_rows))
        for i, model in enumerate(models):
            self._set_readout(model, features[i], everything, penalty_G)
            if epochs[i]:
                self._tune(model, i, everything, None, epochs[i])
            model.eval()
        return (
            tuple(models),
            shrinkage_G,
            {
                "shrinkage": float(shrinkage_G.mean()),
                "penalty": float(np.exp(np.log(PENALTIES[penalty_G]).mean())),
                "epochs": float(np.mean(epochs)),
                "hidden_at_once": len(self.sets),
                "trainings": 2 * len(models),
                "attention": self.layouts[0].back_end,
            },
        )

    def _new_model(self, replicate: int) -> HiddenValueTransformer:
        generator = torch.Generator().manual_seed(derive_seed("initial values", self.seed, replicate))
        return HiddenValueTransformer(
            self.mask.n_genes, len(self.mask.group_tokens), self.x_BGC.shape[2], self.config, generator
        ).to(self.device)

    @torch.no_grad()
    def _features(self, model: HiddenValueTransformer, x_BGC: Tensor) -> Float:
        parts = [model.hidden_tokens(part, self.layouts, self.sets) for part in torch.split(x_BGC, SAMPLES_AT_ONCE)]
        return torch.cat(parts).cpu().numpy().astype(np.float64)

    def _choose_penalties(
        self, features: Sequence[Float], splits: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
    ) -> npt.NDArray[np.int64]:
        """Return (G,) positions of the penalties with the least squared error over all left-out parts."""
        error_PG = np.zeros((len(PENALTIES), self.mask.n_genes))
        for feature_BGF, (inside, outside) in zip(features, splits, strict=True):
            for p, (weights_GF, level_G) in enumerate(self._ridge(feature_BGF, inside)):
                predicted_BG = np.einsum("bgf,gf->bg", feature_BGF[outside], weights_GF) + level_G
                error_PG[p] += np.nansum((self.residual_BG[outside] - predicted_BG) ** 2, axis=0)
        return np.asarray(error_PG.argmin(axis=0), dtype=np.int64)

    def _ridge(self, feature_BGF: Float, rows: npt.NDArray[np.int64]) -> list[tuple[Float, Float]]:
        """Return weights (G, F) and levels (G,) of the readout of every gene, for every penalty."""
        seen_BG = np.isfinite(self.residual_BG[rows])
        n_G = np.maximum(seen_BG.sum(axis=0), 1)
        y_BG = np.where(seen_BG, self.residual_BG[rows], 0.0)
        x_BGF = feature_BGF[rows] * seen_BG[:, :, None]
        mean_GF, level_G = x_BGF.sum(axis=0) / n_G[:, None], y_BG.sum(axis=0) / n_G
        gram_GFF = np.einsum("bge,bgf->gef", x_BGF, x_BGF, optimize=True)
        gram_GFF -= n_G[:, None, None] * mean_GF[:, :, None] * mean_GF[:, None, :]
        inner_GF = np.einsum("bgf,bg->gf", x_BGF, y_BG, optimize=True) - n_G[:, None] * mean_GF * level_G[:, None]
        squared_GF, basis_GFF = np.linalg.eigh(gram_GFF)
        squared_GF = np.maximum(squared_GF, 0.0)
        rotated_GF = np.einsum("gef,ge->gf", basis_GFF, inner_GF)
        total_G = np.maximum(squared_GF.sum(axis=1), 1e-12)
        solutions = []
        for penalty in PENALTIES:
            shrunk_GF = rotated_GF / (squared_GF + penalty * total_G[:, None])
            weights_GF = np.einsum("gef,gf->ge", basis_GFF, shrunk_GF)
            solutions.append((weights_GF, level_G - (mean_GF * weights_GF).sum(axis=1)))
        return solutions

    @torch.no_grad()
    def _set_readout(
        self,
        model: HiddenValueTransformer,
        feature_BGF: Float,
        rows: npt.NDArray[np.int64],
        penalty_G: npt.NDArray[np.int64],
    ) -> None:
        solutions = self._ridge(feature_BGF, rows)
        genes = range(self.mask.n_genes)
        weights_GF = np.stack([solutions[penalty_G[gene]][0][gene] for gene in genes])
        level_G = np.array([solutions[penalty_G[gene]][1][gene] for gene in genes])
        model.readout_GFK.copy_(torch.from_numpy(weights_GF[:, :, None]))
        model.intercept_K.copy_(torch.from_numpy(level_G))

    def _tune(
        self,
        model: HiddenValueTransformer,
        replicate: int,
        inside: npt.NDArray[np.int64],
        outside: npt.NDArray[np.int64] | None,
        epochs: int,
    ) -> int:
        """Train in place; return the best epoch on `outside` (the last one where that is None), 0 for the start."""
        inside_B = torch.from_numpy(inside).to(self.device)
        residual_BG = torch.from_numpy(self.residual_BG).to(self.x_BGC)
        seen_BG = residual_BG.isfinite()
        residual_BG = residual_BG.nan_to_num()

        def batch_loss(positions: Tensor, dropout: torch.Generator) -> Tensor:
            rows = inside_B[positions]
            predicted_BG = model.predict_hidden(self.x_BGC[rows], self.layouts, self.sets, dropout)
            # not nanmean: a gene that was not measured would have a gradient of 0 * NaN
            error_BG = (residual_BG[rows] - predicted_BG) * seen_BG[rows]
            return error_BG.square().sum() / seen_BG[rows].sum().clamp(min=1)

        stop_on = None if outside is None else lambda: self._error(model, outside)
        generator = torch.Generator().manual_seed(derive_seed("batches", self.seed, replicate))
        tuned = run_epochs(model, len(inside), batch_loss, stop_on, self.training, generator, epochs)
        model.eval()
        return tuned.best_epoch if outside is not None else tuned.epochs_run

    def _error(self, model: HiddenValueTransformer, rows: npt.NDArray[np.int64]) -> float:
        predicted_BG = self._predict(model, self.x_BGC[torch.from_numpy(rows).to(self.device)])
        return float(np.nanmean((self.residual_BG[rows] - predicted_BG) ** 2))

    @torch.no_grad()
    def _predict(self, model: HiddenValueTransformer, x_BGC: Tensor) -> Float:
        model.eval()
        parts = [model.predict_hidden(part, self.layouts, self.sets) for part in torch.split(x_BGC, SAMPLES_AT_ONCE)]
        return torch.cat(parts).cpu().numpy().astype(np.float64)

    def _shrinkage(self, added_BG: Float, rows: npt.NDArray[np.int64]) -> Float:
        """Return (G,): how much of what was learned of each gene is kept."""
        kept = []
        for added_B, residual_B in zip(added_BG.T, self.residual_BG[rows].T, strict=True):
            seen = np.isfinite(residual_B)
            offset = np.zeros((int(seen.sum()), 1))
            kept.append(choose_shrinkage(offset, added_B[seen, None], residual_B[seen], Continuous()))
        return np.array(kept)
