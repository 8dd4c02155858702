"""Touched tokens of the last layer: what they change in the linear predictor.

Nobody reads their states, so what a token hears is needed only as what it adds to each output: numbers instead of
vectors, and one product of two vectors for every pair that an intervention alters.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hypomask.knockout.edits import Edits
from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.inner_layer import LEFT_OF_A_SUM, bias_of
from hypomask.knockout.measured_pass import MeasuredLast, heads_apart, products, pulls, row_largest, row_sums
from hypomask.knockout.network import LayerNumbers
from hypomask.knockout.scan_plan import BASE, Altered, LayerPlan, Own, as_own
from hypomask.knockout.totals import Totals

__all__ = ["LastLayer"]


class LastLayer:
    """Computes the touched tokens of the last layer.

    Parameters
    ----------
    changed_RDB
        States that differ from the measured pass, in the plan's numbering.
    """

    def __init__(
        self,
        graph: LayerGraph,
        numbers: LayerNumbers,
        measured: MeasuredLast,
        edits: Edits,
        n_heads: int,
        changed_RDB: Tensor,
    ) -> None:
        self.graph, self.numbers, self.measured, self.edits, self.n_heads = graph, numbers, measured, edits, n_heads
        self.changed, self.n_changed, self.n_batch = changed_RDB, len(changed_RDB), changed_RDB.shape[2]
        self.n_outputs = len(measured.pull)
        self.changed_key = heads_apart(numbers.key_DD @ changed_RDB, n_heads)
        self.changed_value = heads_apart(numbers.value_DD @ changed_RDB, n_heads)

    def touch(self, plan: LayerPlan, totals: Totals) -> None:
        """Give what touched tokens change to `totals`."""
        if len(plan.own):
            self._add(totals, plan.own.item, plan.own.token, self._added_by_own(plan.own))
        if len(plan.altered):
            self._add(totals, plan.altered.item, plan.altered.token, self._added_by_altered(plan.altered))

    def _add(self, totals: Totals, item: Index, token: Index, added_RKB: Tensor) -> None:
        before_RKB = self.measured.added_NKB[torch.from_numpy(token)]
        totals.add(item, token, added_RKB - before_RKB)

    def _added_by_altered(self, rows: Altered) -> Tensor:
        """Return (R, K, B) from the measured sums, altered terms taken off and put on."""
        measured, token = self.measured, torch.from_numpy(rows.token)
        total, sums = measured.total_NS[token], measured.sum_NKS[token]
        before_total = total.clone()
        old = torch.from_numpy(rows.before.old)
        start = torch.from_numpy(rows.before.starts(len(rows)))
        weight = measured.weight_ES[old]
        total -= row_sums(weight, start)
        sums -= row_sums(weight[:, None] * measured.term_EKS[old], start)
        new = rows.after
        if len(new):
            logit, term = self._logits_and_terms(rows)
            at, start = torch.from_numpy(new.row), torch.from_numpy(new.starts(len(rows)))
            before = measured.largest_NS[token]
            largest = torch.maximum(before, row_largest(logit, start))
            rescale = (before - largest).exp()
            weight = (logit - largest[at]).exp()
            before_total, total, sums = before_total * rescale, total * rescale, sums * rescale[:, None]
            total += row_sums(weight, start)
            sums += row_sums(weight[:, None] * term, start)
        added = self._over_heads(sums / total[:, None])
        lost = np.flatnonzero((total < LEFT_OF_A_SUM * before_total).any(1).numpy())
        if len(lost):
            added[torch.from_numpy(lost)] = self._added_by_own(as_own(self.graph, rows, lost))
        return added

    def _logits_and_terms(self, rows: Altered) -> tuple[Tensor, Tensor]:
        """Return logits (Q, S) and terms (Q, K, S) of the altered pairs that there are now."""
        measured, pairs, n = self.measured, rows.after, self.graph.n_tokens
        logit = measured.q.new_empty(len(pairs), self.n_batch * self.n_heads)
        term = logit.new_empty(len(pairs), self.n_outputs, logit.shape[1])
        readers = rows.token[pairs.row]
        if len(which := rows.reading_changed):
            start = np.searchsorted(pairs.state[which], np.arange(self.n_changed + 1))
            at = torch.from_numpy(which)
            logit[at] = products(self.changed_key, measured.q, start, readers[which], n)
            for output, pull in enumerate(measured.pull):
                term[at, output] = products(self.changed_value, pull, start, readers[which], n)
        if len(which := rows.reading_measured):
            start, one = np.arange(len(which) + 1), np.arange(len(which))
            at = torch.from_numpy(which)
            key, value = (self._measured(part, pairs.col[which]) for part in (measured.k, measured.v))
            logit[at] = products(self._measured(measured.q, readers[which]), key, start, one, len(which))
            for output, pull in enumerate(measured.pull):
                term[at, output] = products(self._measured(pull, readers[which]), value, start, one, len(which))
        return logit + bias_of(self.numbers, self.edits, pairs).repeat(1, self.n_batch), term

    def _measured(self, part: Tensor, tokens: Index) -> Tensor:
        """Return the rows of `tokens` of something that `heads_apart` gave, in the same order of heads."""
        return part.view(-1, self.graph.n_tokens, part.shape[1])[:, torch.from_numpy(tokens)].flatten(0, 1)

    def _added_by_own(self, rows: Own) -> Tensor:
        """Return (R, K, B) from all pairs of each token."""
        pairs, n = rows.pairs, self.graph.n_tokens
        query, pull = self._own_sides(rows)
        logit = query.new_empty(len(pairs), len(query) // len(rows))
        term = query.new_empty(len(pairs), self.n_outputs, logit.shape[1])
        for which, key, value, n_read, read in (
            (rows.reading_measured, self.measured.k, self.measured.v, n, pairs.col),
            (rows.reading_changed, self.changed_key, self.changed_value, self.n_changed, pairs.state),
        ):
            if len(which):
                start = np.searchsorted(pairs.row[which], np.arange(len(rows) + 1))
                at = torch.from_numpy(which)
                logit[at] = products(query, key, start, read[which], n_read)
                for output, of_output in enumerate(pull):
                    term[at, output] = products(of_output, value, start, read[which], n_read)
        logit += bias_of(self.numbers, self.edits, pairs).repeat(1, self.n_batch)
        row, start_R = torch.from_numpy(pairs.row), torch.from_numpy(pairs.starts(len(rows)))
        largest = row_largest(logit, start_R)
        weight = (logit - largest[row]).exp()
        total = row_sums(weight, start_R)
        is_other = torch.from_numpy(pairs.col != rows.token[pairs.row])
        sums = row_sums((weight * is_other[:, None])[:, None] * term, start_R)
        return self._over_heads(sums / total[:, None])

    def _own_sides(self, rows: Own) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return queries and pulls of the tokens, from their changed states or as measured (all rows alike)."""
        token = torch.from_numpy(rows.token)
        if (rows.state == BASE).all():
            query = self._measured(self.measured.q, rows.token)
            return query, tuple(self._measured(pull, rows.token) for pull in self.measured.pull)
        state_RDB = self.changed[torch.from_numpy(rows.state)]
        query = heads_apart(self.numbers.query_DD @ state_RDB, self.n_heads)
        return query, pulls(self.numbers, self.numbers.own_DD @ state_RDB, token, self.n_heads)

    def _over_heads(self, x_RKS: Tensor) -> Tensor:
        """Return (R, K, B)."""
        return x_RKS.view(len(x_RKS), self.n_outputs, self.n_batch, self.n_heads).sum(3)
