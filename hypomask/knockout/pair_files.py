"""Pairs of genes from a table: the first two columns, or those that are called gene_a and gene_b."""

from __future__ import annotations

from pathlib import Path

from hypomask.data.delimited import parse_text_table
from hypomask.data.source_files import read_text_source
from hypomask.data.tables import TextTable
from hypomask.errors import DataError, Problem, raise_problems

__all__ = ["NAMES", "gene_columns", "read_pairs"]

NAMES = (("gene_a", "gene_b"), ("a", "b"), ("gene1", "gene2"))


def read_pairs(path: Path) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a table, each once, whichever gene comes first.

    Raises
    ------
    DataError
        No table, or a row that does not name two genes; all such rows are named together.
    """
    table = parse_text_table(read_text_source(path))
    a, b = gene_columns(table)
    problems: list[Problem] = []
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for row, (one, two) in enumerate(zip(table.columns[a], table.columns[b], strict=True)):
        if not one or not two:
            problems.append(table.problem("expected two genes, one is missing", row))
        elif one == two:
            problems.append(table.problem(f"{one!r} is paired with itself; expected two genes", row))
        else:
            pairs.setdefault(frozenset((one, two)), (one, two))
    raise_problems(problems, DataError)
    return tuple(pairs.values())


def gene_columns(table: TextTable) -> tuple[str, str]:
    """Return the names of the two columns that hold genes."""
    names = {name.lower(): name for name in table.columns}
    for a, b in NAMES:
        if a in names and b in names:
            return names[a], names[b]
    first, second = list(table.columns)[:2]
    return first, second
