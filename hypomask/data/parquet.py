"""Parquet tables: the same two readings as for text, `Matrix` and `TextTable`."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from hypomask.data.parquet_values import ParquetValues, damaged, floats, is_number
from hypomask.data.source_files import check_file
from hypomask.data.tables import Matrix, TextTable
from hypomask.errors import DataError, Problem, did_you_mean, raise_problems

__all__ = ["read_parquet_matrix", "read_parquet_text"]


def read_parquet_text(path: Path) -> TextTable:
    """Return every column as text; null becomes an empty cell."""
    table = _read(_open(path), path)
    names = table.column_names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: column {repeated[0]!r} is there twice; rename one")
    return TextTable(str(path), {name: _text(table.column(i), name, path) for i, name in enumerate(names)})


def read_parquet_matrix(
    path: Path,
    *,
    id_column: str | None = None,
    text_columns: Collection[str] = (),
    exclude: Collection[str] = (),
    stored: bool = False,
) -> Matrix:
    """Return numbers with row ids from `id_column`, else from the pandas index, else from the first column of text.

    Parameters
    ----------
    stored
        Leave the numbers in the file.
    """
    file = _open(path)
    schema = file.schema_arrow
    names = [str(name) for name in schema.names]
    id_at = _id_position(schema, names, id_column, path)
    text_at = [i for i, name in enumerate(names) if name in text_columns]
    apart = {id_at, *text_at, *(i for i, name in enumerate(names) if name in exclude)}
    value_at = [i for i in range(len(names)) if i not in apart]
    if not value_at:
        raise DataError(f"{path}: no column of numbers beside {', '.join(map(repr, names))}")
    raise_problems(
        [
            Problem(
                f"column {names[i]!r} holds {schema.types[i]}, expected numbers; name it as covariate, groups or "
                "phenotype, or exclude it",
                str(path),
            )
            for i in value_at
            if not is_number(schema.types[i])
        ],
        DataError,
    )
    table = _read(file, path, [names[i] for i in sorted({id_at, *text_at})] if stored else None)
    values_RC = np.empty((0, 0) if stored else (table.num_rows, len(value_at)), dtype=np.float32)
    if not stored:
        for j, i in enumerate(value_at):
            values_RC[:, j] = floats(table.column(i))
    columns = {names[i]: _text_at(table, schema, i, path) for i in text_at}
    return Matrix(
        str(path),
        _text_at(table, schema, id_at, path),
        tuple(names[i].strip() for i in value_at),
        values_RC,
        table=TextTable(str(path), columns) if columns else None,
        stored=ParquetValues(path, value_at) if stored else None,
    )


def _open(path: Path) -> pyarrow.parquet.ParquetFile:
    check_file(path)
    try:
        file = pyarrow.parquet.ParquetFile(path, memory_map=True)
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, error) from error
    if not file.metadata.num_rows:
        raise DataError(f"{path}: a header and no rows, expected one row per sample or gene")
    return file


def _read(file: pyarrow.parquet.ParquetFile, path: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        return file.read(columns=columns)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, error) from error


def _text_at(table: pa.Table, schema: pa.Schema, position: int, path: Path) -> tuple[str, ...]:
    """Return a column of the file as text, by its position there; the table may have fewer columns."""
    name = schema.names[position]
    if table.num_columns < len(schema):
        position = table.schema.get_all_field_indices(name)[0]
    return _text(table.column(position), name, path)


def _id_position(schema: pa.Schema, names: list[str], id_column: str | None, path: Path) -> int:
    if id_column is not None:
        if id_column not in names:
            raise DataError(f"{path}: no column {id_column!r} (id column).{did_you_mean(id_column, names)}")
        return names.index(id_column)
    for index in _pandas_index(schema):
        if index in names:
            return names.index(index)
    for i, kind in enumerate(schema.types):
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return i
    raise DataError(f"{path}: no column of text to take ids from; name the id column")


def _pandas_index(schema: pa.Schema) -> list[str]:
    """Return the columns that pandas wrote from an index, if pandas wrote the file."""
    try:
        described = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        return [name for name in described["index_columns"] if isinstance(name, str)]
    except (ValueError, KeyError, TypeError):
        return []


def _text(column: pa.ChunkedArray, name: str, path: Path) -> tuple[str, ...]:
    if pa.types.is_nested(column.type):
        raise DataError(f"{path}: column {name!r} holds {column.type}, expected text or numbers")
    return tuple("" if cell is None else str(cell).strip() for cell in column.cast(pa.string()).to_pylist())
