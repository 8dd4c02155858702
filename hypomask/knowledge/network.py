"""A gene network as a source states it, in columns: 43,000 regulon edges or millions of STRING links alike.

A million `Edge` objects take 0.4 GB and three seconds to make. So a network keeps arrays, is narrowed to the genes of a
hypothesis as arrays, and only what is left becomes edges (`GeneNetwork.hypothesis`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hypomask.errors import KnowledgeError, did_you_mean, shortened
from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.edits import narrowed_groups
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis, Scope

__all__ = ["EdgeColumns", "GeneNetwork", "Words"]

IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Words:
    """(E,) texts of which few differ, such as relations: each text once, and its number for every edge."""

    texts: tuple[str, ...]
    codes: IntArray

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        """Number the texts in the order in which they first occur."""
        number: dict[str, int] = {}
        codes = np.array([number.setdefault(text, len(number)) for text in texts], dtype=np.int32)
        return cls(tuple(number), codes)

    @classmethod
    def same(cls, text: str, n: int) -> Words:
        """Return `n` times the same text."""
        return cls((text,), np.zeros(n, dtype=np.int32))

    def __getitem__(self, kept: npt.NDArray[Any]) -> Words:
        return Words(self.texts, self.codes[kept])

    def listed(self) -> list[str]:
        """Return the text of every edge."""
        return [self.texts[code] for code in self.codes.tolist()]


@dataclass(frozen=True, eq=False)
class EdgeColumns:
    """(E,) columns of the edges: ends as positions in a list of genes, and what `Edge` holds beside."""

    source: IntArray
    target: IntArray
    relation: Words
    directed: npt.NDArray[np.bool_]
    sign: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float64]
    evidence: Words

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def of(cls, edges: Sequence[Edge], position: dict[str, int]) -> EdgeColumns:
        """Put edges into columns; `position` numbers their genes."""
        return cls(
            source=np.array([position[edge.source] for edge in edges], dtype=np.int32),
            target=np.array([position[edge.target] for edge in edges], dtype=np.int32),
            relation=Words.of(edge.relation for edge in edges),
            directed=np.array([edge.directed for edge in edges], dtype=np.bool_),
            sign=np.array([edge.sign for edge in edges], dtype=np.int8),
            weight=np.array([edge.weight for edge in edges], dtype=np.float64),
            evidence=Words.of(edge.evidence for edge in edges),
        )

    def kept(self, which: npt.NDArray[Any]) -> EdgeColumns:
        """Return the edges that a (E,) truth array or positions choose."""
        return EdgeColumns(
            self.source[which],
            self.target[which],
            self.relation[which],
            self.directed[which],
            self.sign[which],
            self.weight[which],
            self.evidence[which],
        )

    def edges(self, genes: Sequence[str]) -> tuple[Edge, ...]:
        """Return the edges as objects."""
        columns = (
            self.source.tolist(),
            self.target.tolist(),
            self.relation.listed(),
            self.directed.tolist(),
            self.sign.tolist(),
            self.weight.tolist(),
            self.evidence.listed(),
        )
        return tuple(
            Edge(genes[source], genes[target], relation, directed, sign, weight, evidence)
            for source, target, relation, directed, sign, weight, evidence in zip(*columns, strict=True)
        )


@dataclass(frozen=True, eq=False)
class GeneNetwork:
    """A network over genes, as its source states it: repeats and self edges are still there.

    Parameters
    ----------
    name
        What it is called, usually after its file.
    genes
        Every gene, unique, in order of first mention.
    edges
        Ends are positions in `genes`.
    groups
        Complexes and other named sets, where the source has them.
    provenance
        File, hash and release of each thing that was read.
    notes
        What was left out or changed and why, with counts.
    """

    name: str
    genes: tuple[str, ...]
    edges: EdgeColumns
    groups: tuple[GeneGroup, ...] = ()
    provenance: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def from_edges(
        cls,
        name: str,
        edges: Sequence[Edge],
        *,
        lone_genes: Iterable[str] = (),
        groups: Sequence[GeneGroup] = (),
        provenance: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> GeneNetwork:
        """Put edges into columns; genes come in the order of edges, then lone genes, then members of groups."""
        named = [gene for edge in edges for gene in (edge.source, edge.target)]
        members = (gene for group in groups for gene in group.members)
        genes = tuple(dict.fromkeys([*named, *lone_genes, *members]))
        columns = EdgeColumns.of(edges, {gene: i for i, gene in enumerate(genes)})
        return cls(name, genes, columns, tuple(groups), tuple(provenance), tuple(notes))

    def __repr__(self) -> str:
        groups = f", {len(self.groups):,} groups" if self.groups else ""
        return f"<GeneNetwork {self.name}: {len(self.genes):,} genes, {len(self.edges):,} edges{groups}>"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the index of genes, which is made again when it is needed."""
        return {key: value for key, value in self.__dict__.items() if key != "position"}

    @cached_property
    def position(self) -> dict[str, int]:
        """Position of each gene in `genes`."""
        return {gene: i for i, gene in enumerate(self.genes)}

    @property
    def relations(self) -> tuple[str, ...]:
        """Relations that any edge has."""
        return tuple(self.edges.relation.texts[code] for code in np.unique(self.edges.relation.codes))

    def edge_list(self) -> tuple[Edge, ...]:
        """Return every edge as the source states it."""
        return self.edges.edges(self.genes)

    def among(self, genes: Iterable[str]) -> GeneNetwork:
        """Return the part between `genes`: edges with both ends among them, groups with their other members gone."""
        wanted = frozenset(genes)
        inside = np.array([gene in wanted for gene in self.genes], dtype=np.bool_)
        groups = narrowed_groups(self.groups, wanted)
        return self._with(self.edges.kept(inside[self.edges.source] & inside[self.edges.target]), groups, inside)

    def regulon(self, gene: str) -> GeneNetwork:
        """Return what `gene` acts on: its outgoing and undirected edges, and the groups it is a member of.

        Raises
        ------
        KnowledgeError
            The network does not hold this gene.
        """
        number = self.position.get(gene)
        if number is None:
            folded = gene[:2].casefold()
            alike = (other for other in self.genes if other[:2].casefold() == folded)
            raise KnowledgeError(f"{self.name}: no gene {shortened(gene)!r}.{did_you_mean(gene, alike)}")
        edges = self.edges
        kept = edges.kept((edges.source == number) | ((edges.target == number) & ~edges.directed))
        groups = tuple(group for group in self.groups if gene in group.members)
        named = np.zeros(len(self.genes), dtype=np.bool_)
        named[[number, *kept.source.tolist(), *kept.target.tolist()]] = True
        named[[self.position[member] for group in groups for member in group.members]] = True
        return self._with(kept, groups, named)

    def renamed(self, names: Mapping[str, str]) -> GeneNetwork:
        """Return the network with other names; genes that `names` lacks keep theirs, genes of one name become one."""
        new = [names.get(gene, gene) for gene in self.genes]
        genes = tuple(dict.fromkeys(new))
        number = {gene: i for i, gene in enumerate(genes)}
        moved = np.array([number[gene] for gene in new], dtype=np.int32)
        edges = replace(self.edges, source=moved[self.edges.source], target=moved[self.edges.target])
        groups = tuple(
            replace(group, members=tuple(dict.fromkeys(names.get(gene, gene) for gene in group.members)))
            for group in self.groups
        )
        return replace(self, genes=genes, edges=edges, groups=groups)

    def with_account(self, provenance: Iterable[str] = (), notes: Iterable[str] = ()) -> GeneNetwork:
        """Return the same network with more lines of provenance and notes."""
        return replace(self, provenance=(*self.provenance, *provenance), notes=(*self.notes, *notes))

    def _with(self, edges: EdgeColumns, groups: tuple[GeneGroup, ...], inside: npt.NDArray[np.bool_]) -> GeneNetwork:
        """Return the network of these edges and groups over the genes that `inside` marks."""
        number = np.cumsum(inside, dtype=np.int32) - 1
        genes = tuple(gene for gene, keep in zip(self.genes, inside.tolist(), strict=True) if keep)
        columns = replace(edges, source=number[edges.source], target=number[edges.target])
        return replace(self, genes=genes, edges=columns, groups=groups)

    def hypothesis(self, *, name: str | None = None, scope: Scope = "all") -> Hypothesis:
        """Return the network as a hypothesis: repeats merged, self edges left out, both told in `provenance`."""
        edges, merged = merge_edges(self.edge_list())
        return Hypothesis(
            name=name or self.name,
            genes=self.genes,
            edges=edges,
            groups=self.groups,
            scope=scope,
            provenance=(*self.provenance, *(f"note: {note}" for note in self.notes), *merged),
        )
