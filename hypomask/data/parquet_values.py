"""Numbers of a Parquet file that stay in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from hypomask.data.stored_values import Chunk, at_once
from hypomask.errors import DataError

__all__ = ["ParquetValues", "damaged", "floats", "is_number"]


class ParquetValues:
    """The columns at positions `columns` of a Parquet file, all of them numbers.

    Samples in rows are read row group by row group, some rows at a time; samples in columns, some columns at a time.
    Pages are mapped, so that of a row group only what is being decoded is held.
    """

    def __init__(self, path: Path, columns: Sequence[int]) -> None:
        self._path, self._columns = path, list(columns)

    def by_sample(self, *, samples_in_rows: bool) -> Iterator[Chunk]:
        """Yield all samples in the order of the file, some at a time."""
        try:
            with pyarrow.parquet.ParquetFile(self._path, memory_map=True, pre_buffer=False) as file:
                yield from self._rows(file) if samples_in_rows else self._sample_columns(file)
        except (pa.ArrowException, OSError) as error:
            raise damaged(self._path, error) from error

    def _rows(self, file: pyarrow.parquet.ParquetFile) -> Iterator[Chunk]:
        first = 0
        for batch in file.iter_batches(batch_size=at_once(len(self._columns))):
            values_BG = np.empty((batch.num_rows, len(self._columns)), np.float32)
            for j, i in enumerate(self._columns):
                values_BG[:, j] = floats(batch.column(i))
            yield first, values_BG
            first += batch.num_rows

    def _sample_columns(self, file: pyarrow.parquet.ParquetFile) -> Iterator[Chunk]:
        step = at_once(file.metadata.num_rows)
        names = file.schema_arrow.names
        for first in range(0, len(self._columns), step):
            asked = [names[i] for i in self._columns[first : first + step]]
            table = file.read(columns=asked)  # also what begins like one of them and a dot
            yield first, np.stack([floats(table.column(name)).astype(np.float32) for name in asked])


def damaged(path: Path, error: Exception) -> DataError:
    """Return the error to raise when pyarrow cannot read a file."""
    first = str(error).splitlines()[0].rstrip(".")
    return DataError(f"{path}: not a Parquet file, or a damaged one: {first}. Write or fetch it again")


def is_number(kind: pa.DataType) -> bool:
    """Return whether a column of this type holds numbers."""
    return bool(
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )


def floats(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float64]:
    """Return a column of numbers; null is NaN."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
