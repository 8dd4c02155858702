"""Terms in one ``.npz`` file without pickle, so that a file from elsewhere can be opened without running it."""

from __future__ import annotations

import json
import secrets
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hypomask.errors import KnowledgeError, Problem
from hypomask.knowledge.term_links import TermLinks
from hypomask.knowledge.terms import ObsoleteTerm, Terms

__all__ = ["FILE_FORMAT", "load_terms", "save_terms"]

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
    packed = np.frombuffer(json.dumps(texts, ensure_ascii=False).encode(), dtype=np.uint8)
    temporary = path.with_name(f"{path.stem}.{secrets.token_hex(6)}.part")  # not mkstemp: others may share the cache
    try:
        with temporary.open("xb") as stream:
            np.savez(
                stream,
                texts=packed,
                namespace=np.array([number[namespace] for namespace in terms.namespaces], dtype=np.int32),
                children=terms.links.children,
                parents=terms.links.parents,
                relation=terms.links.relation,
                gene_start=terms.gene_start,
                gene_index=terms.gene_index,
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_terms(path: Path) -> Terms:
    """Read what `save_terms` wrote.

    Raises
    ------
    KnowledgeError
        It is missing, damaged, or of another version of the format.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return _terms(json.loads(arrays["texts"].tobytes()), arrays)
    except FileNotFoundError as fault:
        raise KnowledgeError(str(Problem("no such file", str(path)))) from fault
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as fault:
        message = f"holds no terms that can be read ({fault}); delete it, it is made again from the files it came from"
        raise KnowledgeError(str(Problem(message, str(path)))) from fault


def _terms(texts: dict[str, Any], arrays: dict[str, Any]) -> Terms:
    if texts["format"] != FILE_FORMAT:
        raise ValueError(f"format {texts['format']}, expected {FILE_FORMAT}")
    ids, genes, relations = tuple(texts["ids"]), tuple(texts["genes"]), tuple(texts["relations"])
    links = TermLinks(
        len(ids),
        relations,
        _indices(arrays["children"], len(ids), np.int32),
        _indices(arrays["parents"], len(ids), np.int32),
        _indices(arrays["relation"], len(relations), np.int16),
    )
    start = np.asarray(arrays["gene_start"], dtype=np.int64)
    gene_index = _indices(arrays["gene_index"], len(genes), np.int32)
    namespace = _indices(arrays["namespace"], len(texts["namespaces"]), np.int32)
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


def _indices(values: Any, limit: int, kind: Any) -> Any:
    """Return an array of positions below `limit`."""
    found = np.asarray(values, dtype=kind).reshape(-1)
    if len(found) and not 0 <= int(found.min()) <= int(found.max()) < limit:
        raise ValueError(f"a position outside 0 to {limit - 1}")
    return found
