"""A file of gene sets as terms without links, so that they are found, selected and combined like any other."""

from __future__ import annotations

import re
from pathlib import Path

from hypomask.knowledge.gene_sets import read_gene_sets
from hypomask.knowledge.terms import Terms
from hypomask.knowledge.terms_builder import TermsBuilder, damaged_gene_notes

__all__ = ["read_gene_set_terms"]

_REACTOME_ID = re.compile(r"R-[A-Z]{3}-[0-9]+")


def read_gene_set_terms(path: Path) -> Terms:
    """Read GMT, GMX, grp or MSigDB JSON. A term's id is that of the file where it states one, else the set's name.

    Reactome's GMT has ids in the second column, WikiPathways' in the name; MSigDB's sets are known by their names.

    Raises
    ------
    KnowledgeError
        See `gene_sets.read_gene_sets`; also if two sets have the same id.
    """
    gene_sets, sha256 = read_gene_sets(path, expansion="none")
    by_description = all(_REACTOME_ID.fullmatch(gene_set.description) for gene_set in gene_sets)
    builder = TermsBuilder(path.name, path)
    for gene_set in gene_sets:
        name = gene_set.group.name
        own = gene_set.id if gene_set.id.startswith("WP") else name
        term = gene_set.description if by_description else own
        builder.term(term, name, line=gene_set.line)
        for gene in gene_set.group.members if term in builder.position else ():
            builder.annotate(builder.position[term], gene)
    terms = builder.build(provenance=[f"gene sets {path.name}, sha256 {sha256}"])
    return terms.with_account(notes=damaged_gene_notes(terms.genes))
