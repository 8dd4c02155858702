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
from torch.optim.adamw import adamw

__all__ = ["FlatAdamW", "StackedAdamW"]

MAX_GRADIENT_NORM = 1.0
MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8


def _clip(gradient: Tensor) -> None:
    """Shorten gradients, (P,) or one row for each model, that are longer than `MAX_GRADIENT_NORM`, in place."""
    norm = gradient.norm() if gradient.ndim == 1 else gradient.norm(dim=1, keepdim=True)
    # No comparison in Python: on a GPU it would wait for the norm.
    gradient.mul_((MAX_GRADIENT_NORM / (norm + 1e-6)).clamp(max=1.0))


class _Moments:
    """Running means of gradients and of their squares, of one model's parameters (P,)."""

    def __init__(self, values: Tensor) -> None:
        self._mean, self._square = torch.zeros_like(values), torch.zeros_like(values)
        self._steps = 0

    def move(self, values: Tensor, gradient: Tensor, rate: float, weight_decay: float) -> None:
        """Take one step of AdamW at learning rate `rate`, in place."""
        self._steps += 1
        _clip(gradient)
        self._mean.lerp_(gradient, 1 - MEAN_DECAY)
        self._square.mul_(SQUARE_DECAY).addcmul_(gradient, gradient, value=1 - SQUARE_DECAY)
        spread = self._square.sqrt().div_(math.sqrt(1 - SQUARE_DECAY**self._steps)).add_(EPSILON)
        values.mul_(1 - rate * weight_decay)
        values.addcdiv_(self._mean, spread, value=-rate / (1 - MEAN_DECAY**self._steps))


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
        self._moments = _Moments(self.values_P)

    def step(self, loss: Tensor, rate: float) -> None:
        """Move downhill by one step at learning rate `rate`."""
        gradients = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        with torch.no_grad():
            gradient_P = torch.cat([self._flat(*pair) for pair in zip(gradients, self._parameters, strict=True)])
            self._moments.move(self.values_P, gradient_P, rate, self._weight_decay)

    @staticmethod
    def _flat(gradient: Tensor | None, parameter: nn.Parameter) -> Tensor:
        return parameter.new_zeros(parameter.numel()) if gradient is None else gradient.flatten()


class StackedAdamW:
    """Moves many models, one row each, that are all at the same step; each row's gradient is clipped by itself.

    Everything that a step reads and changes is a tensor that stays where it is, so that a step can be captured in a
    CUDA graph. The update is torch's fused kernel. On CUDA that reads learning rates in float32, whatever the values
    are.

    Parameters
    ----------
    values_MP
        Changed in place.

    Attributes
    ----------
    rate
        () the learning rate that the next step reads.
    """

    def __init__(self, values_MP: Tensor, weight_decay: float) -> None:
        self.rate = values_MP.new_zeros((), dtype=torch.float32 if values_MP.is_cuda else torch.float64)
        self._values_MP, self._weight_decay = values_MP, weight_decay
        self._mean_MP, self._square_MP = torch.zeros_like(values_MP), torch.zeros_like(values_MP)
        self._steps = values_MP.new_zeros((), dtype=torch.float32)

    def step(self, gradient_MP: Tensor) -> None:
        """Move downhill along gradients, which are clipped in place."""
        _clip(gradient_MP)
        adamw(
            [self._values_MP],
            [gradient_MP],
            [self._mean_MP],
            [self._square_MP],
            max_exp_avg_sqs=[],
            state_steps=[self._steps],
            fused=True,
            capturable=gradient_MP.is_cuda,
            amsgrad=False,
            beta1=MEAN_DECAY,
            beta2=SQUARE_DECAY,
            lr=self.rate,
            weight_decay=self._weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def keep(self, rows: Tensor, values_MP: Tensor) -> None:
        """Go on with models at positions `rows` alone, whose values are now `values_MP`."""
        self._values_MP = values_MP
        self._mean_MP, self._square_MP = self._mean_MP[rows], self._square_MP[rows]
