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
    merged: dict[tuple[str, str, str, bool], Edge] = {}
    repeats: list[str] = []
    open_signs: list[str] = []
    own: list[str] = []
    for edge in edges:
        if edge.source == edge.target:
            own.append(edge.source)
            continue
        ends = (edge.source, edge.target)
        first, second = ends if edge.directed else sorted(ends)
        key = (first, second, edge.relation, edge.directed)
        kept = merged.get(key)
        if kept is None:
            merged[key] = edge
            continue
        name = f"{edge.source} {edge.relation} {edge.target}"
        repeats.append(name)
        if kept.sign != edge.sign:
            open_signs.append(name)
        merged[key] = replace(
            kept,
            sign=kept.sign if kept.sign == edge.sign else 0,
            weight=max(kept.weight, edge.weight),
            evidence="; ".join(dict.fromkeys(text for text in (kept.evidence, edge.evidence) if text)),
        )
    notes = []
    if repeats:
        notes.append(f"note: repeated edges merged: {_named(repeats)}")
    if open_signs:
        notes.append(f"note: repeated edges disagree on the sign, which is left open: {_named(open_signs)}")
    if own:
        notes.append(f"note: self edges left out (every gene reads itself anyway): {_named(own)}")
    return tuple(merged.values()), tuple(notes)


def _named(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - MAX_NAMED
    return ", ".join(distinct[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
