"""AdamW with clipped gradients, on all parameters of a model as one vector.

A small model spends its time between operations, not in them. One operation on one vector instead of one per parameter
makes a step cheaper than `torch.optim.AdamW` does, and going back to an earlier epoch is one copy. The arithmetic is
that of torch.

References
----------
Loshchilov & Hutter 2019, https://openreview.net/forum?id=Bkg6RiCqY7.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["FlatAdamW"]

MAX_GRADIENT_NORM = 1.0
MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8


class FlatAdamW:
    """Moves a model's parameters, which from now on are parts of `values_P`.

    Parameters
    ----------
    model
        Its parameters are of one dtype and on one device.
    weight_decay
        Share of a parameter that a step at rate 1 takes away.

    Attributes
    ----------
    values_P
        (P,) all parameters, in the model's order. What is copied into it, the model is.
    """

    def __init__(self, model: nn.Module, weight_decay: float) -> None:
        self._parameters = list(model.parameters())
        self._weight_decay = weight_decay
        self._steps = 0
        self.values_P = torch.cat([parameter.detach().flatten() for parameter in self._parameters])
        parts = torch.split(self.values_P, [parameter.numel() for parameter in self._parameters])
        for parameter, part in zip(self._parameters, parts, strict=True):
            parameter.data = part.view_as(parameter)
        self._mean_P = torch.zeros_like(self.values_P)
        self._square_P = torch.zeros_like(self.values_P)

    def step(self, loss: Tensor, rate: float) -> None:
        """Move downhill by one step at learning rate `rate`."""
        gradients = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        with torch.no_grad():
            self._move(torch.cat([self._flat(*pair) for pair in zip(gradients, self._parameters, strict=True)]), rate)

    @staticmethod
    def _flat(gradient: Tensor | None, parameter: nn.Parameter) -> Tensor:
        return parameter.new_zeros(parameter.numel()) if gradient is None else gradient.flatten()

    def _move(self, gradient_P: Tensor, rate: float) -> None:
        self._steps += 1
        # No comparison in Python: on a GPU it would wait for the norm.
        gradient_P.mul_((MAX_GRADIENT_NORM / (gradient_P.norm() + 1e-6)).clamp(max=1.0))
        self._mean_P.lerp_(gradient_P, 1 - MEAN_DECAY)
        self._square_P.mul_(SQUARE_DECAY).addcmul_(gradient_P, gradient_P, value=1 - SQUARE_DECAY)
        spread_P = self._square_P.sqrt().div_(math.sqrt(1 - SQUARE_DECAY**self._steps)).add_(EPSILON)
        self.values_P.mul_(1 - rate * self._weight_decay)
        self.values_P.addcdiv_(self._mean_P, spread_P, value=-rate / (1 - MEAN_DECAY**self._steps))
