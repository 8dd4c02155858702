"""Genes as a document selects them: by name, by a term of a source, or by set operations on such selections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hypomask.errors import HypomaskError, Problem, did_you_mean, shortened
from hypomask.hypothesis.document_format import OPERATIONS, REFERENCE_KEYS
from hypomask.hypothesis.fields import Fields, kind_of
from hypomask.hypothesis.gene_names import gene_fault
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, LocatedScalar, LocatedSequence, problem_at
from hypomask.hypothesis.recipe_sources import DrawnGenes, Reference, Sources

__all__ = ["GeneSelector", "attempt", "operands", "reference_in", "reference_of"]

T = TypeVar("T")


@dataclass
class GeneSelector:
    """Reads selections of genes, and keeps what was drawn from sources for `provenance`."""

    sources: Sources
    problems: list[Problem]
    provenance: list[str] = field(default_factory=list)

    def listed(self, fields: Fields, key: str) -> tuple[str, ...]:
        """Return the genes that a field selects, each once; an absent field selects none."""
        node = fields.get(key)
        if node is None or (isinstance(node, LocatedScalar) and node.plain and not node.text):
            return ()
        return self.of(node, separated=True)

    def of(self, node: Located, *, separated: bool = False) -> tuple[str, ...]:
        """Return the genes that a node selects.

        Parameters
        ----------
        separated
            Whether spaces or commas in a text separate genes; in a list, each item is one.
        """
        if isinstance(node, LocatedScalar):
            return self._of_text(node, separated=separated)
        if isinstance(node, LocatedSequence):
            return _union([self.of(item) for item in node.items])
        operation = operands(node, self.problems)
        if operation is None:
            reference = reference_of(node, self.sources, self.problems)
            return () if reference is None else self._drawn(reference, node)
        name, items = operation
        parts = [self.of(item) for item in items]
        if name == "union" or not parts:
            return _union(parts)
        others = [set(part) for part in parts[1:]]
        wanted = set(parts[0]).intersection(*others) if name == "intersection" else set(parts[0]).difference(*others)
        return tuple(gene for gene in parts[0] if gene in wanted)

    def _of_text(self, node: LocatedScalar, *, separated: bool) -> tuple[str, ...]:
        reference = reference_in(node, self.sources)
        if reference is not None and reference.term is not None:
            return self._drawn(reference, node)
        names = list(dict.fromkeys(node.text.replace(",", " ").split())) if separated else [node.text]
        faults = {name: gene_fault(name) or self._reference_fault(name) for name in names}
        self.problems.extend(problem_at(node, fault) for fault in faults.values() if fault)
        return tuple(name for name, fault in faults.items() if not fault)

    def _reference_fault(self, name: str) -> str | None:
        """Say why a text that looks like a term of a source is none; ``HGNC:1100`` is a gene like any other."""
        source, colon, _ = name.partition(":")
        if name.endswith(":") and source in self.sources:
            return f"{name!r} names no term; write one behind the colon, or {{source: {source}}} for all of its genes"
        if colon and source in self.sources:
            return f"{shortened(name)!r} stands among genes; write a list, with each gene and each term an item"
        nearest = did_you_mean(source, self.sources.declared) if colon else ""
        return f"no source {source!r} for {shortened(name)!r}.{nearest}" if nearest else None

    def _drawn(self, reference: Reference, node: Located) -> tuple[str, ...]:
        drawn: DrawnGenes | None = attempt(lambda: self.sources.genes(reference), node, self.problems)
        if drawn is None:
            return ()
        self.provenance.extend(drawn.provenance)
        return drawn.genes


def attempt(make: Callable[[], T], node: Located, problems: list[Problem]) -> T | None:
    """Return what `make` returns; an error becomes a problem at `node`, and None is returned."""
    try:
        return make()
    except HypomaskError as fault:
        problems.append(problem_at(node, str(fault)))
        return None


def reference_in(node: LocatedScalar, sources: Sources) -> Reference | None:
    """Return the reference that a text is: ``source`` or ``source:term`` with a source that there is."""
    source, colon, term = (part.strip() for part in node.text.partition(":"))
    if source not in sources:
        return None
    return Reference(source, term if colon and term else None)


def reference_of(node: Located, sources: Sources, problems: list[Problem]) -> Reference | None:
    """Return the reference that a mapping of source, term and descendants states."""
    fields = Fields(node, what="a selection", allowed=(*REFERENCE_KEYS, *OPERATIONS), problems=problems)
    if not isinstance(node, LocatedMapping) or not fields.required("source"):
        return None
    source = fields.text("source", "")
    if source not in sources:
        fields.problem("source", f"there is no source {source!r}.{did_you_mean(source, sources.names)}")
        return None
    return Reference(source, fields.text("term", None), bool(fields.flag("descendants", True)))


def operands(node: Located, problems: list[Problem]) -> tuple[str, Sequence[Located]] | None:
    """Return the set operation of a mapping and what it combines, or None where there is none."""
    if not isinstance(node, LocatedMapping):
        return None
    found = [key for key in node.entries if key in OPERATIONS]
    if not found:
        return None
    name, value = found[0], node.entries[found[0]]
    if len(node.entries) > 1:
        others = ", ".join(key for key in node.entries if key != name)
        problems.append(problem_at(node, f"{name!r} stands alone in its mapping, beside it is: {others}; nest them"))
    if not isinstance(value, LocatedSequence) or len(value.items) < 2:
        found_here = kind_of(value) if not isinstance(value, LocatedSequence) else f"a list of {len(value.items)}"
        problems.append(problem_at(value, f"{name!r} must list two or more things to combine, got {found_here}"))
        return name, ()
    return name, value.items


def _union(parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(gene for part in parts for gene in part))
