"""Measurements as tensors on a device, loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from hypomask.data.streamed_rows import Measurements, StreamedRows

__all__ = ["Loaded", "StreamedTensor", "chosen", "on_device", "part_by_part"]


class StreamedTensor:
    """Standardised measurements (B, G, C) that are streamed; `x[rows]` loads those of some samples.

    Parameters
    ----------
    device
        Where they are loaded to.
    """

    def __init__(self, rows: StreamedRows, device: torch.device) -> None:
        self.rows, self.device = rows, device

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: Tensor | slice) -> Tensor:
        """Return the measurements of samples at some positions."""
        positions = np.arange(len(self))[which] if isinstance(which, slice) else which.cpu().numpy()
        return torch.from_numpy(self.rows.take(positions)).to(self.device)

    def at(self, positions: Tensor) -> StreamedTensor:
        """Return those of the samples at `positions`, still to be loaded."""
        return StreamedTensor(self.rows.of_samples(positions.cpu().numpy()), self.device)


Loaded = Tensor | StreamedTensor
"""Measurements (B, G, C) on a device, or to be loaded there."""


def on_device(x_BGC: Measurements, device: torch.device) -> Loaded:
    """Return measurements on a device, or what loads them there."""
    if isinstance(x_BGC, StreamedRows):
        return StreamedTensor(x_BGC, device)
    return torch.from_numpy(np.ascontiguousarray(x_BGC)).to(device)


def chosen(x_BGC: Loaded, positions: Tensor) -> Loaded:
    """Return the measurements of samples at `positions`; what was to be loaded still is."""
    return x_BGC.at(positions) if isinstance(x_BGC, StreamedTensor) else x_BGC[positions]


def part_by_part(x_BGC: Loaded, size: int) -> Iterator[Tensor]:
    """Yield the measurements of all samples, `size` at a time."""
    for first in range(0, max(len(x_BGC), 1), size):
        yield x_BGC[first : first + size]
