"""Which genes a hypothesis lets act on which: the pairs that its edges and groups allow, however they are written.

The algebra of hypotheses works on these pairs, as that of masks does on theirs. An undirected edge allows two pairs, a
group all pairs of its members; a group of a hierarchy has the members of the groups inside it too, and every group in a
hierarchy carries influence, whatever its own expansion (see `hypomask.masks.expansions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis

__all__ = ["AllowedPairs", "Direction", "connecting_groups", "directions", "nested_members"]

Direction = tuple[str, str]


def directions(edge: Edge) -> tuple[Direction, ...]:
    """Return the (source, target) pairs that an edge allows."""
    ahead = (edge.source, edge.target)
    return (ahead,) if edge.directed else (ahead, ahead[::-1])


def nested_members(groups: Iterable[GeneGroup]) -> dict[str, frozenset[str]]:
    """Return the members of every group, those of the groups inside it included."""
    by_name = {group.name: group for group in groups}
    members: dict[str, frozenset[str]] = {}
    waiting = list(by_name)
    while waiting:  # depth first without recursion: a hierarchy may be deeper than Python's stack
        group = by_name[waiting[-1]]
        unknown = [child for child in group.children if child not in members]
        if group.name not in members and unknown:
            waiting.extend(unknown)
            continue
        waiting.pop()
        members.setdefault(group.name, frozenset(group.members).union(*(members[child] for child in group.children)))
    return members


def connecting_groups(groups: Iterable[GeneGroup]) -> dict[str, frozenset[str]]:
    """Return the groups that let genes act on each other, with all their members, those by nesting included."""
    by_name = {group.name: group for group in groups}
    nested = nested_members(by_name.values())
    in_hierarchy: set[str] = set()
    waiting = [group.name for group in by_name.values() if group.expansion == "hierarchy"]
    while waiting:
        name = waiting.pop()
        if name not in in_hierarchy:
            in_hierarchy.add(name)
            waiting.extend(by_name[name].children)
    return {
        group.name: nested[group.name] if group.name in in_hierarchy else frozenset(group.members)
        for group in by_name.values()
        if group.name in in_hierarchy or group.expansion in ("clique", "star")
    }


@dataclass(frozen=True)
class AllowedPairs:
    """The pairs of one hypothesis, without writing out those of its groups.

    Parameters
    ----------
    by_edge
        Source -> target -> weight of each pair that an edge allows, the largest of several.
    groups
        Members of each group that allows pairs.
    groups_of
        Names of the groups that each gene is in.
    group_weights
        Of each group that allows pairs.
    """

    by_edge: Mapping[str, Mapping[str, float]]
    groups: Mapping[str, frozenset[str]]
    groups_of: Mapping[str, frozenset[str]]
    group_weights: Mapping[str, float]

    @classmethod
    def of(cls, hypothesis: Hypothesis) -> AllowedPairs:
        """Collect the pairs of `hypothesis`."""
        by_edge: dict[str, dict[str, float]] = {}
        for edge in hypothesis.edges:
            for source, target in directions(edge):
                targets = by_edge.setdefault(source, {})
                targets[target] = max(edge.weight, targets.get(target, 0.0))
        groups = connecting_groups(hypothesis.groups)
        groups_of: dict[str, set[str]] = {}
        for name, members in groups.items():
            for gene in members:
                groups_of.setdefault(gene, set()).add(name)
        weights = {group.name: group.weight for group in hypothesis.groups if group.name in groups}
        return cls(by_edge, groups, {gene: frozenset(names) for gene, names in groups_of.items()}, weights)

    def weight(self, pair: Direction) -> float:
        """Return the weight of a pair, 0 if it is not allowed: the largest of its edge and its common groups."""
        source, target = pair
        common = self.groups_of.get(source, frozenset()).intersection(self.groups_of.get(target, ()))
        by_edge = self.by_edge.get(source, {}).get(target, 0.0)
        return max([by_edge, *(self.group_weights[name] for name in common)])

    def any_within(self, members: frozenset[str]) -> bool:
        """Return whether any pair between `members` is allowed."""
        edges = any(not members.isdisjoint(self.by_edge.get(gene, ())) for gene in members)
        return edges or bool(self.overlapping(members))

    def overlapping(self, members: Iterable[str]) -> frozenset[str]:
        """Return names of the groups that share two or more genes with `members`."""
        met: set[str] = set()
        twice: set[str] = set()
        for gene in members:
            names = self.groups_of.get(gene, frozenset())
            twice |= names & met
            met |= names
        return frozenset(twice)

    def all(self) -> set[Direction]:
        """Return every pair written out: for tests and small hypotheses."""
        in_groups = {(a, b) for members in self.groups.values() for a in members for b in members}
        by_edge = {(source, target) for source, targets in self.by_edge.items() for target in targets}
        return {(source, target) for source, target in by_edge | in_groups if source != target}
