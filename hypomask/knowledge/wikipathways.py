"""WikiPathways' GMT files: the name is four fields separated by `%`, the genes are Entrez numbers.

``Apoptosis%WikiPathways_20240610%WP254%Homo sapiens``, from https://data.wikipathways.org/current/gmt/ (CC0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypomask.knowledge.gene_set_formats import GeneSetRow

__all__ = ["is_wikipathways", "with_wikipathways_names"]


def is_wikipathways(rows: Sequence[GeneSetRow]) -> bool:
    """Whether every name has the four fields; gene sets of other makers may hold a `%` too."""
    return bool(rows) and all(
        len(fields) == 4 and fields[1].startswith("WikiPathways") and fields[2].startswith("WP")
        for fields in (row.name.rsplit("%", 3) for row in rows)
    )


def with_wikipathways_names(rows: Sequence[GeneSetRow]) -> list[GeneSetRow]:
    """Return the rows named as their pathways are, with their ids; the rest of the name goes to the description.

    Pathways of the same name keep theirs apart by their ids.
    """
    fields = [row.name.rsplit("%", 3) for row in rows]
    count = Counter(name for name, _, _, _ in fields)
    return [
        replace(
            row,
            name=name if count[name] == 1 else f"{name} ({pathway})",
            id=pathway,
            description=f"{pathway}, {version}, {species}, {row.description}",
        )
        for row, (name, version, pathway, species) in zip(rows, fields, strict=True)
    ]
