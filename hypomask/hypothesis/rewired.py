"""A hypothesis with the same degrees and another wiring: a rival that has nothing but its shape in common.

A study draws such rivals of every mask itself (`hypomask.masks.null_masks`); this is for a document that wants one by
name, the same for everybody who reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.hypothesis.rewiring import rewire_directed, rewire_undirected

__all__ = ["rewire"]


def rewire(hypothesis: Hypothesis, seed: int) -> Hypothesis:
    """Rewire edges and memberships at random; the same `seed` gives the same hypothesis everywhere.

    Every gene keeps its in-degree and out-degree in every relation, and the number of groups it is a member of; every
    group keeps its size and its place in a hierarchy. An edge keeps its source, sign and weight.

    References
    ----------
    Maslov and Sneppen (2002), Specificity and stability in topology of protein networks, doi:10.1126/science.1065103
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    position = {gene: i for i, gene in enumerate(hypothesis.genes)}
    edges, n_edges = _rewired_edges(merge_edges(hypothesis.edges)[0], position, hypothesis.genes, rng)
    groups, n_memberships = _rewired_groups(hypothesis.groups, position, hypothesis.genes, rng)
    account = f"rewired with seed {seed}, degrees kept: {n_edges:,} swaps of edges, {n_memberships:,} of memberships"
    return replace(hypothesis, edges=edges, groups=groups, provenance=(*hypothesis.provenance, account))


def _rewired_edges(
    edges: Sequence[Edge], position: Mapping[str, int], genes: Sequence[str], rng: np.random.Generator
) -> tuple[tuple[Edge, ...], int]:
    """Return the edges, in their order, and the number of swaps."""
    made = list(edges)
    kinds: dict[tuple[str, bool], list[int]] = {}
    for number, edge in enumerate(edges):
        kinds.setdefault((edge.relation, edge.directed), []).append(number)
    n_swaps = 0
    for (_, directed), numbers in kinds.items():
        sources = np.array([position[edges[i].source] for i in numbers], dtype=np.int64)
        targets = np.array([position[edges[i].target] for i in numbers], dtype=np.int64)
        rewired = (rewire_directed if directed else rewire_undirected)(sources, targets, len(genes), rng)
        n_swaps += rewired.accepted
        for number, source, target in zip(numbers, rewired.sources.tolist(), rewired.targets.tolist(), strict=True):
            made[number] = replace(edges[number], source=genes[source], target=genes[target])
    return tuple(made), n_swaps


def _rewired_groups(
    groups: Sequence[GeneGroup], position: Mapping[str, int], genes: Sequence[str], rng: np.random.Generator
) -> tuple[tuple[GeneGroup, ...], int]:
    """Return the groups with other members, and the number of swaps: genes and groups are two sides of a graph."""
    members = [position[gene] for group in groups for gene in group.members]
    owners = [len(genes) + number for number, group in enumerate(groups) for _ in group.members]
    ends = np.array(members, dtype=np.int64), np.array(owners, dtype=np.int64)
    rewired = rewire_directed(*ends, len(genes) + len(groups), rng)
    drawn: list[list[str]] = [[] for _ in groups]
    for gene, owner in zip(rewired.sources.tolist(), rewired.targets.tolist(), strict=True):
        drawn[owner - len(genes)].append(genes[gene])
    return (
        tuple(replace(group, members=tuple(own)) for group, own in zip(groups, drawn, strict=True)),
        rewired.accepted,
    )
