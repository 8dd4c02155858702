"""A small hypothesis as a graph: genes, what acts on what, and groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from hypomask.hypothesis.graph import Edge
from hypomask.masks.mask import Mask
from hypomask.report.figures.svg import compact, element, figure
from hypomask.report.wording import count, shorten

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["MAX_LINES", "MAX_NODES", "drawn_lines", "gene_graph"]

MAX_NODES = 60
MAX_LINES = 300  # beyond, lines cover each other and the heat map says more
WIDTH, HEIGHT, MARGIN = 640.0, 440.0, 34.0
BOX_HEIGHT, LETTER = 16.0, 6.4

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One line of the drawing: `directed` from source to target; `grouped` where a group made it and no edge."""

    source: int
    target: int
    directed: bool
    sign: int
    grouped: bool


def drawn_lines(mask: Mask, edges: Sequence[Edge]) -> tuple[Line, ...]:
    """Return the pairs of a mask as lines: allowed both ways and stated by no directed edge is one line."""
    names = [*mask.genes, *mask.group_tokens]
    stated = _stated(edges)
    n = max(mask.n_tokens, 1)
    pairs = {(int(key % n), int(key // n)) for key in mask.pair_keys}  # who acts, on whom
    lines = []
    for source, target in sorted(pairs):
        there = stated.get((names[source], names[target]))
        back = stated.get((names[target], names[source]))
        mutual = (target, source) in pairs
        one_line = mutual and not (there and there.directed) and not (back and back.directed)
        if one_line and source > target:
            continue
        if mutual and there is None and back is not None and back.directed:
            continue  # a group allows the way back, too: the stated edge says more
        sign = there.sign if there else 0
        lines.append(Line(source, target, not one_line, sign, there is None and back is None))
    return tuple(lines)


def gene_graph(mask: Mask, edges: Sequence[Edge], *, name: str) -> Markup | None:
    """Draw a hypothesis, or return None where it is too large to be read; genes without edges are left out.

    Parameters
    ----------
    edges
        Of the hypothesis: they tell the signs, and which pairs come from groups.
    name
        Prefix of element ids, unique in the page.
    """
    linked = sorted({int(end) for key in mask.pair_keys for end in divmod(int(key), mask.n_tokens)})
    if not linked or len(linked) > MAX_NODES:
        return None
    lines = drawn_lines(mask, edges)
    if len(lines) > MAX_LINES:
        return None
    names = [*mask.genes, *mask.group_tokens]
    places = _places(linked, lines)
    widths = {node: LETTER * len(shorten(names[node], 14)) + 10 for node in linked}
    drawn = [_line(line, places, widths, name) for line in lines]
    nodes = [_node(names[node], places[node], widths[node], is_group=node >= mask.n_genes) for node in linked]
    left_out = mask.n_tokens - len(linked)
    without = f" {count(left_out, 'token')} without edges left out." if left_out else ""
    description = (
        f"{count(len(linked), 'token')} with {count(len(lines), 'line')}: arrows activate, bars inhibit, dashed lines "
        f"come from groups.{without}"
    )
    view_box = f"0 0 {compact(WIDTH)} {compact(HEIGHT)}"
    return figure(name, f"Graph of {mask.name}", description, _ends(name), *drawn, *nodes, view_box=view_box)


def _stated(edges: Sequence[Edge]) -> dict[tuple[str, str], Edge]:
    """Return edges by (source, target), undirected ones both ways; a sign wins over none."""
    stated: dict[tuple[str, str], Edge] = {}
    for edge in sorted(edges, key=lambda edge: (not edge.directed, edge.sign == 0)):
        stated.setdefault((edge.source, edge.target), edge)
        if not edge.directed:
            stated.setdefault((edge.target, edge.source), edge)
    return stated


def _places(nodes: Sequence[int], lines: Sequence[Line]) -> dict[int, Point]:
    """Return where each node lies; the same graph is always drawn the same."""
    import networkx as nx  # 0.1 s: only who draws a graph pays for it

    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((line.source, line.target) for line in lines)
    distances = _distances(graph)
    start = nx.circular_layout(graph)
    found = nx.kamada_kawai_layout(graph, dist=distances, pos=start) if len(graph) > 2 else start
    points = np.array([found[node] for node in nodes], dtype=np.float64)
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-9)
    room = np.array([WIDTH - 2 * MARGIN - 30, HEIGHT - 2 * MARGIN])
    spread = (points - low) / span * room + np.array([MARGIN + 15, MARGIN])
    return {node: (float(x), float(y)) for node, (x, y) in zip(nodes, _apart(spread), strict=True)}


def _distances(graph: nx.Graph[int]) -> Mapping[int, Mapping[int, float]]:
    """Return how many edges lie between any two nodes; parts that are not connected lie a little farther apart."""
    import networkx as nx

    steps = {source: dict(lengths) for source, lengths in nx.all_pairs_shortest_path_length(graph)}
    farthest = max(length for lengths in steps.values() for length in lengths.values())
    apart = min(farthest, 3) + 1.0
    return {a: {b: float(steps[a].get(b, apart)) for b in graph} for a in graph}


def _apart(
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Push boxes that would cover each other apart, and keep them on the picture."""
    least = np.array([58.0, BOX_HEIGHT + 6])  # of a box of seven letters, with a little air
    moved = points.copy()
    for _ in range(60):
        gap = moved[:, None, :] - moved[None, :, :]
        close = np.abs(gap) / least
        overlap = np.maximum(0.0, 1.0 - close.max(axis=2))
        np.fill_diagonal(overlap, 0.0)
        if not overlap.any():
            break
        # Who lies higher (or, at the same height, comes first) goes up: boxes are wider than tall.
        order = np.sign(gap[:, :, 1]) + (gap[:, :, 1] == 0) * np.sign(
            np.subtract.outer(range(len(moved)), range(len(moved)))
        )
        moved[:, 1] += 0.5 * (overlap * order).sum(axis=1) * least[1]
        moved[:, 1] = np.clip(moved[:, 1], BOX_HEIGHT, HEIGHT - BOX_HEIGHT)
    return moved


def _line(line: Line, places: Mapping[int, Point], widths: Mapping[int, float], name: str) -> Markup:
    """Return a line from the border of one box to that of the other, bent a little where another comes back."""
    start, stop = places[line.source], places[line.target]
    bend = 10.0 if line.directed else 0.0
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    middle = ((start[0] + stop[0]) / 2 - dy / length * bend, (start[1] + stop[1]) / 2 + dx / length * bend)
    a = _border(start, middle, widths[line.source], 1.0)
    b = _border(stop, middle, widths[line.target], 3.0)
    kind = {1: "activates", -1: "inhibits"}.get(line.sign, "unsigned")
    end = f"url(#{name}-{kind})" if line.directed else None
    path = f"M{compact(a[0])} {compact(a[1])}Q{compact(middle[0])} {compact(middle[1])} {compact(b[0])} {compact(b[1])}"
    return element("path", d=path, class_=f"link {kind}{' grouped' if line.grouped else ''}", marker_end=end)


def _border(centre: Point, towards: Point, width: float, air: float) -> Point:
    """Return where a line from the centre of a box leaves it, plus some air."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    share = min(
        (width / 2 + air) / abs(dx) if dx else math.inf,
        (BOX_HEIGHT / 2 + air) / abs(dy) if dy else math.inf,
        1.0,
    )
    return centre[0] + share * dx, centre[1] + share * dy


def _node(label: str, place: Point, width: float, *, is_group: bool) -> Markup:
    x, y = place
    box = element(
        "rect",
        x=compact(x - width / 2),
        y=compact(y - BOX_HEIGHT / 2),
        width=compact(width),
        height=compact(BOX_HEIGHT),
        rx=8 if not is_group else 1,
    )
    text = element("text", shorten(label, 14), x=compact(x), y=compact(y), text_anchor="middle", dy="0.35em")
    return element("g", element("title", label), box, text, class_=f"node{' group' if is_group else ''}")


def _ends(name: str) -> Markup:
    """Return how lines end: an arrow, or a bar where the source inhibits."""
    shapes = {"activates": "M0 0L8 4L0 8z", "unsigned": "M0 0L8 4L0 8z", "inhibits": "M6 0h2v8h-2z"}
    markers = [
        element(
            "marker",
            element("path", d=shape, class_=f"arrow {kind}"),
            id=f"{name}-{kind}",
            viewBox="0 0 8 8",
            refX=7,
            refY=4,
            markerWidth=6,
            markerHeight=6,
            orient="auto",
        )
        for kind, shape in shapes.items()
    ]
    return element("defs", *markers)
