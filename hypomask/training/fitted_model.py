"""What a fit makes: an additive part, transformers under the mask, and how much of what they say is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from hypomask.model.attention import LayerLayout
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.family import Float
from hypomask.training.additive import AdditiveModel
from hypomask.training.calibration import Calibration
from hypomask.training.fine_tuning import predict
from hypomask.training.partial_residuals import AdditiveShare

__all__ = ["FittedModel"]


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
    shares
        Of each replicate, what it says that the additive part says already (`hypomask.training.partial_residuals`): a
        replicate adds what it says less this.
    """

    additive: AdditiveModel
    replicates: tuple[MaskedGeneTransformer, ...]
    layouts: tuple[LayerLayout, ...]
    shrinkage: float
    numbers: dict[str, float | int | str]
    baseline_shift_K: Float
    shares: tuple[AdditiveShare, ...] = ()

    def added_by_replicate(self, x_BGC: npt.NDArray[np.float32], z_BP: Float) -> Float:
        """Return (M, B, K): what each replicate adds to the linear predictor, shrunk; M is 0 when nothing is added."""
        n_outputs = self.additive.intercept.shape[0]
        if self.shrinkage == 0 or not self.replicates:
            return np.zeros((0, len(x_BGC), n_outputs))
        x = torch.from_numpy(np.ascontiguousarray(x_BGC)).to(self.replicates[0].readout_GFK)  # device and dtype
        design_BJ = self.additive.design(x_BGC, z_BP)
        added = [
            predict(model, x, self.layouts).cpu().numpy().astype(np.float64) - share.of(design_BJ)
            for model, share in zip(self.replicates, self.shares, strict=True)
        ]
        return np.asarray(self.shrinkage * np.stack(added))

    def added(self, x_BGC: npt.NDArray[np.float32], z_BP: Float) -> Float:
        """Return (B, K): what the mask adds to the linear predictor, shrunk: the mean of its replicates."""
        added_MBK = self.added_by_replicate(x_BGC, z_BP)
        return np.asarray(added_MBK.mean(axis=0)) if len(added_MBK) else np.zeros(added_MBK.shape[1:])

    def predict(self, x_BGC: npt.NDArray[np.float32], z_BP: Float) -> Float:
        """Return (B, K) linear predictors of standardised measurements and covariates."""
        return self.additive.predict(x_BGC, z_BP) + self.added(x_BGC, z_BP)

    def own_terms(self) -> AdditiveModel:
        """Return what genes and covariates add by themselves once the network is known: less its shares, shrunk.

        With what the networks say themselves, times the shrinkage, it makes the whole linear predictor.
        """
        additive, slope = self.additive, self.additive.calibration.slope
        coefficients = slope * additive.coefficients
        intercept = additive.calibration.apply(additive.intercept[None])[0]
        if self.shrinkage > 0 and self.shares:
            coefficients = coefficients - self.shrinkage * np.mean([s.coefficients_JK for s in self.shares], axis=0)
            intercept = intercept - self.shrinkage * np.mean([share.level_K for share in self.shares], axis=0)
        as_it_is = Calibration(1.0, np.zeros_like(intercept))
        return replace(additive, coefficients=coefficients, intercept=intercept, calibration=as_it_is)
