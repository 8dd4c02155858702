"""Turn named groups of genes into mask entries: cliques among genes, and group tokens with what they read.

Group tokens never make n^2 entries: a group of m genes costs 2m. They serve stars and hierarchies alike; a star is a
hierarchy without nesting. A member of a nested group is a member of every group around it (the true path rule of
ontologies), so it reads the tokens of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt

from hypomask.errors import HypothesisError, did_you_mean
from hypomask.hypothesis.graph import GeneGroup
from hypomask.masks.coverage import counted
from hypomask.masks.memberships import inherited_memberships

__all__ = ["GroupEntries", "Pairs", "expand_groups"]

MAX_CLIQUE_PAIRS = 20_000_000  # 240 MB of edge table; a clique of 4,472 genes
MAX_GROUPS_LISTED = 12


@dataclass(frozen=True)
class Pairs:
    """(E,) tokens that read (rows), tokens that are read (cols), and weights of the entries; None: 1."""

    rows: npt.NDArray[np.int64]
    cols: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class GroupEntries:
    """Mask entries that groups make. Group tokens are numbered after the genes.

    Parameters
    ----------
    tokens
        Names of the group tokens.
    cliques
        Genes read genes of the same group.
    gather, nest, spread
        Group tokens read the genes stated as their members; group tokens read the tokens of groups inside them; genes
        read the tokens of the groups they belong to, stated or by nesting.
    levels
        Group tokens on the longest chain of nesting; 0 without tokens, 1 for stars.
    """

    tokens: tuple[str, ...]
    cliques: Pairs
    gather: Pairs
    nest: Pairs
    spread: Pairs
    levels: int
    steps: tuple[str, ...]
    warnings: tuple[str, ...]


def expand_groups(groups: Sequence[GeneGroup], position: Mapping[str, int]) -> GroupEntries:
    """Expand `groups` over the genes in `position` (gene -> token number); genes that are not there are left out.

    Raises
    ------
    HypothesisError
        Groups of one name, a child that is no group, nesting in a circle, or cliques beyond `MAX_CLIQUE_PAIRS`.
    """
    _check_names(groups)
    present = {group.name: _members(group, position) for group in groups}
    cliques = _cliques([group for group in groups if group.expansion == "clique"], present)
    tokens, nesting, warnings = _group_tokens(groups, present)

    number = {name: i for i, name in enumerate(tokens)}
    genes = _concatenated([present[name] for name in tokens])
    owners = np.repeat(np.arange(len(tokens), dtype=np.int64), [len(present[name]) for name in tokens])
    inside = [(number[parent], number[child]) for child, parent in nesting.edges]
    parents, children = np.array(inside, dtype=np.int64).reshape(-1, 2).T
    shape = (len(position), len(tokens))
    inherited_genes, inherited_owners = inherited_memberships(genes, owners, parents, children, shape)
    first = len(position)
    by_name = {group.name: group.weight for group in groups}
    weight = np.array([by_name[name] for name in tokens], dtype=np.float64)
    members, belongs_to = np.concatenate([genes, inherited_genes]), np.concatenate([owners, inherited_owners])
    return GroupEntries(
        tokens=tokens,
        cliques=cliques,
        gather=Pairs(owners + first, genes, weight[owners]),
        nest=Pairs(parents + first, children + first, weight[children]),
        spread=Pairs(members, belongs_to + first, weight[belongs_to]),
        levels=nx.dag_longest_path_length(nesting) + 1 if tokens else 0,
        steps=_steps(groups, present, number),
        warnings=warnings,
    )


def _check_names(groups: Sequence[GeneGroup]) -> None:
    names: set[str] = set()
    for group in groups:
        if group.name in names:
            raise HypothesisError(f"group {group.name!r} is defined twice: give each group a name of its own")
        names.add(group.name)
    for group in groups:
        for child in group.children:
            if child not in names:
                raise HypothesisError(
                    f"group {group.name!r}: child {child!r} is not a group of this hypothesis."
                    f"{did_you_mean(child, names)}"
                )


def _members(group: GeneGroup, position: Mapping[str, int]) -> npt.NDArray[np.int64]:
    return np.array([position[gene] for gene in dict.fromkeys(group.members) if gene in position], dtype=np.int64)


def _cliques(groups: Sequence[GeneGroup], present: Mapping[str, npt.NDArray[np.int64]]) -> Pairs:
    n_pairs = sum(len(present[group.name]) ** 2 for group in groups)
    if n_pairs > MAX_CLIQUE_PAIRS:
        largest = max(groups, key=lambda group: len(present[group.name]))
        raise HypothesisError(
            f"the cliques make {n_pairs:,} pairs of genes, expected at most {MAX_CLIQUE_PAIRS:,} (largest: group "
            f"{largest.name!r} with {len(present[largest.name]):,} genes). Use expansion: star, with two entries "
            f"per member."
        )
    rows = _concatenated([np.repeat(present[group.name], len(present[group.name])) for group in groups])
    cols = _concatenated([np.tile(present[group.name], len(present[group.name])) for group in groups])
    sizes = [len(present[group.name]) ** 2 for group in groups]
    weight = np.repeat(np.array([group.weight for group in groups], dtype=np.float64), sizes)
    off_diagonal = rows != cols
    return Pairs(rows[off_diagonal], cols[off_diagonal], weight[off_diagonal])


def _group_tokens(
    groups: Sequence[GeneGroup], present: Mapping[str, npt.NDArray[np.int64]]
) -> tuple[tuple[str, ...], nx.DiGraph[str], tuple[str, ...]]:
    """Return the groups that get a token, their nesting (child -> parent), and warnings.

    Every group inside a hierarchy gets one, whatever its own expansion: without it nothing would pass upwards.
    """
    nesting: nx.DiGraph[str] = nx.DiGraph((child, group.name) for group in groups for child in group.children)
    nesting.add_nodes_from(group.name for group in groups)
    if not nx.is_directed_acyclic_graph(nesting):
        circle = [parent for _, parent in nx.find_cycle(nesting)]
        chain = " inside ".join([circle[-1], *circle])
        raise HypothesisError(f"groups are nested in a circle: {chain}. Remove one link.")
    in_hierarchy: set[str] = set()
    for group in groups:
        if group.expansion == "hierarchy" and group.name not in in_hierarchy:
            in_hierarchy |= {group.name, *nx.ancestors(nesting, group.name)}
    warnings = [
        f"group {group.name!r} ({group.expansion}): its children are not used; expansion: hierarchy nests groups"
        for group in groups
        if group.children and group.name not in in_hierarchy
    ]
    inside: nx.DiGraph[str] = nx.DiGraph(nesting.subgraph(in_hierarchy))

    reached: dict[str, set[int]] = {}
    for name in nx.topological_sort(inside):
        reached[name] = set(present[name].tolist()).union(*(reached[child] for child in inside.predecessors(name)))
    for name, members in reached.items():
        if not members or (len(members) == 1 and not inside.out_degree(name)):
            inside.remove_node(name)  # children come first, so a parent of nothing else goes in its turn
    stars = [group.name for group in groups if group.expansion == "star" and group.name not in in_hierarchy]
    inside.add_nodes_from(name for name in stars if len(present[name]) > 1)
    tokens = tuple(group.name for group in groups if group.name in inside)
    return tokens, inside, tuple(warnings)


def _steps(
    groups: Sequence[GeneGroup], present: Mapping[str, npt.NDArray[np.int64]], number: Mapping[str, int]
) -> tuple[str, ...]:
    """Say what every group became; beyond a dozen groups, what every kind of group became."""
    if len(groups) <= MAX_GROUPS_LISTED:
        return tuple(_group_step(group, len(present[group.name]), group.name in number) for group in groups)
    lines = []
    for expansion in dict.fromkeys(group.expansion for group in groups):
        kind = [group for group in groups if group.expansion == expansion]
        named = sum(len(set(group.members)) for group in kind)
        kept = sum(len(present[group.name]) for group in kind)
        n_tokens = sum(group.name in number for group in kind)
        became = counted(n_tokens, "group token")
        lines.append(f"{len(kind)} groups ({expansion}): {kept} of {named} memberships in the data -> {became}")
    return tuple(lines)


def _group_step(group: GeneGroup, n_present: int, has_token: bool) -> str:
    named = len(set(group.members))
    if group.expansion == "clique":
        became = counted(n_present * (n_present - 1), "entry") + (", and a group token" if has_token else "")
    elif has_token:
        became = f"a group token that reads {counted(n_present, 'gene')}"
    elif group.expansion == "none":
        became = "no entries (it only names genes)"
    else:
        became = "no token: fewer than two members to carry anything between"
    how = group.expansion if group.weight == 1 else f"{group.expansion}, weight {group.weight:.3g}"
    return f"group {group.name!r} ({how}): {n_present} of {named} members in the data -> {became}"


def _concatenated(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
