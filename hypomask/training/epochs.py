"""Epochs over drawn batches, until samples that were left out are explained no better."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hypomask.training.config import TrainingConfig
from hypomask.training.optimiser import FlatAdamW

__all__ = ["Tuned", "batches", "learning_rate", "run_epochs"]

WARM_UP = 0.5  # epochs over which the learning rate rises: the first steps of Adam are as large as its rate


@dataclass(frozen=True)
class Tuned:
    """How fine-tuning went: the epoch kept (0: the start), epochs run, and held-out losses before and after.

    `how` steps were taken: "alone", "stack", or "stack, " and a word on the CUDA graph.
    """

    best_epoch: int
    epochs_run: int
    start_loss: float
    best_loss: float
    how: str = "alone"


def run_epochs(
    model: nn.Module,
    n_samples: int,
    batch_loss: Callable[[Tensor, torch.Generator], Tensor],
    held_out_loss: Callable[[], float] | None,
    config: TrainingConfig,
    generator: torch.Generator,
    epochs: int,
) -> Tuned:
    """Train in place; the model ends as it was at its best epoch on the samples left out (at the last one without).

    The learning rate falls as a cosine over `config.epochs` whatever `epochs` is, so that training again for the number
    of epochs that was found follows the same course.

    Parameters
    ----------
    batch_loss
        The loss of the samples at positions (B,), and what dropout is drawn with.
    held_out_loss
        What decides when to stop; None: nothing does.
    """
    start = best = held_out_loss() if held_out_loss is not None else math.nan
    if epochs == 0:
        return Tuned(0, 0, start, best)
    batch, steps = batches(n_samples, config)
    optimiser = FlatAdamW(model, config.weight_decay)
    device = optimiser.values_P.device
    # Batches are drawn on the CPU whatever the device; dropout has to be drawn where it is used.
    dropout = generator if device.type == "cpu" else torch.Generator(device).manual_seed(generator.initial_seed())
    best_epoch, best_P = 0, optimiser.values_P.clone()
    epoch = 0
    for epoch in range(1, epochs + 1):
        model.train()
        order = torch.randperm(n_samples, generator=generator).to(device)
        for step in range(steps):
            loss = batch_loss(order[step * batch : (step + 1) * batch], dropout)
            optimiser.step(loss, learning_rate((epoch - 1) * steps + step, steps, config))
        if held_out_loss is None:
            continue
        value = held_out_loss()
        if value < best:
            best, best_epoch, best_P = value, epoch, optimiser.values_P.clone()
        elif epoch - best_epoch >= config.patience:
            break
    if held_out_loss is not None:
        optimiser.values_P.copy_(best_P)
    return Tuned(best_epoch, epoch, start, best)


def batches(n_samples: int, config: TrainingConfig) -> tuple[int, int]:
    """Return samples per step, and steps per epoch."""
    batch = min(config.batch_size, n_samples)
    return batch, max(1, n_samples // batch)


def learning_rate(step: int, steps: int, config: TrainingConfig) -> float:
    """Return the rate of step `step` (0: the first of all) where an epoch has `steps`."""
    done = min(step / (steps * config.epochs), 1.0)
    share = min(1.0, (step + 1) / (WARM_UP * steps)) * 0.5 * (1 + math.cos(math.pi * done))
    return config.learning_rate * share
