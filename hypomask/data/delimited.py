"""CSV and TSV, gzipped or not: ids and headers stay text, values become float32 in one pass.

Lines are split in Python (one C call each), so that a ragged line has its number; cells of all lines are then parsed as
a single column by Arrow, which is twice as fast as parsing 20,000 columns and needs no copy to become a matrix.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv

from hypomask.data.source_files import SourceText
from hypomask.data.tables import MISSING, Matrix, TextTable, listed
from hypomask.data.text_numbers import has_decimal_comma
from hypomask.errors import MAX_PROBLEMS_SHOWN, DataError, Problem, did_you_mean, raise_problems, shortened

__all__ = ["parse_matrix", "parse_text_table"]

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "vertical bar", " ": "space"}


@dataclass(frozen=True, eq=False)
class _Lines:
    """The lines of a table that hold cells, with their numbers, and what separates cells."""

    file: str
    delimiter: str
    header: list[str]
    rows: list[bytes]
    numbers: list[int]

    def cells(self) -> Iterator[list[str]]:
        """Yield the cells of each row."""
        for row in self.rows:
            yield _cells(row, self.delimiter)


def parse_text_table(source: SourceText) -> TextTable:
    """Return every column as text."""
    lines = _split(source)
    rows = list(lines.cells())
    n_columns = len(lines.header)
    _refuse_ragged(lines, [len(row) for row in rows])
    _refuse_repeated_names(lines)
    columns = {lines.header[i]: tuple(row[i].strip() for row in rows) for i in range(n_columns)}
    return TextTable(source.file, columns, tuple(lines.numbers))


def parse_matrix(
    source: SourceText,
    *,
    id_column: str | None = None,
    text_columns: Collection[str] = (),
    exclude: Collection[str] = (),
) -> Matrix:
    """Return a table of numbers.

    Parameters
    ----------
    id_column
        Column of row ids; the first one by default.
    text_columns
        Columns, if they are there, to be returned as text in `Matrix.table`, and not as numbers.
    exclude
        Columns to be left out.

    Raises
    ------
    DataError
        One column, ragged lines, cells that are neither numbers nor missing: all of them, with line and column.
    """
    lines = _split(source)
    id_at, text_at, value_at = _roles(lines, id_column, text_columns, exclude)
    row_ids: list[str] = []
    text_rows: list[list[str]] = []
    values: list[bytes] = []
    widths: list[int] = []
    separator = lines.delimiter.encode()
    is_plain = id_at == 0 and len(value_at) == len(lines.header) - 1
    for row in lines.rows:
        if is_plain and b'"' not in row:  # the common case: no cell becomes a Python object
            name, _, rest = row.partition(separator)
            widths.append(row.count(separator) + 1)
            row_ids.append(name.decode().strip())
            values.append(rest.replace(separator, b"\n"))
            continue
        cells = _cells(row, lines.delimiter)
        widths.append(len(cells))
        if len(cells) == len(lines.header):
            row_ids.append(cells[id_at].strip())
            text_rows.append([cells[i].strip() for i in text_at])
            values.append("\n".join(cells[i].replace("\n", " ") for i in value_at).encode())
    _refuse_ragged(lines, widths)

    numbers = tuple(lines.numbers)
    text = {lines.header[i]: tuple(row[j] for row in text_rows) for j, i in enumerate(text_at)}
    matrix = Matrix(
        source.file,
        tuple(row_ids),
        tuple(lines.header[i] for i in value_at),
        np.empty((len(row_ids), len(value_at)), np.float32),
        numbers,
        TextTable(source.file, text, numbers) if text else None,
    )
    _fill(matrix, b"\n".join(values) + b"\n")
    return matrix


def _roles(
    lines: _Lines, id_column: str | None, text_columns: Collection[str], exclude: Collection[str]
) -> tuple[int, list[int], list[int]]:
    """Return the position of the ids, of columns of text, and of columns of numbers."""
    header = lines.header
    if id_column is not None and id_column not in header:
        raise DataError(f"{lines.file}: no column {id_column!r} (id column).{did_you_mean(id_column, header)}")
    id_at = 0 if id_column is None else header.index(id_column)
    text_at = [i for i, name in enumerate(header) if name in text_columns]
    repeated = {header[i] for i in text_at if header.count(header[i]) > 1}
    if repeated:
        raise DataError(f"{lines.file}: column {min(repeated)!r} is there more than once; rename one")
    value_at = [i for i, name in enumerate(header) if i not in (id_at, *text_at) and name not in exclude]
    if not value_at:
        raise DataError(f"{lines.file}: no column of numbers beside {', '.join(map(repr, header))}")
    return id_at, text_at, value_at


def _split(source: SourceText) -> _Lines:
    """Find the header, the delimiter and the rows; blank lines are skipped but counted."""
    all_lines = _join_quoted(source.file, source.data.split(b"\n"))
    filled = [(number, line) for number, line in all_lines if line and not line.isspace()]
    first = filled[0][1].decode()
    delimiter = _delimiter(source.file, first)
    header = [name.strip() for name in _cells(filled[0][1], delimiter)]
    if len(header) == 1:
        raise DataError(str(Problem(_one_column(delimiter, first), source.file, filled[0][0])))
    if len(filled) == 1:
        raise DataError(f"{source.file}: a header and no rows, expected one row per sample or gene")
    if len(_cells(filled[1][1], delimiter)) == len(header) + 1:
        header = ["", *header]  # as R's write.table leaves it: the column of row names has no name
    nameless = [i + 1 for i, name in enumerate(header) if not name and i > 0]
    if nameless:
        columns = ", ".join(map(str, nameless[:5]))
        raise DataError(str(Problem(f"column {columns} has no name; name it, or delete it", source.file, filled[0][0])))
    return _Lines(
        source.file, delimiter, header, [line for _, line in filled[1:]], [number for number, _ in filled[1:]]
    )


def _join_quoted(file: str, lines: list[bytes]) -> list[tuple[int, bytes]]:
    """Number the lines from 1, joining a line that ends within a quoted cell with the next ones."""
    numbered: list[tuple[int, bytes]] = []
    is_open = False
    for number, line in enumerate(lines, start=1):
        if is_open:
            start, before = numbered[-1]
            numbered[-1] = (start, before + b"\n" + line)
        else:
            numbered.append((number, line))
        if b'"' in line and line.count(b'"') % 2:
            is_open = not is_open
    if is_open:
        raise DataError(
            str(Problem("a quote is opened and never closed; delete it, or close it", file, numbered[-1][0]))
        )
    return numbered


def _cells(line: bytes, delimiter: str) -> list[str]:
    text = line.decode()
    if '"' in text:
        try:
            return next(csv.reader([text], delimiter=delimiter))
        except csv.Error:  # a cell of more than 128 KiB: a quote that was closed far too late
            pass
    return text.split(delimiter)


def _delimiter(file: str, first: str) -> str:
    """Tab or comma by the file's name; by the first line where the name says neither."""
    name = file.lower().removesuffix(".gz")
    if name.endswith((".tsv", ".tab")):
        return "\t"
    if name.endswith(".csv"):
        return ","
    return "\t" if first.count("\t") >= first.count(",") else ","


def _one_column(delimiter: str, first: str) -> str:
    likely = max((other for other in DELIMITERS if other != delimiter), key=first.count)
    found = f"one column found, separated by {DELIMITERS[delimiter]}; expected a column of ids and at least one more"
    if not first.count(likely):
        return found
    rename = {",": "name the file .csv", "\t": "name the file .tsv"}.get(
        likely, "save it as tab-separated text, numbers with a decimal point"
    )
    return f"{found}. The columns seem to be separated by {DELIMITERS[likely]}: {rename}"


def _refuse_ragged(lines: _Lines, widths: list[int]) -> None:
    n = len(lines.header)
    problems = [
        Problem(f"{width} columns, expected {n} as in the header; mend the line, or quote cells", lines.file, number)
        for number, width in zip(lines.numbers, widths, strict=True)
        if width != n
    ]
    raise_problems(problems, DataError)


def _refuse_repeated_names(lines: _Lines) -> None:
    seen: dict[str, int] = {}
    problems = [
        Problem(f"column {name!r} is there twice (columns {seen[name] + 1} and {i + 1}); rename one", lines.file, 1)
        for i, name in enumerate(lines.header)
        if seen.setdefault(name, i) != i
    ]
    raise_problems(problems, DataError)


def _fill(matrix: Matrix, body: bytes) -> None:
    """Parse one cell per line of `body` into the values of `matrix`."""
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            read_options=pyarrow.csv.ReadOptions(column_names=["cell"], block_size=1 << 23),
            parse_options=pyarrow.csv.ParseOptions(delimiter="\x01", quote_char=False, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={"cell": pa.float32()}, null_values=sorted(MISSING), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        _fill_slowly(matrix, body)
        return
    values, start = matrix.values_RC.reshape(-1), 0
    for chunk in table.column(0).chunks:
        values[start : start + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
        start += len(chunk)


def _fill_slowly(matrix: Matrix, body: bytes) -> None:
    """Parse cell by cell, and name every cell that is no number."""
    problems: list[Problem] = []
    n_columns = len(matrix.column_ids)
    values = matrix.values_RC.reshape(-1)
    values[:] = np.nan
    bad_in_column: dict[int, int] = {}
    example: dict[int, str] = {}
    for i, cell in enumerate(body.decode().split("\n")[:-1]):
        text = cell.strip()
        if text in MISSING:
            continue
        try:
            if "_" in text:
                raise ValueError
            with np.errstate(over="ignore"):
                values[i] = float(text)
        except ValueError:
            row, column = divmod(i, n_columns)
            bad_in_column[column] = bad_in_column.get(column, 0) + 1
            example.setdefault(column, text)
            if bad_in_column[column] <= 3 and len(problems) <= MAX_PROBLEMS_SHOWN:
                problems.append(matrix.cell(row, column, repr(shortened(text)), _expected(text)))
    _add_text_columns(problems, bad_in_column, example, matrix)
    raise_problems(problems, DataError)


def _expected(text: str) -> str:
    if has_decimal_comma(text):
        return "a number with a decimal point, not a comma"
    if text.lower() in {"true", "false", "yes", "no", "mut", "wt"}:
        return "a number; write 1 and 0"
    if text.lower() in {"n/a", "#n/a", "null", "none", "-", ".", "?", "missing", "unknown", "na"}:
        return "a number; leave the cell of a missing value empty, or write NA"
    return "a number, or an empty cell"


def _add_text_columns(
    problems: list[Problem], bad_in_column: dict[int, int], example: dict[int, str], matrix: Matrix
) -> None:
    """Say once, instead of row by row, that whole columns are no genes, or that all numbers are written with commas."""
    n_rows = len(matrix.row_ids)
    text = [column for column, n in bad_in_column.items() if n > max(3, n_rows // 2)]
    if not text:
        return
    named = {repr(shortened(matrix.column_ids[column])) for column in text}
    problems[:] = [p for p in problems if not any(f"column {name}:" in p.message for name in named)]
    with_commas = [column for column in text if has_decimal_comma(example[column])]
    others = [column for column in text if column not in set(with_commas)]
    for columns, found, expected in (
        (with_commas, "numbers with a decimal comma", "a decimal point; replace the commas"),
        (others, "text", "numbers; name {them} as covariate, groups or phenotype, or exclude {them}"),
    ):
        names = [matrix.column_ids[column] for column in columns]
        if len(names) == 1:
            where = f"column {shortened(names[0])!r} holds {found} in {bad_in_column[columns[0]]} of {n_rows} rows"
        else:
            where = f"columns {listed(names)} hold {found} in most of {n_rows} rows"
        if names:
            them = "it" if len(names) == 1 else "them"
            problems.append(Problem(f"{where}, expected {expected.format(them=them)}", matrix.file))
