"""A hypothesis: a typed graph of which genes act on which, and how strongly it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Edge", "Expansion", "GeneGroup", "Hypothesis", "Prior", "PriorKind", "Scope"]

Scope = Literal["all", "members"]
Expansion = Literal["none", "clique", "star", "hierarchy"]
PriorKind = Literal["hard", "soft", "learned"]


@dataclass(frozen=True)
class Edge:
    """`source` acts on `target`: token `target` may read token `source`.

    Parameters
    ----------
    relation
        Name of the relation, e.g. ``activates``, ``inhibits``, ``binds``.
    directed
        False for a symmetric relation: each token may read the other.
    sign
        +1 activating, -1 inhibiting, 0 not stated.
    weight
        Confidence in (0, 1]; used by soft and learned priors, ignored by a hard one.
    """

    source: str
    target: str
    relation: str = "acts_on"
    directed: bool = True
    sign: int = 0
    weight: float = 1.0
    evidence: str = ""


@dataclass(frozen=True)
class GeneGroup:
    """A named set of genes (a complex, a pathway, a term), and how it becomes edges.

    ``none``: only names the genes. ``clique``: every member reads every other. ``star``: members read a group
    token that reads them. ``hierarchy``: a group token reads its members and the tokens of its `children`
    groups, and members read it; children may be nested to any depth, without cycles.

    Parameters
    ----------
    weight
        Confidence in (0, 1] in what the group connects: of a clique's pairs, or of reading its members and its token.
        Used by soft and learned priors, ignored by a hard one, as are weights of edges.
    """

    name: str
    members: tuple[str, ...]
    expansion: Expansion = "clique"
    children: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class Prior:
    """How strongly the mask binds.

    ``hard``: tokens attend along edges only. ``soft``: every pair may attend, with ``strength * log(weight)`` added
    to the logit, weight `floor` where there is no edge. ``learned``: as soft, `strength` is the initial value of one
    learned scalar per head.
    """

    kind: PriorKind = "hard"
    strength: float = 1.0
    floor: float = 0.01


@dataclass(frozen=True)
class Hypothesis:
    """A graph over genes that a cohort can support or not.

    Parameters
    ----------
    name
        Unique in a study.
    genes
        Every gene that the hypothesis names, in order of first mention, without repeats. Genes of edges and groups
        are included.
    scope
        ``all``: every gene of the study is a token under every hypothesis; evidence is what the edges add.
        ``members``: only `genes` are tokens; evidence is what these genes and their edges explain.
    heads
        Attention heads reserved per relation, e.g. ``{"activates": 2}``; empty: all heads see all relations.
    provenance
        Where it came from, free text lines (files with hashes, sources with versions).
    """

    name: str
    genes: tuple[str, ...]
    edges: tuple[Edge, ...] = ()
    groups: tuple[GeneGroup, ...] = ()
    scope: Scope = "all"
    prior: Prior = field(default_factory=Prior)
    heads: Mapping[str, int] = field(default_factory=dict)
    description: str = ""
    provenance: tuple[str, ...] = ()

    @property
    def relations(self) -> tuple[str, ...]:
        """Relation names in order of first use."""
        return tuple(dict.fromkeys(edge.relation for edge in self.edges))

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """Return genes as nodes and edges with their attributes; undirected edges both ways, groups left out."""
        import networkx as nx  # 0.1 s: only who asks for a graph pays for it

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=self.name)
        graph.add_nodes_from(self.genes)
        for edge in self.edges:
            attributes = {
                "relation": edge.relation,
                "sign": edge.sign,
                "weight": edge.weight,
                "evidence": edge.evidence,
            }
            graph.add_edge(edge.source, edge.target, **attributes)
            if not edge.directed:
                graph.add_edge(edge.target, edge.source, **attributes)
        return graph
