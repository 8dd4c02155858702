"""Arrays of an AnnData file that stay in the file: dense, compressed by row (CSR), compressed by column (CSC)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hypomask.data.reserved_file import reserved_map
from hypomask.data.stored_values import CHUNK_VALUES, Chunk, at_once
from hypomask.errors import DataError

__all__ = ["Hdf5Values"]


class Hdf5Values:
    """An array of an HDF5 file, samples in rows. The file is open only while it is read.

    Parameters
    ----------
    name
        Of the array in the file: a dataset, or a group as anndata writes it for a sparse matrix.
    place
        For messages.
    scratch
        Folder for the array by rows where the file has it by columns.
    """

    def __init__(self, path: Path, name: str, place: str, scratch: Path) -> None:
        self._path, self._name, self._place, self._scratch = path, name, place, scratch
        self._turned: _ByRow | None = None

    def by_sample(self, *, samples_in_rows: bool) -> Iterator[Chunk]:
        """Yield all samples in the order of the file, some at a time.

        Raises
        ------
        DataError
            Neither dense nor CSR nor CSC, or damaged.
        RunError
            No space to turn an array around.
        """
        import h5py

        if self._turned is not None:
            yield from self._turned.chunks()
            return
        with _as_data_error(self._place), h5py.File(self._path, "r") as file:
            node = file[self._name]
            if isinstance(node, h5py.Dataset):
                yield from _dense_chunks(node)
                return
            kind = str(node.attrs.get("encoding-type", node.attrs.get("h5sparse_format", "")))
            shape = node.attrs["shape"] if "shape" in node.attrs else node.attrs["h5sparse_shape"]
            n_rows, n_columns = (int(size) for size in shape)
            if kind.startswith("csr"):
                yield from _ByRow(node["indptr"][:], node["indices"], node["data"], n_columns).chunks()
                return
            if not kind.startswith("csc"):
                raise DataError(f"{self._place}: stored as {kind!r}, expected dense, csr_matrix or csc_matrix")
            self._turned = _turned_around(node, n_rows, n_columns, self._scratch, self._place)
        yield from self._turned.chunks()


def _dense_chunks(dataset: Any) -> Iterator[Chunk]:
    n_rows, n_columns = dataset.shape
    step = at_once(n_columns)
    for first in range(0, n_rows, step):
        yield first, np.asarray(dataset[first : first + step]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _ByRow:
    """A compressed sparse array by rows, its parts in a file or mapped from one."""

    indptr: npt.NDArray[np.integer[Any]]
    indices: Any
    data: Any
    n_columns: int

    def chunks(self) -> Iterator[Chunk]:
        step = at_once(self.n_columns)
        for first in range(0, len(self.indptr) - 1, step):
            starts = self.indptr[first : first + step + 1].astype(np.int64)
            part = slice(int(starts[0]), int(starts[-1]))
            content = (self.data[part], self.indices[part], starts - starts[0])
            values_BG = sp.csr_matrix(content, shape=(len(starts) - 1, self.n_columns)).toarray()
            yield first, values_BG.astype(np.float32)


def _turned_around(group: Any, n_rows: int, n_columns: int, scratch: Path, place: str) -> _ByRow:
    """Return by rows, in files of its own, what is compressed by columns.

    A pass by samples would otherwise read the whole array for each chunk.
    """
    by_column, rows, data = group["indptr"][:].astype(np.int64), group["indices"], group["data"]
    n_values = int(by_column[-1])
    n_of_row = np.zeros(n_rows, np.int64)
    for first in range(0, n_values, CHUNK_VALUES):
        n_of_row += np.bincount(rows[first : first + CHUNK_VALUES], minlength=n_rows)
    by_row = np.concatenate([[0], np.cumsum(n_of_row)])
    folder, what = Path(tempfile.mkdtemp(dir=scratch)), f"{place} by rows"
    columns_map = reserved_map(folder / "columns", (n_values,), np.dtype(np.int32), what)
    data_map = reserved_map(folder / "values", (n_values,), data.dtype, what)
    filled_to = by_row[:-1].copy()  # in each row
    first = 0
    while first < n_columns:
        last = max(first + 1, int(np.searchsorted(by_column, by_column[first] + CHUNK_VALUES, side="right")) - 1)
        part = slice(int(by_column[first]), int(by_column[last]))
        content = (data[part], rows[part], by_column[first : last + 1] - by_column[first])
        block = sp.csc_matrix(content, shape=(n_rows, last - first)).tocsr()
        n_more = np.diff(block.indptr)
        places = np.repeat(filled_to - block.indptr[:-1], n_more) + np.arange(block.nnz)
        columns_map[places], data_map[places] = block.indices + first, block.data
        filled_to += n_more
        first = last
    return _ByRow(by_row, columns_map, data_map, n_columns)


class _as_data_error:  # noqa: N801 (a context manager reads as a verb)
    """Turns whatever h5py and scipy raise on a damaged file into a `DataError`."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (OSError, ValueError, KeyError, RuntimeError, IndexError)):
            first = str(error).splitlines()[0].rstrip(".")
            raise DataError(f"{self._place}: cannot be read to its end: {first}. Write or fetch it again") from error
