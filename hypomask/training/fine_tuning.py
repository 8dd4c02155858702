"""AdamW from the closed-form start, with early stopping where there are samples to stop on."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hypomask.model.attention import LayerLayout
from hypomask.model.losses import training_loss
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.family import Family
from hypomask.training.config import TrainingConfig

__all__ = ["Samples", "Tuned", "fine_tune", "predict"]

SAMPLES_AT_ONCE = 1024
WARM_UP = 0.5  # epochs over which the learning rate rises: the first steps of Adam are as large as its rate
MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True, eq=False)
class Samples:
    """Tensors of some samples on the device: measurements (B, G, C), offset (B, K) and response (B,)."""

    x_BGC: Tensor
    offset_BK: Tensor
    y_B: Tensor

    def __len__(self) -> int:
        return len(self.y_B)


@dataclass(frozen=True)
class Tuned:
    """How fine-tuning went: the epoch kept (0: the start), epochs run, and held-out losses before and after."""

    best_epoch: int
    epochs_run: int
    start_loss: float
    best_loss: float


@torch.no_grad()
def predict(model: MaskedGeneTransformer, x_BGC: Tensor, layouts: Sequence[LayerLayout]) -> Tensor:
    """Return (B, K): what the mask adds."""
    model.eval()
    return torch.cat([model(part, layouts) for part in torch.split(x_BGC, SAMPLES_AT_ONCE)])


def fine_tune(
    model: MaskedGeneTransformer,
    layouts: Sequence[LayerLayout],
    train: Samples,
    held_out: Samples | None,
    family: Family,
    config: TrainingConfig,
    generator: torch.Generator,
    epochs: int,
) -> Tuned:
    """Train in place; the model ends as it was at its best epoch on `held_out` (at the last one where that is None).

    The learning rate falls as a cosine over `config.epochs` whatever `epochs` is, so that training again for the number
    of epochs that was found follows the same course.
    """
    batch = min(config.batch_size, len(train))
    steps = max(1, len(train) // batch)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, foreach=True
    )

    def rate(step: int) -> float:
        done = step / (steps * max(config.epochs, 1))
        return min(1.0, (step + 1) / (WARM_UP * steps)) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    device = train.y_B.device
    # Batches are drawn on the CPU whatever the device; dropout has to be drawn where it is used.
    dropout = generator if device.type == "cpu" else torch.Generator(device).manual_seed(generator.initial_seed())
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    start = best = _loss(model, layouts, held_out, family) if held_out is not None else math.nan
    best_epoch, best_state = 0, copy.deepcopy(model.state_dict())
    epoch = 0
    for epoch in range(1, epochs + 1):
        model.train()
        order = torch.randperm(len(train), generator=generator).to(device)
        for step in range(steps):
            rows = order[step * batch : (step + 1) * batch]
            eta_BK = train.offset_BK[rows] + model(train.x_BGC[rows], layouts, dropout)
            loss = training_loss(eta_BK, train.y_B[rows], family)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
            optimiser.step()
            schedule.step()
        if held_out is None:
            continue
        value = _loss(model, layouts, held_out, family)
        if value < best:
            best, best_epoch, best_state = value, epoch, copy.deepcopy(model.state_dict())
        elif epoch - best_epoch >= config.patience:
            break
    if held_out is not None:
        model.load_state_dict(best_state)
    return Tuned(best_epoch, epoch, start, best)


def _loss(model: MaskedGeneTransformer, layouts: Sequence[LayerLayout], data: Samples, family: Family) -> float:
    eta_BK = data.offset_BK + predict(model, data.x_BGC, layouts)
    return float(training_loss(eta_BK, data.y_B, family))
