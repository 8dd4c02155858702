"""The pass over the samples as measured: everything that an intervention may leave as it is."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.network import LayerNumbers, Network

__all__ = [
    "VALUES_AT_ONCE",
    "MeasuredInner",
    "MeasuredLast",
    "MeasuredPass",
    "by_head",
    "by_width",
    "heads_apart",
    "measured_pass",
    "products",
    "pulls",
    "row_largest",
    "row_sums",
]

# Values of one array that is computed at once. Arrays of 4 MB stay in the second- and third-level caches, and below
# the size from which malloc asks the system for fresh pages each time.
VALUES_AT_ONCE = 1 << 19


@dataclass(frozen=True, eq=False)
class MeasuredInner:
    """A layer whose states are read by another one. Weights are before division by their sum.

    Parameters
    ----------
    h_NDB, q_NDB, k_NDB, v_NDB, own_NDB
        States; their queries, keys, values, and own side of the gate.
    weight_EHB, largest_NHB, total_NHB
        ``exp(logit - largest)`` of every pair, the largest logit of its reader, and the sum over the reader's pairs.
    heard_NDB
        Weighted sums of values, the own value left out.
    added_NKB
        What each token's gated message adds to the linear predictor.
    """

    h_NDB: Tensor
    q_NDB: Tensor
    k_NDB: Tensor
    v_NDB: Tensor
    own_NDB: Tensor
    weight_EHB: Tensor
    largest_NHB: Tensor
    total_NHB: Tensor
    heard_NDB: Tensor
    added_NKB: Tensor


@dataclass(frozen=True, eq=False)
class MeasuredLast:
    """The last layer. What tokens read of each other is a number here: what it adds to an output.

    An axis S is samples x heads, sample by sample; queries and the like are (S * N, head width), see `heads_apart`.

    Parameters
    ----------
    q, k, v
        Queries, keys and values.
    pull
        Of each output: what a unit of what the heads heard adds to it.
    weight_ES, largest_NS, total_NS
        As in `MeasuredInner`.
    term_EKS, sum_NKS
        ``pull of the reader . value of the read`` (without meaning for a token's own pair), and its weighted sums, own
        pairs left out.
    added_NKB
        What each token adds to the linear predictor.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    pull: tuple[Tensor, ...]
    weight_ES: Tensor
    largest_NS: Tensor
    total_NS: Tensor
    term_EKS: Tensor
    sum_NKS: Tensor
    added_NKB: Tensor


@dataclass(frozen=True, eq=False)
class MeasuredPass:
    """All layers, for some samples."""

    inner: tuple[MeasuredInner, ...]
    last: MeasuredLast


@torch.no_grad()
def measured_pass(network: Network, x_GCB: Tensor) -> MeasuredPass:
    """Compute all layers for standardised measurements (G, C, B) in the network's precision."""
    h_NDB = network.initial(x_GCB)
    inner = []
    for graph, numbers in zip(network.graphs[:-1], network.layers[:-1], strict=True):
        layer = _inner(graph, numbers, h_NDB, network.n_heads)
        inner.append(layer)
        heard_NDB = layer.heard_NDB / by_width(layer.total_NHB, layer.heard_NDB)
        gated_NDB = layer.own_NDB * (numbers.heard_DD @ heard_NDB)
        h_NDB = h_NDB + numbers.state_heard_DD @ heard_NDB + numbers.state_gated_DD @ gated_NDB
    last = _last(network.graphs[-1], network.layers[-1], h_NDB, network.n_heads)
    return MeasuredPass(tuple(inner), last)


def by_head(x_RDB: Tensor, n_heads: int) -> Tensor:
    """Return (R, H, D / H, B)."""
    n_rows, width, n_batch = x_RDB.shape
    return x_RDB.view(n_rows, n_heads, width // n_heads, n_batch)


def by_width(x_RHB: Tensor, like_RDB: Tensor) -> Tensor:
    """Repeat one number per head for each of its widths: (R, D, B)."""
    return x_RHB.repeat_interleave(like_RDB.shape[1] // x_RHB.shape[1], dim=1)


def heads_apart(x_RDB: Tensor, n_heads: int) -> Tensor:
    """Return (S * R, D / H): row ``(b * H + h) * R + r`` is what head h of token r is in sample b."""
    apart_BHRD = by_head(x_RDB, n_heads).permute(3, 1, 0, 2)
    return apart_BHRD.reshape(-1, apart_BHRD.shape[3])


def row_sums(values: Tensor, start: Tensor) -> Tensor:
    """Return sums of consecutive entries along the first axis; 0 where a range is empty."""
    if len(values) == len(start) - 1 and bool((start.diff() == 1).all()):
        return values
    return torch.segment_reduce(values.contiguous(), "sum", offsets=start, axis=0, unsafe=True, initial=0)


def row_largest(values: Tensor, start: Tensor) -> Tensor:
    """Return the largest of consecutive entries along the first axis; -inf where a range is empty."""
    if len(values) == len(start) - 1 and bool((start.diff() == 1).all()):
        return values
    return torch.segment_reduce(values, "max", offsets=start, axis=0, unsafe=True, initial=-math.inf)


def products(left: Tensor, right: Tensor, start: Index, cols: Index, n_right: int) -> Tensor:
    """Return (Q, S): for entry q of row r, ``left_r . right_cols[q]`` in each sample and head.

    Nothing of the size entries x width is ever made: the products of all samples and heads are one sampled product of
    two matrices, along one diagonal (five times as fast as gathering both sides and multiplying).

    Parameters
    ----------
    left, right
        (S * R, width) and (S * N, width), as from `heads_apart`.
    start, cols
        Rows of entries of one sample and head: (R + 1,) and (Q,).
    """
    n_rows, n_entries = len(start) - 1, len(cols)
    n_copies = len(left) // max(n_rows, 1)
    if not n_entries:
        return left.new_zeros(0, len(right) // max(n_right, 1))
    copies = torch.arange(n_copies, dtype=torch.int32)[:, None]
    offsets = torch.from_numpy(start.astype(np.int32))
    row_start = torch.cat([offsets[:1], (copies * n_entries + offsets[1:]).flatten()])
    places = (copies * n_right + torch.from_numpy(cols.astype(np.int32))).flatten()
    with warnings.catch_warnings():
        # torch says once per process that CSR tensors are in beta; here it has said so, to nobody.
        warnings.simplefilter("ignore", UserWarning)
        pattern = torch.sparse_csr_tensor(
            row_start, places, left.new_zeros(len(places)), (len(left), len(right)), check_invariants=False
        )
    sampled: Tensor = torch.sparse.sampled_addmm(pattern, left, right.mT, beta=0.0)
    return sampled.values().view(n_copies, n_entries).T.contiguous()


def _inner(graph: LayerGraph, numbers: LayerNumbers, h_NDB: Tensor, n_heads: int) -> MeasuredInner:
    q, k, v, own = (matrix @ h_NDB for matrix in (numbers.query_DD, numbers.key_DD, numbers.value_DD, numbers.own_DD))
    n_batch = h_NDB.shape[2]
    weight = h_NDB.new_empty(graph.n_pairs, n_heads, n_batch)
    largest = h_NDB.new_empty(graph.n_tokens, n_heads, n_batch)
    total, heard = torch.empty_like(largest), torch.empty_like(h_NDB)
    for part in _parts(graph, h_NDB.shape[1] * n_batch):
        logit = by_head(k[part.cols] * q[part.readers][part.rows], n_heads).sum(2)
        logit += numbers.bias_EH[part.pairs, :, None]
        top = row_largest(logit, part.start)
        used = (logit - top[part.rows]).exp()
        largest[part.readers], weight[part.pairs], total[part.readers] = top, used, row_sums(used, part.start)
        others = by_width(used * part.is_other[:, None, None], v)
        heard[part.readers] = row_sums(others * v[part.cols], part.start)
    gated = own * (numbers.heard_DD @ (heard / by_width(total, heard)))
    added = numbers.readout_NFK.mT @ gated
    return MeasuredInner(h_NDB, q, k, v, own, weight, largest, total, heard, added)


def _last(graph: LayerGraph, numbers: LayerNumbers, h_NDB: Tensor, n_heads: int) -> MeasuredLast:
    n, n_batch, n_outputs = len(h_NDB), h_NDB.shape[2], numbers.readout_NFK.shape[2]
    q, k, v = (heads_apart(matrix @ h_NDB, n_heads) for matrix in (numbers.query_DD, numbers.key_DD, numbers.value_DD))
    tokens = torch.arange(n)
    pull = pulls(numbers, numbers.own_DD @ h_NDB, tokens, n_heads)
    n_copies = n_batch * n_heads
    weight = h_NDB.new_empty(graph.n_pairs, n_copies)
    term = h_NDB.new_empty(graph.n_pairs, n_outputs, n_copies)
    largest, total = h_NDB.new_empty(n, n_copies), h_NDB.new_empty(n, n_copies)
    sums = h_NDB.new_empty(n, n_outputs, n_copies)
    logits = products(q, k, graph.start, graph.cols, n)
    for output in range(n_outputs):
        term[:, output] = products(pull[output], v, graph.start, graph.cols, n)
    for part in _parts(graph, n_copies * n_outputs):
        logit = logits[part.pairs] + numbers.bias_EH[part.pairs].repeat(1, n_batch)
        top = row_largest(logit, part.start)
        used = (logit - top[part.rows]).exp()
        largest[part.readers], weight[part.pairs], total[part.readers] = top, used, row_sums(used, part.start)
        others = (used * part.is_other[:, None])[:, None]
        sums[part.readers] = row_sums(others * term[part.pairs], part.start)
    added = (sums / total[:, None]).view(n, n_outputs, n_batch, n_heads).sum(3)
    return MeasuredLast(q, k, v, pull, weight, largest, total, term, sums, added)


def pulls(numbers: LayerNumbers, own_RDB: Tensor, tokens: Tensor, n_heads: int) -> tuple[Tensor, ...]:
    """Return, by output, what a unit of what each head of `tokens` heard adds to it, as from `heads_apart`."""
    readout_RFK = numbers.readout_NFK[tokens]
    return tuple(
        heads_apart(numbers.heard_DD.T @ (readout_RFK[:, :, output, None] * own_RDB), n_heads)
        for output in range(readout_RFK.shape[2])
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Consecutive readers with all their pairs: rows count from the part's first reader."""

    readers: slice
    pairs: slice
    rows: Tensor
    cols: Tensor
    start: Tensor
    is_other: Tensor


def _parts(graph: LayerGraph, values_per_pair: int) -> Iterator[_Part]:
    """Cut a layer into parts of not too many pairs."""
    most = max(1, VALUES_AT_ONCE // max(values_per_pair, 1))
    first = 0
    while first < graph.n_tokens:
        stop = int(np.searchsorted(graph.start, graph.start[first] + most, side="right")) - 1
        stop = min(max(stop, first + 1), graph.n_tokens)
        pairs = slice(int(graph.start[first]), int(graph.start[stop]))
        rows, cols = torch.from_numpy(graph.rows[pairs]), torch.from_numpy(graph.cols[pairs])
        start = torch.from_numpy(graph.start[first : stop + 1] - graph.start[first])
        yield _Part(slice(first, stop), pairs, rows - first, cols, start, rows != cols)
        first = stop
