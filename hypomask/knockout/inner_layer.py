"""Touched tokens of a layer whose states are read by another one: what they add, and the states they leave."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hypomask.knockout.edits import Edits
from hypomask.knockout.graph import LayerGraph
from hypomask.knockout.measured_pass import MeasuredInner, by_head, by_width, row_largest, row_sums
from hypomask.knockout.network import LayerNumbers
from hypomask.knockout.scan_plan import BASE, Altered, LayerPlan, Own, Pairs, as_own
from hypomask.knockout.totals import Totals

__all__ = ["LEFT_OF_A_SUM", "InnerLayer", "bias_of"]

# A sum of which terms were taken off is used while at least this share of it is left (or was put on again): below, the
# difference of two nearly equal numbers would have lost digits, and the token is computed from all its pairs.
LEFT_OF_A_SUM = 0.1


class InnerLayer:
    """Computes the touched tokens of one inner layer.

    Parameters
    ----------
    changed_RDB
        States that differ from the measured pass, in the plan's numbering.
    """

    def __init__(
        self,
        graph: LayerGraph,
        numbers: LayerNumbers,
        measured: MeasuredInner,
        edits: Edits,
        n_heads: int,
        changed_RDB: Tensor,
    ) -> None:
        self.graph, self.numbers, self.measured, self.edits, self.n_heads = graph, numbers, measured, edits, n_heads
        self.changed = changed_RDB
        self.changed_key, self.changed_value = numbers.key_DD @ changed_RDB, numbers.value_DD @ changed_RDB

    def touch(self, plan: LayerPlan, totals: Totals) -> Tensor:
        """Give what touched tokens change to `totals`; return their states, those of `own` first."""
        return torch.cat([self._own(plan.own, totals), self._altered(plan.altered, totals)])

    def _own(self, rows: Own, totals: Totals) -> Tensor:
        if not len(rows):
            return self.changed[:0]
        heard_RDB, state_RDB = self._heard_by_all(rows)
        return self._step(rows, state_RDB, self.numbers.own_DD @ state_RDB, heard_RDB, totals)

    def _altered(self, rows: Altered, totals: Totals) -> Tensor:
        if not len(rows):
            return self.changed[:0]
        measured, token = self.measured, torch.from_numpy(rows.token)
        before_total = measured.total_NHB[token]
        total, heard = before_total.clone(), measured.heard_NDB[token]
        weight = measured.weight_EHB[torch.from_numpy(rows.before.old)]
        value = measured.v_NDB[torch.from_numpy(rows.before.col)]
        start = torch.from_numpy(rows.before.starts(len(rows)))
        total -= row_sums(weight, start)
        heard -= row_sums(by_width(weight, heard) * value, start)
        new = rows.after
        if len(new):
            at, start = torch.from_numpy(new.row), torch.from_numpy(new.starts(len(rows)))
            key, value = self._read(new)
            logit = by_head(key * measured.q_NDB[token[at]], self.n_heads).sum(2)
            logit += bias_of(self.numbers, self.edits, new)[:, :, None]
            before = measured.largest_NHB[token]
            largest = torch.maximum(before, row_largest(logit, start))
            rescale = (before - largest).exp()
            weight = (logit - largest[at]).exp()
            before_total, total, heard = before_total * rescale, total * rescale, heard * by_width(rescale, heard)
            total += row_sums(weight, start)
            heard += row_sums(by_width(weight, heard) * value, start)
        heard = heard / by_width(total, heard)
        lost = np.flatnonzero((total < LEFT_OF_A_SUM * before_total).flatten(1).any(1).numpy())
        if len(lost):
            heard[torch.from_numpy(lost)] = self._heard_by_all(as_own(self.graph, rows, lost))[0]
        return self._step(rows, measured.h_NDB[token], measured.own_NDB[token], heard, totals)

    def _step(
        self, rows: Own | Altered, state_RDB: Tensor, own_RDB: Tensor, heard_RDB: Tensor, totals: Totals
    ) -> Tensor:
        numbers, token = self.numbers, torch.from_numpy(rows.token)
        gated_RDB = own_RDB * (numbers.heard_DD @ heard_RDB)
        added_RKB = numbers.readout_NFK[token].mT @ gated_RDB - self.measured.added_NKB[token]
        totals.add(rows.item, rows.token, added_RKB)
        return state_RDB + numbers.state_heard_DD @ heard_RDB + numbers.state_gated_DD @ gated_RDB

    def _heard_by_all(self, rows: Own) -> tuple[Tensor, Tensor]:
        """Return what the heads of each token heard, and its own state, each (R, D, B)."""
        measured, pairs = self.measured, rows.pairs
        token, row, start = (torch.from_numpy(part) for part in (rows.token, pairs.row, pairs.starts(len(rows))))
        state, query = measured.h_NDB[token], measured.q_NDB[token]
        mine = np.flatnonzero(rows.state != BASE)
        if len(mine):
            at = torch.from_numpy(mine)
            state[at] = self.changed[torch.from_numpy(rows.state[mine])]
            query[at] = self.numbers.query_DD @ state[at]
        key, value = self._read(pairs)
        logit = by_head(key * query[row], self.n_heads).sum(2) + bias_of(self.numbers, self.edits, pairs)[:, :, None]
        largest = row_largest(logit, start)
        weight = (logit - largest[row]).exp()
        total = row_sums(weight, start)
        is_other = torch.from_numpy(pairs.col != rows.token[pairs.row])
        heard = row_sums(by_width(weight * is_other[:, None, None], value) * value, start)
        return heard / by_width(total, heard), state

    def _read(self, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Return keys and values of the tokens that `pairs` read."""
        col = torch.from_numpy(pairs.col)
        key, value = self.measured.k_NDB[col], self.measured.v_NDB[col]
        differs = np.flatnonzero(pairs.state != BASE)
        if len(differs):
            at, state = torch.from_numpy(differs), torch.from_numpy(pairs.state[differs])
            key[at], value[at] = self.changed_key[state], self.changed_value[state]
        return key, value


def bias_of(numbers: LayerNumbers, edits: Edits, pairs: Pairs) -> Tensor:
    """Return (Q, H): what is added to the logits of pairs, their edits counted in."""
    bias_QH = numbers.bias_EH[torch.from_numpy(np.maximum(pairs.old, 0))]
    edited = np.flatnonzero(pairs.edit >= 0)
    if len(edited):
        bias_QH[torch.from_numpy(edited)] = numbers.bias_of_weights(edits.pair_weight[pairs.edit[edited]])
    return bias_QH
