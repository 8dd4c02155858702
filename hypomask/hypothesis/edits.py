"""Edits of one hypothesis: restrict it to genes, add and remove genes and edges, turn it round.

Each returns a new hypothesis and says in `provenance` what was done, with counts. Operations on several hypotheses are
in `hypomask.hypothesis.algebra`, random ones in `hypomask.hypothesis.rewired`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from hypomask.errors import HypothesisError, did_you_mean
from hypomask.hypothesis.algebra import difference, union
from hypomask.hypothesis.allowed_pairs import AllowedPairs, directions, nested_members
from hypomask.hypothesis.graph import Edge, Expansion, GeneGroup, Hypothesis

__all__ = [
    "add",
    "expand",
    "induce",
    "narrowed_groups",
    "remove_edges",
    "remove_genes",
    "restrict",
    "reverse",
]

MAX_LISTED = 5
ANY_RELATION = ("acts_on", "interacts_with")
"""Relations of edges written with arrows alone: such an edge, removed, takes every relation of its pair with it."""


def restrict(hypothesis: Hypothesis, genes: Iterable[str]) -> Hypothesis:
    """Keep only `genes`: edges with both ends among them, groups without their other members."""
    wanted = frozenset(genes)
    kept = tuple(gene for gene in hypothesis.genes if gene in wanted)
    return _narrowed(hypothesis, kept, f"restricted to {len(kept):,} of {len(hypothesis.genes):,} genes")


def induce(hypothesis: Hypothesis, genes: Iterable[str]) -> Hypothesis:
    """Return the graph induced on `genes`: all of them are its genes, also those that `hypothesis` does not hold."""
    listed = tuple(dict.fromkeys(genes))
    n_known = len(frozenset(hypothesis.genes).intersection(listed))
    return _narrowed(hypothesis, listed, f"induced on {len(listed):,} genes, {n_known:,} of which it holds")


def _narrowed(hypothesis: Hypothesis, genes: tuple[str, ...], account: str) -> Hypothesis:
    wanted = frozenset(genes)
    edges = tuple(edge for edge in hypothesis.edges if edge.source in wanted and edge.target in wanted)
    groups = narrowed_groups(hypothesis.groups, wanted)
    account += f": {len(edges):,} of {len(hypothesis.edges):,} edges"
    if hypothesis.groups:
        account += f", {len(groups):,} of {len(hypothesis.groups):,} groups"
    return _changed(hypothesis, account, genes=genes, edges=edges, groups=groups)


def narrowed_groups(groups: Iterable[GeneGroup], genes: frozenset[str]) -> tuple[GeneGroup, ...]:
    """Return groups without their members outside `genes`, and without groups that have nothing left to connect.

    A group inside another stays while it holds any gene: the group around it has its members from there.
    """
    small = [replace(group, members=tuple(gene for gene in group.members if gene in genes)) for group in groups]
    held = nested_members(small)
    children = {group.name: group.children for group in small}
    kept = {name for name, members in held.items() if len(members) > 1}
    waiting = list(kept)
    while waiting:
        inside = [child for child in children[waiting.pop()] if held[child] and child not in kept]
        kept.update(inside)
        waiting.extend(inside)
    return tuple(
        replace(group, children=tuple(child for child in group.children if child in kept))
        for group in small
        if group.name in kept
    )


def remove_genes(hypothesis: Hypothesis, genes: Iterable[str]) -> Hypothesis:
    """Remove genes with all their edges and memberships.

    Raises
    ------
    HypothesisError
        The hypothesis does not hold one of them.
    """
    unwanted = dict.fromkeys(genes)
    _refuse_unknown(hypothesis, unwanted)
    kept = tuple(gene for gene in hypothesis.genes if gene not in unwanted)
    return _narrowed(hypothesis, kept, f"without {_listed(unwanted)}")


def remove_edges(hypothesis: Hypothesis, edges: Iterable[Edge]) -> Hypothesis:
    """Remove edges, so that they have no effect at all: a group loses the pair too.

    An edge of the relation ``acts_on`` or ``interacts_with``, as ``A -> B`` and ``A -- B`` are read, removes that pair
    whatever its relation; one of another relation removes this relation of the pair, and groups stay as they are.

    Raises
    ------
    HypothesisError
        The hypothesis has no such edge.
    """
    listed = list(edges)
    allowed = AllowedPairs.of(hypothesis)
    related = {(pair, edge.relation) for edge in hypothesis.edges for pair in directions(edge)}
    missing = [
        _in_words(edge)
        for edge in listed
        for pair in directions(edge)
        if not (allowed.weight(pair) if edge.relation in ANY_RELATION else (pair, edge.relation) in related)
    ]
    if missing:
        _refuse_unknown(hypothesis, chain.from_iterable((edge.source, edge.target) for edge in listed))
        raise HypothesisError(f"{hypothesis.name!r} has no edge {missing[0]} to remove; is it the other way round?")
    of_relation = {
        (pair, edge.relation) for edge in listed if edge.relation not in ANY_RELATION for pair in directions(edge)
    }
    narrowed = replace(hypothesis, edges=tuple(_without(hypothesis.edges, of_relation)))
    open_edges = tuple(edge for edge in listed if edge.relation in ANY_RELATION)
    if open_edges:
        unwanted = Hypothesis("removed", tuple(dict.fromkeys(chain.from_iterable(map(_ends, open_edges)))), open_edges)
        narrowed = difference(narrowed, unwanted)
    return _changed(
        hypothesis, f"without {_listed(map(_in_words, listed))}", edges=narrowed.edges, groups=narrowed.groups
    )


def _without(edges: Iterable[Edge], unwanted: set[tuple[tuple[str, str], str]]) -> Iterable[Edge]:
    for edge in edges:
        left = [pair for pair in directions(edge) if (pair, edge.relation) not in unwanted]
        if len(left) == len(directions(edge)):
            yield edge
        else:
            yield from (replace(edge, source=source, target=target, directed=True) for source, target in left)


def add(
    hypothesis: Hypothesis, edges: Sequence[Edge] = (), genes: Iterable[str] = (), groups: Sequence[GeneGroup] = ()
) -> Hypothesis:
    """Add edges, genes and groups."""
    ends = chain.from_iterable(map(_ends, edges))
    members = chain.from_iterable(group.members for group in groups)
    named = tuple(dict.fromkeys([*ends, *genes, *members]))
    joined = union(hypothesis, Hypothesis("added", named, tuple(edges), tuple(groups)))
    words = [_listed(map(_in_words, edges)), _listed(genes), _listed(f"group {group.name}" for group in groups)]
    account = f"with {', '.join(filter(None, words))} added"
    return _changed(hypothesis, account, genes=joined.genes, edges=joined.edges, groups=joined.groups)


def reverse(hypothesis: Hypothesis) -> Hypothesis:
    """Turn every directed edge round; undirected ones and groups have no direction."""
    edges = tuple(
        replace(edge, source=edge.target, target=edge.source) if edge.directed else edge for edge in hypothesis.edges
    )
    return _changed(hypothesis, "directed edges reversed", edges=edges)


def expand(hypothesis: Hypothesis, expansion: Expansion) -> Hypothesis:
    """Let every group become edges in this way; groups inside others keep their place in a hierarchy."""
    children = {group.name: group.children if expansion == "hierarchy" else () for group in hypothesis.groups}
    members = nested_members(hypothesis.groups)
    order = {gene: i for i, gene in enumerate(hypothesis.genes)}
    groups = tuple(
        replace(
            group,
            expansion=expansion,
            children=children[group.name],
            members=group.members
            if expansion == "hierarchy"
            else tuple(sorted(members[group.name], key=lambda gene: order.get(gene, 0))),
        )
        for group in hypothesis.groups
    )
    return _changed(hypothesis, f"{len(groups):,} groups expanded as {expansion}", groups=groups)


def _changed(hypothesis: Hypothesis, account: str, **changes: Any) -> Hypothesis:
    """Return `hypothesis` with `changes`; heads of relations that are gone go too."""
    changed = replace(hypothesis, **changes, provenance=(*hypothesis.provenance, account))
    gone = set(hypothesis.relations) - set(changed.relations)
    return replace(changed, heads={name: n for name, n in hypothesis.heads.items() if name not in gone})


def _refuse_unknown(hypothesis: Hypothesis, genes: Iterable[str]) -> None:
    known = frozenset(hypothesis.genes)
    for gene in genes:
        if gene not in known:
            raise HypothesisError(f"{hypothesis.name!r} has no gene {gene!r}.{did_you_mean(gene, known)}")


def _ends(edge: Edge) -> tuple[str, str]:
    return edge.source, edge.target


def _in_words(edge: Edge) -> str:
    return f"{edge.source} {'->' if edge.directed else '--'} {edge.target}"


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MAX_LISTED:,} more" if len(listed) > MAX_LISTED else ""
    return ", ".join(listed[:MAX_LISTED]) + more
