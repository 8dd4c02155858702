"""Dense back end: all pairs are computed, and those that are not allowed get a weight of exactly 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import pad, scaled_dot_product_attention

from hypomask.model.attention.layout import LayerLayout
from hypomask.model.attention.registry import AfterSoftmax, BackEnd, register

__all__ = ["DenseAttention"]

# Up to this many tokens plain matmul, softmax, matmul beat SDPA on a CPU (forward and backward, float32, one thread,
# B=64, 2 heads of 8: 0.7 against 0.9 ms at 20 tokens; 2.8 against 2.5 at 33; 62 against 27 ms at 200).
EXPLICIT_MAX_TOKENS = 32

# The CPU's SDPA works in vectors of 16 floats: heads of 8 widened by zeros take 27 instead of 47 ms (200 tokens, B=64,
# 2 heads) and 171 instead of 290 ms (500 tokens). Beyond 16, rounding up does not pay.
CPU_MIN_HEAD_WIDTH = 16

# CUDA kernels want head widths and rows of the mask to be multiples of this.
GPU_ALIGNMENT = 8

# cuDNN's SDPA is left out: its backward with a mask can give NaN on H100 and H200 since torch 2.11 (pytorch 196678).
_SDPA_KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]

_MaskMaker: TypeAlias = Callable[[LayerLayout, Tensor | None], Tensor]


@register
class DenseAttention(BackEnd):
    """SDPA with an additive mask of 0 and -inf; plain matrix products where those are faster or SDPA cannot."""

    name = "dense"

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
        on_cpu = q_BHND.device.type == "cpu"
        biased = bias_HE is not None and bias_HE.requires_grad
        # SDPA draws dropout from the global generator, and on a CPU it has no fast path for the bias's gradient.
        if after.dropout_p > 0 or (on_cpu and (biased or layout.n_tokens <= EXPLICIT_MAX_TOKENS)):
            return _explicit(q_BHND, k_BHND, v_BHND, _mask(layout, bias_HE, "mask", _additive_mask), after)
        heads, width = q_BHND.shape[1], q_BHND.shape[-1]
        if after.own_value:
            mask_HNM = _mask(layout, bias_HE, "mask", _additive_mask)
        else:
            mask_HNM = _mask(layout, bias_HE, "sink_mask", _sink_mask)
            q_BHND, k_BHND, v_BHND = _with_sink(q_BHND, k_BHND, v_BHND)
        wide = q_BHND.shape[-1]
        wide = max(wide, CPU_MIN_HEAD_WIDTH) if on_cpu else wide + -wide % GPU_ALIGNMENT
        q, k, v = (pad(x, (0, wide - x.shape[-1])) for x in (q_BHND, k_BHND, v_BHND))
        extra_keys = 0 if on_cpu else -k.shape[2] % GPU_ALIGNMENT
        if extra_keys:  # allowed to nobody
            k, v = pad(k, (0, 0, 0, extra_keys)), pad(v, (0, 0, 0, extra_keys))
            mask_HNM = pad(mask_HNM, (0, extra_keys), value=-math.inf)
        mask = mask_HNM[None].expand(len(q), heads, -1, -1)
        with sdpa_kernel(_SDPA_KERNELS):
            return scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1 / math.sqrt(width))[..., :width]


def _explicit(q_BHND: Tensor, k_BHND: Tensor, v_BHND: Tensor, mask_HNN: Tensor, after: AfterSoftmax) -> Tensor:
    logits_BHNN = q_BHND @ k_BHND.mT * (1 / math.sqrt(q_BHND.shape[-1])) + mask_HNN
    weights_BHNN = torch.softmax(logits_BHNN, -1)
    if not after.own_value:
        own_NN = torch.eye(weights_BHNN.shape[-1], dtype=torch.bool, device=weights_BHNN.device)
        weights_BHNN = weights_BHNN.masked_fill(own_NN, 0.0)
    if after.dropout_p > 0:
        weights_BHNN = weights_BHNN * after.kept(weights_BHNN)
    return weights_BHNN @ v_BHND


def _with_sink(q_BHND: Tensor, k_BHND: Tensor, v_BHND: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Add a key, last, that stands for every token's own: its logit is the token's own logit, its value is 0.

    The logit of the own key enters as one more feature of the query, which only the added key has.
    """
    own_logit_BHN1 = (q_BHND * k_BHND).sum(-1, keepdim=True)
    q_BHND = torch.cat([q_BHND, own_logit_BHN1], -1)
    sink_D = q_BHND.new_zeros(q_BHND.shape[-1])
    sink_D[-1] = 1
    k_BHND = torch.cat([pad(k_BHND, (0, 1)), sink_D.expand(*q_BHND.shape[:2], 1, -1)], 2)
    return q_BHND, k_BHND, pad(v_BHND, (0, 1, 0, 1))


def _mask(layout: LayerLayout, bias_HE: Tensor | None, name: str, make: _MaskMaker) -> Tensor:
    """Return `make`'s mask, kept in the layout unless it is learned."""
    if layout.learns_prior_strength:  # whether or not gradients are asked for now: it changes from step to step
        return make(layout, bias_HE)
    return layout.derived(f"dense {name}", lambda: make(layout, bias_HE))


def _additive_mask(layout: LayerLayout, bias_HE: Tensor | None) -> Tensor:
    """Return (H, N, N) or (1, N, N): the bias where a pair is allowed, -inf elsewhere."""
    n, pattern = layout.n_tokens, layout.pattern
    if bias_HE is None:
        bias_HE = torch.zeros(1, pattern.n_entries, dtype=layout.dtype, device=layout.device)
    if layout.allowed_HE is not None:
        bias_HE = bias_HE.masked_fill(~layout.allowed_HE, -math.inf)
    if not pattern.is_full:
        forbidden = torch.full((len(bias_HE), n * n), -math.inf, dtype=layout.dtype, device=layout.device)
        bias_HE = forbidden.index_copy(1, pattern.flat, bias_HE)
    return bias_HE.view(-1, n, n)


def _sink_mask(layout: LayerLayout, bias_HE: Tensor | None) -> Tensor:
    """Return (H, N, N + 1) or (1, N, N + 1): the mask with the diagonal moved to a last column."""
    mask_HNN = _additive_mask(layout, bias_HE)
    own_NN = torch.eye(layout.n_tokens, dtype=torch.bool, device=layout.device)
    own_HN1 = mask_HNN.diagonal(dim1=1, dim2=2)[..., None]
    return torch.cat([mask_HNN.masked_fill(own_NN, -math.inf), own_HN1], -1)
