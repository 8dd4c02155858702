"""What one job learned, kept so that other samples, and edited ones, can be predicted by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from hypomask.data.scaling import Scaling
from hypomask.data.streamed_rows import Measurements, StreamedRows
from hypomask.masks.mask import Mask
from hypomask.model.attention import LayerLayout, build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.hidden_values import HiddenValueTransformer, sets_to_hide
from hypomask.outcomes.family import Family, Float
from hypomask.training.additive import AdditiveModel
from hypomask.training.fitted_model import FittedModel

__all__ = [
    "TARGET_CHANNEL",
    "FoldModel",
    "HiddenGenesModel",
    "JobModel",
    "Predicted",
    "SeveralModels",
    "baseline_of",
    "cpu_layouts",
    "without_training",
]

Values = npt.NDArray[np.float32]

SAMPLES_AT_ONCE = 1024
TARGET_CHANNEL = 0  # of masked genes: the channel that is predicted


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions of samples on the link scale, as a job stores them of its held-out samples.

    Parameters
    ----------
    full, additive, gene_free
        (B, P): of the whole model, its additive part, and covariates alone.
    replicates_MBP
        (M, B, P): of each training replicate; M is 0 when the mask adds nothing.
    """

    full: Float
    additive: Float
    gene_free: Float
    replicates_MBP: Float

    @classmethod
    def joined(cls, parts: Sequence[Predicted]) -> Predicted:
        """Return the predictions of samples that follow one another."""
        names = ("full", "additive", "gene_free", "replicates_MBP")
        return cls(*(np.concatenate([getattr(part, name) for part in parts], axis=-2) for name in names))


@dataclass(frozen=True, eq=False)
class FoldModel:
    """The model of one phenotype from one training set.

    Parameters
    ----------
    phenotype
        Its name.
    mask, model
        What the transformer was built from.
    scaling
        Of the mask's genes, and of covariates.
    fitted
        Additive part, replicates and shrinkage. Of its additive part the predictions of training samples are dropped.
    gene_free
        The model of covariates alone.
    baseline_P, gene_free_baseline_P
        (P,) what a prediction is at a linear predictor of 0: of survival, the baseline hazard of each interval; else 0.
    y_center, y_scale
        Continuous phenotypes: phenotype = y_center + y_scale * eta.
    """

    phenotype: str
    mask: Mask
    model: ModelConfig
    scaling: Scaling
    fitted: FittedModel
    gene_free: AdditiveModel
    baseline_P: Float
    gene_free_baseline_P: Float
    y_center: float
    y_scale: float

    @property
    def n_outputs(self) -> int:
        """Columns of the linear predictor."""
        return int(self.fitted.additive.intercept.shape[0])

    def predict(self, values_BGC: Values, z_BP: Float) -> Predicted:
        """Predict samples from measurements of the mask's genes and covariates, both as measured."""
        return self.predict_standardised(self.scaling.genes(values_BGC), self.scaling.covariates(z_BP))

    def predict_standardised(self, x_BGC: Measurements, z_BP: Float) -> Predicted:
        """Predict samples from standardised measurements and covariates."""
        if isinstance(x_BGC, StreamedRows):
            parts = [self.predict_standardised(part_BGC, z_BP[rows]) for rows, part_BGC in x_BGC.chunks()]
            return Predicted.joined(parts)
        additive_BK = self.fitted.additive.predict(x_BGC, z_BP)
        added_MBK = self.fitted.added_by_replicate(x_BGC, z_BP)
        full_BK = additive_BK + added_MBK.mean(axis=0) if len(added_MBK) else additive_BK
        return Predicted(
            full=self.prediction(full_BK),
            additive=self.baseline_P + additive_BK,
            gene_free=self.gene_free_baseline_P + self.gene_free.predict(None, z_BP),
            replicates_MBP=self.prediction(additive_BK + added_MBK),
        )

    def prediction(self, eta: Float) -> Float:
        """Turn linear predictors (..., K) of the whole model into predictions (..., P)."""
        return np.asarray(self.baseline_P + eta + self.fitted.baseline_shift_K)


@dataclass(frozen=True, eq=False)
class SeveralModels:
    """The models of several phenotypes from one training set; predictions of measurements are in their own unit."""

    parts: tuple[FoldModel, ...]

    def predict(self, values_BGC: Values, z_BP: Float) -> Predicted:
        """Predict samples from measurements of the mask's genes and covariates, both as measured."""
        return self.joined([part.predict(values_BGC, z_BP) for part in self.parts])

    def joined(self, predicted: Sequence[Predicted]) -> Predicted:
        """Return the predictions of all phenotypes side by side."""

        def join(name: str, n_replicates: int | None = None) -> Float:
            columns = [
                getattr(one, name)[:n_replicates] * part.y_scale + part.y_center
                for one, part in zip(predicted, self.parts, strict=True)
            ]
            return np.concatenate(columns, axis=-1)

        n_replicates = min(len(one.replicates_MBP) for one in predicted)
        return Predicted(join("full"), join("additive"), join("gene_free"), join("replicates_MBP", n_replicates))


@dataclass(frozen=True, eq=False)
class HiddenGenesModel:
    """The model that predicts every gene of the mask while its own value is hidden.

    Parameters
    ----------
    by_covariates
        By gene, what covariates say of it; None where they say nothing.
    replicates, shrinkage_G
        Transformers whose predictions are averaged, and how much of them is kept, by gene.
    """

    mask: Mask
    model: ModelConfig
    scaling: Scaling
    by_covariates: tuple[AdditiveModel | None, ...]
    replicates: tuple[HiddenValueTransformer, ...]
    shrinkage_G: Float
    layouts: tuple[LayerLayout, ...]

    def predict(self, values_BGC: Values, z_BP: Float) -> Predicted:
        """Predict every gene in samples from measurements of all of them, in the measurements' own unit."""
        known_BG = self.known(self.scaling.covariates(z_BP))
        added_MBG = self.added(self.scaling.genes(values_BGC))
        known = self.in_unit(known_BG)
        if not len(added_MBG):
            return Predicted(known, known, known, np.zeros((0, *known.shape)))
        replicates = np.stack([self.in_unit(known_BG + added_BG) for added_BG in added_MBG])
        return Predicted(self.in_unit(known_BG + added_MBG.mean(axis=0)), known, known, replicates)

    def known(self, z_BP: Float) -> Float:
        """Return (B, G): what standardised covariates say of each gene."""
        known_BG = np.zeros((len(z_BP), len(self.by_covariates)))
        for gene, fitted in enumerate(self.by_covariates):
            if fitted is not None:
                known_BG[:, gene] = fitted.predict(None, z_BP)[:, 0]
        return known_BG

    @torch.no_grad()
    def added(self, x_BGC: Values) -> Float:
        """Return (M, B, G): what each replicate adds for standardised measurements, shrunk."""
        if not self.replicates:
            return np.zeros((0, len(x_BGC), self.mask.n_genes))
        like = self.replicates[0].readout_GFK
        x = torch.from_numpy(np.ascontiguousarray(x_BGC)).to(like)
        sets = [torch.from_numpy(genes).to(like.device) for genes in sets_to_hide(self.mask, self.model.n_layers)]
        added = []
        for network in self.replicates:
            network.eval()
            parts = [network.predict_hidden(part, self.layouts, sets) for part in torch.split(x, SAMPLES_AT_ONCE)]
            added.append(self.shrinkage_G * torch.cat(parts).cpu().numpy().astype(np.float64))
        return np.stack(added)

    def in_unit(self, standardised_BG: Float) -> Float:
        """Return standardised values of genes in the measurements' own unit."""
        factor_G = self.scaling.factor_GC[:, TARGET_CHANNEL]
        width_G = np.where(factor_G > 0, 1 / np.where(factor_G > 0, factor_G, 1.0), 0.0)
        return np.asarray(self.scaling.center_GC[:, TARGET_CHANNEL] + standardised_BG * width_G)


JobModel = FoldModel | SeveralModels | HiddenGenesModel


def baseline_of(family: Family, y_train: Float, eta_train_BK: Float) -> Float:
    """Return (P,) the prediction of a linear predictor of 0; see `Family.predicted`."""
    return np.asarray(family.predicted(np.zeros((1, family.n_outputs)), y_train, eta_train_BK)[0])


def without_training(additive: AdditiveModel) -> AdditiveModel:
    """Return the model without its predictions of training samples."""
    return replace(additive, eta_train=additive.eta_train[:0])


def cpu_layouts(mask: Mask, model: ModelConfig) -> tuple[LayerLayout, ...]:
    """Return the layout that training on a CPU uses."""
    return build_layout(
        mask,
        n_layers=model.n_layers,
        n_heads=model.heads,
        back_end=model.attention,
        device="cpu",
        dtype=torch.float32,
    )
