"""The slow twin of the scan: the whole model again, for one intervention, by the code that trains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from hypomask.knockout.edits import CUT, Edits
from hypomask.model.attention import LayerLayout
from hypomask.model.attention.pattern import EdgePattern

__all__ = ["edited_layouts"]


def edited_layouts(layouts: Sequence[LayerLayout], edits: Edits, item: int) -> tuple[LayerLayout, ...]:
    """Return the layouts with the pairs of one intervention edited; values are the caller's to edit."""
    mine = np.flatnonzero(edits.pair_item == item)
    if not len(mine):
        return tuple(layouts)
    rows, cols = torch.from_numpy(edits.pair_row[mine]), torch.from_numpy(edits.pair_col[mine])
    weight = torch.from_numpy(edits.pair_weight[mine])
    return tuple(_edited(layout, rows, cols, weight) for layout in layouts)


def _edited(layout: LayerLayout, rows: Tensor, cols: Tensor, weight: Tensor) -> LayerLayout:
    n, pattern = layout.n_tokens, layout.pattern
    n_heads = layout.n_heads
    allowed_HNN = torch.zeros(n_heads, n * n, dtype=torch.bool)
    allowed_HNN[:, pattern.flat] = True if layout.allowed_HE is None else layout.allowed_HE
    log_weight_HNN = torch.zeros(n_heads, n * n, dtype=layout.dtype)
    if layout.log_weight_HE is not None:
        log_weight_HNN[:, pattern.flat] = layout.log_weight_HE.expand(n_heads, -1)
    allowed_HNN, log_weight_HNN = allowed_HNN.view(n_heads, n, n), log_weight_HNN.view(n_heads, n, n)
    sees_all_H = torch.ones(n_heads, dtype=torch.bool)
    if layout.allowed_HE is not None and layout.allowed_HE.all(dim=1).any():
        sees_all_H = layout.allowed_HE.all(dim=1)
    for row, col, value in zip(rows.tolist(), cols.tolist(), weight.tolist(), strict=True):
        allowed_HNN[:, row, col] = False if value == CUT else sees_all_H
        if value != CUT:
            log_weight_HNN[:, row, col] = float(np.log(value))
    somewhere_NN = allowed_HNN.any(0)
    flat = somewhere_NN.view(-1).nonzero()[:, 0]
    start = torch.zeros(n + 1, dtype=torch.int32)
    start[1:] = somewhere_NN.sum(1).cumsum(0)
    allowed_HE = allowed_HNN.view(n_heads, -1)[:, flat]
    return replace(
        layout,
        pattern=EdgePattern(n, start, (flat % n).to(torch.int32)),
        allowed_HE=None if allowed_HE.all() else allowed_HE,
        log_weight_HE=None if layout.log_weight_HE is None else log_weight_HNN.view(n_heads, -1)[:, flat],
        _derived={},
    )
