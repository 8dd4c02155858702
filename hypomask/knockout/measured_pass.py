"""The pass over the samples as measured: everything that an intervention may leave as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hypomask.knockout.graph import LayerGraph
from hypomask.knockout.network import LayerNumbers, Network

__all__ = ["VALUES_AT_ONCE", "MeasuredLayer", "by_head", "by_width", "measured_pass", "row_sums"]

# A term that is more than this share of its sum is not taken off it: what is left would have lost a digit or more.
MOST_OF_A_SUM = 0.9

# Values of one array that is computed at once. Arrays of 4 MB stay in the second- and third-level caches, and below
# the size from which malloc asks the system for fresh pages each time.
VALUES_AT_ONCE = 1 << 19


@dataclass(frozen=True, eq=False)
class MeasuredLayer:
    """One layer of the pass. Weights are before division by their sum.

    Parameters
    ----------
    h_NDB, q_NDB, k_NDB, v_NDB, own_NDB
        States; their queries, keys, values, and own side of the gate.
    weight_EHB, largest_NHB, total_NHB
        ``exp(logit - largest)`` of every pair, the largest logit of its reader, and the sum over the reader's pairs.
    heard_NDB
        Weighted sums of values, the own value left out. None in the last layer.
    pull_NKDB
        What a unit of the heads' output adds to each output of the model. Last layer only.
    term_EKHB
        ``pull of the reader . value of the read``, by head; without meaning for a token's own pair. Last layer only.
    sum_NKHB
        Weighted sums of `term_EKHB`, own pairs left out. Last layer only.
    added_NKB
        What each token's gated message adds to the linear predictor.
    dominant_E
        (E,) whether the pair is too much of its reader's sum, in any head or sample, to be taken off.
    """

    h_NDB: Tensor
    q_NDB: Tensor
    k_NDB: Tensor
    v_NDB: Tensor
    own_NDB: Tensor
    weight_EHB: Tensor
    largest_NHB: Tensor
    total_NHB: Tensor
    heard_NDB: Tensor | None
    pull_NKDB: Tensor | None
    term_EKHB: Tensor | None
    sum_NKHB: Tensor | None
    added_NKB: Tensor
    dominant_E: Tensor


def measured_pass(network: Network, x_GCB: Tensor) -> tuple[MeasuredLayer, ...]:
    """Compute all layers for standardised measurements (G, C, B) in the network's precision."""
    h_NDB = network.initial(x_GCB)
    layers = []
    for number, (graph, numbers) in enumerate(zip(network.graphs, network.layers, strict=True)):
        last = number == len(network.layers) - 1
        layer = _layer(graph, numbers, h_NDB, network.n_heads, last=last)
        layers.append(layer)
        if not last and layer.heard_NDB is not None:
            heard_NDB = layer.heard_NDB / by_width(layer.total_NHB, layer.heard_NDB)
            gated_NDB = layer.own_NDB * (numbers.heard_DD @ heard_NDB)
            h_NDB = h_NDB + numbers.state_heard_DD @ heard_NDB + numbers.state_gated_DD @ gated_NDB
    return tuple(layers)


def by_head(x_RDB: Tensor, n_heads: int) -> Tensor:
    """Return (R, H, D / H, B)."""
    n_rows, width, n_batch = x_RDB.shape
    return x_RDB.view(n_rows, n_heads, width // n_heads, n_batch)


def by_width(x_RHB: Tensor, like_RDB: Tensor) -> Tensor:
    """Repeat one number per head for each of its widths: (R, D, B)."""
    return x_RHB.repeat_interleave(like_RDB.shape[1] // x_RHB.shape[1], dim=1)


def row_sums(values: Tensor, start: Tensor) -> Tensor:
    """Return sums of consecutive entries along the first axis; no range is empty."""
    return torch.segment_reduce(values.contiguous(), "sum", offsets=start, axis=0, unsafe=True)


def _layer(graph: LayerGraph, numbers: LayerNumbers, h_NDB: Tensor, n_heads: int, *, last: bool) -> MeasuredLayer:
    q, k, v, own = (matrix @ h_NDB for matrix in (numbers.query_DD, numbers.key_DD, numbers.value_DD, numbers.own_DD))
    rows, cols, start = (torch.from_numpy(part) for part in (graph.rows, graph.cols, graph.start))
    n_batch, n_outputs = h_NDB.shape[2], numbers.readout_NFK.shape[2]
    weight = h_NDB.new_empty(graph.n_pairs, n_heads, n_batch)
    largest = h_NDB.new_empty(graph.n_tokens, n_heads, n_batch)
    total = torch.empty_like(largest)
    dominant = torch.zeros(graph.n_pairs, dtype=torch.bool)
    term = h_NDB.new_empty(graph.n_pairs, n_outputs, n_heads, n_batch) if last else None
    sums = h_NDB.new_empty(graph.n_tokens, n_outputs, n_heads, n_batch) if last else None
    heard = None if last else torch.empty_like(h_NDB)
    pull = torch.einsum("fd,nfk,nfb->nkdb", numbers.heard_DD, numbers.readout_NFK, own)
    for readers, pairs in _parts(graph, h_NDB.shape[1] * n_batch):
        row, col, offsets = rows[pairs] - readers.start, cols[pairs], start[readers.start : readers.stop + 1]
        offsets = offsets - offsets[0]
        logit = by_head(k[col] * q[readers][row], n_heads).sum(2) + numbers.bias_EH[pairs, :, None]
        largest[readers] = torch.segment_reduce(logit, "max", offsets=offsets, axis=0, unsafe=True)
        used = (logit - largest[readers][row]).exp()
        weight[pairs], total[readers] = used, row_sums(used, offsets)
        dominant[pairs] = (used > MOST_OF_A_SUM * total[readers][row]).flatten(1).any(1)
        used = used * (rows[pairs] != col)[:, None, None]  # its own value is no part of what a token hears
        if heard is not None:
            heard[readers] = row_sums(by_width(used, v) * v[col], offsets)
        if term is not None and sums is not None:
            product = pull[readers][row] * v[col][:, None]
            term[pairs] = by_head(product.flatten(0, 1), n_heads).sum(2).view(len(col), n_outputs, n_heads, n_batch)
            sums[readers] = row_sums(used[:, None] * term[pairs], offsets)
    if heard is not None:
        added = (pull * (heard / by_width(total, v))[:, None]).sum(2)
    elif sums is not None:
        added = (sums / total[:, None]).sum(2)
    return MeasuredLayer(
        h_NDB=h_NDB,
        q_NDB=q,
        k_NDB=k,
        v_NDB=v,
        own_NDB=own,
        weight_EHB=weight,
        largest_NHB=largest,
        total_NHB=total,
        heard_NDB=heard,
        pull_NKDB=pull if last else None,
        term_EKHB=term,
        sum_NKHB=sums,
        added_NKB=added,
        dominant_E=dominant,
    )


def _parts(graph: LayerGraph, values_per_pair: int) -> list[tuple[slice, slice]]:
    """Cut the readers into consecutive parts of not too many pairs: slices of readers and of pairs."""
    most = max(1, VALUES_AT_ONCE // max(values_per_pair, 1))
    parts, first = [], 0
    while first < graph.n_tokens:
        stop = int(np.searchsorted(graph.start, graph.start[first] + most, side="right")) - 1
        stop = min(max(stop, first + 1), graph.n_tokens)
        parts.append((slice(first, stop), slice(int(graph.start[first]), int(graph.start[stop]))))
        first = stop
    return parts
