"""Training losses: the mean over samples of the proper loss that the comparison uses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from hypomask.data.cohort import PhenotypeKind

__all__ = ["response_tensor", "training_loss"]


def response_tensor(y: Tensor, kind: PhenotypeKind, dtype: torch.dtype) -> Tensor:
    """Return the phenotype as `training_loss` wants it: class codes as int64, anything else as `dtype`."""
    return y.to(torch.int64) if kind == "classes" else y.to(dtype)


def training_loss(eta_BK: Tensor, y_B: Tensor, kind: PhenotypeKind) -> Tensor:
    """Return the mean squared error or log loss (nats) of linear predictors (B, K)."""
    if kind == "continuous":
        return mse_loss(eta_BK[:, 0], y_B)
    if kind == "binary":
        return binary_cross_entropy_with_logits(eta_BK[:, 0], y_B)
    return cross_entropy(eta_BK, y_B)
