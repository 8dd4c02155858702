"""Triton kernels of attention along the edges of a pattern: one pass by query, and by query and by key backward.

Imported only where Triton is, and where its kernels can run: on CUDA, or in Triton's interpreter. A program treats one
token of one head in a tile of samples and goes along that token's entries in order, so that every number is written by
one program, in one order: no atomics, the same bits every time.

Tokens of stacked models follow each other: token t is token ``t % n_tokens`` of model ``t // n_tokens``. Queries, keys,
values, results and their gradients all lie in memory in the same way (`stride_m`, `stride_b`, `stride_h`, `stride_n`;
features side by side). What belongs to a (head, token, sample) is stored in that order.

Programs that run at the same time treat all heads of neighbouring tokens, whose values lie in the same lines of memory.
Strides are told in multiples of ALIGNED values: only then does the compiler know that it may load as many at once.
Numbers are not specialised on: a stack has other sizes whenever a member leaves, and would be compiled for each.

Softmax is kept as its largest logit and the inverse of its sum, not as their logarithm together: of logits of 1e8 a
float32 would lose the sum.
"""

# Triton reads annotations and types by itself, and knows nothing of mypy's.
# mypy: ignore-errors

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["by_key_backward", "by_query_backward", "by_query_forward"]

NUMBERS = [
    *("stride_m", "stride_b", "stride_h", "stride_n"),
    *("n_samples", "n_tokens", "n_rows", "head_rows", "head_entries"),
]


@triton.jit
def _lanes(token, head, samples, features, n_tokens, stride_m, stride_b, stride_h, stride_n, ALIGNED: tl.constexpr):
    """Places (samples, features) from which those of a token of the same model are `_away` from each other."""
    model = (token // n_tokens).to(tl.int64)
    first = model * stride_m - model * n_tokens * stride_n + head.to(tl.int64) * stride_h
    return (first + samples.to(tl.int64)[:, None] * stride_b) * ALIGNED + features[None, :]


@triton.jit
def _away(token, stride_n, ALIGNED: tl.constexpr):
    """How far a token is from the first of its model."""
    return token.to(tl.int64) * stride_n * ALIGNED


@triton.jit
def _kept(place, samples, n_samples, seed, dropped, factor):
    """Factors (samples) of dropout, from seed, head, entry and sample alone, so that the backward draws the same."""
    drawn = tl.rand(tl.load(seed), place * n_samples + samples)
    return tl.where(drawn >= dropped, tl.load(factor), 0.0)


@triton.jit(do_not_specialize=NUMBERS)
def by_query_forward(
    q, k, v, bias, seed, factor, out, largest, inverse, row_start, cols,
    stride_m, stride_b, stride_h, stride_n, n_samples, n_tokens, n_rows, head_rows, head_entries, dropped,
    WIDTH: tl.constexpr, LANES: tl.constexpr, TILE: tl.constexpr, HEADS: tl.constexpr, ALIGNED: tl.constexpr,
    HAS_BIAS: tl.constexpr, OWN_VALUE: tl.constexpr, DROPS: tl.constexpr,
):  # fmt: skip
    """Write what a token hears, and of its softmax the largest logit and the inverse of the sum."""
    token, head = tl.program_id(0) // HEADS, tl.program_id(0) % HEADS
    samples = tl.program_id(1) * TILE + tl.arange(0, TILE)
    features = tl.arange(0, LANES)
    there = (samples < n_samples)[:, None] & (features < WIDTH)[None, :]
    lanes = _lanes(token, head, samples, features, n_tokens, stride_m, stride_b, stride_h, stride_n, ALIGNED)
    own = lanes + _away(token, stride_n, ALIGNED)
    q_token = tl.load(q + own, mask=there, other=0.0)
    q_token = q_token / tl.sqrt(tl.full([1, 1], WIDTH, q_token.dtype))
    top = tl.full([TILE], float("-inf"), q_token.dtype)
    total = tl.zeros([TILE], q_token.dtype)
    mixed = tl.zeros([TILE, LANES], q_token.dtype)
    start = row_start + head * head_rows + token
    for entry in range(tl.load(start), tl.load(start + 1)):
        key = tl.load(cols + entry)
        place = head.to(tl.int64) * head_entries + entry
        other = lanes + _away(key, stride_n, ALIGNED)
        logit = tl.sum(q_token * tl.load(k + other, mask=there, other=0.0), 1)
        if HAS_BIAS:
            logit += tl.load(bias + place)
        higher = tl.maximum(top, logit)
        before, weight = tl.exp(top - higher), tl.exp(logit - higher)
        total = total * before + weight
        used = weight
        if DROPS:
            used = used * _kept(place, samples, n_samples, seed, dropped, factor)
        if not OWN_VALUE:
            used = tl.where(key == token, 0.0, used)
        mixed = mixed * before[:, None] + used[:, None] * tl.load(v + other, mask=there, other=0.0)
        top = higher
    tl.store(out + own, mixed / total[:, None], mask=there)
    of_row = (head.to(tl.int64) * n_rows + token) * n_samples + samples
    tl.store(largest + of_row, top, mask=samples < n_samples)
    tl.store(inverse + of_row, 1.0 / total, mask=samples < n_samples)


@triton.jit(do_not_specialize=[*NUMBERS, "n_places"])
def by_query_backward(
    q, k, v, bias, seed, factor, out, grad, largest, inverse, along, grad_q, grad_bias, row_start, cols,
    stride_m, stride_b, stride_h, stride_n, n_samples, n_tokens, n_rows, head_rows, head_entries, n_places, dropped,
    WIDTH: tl.constexpr, LANES: tl.constexpr, TILE: tl.constexpr, HEADS: tl.constexpr, ALIGNED: tl.constexpr,
    HAS_BIAS: tl.constexpr, BIAS_LEARNS: tl.constexpr, OWN_VALUE: tl.constexpr, DROPS: tl.constexpr,
):  # fmt: skip
    """Write the gradients of queries, of biases (a part for each tile of samples), and grad . out of each token.

    The sum over entries of weight * (grad . value) is grad . out, dropped weights included: no pass for it is needed.
    """
    token, head = tl.program_id(0) // HEADS, tl.program_id(0) % HEADS
    samples = tl.program_id(1) * TILE + tl.arange(0, TILE)
    features = tl.arange(0, LANES)
    known = samples < n_samples
    there = known[:, None] & (features < WIDTH)[None, :]
    lanes = _lanes(token, head, samples, features, n_tokens, stride_m, stride_b, stride_h, stride_n, ALIGNED)
    own = lanes + _away(token, stride_n, ALIGNED)
    q_token = tl.load(q + own, mask=there, other=0.0)
    root = tl.sqrt(tl.full([1, 1], WIDTH, q_token.dtype))
    q_token = q_token / root
    grad_token = tl.load(grad + own, mask=there, other=0.0)
    of_row = (head.to(tl.int64) * n_rows + token) * n_samples + samples
    top = tl.load(largest + of_row, mask=known, other=0.0)
    share = tl.load(inverse + of_row, mask=known, other=0.0)
    grad_out = tl.sum(grad_token * tl.load(out + own, mask=there, other=0.0), 1)
    tl.store(along + of_row, grad_out, mask=known)
    summed = tl.zeros([TILE, LANES], q_token.dtype)
    start = row_start + head * head_rows + token
    for entry in range(tl.load(start), tl.load(start + 1)):
        key = tl.load(cols + entry)
        place = head.to(tl.int64) * head_entries + entry
        other = lanes + _away(key, stride_n, ALIGNED)
        k_key = tl.load(k + other, mask=there, other=0.0)
        logit = tl.sum(q_token * k_key, 1)
        if HAS_BIAS:
            logit += tl.load(bias + place)
        weight = tl.exp(logit - top) * share
        grad_weight = tl.sum(grad_token * tl.load(v + other, mask=there, other=0.0), 1)
        if DROPS:
            grad_weight = grad_weight * _kept(place, samples, n_samples, seed, dropped, factor)
        if not OWN_VALUE:
            grad_weight = tl.where(key == token, 0.0, grad_weight)
        grad_logit = tl.where(known, weight * (grad_weight - grad_out), 0.0)
        summed += grad_logit[:, None] * k_key
        if BIAS_LEARNS:
            tl.store(grad_bias + tl.program_id(1).to(tl.int64) * n_places + place, tl.sum(grad_logit, 0))
    tl.store(grad_q + own, summed / root, mask=there)


@triton.jit(do_not_specialize=NUMBERS)
def by_key_backward(
    q, k, v, bias, seed, factor, grad, largest, inverse, along, grad_k, grad_v, key_start, rows, entries,
    stride_m, stride_b, stride_h, stride_n, n_samples, n_tokens, n_rows, head_rows, head_entries, dropped,
    WIDTH: tl.constexpr, LANES: tl.constexpr, TILE: tl.constexpr, HEADS: tl.constexpr, ALIGNED: tl.constexpr,
    HAS_BIAS: tl.constexpr, OWN_VALUE: tl.constexpr, DROPS: tl.constexpr,
):  # fmt: skip
    """Write the gradients of keys and values, along the transposed pattern."""
    key, head = tl.program_id(0) // HEADS, tl.program_id(0) % HEADS
    samples = tl.program_id(1) * TILE + tl.arange(0, TILE)
    features = tl.arange(0, LANES)
    known = samples < n_samples
    there = known[:, None] & (features < WIDTH)[None, :]
    lanes = _lanes(key, head, samples, features, n_tokens, stride_m, stride_b, stride_h, stride_n, ALIGNED)
    own = lanes + _away(key, stride_n, ALIGNED)
    k_key = tl.load(k + own, mask=there, other=0.0)
    k_key = k_key / tl.sqrt(tl.full([1, 1], WIDTH, k_key.dtype))
    v_key = tl.load(v + own, mask=there, other=0.0)
    summed_k = tl.zeros([TILE, LANES], k_key.dtype)
    summed_v = tl.zeros([TILE, LANES], k_key.dtype)
    start = key_start + head * head_rows + key
    for turned in range(tl.load(start), tl.load(start + 1)):
        token = tl.load(rows + turned)
        place = head.to(tl.int64) * head_entries + tl.load(entries + turned)
        other = lanes + _away(token, stride_n, ALIGNED)
        q_token = tl.load(q + other, mask=there, other=0.0)
        grad_token = tl.load(grad + other, mask=there, other=0.0)
        logit = tl.sum(q_token * k_key, 1)
        if HAS_BIAS:
            logit += tl.load(bias + place)
        of_row = (head.to(tl.int64) * n_rows + token) * n_samples + samples
        top = tl.load(largest + of_row, mask=known, other=0.0)
        weight = tl.exp(logit - top) * tl.load(inverse + of_row, mask=known, other=0.0)
        used, grad_weight = weight, tl.sum(grad_token * v_key, 1)
        if DROPS:
            kept = _kept(place, samples, n_samples, seed, dropped, factor)
            used, grad_weight = used * kept, grad_weight * kept
        if not OWN_VALUE:
            used, grad_weight = tl.where(key == token, 0.0, used), tl.where(key == token, 0.0, grad_weight)
        grad_logit = weight * (grad_weight - tl.load(along + of_row, mask=known, other=0.0))
        summed_k += grad_logit[:, None] * q_token
        summed_v += used[:, None] * grad_token
    root = tl.sqrt(tl.full([1, 1], WIDTH, k_key.dtype))
    tl.store(grad_k + own, summed_k / root, mask=there)
    tl.store(grad_v + own, summed_v, mask=there)
