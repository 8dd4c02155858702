"""Dense back end: all pairs are computed and those that are not allowed get a weight of exactly 0."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import pad, scaled_dot_product_attention

from hypomask.model.attention.layout import LayerLayout
from hypomask.model.attention.registry import BackEnd, register

__all__ = ["DenseAttention"]

# Below this many tokens plain matmul, softmax, matmul beat SDPA on a CPU (forward and backward, float32, one thread,
# B=64, 2 heads of 8: 0.77 against 0.98 ms at 20 tokens; 5.7 against 5.0 ms at 60; 70 against 37 ms at 200).
EXPLICIT_MAX_TOKENS = 32

# The CPU's SDPA works in vectors of 16 floats: heads of 8 widened by zeros take 27 instead of 47 ms (200 tokens, B=64,
# 2 heads) and 171 instead of 290 ms (500 tokens). Widths above 16 that are no multiple of it do not gain.
CPU_HEAD_WIDTH = 16

# cuDNN's SDPA is left out: its backward with a mask can give NaN on H100 and H200 since torch 2.11 (pytorch 196678).
_SDPA_KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


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
        dropout_p: float,
        generator: torch.Generator | None,
    ) -> Tensor:
        """See `BackEnd.attend`."""
        bias_HNN = _dense_bias(layout, bias_HE)
        # SDPA draws dropout from the global generator, and on a CPU it has no fast path for the bias's gradient.
        by_hand = dropout_p > 0 or (
            q_BHND.device.type == "cpu" and (layout.n_tokens <= EXPLICIT_MAX_TOKENS or bias_HNN.requires_grad)
        )
        if by_hand:
            return _explicit(q_BHND, k_BHND, v_BHND, bias_HNN, dropout_p, generator)
        with sdpa_kernel(_SDPA_KERNELS):
            sdpa = _sdpa_on_cpu if q_BHND.device.type == "cpu" else _sdpa_on_gpu
            return sdpa(q_BHND, k_BHND, v_BHND, bias_HNN)


def _explicit(
    q_BHND: Tensor,
    k_BHND: Tensor,
    v_BHND: Tensor,
    bias_HNN: Tensor,
    dropout_p: float,
    generator: torch.Generator | None,
) -> Tensor:
    logits_BHNN = q_BHND @ k_BHND.mT * (1 / math.sqrt(q_BHND.shape[-1])) + bias_HNN
    weights_BHNN = torch.softmax(logits_BHNN, -1)
    if dropout_p > 0:
        kept_BHNN = torch.empty_like(weights_BHNN).bernoulli_(1 - dropout_p, generator=generator)
        weights_BHNN = weights_BHNN * kept_BHNN / (1 - dropout_p)
    return weights_BHNN @ v_BHND


def _dense_bias(layout: LayerLayout, bias_HE: Tensor | None) -> Tensor:
    """Return (H, N, N) or (1, N, N): the bias where a pair is allowed, -inf elsewhere."""
    if bias_HE is None:
        return layout.derived("dense_mask", lambda: _scatter(layout, None))
    if bias_HE.requires_grad:
        return _scatter(layout, bias_HE)
    return layout.derived("dense_bias", lambda: _scatter(layout, bias_HE))


def _scatter(layout: LayerLayout, bias_HE: Tensor | None) -> Tensor:
    n, pattern = layout.n_tokens, layout.pattern
    if bias_HE is None:
        bias_HE = torch.zeros(1, pattern.n_entries, dtype=layout.dtype, device=layout.device)
    if layout.allowed_HE is not None:
        bias_HE = bias_HE.masked_fill(~layout.allowed_HE, -math.inf)
    if not pattern.is_full:
        forbidden = torch.full((len(bias_HE), n * n), -math.inf, dtype=layout.dtype, device=layout.device)
        bias_HE = forbidden.index_copy(1, pattern.flat, bias_HE)
    return bias_HE.view(-1, n, n)


def _sdpa_on_cpu(q_BHND: Tensor, k_BHND: Tensor, v_BHND: Tensor, bias_HNN: Tensor) -> Tensor:
    width = q_BHND.shape[-1]
    if width < CPU_HEAD_WIDTH:
        zeros = (0, CPU_HEAD_WIDTH - width)
        q_BHND, k_BHND, v_BHND = pad(q_BHND, zeros), pad(k_BHND, zeros), pad(v_BHND, zeros)
    scale = 1 / math.sqrt(width)
    out_BHND = scaled_dot_product_attention(q_BHND, k_BHND, v_BHND, attn_mask=bias_HNN[None], scale=scale)
    return out_BHND[..., :width]


def _sdpa_on_gpu(q_BHND: Tensor, k_BHND: Tensor, v_BHND: Tensor, bias_HNN: Tensor) -> Tensor:
    extra = -k_BHND.shape[2] % 8
    if extra:
        # Kernels want rows of the mask to be a multiple of 8 long; the keys added here are never read.
        keys = (0, 0, 0, extra)
        k_BHND, v_BHND, bias_HNN = pad(k_BHND, keys), pad(v_BHND, keys), pad(bias_HNN, (0, extra), value=-math.inf)
    return scaled_dot_product_attention(q_BHND, k_BHND, v_BHND, attn_mask=bias_HNN[None])
