"""Terms stored in one file, and kept in the cache."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hypomask.knowledge.read_cache import ReadCache
from hypomask.knowledge.stored_arrays import load_arrays, positions, save_arrays
from hypomask.knowledge.term_links import TermLinks
from hypomask.knowledge.terms import ObsoleteTerm, Terms

__all__ = ["FILE_FORMAT", "TERM_CACHE", "load_terms", "save_terms"]

FILE_FORMAT = 1


def save_terms(terms: Terms, path: Path) -> None:
    """Write `terms` to ``path``; a reader never sees half a file."""
    namespaces = sorted(set(terms.namespaces))
    number = {namespace: i for i, namespace in enumerate(namespaces)}
    texts = {
        "format": FILE_FORMAT,
        "source": terms.source,
        "ids": terms.ids,
        "names": terms.names,
        "namespaces": namespaces,
        "relations": terms.relations,
        "genes": terms.genes,
        "alt_ids": dict(terms.alt_ids),
        "obsolete": {term: asdict(gone) for term, gone in terms.obsolete.items()},
        "provenance": terms.provenance,
        "notes": terms.notes,
    }
    arrays = {
        "namespace": np.array([number[namespace] for namespace in terms.namespaces], dtype=np.int32),
        "children": terms.links.children,
        "parents": terms.links.parents,
        "relation": terms.links.relation,
        "gene_start": terms.gene_start,
        "gene_index": terms.gene_index,
    }
    save_arrays(path, texts, arrays)


def load_terms(path: Path) -> Terms:
    """Read what `save_terms` wrote.

    Raises
    ------
    KnowledgeError
        It is missing, damaged, or of another version of the format.
    """
    return load_arrays(path, "terms", _terms)


def _terms(texts: dict[str, Any], arrays: dict[str, Any]) -> Terms:
    if texts["format"] != FILE_FORMAT:
        raise ValueError(f"format {texts['format']}, expected {FILE_FORMAT}")
    ids, genes, relations = tuple(texts["ids"]), tuple(texts["genes"]), tuple(texts["relations"])
    links = TermLinks(
        len(ids),
        relations,
        positions(arrays["children"], len(ids), np.int32),
        positions(arrays["parents"], len(ids), np.int32),
        positions(arrays["relation"], len(relations), np.int16),
    )
    start = np.asarray(arrays["gene_start"], dtype=np.int64)
    gene_index = positions(arrays["gene_index"], len(genes), np.int32)
    namespace = positions(arrays["namespace"], len(texts["namespaces"]), np.int32)
    whole = len(links.children) == len(links.parents) == len(links.relation)
    ordered = (
        len(start) == len(ids) + 1 and start[0] == 0 and start[-1] == len(gene_index) and (np.diff(start) >= 0).all()
    )
    if not (whole and ordered and len(texts["names"]) == len(namespace) == len(ids)):
        raise ValueError("its parts do not fit each other")
    return Terms(
        source=texts["source"],
        ids=ids,
        names=tuple(texts["names"]),
        namespaces=tuple(texts["namespaces"][i] for i in namespace.tolist()),
        links=links,
        genes=genes,
        gene_start=start,
        gene_index=gene_index,
        alt_ids=texts["alt_ids"],
        obsolete={
            term: ObsoleteTerm(gone["name"], tuple(gone["replaced_by"]), tuple(gone["consider"]))
            for term, gone in texts["obsolete"].items()
        },
        provenance=tuple(texts["provenance"]),
        notes=tuple(texts["notes"]),
    )


TERM_CACHE = ReadCache("terms", FILE_FORMAT, save_terms, load_terms)
