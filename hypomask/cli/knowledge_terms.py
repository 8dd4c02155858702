"""`hypomask knowledge show | search` in ontologies, pathway hierarchies and gene sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypomask.cli.name_lists import MAX_NAMES, listed
from hypomask.knowledge.term_links import PROPAGATING
from hypomask.knowledge.terms import Terms
from hypomask.report.wording import count

__all__ = ["OpenedTerms", "ShownTerm", "TermHits", "TermsOverview"]

REGULATES = "regulates"


@dataclass(frozen=True)
class NamedTerm:
    """A term as lists show it. `n_genes`: with those of the terms below it."""

    id: str
    name: str
    n_genes: int

    @classmethod
    def of(cls, terms: Terms, term: str) -> NamedTerm:
        """Look up a term."""
        return cls(term, terms.name_of(term), len(terms.genes_of(term)))

    @property
    def words(self) -> str:
        """Id and name, once where they are the same."""
        named = f"{self.id}  {self.name}" if self.name not in ("", self.id) else self.id
        return f"{named}  ({count(self.n_genes, 'gene')})"


@dataclass(frozen=True)
class OpenedTerms:
    """A source of terms that was read; `label` is what the user called it."""

    label: str
    terms: Terms

    def overview(self) -> TermsOverview:
        """Count what there is, and name the terms that nothing is above."""
        terms = self.terms
        roots = [NamedTerm.of(terms, term) for term in terms.roots()]
        largest = tuple(sorted(roots, key=lambda root: -root.n_genes))
        namespaces = {name: terms.namespaces.count(name) for name in dict.fromkeys(terms.namespaces) if name}
        return TermsOverview(self.label, terms, namespaces, largest)

    def show(self, term: str) -> ShownTerm:
        """Look up one term.

        Raises
        ------
        KnowledgeError
            No term, several, or an obsolete one has this id or name.
        """
        terms = self.terms
        found = terms.find(term)
        return ShownTerm(
            label=self.label,
            terms=terms,
            term=NamedTerm.of(terms, found),
            asked=term.strip(),
            parents=_links(terms, found, upward=True),
            children=_links(terms, found, upward=False),
            n_above=len(terms.ancestors(found)),
            n_below=len(terms.descendants(found)),
            direct=terms.genes_of(found, descendants=False),
            genes=terms.genes_of(found),
        )

    def search(self, text: str, limit: int) -> TermHits:
        """Find terms by words of their ids and names, and by a gene that they are annotated with themselves.

        Obsolete terms are found too, as such: an older paper names them.
        """
        terms = self.terms
        found = terms.search(text, limit=len(terms)) if text.strip() else ()
        obsolete = terms.search_obsolete(text, limit=len(terms.obsolete)) if text.strip() else ()
        folded = text.strip().casefold()
        gene = next((gene for gene in terms.genes if gene.casefold() == folded), None)
        holding = _terms_of_gene(terms, gene) if gene is not None else ()
        return TermHits(
            self.label,
            text,
            len(found),
            tuple(NamedTerm.of(terms, term) for term in found[:limit]),
            gene,
            len(holding),
            tuple(NamedTerm.of(terms, term) for term in holding[:limit]),
            len(obsolete),
            {term: terms.fate(term) for term in obsolete[:limit]},
        )


@dataclass(frozen=True)
class TermsOverview:
    """A source as a whole."""

    label: str
    terms: Terms
    namespaces: Mapping[str, int]
    roots: tuple[NamedTerm, ...]

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        terms = self.terms
        lines = [
            self.label,
            f"  terms     {len(terms):,}, {count(len(terms.obsolete), 'obsolete id')}",
            f"  links     {len(terms.links):,}{_bracketed(terms.relations)}",
            f"  genes     {len(terms.genes):,}, {count(terms.n_annotations, 'annotation')}",
        ]
        if self.namespaces:
            lines.append(f"  kinds     {', '.join(f'{name} {n:,}' for name, n in self.namespaces.items())}")
        if len(self.roots) < len(terms):
            lines += _block("  at the top:", self.roots)
        return [*lines, *_account(terms)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        terms = self.terms
        return {
            "source": self.label,
            "kind": "terms",
            "terms": len(terms),
            "obsolete": len(terms.obsolete),
            "links": len(terms.links),
            "relations": list(terms.relations),
            "genes": len(terms.genes),
            "annotations": terms.n_annotations,
            "namespaces": dict(self.namespaces),
            "roots": [vars(root) for root in self.roots],
            "provenance": list(terms.provenance),
            "notes": list(terms.notes),
        }


@dataclass(frozen=True)
class ShownTerm:
    """One term. `direct`: genes annotated with it; `genes`: with those of the terms below it, too."""

    label: str
    terms: Terms
    term: NamedTerm
    asked: str
    parents: Mapping[str, tuple[NamedTerm, ...]]
    children: Mapping[str, tuple[NamedTerm, ...]]
    n_above: int
    n_below: int
    direct: tuple[str, ...]
    genes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        term, namespace = self.term, self.terms.namespace_of(self.term.id)
        lines = [term.id if term.name in ("", term.id) else f"{term.id}  {term.name}"]
        if self.asked in self.terms.alt_ids:
            lines.append(f"  {self.asked} was merged into it")
        lines.append(f"  source    {self.label}{f', {namespace}' if namespace else ''}")
        for heading, links in (("parents", self.parents), ("children", self.children)):
            for relation, found in links.items():
                lines += _block(f"  {heading} ({relation}): {len(found):,}", found)
        lines.append(f"  {count(self.n_above, 'term')} above it, {self.n_below:,} below it, along {_along()}")
        lines.append(f"  genes annotated with it: {len(self.direct):,}{listed(self.direct)}")
        if self.n_below:
            lines.append(f"  with those of the terms below it: {len(self.genes):,}{listed(self.genes)}")
        lines.append(f"  in a recipe: genes: {self.label}:{term.id}")
        return [*lines, *_account(self.terms)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "source": self.label,
            "kind": "term",
            "id": self.term.id,
            "name": self.term.name,
            "namespace": self.terms.namespace_of(self.term.id) or None,
            "parents": {relation: [vars(item) for item in found] for relation, found in self.parents.items()},
            "children": {relation: [vars(item) for item in found] for relation, found in self.children.items()},
            "ancestors": self.n_above,
            "descendants": self.n_below,
            "genes_direct": list(self.direct),
            "genes": list(self.genes),
            "provenance": list(self.terms.provenance),
            "notes": list(self.terms.notes),
        }


@dataclass(frozen=True)
class TermHits:
    """Terms whose names match, terms that hold the gene of this name, and obsolete terms; the first few of each.

    `obsolete` says of each what to write instead.
    """

    label: str
    text: str
    n_found: int
    found: tuple[NamedTerm, ...]
    gene: str | None
    n_holding: int
    holding: tuple[NamedTerm, ...]
    n_obsolete: int
    obsolete: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        lines = [f"  {hit.words}" for hit in self.found]
        if len(self.found) < self.n_found:
            lines.append(f"  ... and {self.n_found - len(self.found):,} more (--limit)")
        if self.gene is not None:
            lines.append(f"{self.gene} is a gene of {count(self.n_holding, 'term')}:")
            lines += [f"  {hit.words}" for hit in self.holding]
            if len(self.holding) < self.n_holding:
                lines.append(f"  ... and {self.n_holding - len(self.holding):,} more (--limit)")
        if self.obsolete:
            lines.append("obsolete:")
            lines += [f"  {fate}" for fate in self.obsolete.values()]
            if len(self.obsolete) < self.n_obsolete:
                lines.append(f"  ... and {self.n_obsolete - len(self.obsolete):,} more (--limit)")
        return lines or [f"{self.label}: no term's id or name holds {self.text!r}, and no gene is called so"]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "source": self.label,
            "text": self.text,
            "found": self.n_found,
            "terms": [vars(hit) for hit in self.found],
            "gene": self.gene,
            "terms_of_gene": [vars(hit) for hit in self.holding],
            "terms_of_gene_found": self.n_holding,
            "obsolete": dict(self.obsolete),
            "obsolete_found": self.n_obsolete,
        }


def _links(terms: Terms, term: str, *, upward: bool) -> dict[str, tuple[NamedTerm, ...]]:
    """Return the neighbours by relation, relations without any left out."""
    special = tuple(name for name in terms.relations if name.endswith(f"_{REGULATES}"))
    step = terms.parents if upward else terms.children
    links = {}
    for relation in terms.relations:
        found = step(term, (relation,))
        if relation == REGULATES and special:  # asking for it finds its special cases, which have lines of their own
            found = tuple(other for other in found if other not in step(term, special))
        if found:
            links[relation] = tuple(NamedTerm.of(terms, other) for other in found)
    return links


def _terms_of_gene(terms: Terms, gene: str) -> tuple[str, ...]:
    """Return ids of the terms that are annotated with a gene themselves."""
    import numpy as np

    owner = np.repeat(np.arange(len(terms)), terms.direct_counts())
    return tuple(terms.ids[i] for i in owner[terms.gene_index == terms.genes.index(gene)].tolist())


def _block(heading: str, found: tuple[NamedTerm, ...]) -> list[str]:
    more = [f"    ... and {len(found) - MAX_NAMES:,} more (see --json)"] if len(found) > MAX_NAMES else []
    return [heading, *(f"    {item.words}" for item in found[:MAX_NAMES]), *more]


def _account(terms: Terms) -> list[str]:
    return [*(f"  from      {line}" for line in terms.provenance), *(f"  note      {note}" for note in terms.notes)]


def _bracketed(names: tuple[str, ...]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _along() -> str:
    return " and ".join(PROPAGATING)
