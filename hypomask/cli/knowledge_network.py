"""`hypomask knowledge show | search` in networks: regulons, interactions, models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypomask.cli.name_lists import MAX_NAMES, listed
from hypomask.errors import did_you_mean
from hypomask.hypothesis.graph import Edge
from hypomask.knowledge.network import GeneNetwork
from hypomask.report.wording import count

__all__ = ["GeneHits", "NetworkOverview", "OpenedNetwork", "ShownGene"]

SIGNS = {1: "activates", -1: "inhibits", 0: "sign not stated"}


@dataclass(frozen=True)
class OpenedNetwork:
    """A network that was read; `label` is what the user called it."""

    label: str
    network: GeneNetwork

    def overview(self) -> NetworkOverview:
        """Count what there is, and name the genes that act on most others."""
        network, edges = self.network, self.network.edges
        n_out = np.bincount(edges.source, minlength=len(network.genes))
        most = [i for i in np.argsort(-n_out, kind="stable")[:MAX_NAMES].tolist() if n_out[i]]
        used = np.bincount(edges.relation.codes, minlength=len(edges.relation.texts))
        return NetworkOverview(
            self.label,
            network,
            {relation: int(n) for relation, n in zip(edges.relation.texts, used, strict=True) if n},
            {words: int(np.count_nonzero(edges.sign == sign)) for sign, words in SIGNS.items()},
            int(np.count_nonzero(~edges.directed)),
            tuple((network.genes[i], int(n_out[i])) for i in most),
        )

    def show(self, term: str) -> ShownGene:
        """Look up what a gene acts on, and what acts on it.

        Raises
        ------
        KnowledgeError
            The network does not hold this gene.
        """
        network = self.network
        folded = term.strip().casefold()
        gene = term if term in network.position else next((g for g in network.genes if g.casefold() == folded), term)
        regulon = network.regulon(gene)
        number, edges = network.position[gene], network.edges
        incoming = edges.kept((edges.target == number) & edges.directed).edges(network.genes)
        return ShownGene(
            self.label, network, gene, regulon.edge_list(), incoming, tuple(g.name for g in regulon.groups)
        )

    def search(self, text: str, limit: int) -> GeneHits:
        """Find genes whose names hold `text`, in any letter case; shortest names first."""
        network = self.network
        folded = text.strip().casefold()
        found = sorted(
            (gene for gene in network.genes if folded and folded in gene.casefold()), key=lambda g: (len(g), g)
        )
        edges = network.edges
        n_out = np.bincount(edges.source, minlength=len(network.genes))
        n_in = np.bincount(edges.target, minlength=len(network.genes))
        shown = []
        for gene in found[:limit]:
            number = network.position[gene]
            shown.append((gene, int(n_out[number]), int(n_in[number])))
        return GeneHits(
            self.label, text, len(found), tuple(shown), did_you_mean(text, network.genes) if not found else ""
        )


@dataclass(frozen=True)
class NetworkOverview:
    """A network as a whole; `signs` and `relations` count edges, `busiest` are genes with how many edges leave them."""

    label: str
    network: GeneNetwork
    relations: Mapping[str, int]
    signs: Mapping[str, int]
    n_undirected: int
    busiest: tuple[tuple[str, int], ...]

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        network = self.network
        signs = ", ".join(f"{words} {n:,}" for words, n in self.signs.items() if n)
        lines = [
            self.label,
            f"  genes     {len(network.genes):,}, {count(len(network.groups), 'group')}",
            f"  edges     {len(network.edges):,} as the source states them, {self.n_undirected:,} undirected; {signs}",
            f"  relations {', '.join(f'{relation} {n:,}' for relation, n in list(self.relations.items())[:MAX_NAMES])}",
        ]
        if self.busiest:
            lines.append(f"  most edges from {', '.join(f'{gene} ({n:,})' for gene, n in self.busiest[:10])}")
        return [*lines, *_account(network)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        network = self.network
        return {
            "source": self.label,
            "kind": "network",
            "genes": len(network.genes),
            "edges": len(network.edges),
            "undirected": self.n_undirected,
            "groups": len(network.groups),
            "relations": dict(self.relations),
            "signs": dict(self.signs),
            "busiest": [{"gene": gene, "edges": n} for gene, n in self.busiest],
            "provenance": list(network.provenance),
            "notes": list(network.notes),
        }


@dataclass(frozen=True)
class ShownGene:
    """A gene of a network: `regulon` holds its outgoing and undirected edges, `incoming` those that act on it."""

    label: str
    network: GeneNetwork
    gene: str
    regulon: tuple[Edge, ...]
    incoming: tuple[Edge, ...]
    groups: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        lines = [f"{self.gene}  in {self.label}"]
        lines += _by_sign("acts on", [edge for edge in self.regulon if edge.directed], "target")
        lines += _by_sign("acted on by", list(self.incoming), "source")
        undirected = [
            edge.target if edge.source == self.gene else edge.source for edge in self.regulon if not edge.directed
        ]
        if undirected:
            names = tuple(dict.fromkeys(undirected))
            lines.append(f"  undirected edges with {len(names):,}:{listed(names)}")
        if self.groups:
            lines.append(f"  member of {len(self.groups):,}:{listed(self.groups)}")
        relations = Counter(edge.relation for edge in (*self.regulon, *self.incoming))
        lines.append(
            f"  relations {', '.join(f'{name} {n:,}' for name, n in relations.most_common(MAX_NAMES)) or 'none'}"
        )
        lines.append(f"  in a recipe, its regulon: wiring: {self.label}:{self.gene}")
        return [*lines, *_account(self.network)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "source": self.label,
            "kind": "gene",
            "gene": self.gene,
            "regulon": [vars(edge) for edge in self.regulon],
            "incoming": [vars(edge) for edge in self.incoming],
            "groups": list(self.groups),
            "provenance": list(self.network.provenance),
            "notes": list(self.network.notes),
        }


@dataclass(frozen=True)
class GeneHits:
    """Genes whose names match, each with how many edges leave and reach it."""

    label: str
    text: str
    n_found: int
    found: tuple[tuple[str, int, int], ...]
    hint: str

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        if not self.found:
            return [f"{self.label}: no gene's name holds {self.text!r}.{self.hint}"]
        lines = [f"  {gene}  acts on {n_out:,}, acted on by {n_in:,}" for gene, n_out, n_in in self.found]
        more = self.n_found - len(self.found)
        return [*lines, f"  ... and {more:,} more (--limit)"] if more else lines

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        genes = [{"gene": gene, "edges_out": n_out, "edges_in": n_in} for gene, n_out, n_in in self.found]
        return {"source": self.label, "text": self.text, "found": self.n_found, "genes": genes}


def _by_sign(what: str, edges: list[Edge], end: str) -> list[str]:
    if not edges:
        return [f"  {what} none"]
    lines = []
    for sign, words in SIGNS.items():
        names = sorted({getattr(edge, end) for edge in edges if edge.sign == sign})
        if names:
            lines.append(f"  {what} ({words}) {len(names):,}:{listed(names)}")
    return lines


def _account(network: GeneNetwork) -> list[str]:
    return [*(f"  from      {line}" for line in network.provenance), *(f"  note      {note}" for note in network.notes)]
