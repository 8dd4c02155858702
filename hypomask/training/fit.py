"""Fit what a mask adds to an additive part: closed-form start, fine-tuning, shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from hypomask.data.seeds import derive_seed
from hypomask.data.splits import inner_folds
from hypomask.data.streamed_rows import Measurements
from hypomask.masks.mask import Mask
from hypomask.model.attention import LayerLayout, build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.losses import response_tensor
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.family import Family, Float
from hypomask.training.additive import AdditiveModel, additive_splits
from hypomask.training.closed_form import (
    READOUT_PENALTIES,
    TokenFeatures,
    affordable_rows,
    set_readout,
    token_features,
)
from hypomask.training.config import TrainingConfig
from hypomask.training.epochs import Tuned
from hypomask.training.fine_tuning import Samples, predict
from hypomask.training.fitted_model import FittedModel
from hypomask.training.partial_residuals import AdditiveShare, Smoothers
from hypomask.training.readouts import FittedReadout, Readout
from hypomask.training.shrinkage import choose_shrinkage
from hypomask.training.streamed_tensor import chosen, on_device
from hypomask.training.tuning import Steps, Tuning, alone

__all__ = ["fit_model", "fitting", "smoothers_of"]

# Of a sample in the share, relative to the mean: of one that is predicted with certainty nothing can be learned.
LEAST_WEIGHT = 1e-3


def fit_model(
    x_BGC: Measurements,
    z_BP: Float,
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
    x_BGC, z_BP, y, blocks
        Standardised measurements (of the mask's genes, in its order) and covariates, phenotype and blocks of the
        training samples: those that `additive` was fitted to, with the same seed.
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
            smoothers=smoothers_of(additive, x_BGC, z_BP, y, family=family, blocks=blocks, seed=seed, device=device),
        )
    )


def smoothers_of(
    additive: AdditiveModel,
    x_BGC: Measurements,
    z_BP: Float,
    y: Float,
    *,
    family: Family,
    blocks: npt.NDArray[np.int64],
    seed: int,
    device: str = "cpu",
) -> Smoothers:
    """Return what takes the share of `additive` off features, the same for every mask over its genes."""
    stage = family.network_stage(y, additive.eta_train)
    curvature_B = stage.family.curvature(stage.offset_BK, stage.y).mean(axis=1)
    # Its root: the curvature is that of the additive part, not of the whole model, and of times to an event it depends
    # on the time itself. Loss with the curvature, its root and no weights (300 samples, one product): counts 0.139,
    # 0.131, 0.149; survival 2.146, 2.131, 2.133; classes 0.795, 0.798, 0.801; binary 0.484, 0.483, 0.482.
    weight_B = np.sqrt(np.maximum(curvature_B, LEAST_WEIGHT * curvature_B.mean()))
    return Smoothers(additive, x_BGC, z_BP, weight_B, additive_splits(y, family, blocks, seed), device)


def fitting(
    x_BGC: Measurements,
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
    smoothers: Smoothers,
) -> Steps[FittedModel]:
    """Return the steps of `fit_model`; they ask for all replicates to be tuned, and again on all samples."""
    fitter = _Fitter(x_BGC, y, additive, mask, family, seed, model, training, torch.device(device), smoothers)
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
        x_BGC: Measurements,
        y: Float,
        additive: AdditiveModel,
        mask: Mask,
        family: Family,
        seed: int,
        model: ModelConfig,
        training: TrainingConfig,
        device: torch.device,
        smoothers: Smoothers,
    ) -> None:
        self.smoothers = smoothers
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
            on_device(x_BGC, device),
            torch.from_numpy(self.offset).to(device=device, dtype=torch.float32),
            response_tensor(torch.from_numpy(self.y).to(device), self.family, torch.float32),
        )
        self.device = device

    def fit(self, parts: npt.NDArray[np.int8]) -> Steps[FittedModel]:
        replicates = range(min(self.training.replicates, int(parts.max()) + 1))
        models = [self._new_model(i) for i in replicates]
        initial_values = [parameters_to_vector(model.parameters()).detach() for model in models]
        x_BGC = self.samples.x_BGC
        seed, held = derive_seed("closed form", self.seed), len(self.additive.coefficients)
        rows = affordable_rows(models[0], x_BGC, self.layouts, seed, held)
        x_start_BGC = x_BGC if len(rows) == len(x_BGC) else chosen(x_BGC, torch.from_numpy(rows).to(self.device))
        features = [token_features(model, x_start_BGC, self.layouts) for model in models]
        starts = [_Start(self, rows, features[i], parts[rows] != i) for i in replicates]
        yield from _fit_readouts(starts)
        penalty = self._choose_penalty(starts)
        taken = [start.begin(model, penalty) for start, model in zip(starts, models, strict=True)]
        outside = [np.flatnonzero(parts == i) for i in replicates]
        tuned: Sequence[Tuned] = yield [
            self._tuning(model, i, np.flatnonzero(parts != i), outside[i], self.training.epochs, taken[i])
            for i, model in enumerate(models)
        ]
        for i, how in enumerate(tuned):
            if how.best_epoch > 0:
                taken[i] = starts[i].taken(models[i])
        left_out = np.concatenate(outside)
        added = np.concatenate([self.said(m, out) - t[out] for m, out, t in zip(models, outside, taken, strict=True)])
        shrinkage = choose_shrinkage(self.offset[left_out], added, self.y[left_out], self.family)
        everything = np.arange(len(self.y))
        if shrinkage == 0:
            models = []
        for i, model in enumerate(models):
            vector_to_parameters(initial_values[i], model.parameters())
        starts = [_Start(self, rows, features[i], np.full(len(rows), True), penalty + 1) for i in range(len(models))]
        yield from _fit_readouts(starts)
        taken = [start.begin(model, penalty) for start, model in zip(starts, models, strict=True)]
        yield [
            self._tuning(model, i, everything, None, tuned[i].best_epoch, taken[i]) for i, model in enumerate(models)
        ]
        shares = [start.share(model) for start, model in zip(starts, models, strict=True)]
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
                "started_from": len(rows),
                "epochs": float(np.mean([how.best_epoch for how in tuned])),
                "epochs_run": sum(how.epochs_run for how in tuned),
                "start_loss": float(np.mean([how.start_loss for how in tuned])),
                "tuned_loss": float(np.mean([how.best_loss for how in tuned])),
                "additive_loss": float(self.family.losses(self.offset[left_out], self.y[left_out]).mean()),
                "trainings": len(tuned) + len(models),
                "inner_trainings": len(tuned),
                "attention": self.layouts[0].back_end,
                "tuning": tuned[0].how,
            },
            self._baseline_shift(left_out, shrinkage * added),
            tuple(shares),
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

    def _choose_penalty(self, starts: Sequence[_Start]) -> int:
        """Return the position of the penalty with the least loss over all left-out parts."""
        return int(np.argmin(sum(start.fitted.losses_outside_P for start in starts)))

    def _tuning(
        self,
        model: MaskedGeneTransformer,
        replicate: int,
        inside: npt.NDArray[np.int64],
        outside: npt.NDArray[np.int64] | None,
        epochs: int,
        taken_BK: Float,
    ) -> Tuning:
        seed = derive_seed("batches", self.seed, replicate)
        offset_BK = torch.from_numpy(self.offset - taken_BK).to(self.samples.offset_BK)
        samples = replace(self.samples, offset_BK=offset_BK)
        return Tuning(
            model, self.layouts, samples, inside, outside, self.family, self.training, seed=seed, epochs=epochs
        )

    def said(self, model: MaskedGeneTransformer, rows: npt.NDArray[np.int64]) -> Float:
        """Return (B, K): what a model says of samples `rows`."""
        x_BGC = chosen(self.samples.x_BGC, torch.from_numpy(rows).to(self.device))
        return predict(model, x_BGC, self.layouts).cpu().numpy().astype(np.float64)


def _fit_readouts(starts: Sequence[_Start]) -> Steps[None]:
    fitted: Sequence[FittedReadout] = yield [start.readout for start in starts]
    for start, of_start in zip(starts, fitted, strict=True):
        start.fitted = of_start


class _Start:
    """The closed form for one replicate: from samples `rows`, fitted to those `inside` by who is asked for it."""

    def __init__(
        self,
        fitter: _Fitter,
        rows: npt.NDArray[np.int64],
        features: TokenFeatures,
        inside: npt.NDArray[np.bool_],
        n_penalties: int | None = None,
    ) -> None:
        self._fitter, self._rows = fitter, rows
        self._smoother = fitter.smoothers.among(rows).of(inside)
        self.readout = Readout(
            features,
            self._smoother.taken,
            np.flatnonzero(inside),
            np.flatnonzero(~inside),
            fitter.y[rows],
            fitter.offset[rows],
            fitter.family,
            READOUT_PENALTIES[:n_penalties],
        )
        self.fitted: FittedReadout

    def begin(self, model: MaskedGeneTransformer, penalty: int) -> Float:
        """Give the model its readout; return (B, K) what the additive part takes of it, of all training samples."""
        features, path = self.readout.features, self.fitted.path
        set_readout(model, features, path, penalty)
        return self._taken(path.predict(features.values_BJ)[penalty])

    def taken(self, model: MaskedGeneTransformer) -> Float:
        """Return the same of a model that was trained further."""
        return self._taken(self._fitter.said(model, self._rows))

    def share(self, model: MaskedGeneTransformer) -> AdditiveShare:
        """Return what the additive part takes of what the model says of any sample."""
        return self._smoother.share(self._fitter.said(model, self._rows))

    def _taken(self, said_BK: Float) -> Float:
        everywhere = self._fitter.smoothers
        if len(said_BK) == everywhere.n_samples:
            return self._smoother.taken_of(said_BK)
        taken_BK = everywhere.taken_by(self._smoother.share(said_BK))
        taken_BK[self._rows] = self._smoother.taken_of(said_BK)
        return taken_BK
