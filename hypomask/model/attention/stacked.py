"""Attention of many models at once: their patterns side by side are one graph, whose parts do not meet.

Models are written for one model, (B, H, N, D), and run for many by `torch.func.vmap` over a leading axis M. Where that
reaches attention, what is known of all members comes together again: one launch for M * N tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from hypomask.model.attention.layout import AttentionLayout, LayerLayout
from hypomask.model.attention.pattern import EdgePattern
from hypomask.model.attention.registry import BACK_ENDS, AfterSoftmax

__all__ = ["StackedLayout", "attend_stacked", "stack_layouts", "why_not_stacked"]

# Those that go along edges, so that the union of M graphs costs as much as M graphs.
BY_EDGES = ("triton", "sparse")


@dataclass(frozen=True, eq=False)
class StackedLayout(LayerLayout):
    """A layer of several models: `pattern` is the union of theirs, tokens of model m after those of model m - 1."""

    n_models: int = 1

    @property
    def n_tokens(self) -> int:
        """N: tokens of one model."""
        return self.pattern.n_tokens // self.n_models

    @property
    def union(self) -> LayerLayout:
        """The layer as that of one model with M * N tokens."""

        def make() -> LayerLayout:
            return LayerLayout(self.pattern, self.n_heads, self.back_end, self.dtype, self.prior, self.allowed_HE)

        return self.derived("union", make)


def why_not_stacked(layouts: AttentionLayout) -> str | None:
    """Return why a model with these layouts cannot be a member of a stack, None when it can."""
    for layout in layouts:
        if layout.prior.kind != "hard":
            return f"its prior is {layout.prior.kind}: every pair may attend, and weights differ from member to member"
        if layout.back_end == "dense":
            return "its mask is treated as dense"
    return None


def stack_layouts(members: Sequence[AttentionLayout]) -> tuple[StackedLayout, ...]:
    """Return the layers of a stack. Members are alike in tokens, heads, layers, dtype and device, and can be stacked.

    A member that would use the compiled kernel alone uses the sparse back end in a stack.
    """
    by_layers: dict[tuple[int, ...], StackedLayout] = {}
    stacked = []
    for of_layer in zip(*members, strict=True):
        key = tuple(id(layout) for layout in of_layer)  # layers that share a pattern share the union too
        if key not in by_layers:
            by_layers[key] = _stack(of_layer)
        stacked.append(by_layers[key])
    return tuple(stacked)


def _stack(layouts: Sequence[LayerLayout]) -> StackedLayout:
    first = layouts[0]
    back_end = next(name for name in BY_EDGES if name != "triton" or all(each.back_end == name for each in layouts))
    allowed_HE = None
    if any(layout.allowed_HE is not None for layout in layouts):
        allowed_HE = torch.cat([_allowed(layout) for layout in layouts], dim=1)
    pattern = EdgePattern.side_by_side([layout.pattern for layout in layouts])
    return StackedLayout(
        pattern, first.n_heads, back_end, first.dtype, first.prior, allowed_HE, None, n_models=len(layouts)
    )


def _allowed(layout: LayerLayout) -> Tensor:
    if layout.allowed_HE is not None:
        return layout.allowed_HE
    return torch.ones(layout.n_heads, layout.pattern.n_entries, dtype=torch.bool, device=layout.device)


def attend_stacked(
    q_BHND: Tensor, k_BHND: Tensor, v_BHND: Tensor, layout: StackedLayout, after: AfterSoftmax
) -> Tensor:
    """Attend in every member; to be called under `torch.func.vmap` over the members."""
    out_BHND: Tensor = _Together.apply(q_BHND, k_BHND, v_BHND, layout, replace(after, generator=None))  # type: ignore[no-untyped-call]
    return out_BHND


class _Together(torch.autograd.Function):
    """Gives what vmap knows of all members to the back end, which has gradients of its own."""

    @staticmethod
    def forward(*_: Any) -> Tensor:
        raise TypeError("a stacked layout is for calls under torch.func.vmap")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing to keep: gradients go through what `vmap` calls."""

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        q: Tensor,
        k: Tensor,
        v: Tensor,
        layout: StackedLayout,
        after: AfterSoftmax,
    ) -> tuple[Tensor, int]:
        q, k, v = (
            x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
            for x, dim in zip((q, k, v), in_dims, strict=False)
        )
        return BACK_ENDS[layout.back_end].attend_stacked(q, k, v, layout.union, after), 0
