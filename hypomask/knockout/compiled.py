"""Interventions by name, turned into edits of one mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.errors import HypothesisError, Problem, did_you_mean, raise_problems
from hypomask.knockout.edits import CUT, Edits
from hypomask.knockout.graph import Index, ranges
from hypomask.knockout.interventions import EdgeEdit, GeneEdit, Intervention, TokenCut
from hypomask.masks.mask import Mask

__all__ = ["Compiled", "compile_interventions"]


@dataclass(frozen=True, eq=False)
class Compiled:
    """Edits of a mask and the doses of genes.

    Parameters
    ----------
    dose_V
        (V,) dose of each value that `edits` changes.
    """

    edits: Edits
    dose_V: npt.NDArray[np.float64]


def compile_interventions(interventions: Sequence[Intervention], mask: Mask) -> Compiled:
    """Turn interventions into edits of `mask`.

    Raises
    ------
    HypothesisError
        Genes, edges or groups that the mask does not have; all are named together.
    """
    compiler = _Compiler(mask)
    for item, intervention in enumerate(interventions):
        for edit in intervention.edits:
            compiler.add(item, edit)
    raise_problems(compiler.problems, HypothesisError)
    return compiler.finished(len(interventions))


class _Compiler:
    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self.token = {name: t for t, name in enumerate([*mask.genes, *mask.group_tokens])}
        self.present = set(mask.pair_keys.tolist())
        self.values: dict[tuple[int, int], float] = {}
        self.cuts: list[tuple[int, int]] = []
        self.pairs: list[tuple[int, int, int]] = []
        self.weights: list[float] = []
        self.problems: list[Problem] = []

    def add(self, item: int, edit: GeneEdit | EdgeEdit | TokenCut) -> None:
        if isinstance(edit, GeneEdit):
            gene = self._token(edit.gene, "gene", self.mask.genes)
            if gene is not None and edit.dose is not None:
                self.values[item, gene] = edit.dose
            if gene is not None and edit.cut:
                self.cuts.append((item, gene))
        elif isinstance(edit, TokenCut):
            token = self._token(edit.group, "group token", self.mask.group_tokens)
            if token is not None:
                self.cuts.append((item, token))
        else:
            self._edge(item, edit)

    def finished(self, n_items: int) -> Compiled:
        cut = self._pairs_of_cut_tokens()
        given = np.array(self.pairs, dtype=np.int64).reshape(-1, 3)
        pairs = np.concatenate([cut, given])
        weights = np.concatenate([np.full(len(cut), CUT), np.array(self.weights)])
        edits = Edits.build(n_items, np.array(list(self.values), dtype=np.int64).reshape(-1, 2), pairs, weights)
        genes = zip(edits.value_item.tolist(), edits.value_gene.tolist(), strict=True)
        return Compiled(edits, np.array([self.values[key] for key in genes]))

    def _edge(self, item: int, edit: EdgeEdit) -> None:
        names = [*self.mask.genes, *self.mask.group_tokens]
        ends = [self._token(name, "gene", names) for name in (edit.source, edit.target)]
        if ends[0] is None or ends[1] is None:
            return
        source, target = ends[0], ends[1]
        key = target * self.mask.n_tokens + source
        edge = f"{edit.source} -> {edit.target}"
        if source == target:
            self.problems.append(Problem(f"edge {edge}: a gene always reads itself; there is nothing to edit"))
        elif edit.weight is None and key not in self.present:
            back = source * self.mask.n_tokens + target in self.present
            hint = f"; the edge {edit.target} -> {edit.source} there is" if back else ""
            self.problems.append(Problem(f"edge {edge} is not in the mask of {self.mask.name!r}{hint}"))
        elif edit.weight is not None and key in self.present:
            self.problems.append(Problem(f"edge {edge} is in the mask of {self.mask.name!r} already"))
        else:
            self.pairs.append((item, target, source))
            # Under a prior that is not hard, a mask without an edge has the floor's weight in its place.
            removed = CUT if self.mask.prior.kind == "hard" else self.mask.prior.floor
            self.weights.append(removed if edit.weight is None else edit.weight)

    def _token(self, name: str, what: str, among: Sequence[str]) -> int | None:
        token = self.token.get(name)
        if token is None:
            self.problems.append(
                Problem(f"{what} {name!r} is not a token of the mask of {self.mask.name!r}.{did_you_mean(name, among)}")
            )
        return token

    def _pairs_of_cut_tokens(self) -> Index:
        """Return (item, row, col) of every pair, of any layer, that reads a cut token or is read by it."""
        if not self.cuts:
            return np.zeros((0, 3), dtype=np.int64)
        item, token = np.array(self.cuts, dtype=np.int64).T
        n = self.mask.n_tokens
        if self.mask.prior.kind != "hard":  # every pair may be read
            others = np.tile(np.arange(n), len(token))
            which = np.repeat(np.arange(len(token)), n)
            reads = np.stack([item[which], token[which], others], 1)
            return np.concatenate([reads, reads[:, [0, 2, 1]]])
        rows, cols = np.divmod(self.mask.pair_keys, n)
        found = []
        for mine, other, order in ((rows, cols, [0, 1, 2]), (cols, rows, [0, 2, 1])):
            by = np.argsort(mine, kind="stable")
            start = np.searchsorted(mine[by], np.arange(n + 1))
            at, which = ranges(start[token], start[token + 1])
            found.append(np.stack([item[which], token[which], other[by[at]]], 1)[:, order])
        return np.concatenate(found)
