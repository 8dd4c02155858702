"""Sparse back end: only allowed pairs are computed, by torch.sparse products and a backward written out by hand.

Heads and samples are copies of the pattern along one diagonal, so that one sampled product (SDDMM) gives the logits
of many samples and one CSR product mixes their values. Nothing of size N x N is ever made.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypomask.model.attention.layout import LayerLayout
from hypomask.model.attention.pattern import EdgePattern
from hypomask.model.attention.registry import AfterSoftmax, BackEnd, register

__all__ = ["SparseAttention"]

# Entries computed at once. On a CPU a chunk's logits then stay in the second-level cache: forward and backward of
# 1,000 tokens, degree 10, B=64, 2 heads of 16 take 49 ms in chunks of 2**16 entries and 136 ms in one piece.
_ENTRIES_PER_CHUNK = {"cpu": 2**16, "cuda": 2**24}


@register
class SparseAttention(BackEnd):
    """Attention over the edges of a pattern; time and memory grow with the edges."""

    name = "sparse"

    def unavailable(self, device: torch.device) -> str | None:
        """See `BackEnd.unavailable`."""
        return None if device.type in _ENTRIES_PER_CHUNK else "torch.sparse has no CSR products there"

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
        stack = layout.derived("head_stack", lambda: _HeadStack(layout))
        bias_S = None if bias_HE is None else layout.flatten(bias_HE)
        kept_BS = None if after.own_value else stack.others
        if after.dropout_p > 0:
            drawn_BS = after.kept(q_BHND.new_empty(len(q_BHND), stack.pattern.n_entries))
            kept_BS = drawn_BS if kept_BS is None else drawn_BS.mul_(kept_BS)
        out: Tensor = _SparseAttention.apply(q_BHND, k_BHND, v_BHND, bias_S, kept_BS, stack)  # type: ignore[no-untyped-call]
        return out


class _HeadStack:
    """The pattern of all heads of one sample along one diagonal: (H * N) tokens and S entries, heads in order."""

    def __init__(self, layout: LayerLayout) -> None:
        pattern = layout.pattern.repeat(layout.n_heads)
        self.pattern = pattern if layout.allowed_HE is None else pattern.restrict(layout.allowed_HE.flatten())
        self.dtype = layout.dtype
        limit = _ENTRIES_PER_CHUNK[layout.device.type]
        self.samples_per_chunk = max(1, limit // self.pattern.n_entries)
        self._chunks: dict[int, _Chunk] = {}

    @cached_property
    def others(self) -> Tensor:
        """(1, S) factors: 0 where a token reads itself, 1 elsewhere."""
        return (self.pattern.rows != self.pattern.cols).to(self.dtype)[None]

    def chunks(self, n_samples: int) -> Iterator[tuple[slice, _Chunk]]:
        """Yield slices of the batch with the structure that fits each; only the last may be smaller."""
        for start in range(0, n_samples, self.samples_per_chunk):
            size = min(self.samples_per_chunk, n_samples - start)
            if size not in self._chunks:
                self._chunks[size] = _Chunk.of(self.pattern, size, self.dtype)
            yield slice(start, start + size), self._chunks[size]


@dataclass(frozen=True, eq=False)
class _Chunk:
    """`pattern` of `size` samples along one diagonal, and the products of sparse and dense matrices over it.

    Dense arguments are (size * H * N, D), values of entries (size, S).
    """

    size: int
    pattern: EdgePattern
    by_query: EdgePattern
    by_key: EdgePattern
    row_start: Tensor
    nothing: Tensor

    @classmethod
    def of(cls, pattern: EdgePattern, size: int, dtype: torch.dtype) -> _Chunk:
        by_query, by_key = pattern.repeat(size), pattern.transpose.repeat(size)
        with warnings.catch_warnings():
            # torch says once per process that CSR tensors are in beta; here it has said so, to nobody.
            warnings.simplefilter("ignore", UserWarning)
            nothing = _csr(by_query, torch.zeros(by_query.n_entries, dtype=dtype, device=pattern.cols.device))
        return cls(size, pattern, by_query, by_key, by_query.row_start.long(), nothing)

    def products(self, rows: Tensor, cols: Tensor, scale: float = 1.0) -> Tensor:
        """Return ``scale * rows[i] . cols[j]`` for every entry (i, j)."""
        sampled: Tensor = torch.sparse.sampled_addmm(self.nothing, rows, cols.mT, beta=0.0, alpha=scale)
        return sampled.values().view(self.size, -1)

    def softmax_(self, logits: Tensor) -> Tensor:
        """Replace logits by attention weights. Every row has its diagonal entry, so its maximum is finite."""
        largest = self._per_row(logits, "max")
        weights = logits.sub_(self.to_entries(largest)).exp_()
        return weights.mul_(self.to_entries(self._per_row(weights, "sum").reciprocal_()))

    def mix_by_query(self, weights: Tensor, x: Tensor) -> Tensor:
        """Return for every row i the sum of ``weights[i, j] * x[j]``."""
        mixed: Tensor = _csr(self.by_query, weights.reshape(-1)) @ x
        return mixed

    def mix_by_key(self, weights: Tensor, x: Tensor) -> Tensor:
        """Return for every column j the sum of ``weights[i, j] * x[i]``."""
        reordered = weights.index_select(1, self.pattern.by_key)
        mixed: Tensor = _csr(self.by_key, reordered.view(-1)) @ x
        return mixed

    def to_entries(self, per_row: Tensor) -> Tensor:
        """Spread one value per row over the row's entries."""
        return per_row.view(self.size, -1).index_select(1, self.pattern.rows)

    def _per_row(self, values: Tensor, reduce: str) -> Tensor:
        # segment_reduce goes row by row in order: the same sums every time, on a GPU too (scatter_add is not).
        return torch.segment_reduce(values.view(-1), reduce, offsets=self.row_start, axis=0, unsafe=True)


def _csr(pattern: EdgePattern, values: Tensor) -> Tensor:
    shape = (pattern.n_tokens, pattern.n_tokens)
    return torch.sparse_csr_tensor(pattern.row_start, pattern.cols, values, shape, check_invariants=False)


class _SparseAttention(torch.autograd.Function):
    """Saves the attention weights of entries; the backward makes three more products by query and two by key."""

    @staticmethod
    def forward(
        ctx: Any,
        q_BHND: Tensor,
        k_BHND: Tensor,
        v_BHND: Tensor,
        bias_S: Tensor | None,
        kept_BS: Tensor | None,
        stack: _HeadStack,
    ) -> Tensor:
        q, k, v = (x.flatten(1, 2).contiguous() for x in (q_BHND, k_BHND, v_BHND))  # (B, H * N, D)
        scale = 1 / math.sqrt(q.shape[-1])
        out = torch.empty_like(v)
        weights_BS = q.new_empty(len(q), stack.pattern.n_entries)
        for part, chunk in stack.chunks(len(q)):
            logits = chunk.products(q[part].flatten(0, 1), k[part].flatten(0, 1), scale)
            if bias_S is not None:
                logits.add_(bias_S)
            weights = weights_BS[part] = chunk.softmax_(logits)
            used = weights if kept_BS is None else weights * kept_BS.expand_as(weights_BS)[part]
            out[part] = chunk.mix_by_query(used, v[part].flatten(0, 1)).view_as(out[part])
        ctx.save_for_backward(q, k, v, out, weights_BS, kept_BS)
        ctx.stack, ctx.scale = stack, scale
        return out.view(v_BHND.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BHND: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, out, weights_BS, kept_BS = ctx.saved_tensors
        stack, scale = ctx.stack, ctx.scale
        grad = grad_BHND.flatten(1, 2).contiguous()
        grad_q, grad_k, grad_v = (torch.empty_like(x) for x in (q, k, v))
        grad_bias_S = q.new_zeros(stack.pattern.n_entries) if ctx.needs_input_grad[3] else None
        # sum_j weight_ij * (grad_i . v_j) = grad_i . out_i, dropped weights included: no pass over entries needed.
        along_out = (grad * out).sum(-1)
        for part, chunk in stack.chunks(len(q)):
            q_, k_, v_, grad_ = (x[part].flatten(0, 1) for x in (q, k, v, grad))
            weights = used = weights_BS[part]
            grad_logits = chunk.products(grad_, v_)
            if kept_BS is not None:
                kept = kept_BS.expand_as(weights_BS)[part]
                used = weights * kept
                grad_logits.mul_(kept)
            grad_logits.sub_(chunk.to_entries(along_out[part])).mul_(weights)
            if grad_bias_S is not None:
                grad_bias_S += grad_logits.sum(0)
            grad_v[part] = chunk.mix_by_key(used, grad_).view_as(grad_v[part])
            grad_q[part] = chunk.mix_by_query(grad_logits, k_).view_as(grad_q[part])
            grad_k[part] = chunk.mix_by_key(grad_logits, q_).view_as(grad_k[part])
        shape = grad_BHND.shape
        grad_q, grad_k = grad_q.mul_(scale).view(shape), grad_k.mul_(scale).view(shape)
        return grad_q, grad_k, grad_v.view(shape), grad_bias_S, None, None
