"""Terms with their genes: the one form that ontologies, pathway hierarchies and gene sets are read into.

A `Terms` is frozen and made of index arrays. Selecting, propagating and restricting return something new and leave it
as it was; it pickles in milliseconds and keeps no parser's objects alive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hypomask.errors import KnowledgeError
from hypomask.hypothesis.graph import Expansion, GeneGroup, Hypothesis, Scope
from hypomask.knowledge.term_counts import information_content, propagated_counts
from hypomask.knowledge.term_links import PROPAGATING, IntArray, TermLinks, gathered
from hypomask.knowledge.term_names import ObsoleteTerm, TermNames
from hypomask.knowledge.term_weights import TermWeight, term_weights

__all__ = ["ObsoleteTerm", "Terms"]


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms (of an ontology, a pathway hierarchy or a file of gene sets), their links, and their genes.

    Parameters
    ----------
    source
        What it is, in a few words: ``goslim_generic.obo``.
    ids, names, namespaces
        (T,) of every term. `ids` are unique; names need not be. A namespace is empty where the source has none.
    links
        From child to parent, by relation.
    genes
        (G,) genes that any term is annotated with, unique, sorted.
    gene_start, gene_index
        Direct annotations in compressed rows: the genes of term t are ``gene_index[gene_start[t]:gene_start[t + 1]]``.
    alt_ids
        Identifiers that were merged into a term: old -> current.
    obsolete
        Identifiers that mean nothing any more, with what replaced them.
    provenance
        File, hash and release of each thing that was read.
    notes
        What was left out and why, with counts.
    """

    source: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    namespaces: tuple[str, ...]
    links: TermLinks
    genes: tuple[str, ...] = ()
    gene_start: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    gene_index: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    alt_ids: Mapping[str, str] = field(default_factory=dict)
    obsolete: Mapping[str, ObsoleteTerm] = field(default_factory=dict)
    provenance: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Give a source without annotations its empty rows."""
        if not len(self.gene_index) and len(self.gene_start) != len(self.ids) + 1:
            object.__setattr__(self, "gene_start", np.zeros(len(self.ids) + 1, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, term: object) -> bool:
        return term in self._names.position

    def __repr__(self) -> str:
        return (
            f"<Terms {self.source}: {len(self):,} terms, {len(self.links):,} links, {len(self.genes):,} genes, "
            f"{self.n_annotations:,} annotations>"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the name index, which is made again when it is needed."""
        return {key: value for key, value in self.__dict__.items() if key != "_names"}

    @cached_property
    def _names(self) -> TermNames:
        return TermNames(self.source, self.ids, self.names, self.alt_ids, self.obsolete)

    @property
    def relations(self) -> tuple[str, ...]:
        """Names of the relations that there are links of."""
        return self.links.relations

    @property
    def n_annotations(self) -> int:
        """Number of direct (term, gene) pairs."""
        return len(self.gene_index)

    # --- names -------------------------------------------------------------------------------------------------------

    def find(self, text: str) -> str:
        """Return the id of the term that `text` names: by id, by former id, or by its exact name in any letter case.

        Raises
        ------
        KnowledgeError
            Nothing, or several terms, or an obsolete term has this name; the message says what to write instead.
        """
        return self._names.find(text)

    def search(self, text: str, *, limit: int = 20) -> tuple[str, ...]:
        """Return ids of terms whose id or name holds every word of `text`, or whose former id it is."""
        return self._names.search(text, limit)

    def search_obsolete(self, text: str, *, limit: int = 20) -> tuple[str, ...]:
        """Return obsolete ids that hold, or whose name held, every word of `text`; shortest names first."""
        return self._names.search_obsolete(text, limit)

    def fate(self, obsolete_term: str) -> str:
        """Return in words that a term of `obsolete` is so, and what to write instead."""
        return self._names.fate(obsolete_term)

    def name_of(self, term: str) -> str:
        """Return the name of a term."""
        return self.names[self.index(term)]

    def namespace_of(self, term: str) -> str:
        """Return the namespace of a term, empty if the source has none."""
        return self.namespaces[self.index(term)]

    def index(self, term: str) -> int:
        """Return the position of the term that an id or name names; see `find`."""
        position = self._names.position.get(term)
        return self._names.position[self.find(term)] if position is None else position

    # --- hierarchy ---------------------------------------------------------------------------------------------------

    def parents(self, term: str, relations: Sequence[str] = PROPAGATING) -> tuple[str, ...]:
        """Return the ids that `term` links to directly."""
        return self._ids(self.links.upward(relations).of(self.index(term)))

    def children(self, term: str, relations: Sequence[str] = PROPAGATING) -> tuple[str, ...]:
        """Return the ids that link to `term` directly."""
        return self._ids(self.links.downward(relations).of(self.index(term)))

    def ancestors(self, term: str, relations: Sequence[str] = PROPAGATING) -> tuple[str, ...]:
        """Return all ids above `term`, itself not among them, in the order of `ids`."""
        return self._ids(self.links.upward(relations).reached(self._array([term])))

    def descendants(self, term: str, relations: Sequence[str] = PROPAGATING) -> tuple[str, ...]:
        """Return all ids below `term`, itself not among them, in the order of `ids`."""
        return self._ids(self.links.downward(relations).reached(self._array([term])))

    def branch(self, terms: str | Iterable[str], relations: Sequence[str] = PROPAGATING) -> tuple[str, ...]:
        """Return the terms and all their descendants, in the order of `ids`."""
        roots = self._array([terms] if isinstance(terms, str) else terms)
        return self._ids(np.union1d(roots, self.links.downward(relations).reached(roots)).astype(np.int32))

    def roots(self, relations: Sequence[str] = PROPAGATING) -> tuple[str, ...]:
        """Return the terms without a parent."""
        return self._ids(np.flatnonzero(np.diff(self.links.upward(relations).start) == 0).astype(np.int32))

    def _array(self, terms: Iterable[str]) -> IntArray:
        return np.array([self.index(term) for term in terms], dtype=np.int32)

    def _ids(self, indices: IntArray) -> tuple[str, ...]:
        return tuple(self.ids[i] for i in indices.tolist())

    # --- genes -------------------------------------------------------------------------------------------------------

    def genes_of(
        self, term: str, *, descendants: bool = True, relations: Sequence[str] = PROPAGATING
    ) -> tuple[str, ...]:
        """Return the genes of a term, sorted; with those of its descendants (the true path rule) unless told not to."""
        terms = self._array([term])
        if descendants:
            terms = np.union1d(terms, self.links.downward(relations).reached(terms)).astype(np.int32)
        found = np.unique(gathered(self.gene_start, self.gene_index, terms))
        return tuple(self.genes[i] for i in found.tolist())

    def direct_counts(self) -> npt.NDArray[np.int64]:
        """Return (T,) the number of genes annotated with each term itself."""
        return np.diff(self.gene_start)

    def propagated_counts(self, relations: Sequence[str] = PROPAGATING) -> npt.NDArray[np.int64]:
        """Return (T,) the number of different genes of each term and its descendants."""
        return propagated_counts(self, np.arange(len(self), dtype=np.int32), relations)

    def information_content(self, relations: Sequence[str] = PROPAGATING) -> npt.NDArray[np.float64]:
        """Return (T,) -ln of the share of its namespace's annotated genes that a term holds; inf without genes."""
        return information_content(self, relations)

    # --- choosing ----------------------------------------------------------------------------------------------------

    def select(
        self,
        *,
        below: str | Iterable[str] | None = None,
        namespace: str | None = None,
        min_genes: int = 1,
        max_genes: int | None = None,
        relations: Sequence[str] = PROPAGATING,
    ) -> tuple[str, ...]:
        """Return ids of the terms that meet every condition, in the order of `ids`.

        Parameters
        ----------
        below
            Only these terms and their descendants.
        namespace
            Only terms of this namespace, e.g. ``biological_process``.
        min_genes, max_genes
            Limits of the number of genes, those of descendants included.

        Raises
        ------
        KnowledgeError
            No such term or namespace.
        """
        among = np.arange(len(self), dtype=np.int32) if below is None else self._array(self.branch(below, relations))
        keep = np.ones(len(among), dtype=bool)
        if namespace is not None:
            known = dict.fromkeys(self.namespaces)
            if namespace not in known:
                listed = ", ".join(filter(None, known)) or "there are none"
                raise KnowledgeError(f"{self.source}: no namespace {namespace!r}; expected one of: {listed}")
            keep &= np.array([self.namespaces[i] == namespace for i in among.tolist()], dtype=bool)
        if min_genes > 0 or max_genes is not None:
            counts = propagated_counts(self, among, relations)
            keep &= (counts >= min_genes) & (counts <= (math.inf if max_genes is None else max_genes))
        return self._ids(among[keep])

    def restrict(self, genes: Iterable[str]) -> Terms:
        """Return the same terms with annotations of `genes` alone."""
        wanted = frozenset(genes)
        keep = np.array([gene in wanted for gene in self.genes], dtype=bool)
        kept = keep[self.gene_index] if len(self.genes) else np.zeros(0, dtype=bool)
        owner = np.repeat(np.arange(len(self), dtype=np.int32), self.direct_counts())
        note = f"restricted to {int(keep.sum()):,} of {len(self.genes):,} genes"
        narrowed = replace(self, notes=(*self.notes, note))
        return narrowed.with_annotations(self.genes, owner[kept], self.gene_index[kept])

    def subset(self, terms: Iterable[str], *, relations: Sequence[str] = PROPAGATING) -> Terms:
        """Return these terms alone, such that what holds among them and for their genes stays as it is.

        A kept term above another stays above it: paths through terms that are left out become one link. Genes of a
        term that is left out go to the nearest kept terms above it, so that `genes_of` a kept term is what it was.
        """
        from hypomask.knowledge.term_subsets import subset_of

        return subset_of(self, self._array(terms), relations)

    def with_annotations(self, genes: Sequence[str], terms: IntArray, gene_numbers: IntArray) -> Terms:
        """Return the same terms with these annotations in the place of their own.

        Parameters
        ----------
        genes
            Names for `gene_numbers`, unique. Those that no annotation uses are left out.
        terms, gene_numbers
            (A,) each: term ``terms[i]`` is annotated with gene ``gene_numbers[i]``; repeats are merged.
        """
        width = max(len(genes), 1)
        keys = np.unique(np.asarray(terms, dtype=np.int64) * width + gene_numbers)
        owner, number = np.divmod(keys, width)
        used = sorted(np.unique(number).tolist(), key=lambda i: genes[i])
        rank = np.zeros(width, dtype=np.int64)
        rank[used] = np.arange(len(used))
        order = np.lexsort((rank[number], owner))
        start = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum(np.bincount(owner, minlength=len(self)), out=start[1:])
        return replace(
            self,
            genes=tuple(genes[i] for i in used),
            gene_start=start,
            gene_index=rank[number][order].astype(np.int32),
        )

    def with_account(self, provenance: Iterable[str] = (), notes: Iterable[str] = ()) -> Terms:
        """Return the same terms with more lines of provenance and notes."""
        return replace(self, provenance=(*self.provenance, *provenance), notes=(*self.notes, *notes))

    # --- hypotheses --------------------------------------------------------------------------------------------------

    def gene_sets(
        self,
        terms: Iterable[str] | None = None,
        *,
        expansion: Expansion = "none",
        descendants: bool = True,
        relations: Sequence[str] = PROPAGATING,
        weights: TermWeight = "none",
    ) -> Iterator[GeneGroup]:
        """Yield one named group of genes for each of `terms` (None: all), terms without genes left out.

        `weights` says how much a group weighs, see `hypomask.knowledge.term_weights`.
        """
        from hypomask.knowledge.term_hypotheses import group_name

        heft = term_weights(self, weights, relations).tolist()
        for term in self.ids if terms is None else [self.find(text) for text in terms]:
            members = self.genes_of(term, descendants=descendants, relations=relations)
            if members:
                yield GeneGroup(group_name(self, term), members, expansion, weight=heft[self.index(term)])

    def as_hypothesis(
        self,
        terms: Iterable[str] | None = None,
        *,
        expansion: Expansion = "hierarchy",
        scope: Scope = "members",
        name: str | None = None,
        relations: Sequence[str] = PROPAGATING,
        weights: TermWeight = "none",
    ) -> Hypothesis:
        """Return the hypothesis that genes act on each other as `terms` (None: all) group them.

        ``clique`` and ``star`` give every term the genes of its descendants too. In a ``hierarchy`` each term has its
        own genes (with those of terms below it that were not chosen), and its token reads the tokens of the chosen
        terms inside it. `provenance` says how many edges each step made.

        `weights` (see `hypomask.knowledge.term_weights`) matter under a soft or learned prior; a hard one ignores them.

        Raises
        ------
        KnowledgeError
            A term that does not exist, or no term with a gene.
        """
        from hypomask.knowledge.term_hypotheses import terms_hypothesis

        chosen = self.ids if terms is None else tuple(dict.fromkeys(self.find(text) for text in terms))
        return terms_hypothesis(
            self,
            chosen,
            expansion=expansion,
            scope=scope,
            name=name or self.source,
            relations=relations,
            weights=weights,
        )
