"""Triton back end: kernels for CUDA that go along the edges, of one model or of many stacked ones in one launch.

They allocate nothing of size N x N, use no atomics, and draw dropout by hashing (seed, head, entry, sample), so that
dropped weights are never stored. They are in `triton_kernels`, which is imported when they are first called.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypomask.model.attention.layout import LayerLayout
from hypomask.model.attention.registry import AfterSoftmax, BackEnd, register

__all__ = ["TritonAttention"]

# Samples that one program treats; not measured.
SAMPLES_PER_PROGRAM = 32

# Values of a tile that a thread treats: two loads of 16 bytes of keys, and two of values, are under way at a time.
# Guesses, both; `benchmarks/gpu/run.py` tries others.
VALUES_PER_THREAD = 8
THREADS_OF_A_WARP, MOST_WARPS = 32, 4

BYTES_AT_ONCE = 16  # the widest load of a thread

# Triton compiles for Volta (7.0) and what came after it.
LEAST_CAPABILITY = (7, 0)


@register
class TritonAttention(BackEnd):
    """Attention over the edges of a pattern, by Triton kernels."""

    name = "triton"

    def unavailable(self, device: torch.device) -> str | None:
        """See `BackEnd.unavailable`. On a CPU the kernels run in Triton's interpreter, for tests: very slowly."""
        interpreted = os.environ.get("TRITON_INTERPRET") == "1"
        if device.type != "cuda" and not (device.type == "cpu" and interpreted):
            return "Triton's kernels are for CUDA"
        if importlib.util.find_spec("triton") is None:
            return "Triton is not installed: pip install triton"
        if device.type == "cuda":
            if not torch.cuda.is_available():
                return "torch finds no CUDA device here"
            capability = torch.cuda.get_device_capability(device)
            if capability < LEAST_CAPABILITY:
                return f"Triton needs compute capability 7.0, and this device has {capability[0]}.{capability[1]}"
        return None

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
        edges = _Edges.of(layout)
        bias_S = None if bias_HE is None else layout.flatten(bias_HE).contiguous()
        out_MBHND: Tensor = _EdgeAttention.apply(q_BHND[None], k_BHND[None], v_BHND[None], bias_S, edges, after)  # type: ignore[no-untyped-call]
        return out_MBHND[0]

    def attend_stacked(
        self, q_MBHND: Tensor, k_MBHND: Tensor, v_MBHND: Tensor, union: LayerLayout, after: AfterSoftmax
    ) -> Tensor:
        """See `BackEnd.attend_stacked`. Nothing is copied."""
        out_MBHND: Tensor = _EdgeAttention.apply(q_MBHND, k_MBHND, v_MBHND, None, _Edges.of(union), after)  # type: ignore[no-untyped-call]
        return out_MBHND


@dataclass(frozen=True, eq=False)
class _Edges:
    """Compressed rows of every head and their transpose, as the kernels read them.

    Where all heads see the same there is one set of rows, and head h's value of entry e is at ``h * E + e``. Else the
    rows of heads follow each other, and so do their entries.

    Parameters
    ----------
    head_rows, head_entries
        How far a head's rows, and its values of entries, are from those of the head before.
    n_places
        S: values of entries, of all heads.
    """

    row_start: Tensor
    cols: Tensor
    key_start: Tensor
    rows: Tensor
    entries: Tensor
    head_rows: int
    head_entries: int
    n_places: int

    @classmethod
    def of(cls, layout: LayerLayout) -> _Edges:
        """Return the edges of a layout, made once and kept in it."""
        return layout.derived("triton_edges", lambda: cls._make(layout))

    @classmethod
    def _make(cls, layout: LayerLayout) -> _Edges:
        heads, n, allowed_HE = layout.n_heads, layout.n_tokens, layout.allowed_HE
        pattern, head_rows, head_entries = layout.pattern, 0, layout.pattern.n_entries
        n_places = heads * pattern.n_entries
        if allowed_HE is not None:
            pattern = pattern.repeat(heads).restrict(allowed_HE.flatten())
            head_rows, head_entries, n_places = n, 0, pattern.n_entries
        turned = pattern.transpose
        return cls(
            pattern.row_start,
            (pattern.cols % n).contiguous(),
            turned.row_start,
            (turned.cols % n).contiguous(),
            pattern.by_key.to(torch.int32),
            head_rows,
            head_entries,
            n_places,
        )


class _EdgeAttention(torch.autograd.Function):
    """Keeps of each softmax its largest logit and the inverse of its sum; weights are computed again."""

    @staticmethod
    def forward(
        ctx: Any,
        q_MBHND: Tensor,
        k_MBHND: Tensor,
        v_MBHND: Tensor,
        bias_S: Tensor | None,
        edges: _Edges,
        after: AfterSoftmax,
    ) -> Tensor:
        q = (
            q_MBHND
            if q_MBHND.stride(-1) == 1 and _lie_alike(q_MBHND, torch.empty_like(q_MBHND))
            else q_MBHND.contiguous()
        )
        k, v = _laid_out_as(q, k_MBHND), _laid_out_as(q, v_MBHND)
        out = torch.empty_like(q)
        call = _Call(q, edges, bias_S, after)
        largest, inverse = call.of_rows(), call.of_rows()
        call.launch("by_query_forward", (q, k, v, *call.shared, out, largest, inverse, edges.row_start, edges.cols), ())
        ctx.save_for_backward(q, k, v, out, largest, inverse)
        ctx.call = call
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_MBHND: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, out, largest, inverse = ctx.saved_tensors
        call, edges = ctx.call, ctx.call.edges
        grad = _laid_out_as(q, grad_MBHND)
        grad_q, grad_k, grad_v, along = (*(torch.empty_like(q) for _ in range(3)), call.of_rows())
        learns = bool(ctx.needs_input_grad[3])
        parts_TS = q.new_empty(call.n_tiles, edges.n_places) if learns else along
        rows = (edges.row_start, edges.cols)
        tensors = (q, k, v, *call.shared, out, grad, largest, inverse, along, grad_q, parts_TS, *rows)
        call.launch("by_query_backward", tensors, (edges.n_places,), BIAS_LEARNS=learns)
        keys = (edges.key_start, edges.rows, edges.entries)
        tensors = (q, k, v, *call.shared, grad, largest, inverse, along, grad_k, grad_v, *keys)
        call.launch("by_key_backward", tensors, ())
        return grad_q, grad_k, grad_v, parts_TS.sum(0) if learns else None, None, None


class _Call:
    """What the kernels of one layer are told besides their tensors."""

    def __init__(self, q_MBHND: Tensor, edges: _Edges, bias_S: Tensor | None, after: AfterSoftmax) -> None:
        n_models, n_samples, n_heads, n_tokens, width = q_MBHND.shape
        self.edges, self.after, self.has_bias = edges, after, bias_S is not None
        self.like, self.n_rows, self.n_samples = q_MBHND, n_models * n_tokens, n_samples
        self.kernels = importlib.import_module("hypomask.model.attention.triton_kernels")
        self.tile = min(SAMPLES_PER_PROGRAM, _power_of_2(n_samples))
        self.n_heads, self.n_tiles = n_heads, -(-n_samples // self.tile)
        self.lanes, self.width = _power_of_2(width), width
        strides = q_MBHND.stride()[:4]
        self.aligned = math.gcd(BYTES_AT_ONCE // q_MBHND.element_size(), *strides)
        strides = tuple(stride // self.aligned for stride in strides)
        self.numbers = (*strides, n_samples, n_tokens, self.n_rows, edges.head_rows, edges.head_entries)
        # Two numbers that a kernel's arguments would hold in float32 only, or make the device wait for.
        self.factor = q_MBHND.new_full((1,), 1 / (1 - after.dropout_p))
        self.seed = self.factor
        if after.dropout_p > 0:
            self.seed = torch.randint(2**62, (1,), generator=after.generator, device=q_MBHND.device)
        self.shared = (self.factor if bias_S is None else bias_S, self.seed, self.factor)

    def of_rows(self) -> Tensor:
        """Return room for a number per head, token and sample."""
        return self.like.new_empty(self.n_heads, self.n_rows, self.n_samples)

    def launch(self, kernel: str, tensors: tuple[Tensor, ...], more: tuple[int, ...], **switches: bool) -> None:
        """Run a kernel for all tokens, tiles of samples and heads."""
        warps = self.tile * self.lanes // (VALUES_PER_THREAD * THREADS_OF_A_WARP)  # a power of 2, or 0
        getattr(self.kernels, kernel)[(self.n_rows * self.n_heads, self.n_tiles)](
            *tensors,
            *self.numbers,
            *more,
            self.after.dropout_p,
            WIDTH=self.width,
            LANES=self.lanes,
            TILE=self.tile,
            HEADS=self.n_heads,
            ALIGNED=self.aligned,
            HAS_BIAS=self.has_bias,
            OWN_VALUE=self.after.own_value,
            DROPS=self.after.dropout_p > 0,
            **switches,
            num_warps=max(1, min(warps, MOST_WARPS)),
            enable_fp_fusion=True,  # Triton 3.9 warns of a new default where nothing is said
        )


def _laid_out_as(like: Tensor, x: Tensor) -> Tensor:
    return x if _lie_alike(x, like) else torch.empty_like(like).copy_(x)


def _lie_alike(one: Tensor, two: Tensor) -> bool:
    """Whether the same offsets lead to the same places: where there is one thing only, no step is ever taken."""
    return all(a == b for a, b, n in zip(one.stride(), two.stride(), one.shape, strict=True) if n > 1)


def _power_of_2(n: int) -> int:
    return 1 << (n - 1).bit_length()
