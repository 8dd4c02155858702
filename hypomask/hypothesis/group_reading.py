"""The `groups:` of a hypothesis document: named gene sets, how they become edges, and their hierarchy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypomask.errors import Problem, did_you_mean
from hypomask.hypothesis.document_format import EXPANSIONS, GROUP_KEYS, OPERATIONS
from hypomask.hypothesis.fields import Fields
from hypomask.hypothesis.gene_names import name_fault
from hypomask.hypothesis.gene_selection import GeneSelector
from hypomask.hypothesis.graph import Expansion, GeneGroup
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, problem_at

__all__ = ["read_groups"]

MAX_CYCLE_SHOWN = 12


def read_groups(hypothesis: Fields, problems: list[Problem], selector: GeneSelector) -> tuple[GeneGroup, ...]:
    """Read the `groups` field: a mapping of name to a selection of genes, or to `members`, `expansion`, `children`."""
    nodes = hypothesis.mapping("groups")
    groups = []
    for name, node in nodes.items():
        fault = name_fault(name)
        if fault:
            problems.append(problem_at(node, f"group name: {fault}"))
        groups.append(_group(name, node, problems, selector))
    _check_children(groups, nodes, problems)
    return tuple(groups)


def _group(name: str, node: Located, problems: list[Problem], selector: GeneSelector) -> GeneGroup:
    if not isinstance(node, LocatedMapping) or _selects(node):
        node = LocatedMapping({"members": node}, node.file, node.line)
    fields = Fields(node, what=f"group {name!r}", allowed=GROUP_KEYS, problems=problems)
    members = selector.listed(fields, "members")
    children = tuple(dict.fromkeys(child.text for child in fields.texts("children")))
    default: Expansion = "hierarchy" if children else "clique"
    expansion = fields.choice("expansion", EXPANSIONS, default)
    if children and expansion != "hierarchy":
        fields.problem(
            "children", f"group {name!r} has children but expansion {expansion!r}; only 'hierarchy' reads children"
        )
    if not members and not children:
        fields.problem("members", f"group {name!r} has no members")
    weight = fields.number("weight", 1.0, above=0, maximum=1)
    return GeneGroup(name, members, expansion, children, weight)


def _selects(node: LocatedMapping) -> bool:
    """Return whether a mapping is itself a selection of genes."""
    return any(key in node.entries for key in ("source", *OPERATIONS))


def _check_children(groups: Sequence[GeneGroup], nodes: Mapping[str, Located], problems: list[Problem]) -> None:
    import networkx as nx

    tree: nx.DiGraph[str] = nx.DiGraph()
    for group in groups:
        for child in group.children:
            if child in nodes:
                tree.add_edge(group.name, child)
            else:
                message = f"child {child!r} of group {group.name!r} is not a group here.{did_you_mean(child, nodes)}"
                problems.append(problem_at(nodes[group.name], message))
    for component in nx.strongly_connected_components(tree):
        first = min(component, key=list(nodes).index)
        if len(component) > 1 or tree.has_edge(first, first):
            steps = [source for source, _ in nx.find_cycle(tree.subgraph(component), first)]
            shown = steps if len(steps) <= MAX_CYCLE_SHOWN else [*steps[:MAX_CYCLE_SHOWN], "..."]
            cycle = " > ".join([*shown, steps[0]])
            problems.append(
                problem_at(nodes[first], f"groups contain each other in a cycle: {cycle}; a hierarchy has none")
            )
