"""AdamW from the closed-form start, with early stopping where there are samples to stop on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.model.attention import LayerLayout
from hypomask.model.losses import training_loss
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.family import Family
from hypomask.training.config import TrainingConfig
from hypomask.training.epochs import Tuned, run_epochs
from hypomask.training.streamed_tensor import Loaded, chosen, part_by_part

__all__ = ["Samples", "fine_tune", "predict"]

SAMPLES_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Samples:
    """Tensors of some samples on the device: measurements (B, G, C), offset (B, K) and response (B,).

    Measurements that are streamed are loaded there when they are asked for.
    """

    x_BGC: Loaded
    offset_BK: Tensor
    y_B: Tensor

    def __len__(self) -> int:
        return len(self.y_B)

    def at(self, positions: npt.NDArray[np.int64]) -> Samples:
        """Return those at `positions`."""
        rows = torch.from_numpy(positions).to(self.y_B.device)
        return Samples(chosen(self.x_BGC, rows), self.offset_BK[rows], self.y_B[rows])


@torch.no_grad()
def predict(model: MaskedGeneTransformer, x_BGC: Loaded, layouts: Sequence[LayerLayout]) -> Tensor:
    """Return (B, K): what the mask adds."""
    model.eval()
    return torch.cat([model(part, layouts) for part in part_by_part(x_BGC, SAMPLES_AT_ONCE)])


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
    """Train in place; the model ends as it was at its best epoch on `held_out` (at the last one where that is None)."""

    def batch_loss(rows: Tensor, dropout: torch.Generator) -> Tensor:
        eta_BK = train.offset_BK[rows] + model(train.x_BGC[rows], layouts, dropout)
        return training_loss(eta_BK, train.y_B[rows], family)

    def held_out_loss(data: Samples) -> float:
        return float(training_loss(data.offset_BK + predict(model, data.x_BGC, layouts), data.y_B, family))

    stop_on = None if held_out is None else lambda: held_out_loss(held_out)
    return run_epochs(model, len(train), batch_loss, stop_on, config, generator, epochs)
