"""Give the genes of a hypothesis other names: none, one or several each, with an account of what that does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypomask.errors import shortened
from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis

__all__ = ["Renaming", "rename_genes"]

MAX_NAMED = 5


@dataclass(frozen=True)
class Renaming:
    """What renaming did to a hypothesis.

    Parameters
    ----------
    dropped
        Genes that have no new name.
    split
        Genes that became several, with what they became.
    merged
        New genes that several became, with what they were.
    n_genes, n_edges
        Before and after.
    edges_lost
        Written edges of which an end was dropped.
    edges_within
        Edges whose ends became one gene; every gene reads itself anyway.
    edges_merged
        Edges that became one with another edge.
    groups_lost
        Groups of which no member and no child is left.
    """

    dropped: tuple[str, ...]
    split: Mapping[str, tuple[str, ...]]
    merged: Mapping[str, tuple[str, ...]]
    n_genes: tuple[int, int]
    n_edges: tuple[int, int]
    edges_lost: int
    edges_within: int
    edges_merged: int
    groups_lost: tuple[str, ...]

    @property
    def coverage(self) -> float:
        """Part of the genes that have a new name; 1 for a hypothesis without genes."""
        return 1.0 - len(self.dropped) / self.n_genes[0] if self.n_genes[0] else 1.0

    def lines(self) -> tuple[str, ...]:
        """Return the account in words, for provenance and reports."""
        before, after = self.n_genes
        lines = [
            f"{before - len(self.dropped)} of {before} genes renamed, to {after}; "
            f"{self.n_edges[0]} edges became {self.n_edges[1]}"
        ]
        if self.dropped:
            lines.append(f"left out: {_listed(self.dropped)}; {self.edges_lost} edges with them")
        if self.split:
            split = [f"{gene} -> {'+'.join(names)}" for gene, names in self.split.items()]
            lines.append(f"one gene became several: {_listed(split)}")
        if self.merged:
            merged = [f"{'+'.join(genes)} -> {name}" for name, genes in self.merged.items()]
            lines.append(f"several genes became one: {_listed(merged)}")
        if self.edges_within:
            lines.append(f"{self.edges_within} edges lay within what became one gene, and are left out")
        if self.edges_merged:
            lines.append(f"{self.edges_merged} edges became one with another of the same genes and relation")
        if self.groups_lost:
            lines.append(f"groups without members left out: {_listed(self.groups_lost)}")
        return tuple(lines)


def rename_genes(hypothesis: Hypothesis, names: Mapping[str, tuple[str, ...]]) -> tuple[Hypothesis, Renaming]:
    """Return the hypothesis with other gene names, and what that did.

    An edge becomes one for each pair of its ends' new names, with its relation, sign and weight. Edges that then repeat
    each other become one (see `hypomask.hypothesis.edge_merging.merge_edges`). Group names stay as they are.

    Parameters
    ----------
    names
        New names of every gene; an empty tuple, or no entry, drops the gene.
    """
    new_names = {gene: tuple(dict.fromkeys(names.get(gene, ()))) for gene in hypothesis.genes}
    genes = tuple(dict.fromkeys(name for gene in hypothesis.genes for name in new_names[gene]))
    edges: list[Edge] = []
    n_lost = 0
    for edge in hypothesis.edges:
        pairs = [(a, b) for a in new_names[edge.source] for b in new_names[edge.target]]
        n_lost += not pairs
        edges += [replace(edge, source=a, target=b) for a, b in pairs]
    merged_edges, _ = merge_edges(edges)
    n_within = sum(edge.source == edge.target for edge in edges)
    groups, groups_lost = _groups(hypothesis.groups, new_names)
    origins: dict[str, list[str]] = {}
    for gene in hypothesis.genes:
        for name in new_names[gene]:
            origins.setdefault(name, []).append(gene)
    renaming = Renaming(
        dropped=tuple(gene for gene in hypothesis.genes if not new_names[gene]),
        split={gene: new_names[gene] for gene in hypothesis.genes if len(new_names[gene]) > 1},
        merged={name: tuple(olds) for name, olds in origins.items() if len(olds) > 1},
        n_genes=(len(hypothesis.genes), len(genes)),
        n_edges=(len(hypothesis.edges), len(merged_edges)),
        edges_lost=n_lost,
        edges_within=n_within,
        edges_merged=len(edges) - n_within - len(merged_edges),
        groups_lost=groups_lost,
    )
    return replace(hypothesis, genes=genes, edges=merged_edges, groups=groups), renaming


def _groups(
    groups: tuple[GeneGroup, ...], new_names: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[GeneGroup, ...], tuple[str, ...]]:
    """Return groups of the new names, without those of which nothing is left, and the names of these."""
    renamed = []
    for group in groups:
        members = tuple(dict.fromkeys(name for gene in group.members for name in new_names[gene]))
        renamed.append(replace(group, members=members))
    left: set[str] = set()
    grown = {group.name for group in renamed if group.members}
    while grown != left:  # a group lives on through the groups within it
        left = grown
        grown = left | {group.name for group in renamed if not left.isdisjoint(group.children)}
    kept = [
        replace(group, children=tuple(child for child in group.children if child in left))
        for group in renamed
        if group.name in left
    ]
    return tuple(kept), tuple(group.name for group in groups if group.name not in left)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(shortened(name, 80) for name in names[:MAX_NAMED])
    return f"{shown} and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else shown
