"""Any file of terms, by its kind: ontologies, hierarchies and gene sets. The one entry for recipes and commands."""

from __future__ import annotations

from pathlib import Path

from hypomask.errors import KnowledgeError, Problem
from hypomask.hypothesis.text_files import kind_suffix
from hypomask.knowledge.annotations import AnnotationFilter, annotate, read_annotations
from hypomask.knowledge.gene_set_formats import FORMATS
from hypomask.knowledge.gene_set_terms import read_gene_set_terms
from hypomask.knowledge.obo import read_obo
from hypomask.knowledge.ontology_tables import read_ontology_table
from hypomask.knowledge.reactome import read_reactome
from hypomask.knowledge.term_storage import TERM_CACHE
from hypomask.knowledge.terms import Terms

__all__ = ["read_terms"]

TABLE_SUFFIXES = (".tsv", ".txt", ".csv", ".ont")


def read_terms(
    path: Path,
    *,
    annotations: Path | None = None,
    chosen: AnnotationFilter | None = None,
    relations: Path | None = None,
    names: Path | None = None,
    species: str = "Homo sapiens",
    cache: bool = True,
) -> Terms:
    """Read terms with their links and genes.

    Parameters
    ----------
    path
        An ontology (``.obo``), gene sets (``.gmt``, ``.gmx``, ``.grp``, ``.json``), or a table of parent, child and
        type (``.tsv``, ``.txt``, ``.csv``). With `relations`, Reactome's gene sets or one of its mapping tables.
    annotations, chosen
        Genes for an ontology (GAF, gene2go or a plain table), and which annotations count.
    relations, names, species
        ``ReactomePathwaysRelation.txt``, ``ReactomePathways.txt`` and the species, see `reactome.read_reactome`.
    cache
        Keep what large files held in the cache folder and take it from there the next time.

    Raises
    ------
    KnowledgeError
        An ending that no format has, options that do not go together, or whatever is wrong with a file.
    """
    suffix = kind_suffix(path)
    chosen = chosen or AnnotationFilter()
    if annotations is not None and suffix != ".obo":
        message = "annotations go with an ontology (.obo); this file has its genes in it"
        raise KnowledgeError(str(Problem(message, str(path))))
    if suffix not in (".obo", *FORMATS, *TABLE_SUFFIXES):
        known = ", ".join((".obo", *FORMATS, *TABLE_SUFFIXES))
        raise KnowledgeError(str(Problem(f"ending {path.suffix!r} is none of a file of terms: {known}", str(path))))

    def read() -> Terms:
        if suffix == ".obo":
            terms = read_obo(path)
            return terms if annotations is None else annotate(terms, read_annotations(annotations, chosen))
        if relations is not None:
            by_gene_sets = suffix in FORMATS
            return read_reactome(
                gene_sets=path if by_gene_sets else None,
                mapping=None if by_gene_sets else path,
                relations=relations,
                names=names,
                species=species,
                evidence=chosen.evidence,
            )
        return read_gene_set_terms(path) if suffix in FORMATS else read_ontology_table(path)

    files = [file for file in (path, annotations, relations, names) if file is not None]
    options = f"{suffix} {chosen!r} {species if relations else ''} {[file is None for file in (annotations, names)]}"
    return TERM_CACHE.get(files, options, read) if cache else read()
