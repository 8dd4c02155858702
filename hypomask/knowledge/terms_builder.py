"""Terms and links as a reader finds them, with line numbers; what is wrong with them is told all together."""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hypomask.errors import KnowledgeError, Problem, did_you_mean, raise_problems
from hypomask.hypothesis.gene_names import damaged_symbol, name_fault
from hypomask.knowledge.term_links import PROPAGATING, TermLinks
from hypomask.knowledge.terms import ObsoleteTerm, Terms

__all__ = ["TermsBuilder", "damaged_gene_notes"]

MAX_CIRCLE_SHOWN = 12
MAX_DAMAGED_SHOWN = 5
# difflib takes about 30 ms against 48,000 ids; more suggestions than are shown would make a bad file take minutes.
MAX_SUGGESTIONS = 20


class TermsBuilder:
    """Collects the terms, links and annotations of one file.

    Parameters
    ----------
    source
        What the terms are from, in a few words.
    path
        The file that problems are in.
    """

    def __init__(self, source: str, path: Path) -> None:
        self.source, self.path = source, path
        self.problems: list[Problem] = []
        self.position: dict[str, int] = {}
        self.names: list[str] = []
        self.namespaces: list[str] = []
        self._lines: list[int] = []
        self._links: list[tuple[str, str, str, int]] = []
        self._annotations: dict[tuple[int, str], None] = {}

    def problem(self, message: str, line: int | None = None) -> None:
        """Note what is wrong in a line; `build` raises all of it."""
        self.problems.append(Problem(message, str(self.path), line))

    def term(self, term: str, name: str = "", namespace: str = "", *, line: int) -> None:
        """Add a term; a second one of the same id is a problem."""
        fault = name_fault(term)
        if fault:
            self.problem(f"the term's id: {fault}", line)
        elif term in self.position:
            first = self._lines[self.position[term]]
            self.problem(f"term {term!r} is on line {first} already; ids are unique. Delete one of the two", line)
        else:
            self.mention(term, name, namespace, line=line)

    def mention(self, term: str, name: str = "", namespace: str = "", *, line: int) -> int:
        """Return the position of a term, adding it if it is new."""
        known = self.position.get(term)
        if known is not None:
            return known
        self.position[term] = len(self.names)
        self.names.append(name or term)
        self.namespaces.append(namespace)
        self._lines.append(line)
        return len(self.names) - 1

    def link(self, child: str, parent: str, relation: str, *, line: int) -> None:
        """Add a link; its ends may come later in the file."""
        if child == parent:
            self.problem(f"term {child!r} is its own parent; delete the link", line)
        else:
            self._links.append((child, parent, relation, line))

    def annotate(self, term: int, gene: str) -> bool:
        """Add a gene to the term at a position; return False if it was there already."""
        key = (term, gene)
        if key in self._annotations:
            return False
        self._annotations[key] = None
        return True

    def build(
        self,
        *,
        alt_ids: Mapping[str, str] | None = None,
        obsolete: Mapping[str, ObsoleteTerm] | None = None,
        provenance: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> Terms:
        """Return the terms.

        Raises
        ------
        KnowledgeError
            With every problem found so far, links to terms that do not exist, and links in a circle.
        """
        foreign = self._check_ends(obsolete or {})
        raise_problems(self.problems, KnowledgeError)
        links = [
            (self.position[child], self.position[parent], relation)
            for child, parent, relation, _ in self._links
            if parent in self.position and child in self.position
        ]
        self._check_circles()
        raise_problems(self.problems, KnowledgeError)
        terms = Terms(
            source=self.source,
            ids=tuple(self.position),
            names=tuple(self.names),
            namespaces=tuple(self.namespaces),
            links=TermLinks.build(len(self.names), links),
            alt_ids=dict(alt_ids or {}),
            obsolete=dict(obsolete or {}),
            provenance=tuple(provenance),
            notes=(*notes, *foreign),
        )
        return self._with_genes(terms)

    def _with_genes(self, terms: Terms) -> Terms:
        if not self._annotations:
            return terms
        genes = tuple(dict.fromkeys(gene for _, gene in self._annotations))
        number = {gene: i for i, gene in enumerate(genes)}
        return terms.with_annotations(
            genes,
            np.array([term for term, _ in self._annotations], dtype=np.int32),
            np.array([number[gene] for _, gene in self._annotations], dtype=np.int32),
        )

    def _check_ends(self, obsolete: Mapping[str, ObsoleteTerm]) -> list[str]:
        """Note links to nowhere as problems; links into other ontologies are left out and told.

        An id space (``CL`` of ``CL:0000540``) of which the file holds no term belongs to another ontology.
        """
        spaces = {_id_space(term) for term in self.position} | {_id_space(term) for term in obsolete}
        foreign: Counter[str] = Counter()
        n_missing = 0
        for child, parent, relation, line in self._links:
            for end in (child, parent):
                if end in self.position:
                    continue
                space = _id_space(end)
                if space and space not in spaces:
                    foreign[space] += 1
                    continue
                n_missing += 1
                what = "is obsolete" if end in obsolete else "is not in the file"
                hint = did_you_mean(end, self.position) if n_missing <= MAX_SUGGESTIONS else ""
                message = f"{relation} link of {child!r} to {parent!r}, but {end!r} {what}; is the file cut off?{hint}"
                self.problem(message, line)
        return [
            f"{count:,} links to terms of another ontology ({space}) left out" for space, count in foreign.most_common()
        ]

    def _check_circles(self) -> None:
        above: dict[str, list[str]] = {}
        lines: dict[tuple[str, str], int] = {}
        for child, parent, relation, line in self._links:
            if relation in PROPAGATING:
                above.setdefault(child, []).append(parent)
                lines[child, parent] = line
        try:
            graphlib.TopologicalSorter(above).prepare()
        except graphlib.CycleError as fault:
            circle: list[str] = fault.args[1]  # each is a parent of the next; first and last are the same
            shown = circle if len(circle) <= MAX_CIRCLE_SHOWN else [*circle[:MAX_CIRCLE_SHOWN], "..."]
            message = f"terms contain each other in a circle: {' > '.join(shown)}; delete the link that is wrong"
            self.problem(message, lines.get((circle[1], circle[0])))


def _id_space(term: str) -> str:
    """Return the part of an id before its colon, empty if it has none."""
    return term.partition(":")[0] if ":" in term else ""


def damaged_gene_notes(genes: Sequence[str]) -> tuple[str, ...]:
    """Return notes on symbols that a spreadsheet damaged. They stay: one of 20,000 is no reason to refuse a file."""
    damaged = [damage for damage in map(damaged_symbol, genes) if damage]
    more = len(damaged) - MAX_DAMAGED_SHOWN
    return (*damaged[:MAX_DAMAGED_SHOWN], *([f"{more} more damaged symbols"] if more > 0 else []))
