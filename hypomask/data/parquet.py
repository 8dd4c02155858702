"""Parquet tables: the same two readings as for text, `Matrix` and `TextTable`."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from hypomask.data.source_files import check_file
from hypomask.data.tables import Matrix, TextTable
from hypomask.errors import DataError, Problem, did_you_mean, raise_problems

__all__ = ["read_parquet_matrix", "read_parquet_text"]


def read_parquet_text(path: Path) -> TextTable:
    """Return every column as text; null becomes an empty cell."""
    table = _read(path)
    names = table.column_names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: column {repeated[0]!r} is there twice; rename one")
    return TextTable(str(path), {name: _text(table.column(i), name, path) for i, name in enumerate(names)})


def read_parquet_matrix(
    path: Path, *, id_column: str | None = None, text_columns: Collection[str] = (), exclude: Collection[str] = ()
) -> Matrix:
    """Return numbers with row ids from `id_column`, else from the pandas index, else from the first column of text."""
    table = _read(path)
    names = [str(name) for name in table.column_names]
    id_at = _id_position(table, names, id_column, path)
    text_at = [i for i, name in enumerate(names) if name in text_columns]
    apart = {id_at, *text_at, *(i for i, name in enumerate(names) if name in exclude)}
    value_at = [i for i in range(len(names)) if i not in apart]
    if not value_at:
        raise DataError(f"{path}: no column of numbers beside {', '.join(map(repr, names))}")
    values_RC = np.empty((table.num_rows, len(value_at)), dtype=np.float32)
    problems = []
    for j, i in enumerate(value_at):
        column = table.column(i)
        if not _is_number(column.type):
            problems.append(
                Problem(
                    f"column {names[i]!r} holds {column.type}, expected numbers; name it as covariate, groups or "
                    "phenotype, or exclude it",
                    str(path),
                )
            )
            continue
        values_RC[:, j] = _floats(column)
    raise_problems(problems, DataError)
    columns = {names[i]: _text(table.column(i), names[i], path) for i in text_at}
    return Matrix(
        str(path),
        _text(table.column(id_at), names[id_at], path),
        tuple(names[i].strip() for i in value_at),
        values_RC,
        table=TextTable(str(path), columns) if columns else None,
    )


def _read(path: Path) -> pa.Table:
    check_file(path)
    try:
        table = pyarrow.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path}: not a Parquet file, or a damaged one: {first}. Write or fetch it again") from error
    if not table.num_rows:
        raise DataError(f"{path}: a header and no rows, expected one row per sample or gene")
    return table


def _id_position(table: pa.Table, names: list[str], id_column: str | None, path: Path) -> int:
    if id_column is not None:
        if id_column not in names:
            raise DataError(f"{path}: no column {id_column!r} (id column).{did_you_mean(id_column, names)}")
        return names.index(id_column)
    for index in _pandas_index(table):
        if index in names:
            return names.index(index)
    for i, column in enumerate(table.columns):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            return i
    raise DataError(f"{path}: no column of text to take ids from; name the id column")


def _pandas_index(table: pa.Table) -> list[str]:
    """Return the columns that pandas wrote from an index, if pandas wrote the file."""
    try:
        described = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        return [name for name in described["index_columns"] if isinstance(name, str)]
    except (ValueError, KeyError, TypeError):
        return []


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _text(column: pa.ChunkedArray, name: str, path: Path) -> tuple[str, ...]:
    if pa.types.is_nested(column.type):
        raise DataError(f"{path}: column {name!r} holds {column.type}, expected text or numbers")
    return tuple("" if cell is None else str(cell).strip() for cell in column.cast(pa.string()).to_pylist())
