"""Write terms in the formats they are read from: OBO with associations, ontology table, GMT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hypomask.errors import KnowledgeError
from hypomask.knowledge.term_links import PROPAGATING
from hypomask.knowledge.terms import Terms

__all__ = ["write_associations", "write_gmt", "write_obo", "write_ontology_table"]


def write_obo(terms: Terms, path: Path) -> None:
    """Write names, namespaces, links of every relation, former and obsolete ids; genes go to `write_associations`."""
    former: dict[str, list[str]] = {}
    for old, new in terms.alt_ids.items():
        former.setdefault(new, []).append(old)
    lines = ["format-version: 1.2"]
    for i, term in enumerate(terms.ids):
        lines += ["", "[Term]", f"id: {term}", f"name: {terms.names[i]}"]
        if terms.namespaces[i]:
            lines.append(f"namespace: {terms.namespaces[i]}")
        lines += [f"alt_id: {old}" for old in former.get(term, ())]
        for relation in terms.relations:
            tag = "is_a:" if relation == "is_a" else f"relationship: {relation}"
            lines += [f"{tag} {parent} ! {terms.name_of(parent)}" for parent in terms.parents(term, (relation,))]
    for term, gone in terms.obsolete.items():
        lines += ["", "[Term]", f"id: {term}", f"name: {gone.name}", "is_obsolete: true"]
        lines += [f"replaced_by: {other}" for other in gone.replaced_by]
        lines += [f"consider: {other}" for other in gone.consider]
    _write(path, lines)


def write_associations(terms: Terms, path: Path) -> None:
    """Write direct annotations as a table of gene and term."""
    _write(path, (f"{gene}\t{term}" for term in terms.ids for gene in terms.genes_of(term, descendants=False)))


def write_ontology_table(terms: Terms, path: Path, relations: Sequence[str] = PROPAGATING) -> None:
    """Write links along `relations` and direct annotations as a table of parent, child and type.

    The table names neither relations nor terms: read back, every link is ``part_of`` and every name the id.

    Raises
    ------
    KnowledgeError
        A term has neither link nor gene, which such a table cannot state.
    """
    linked = {term for term in terms.ids if terms.parents(term, relations) or terms.children(term, relations)}
    bare = [term for term in terms.ids if term not in linked and not terms.genes_of(term, descendants=False)]
    if bare:
        raise KnowledgeError(
            f"{terms.source}: {len(bare):,} terms have neither links nor genes, e.g. {bare[0]!r}; an ontology table "
            f"cannot state them. Leave them out with Terms.subset"
        )
    links = (f"{parent}\t{term}\tdefault" for term in terms.ids for parent in terms.parents(term, relations))
    genes = (f"{term}\t{gene}\tgene" for term in terms.ids for gene in terms.genes_of(term, descendants=False))
    _write(path, ["parent\tchild\ttype", *links, *genes])


def write_gmt(terms: Terms, path: Path, *, descendants: bool = True, relations: Sequence[str] = PROPAGATING) -> None:
    """Write every term with a gene as a gene set: id, name, genes; with those of its descendants unless told not to."""
    lines = []
    for i, term in enumerate(terms.ids):
        genes = terms.genes_of(term, descendants=descendants, relations=relations)
        if genes:
            lines.append("\t".join((term, terms.names[i], *genes)))
    _write(path, lines)


def _write(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in lines)
