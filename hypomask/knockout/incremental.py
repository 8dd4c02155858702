"""Effects of many interventions on the linear predictor, from the tokens that they touch alone.

The readout adds over tokens, so an effect is the sum over touched tokens of what they add after less what they added
before. Exact to rounding: `hypomask.knockout.recompute` is the slow twin that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.knockout.edits import Edits
from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.measured_pass import VALUES_AT_ONCE, MeasuredLayer, by_head, by_width, row_sums
from hypomask.knockout.network import LayerNumbers, Network
from hypomask.knockout.scan_plan import BASE, AllPairs, LayerPlan, OnePair, ScanPlan, all_pairs_of, plan_scan

__all__ = ["Changed", "effects", "plans"]


@dataclass(frozen=True, eq=False)
class Changed:
    """States that differ from the measured pass, in a plan's numbering, with what attention needs of them."""

    h_RDB: Tensor
    k_RDB: Tensor
    v_RDB: Tensor

    @classmethod
    def of(cls, h_RDB: Tensor, numbers: LayerNumbers) -> Changed:
        """Return states with their keys and values."""
        return cls(h_RDB, numbers.key_DD @ h_RDB, numbers.value_DD @ h_RDB)


def plans(edits: Edits, graphs: tuple[LayerGraph, ...], values_per_token: int) -> Iterator[tuple[int, ScanPlan]]:
    """Yield plans of consecutive items, each of a size that is computed at once, with the first item of each.

    Parameters
    ----------
    values_per_token
        Width times samples computed at once.
    """
    most = max(256, VALUES_AT_ONCE // max(values_per_token, 1))
    first, size = 0, 16
    while first < edits.n_items:
        stop = min(first + size, edits.n_items)
        plan = plan_scan(edits.of_items(first, stop), graphs)
        cost = max(len(layer.one_pair) + len(layer.all_pairs.col) for layer in plan.layers)
        if cost > 2 * most and stop - first > 1:
            size = max(1, (stop - first) * most // cost)
            continue
        yield first, plan
        size = max(1, min(4 * (stop - first), (stop - first) * most // max(cost, 1)))
        first = stop


@torch.no_grad()
def effects(network: Network, measured: tuple[MeasuredLayer, ...], plan: ScanPlan, x_VCB: Tensor) -> Tensor:
    """Return (I, K, B): what each item of `plan` changes in what the network adds to the linear predictor.

    Parameters
    ----------
    measured
        Of the same samples.
    x_VCB
        Standardised measurements of the genes that `plan.edits` gives new values, in its order.
    """
    n_batch = x_VCB.shape[2]
    effect_IKB = network.embedding_ND.new_zeros(plan.edits.n_items, network.n_outputs, n_batch)
    states = network.initial_of(torch.from_numpy(plan.edits.value_gene), x_VCB)
    last = len(network.layers) - 1
    for number, layer_plan in enumerate(plan.layers):
        layer = _Layer(network, number, measured[number], plan.edits)
        changed = Changed.of(states, layer.numbers)
        if number == last:
            layer.add_last(effect_IKB, layer_plan, changed)
        else:
            states = layer.add_inner(effect_IKB, layer_plan, changed)
    return effect_IKB * network.factor


class _Layer:
    """Computes the touched tokens of one layer."""

    def __init__(self, network: Network, number: int, measured: MeasuredLayer, edits: Edits) -> None:
        self.numbers, self.graph, self.measured = network.layers[number], network.graphs[number], measured
        self.n_heads, self.edits = network.n_heads, edits

    def add_inner(self, effect_IKB: Tensor, plan: LayerPlan, changed: Changed) -> Tensor:
        """Add what touched tokens change to `effect_IKB`; return their states for the next layer."""
        parts = []
        if len(plan.all_pairs):
            parts.append(self._inner_all(effect_IKB, plan.all_pairs, changed))
        if len(plan.one_pair):
            parts.append(self._inner_one(effect_IKB, plan.one_pair, changed))
        return torch.cat(parts) if parts else changed.h_RDB[:0]

    def add_last(self, effect_IKB: Tensor, plan: LayerPlan, changed: Changed) -> None:
        """Add what touched tokens change to `effect_IKB`; nobody reads their states."""
        if len(plan.all_pairs):
            self._last_all(effect_IKB, plan.all_pairs, changed)
        one = plan.one_pair
        if not len(one):
            return
        exact = self._can_be_taken_off(one)
        if not exact.all():
            self._last_all(effect_IKB, all_pairs_of(self.graph, one.at(np.flatnonzero(~exact))), changed)
            one = one.at(np.flatnonzero(exact))
        for rows in (np.flatnonzero(one.cut), np.flatnonzero(~one.cut)):
            if len(rows):
                self._last_one(effect_IKB, one.at(rows), changed)

    def _inner_all(self, effect_IKB: Tensor, rows: AllPairs, changed: Changed) -> Tensor:
        heard_RDB, own_state_RDB = self._heard_by_all(rows, changed)
        return self._step(effect_IKB, rows, own_state_RDB, heard_RDB)

    def _inner_one(self, effect_IKB: Tensor, rows: OnePair, changed: Changed) -> Tensor:
        exact = self._can_be_taken_off(rows)
        if not exact.all():  # rare in an inner layer, which has few rows: all of them the long way keeps their order
            return self._inner_all(effect_IKB, all_pairs_of(self.graph, rows), changed)
        token = torch.from_numpy(rows.token)
        measured = self.measured
        if measured.heard_NDB is None:
            raise RuntimeError("an inner layer was computed as the last one")
        heard, total = measured.heard_NDB[token], measured.total_NHB[token]
        had = torch.from_numpy(np.flatnonzero(rows.old >= 0))
        if len(had):
            old = torch.from_numpy(rows.old)[had]
            weight = measured.weight_EHB[old]
            total[had] -= weight
            heard[had] -= by_width(weight, heard) * measured.v_NDB[torch.from_numpy(rows.col)[had]]
        new = np.flatnonzero(~rows.cut)
        if len(new):
            at = torch.from_numpy(new)
            weight, rescale, value = self._new_pair(rows.at(new), changed)
            total[at] = total[at] * rescale + weight
            heard[at] = heard[at] * by_width(rescale, heard) + by_width(weight, heard) * value
        return self._step(effect_IKB, rows, measured.h_NDB[token], heard / by_width(total, heard))

    def _last_one(self, effect_IKB: Tensor, rows: OnePair, changed: Changed) -> None:
        """As `_inner_one`, with what each pair adds to the outputs in place of its value; all cut, or none."""
        token = torch.from_numpy(rows.token)
        measured = self.measured
        if measured.sum_NKHB is None or measured.term_EKHB is None or measured.pull_NKDB is None:
            raise RuntimeError("the last layer was computed as an inner one")
        sums, total = measured.sum_NKHB[token], measured.total_NHB[token]
        had = np.flatnonzero(rows.old >= 0)
        if len(had):
            old = torch.from_numpy(rows.old[had])
            weight = measured.weight_EHB[old]
            if len(had) == len(rows):
                total -= weight
                sums -= weight[:, None] * measured.term_EKHB[old]
            else:
                total[had] -= weight
                sums[had] -= weight[:, None] * measured.term_EKHB[old]
        if not rows.cut.any():
            weight, rescale, value = self._new_pair(rows, changed)
            term = by_head((measured.pull_NKDB[token] * value[:, None]).flatten(0, 1), self.n_heads).sum(2)
            total = total * rescale + weight
            sums = sums * rescale[:, None] + weight[:, None] * term.view(sums.shape)
        added = (sums / total[:, None]).sum(2) - measured.added_NKB[token]
        effect_IKB.index_add_(0, torch.from_numpy(rows.item), added)

    def _last_all(self, effect_IKB: Tensor, rows: AllPairs, changed: Changed) -> None:
        heard_RDB, own_state_RDB = self._heard_by_all(rows, changed)
        self._add(effect_IKB, rows, self._gated(rows, own_state_RDB, heard_RDB))

    def _step(self, effect_IKB: Tensor, rows: AllPairs | OnePair, own_state_RDB: Tensor, heard_RDB: Tensor) -> Tensor:
        gated_RDB = self._gated(rows, own_state_RDB, heard_RDB)
        self._add(effect_IKB, rows, gated_RDB)
        numbers = self.numbers
        return own_state_RDB + numbers.state_heard_DD @ heard_RDB + numbers.state_gated_DD @ gated_RDB

    def _gated(self, rows: AllPairs | OnePair, own_state_RDB: Tensor, heard_RDB: Tensor) -> Tensor:
        if isinstance(rows, OnePair):
            own_RDB = self.measured.own_NDB[torch.from_numpy(rows.token)]
        else:
            own_RDB = self.numbers.own_DD @ own_state_RDB
        return own_RDB * (self.numbers.heard_DD @ heard_RDB)

    def _add(self, effect_IKB: Tensor, rows: AllPairs | OnePair, gated_RDB: Tensor) -> None:
        token = torch.from_numpy(rows.token)
        added_RKB = self.numbers.readout_NFK[token].mT @ gated_RDB - self.measured.added_NKB[token]
        effect_IKB.index_add_(0, torch.from_numpy(rows.item), added_RKB)

    def _heard_by_all(self, rows: AllPairs, changed: Changed) -> tuple[Tensor, Tensor]:
        """Return what the heads of each token heard, and its own state, each (R, D, B)."""
        measured, numbers, n_heads = self.measured, self.numbers, self.n_heads
        token, row, col = (torch.from_numpy(part) for part in (rows.token, rows.row, rows.col))
        own_state = measured.h_NDB[token]
        query = measured.q_NDB[token]
        own = np.flatnonzero(rows.own != BASE)
        if len(own):
            at = torch.from_numpy(own)
            own_state[at] = changed.h_RDB[torch.from_numpy(rows.own[own])]
            query[at] = numbers.query_DD @ own_state[at]
        key, value = measured.k_NDB[col], measured.v_NDB[col]
        differs = np.flatnonzero(rows.state != BASE)
        if len(differs):
            at, state = torch.from_numpy(differs), torch.from_numpy(rows.state[differs])
            key[at], value[at] = changed.k_RDB[state], changed.v_RDB[state]
        logit = by_head(key * query[row], n_heads).sum(2) + self._bias(rows.old, rows.edit)[:, :, None]
        start = torch.from_numpy(rows.start)
        largest = torch.segment_reduce(logit, "max", offsets=start, axis=0, unsafe=True)
        weight = (logit - largest[row]).exp()
        total = row_sums(weight, start)
        weight = weight * torch.from_numpy(rows.col != rows.token[rows.row]).to(weight)[:, None, None]
        heard = row_sums(by_width(weight, value) * value, start)
        return heard / by_width(total, heard), own_state

    def _new_pair(self, rows: OnePair, changed: Changed) -> tuple[Tensor, Tensor, Tensor]:
        """Return the new pair's weight (R, H, B), what older weights are multiplied by for it, and the value read."""
        token, col = torch.from_numpy(rows.token), torch.from_numpy(rows.col)
        if (rows.state != BASE).all():
            state = torch.from_numpy(rows.state)
            key, value = changed.k_RDB[state], changed.v_RDB[state]
        else:
            key, value = self.measured.k_NDB[col], self.measured.v_NDB[col]
            differs = np.flatnonzero(rows.state != BASE)
            if len(differs):
                at, state = torch.from_numpy(differs), torch.from_numpy(rows.state[differs])
                key[at], value[at] = changed.k_RDB[state], changed.v_RDB[state]
        logit = by_head(key * self.measured.q_NDB[token], self.n_heads).sum(2)
        logit += self._bias(rows.old, rows.edit)[:, :, None]
        before = self.measured.largest_NHB[token]
        largest = torch.maximum(before, logit)
        return (logit - largest).exp(), (before - largest).exp(), value

    def _bias(self, old: Index, edit: Index) -> Tensor:
        """Return (Q, H): what is added to the logits of pairs, their edits counted in."""
        bias_QH = self.numbers.bias_EH[torch.from_numpy(np.maximum(old, 0))]
        edited = np.flatnonzero(edit >= 0)
        if len(edited):
            weights = self.edits.pair_weight[edit[edited]]
            bias_QH[torch.from_numpy(edited)] = self.numbers.bias_of_weights(weights)
        return bias_QH

    def _can_be_taken_off(self, rows: OnePair) -> npt.NDArray[np.bool_]:
        """Return (R,) whether the old pair is little enough of its reader's sum to be taken off it exactly."""
        dominant = self.measured.dominant_E[torch.from_numpy(np.maximum(rows.old, 0))].numpy()
        return np.asarray(~dominant | (rows.old < 0))
