"""How many layers a model needs for all edges of its hypotheses to act."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from hypomask.hypothesis.graph import Hypothesis

__all__ = ["MAX_AUTO_LAYERS", "layers_for", "layers_needed"]

# Deeper hierarchies are cut off unless asked for: every layer multiplies the cost, and what a token at the fourth level
# says of a gene has been averaged over hundreds of others.
MAX_AUTO_LAYERS = 3


def layers_for(hypotheses: Iterable[Hypothesis]) -> int:
    """Return the number of layers for a study that does not state it: the same for all, 1 to `MAX_AUTO_LAYERS`."""
    return min(MAX_AUTO_LAYERS, max((layers_needed(hypothesis) for hypothesis in hypotheses), default=1))


def layers_needed(hypothesis: Hypothesis) -> int:
    """Return 1 without group tokens, 2 with stars, d + 1 with a hierarchy of d levels."""
    with_token = {group.name: group for group in hypothesis.groups if group.expansion in ("star", "hierarchy")}
    if not with_token:
        return 1
    nesting: nx.DiGraph[str] = nx.DiGraph()
    nesting.add_nodes_from(with_token)
    nesting.add_edges_from((group.name, child) for group in with_token.values() for child in group.children)
    if not nx.is_directed_acyclic_graph(nesting):
        return 2  # compiling it will say which groups contain each other
    return int(nx.dag_longest_path_length(nesting)) + 2
