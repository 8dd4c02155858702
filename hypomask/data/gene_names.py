"""Ids of a table of measurements: repeated, empty, or damaged by a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypomask.data.tables import Matrix, listed
from hypomask.errors import Problem, shortened

__all__ = ["check_ids", "damaged_by_excel"]

MAX_ID_LENGTH = 2000  # a probe set that lists all the genes it may measure has hundreds
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
EXCEL_DATE = re.compile(rf"\d{{1,2}}-({MONTHS})|({MONTHS})-\d{{1,4}}|(19|20)\d\d-\d\d-\d\d.*", re.IGNORECASE)
EXCEL_FLOAT = re.compile(r"\d\.\d+E\+\d\d", re.IGNORECASE)
"""RIKEN clones such as 2310009E13 become 2.31E+19."""


def damaged_by_excel(genes: Sequence[str]) -> list[str]:
    """Return the genes that look like dates or numbers a spreadsheet made of symbols (SEPT7, MARCH1, 2310009E13).

    Ziemann et al. 2016, doi:10.1186/s13059-016-1044-7.

    Examples
    --------
    >>> damaged_by_excel(["1-Mar", "SEPT7", "TP53", "2.31E+19", "1E5"])
    ['1-Mar', '2.31E+19']
    """
    return [gene for gene in genes if EXCEL_DATE.fullmatch(gene) or EXCEL_FLOAT.fullmatch(gene)]


def check_ids(matrix: Matrix) -> list[Problem]:
    """Return problems of sample and gene ids: empty, repeated or endless, white space around them ignored."""
    problems = []
    rows_are = matrix.rows_are or "samples"
    columns_are = "genes" if rows_are == "samples" else "samples"
    for ids, what, in_rows in ((matrix.row_ids, rows_are, True), (matrix.column_ids, columns_are, False)):
        kind = what.removesuffix("s")
        seen: dict[str, int] = {}
        repeated: dict[str, list[int]] = {}
        for i, name in enumerate(ids):
            first = seen.setdefault(name, i)
            if first != i:
                repeated.setdefault(name, [first]).append(i)
        for name, positions in list(repeated.items())[:20]:
            where = _places(matrix, positions, in_rows=in_rows)
            if not name:
                problems.append(Problem(f"{kind} ids are empty in {where}; name them, or delete them", matrix.file))
                continue
            problems.append(
                Problem(
                    f"{kind} {name!r} is there {len(positions)} times ({where}); keep one, or join them (mean)",
                    matrix.file,
                )
            )
        if len(repeated) > 20:
            problems.append(Problem(f"{len(repeated)} {what} are repeated: {listed(list(repeated))}", matrix.file))
        endless = [name for name in seen if len(name) > MAX_ID_LENGTH]
        if endless:
            problems.append(
                Problem(
                    f"{kind} id {shortened(endless[0])!r} has {len(endless[0])} characters, expected at most "
                    f"{MAX_ID_LENGTH}; is a quote or a delimiter missing?",
                    matrix.file,
                )
            )
        if "" in seen and "" not in repeated:
            where = _places(matrix, [seen[""]], in_rows=in_rows)
            problems.append(Problem(f"{kind} id is empty in {where}; name it, or delete it", matrix.file))
    return problems


def _places(matrix: Matrix, positions: list[int], *, in_rows: bool) -> str:
    """Say where: lines of the file, else rows or columns counted from 1 after the ids."""
    if in_rows and matrix.lines is not None:
        word, numbers = "lines", [matrix.lines[i] for i in positions]
    elif in_rows:
        word, numbers = "rows", [i + 1 for i in positions]
    else:
        word, numbers = "columns of values", [i + 1 for i in positions]
    shown = ", ".join(map(str, numbers[:4]))
    return f"{word} {shown}{', ...' if len(numbers) > 4 else ''}"
