"""Fit one model: additive part, closed-form start, fine-tuning, shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from hypomask.data.seeds import derive_seed
from hypomask.data.splits import inner_folds
from hypomask.masks.mask import Mask
from hypomask.model.attention import LayerLayout, build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.losses import response_tensor
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.family import Family, Float
from hypomask.training.additive import AdditiveModel
from hypomask.training.closed_form import (
    READOUT_PENALTIES,
    TokenFeatures,
    affordable_rows,
    readout_path,
    set_readout,
    token_features,
)
from hypomask.training.config import TrainingConfig
from hypomask.training.fine_tuning import Samples, predict
from hypomask.training.penalised import RidgePath
from hypomask.training.shrinkage import choose_shrinkage
from hypomask.training.tuning import Steps, Tuning, alone

__all__ = ["FittedModel", "fit_model", "fitting"]


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted hypothesis on one training set.

    Parameters
    ----------
    replicates
        Transformers whose predictions are averaged.
    shrinkage
        Factor in [0, 1] on what they add to the additive part; 0: the mask added nothing.
    numbers
        How the fit went: penalty, epochs, losses, disagreement of replicates.
    baseline_shift_K
        What they change in a prediction at a linear predictor of 0: of survival, the baseline hazard. 0 otherwise.
    """

    additive: AdditiveModel
    replicates: tuple[MaskedGeneTransformer, ...]
    layouts: tuple[LayerLayout, ...]
    shrinkage: float
    numbers: dict[str, float | int | str]
    baseline_shift_K: Float

    def added_by_replicate(self, x_BGC: npt.NDArray[np.float32]) -> Float:
        """Return (M, B, K): what each replicate adds to the linear predictor, shrunk; M is 0 when nothing is added."""
        n_outputs = self.additive.intercept.shape[0]
        if self.shrinkage == 0 or not self.replicates:
            return np.zeros((0, len(x_BGC), n_outputs))
        x = torch.from_numpy(np.ascontiguousarray(x_BGC)).to(self.replicates[0].readout_GFK)  # device and dtype
        predictions = [predict(model, x, self.layouts).cpu().numpy().astype(np.float64) for model in self.replicates]
        return np.asarray(self.shrinkage * np.stack(predictions))

    def added(self, x_BGC: npt.NDArray[np.float32]) -> Float:
        """Return (B, K): what the mask adds to the linear predictor, shrunk: the mean of its replicates."""
        added_MBK = self.added_by_replicate(x_BGC)
        return np.asarray(added_MBK.mean(axis=0)) if len(added_MBK) else np.zeros(added_MBK.shape[1:])

    def predict(self, x_BGC: npt.NDArray[np.float32], z_BP: Float) -> Float:
        """Return (B, K) linear predictors of standardised measurements and covariates."""
        return self.additive.predict(x_BGC, z_BP) + self.added(x_BGC)


def fit_model(
    x_BGC: npt.NDArray[np.float32],
    y: Float,
    additive: AdditiveModel,
    mask: Mask,
    *,
    family: Family,
    blocks: npt.NDArray[np.int64],
    seed: int,
    model: ModelConfig,
    training: TrainingConfig,
    device: str = "cpu",
) -> FittedModel:
    """Fit what `mask` adds to `additive` on one training set.

    Every replicate trains on all inner parts but one, stops on that one, and is then trained again on all samples for
    the number of epochs that was found. The shrinkage factor comes from the parts that were left out.

    Parameters
    ----------
    x_BGC, y, blocks
        Standardised measurements (of the mask's genes, in its order), phenotype and blocks of the training samples.
    seed
        The same for every mask of a study on one fold: masks differ in nothing but the mask.
    """
    return alone(
        fitting(
            x_BGC,
            y,
            additive,
            mask,
            family=family,
            blocks=blocks,
            seed=seed,
            model=model,
            training=training,
            device=device,
        )
    )


def fitting(
    x_BGC: npt.NDArray[np.float32],
    y: Float,
    additive: AdditiveModel,
    mask: Mask,
    *,
    family: Family,
    blocks: npt.NDArray[np.int64],
    seed: int,
    model: ModelConfig,
    training: TrainingConfig,
    device: str,
) -> Steps[FittedModel]:
    """Return the steps of `fit_model`; they ask for all replicates to be tuned, and again on all samples."""
    fitter = _Fitter(x_BGC, y, additive, mask, family, seed, model, training, torch.device(device))
    if mask.n_edges == 0 and mask.prior.kind == "hard":
        # Every token hears nothing, so the transformer adds exactly 0: there is nothing to train.
        numbers: dict[str, float | int | str] = {"epochs": 0, "trainings": 0, "shrinkage": 0.0}
        return FittedModel(additive, (), fitter.layouts, 0.0, numbers, np.zeros(family.n_predicted))
    parts = inner_folds(y, family, blocks, training.inner_folds, derive_seed("stopping", seed))
    return (yield from fitter.fit(parts))


class _Fitter:
    """What the replicates of one fit share."""

    def __init__(
        self,
        x_BGC: npt.NDArray[np.float32],
        y: Float,
        additive: AdditiveModel,
        mask: Mask,
        family: Family,
        seed: int,
        model: ModelConfig,
        training: TrainingConfig,
        device: torch.device,
    ) -> None:
        stage = family.network_stage(y, additive.eta_train)
        self.y, self.family, self.offset = stage.y, stage.family, stage.offset_BK
        self.response, self.response_family = y, family  # as they are before the additive part is known
        self.additive, self.mask = additive, mask
        self.seed, self.model_config, self.training = seed, model, training
        self.layouts: tuple[LayerLayout, ...] = build_layout(
            mask,
            n_layers=model.n_layers,
            n_heads=model.heads,
            back_end=model.attention,
            device=device,
            dtype=torch.float32,
        )
        self.n_channels = x_BGC.shape[2]
        self.samples = Samples(
            torch.from_numpy(np.ascontiguousarray(x_BGC)).to(device),
            torch.from_numpy(self.offset).to(device=device, dtype=torch.float32),
            response_tensor(torch.from_numpy(self.y).to(device), self.family, torch.float32),
        )
        self.device = device

    def fit(self, parts: npt.NDArray[np.int8]) -> Steps[FittedModel]:
        replicates = range(min(self.training.replicates, int(parts.max()) + 1))
        models = [self._new_model(i) for i in replicates]
        initial_values = [parameters_to_vector(model.parameters()).detach() for model in models]
        x_BGC = self.samples.x_BGC
        start = affordable_rows(models[0], x_BGC, self.layouts, derive_seed("closed form", self.seed))
        x_start_BGC = x_BGC if len(start) == len(x_BGC) else x_BGC[torch.from_numpy(start).to(self.device)]
        features = [token_features(model, x_start_BGC, self.layouts) for model in models]
        paths = [self._readouts(features[i], start, parts[start] != i) for i in replicates]
        penalty = self._choose_penalty(features, paths, start, parts[start])
        for i, model in enumerate(models):
            set_readout(model, features[i], paths[i], penalty)
        outside = [np.flatnonzero(parts == i) for i in replicates]
        tuned = yield [
            self._tuning(model, i, np.flatnonzero(parts != i), outside[i], self.training.epochs)
            for i, model in enumerate(models)
        ]
        rows = np.concatenate(outside)
        added = np.concatenate([self._predict(model, outside[i]) for i, model in enumerate(models)])
        shrinkage = choose_shrinkage(self.offset[rows], added, self.y[rows], self.family)
        everything = np.arange(len(self.y))
        if shrinkage == 0:
            models = []
        for i, model in enumerate(models):
            vector_to_parameters(initial_values[i], model.parameters())
            path = self._readouts(features[i], start, np.full(len(start), True), penalty + 1)
            set_readout(model, features[i], path, penalty)
        yield [self._tuning(model, i, everything, None, tuned[i].best_epoch) for i, model in enumerate(models)]
        for model in models:
            model.eval()
        return FittedModel(
            self.additive,
            tuple(models),
            self.layouts,
            shrinkage,
            {
                "shrinkage": shrinkage,
                "penalty": float(READOUT_PENALTIES[penalty]),
                "penalty_at_weakest": int(penalty == len(READOUT_PENALTIES) - 1),
                "started_from": len(start),
                "epochs": float(np.mean([how.best_epoch for how in tuned])),
                "epochs_run": sum(how.epochs_run for how in tuned),
                "start_loss": float(np.mean([how.start_loss for how in tuned])),
                "tuned_loss": float(np.mean([how.best_loss for how in tuned])),
                "additive_loss": float(self.family.losses(self.offset[rows], self.y[rows]).mean()),
                "trainings": len(tuned) + len(models),
                "inner_trainings": len(tuned),
                "attention": self.layouts[0].back_end,
                "tuning": tuned[0].how,
            },
            self._baseline_shift(rows, shrinkage * added),
        )

    def _baseline_shift(self, rows: npt.NDArray[np.int64], added_BK: Float) -> Float:
        """Return what a baseline hazard gains from knowing `added_BK` of samples that it was not trained on.

        With less left unexplained there is less frailty, and hazards that seemed to fall with time fall less. From the
        samples left out, because trained ones seem too well explained; as a difference on the same samples, because
        the baseline itself is better known from all of them. It keeps a tenth more of a strong interaction's gain.
        """
        zero, eta_BK, y = np.zeros((1, self.family.n_outputs)), self.additive.eta_train[rows], self.response[rows]
        with_added = self.response_family.predicted(zero, y, eta_BK + added_BK)
        return np.asarray((with_added - self.response_family.predicted(zero, y, eta_BK))[0])

    def _new_model(self, replicate: int) -> MaskedGeneTransformer:
        generator = torch.Generator().manual_seed(derive_seed("initial values", self.seed, replicate))
        return MaskedGeneTransformer(
            self.mask.n_genes,
            len(self.mask.group_tokens),
            self.n_channels,
            self.family.n_outputs,
            self.model_config,
            generator,
        ).to(self.device)

    def _readouts(
        self,
        features: TokenFeatures,
        start: npt.NDArray[np.int64],
        inside: npt.NDArray[np.bool_],
        n_penalties: int | None = None,
    ) -> RidgePath:
        """Fit the readout to those of the samples `start`, whose features these are, that are `inside`."""
        y, offset, penalties = self.y[start], self.offset[start], READOUT_PENALTIES[:n_penalties]
        return readout_path(features, np.flatnonzero(inside), y, offset, self.family, penalties)

    def _choose_penalty(
        self,
        features: Sequence[TokenFeatures],
        paths: Sequence[RidgePath],
        start: npt.NDArray[np.int64],
        parts: npt.NDArray[np.int8],
    ) -> int:
        """Return the position of the penalty with the least loss over all left-out parts."""
        losses = np.zeros(len(READOUT_PENALTIES))
        for i, (feature, path) in enumerate(zip(features, paths, strict=True)):
            outside = np.flatnonzero(parts == i)
            eta_PBK = path.predict(feature.at(outside), self.offset[start][outside])
            losses += [self.family.losses(eta_BK, self.y[start][outside]).sum() for eta_BK in eta_PBK]
        return int(np.argmin(losses))

    def _tuning(
        self,
        model: MaskedGeneTransformer,
        replicate: int,
        inside: npt.NDArray[np.int64],
        outside: npt.NDArray[np.int64] | None,
        epochs: int,
    ) -> Tuning:
        seed = derive_seed("batches", self.seed, replicate)
        return Tuning(
            model, self.layouts, self.samples, inside, outside, self.family, self.training, seed=seed, epochs=epochs
        )

    def _predict(self, model: MaskedGeneTransformer, rows: npt.NDArray[np.int64]) -> Float:
        x_BGC = self.samples.x_BGC[torch.from_numpy(rows).to(self.device)]
        return predict(model, x_BGC, self.layouts).cpu().numpy().astype(np.float64)
