"""Rows of a table with a header, each with its line and its cells by column name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hypomask.errors import HypomaskError, Problem
from hypomask.hypothesis.text_files import read_text

__all__ = ["HeaderTable", "read_header_table"]

MAX_TABLE_BYTES = 500_000_000
DELIMITERS = ("\t", ",", ";")


@dataclass(frozen=True)
class HeaderTable:
    """A table's text behind its header; `columns` in lower case, `first_line` is the number of the first row."""

    file: str
    columns: tuple[str, ...]
    delimiter: str
    body: str
    first_line: int
    sha256: str

    def rows(self, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield each row's line and its cells by column; rows of another length become problems."""
        rows = csv.reader(io.StringIO(self.body, newline=""), delimiter=self.delimiter, strict=True)
        try:
            for row in rows:
                line = self.first_line - 1 + rows.line_num
                if len(row) == len(self.columns):
                    yield line, dict(zip(self.columns, (cell.strip() for cell in row), strict=True))
                elif any(cell.strip() for cell in row):
                    problems.append(
                        Problem(f"has {len(row)} columns; the header has {len(self.columns)}", self.file, line)
                    )
        except csv.Error as fault:
            line = self.first_line - 1 + rows.line_num
            problems.append(Problem(f"is not a readable table: {fault}; check the quotes", self.file, line))


def read_header_table(path: Path, *, error: type[HypomaskError]) -> HeaderTable:
    """Read a table whose first line, comments (``#``) and empty lines aside, names the columns.

    Raises
    ------
    HypomaskError
        Of class `error`, if the file is missing, damaged or no text.
    """
    content = read_text(path, error=error, max_bytes=MAX_TABLE_BYTES, allow_gzip=True)
    stream = io.StringIO(content.text, newline="")
    header, n_lines = "", 0
    for header in stream:
        n_lines += 1
        if header.strip() and not header.startswith("#"):
            break
    delimiter = max(DELIMITERS, key=header.count)
    names = next(csv.reader([header.rstrip("\r\n")], delimiter=delimiter), [])
    columns = tuple(name.strip().lower() for name in names)
    return HeaderTable(str(path), columns, delimiter, content.text[stream.tell() :], n_lines + 1, content.sha256)
