"""Effects of many interventions on the linear predictor, from the tokens that they touch alone.

The readout adds over tokens, so an effect is the sum over touched tokens of what they add after less what they added
before. Exact to rounding: `hypomask.knockout.recompute` is the slow twin that says so. `measured` chooses between two
ways of the same: the compiled kernel, and torch where there is none (10 to 60 times slower).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from hypomask.knockout.compiled_scan import compiled_pass, usable
from hypomask.knockout.edits import Edits
from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.inner_layer import InnerLayer
from hypomask.knockout.last_layer import LastLayer
from hypomask.knockout.measured_pass import VALUES_AT_ONCE, MeasuredPass, measured_pass
from hypomask.knockout.network import Network
from hypomask.knockout.scan_plan import ScanPlan, plan_scan, touched_tokens
from hypomask.knockout.totals import PerItem, PerToken, Totals

__all__ = ["Measured", "TorchPass", "effects_by_token", "measured", "plans"]


def plans(
    edits: Edits, graphs: tuple[LayerGraph, ...], *, width: int, n_heads: int, n_batch: int
) -> Iterator[tuple[int, ScanPlan]]:
    """Yield plans of consecutive items, each of a size that is computed at once, with the first item of each."""
    first, size = 0, 16
    while first < edits.n_items:
        stop = min(first + size, edits.n_items)
        plan = plan_scan(edits.of_items(first, stop), graphs)
        cost = _values(plan, width, n_heads) * n_batch
        if cost > 2 * VALUES_AT_ONCE and stop - first > 1:
            size = max(1, int((stop - first) * VALUES_AT_ONCE / cost))
            continue
        yield first, plan
        size = max(1, min(4 * (stop - first), int((stop - first) * VALUES_AT_ONCE / max(cost, 1))))
        first = stop


def _values(plan: ScanPlan, width: int, n_heads: int) -> int:
    """Return the size of the largest array per sample: vectors in inner layers, numbers in the last."""
    n_pairs = [len(layer.own.pairs) + len(layer.altered.pairs) for layer in plan.layers]
    return max([n_pairs[-1] * n_heads, *(pairs * width for pairs in n_pairs[:-1])])


class Measured(Protocol):
    """A network's pass over some samples as measured, which interventions are compared with."""

    def effects(self, plan: ScanPlan, x_VCB: Tensor) -> Tensor:
        """Return (I, K, B): what each item of `plan` changes in what the network adds to the linear predictor.

        Parameters
        ----------
        x_VCB
            Standardised measurements of the genes that `plan.edits` gives new values, in its order.
        """


@dataclass(frozen=True, eq=False)
class TorchPass:
    """The measured pass in torch."""

    network: Network
    kept: MeasuredPass

    def effects(self, plan: ScanPlan, x_VCB: Tensor) -> Tensor:
        """See `Measured.effects`."""
        network = self.network
        totals = PerItem(network.embedding_ND.new_zeros(plan.edits.n_items, network.n_outputs, x_VCB.shape[2]))
        _carry_out(network, self.kept, plan, x_VCB, totals)
        return totals.effect_IKB * network.factor


def measured(network: Network, x_GCB: Tensor) -> Measured:
    """Return the pass over standardised measurements (G, C, B)."""
    return compiled_pass(network, x_GCB) if usable(network) else TorchPass(network, measured_pass(network, x_GCB))


def effects_by_token(network: Network, measured: MeasuredPass, plan: ScanPlan, x_VCB: Tensor) -> tuple[Index, Tensor]:
    """Return the tokens that the single item of `plan` touches, and what each of them changes, (T, K, B)."""
    tokens = touched_tokens(plan)[1]
    totals = PerToken(tokens, network.embedding_ND.new_zeros(len(tokens), network.n_outputs, x_VCB.shape[2]))
    _carry_out(network, measured, plan, x_VCB, totals)
    return tokens, totals.change_TKB * network.factor


@torch.no_grad()
def _carry_out(network: Network, measured: MeasuredPass, plan: ScanPlan, x_VCB: Tensor, totals: Totals) -> None:
    states = network.initial_of(torch.from_numpy(plan.edits.value_gene), x_VCB)
    for number, layer in enumerate(measured.inner):
        graph, numbers = network.graphs[number], network.layers[number]
        inner = InnerLayer(graph, numbers, layer, plan.edits, network.n_heads, states)
        states = inner.touch(plan.layers[number], totals)
    last = LastLayer(network.graphs[-1], network.layers[-1], measured.last, plan.edits, network.n_heads, states)
    last.touch(plan.layers[-1], totals)
