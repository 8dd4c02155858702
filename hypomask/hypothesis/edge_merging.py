"""Make a list of edges as people write it into a graph: repeats merged, self edges left out, both told in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypomask.hypothesis.graph import Edge

__all__ = ["merge_edges"]

MAX_NAMED = 5


def merge_edges(edges: Iterable[Edge]) -> tuple[tuple[Edge, ...], tuple[str, ...]]:
    """Return edges without self edges and repeats, in order of first mention, and notes on what was done.

    Two edges repeat each other when source, target, relation and directedness are the same (either way round if
    undirected). The larger weight is kept, evidence is joined, and signs that disagree leave the sign open (0).
    A self edge says nothing: every gene reads itself under every mask.
    """
    alike: dict[tuple[str, str, str, bool], list[Edge]] = {}
    own: list[str] = []
    for edge in edges:
        if edge.source == edge.target:
            own.append(edge.source)
            continue
        first, second = (edge.source, edge.target) if edge.directed else sorted((edge.source, edge.target))
        alike.setdefault((first, second, edge.relation, edge.directed), []).append(edge)
    repeats = [_in_words(group[0]) for group in alike.values() if len(group) > 1]
    open_signs = [_in_words(group[0]) for group in alike.values() if len({edge.sign for edge in group}) > 1]
    notes = []
    if repeats:
        notes.append(f"note: repeated edges merged: {_named(repeats)}")
    if open_signs:
        notes.append(f"note: repeated edges disagree on the sign, which is left open: {_named(open_signs)}")
    if own:
        notes.append(f"note: self edges left out (every gene reads itself anyway): {_named(own)}")
    return tuple(_merged(group) for group in alike.values()), tuple(notes)


def _merged(group: list[Edge]) -> Edge:
    """Return one edge for edges that repeat each other."""
    if len(group) == 1:
        return group[0]
    signs = {edge.sign for edge in group}
    return replace(
        group[0],
        sign=signs.pop() if len(signs) == 1 else 0,
        weight=max(edge.weight for edge in group),
        evidence="; ".join(dict.fromkeys(edge.evidence for edge in group if edge.evidence)),
    )


def _in_words(edge: Edge) -> str:
    return f"{edge.source} {edge.relation} {edge.target}"


def _named(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - MAX_NAMED
    return ", ".join(distinct[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
