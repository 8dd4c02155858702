"""Training losses: the mean over samples of the family's loss, on tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss, softplus

from hypomask.outcomes.classes import Binary, Classes
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.counts import MAX_ETA, Counts
from hypomask.outcomes.discrete_survival import KnownHazards
from hypomask.outcomes.family import Family

__all__ = ["loss_function", "response_tensor", "training_loss"]


def response_tensor(y: Tensor, family: Family, dtype: torch.dtype) -> Tensor:
    """Return the phenotype as `training_loss` wants it: class codes as int64, anything else as `dtype`."""
    return y.to(torch.int64) if isinstance(family, Classes) else y.to(dtype)


def training_loss(eta_BK: Tensor, y_B: Tensor, family: Family) -> Tensor:
    """Return the mean loss of linear predictors (B, K), equal to that of `family.losses` up to a constant."""
    return loss_function(family, eta_BK)(eta_BK, y_B)


def loss_function(family: Family, like: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Return `training_loss` of one family, what is known of it already on the device, and in the dtype, of `like`."""
    if isinstance(family, Continuous):
        return lambda eta_BK, y_B: mse_loss(eta_BK[:, 0], y_B)
    if isinstance(family, Binary):
        return lambda eta_BK, y_B: binary_cross_entropy_with_logits(eta_BK[:, 0], y_B)
    if isinstance(family, Classes):
        return cross_entropy
    if isinstance(family, Counts):
        dispersion = family.dispersion
        return lambda eta_BK, y_B: _counts_loss(eta_BK[:, 0].clamp(max=MAX_ETA), y_B, dispersion)
    if isinstance(family, KnownHazards):
        level_T = torch.as_tensor(family.level_T).to(like)
        return lambda eta_BK, y_B: _hazards_loss(eta_BK, y_B, level_T)
    raise TypeError(f"no training loss for {type(family).__name__}: its network stage must name another family")


def _counts_loss(eta_B: Tensor, y_B: Tensor, dispersion: float) -> Tensor:
    if dispersion == 0:
        return (eta_B.exp() - y_B * eta_B).mean()
    return ((y_B + 1 / dispersion) * torch.log1p(dispersion * eta_B.exp()) - y_B * eta_B).mean()


def _hazards_loss(eta_BK: Tensor, y_B: Tensor, level_T: Tensor) -> Tensor:
    logit_BT = level_T + eta_BK
    entered_B = y_B.abs().long()
    at_risk_BT = torch.arange(len(level_T), device=y_B.device) < entered_B[:, None]
    passing_B = (softplus(logit_BT) * at_risk_BT).sum(1)
    last_B = logit_BT.gather(1, (entered_B - 1).clamp(min=0)[:, None])[:, 0]
    return (passing_B - last_B * (y_B > 0)).mean()
