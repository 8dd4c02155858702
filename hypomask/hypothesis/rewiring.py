"""Rewire a graph at random and keep every degree: the switch chain, on plain edge lists.

Two edges are drawn and exchange ends; a proposal that would make a self loop or a double edge is refused, and the
refusal counts as a step. That makes the chain symmetric, so its stationary law is uniform over the graphs it can reach
(repeating until k swaps are *accepted*, as `networkx.double_edge_swap` does, favours graphs with few neighbours).
Undirected and bipartite graphs of given degrees are all connected by switches; directed ones need a second move, the
reversal of a directed triangle.

Nodes are integers, an edge is one packed integer, and random numbers are drawn in blocks: 50,000 edges take about a
second in plain Python.

References
----------
Maslov & Sneppen 2002, 10.1126/science.1065103. Rao, Jana & Bandyopadhyay 1996 (triangles), Sankhya A 58:225.
Carstens 2015 (rejected proposals), 10.1103/PhysRevE.91.042812.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Rewired", "rewire_directed", "rewire_undirected"]

IntArray = npt.NDArray[np.int64]
PROPOSALS_PER_EDGE = 10
MIN_PROPOSALS = 1000  # a handful of edges needs more than 10 steps each to forget where it started
SWAPS_PER_EDGE = 2  # accepted swaps aimed at: each touches two edges, so that an edge moves four times on average
MAX_EXTRA = 9  # further proposals for a graph that refuses many, in multiples of the first ones
TRIANGLE_SHARE = 10  # one triangle proposal to so many switch proposals
BLOCK = 8192  # proposals per block of random numbers


@dataclass(frozen=True)
class Rewired:
    """The rewired edges and what it took.

    Parameters
    ----------
    sources, targets
        (E,) ends; edge i stands for edge i of the input, so that its weight can travel with it.
    proposals, accepted
        Steps of the chain and those that changed the graph.
    """

    sources: IntArray
    targets: IntArray
    proposals: int
    accepted: int


def rewire_directed(
    sources: IntArray,
    targets: IntArray,
    n_nodes: int,
    rng: np.random.Generator,
    *,
    forbidden: Set[int] = frozenset(),
    effort: float = 1.0,
) -> Rewired:
    """Rewire directed (or bipartite) edges; every node keeps its in-degree and its out-degree.

    Edge i keeps its source, so the weights a node sends out stay the same too.

    Parameters
    ----------
    sources, targets
        (E,) node numbers below `n_nodes`, no self loops, no edge twice.
    forbidden
        Packed edges ``source * n_nodes + target`` that may not be made.
    effort
        Share of the usual number of proposals, for a chain that is run in several goes.
    """
    src, dst = sources.tolist(), targets.tolist()
    index_of = {s * n_nodes + t: i for i, (s, t) in enumerate(zip(src, dst, strict=True))}
    may_hold_triangles = bool(set(src) & set(dst))

    def run(n_proposals: int) -> int:
        accepted = 0
        for start in range(0, n_proposals, BLOCK):
            size = min(BLOCK, n_proposals - start)
            accepted += _switch_directed(src, dst, index_of, forbidden, n_nodes, rng, size)
            if may_hold_triangles:
                n_triangles = -(-size // TRIANGLE_SHARE)
                accepted += _reverse_triangles(src, dst, index_of, forbidden, n_nodes, rng, n_triangles)
        return accepted

    proposals, accepted = _mix(run, len(src), effort)
    return Rewired(np.array(src, dtype=np.int64), np.array(dst, dtype=np.int64), proposals, accepted)


def rewire_undirected(
    first: IntArray,
    second: IntArray,
    n_nodes: int,
    rng: np.random.Generator,
    *,
    forbidden: Set[int] = frozenset(),
    keep_sides: bool = False,
    effort: float = 1.0,
) -> Rewired:
    """Rewire undirected edges; every node keeps its degree.

    Parameters
    ----------
    first, second
        (E,) node numbers below `n_nodes`; each edge once, in either order, no self loops.
    forbidden
        Packed edges ``smaller * n_nodes + larger`` that may not be made.
    keep_sides
        Whether nodes of `first` must keep meeting nodes of `second` (edges between two modules).
    effort
        As in `rewire_directed`.
    """
    one, two = first.tolist(), second.tolist()
    taken = {min(a, b) * n_nodes + max(a, b) for a, b in zip(one, two, strict=True)}

    def run(n_proposals: int) -> int:
        return sum(
            _switch_undirected(
                one, two, taken, forbidden, n_nodes, rng, min(BLOCK, n_proposals - start), keep_sides=keep_sides
            )
            for start in range(0, n_proposals, BLOCK)
        )

    proposals, accepted = _mix(run, len(one), effort)
    return Rewired(np.array(one, dtype=np.int64), np.array(two, dtype=np.int64), proposals, accepted)


def _mix(run: Callable[[int], int], n_edges: int, effort: float) -> tuple[int, int]:
    """Run the chain long enough; return proposals and accepted swaps.

    The number of further steps is fixed before they are taken. To stop at a number of accepted swaps instead would
    favour graphs that accept easily.
    """
    if n_edges < 2:
        return 0, 0
    proposals = math.ceil(effort * max(PROPOSALS_PER_EDGE * n_edges, MIN_PROPOSALS))
    accepted = run(proposals)
    wanted = math.ceil(effort * SWAPS_PER_EDGE * n_edges)
    if 0 < accepted < wanted:
        extra = min(MAX_EXTRA * proposals, proposals * (wanted - accepted) // accepted + 1)
        accepted += run(extra)
        proposals += extra
    return proposals, accepted


def _switch_directed(
    src: list[int],
    dst: list[int],
    index_of: dict[int, int],
    forbidden: Set[int],
    n: int,
    rng: np.random.Generator,
    size: int,
) -> int:
    """Propose `size` times: a -> b, c -> d become a -> d, c -> b."""
    accepted = 0
    drawn_i, drawn_j = rng.integers(0, len(src), size=(2, size)).tolist()
    for i, j in zip(drawn_i, drawn_j, strict=True):
        a, b, c, d = src[i], dst[i], src[j], dst[j]
        if a == d or c == b:
            continue
        ad, cb = a * n + d, c * n + b
        if ad in index_of or cb in index_of or ad in forbidden or cb in forbidden:  # also when i == j
            continue
        del index_of[a * n + b], index_of[c * n + d]
        index_of[ad], index_of[cb] = i, j
        dst[i], dst[j] = d, b
        accepted += 1
    return accepted


def _reverse_triangles(
    src: list[int],
    dst: list[int],
    index_of: dict[int, int],
    forbidden: Set[int],
    n: int,
    rng: np.random.Generator,
    size: int,
) -> int:
    """Propose `size` times: a -> b -> c -> a become a -> c -> b -> a."""
    accepted = 0
    drawn_i = rng.integers(0, len(src), size=size).tolist()
    drawn_c = rng.integers(0, n, size=size).tolist()
    for i, c in zip(drawn_i, drawn_c, strict=True):
        a, b = src[i], dst[i]
        j, k = index_of.get(b * n + c), index_of.get(c * n + a)
        if j is None or k is None:
            continue
        reverse = (a * n + c, b * n + a, c * n + b)
        if any(edge in index_of or edge in forbidden for edge in reverse):
            continue
        del index_of[a * n + b], index_of[b * n + c], index_of[c * n + a]
        index_of.update(zip(reverse, (i, j, k), strict=True))
        dst[i], dst[j], dst[k] = c, a, b
        accepted += 1
    return accepted


def _switch_undirected(
    one: list[int],
    two: list[int],
    taken: set[int],
    forbidden: Set[int],
    n: int,
    rng: np.random.Generator,
    size: int,
    *,
    keep_sides: bool,
) -> int:
    """Propose `size` times: a - b, c - d become a - d, c - b, or a - c, b - d, at even odds."""
    accepted = 0
    drawn_i, drawn_j = rng.integers(0, len(one), size=(2, size)).tolist()
    crosswise = [0] * size if keep_sides else rng.integers(0, 2, size=size).tolist()
    for i, j, cross in zip(drawn_i, drawn_j, crosswise, strict=True):
        if i == j:
            continue
        a, b, c, d = one[i], two[i], one[j], two[j]
        if cross:
            c, d = d, c
        if a == d or c == b:
            continue
        ad = a * n + d if a < d else d * n + a
        cb = c * n + b if c < b else b * n + c
        if ad in taken or cb in taken or ad in forbidden or cb in forbidden:
            continue
        taken.remove(a * n + b if a < b else b * n + a)
        taken.remove(c * n + d if c < d else d * n + c)
        taken.add(ad)
        taken.add(cb)
        one[i], two[i], one[j], two[j] = a, d, c, b
        accepted += 1
    return accepted
