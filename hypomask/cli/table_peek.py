"""A quick look at a table: its header, its first column, what other columns hold. Nothing is checked or converted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["MISSING", "TablePeek", "peek", "peek_obs"]

DELIMITERS = "\t,;"
MISSING = {"", "NA", "NaN", "nan"}
MAX_CELLS = 2_000_000


@dataclass(frozen=True)
class TablePeek:
    """Names on both sides of a table, and its cells as text.

    Parameters
    ----------
    header
        Names of the columns, the first (row ids) included.
    rows
        Cells of every row. Of tables wider than `MAX_CELLS` allows, the first column only.
    layers
        Of an AnnData file, beside X.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    layers: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Cells of the first column."""
        return tuple(row[0] for row in self.rows if row)

    def column(self, name: str) -> tuple[str, ...]:
        """Cells of a column, those of short rows left out."""
        position = self.header.index(name)
        return tuple(row[position] for row in self.rows if position < len(row))

    def kind(self, name: str) -> Literal["binary", "classes", "number", "text", "constant"]:
        """What the cells of a column look like; missing ones do not count."""
        values = {cell for cell in self.column(name) if cell not in MISSING}
        if len(values) < 2:
            return "constant"
        if len(values) == 2:
            return "binary"
        if all(_is_number(value) for value in values):
            return "number"
        return "classes" if len(values) <= 20 else "text"

    def is_text(self, name: str) -> bool:
        """Whether a column has a cell that is neither missing nor a number."""
        return not all(cell in MISSING or _is_number(cell) for cell in self.column(name))

    def genes(self, named: Iterable[str]) -> tuple[str, ...]:
        """The side of the table, columns or rows, on which more of the `named` genes are found."""
        wanted = set(named)
        columns = self.header[1:]
        return columns if len(wanted & set(columns)) >= len(wanted & set(self.ids)) else self.ids


def peek(path: Path) -> TablePeek:
    """Look at a CSV, TSV (gzipped too), Parquet or AnnData file.

    Raises
    ------
    DataError
        When the file is missing, empty, a web page or not text.
    """
    if path.suffix == ".parquet":
        return _peek_parquet(path)
    if path.suffix == ".h5ad":
        return _peek_anndata(path)
    from hypomask.data.source_files import read_text_source

    lines = [line for line in read_text_source(path).data.decode().split("\n") if line.strip()]
    delimiter = max(DELIMITERS, key=lines[0].count)
    header = _cells(lines[0], delimiter)
    whole = len(header) * len(lines) <= MAX_CELLS
    rows = tuple(
        _cells(line, delimiter) if whole else _cells(line.partition(delimiter)[0], delimiter) for line in lines[1:]
    )
    if rows and len(header) == len(rows[0]) - 1 and whole:  # R writes no name above the row names
        header = ("", *header)
    return TablePeek(str(path), header, rows)


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(cell.strip().strip('"') for cell in line.split(delimiter))


def _peek_parquet(path: Path) -> TablePeek:
    import pyarrow.parquet

    from hypomask.data.parquet import read_parquet_matrix, read_parquet_text
    from hypomask.data.source_files import check_file

    check_file(path)
    try:
        size = pyarrow.parquet.read_metadata(path)
        whole = size.num_rows * size.num_columns <= MAX_CELLS
    except (pyarrow.ArrowException, OSError):
        whole = True  # the reader below says what is wrong with it
    if not whole:
        matrix = read_parquet_matrix(path)
        return TablePeek(str(path), ("", *matrix.column_ids), tuple((name,) for name in matrix.row_ids))
    columns = read_parquet_text(path).columns
    texts = (name for name, cells in columns.items() if not all(map(_is_number, cells)))
    ids = next((name for name in texts if len(set(columns[name])) == len(columns[name])), next(iter(columns)))
    header = (ids, *(name for name in columns if name != ids))
    return TablePeek(str(path), header, tuple(zip(*(columns[name] for name in header), strict=True)))


def peek_obs(path: Path) -> TablePeek | None:
    """Look at the samples table that an AnnData file brings along; None for other files."""
    if path.suffix != ".h5ad":
        return None
    from hypomask.data.anndata_file import read_anndata

    _, obs, _ = read_anndata(path, ("X",))
    return TablePeek(str(path), tuple(obs.columns), tuple(zip(*obs.columns.values(), strict=True)))


def _peek_anndata(path: Path) -> TablePeek:
    from hypomask.data.anndata_file import read_anndata

    matrices, _, layers = read_anndata(path, ("X",))
    (matrix,) = matrices.values()
    return TablePeek(str(path), ("", *matrix.genes), tuple((name,) for name in matrix.samples), layers)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
