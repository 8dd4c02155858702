"""The switch chain: degrees are kept, and every graph of the same degrees is as likely as any other."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from hypomask.hypothesis.rewiring import rewire_directed, rewire_undirected

Edges = frozenset[tuple[int, int]]
N_DRAWS = 3000


def all_graphs(pairs: list[tuple[int, int]], edges: list[tuple[int, int]], *, directed: bool) -> set[Edges]:
    """Enumerate every set of pairs with the degrees of `edges`."""

    def degrees(chosen: tuple[tuple[int, int], ...]) -> tuple[Counter[int], Counter[int]] | Counter[int]:
        out, into = Counter(a for a, _ in chosen), Counter(b for _, b in chosen)
        return (out, into) if directed else out + into

    wanted = degrees(tuple(edges))
    return {frozenset(chosen) for chosen in itertools.combinations(pairs, len(edges)) if degrees(chosen) == wanted}


def drawn(edges: list[tuple[int, int]], n_nodes: int, *, directed: bool, n_draws: int = N_DRAWS) -> Counter[Edges]:
    """Start `n_draws` chains at `edges` and count where they end."""
    rng = np.random.default_rng(7)
    first, second = np.array(edges, dtype=np.int64).T
    rewire = rewire_directed if directed else rewire_undirected
    ends: Counter[Edges] = Counter()
    for _ in range(n_draws):
        done = rewire(first, second, n_nodes, rng, effort=0.2)
        found = list(zip(done.sources.tolist(), done.targets.tolist(), strict=True))
        ends[frozenset(found if directed else [(min(e), max(e)) for e in found])] += 1
    return ends


@pytest.mark.parametrize(
    ("edges", "n_nodes"),
    [
        ([(0, 1), (1, 2), (2, 3), (3, 4), (0, 2)], 5),
        ([(0, 1), (2, 3), (2, 4), (2, 5), (3, 4), (3, 5), (4, 5)], 6),
    ],
)
def test_undirected_chain_is_uniform_over_all_graphs_of_the_same_degrees(
    edges: list[tuple[int, int]], n_nodes: int
) -> None:
    graphs = all_graphs(list(itertools.combinations(range(n_nodes), 2)), edges, directed=False)
    ends = drawn(edges, n_nodes, directed=False)
    assert len(graphs) > 5
    assert set(ends) == graphs
    assert chisquare([ends[graph] for graph in graphs]).pvalue > 0.001


@pytest.mark.parametrize(
    ("edges", "n_nodes"),
    [
        ([(0, 1), (1, 2), (2, 0), (2, 3)], 4),
        ([(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)], 4),
        ([(0, 2), (0, 3), (1, 3), (1, 4)], 5),
    ],
)
def test_directed_chain_is_uniform_over_all_graphs_of_the_same_degrees(
    edges: list[tuple[int, int]], n_nodes: int
) -> None:
    graphs = all_graphs(list(itertools.permutations(range(n_nodes), 2)), edges, directed=True)
    ends = drawn(edges, n_nodes, directed=True)
    assert len(graphs) > 1
    assert set(ends) == graphs
    assert chisquare([ends[graph] for graph in graphs]).pvalue > 0.001


def test_directed_triangle_is_reversed_though_no_switch_can_do_it() -> None:
    ends = drawn([(0, 1), (1, 2), (2, 0)], 3, directed=True, n_draws=400)
    assert len(ends) == 2
    assert min(ends.values()) > 140


@pytest.mark.parametrize("directed", [True, False])
def test_star_has_no_other_wiring(directed: bool) -> None:
    hub, leaves = np.zeros(9, dtype=np.int64), np.arange(1, 10)
    rewire = rewire_directed if directed else rewire_undirected
    done = rewire(hub, leaves, 10, np.random.default_rng(0))
    assert done.accepted == 0
    assert done.proposals >= 1000


@pytest.mark.parametrize("n_edges", [0, 1])
def test_nothing_to_swap_is_left_as_it_is(n_edges: int) -> None:
    ends = np.arange(n_edges, dtype=np.int64)
    for rewire in (rewire_directed, rewire_undirected):
        done = rewire(ends, ends + 5, 10, np.random.default_rng(0))
        assert done.sources.tolist() == ends.tolist()
        assert done.accepted == 0


def test_forbidden_edges_are_never_made() -> None:
    # 0->2, 1->3 may only become 0->3, 1->2
    sources, targets = np.array([0, 1]), np.array([2, 3])
    free = rewire_directed(sources, targets, 4, np.random.default_rng(0))
    bound = rewire_directed(sources, targets, 4, np.random.default_rng(0), forbidden={0 * 4 + 3})
    assert free.accepted > 0
    assert bound.accepted == 0


def test_sides_are_kept_where_asked() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 20, 60), rng.integers(20, 40, 60)
    first, second = np.unique(np.stack([first, second]), axis=1)
    done = rewire_undirected(first, second, 40, rng, keep_sides=True)
    assert done.accepted > 0
    assert done.sources.max() < 20 <= done.targets.min()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[int, int]], int]:
    n = draw(st.integers(2, 12))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    return draw(st.lists(pair, max_size=30)), n


@settings(max_examples=100, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 99))
def test_directed_rewiring_keeps_in_and_out_degree_without_loops_or_doubles(
    graph: tuple[list[tuple[int, int]], int], seed: int
) -> None:
    pairs, n = graph
    edges = sorted(set(pairs))
    sources, targets = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    done = rewire_directed(sources, targets, n, np.random.default_rng(seed))
    assert done.sources.tolist() == sources.tolist()  # so that weights stay with who sends them
    assert Counter(done.targets.tolist()) == Counter(targets.tolist())
    assert (done.sources != done.targets).all()
    assert len(set(zip(done.sources.tolist(), done.targets.tolist(), strict=True))) == len(edges)


@settings(max_examples=100, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 99))
def test_undirected_rewiring_keeps_degree_without_loops_or_doubles(
    graph: tuple[list[tuple[int, int]], int], seed: int
) -> None:
    pairs, n = graph
    edges = sorted({(min(p), max(p)) for p in pairs})
    first, second = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    done = rewire_undirected(first, second, n, np.random.default_rng(seed))
    ends = Counter(done.sources.tolist()) + Counter(done.targets.tolist())
    assert ends == Counter(first.tolist()) + Counter(second.tolist())
    assert (done.sources != done.targets).all()
    made = {(min(e), max(e)) for e in zip(done.sources.tolist(), done.targets.tolist(), strict=True)}
    assert len(made) == len(edges)


def test_fifty_thousand_edges_mix_to_what_chance_leaves_in_place() -> None:
    n, n_edges = 2000, 50_000
    rng = np.random.default_rng(0)
    sources, targets = np.divmod(rng.choice(n * n, n_edges, replace=False), n)
    off = sources != targets
    sources, targets = sources[off], targets[off]
    done = rewire_directed(sources, targets, n, rng)
    kept = np.isin(done.sources * n + done.targets, sources * n + targets).mean()
    by_chance = len(sources) / n**2
    assert done.proposals >= 10 * len(sources)
    assert kept < 1.3 * by_chance
