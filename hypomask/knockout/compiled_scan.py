"""The scan in the compiled kernel: the same measured pass and plans as in torch, a tile of samples at a time."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import POINTER, Structure, c_int64, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.network import Network
from hypomask.knockout.scan_plan import Altered, LayerPlan, Own, Pairs, ScanPlan
from hypomask.model.compiled import library
from hypomask.model.compiled.library import Kernel
from hypomask.model.compiled.memory import borrow

__all__ = ["CompiledPass", "compiled_pass", "usable"]

MATRICES = ("query_DD", "key_DD", "value_DD", "own_DD", "heard_DD", "state_heard_DD", "state_gated_DD")


class _Pairs(Structure):
    _fields_ = tuple((name, c_void_p) for name in ("start", "old", "col", "state", "edit", "cut"))


class _Rows(Structure):
    _fields_ = (*((name, c_void_p) for name in ("start", "token", "state")), ("pairs", _Pairs), ("n_rows", c_int64))


class _Layer(Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("start", "cols", "bias", *MATRICES, "readout")),
        ("n_pairs", c_int64),
        ("own", _Rows),
        ("altered", _Rows),
        ("edit_bias", c_void_p),
    )


class _Call(Structure):
    _fields_ = (
        *((f"n_{name}", c_int64) for name in ("samples", "tokens", "genes", "channels")),
        ("width", c_int64),
        *((f"n_{name}", c_int64) for name in ("heads", "layers", "outputs")),
        ("layers", POINTER(_Layer)),
        *((name, c_void_p) for name in ("embedding", "measurement", "x", "measured")),
        ("n_items", c_int64),
        *((name, c_void_p) for name in ("value_start", "value_gene", "new_x", "effect")),
        *((name, c_int64) for name in ("most_rows", "most_pairs")),
    )


def usable(network: Network) -> bool:
    """Return whether the kernel is here and knows the network's precision."""
    return network.dtype in library.SUFFIXES and library.unavailable() is None


@dataclass(frozen=True, eq=False)
class CompiledPass:
    """A network's measured pass in the kernel's memory, and what asks it for effects.

    Parameters
    ----------
    held
        What the structures point to.
    """

    network: Network
    kernel: Kernel
    call: Any
    held: tuple[Any, ...]

    def effects(self, plan: ScanPlan, x_VCB: Tensor) -> Tensor:
        """Return (I, K, B); see `hypomask.knockout.incremental.effects`."""
        network, n_items = self.network, plan.edits.n_items
        new = x_VCB.to(network.dtype).contiguous()
        effect_IKB = new.new_empty(n_items, network.n_outputs, new.shape[2])
        of_values = np.searchsorted(plan.edits.value_item, np.arange(n_items + 1))
        held: list[Any] = []
        most_rows, most_pairs = int(np.diff(of_values).max(initial=0)), 0
        for layer, numbers, graph, planned in zip(
            self.call.layers[: len(network.layers)], network.layers, network.graphs, plan.layers, strict=True
        ):
            weights = plan.edits.pair_weight
            edit_bias = numbers.bias_of_weights(np.where(weights > 0, weights, 1.0)).to(network.dtype).contiguous()
            layer.edit_bias = edit_bias.data_ptr()
            held.append(edit_bias)
            layer.own, layer.altered = (_rows(part, n_items, held) for part in (planned.own, planned.altered))
            most_rows = max(most_rows, _most_rows(planned, n_items))
            most_pairs = max(most_pairs, _most_pairs(planned, graph))
        call = self.call
        call.n_items, call.most_rows, call.most_pairs = n_items, most_rows, most_pairs
        call.value_start, call.value_gene = (_place(each, held) for each in (of_values, plan.edits.value_gene))
        call.new_x, call.effect = new.data_ptr(), effect_IKB.data_ptr()
        self.kernel.call("scan_effects", call, self.kernel.tiles(new.shape[2]), self.kernel.size("scan_room", call))
        return effect_IKB * network.factor


def compiled_pass(network: Network, x_GCB: Tensor) -> CompiledPass:
    """Compute all layers for standardised measurements (G, C, B)."""
    x_GCB = x_GCB.to(network.dtype).contiguous()
    n_genes, n_channels, n_batch = x_GCB.shape
    held: list[Any] = [x_GCB]
    layers = (_Layer * len(network.layers))()
    for layer, numbers, graph in zip(layers, network.layers, network.graphs, strict=True):
        layer.start, layer.cols = (_place(each, held) for each in (graph.start, graph.cols))
        layer.n_pairs = graph.n_pairs
        tensors = {"bias": numbers.bias_EH, "readout": numbers.readout_NFK}
        tensors |= {name: getattr(numbers, name) for name in MATRICES}
        for name, tensor in tensors.items():
            held.append(tensor.contiguous())
            setattr(layer, name, held[-1].data_ptr())
    held += [network.embedding_ND.contiguous(), network.measurement_GCD.contiguous()]
    call = _Call(n_batch, len(network.embedding_ND), n_genes, n_channels, network.width, network.n_heads)
    call.n_layers, call.n_outputs, call.layers = len(network.layers), network.n_outputs, layers
    call.embedding, call.measurement, call.x = held[-2].data_ptr(), held[-1].data_ptr(), x_GCB.data_ptr()
    kernel = library.kernel(network.dtype)
    n_tiles = kernel.tiles(n_batch)
    measured = borrow(n_tiles * kernel.size("scan_measured", call))
    call.measured = measured.data_ptr()
    kernel.call("scan_measure", call, n_tiles, kernel.size("scan_room", call))
    return CompiledPass(network, kernel, call, (measured, layers, *held))


def _rows(rows: Own | Altered, n_items: int, held: list[Any]) -> _Rows:
    start = np.searchsorted(rows.item, np.arange(n_items + 1))
    state = _place(rows.state, held) if isinstance(rows, Own) else None
    return _Rows(_place(start, held), _place(rows.token, held), state, _pairs(rows.pairs, len(rows), held), len(rows))


def _pairs(pairs: Pairs, n_rows: int, held: list[Any]) -> _Pairs:
    indices = (pairs.starts(n_rows), pairs.old, pairs.col, pairs.state, pairs.edit)
    cut = np.ascontiguousarray(pairs.cut, dtype=np.uint8)
    held.append(cut)
    return _Pairs(*(_place(each, held) for each in indices), cut.ctypes.data)


def _place(indices: Index | Sequence[int], held: list[Any]) -> int:
    array = np.ascontiguousarray(indices, dtype=np.int64)
    held.append(array)
    return int(array.ctypes.data)


def _most_rows(planned: LayerPlan, n_items: int) -> int:
    """Return how many tokens of one item are touched at most."""
    item = np.concatenate([planned.own.item, planned.altered.item])
    return int(np.bincount(item, minlength=n_items).max(initial=0))


def _most_pairs(planned: LayerPlan, graph: LayerGraph) -> int:
    """Return how many pairs a token has at most, those that are added counted in."""
    most = int(np.diff(graph.start).max(initial=0))
    for rows in (planned.own, planned.altered):
        most = max(most, int(np.bincount(rows.pairs.row, minlength=1).max(initial=0)) + most)
    return most
