"""Gene names of STRING's proteins: ``protein.info`` (one name each) or ``protein.aliases`` (many, by source)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, did_you_mean, shortened
from hypomask.hypothesis.gene_names import name_fault
from hypomask.knowledge.line_stream import LineStream

__all__ = ["gene_names", "info_beside"]

MAX_LISTED = 12


def info_beside(links: Path) -> Path | None:
    """Return the ``protein.info`` of the same species and version beside a file of links, or None."""
    name = re.sub(r"protein\.(physical\.)?links(\.detailed|\.full)?", "protein.info", links.name)
    if name == links.name:
        return None
    stem = name.removesuffix(".gz")
    found = [links.with_name(ending) for ending in (f"{stem}.gz", stem)]
    return next((path for path in found if path.is_file()), None)


def gene_names(path: Path, alias_source: str | None = None) -> tuple[dict[str, str], str]:
    """Return the gene name of each protein, and the file in words.

    Parameters
    ----------
    alias_source
        Which rows of ``protein.aliases`` to take. Where a protein has several such aliases, the first counts.

    Raises
    ------
    KnowledgeError
        If the file is damaged or neither of the two tables, or has no aliases of that source.
    """
    lines = LineStream(path)
    names: dict[str, str] = {}
    sources: Counter[str] = Counter()
    columns: list[str] = []
    for number, line in lines:
        cells = line.split("\t")
        if not columns:
            columns = [cell.strip().lstrip("#") for cell in cells]
            _check_columns(path, columns, alias_source)
            continue
        if not line:
            continue
        if len(cells) != len(columns):
            raise KnowledgeError(
                str(Problem(f"has {len(cells)} columns; the header has {len(columns)}", str(path), number))
            )
        if alias_source is not None:
            sources[cells[2]] += 1
            if alias_source not in cells[2].split():
                continue
        fault = name_fault(cells[1])
        if fault:
            raise KnowledgeError(str(Problem(fault, str(path), number)))
        names.setdefault(cells[0], cells[1])
    if not names:
        raise KnowledgeError(str(Problem(_nothing(alias_source, sources), str(path))))
    return names, f"gene names of {lines.provenance}"


def _check_columns(path: Path, columns: list[str], alias_source: str | None) -> None:
    if columns[1:2] == ["alias"] and len(columns) >= 3:
        if alias_source is None:
            message = "holds aliases of many kinds; name one: 'alias_source: UniProt_GN_Name', or use 'protein.info'"
            raise KnowledgeError(str(Problem(message, str(path))))
    elif columns[1:2] != ["preferred_name"]:
        expected = "expected STRING's 'protein.info' (string_protein_id, preferred_name, ...) or 'protein.aliases'"
        raise KnowledgeError(str(Problem(f"begins with {shortened(' '.join(columns))!r}, {expected}", str(path), 1)))
    elif alias_source is not None:
        raise KnowledgeError(str(Problem("holds one name for each protein; leave 'alias_source' out", str(path))))


def _nothing(alias_source: str | None, sources: Counter[str]) -> str:
    if alias_source is None:
        return "names no protein"
    listed = ", ".join(name for name, _ in sources.most_common(MAX_LISTED))
    return f"has no aliases of source {alias_source!r}; most are of {listed}.{did_you_mean(alias_source, sources)}"
