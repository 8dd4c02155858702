"""A few columns of a wide table, as databases export it: comments first, tabs or commas, cells in quotes.

Only the columns that are asked for become Python objects: HGNC's table has 54, of which seven matter here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, raise_problems, shortened
from hypomask.hypothesis.text_files import read_text

__all__ = ["ColumnTable", "folded", "read_column_table"]

MAX_TABLE_BYTES = 1_000_000_000
DELIMITERS = "\t,;"


def folded(name: str) -> str:
    """Return a column's name without what differs between exports: letter case, spaces, hyphens."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


@dataclass(frozen=True)
class ColumnTable:
    """A table whose rows are not split yet.

    Parameters
    ----------
    header
        Names of the columns as in the file.
    header_line
        Its line, from 1.
    """

    path: Path
    sha256: str
    header: tuple[str, ...]
    header_line: int
    delimiter: str
    lines: Sequence[str]

    def column(self, names: Iterable[str]) -> int | None:
        """Return the position of the first of `names` (folded) that is a column, or None."""
        positions = {folded(name): i for i, name in reversed(list(enumerate(self.header)))}
        return next((positions[name] for name in names if name in positions), None)

    def problem(self, message: str, line: int | None = None) -> Problem:
        """Return a problem of this file."""
        return Problem(message, str(self.path), line)

    def fail(self, message: str) -> KnowledgeError:
        """Return an error at the header."""
        return KnowledgeError(str(self.problem(message, self.header_line)))

    def rows(self, columns: Sequence[int | None], problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
        """Yield line and cells of `columns` (empty for None) of every row; rows of another width become `problems`."""
        width = len(self.header)
        for number, line in enumerate(self.lines[self.header_line :], start=self.header_line + 1):
            if not line or line.isspace():
                continue
            cells = _cells(line, self.delimiter)
            if len(cells) != width:
                problems.append(
                    self.problem(f"has {len(cells)} columns, the header has {width}; mend the line", number)
                )
                continue
            yield number, ["" if column is None else cells[column].strip() for column in columns]


def read_column_table(path: Path, is_header: Callable[[set[str]], bool], expected: str) -> ColumnTable:
    """Read a table, gzipped or not.

    Parameters
    ----------
    is_header
        Whether folded column names are those of such a table.
    expected
        What the header should hold, for the message when it does not.

    Raises
    ------
    KnowledgeError
        If it cannot be read as text, has no such header, two columns of one name, or no rows.
    """
    content = read_text(path, error=KnowledgeError, max_bytes=MAX_TABLE_BYTES, allow_gzip=True)
    lines = content.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines) - 1)
    # The header is the first line without a '#', or, as some write it, the last line with one.
    for i in (first, first - 1):
        text = lines[i].lstrip("#").lstrip() if i >= 0 else ""
        delimiter = max(DELIMITERS, key=text.count)
        header = [cell.strip() for cell in _cells(text, delimiter)]
        if is_header({folded(name) for name in header}):
            break
    else:
        found = shortened(lines[first].strip() or "nothing", 120)
        raise KnowledgeError(str(Problem(f"the header is {found!r}; expected {expected}", str(path), first + 1)))
    named = [folded(name) for name in header if name]
    repeated = {name for name in named if named.count(name) > 1}
    problems = [
        Problem(f"column {name!r} is there more than once; rename one", str(path), i + 1) for name in sorted(repeated)
    ]
    raise_problems(problems, KnowledgeError)
    table = ColumnTable(path, content.sha256, tuple(header), i + 1, delimiter, lines)
    if not any(line.strip() for line in lines[i + 1 :]):
        raise table.fail("a header and no rows; was the file copied completely?")
    return table


def _cells(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    if delimiter == "\t":  # quotes within a name are no delimiters here, as in 5"-nucleotidase
        return [_unquoted(cell) for cell in line.split(delimiter)]
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return line.split(delimiter)


def _unquoted(cell: str) -> str:
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell
