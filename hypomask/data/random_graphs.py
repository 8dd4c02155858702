"""Random graphs to plant: benchmarks need a truth that no one has seen."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hypomask.data.seeds import derive_seed
from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Edge, Hypothesis

__all__ = ["random_graph"]

HUB_EXPONENT = 1.0
"""Sources are drawn with weight rank**-1: the busiest of 60 genes sends about a fifth of the edges."""


def random_graph(
    n_genes: int, n_edges: int, seed: int, kind: Literal["er", "hubs"] = "er", *, name: str = "truth"
) -> Hypothesis:
    """Return a hypothesis of `n_edges` directed edges, no loops, no two between the same pair of genes.

    Parameters
    ----------
    kind
        ``er``: every pair and direction equally likely (Erdos-Renyi). ``hubs``: few genes, chosen at random, are the
        source of most edges, as transcription factors are.

    Examples
    --------
    >>> graph = random_graph(5, 3, seed=1)
    >>> graph.genes, len(graph.edges)
    (('G1', 'G2', 'G3', 'G4', 'G5'), 3)
    """
    most = n_genes * (n_genes - 1) // 2
    if n_genes < 2 or not 0 <= n_edges <= most:
        raise ConfigError(
            f"random graph: got {n_edges} edges of {n_genes} genes, expected 2 or more genes and at most {most} edges"
        )
    if kind not in ("er", "hubs"):
        raise ConfigError(f"random graph: got kind {kind!r}, expected 'er' or 'hubs'")
    generator = np.random.default_rng(derive_seed("random graph", kind, n_genes, n_edges, seed))
    first, second = np.triu_indices(n_genes, k=1)
    weight = np.ones(n_genes)
    if kind == "hubs":
        weight = generator.permutation(np.arange(1, n_genes + 1) ** -HUB_EXPONENT)
    # Gumbel keys: the n_edges largest are a weighted draw without replacement
    keys = np.log(weight[first] + weight[second]) + generator.gumbel(size=most)
    chosen = np.sort(np.argpartition(-keys, n_edges - 1)[:n_edges]) if n_edges else np.zeros(0, dtype=np.int64)
    forward = generator.random(n_edges) < weight[first[chosen]] / (weight[first[chosen]] + weight[second[chosen]])
    genes = tuple(f"G{i:0{len(str(n_genes))}d}" for i in range(1, n_genes + 1))
    edges = tuple(
        Edge(genes[i], genes[j]) if ahead else Edge(genes[j], genes[i])
        for i, j, ahead in zip(first[chosen].tolist(), second[chosen].tolist(), forward.tolist(), strict=True)
    )
    return Hypothesis(name=name, genes=genes, edges=edges, description=f"random graph ({kind}), seed {seed}")
