"""Small hypotheses drawn at random, and their pairs counted in the plainest way."""

from __future__ import annotations

from hypothesis import strategies as st

from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.edge_syntax import build_edge
from hypomask.hypothesis.graph import GeneGroup, Hypothesis

GENES = tuple("ABCDEFG")
WEIGHTS = st.sampled_from([0.25, 0.5, 1.0])
RELATIONS = (None, "activates", "inhibits", "binds", "regulates")


@st.composite
def small_hypotheses(draw: st.DrawFn, *, with_groups: bool = True) -> Hypothesis:
    """Draw a hypothesis of up to seven genes, eight edges and four groups, nested ones among them."""
    genes = draw(st.lists(st.sampled_from(GENES), min_size=2, unique=True))
    ends = st.permutations(genes).map(lambda order: (order[0], order[1]))
    edges = [
        build_edge(*draw(ends), relation=draw(st.sampled_from(RELATIONS)), weight=draw(WEIGHTS))
        for _ in range(draw(st.integers(0, 8)))
    ]
    groups: list[GeneGroup] = []
    for number in range(draw(st.integers(0, 4)) if with_groups else 0):
        members = tuple(draw(st.lists(st.sampled_from(genes), min_size=1, unique=True)))
        earlier = [group.name for group in groups]
        children = tuple(draw(st.lists(st.sampled_from(earlier), unique=True))) if earlier else ()
        way = "hierarchy" if children else draw(st.sampled_from(["none", "clique", "star", "hierarchy"]))
        groups.append(GeneGroup(f"g{number}", members, way, children, draw(WEIGHTS)))
    name = draw(st.sampled_from(["one", "other"]))
    return Hypothesis(name, tuple(genes), merge_edges(edges)[0], tuple(groups), provenance=("drawn",))


def pairs(hypothesis: Hypothesis) -> set[tuple[str, str]]:
    """Who may act on whom."""
    return set(weights(hypothesis))


def weights(hypothesis: Hypothesis) -> dict[tuple[str, str], float]:
    """Who may act on whom, and how much at most that weighs, by recursion over groups, and nothing clever."""
    by_name = {group.name: group for group in hypothesis.groups}

    def inside(name: str) -> set[str]:
        group = by_name[name]
        return set(group.members).union(*(inside(child) for child in group.children))

    def below(name: str) -> set[str]:
        return {name}.union(*(below(child) for child in by_name[name].children))

    hierarchies = set().union(*(below(group.name) for group in hypothesis.groups if group.expansion == "hierarchy"))
    found: list[tuple[str, str, float]] = []
    for edge in hypothesis.edges:
        found.append((edge.source, edge.target, edge.weight))
        found += [] if edge.directed else [(edge.target, edge.source, edge.weight)]
    for group in hypothesis.groups:
        members = inside(group.name) if group.name in hierarchies else set(group.members)
        if group.name in hierarchies or group.expansion in ("clique", "star"):
            found += [(a, b, group.weight) for a in members for b in members]
    heaviest: dict[tuple[str, str], float] = {}
    for a, b, weight in found:
        if a != b:
            heaviest[a, b] = max(weight, heaviest.get((a, b), 0.0))
    return heaviest
