"""Rows of annotation files in three formats as one type; a damaged row comes out as what is wrong with it.

References
----------
GAF 2.2, https://geneontology.org/docs/go-annotation-file-gaf-format-2.2/
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from hypomask.errors import KnowledgeError, Problem, shortened
from hypomask.knowledge.line_stream import LineStream

__all__ = ["AnnotationRow", "rows_of"]

GENE2GO_COLUMNS = ("#tax_id", "GeneID", "GO_ID", "Evidence", "Qualifier", "GO_term", "PubMed", "Category")
_CATEGORY = {"Process": "P", "Function": "F", "Component": "C"}
_GAF_COLUMNS = (15, 16, 17)
_SEPARATORS = (";", "|", ",")


class AnnotationRow(NamedTuple):
    """One annotation. What a format does not state is empty."""

    term: str
    gene: str
    evidence: str = ""
    negated: bool = False
    aspect: str = ""
    taxon: str = ""
    date: str = ""


Rows = Iterator[tuple[int, AnnotationRow | str]]


def rows_of(stream: LineStream, *, by_symbol: bool, taxon: int | None) -> Rows:
    """Yield (line, row) of a file whose format its first line tells; a damaged row is a text that says why.

    Raises
    ------
    KnowledgeError
        No format fits, or gene2go is read without saying which taxon.
    """
    lines = iter(stream)
    for number, line in lines:
        if not line.strip() or (line.startswith("#") and not line.startswith("#tax_id")):
            continue
        rest = chain([(number, line)], lines)
        if line.startswith("#tax_id"):
            return _gene2go(stream, rest, taxon)
        if line.startswith("!") or _looks_like_gaf(line):
            return _gaf(rest, by_symbol=by_symbol)
        if "\t" in line:
            return _associations(rest)
        what = f"line {shortened(line)!r} has no tab"
        message = f"{what}; expected annotations: GAF, gene2go, or a table of gene and term separated by a tab"
        raise KnowledgeError(str(Problem(message, str(stream.path), number)))
    raise KnowledgeError(str(Problem("holds no annotation", str(stream.path))))


def _looks_like_gaf(line: str) -> bool:
    cells = line.split("\t")
    return len(cells) in _GAF_COLUMNS and ":" in cells[4] and cells[8] in ("P", "F", "C")


def _gaf(lines: Iterator[tuple[int, str]], *, by_symbol: bool) -> Rows:
    gene_column = 2 if by_symbol else 1
    for number, line in lines:
        if line.startswith("!"):
            if line.startswith("!gaf-version:") and not line[13:].strip().startswith("2"):
                yield number, f"is GAF version {line[13:].strip()}, expected 2.x"
            continue
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) not in _GAF_COLUMNS:
            yield number, f"has {len(cells)} columns, expected 17 (GAF 2.x), separated by tabs; is the file cut off?"
            continue
        term, gene = cells[4], cells[gene_column]
        if ":" not in term or not gene:
            yield number, _missing(term, gene)
            continue
        negated = "NOT" in cells[3].upper().split("|")
        # A second taxon is that of another organism in the interaction.
        taxon = cells[12].partition("|")[0].removeprefix("taxon:")
        yield number, AnnotationRow(term, gene, cells[6], negated, cells[8], taxon, cells[13])


def _gene2go(stream: LineStream, lines: Iterator[tuple[int, str]], taxon: int | None) -> Rows:
    number, header = next(lines)
    if tuple(header.split("\t")) != GENE2GO_COLUMNS:
        message = f"columns {shortened(header)!r}, expected those of gene2go: {', '.join(GENE2GO_COLUMNS)}"
        raise KnowledgeError(str(Problem(message, str(stream.path), number)))
    if taxon is None:
        message = "gene2go holds thousands of species; say which taxon, e.g. 9606 for man"
        raise KnowledgeError(str(Problem(message, str(stream.path), number)))
    start = f"{taxon}\t"
    for number, line in lines:
        if not line.startswith(start):  # 99 of 100 lines: not worth splitting
            if line and line.count("\t") != 7:
                yield number, f"has {line.count(chr(9)) + 1} columns, expected 8 (gene2go); is the file cut off?"
            continue
        cells = line.split("\t")
        if len(cells) != 8:
            yield number, f"has {len(cells)} columns, expected 8 (gene2go); is the file cut off?"
        elif ":" not in cells[2] or not cells[1]:
            yield number, _missing(cells[2], cells[1])
        else:
            negated = cells[4].upper().startswith("NOT")
            yield number, AnnotationRow(cells[2], cells[1], cells[3], negated, _CATEGORY.get(cells[7], ""), cells[0])


def _associations(lines: Iterator[tuple[int, str]]) -> Rows:
    """Plain tables: a gene and its terms in a line, or pairs with the term in either column, by the first pair."""
    term_first: bool | None = None
    for number, line in lines:
        if not line.strip() or line.startswith(("#", "!")):
            continue
        cells = [cell.strip() for cell in line.rstrip("\t ").split("\t")]
        if len(cells) != 2:
            yield number, f"has {len(cells)} columns, expected 2: a gene and its terms, separated by a tab"
            continue
        if term_first is None:
            if ":" not in line:
                continue  # a header
            term_first = _is_term(cells[0]) and not _is_term(cells[1])
        gene, listed = reversed(cells) if term_first else cells
        terms = _split(listed)
        if not gene or not terms or not all(map(_is_term, terms)):
            yield number, _missing(listed, gene)
            continue
        for term in terms:
            yield number, AnnotationRow(term, gene)


def _split(listed: str) -> list[str]:
    for separator in _SEPARATORS:
        listed = listed.replace(separator, " ")
    return listed.split()


def _is_term(text: str) -> bool:
    """Whether a cell holds ids of terms: an id space, a colon, and more."""
    first = _split(text)[:1]
    space, colon, local = first[0].partition(":") if first else ("", "", "")
    return bool(space and colon and local)


def _missing(term: str, gene: str) -> str:
    if not gene:
        return f"term {shortened(term)!r} has no gene beside it"
    return f"{shortened(term)!r} is no id of a term (expected e.g. GO:0006281); is a column missing?"
