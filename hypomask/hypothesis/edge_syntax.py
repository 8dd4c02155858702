"""How an edge is written in words: ``ATM -> CHEK2``, ``MDM2 -| TP53``, ``A -- B``, ``A -> B -| C``."""

from __future__ import annotations

import re

from hypomask.errors import HypothesisError
from hypomask.hypothesis.graph import Edge

__all__ = ["ARROWS", "INHIBITS", "build_edge", "edge_text", "parse_edge", "parse_edges"]

INHIBITS = "inhibits"
RELATION_SIGNS = {"activates": 1, "induces": 1, INHIBITS: -1, "represses": -1}
"""Relations whose name states a sign; every other relation has the sign that is given, or none (0)."""

SYMMETRIC_RELATIONS = frozenset({"binds", "interacts_with", "interacts-with", "in-complex-with", "neighbor-of", "pp"})
"""Relations that are undirected unless stated otherwise; the last four are the words of SIF files."""

_ACTS, _BLOCKS, _TOUCHES = (True, 0), (True, -1), (False, 0)
ARROWS = {"->": _ACTS, "→": _ACTS, "-|": _BLOCKS, "⊣": _BLOCKS, "--": _TOUCHES}
"""(directed, sign) by arrow. ``->`` says that A acts on B, not how: its sign is not stated."""

_ARROW_LIKE = re.compile(r"\s*(<?[-=–—]+[>|]?|[→⊣←↔])\s*")


def build_edge(
    source: str,
    target: str,
    *,
    relation: str | None = None,
    sign: int | None = None,
    directed: bool | None = None,
    weight: float = 1.0,
    evidence: str = "",
) -> Edge:
    """Return an edge whose relation and sign complete each other.

    A sign without a relation names it ``activates`` (+1), ``inhibits`` (-1), ``acts_on`` (0) or, undirected,
    ``interacts_with``; a relation of known sign (`RELATION_SIGNS`) gives the sign. Where `directed` is not stated, a
    relation is directed unless it is one of `SYMMETRIC_RELATIONS`.

    Raises
    ------
    HypothesisError
        If relation and sign contradict each other.
    """
    known = RELATION_SIGNS.get(relation or "")
    if known is not None and sign not in (None, 0, known):
        raise HypothesisError(f"relation {relation!r} and sign {sign:+d} contradict each other; keep one of them")
    sign = known if known is not None else sign or 0
    if directed is None:
        directed = (relation or "") not in SYMMETRIC_RELATIONS
    if relation is None:
        relation = {1: "activates", -1: INHIBITS}.get(sign, "acts_on" if directed else "interacts_with")
    return Edge(source, target, relation=relation, directed=directed, sign=sign, weight=weight, evidence=evidence)


def split_arrows(text: str) -> tuple[list[str], list[tuple[bool, int]]]:
    """Return the names in `text` and the (directed, sign) of each arrow between them.

    An arrow stands between spaces, so that ``HLA-A -> B2M`` and a gene called ``A--B`` are not taken apart.

    Raises
    ------
    HypothesisError
        If `text` is not names joined by arrows.
    """
    words = text.split()
    arrows = [i for i, word in enumerate(words) if word in ARROWS]
    if not arrows:
        raise HypothesisError(f"{text!r} is not an edge; {_expected(text)}")
    names = [" ".join(words[a + 1 : b]) for a, b in zip([-1, *arrows], [*arrows, len(words)], strict=True)]
    if not all(names):
        raise HypothesisError(f"{text!r} lacks a gene beside an arrow; expected e.g. 'ATM -> CHEK2'")
    listed = next((name for name in names if "," in name or ";" in name), None)
    if listed is not None:
        raise HypothesisError(f"{text!r}: {listed!r} looks like several genes; write one edge for each")
    return names, [ARROWS[words[i]] for i in arrows]


def _expected(text: str) -> str:
    found = [match.group(1) for match in _ARROW_LIKE.finditer(text)]
    if "<" in "".join(found) or "←" in found:
        return "turn it around: 'A -> B' says that A acts on B"
    tight = re.fullmatch(r"(\S+?)(->|→|-\||⊣)(\S+)", text)
    if tight:
        return f"put spaces around the arrow: '{tight[1]} {tight[2]} {tight[3]}'"
    return "expected 'A -> B' (A acts on B), 'A -| B' (A inhibits B) or 'A -- B' (undirected)"


def parse_edges(text: str) -> tuple[Edge, ...]:
    """Return the edges of ``A -> B``, or of a chain such as ``A -> B -| C``: one edge for each arrow.

    Raises
    ------
    HypothesisError
        If `text` is not genes joined by arrows.
    """
    names, arrows = split_arrows(text)
    return tuple(
        build_edge(source, target, sign=sign, directed=directed)
        for source, target, (directed, sign) in zip(names, names[1:], arrows, strict=False)
    )


def parse_edge(text: str) -> Edge:
    """Return the one edge written in `text`; a chain is refused. See `parse_edges`."""
    edges = parse_edges(text)
    if len(edges) > 1:
        raise HypothesisError(f"{text!r} is a chain of {len(edges)} edges; expected one")
    return edges[0]


def edge_text(edge: Edge) -> str | None:
    """Return ``A -> B`` for an edge that these words say in full, or None if it needs a mapping."""
    arrow = "--" if not edge.directed else "-|" if edge.relation == INHIBITS else "->"
    text = f"{edge.source} {arrow} {edge.target}"
    try:
        return text if parse_edges(text) == (edge,) else None
    except HypothesisError:
        return None
