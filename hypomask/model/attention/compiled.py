"""Compiled back end: a kernel for the CPU that goes along the edges, with samples in the lanes of its vectors.

It allocates nothing of size N x N, adds in a fixed order (the same bits for any number of threads), and draws dropout
by hashing (seed, head, edge, sample), so that dropped weights are never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypomask.model.attention.layout import LayerLayout
from hypomask.model.attention.pattern import EdgePattern
from hypomask.model.attention.registry import AfterSoftmax, BackEnd, register
from hypomask.model.compiled import library
from hypomask.model.compiled.library import AttentionCall, Dropout, Edges, Layer, TensorPlace
from hypomask.model.compiled.memory import borrow

__all__ = ["CompiledAttention", "HeadEdges"]


@register
class CompiledAttention(BackEnd):
    """Attention over the edges of a pattern, compiled."""

    name = "compiled"

    def unavailable(self, device: torch.device) -> str | None:
        """See `BackEnd.unavailable`."""
        return library.unavailable() if device.type == "cpu" else "the kernel is for the CPU"

    def attend(
        self,
        q_BHND: Tensor,
        k_BHND: Tensor,
        v_BHND: Tensor,
        layout: LayerLayout,
        bias_HE: Tensor | None,
        after: AfterSoftmax,
    ) -> Tensor:
        """See `BackEnd.attend`."""
        edges = HeadEdges.of(layout)
        q_BNW, k_BNW, v_BNW = (x.transpose(1, 2).flatten(2) for x in (q_BHND, k_BHND, v_BHND))
        bias_S = None if bias_HE is None else layout.flatten(bias_HE).contiguous()
        out_BNW: Tensor = _EdgeAttention.apply(q_BNW, k_BNW, v_BNW, bias_S, edges, after)  # type: ignore[no-untyped-call]
        return out_BNW.view(*out_BNW.shape[:2], *q_BHND.shape[1::2]).transpose(1, 2)


@dataclass(frozen=True, eq=False)
class HeadEdges:
    """The edges of every head of a layer as the kernel reads them.

    Parameters
    ----------
    patterns
        One for each head, the same object where all heads see the same.
    heads
        (H) structures, which point into the patterns.
    """

    n_tokens: int
    patterns: tuple[EdgePattern, ...]
    heads: Any
    n_entries: int
    held: tuple[Tensor, ...]

    @classmethod
    def of(cls, layout: LayerLayout) -> HeadEdges:
        """Return the edges of a layout, made once and kept in it."""
        return layout.derived("head_edges", lambda: cls._make(layout))

    @classmethod
    def _make(cls, layout: LayerLayout) -> HeadEdges:
        allowed_HE = layout.allowed_HE
        if allowed_HE is None:
            patterns = (layout.pattern,) * layout.n_heads
        else:
            patterns = tuple(layout.pattern.restrict(allowed_E) for allowed_E in allowed_HE)
        heads = (Edges * layout.n_heads)()
        held: list[Tensor] = []
        for h, pattern in enumerate(patterns):
            entry = pattern.by_key.to(torch.int32)
            arrays = (pattern.row_start, pattern.cols, pattern.transpose.row_start, pattern.transpose.cols, entry)
            held += arrays
            heads[h] = Edges(*(array.data_ptr() for array in arrays), pattern.n_entries)
        n_entries = sum(pattern.n_entries for pattern in patterns)
        return cls(layout.n_tokens, patterns, heads, n_entries, tuple(held))

    def layer(self, width: int, bias: int | None, after: AfterSoftmax) -> Layer:
        """Return the structure the kernel is called with: width of all heads together, place of the flat bias."""
        seed = 0
        if after.dropout_p > 0:
            seed = int(torch.randint(2**62, (), generator=after.generator, dtype=torch.int64))
        dropout = Dropout(after.dropout_p, seed)
        return Layer(self.heads, self.n_tokens, len(self.patterns), width, after.own_value, bias, dropout)


class _EdgeAttention(torch.autograd.Function):
    """Saves the attention weights of entries, before dropout."""

    @staticmethod
    def forward(
        ctx: Any,
        q_BNW: Tensor,
        k_BNW: Tensor,
        v_BNW: Tensor,
        bias_S: Tensor | None,
        edges: HeadEdges,
        after: AfterSoftmax,
    ) -> Tensor:
        q_BNW, k_BNW, v_BNW = (x if x.stride(2) == 1 else x.contiguous() for x in (q_BNW, k_BNW, v_BNW))
        kernel = library.kernel(q_BNW.dtype)
        out_BNW = torch.empty_like(v_BNW, memory_format=torch.contiguous_format)
        n_tiles = kernel.tiles(len(q_BNW))
        layer = edges.layer(q_BNW.shape[2], None if bias_S is None else bias_S.data_ptr(), after)
        weights = None
        if any(ctx.needs_input_grad):
            weights = borrow(n_tiles * edges.n_entries * kernel.lanes * q_BNW.element_size())
        call = AttentionCall(layer, len(q_BNW), *map(TensorPlace.of, (q_BNW, k_BNW, v_BNW, out_BNW)))
        call.weights = None if weights is None else weights.data_ptr()
        kernel.call("attention_forward", call, n_tiles, kernel.size("attention_room", call, 0))
        ctx.save_for_backward(q_BNW, k_BNW, v_BNW, bias_S, weights)
        ctx.edges, ctx.layer = edges, layer
        return out_BNW

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BNW: Tensor) -> tuple[Tensor | None, ...]:
        q_BNW, k_BNW, v_BNW, _, weights = ctx.saved_tensors
        grad_BNW = grad_BNW if grad_BNW.stride(2) == 1 else grad_BNW.contiguous()
        kernel = library.kernel(q_BNW.dtype)
        n_tiles = kernel.tiles(len(q_BNW))
        grads = [torch.empty_like(v_BNW, memory_format=torch.contiguous_format) for _ in range(3)]
        call = AttentionCall(ctx.layer, len(q_BNW), *map(TensorPlace.of, (q_BNW, k_BNW, v_BNW, grad_BNW, *grads)))
        call.weights = weights.data_ptr()
        grad_bias_TS = q_BNW.new_empty(n_tiles, ctx.edges.n_entries) if ctx.needs_input_grad[3] else None
        call.bias_gradient = None if grad_bias_TS is None else grad_bias_TS.data_ptr()
        kernel.call("attention_backward", call, n_tiles, kernel.size("attention_room", call, 1))
        return *grads, None if grad_bias_TS is None else _in_order(grad_bias_TS), None, None


def _in_order(parts_TS: Tensor) -> Tensor:
    """Add parts up in their order: torch's own sum may share them out over threads."""
    total = parts_TS[0]
    for part in parts_TS[1:]:
        total = total + part
    return total
