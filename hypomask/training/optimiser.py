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
from torch.nn.utils import parameters_to_vector, vector_to_parameters

__all__ = ["FlatAdamW", "Moments"]

MAX_GRADIENT_NORM = 1.0
MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8


class Moments:
    """Running means of gradients and of their squares, of one model's parameters (P,) or of several models' (M, P)."""

    def __init__(self, values: Tensor) -> None:
        self._mean, self._square = torch.zeros_like(values), torch.zeros_like(values)
        self._steps = 0

    def move(self, values: Tensor, gradient: Tensor, rate: float, weight_decay: float) -> None:
        """Take one step of AdamW at learning rate `rate`, in place; the gradient of each model is clipped by itself."""
        self._steps += 1
        norm = gradient.norm() if gradient.ndim == 1 else gradient.norm(dim=1, keepdim=True)
        # No comparison in Python: on a GPU it would wait for the norm.
        gradient.mul_((MAX_GRADIENT_NORM / (norm + 1e-6)).clamp(max=1.0))
        self._mean.lerp_(gradient, 1 - MEAN_DECAY)
        self._square.mul_(SQUARE_DECAY).addcmul_(gradient, gradient, value=1 - SQUARE_DECAY)
        spread = self._square.sqrt().div_(math.sqrt(1 - SQUARE_DECAY**self._steps)).add_(EPSILON)
        values.mul_(1 - rate * weight_decay)
        values.addcdiv_(self._mean, spread, value=-rate / (1 - MEAN_DECAY**self._steps))

    def keep(self, models: Tensor) -> None:
        """Forget all models but those at positions `models`."""
        self._mean, self._square = self._mean[models], self._square[models]


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
        self.values_P = parameters_to_vector(self._parameters).detach()
        vector_to_parameters(self.values_P, self._parameters)  # as views
        self._moments = Moments(self.values_P)

    def step(self, loss: Tensor, rate: float) -> None:
        """Move downhill by one step at learning rate `rate`."""
        gradients = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        with torch.no_grad():
            gradient_P = torch.cat([self._flat(*pair) for pair in zip(gradients, self._parameters, strict=True)])
            self._moments.move(self.values_P, gradient_P, rate, self._weight_decay)

    @staticmethod
    def _flat(gradient: Tensor | None, parameter: nn.Parameter) -> Tensor:
        return parameter.new_zeros(parameter.numel()) if gradient is None else gradient.flatten()
