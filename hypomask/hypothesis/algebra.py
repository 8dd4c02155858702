"""Union, intersection and difference of hypotheses.

What is combined are the pairs of genes that each allows (`hypomask.hypothesis.allowed_pairs`), as with masks
(`hypomask.masks.algebra`): a relation is a label on a pair, so an edge that one hypothesis calls ``activates`` and the
other ``binds`` is in the intersection, under both names; in the intersection of a network with gene sets are the
network's edges within the sets. Weights combine as in fuzzy sets: the larger in a union, the smaller in an
intersection. Name, scope, prior and heads are those of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from hypomask.errors import HypothesisError
from hypomask.hypothesis.allowed_pairs import AllowedPairs, connecting_groups, directions
from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.gene_names import MAX_NAME_LENGTH
from hypomask.hypothesis.graph import Edge, Expansion, GeneGroup, Hypothesis

__all__ = ["difference", "intersection", "union"]

CO_MEMBER = "co_member"
"""Relation of the edges that a group becomes when only part of it is left; masks call cliques so too."""
MAX_WRITTEN_OUT = 2_000_000
MAX_GROUPS = 100_000


def union(first: Hypothesis, *others: Hypothesis, name: str | None = None) -> Hypothesis:
    """Return what any of the hypotheses allows."""
    edges, notes = merge_edges(edge for hypothesis in (first, *others) for edge in hypothesis.edges)
    groups = first.groups
    for other in others:
        groups = (*groups, *_new_groups(other, groups))
    genes = tuple(dict.fromkeys(gene for hypothesis in (first, *others) for gene in hypothesis.genes))
    return _combined("union", (first, *others), name, genes, edges, groups, notes)


def intersection(first: Hypothesis, *others: Hypothesis, name: str | None = None) -> Hypothesis:
    """Return what all of the hypotheses allow, over the genes that all of them name."""
    result = first
    for other in others:
        result = _intersection(result, other)
    genes = set(first.genes).intersection(*(other.genes for other in others))
    in_order = tuple(gene for gene in first.genes if gene in genes)
    return _combined("intersection", (first, *others), name, in_order, result.edges, result.groups)


def difference(first: Hypothesis, *others: Hypothesis, name: str | None = None) -> Hypothesis:
    """Return what the first hypothesis allows and none of the others does, over the genes of the first.

    A group that loses a pair is written out: the pairs that are left become edges of the relation ``co_member``.

    Raises
    ------
    HypothesisError
        More than `MAX_WRITTEN_OUT` pairs would have to be written out.
    """
    result = first
    for other in others:
        result = _difference(result, other)
    return _combined("difference", (first, *others), name, first.genes, result.edges, result.groups)


def _combined(
    operation: str,
    parts: Sequence[Hypothesis],
    name: str | None,
    genes: tuple[str, ...],
    edges: tuple[Edge, ...],
    groups: tuple[GeneGroup, ...],
    notes: Iterable[str] = (),
) -> Hypothesis:
    made = f"{_size(edges, groups)} over {len(genes):,} genes"
    account = f"{operation} of {'; '.join(f'{part.name} ({_size(part.edges, part.groups)})' for part in parts)}: {made}"
    provenance = dict.fromkeys([*(line for part in parts for line in part.provenance), *notes, account])
    first = parts[0]
    gone = set(first.relations) - {edge.relation for edge in edges}
    return replace(
        first,
        name=name or first.name,
        genes=genes,
        edges=edges,
        groups=groups,
        heads={relation: n for relation, n in first.heads.items() if relation not in gone},
        provenance=tuple(provenance),
    )


def _size(edges: Sequence[Edge], groups: Sequence[GeneGroup]) -> str:
    return f"{len(edges):,} edges" + (f" and {len(groups):,} groups" if groups else "")


def _new_groups(other: Hypothesis, known: Sequence[GeneGroup]) -> list[GeneGroup]:
    """Return the groups that `other` adds to `known`.

    A name may stand for different groups in two hypotheses; their members together would allow pairs that neither
    does. So where any name does, the names of `other` that are taken get its own name behind them.
    """
    by_name = {group.name: group for group in known}
    taken = [group for group in other.groups if group.name in by_name]
    if all(group == by_name[group.name] for group in taken):
        return [group for group in other.groups if group.name not in by_name]
    names = {*by_name, *(group.name for group in other.groups)}
    renamed = {group.name: _free_name(group.name, other.name, names) for group in taken}
    return [
        replace(
            group,
            name=renamed.get(group.name, group.name),
            children=tuple(renamed.get(child, child) for child in group.children),
        )
        for group in other.groups
    ]


def _free_name(name: str, whose: str, taken: set[str]) -> str:
    """Return `name`, or `name` with an ending that makes it a new one, and add it to `taken`."""
    endings = chain(["", f" ({whose[:60]})"], (f" ({number})" for number in count(2)))
    candidates = (name[: MAX_NAME_LENGTH - len(ending)] + ending for ending in endings)
    free = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(free)
    return free


def _intersection(first: Hypothesis, second: Hypothesis) -> Hypothesis:
    ours, theirs = AllowedPairs.of(first), AllowedPairs.of(second)
    kept = [*_limited(first.edges, theirs), *_limited(second.edges, ours)]
    edges, _ = merge_edges(kept)
    return replace(first, edges=edges, groups=_common_groups(first, second, ours, theirs))


def _limited(edges: Iterable[Edge], allowed: AllowedPairs) -> Iterable[Edge]:
    """Yield the edges on allowed pairs, none heavier than what allows it; half of an undirected edge is directed."""
    for edge in edges:
        weights = {pair: min(edge.weight, allowed.weight(pair)) for pair in directions(edge)}
        left = {pair: weight for pair, weight in weights.items() if weight > 0}
        if len(left) == len(weights) and len(set(left.values())) == 1:
            yield replace(edge, weight=next(iter(left.values())))
            continue
        for (source, target), weight in left.items():
            yield replace(edge, source=source, target=target, directed=True, weight=weight)


@dataclass(frozen=True)
class _Meeting:
    """What a group of one hypothesis has in common with one of the other: its names, and what it becomes."""

    names: tuple[str, ...]
    weight: float
    expansion: Expansion


def _common_groups(
    first: Hypothesis, second: Hypothesis, ours: AllowedPairs, theirs: AllowedPairs
) -> tuple[GeneGroup, ...]:
    """Return what groups of the two have in common, two genes or more; nesting is lost, as members are all that counts.

    What two groups share weighs as much as the lighter of them. A group inside one of the other hypothesis stays
    whole. What lies inside another of these groups, and weighs no more, is left out.
    """
    our_cliques, their_cliques = _cliques(first), _cliques(second)
    found: dict[frozenset[str], _Meeting] = {}
    for name, members in ours.groups.items():
        own = ours.group_weights[name]
        met = {other: min(own, theirs.group_weights[other]) for other in sorted(theirs.overlapping(members))}
        whole = {other for other in met if members <= theirs.groups[other]}
        kept_whole = max((met[other] for other in whole), default=0.0)
        for other, weight in met.items():
            if other not in whole and weight <= kept_whole:
                continue  # inside what stays whole, and no heavier
            shared = members & theirs.groups[other]
            if shared in found and found[shared].weight >= weight:
                continue
            named_after = [(name, our_cliques), (other, their_cliques)]  # both, unless it is one of them
            if other in whole:
                named_after = named_after[:1]
            elif shared == theirs.groups[other]:
                named_after = named_after[1:]
            is_clique = any(group in cliques for group, cliques in named_after)
            names = tuple(group for group, _ in named_after)
            found[shared] = _Meeting(names, weight, "clique" if is_clique else "star")
        if len(found) > MAX_GROUPS:
            raise HypothesisError(
                f"the groups of {first.name!r} and {second.name!r} overlap in more than {MAX_GROUPS:,} ways; "
                "limit them by size, or restrict them to genes first"
            )
    taken: set[str] = set()
    order = {gene: i for i, gene in enumerate(first.genes)}
    return tuple(
        GeneGroup(
            _free_name(" & ".join(meeting.names)[:MAX_NAME_LENGTH].rstrip(), first.name, taken),
            tuple(sorted(members, key=lambda gene: order.get(gene, 0))),
            meeting.expansion,
            weight=meeting.weight,
        )
        for members, meeting in _largest(found)
    )


def _cliques(hypothesis: Hypothesis) -> frozenset[str]:
    return frozenset(group.name for group in hypothesis.groups if group.expansion == "clique")


def _largest(found: Mapping[frozenset[str], _Meeting]) -> list[tuple[frozenset[str], _Meeting]]:
    """Return what lies in no other that weighs as much; sets of two genes or more."""
    kept: list[tuple[frozenset[str], _Meeting]] = []
    holding: dict[str, set[int]] = {}
    for members, meeting in sorted(found.items(), key=lambda item: len(item[0]), reverse=True):
        around = set.intersection(*(holding.get(gene, set()) for gene in members))
        if all(kept[i][1].weight < meeting.weight for i in around):
            for gene in members:
                holding.setdefault(gene, set()).add(len(kept))
            kept.append((members, meeting))
    return kept


def _difference(first: Hypothesis, second: Hypothesis) -> Hypothesis:
    forbidden = AllowedPairs.of(second)
    edges: list[Edge] = []
    for edge in first.edges:
        left = [pair for pair in directions(edge) if not forbidden.weight(pair)]
        if len(left) == len(directions(edge)):
            edges.append(edge)
        else:
            edges.extend(replace(edge, source=source, target=target, directed=True) for source, target in left)
    connecting = connecting_groups(first.groups)
    broken = {name: members for name, members in connecting.items() if forbidden.any_within(members)}
    n_pairs = sum(len(members) * (len(members) - 1) for members in broken.values())
    if n_pairs > MAX_WRITTEN_OUT:
        raise HypothesisError(
            f"{len(broken):,} groups of {first.name!r} lose pairs to {second.name!r}, and what is left would be "
            f"{n_pairs:,} edges, expected at most {MAX_WRITTEN_OUT:,}; limit groups by size, or restrict to genes first"
        )
    weights = AllowedPairs.of(first).group_weights
    for name, members in broken.items():
        edges.extend(_written_out(members, forbidden, weights[name]))
    groups = tuple(
        replace(group, expansion="none", children=())
        if group.name in broken
        else _by_itself(group, connecting.get(group.name))
        for group in first.groups
    )
    return replace(first, edges=merge_edges(edges)[0], groups=groups)


def _by_itself(group: GeneGroup, connected: frozenset[str] | None) -> GeneGroup:
    """Return a group such that it still connects its members when the hierarchy that it was in is written out."""
    if connected is None or (group.expansion in ("clique", "star") and connected == frozenset(group.members)):
        return group
    return replace(group, expansion="hierarchy")


def _written_out(members: frozenset[str], forbidden: AllowedPairs, weight: float) -> Iterable[Edge]:
    """Yield the pairs of a group that are not forbidden, as edges."""
    in_order = sorted(members)
    for i, gene in enumerate(in_order):
        for other in in_order[i + 1 :]:
            ahead, back = not forbidden.weight((gene, other)), not forbidden.weight((other, gene))
            if ahead or back:
                source, target = (gene, other) if ahead else (other, gene)
                yield Edge(source, target, CO_MEMBER, directed=not (ahead and back), weight=weight)
