"""What a recipe draws from a source that was read: the genes of a term, and what acts on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from hypomask.errors import KnowledgeError
from hypomask.hypothesis.edits import expand
from hypomask.hypothesis.graph import Expansion, GeneGroup, Hypothesis
from hypomask.hypothesis.recipe_sources import DrawnGenes, Reference
from hypomask.knowledge.gene_sets import default_expansion
from hypomask.knowledge.network import GeneNetwork
from hypomask.knowledge.term_weights import TermWeight
from hypomask.knowledge.terms import Terms

__all__ = ["DrawnSource", "NetworkSource", "TermSource"]


class DrawnSource(Protocol):
    """A source that was read."""

    def genes(self, reference: Reference) -> DrawnGenes:
        """Return the genes of the source or of one of its terms."""

    def wiring(self, reference: Reference, genes: Sequence[str] | None, expansion: Expansion | None) -> Hypothesis:
        """Return what acts on what, among `genes` only if they are given."""


@dataclass(frozen=True)
class TermSource:
    """An ontology, a pathway hierarchy or gene sets.

    Parameters
    ----------
    min_size, max_size
        Terms with fewer or more genes, counted before any restriction, are left out of wiring.
    relations
        Relations along which genes are handed up.
    weights
        How much a term weighs as wiring, see `hypomask.knowledge.term_weights`.
    """

    terms: Terms
    relations: tuple[str, ...]
    min_size: int = 2
    max_size: int | None = None
    weights: TermWeight = "none"

    def genes(self, reference: Reference) -> DrawnGenes:
        """Return the genes of a term, with those of the terms below it unless told not to; or all genes."""
        terms = self._with_genes()
        if reference.term is None:
            return DrawnGenes(terms.genes, (*self._provenance(), f"genes of {reference}: {len(terms.genes):,}"))
        term = terms.find(reference.term)
        genes = terms.genes_of(term, descendants=reference.descendants, relations=self.relations)
        if not genes:
            raise KnowledgeError(f"{reference} ({terms.name_of(term)}) has no genes in {terms.source}")
        n_below = len(terms.descendants(term, self.relations)) if reference.descendants else 0
        below = f" and of the {n_below:,} terms below it" if n_below else ""
        account = f"genes of {_in_words(terms, reference, term)}{below}: {len(genes):,}"
        return DrawnGenes(genes, (*self._provenance(), account))

    def wiring(self, reference: Reference, genes: Sequence[str] | None, expansion: Expansion | None) -> Hypothesis:
        """Return the terms as groups: all of them, or one; of a hierarchy, one with all terms below it."""
        terms = self._with_genes()
        if reference.term is None:
            chosen = terms.select(min_genes=self.min_size, max_genes=self.max_size, relations=self.relations)
        else:
            term = terms.find(reference.term)
            branch = expansion == "hierarchy" and reference.descendants
            chosen = terms.branch(term, self.relations) if branch else (term,)
        n_chosen = len(chosen)
        small = terms if genes is None else terms.restrict(genes)
        connecting = set(small.select(min_genes=2, relations=self.relations)) if len(small.genes) else set()
        chosen = tuple(term for term in chosen if term in connecting)
        groups = self._groups(small, chosen, expansion, reference)
        among = "" if genes is None else f" among {len(genes):,} genes"
        account = [
            f"{reference} as wiring{among}: {len(chosen):,} of {n_chosen:,} terms connect two genes or more, "
            f"{len(groups):,} of them in different ways"
        ]
        account += _wide_groups(groups, len(small.genes if genes is None else genes))
        members = dict.fromkeys(gene for group in groups for gene in group.members)
        provenance = (*self._provenance(), *account)
        return Hypothesis(str(reference), tuple(members), groups=groups, scope="members", provenance=provenance)

    def _groups(
        self, terms: Terms, chosen: Sequence[str], expansion: Expansion | None, reference: Reference
    ) -> tuple[GeneGroup, ...]:
        if not chosen:
            return ()
        if expansion == "hierarchy":
            nested = terms.as_hypothesis(chosen, expansion="hierarchy", relations=self.relations, weights=self.weights)
            return nested.groups
        descendants = reference.term is None or reference.descendants
        different: dict[frozenset[str], GeneGroup] = {}
        drawn = terms.gene_sets(chosen, descendants=descendants, relations=self.relations, weights=self.weights)
        for group in drawn:
            if len(group.members) > 1:  # terms that hold the same of these genes say the same
                way = expansion or default_expansion(len(group.members))
                different.setdefault(frozenset(group.members), replace(group, expansion=way))
        return tuple(different.values())

    def _with_genes(self) -> Terms:
        if not self.terms.genes:
            raise KnowledgeError(
                f"{self.terms.source} holds terms but no genes; declare it with them: "
                "{file: ..., annotations: goa_human.gaf.gz}"
            )
        return self.terms

    def _provenance(self) -> tuple[str, ...]:
        return (*self.terms.provenance, *(f"note: {note}" for note in self.terms.notes))


def _in_words(terms: Terms, reference: Reference, term: str) -> str:
    name = terms.name_of(term)
    words = f"{term} {name}" if name not in ("", term) else term
    return f"{reference} ({words})" if words != reference.term else str(reference)


def _wide_groups(groups: Sequence[GeneGroup], n_genes: int) -> list[str]:
    """Say how many groups hold most genes: they let nearly everything act on everything, whatever the others say."""
    wide = [group for group in groups if 2 * len(group.members) > n_genes]
    if len(groups) < 2 or not wide:
        return []
    largest = max(wide, key=lambda group: len(group.members))
    share = len(largest.members) / n_genes
    held = (
        f"{len(wide):,} groups hold more than half of the genes each" if len(wide) > 1 else "a group holds most genes"
    )
    connects = "connect" if len(wide) > 1 else "connects"
    return [
        f"note: {held} ({largest.name!r} {share:.0%}) and {connects} nearly everything; 'max_size' of the source "
        "leaves large terms out"
    ]


@dataclass(frozen=True)
class NetworkSource:
    """A network; its terms are the regulons of its genes."""

    network: GeneNetwork

    def genes(self, reference: Reference) -> DrawnGenes:
        """Return all genes, or those that one gene acts on, and itself."""
        network = self._of(reference)
        return DrawnGenes(network.genes, (*self._provenance(), f"genes of {reference}: {len(network.genes):,}"))

    def wiring(self, reference: Reference, genes: Sequence[str] | None, expansion: Expansion | None) -> Hypothesis:
        """Return the edges, of one regulon or all."""
        network = self._of(reference)
        small = network if genes is None else network.among(genes)
        drawn = small.hypothesis(name=str(reference))
        n_self = int(np.count_nonzero(small.edges.source == small.edges.target))
        among = "" if genes is None else f" among {len(genes):,} genes"
        account = (
            f"{reference} as wiring{among}: {len(small.edges):,} of {len(self.network.edges):,} edges, "
            f"{len(drawn.edges):,} without repeats and {n_self:,} self edges"
        )
        drawn = replace(drawn, provenance=(*drawn.provenance, account))
        return drawn if expansion is None or not drawn.groups else expand(drawn, expansion)

    def _of(self, reference: Reference) -> GeneNetwork:
        return self.network if reference.term is None else self.network.regulon(reference.term)

    def _provenance(self) -> tuple[str, ...]:
        return (*self.network.provenance, *(f"note: {note}" for note in self.network.notes))
