"""Parts of a stack on torch's device "meta": it has shapes and no numbers, and is as far from the host as CUDA is."""

from __future__ import annotations

from typing import Any

import torch

from hypomask.model.attention import LayerLayout, triton
from hypomask.model.attention.pattern import EdgePattern
from hypomask.model.attention.stacked import StackedLayout
from hypomask.training.optimiser import StackedAdamW
from hypomask.training.stacked_models import SharedRows, StackedModels


def to_meta(item: Any) -> Any:
    """Move every tensor that the parts of a stack hold to the device "meta"."""
    if isinstance(item, torch.Tensor):
        return item.to("meta")
    if isinstance(item, (list, tuple)):
        return type(item)(to_meta(part) for part in item)
    if isinstance(item, dict):
        return {key: to_meta(part) for key, part in item.items()}
    if isinstance(
        item, (StackedModels, StackedAdamW, StackedLayout, LayerLayout, EdgePattern, SharedRows, triton._Edges)
    ):
        for name, part in vars(item).items():
            object.__setattr__(item, name, to_meta(part))
    return item
