"""Hierarchies as DrugCell, DCell and NeST ship them: a table of parent, child and type (default, term or gene)."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, did_you_mean, shortened
from hypomask.hypothesis.gene_names import gene_fault
from hypomask.knowledge.line_stream import LineStream
from hypomask.knowledge.terms import Terms
from hypomask.knowledge.terms_builder import TermsBuilder, damaged_gene_notes

__all__ = ["HEADER", "is_ontology_table", "read_ontology_table"]

HEADER = ("parent", "child", "type")
GENE = "gene"
TYPES = ("default", "term", GENE)  # a term inside a term is "default" in DrugCell and NeST, "term" in DCell
MAX_PROBLEMS = 1_000  # a table of another kind is wrong in every line


def is_ontology_table(path: Path) -> bool:
    """Whether a file begins as such a table does: with its header, or two rows that end in a type.

    One row would not do: a table of edges may have a column called gene. False also for a file that cannot be read.
    """
    try:
        begin = [_cells(line.lower()) for _, line in islice(LineStream(path), 2)]
    except KnowledgeError:
        return False
    if begin[:1] == [list(HEADER)]:
        return True
    return bool(begin) and all(len(cells) == len(HEADER) and cells[-1] in TYPES for cells in begin)


def read_ontology_table(path: Path) -> Terms:
    """Read a table of parent, child and type, gzipped or not, with a header or (as DrugCell has it) without one.

    A row of type ``default`` or ``term`` says that the child is a term inside the parent, read as relation ``part_of``;
    of type ``gene``, that the child is a gene annotated with the parent. Terms have no names but their ids.

    Raises
    ------
    KnowledgeError
        With every damaged line: other than three columns, an empty cell, an unknown type, terms that contain each
        other; or if the file cannot be read.
    """
    builder = TermsBuilder(path.name, path)
    stream = LineStream(path)
    n_repeats = 0
    seen: set[tuple[str, str]] = set()
    for number, line in stream:
        cells = _cells(line)
        if not any(cells) or [cell.lower() for cell in cells] == list(HEADER):
            continue
        fault = _row_fault(cells)
        if fault:
            builder.problem(fault, number)
            if len(builder.problems) >= MAX_PROBLEMS:
                break
            continue
        parent, child, kind = cells
        position = builder.mention(parent, line=number)
        if kind == GENE:
            n_repeats += not builder.annotate(position, child)
            continue
        builder.mention(child, line=number)
        if (child, parent) in seen:
            n_repeats += 1
            continue
        seen.add((child, parent))
        builder.link(child, parent, "part_of", line=number)
    if not builder.position and not builder.problems:
        message = f"holds no row; expected the columns {', '.join(HEADER)}"
        raise KnowledgeError(str(Problem(message, str(path))))
    terms = builder.build(
        provenance=[f"ontology table {stream.provenance}"],
        notes=[f"{n_repeats:,} repeated rows merged"] if n_repeats else [],
    )
    return terms.with_account(notes=damaged_gene_notes(terms.genes))


def _cells(line: str) -> list[str]:
    """Split at tabs, or at commas where there is no tab."""
    return [cell.strip() for cell in line.split("\t" if "\t" in line else ",")]


def _row_fault(cells: list[str]) -> str | None:
    if len(cells) != len(HEADER):
        what = f"has {len(cells)} columns, expected 3: {', '.join(HEADER)}, separated by tabs"
        return f"{what} (got {shortened(cells[0])!r})" if len(cells) == 1 else what
    parent, child, kind = cells
    if kind not in TYPES:
        return f"type {shortened(kind)!r}, expected {', '.join(TYPES[:-1])} or {GENE}.{did_you_mean(kind, TYPES)}"
    if not parent or not child:
        return f"the {'parent' if not parent else 'child'} is empty; expected {', '.join(HEADER)}"
    for what, name in (("parent", parent), ("child", child)):
        if not name.isprintable() or len(name) > 200:
            return f"the {what}: {gene_fault(name)}"
    return None
