"""The two masks that every hypothesis is compared with: nobody reads anybody, and everybody reads everybody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hypomask.errors import HypothesisError
from hypomask.masks.mask import EdgeTable, Mask

__all__ = ["MAX_EDGES", "no_interaction", "random_mask", "unconstrained"]

MAX_EDGES = 4_000_000  # all pairs of 2,000 genes
DENSE_DRAW = 20_000_000  # pairs below which drawing without replacement may list all of them


def no_interaction(genes: Sequence[str], name: str = "no-interaction") -> Mask:
    """Return the mask with the diagonal alone: what the genes explain one by one."""
    return Mask(name=name, genes=tuple(genes), layers=(EdgeTable.build([], []),))


def unconstrained(
    genes: Sequence[str],
    *,
    like: Mask | None = None,
    max_edges: int = MAX_EDGES,
    seed: int = 0,
    name: str = "unconstrained",
) -> Mask:
    """Return the mask with all pairs, or a random one when all pairs are more than `max_edges`.

    Parameters
    ----------
    like
        The random mask gets as many edges as this one; `max_edges` of them when None.
    seed
        Decides the random mask; unused when all pairs fit.
    """
    n = len(genes)
    if n * (n - 1) > max_edges:
        return random_mask(genes, min(like.n_edges, max_edges) if like is not None else max_edges, seed=seed, name=name)
    return _from_pair_numbers(genes, np.arange(n * (n - 1), dtype=np.int64), name)


def random_mask(genes: Sequence[str], n_edges: int, *, seed: int, name: str = "random") -> Mask:
    """Return a mask with `n_edges` different off-diagonal pairs, drawn uniformly."""
    n = len(genes)
    if not 0 <= n_edges <= n * (n - 1):
        raise HypothesisError(f"random mask over {n} genes: got {n_edges} edges, expected 0 to {n * (n - 1)}")
    return _from_pair_numbers(genes, np.sort(_distinct(n * (n - 1), n_edges, np.random.default_rng(seed))), name)


def _from_pair_numbers(genes: Sequence[str], numbers: npt.NDArray[np.int64], name: str) -> Mask:
    """Make a mask of off-diagonal pairs, numbered row by row; `numbers` sorted, so that nothing is sorted again."""
    rows, cols = np.divmod(numbers, max(len(genes) - 1, 1))
    cols += cols >= rows  # number among the other n - 1 tokens -> token number
    size = len(numbers)
    table = EdgeTable(rows.astype(np.int32), cols.astype(np.int32), np.zeros(size, np.int16), np.ones(size, np.float32))
    return Mask(name=name, genes=tuple(genes), layers=(table,))


def _distinct(limit: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw `size` different integers below `limit` without listing all of them where that is too much memory."""
    if limit <= DENSE_DRAW:
        return rng.choice(limit, size, replace=False).astype(np.int64)
    drawn = np.zeros(0, dtype=np.int64)
    while len(drawn) < size:
        more = rng.integers(0, limit, size=size - len(drawn) + 16, dtype=np.int64)
        together = np.concatenate([drawn, more])
        drawn = together[np.sort(np.unique(together, return_index=True)[1])]  # in order of drawing: no value favoured
    return drawn[:size]
