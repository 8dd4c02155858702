"""AnnData ``.h5ad``: X and layers are channels, obs is the samples table. Needs the extra ``hypomask[anndata]``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from hypomask.data.hdf5_values import Hdf5Values
from hypomask.data.source_files import check_file
from hypomask.data.tables import MISSING, Matrix, TextTable
from hypomask.errors import DataError, did_you_mean

__all__ = ["OBS_NAMES", "read_anndata"]

OBS_NAMES = "obs_names"
"""Name under which the index of obs appears as a column."""


def read_anndata(
    path: Path, layers: Sequence[str], channel: str = "X", *, stored_in: Path | None = None
) -> tuple[dict[str, Matrix], TextTable, tuple[str, ...]]:
    """Return a matrix per layer by its name (``X`` is the main one), samples in rows; obs as text; layers not read.

    Parameters
    ----------
    layers
        Which to read. Where only ``X`` is wished and `channel` is the name of a layer, that layer is read.
    stored_in
        Leave the values in the file, and use this folder for what has to be turned around; None: read them.

    Raises
    ------
    DataError
        anndata is not installed; not an AnnData file; a layer that is not there.
    """
    check_file(path)
    try:
        import anndata  # noqa: F401 (is it there?)
    except ImportError as error:
        raise DataError(f"{path}: reading .h5ad needs anndata; run: pip install 'hypomask[anndata]'") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # repeated names are reported below, in words
            data = _in_memory(path) if stored_in is None else _in_file(path)
    except MemoryError:
        raise
    except Exception as error:  # h5py and anndata raise nearly anything on a damaged file
        first = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path}: not an AnnData file, or a damaged one: {first}. Write or fetch it again") from error

    samples = tuple(str(name).strip() for name in data.obs.index)
    genes = tuple(str(name).strip() for name in data.genes)
    matrices: dict[str, Matrix] = {}
    wished = (channel,) if tuple(layers) == ("X",) and channel in data.layers else tuple(layers)
    for layer in wished:
        if layer != "X" and layer not in data.layers:
            raise DataError(
                f"{path}: no layer {layer!r}; there are {', '.join(['X', *data.layers])}."
                f"{did_you_mean(layer, ['X', *data.layers])}"
            )
        values = data.main if layer == "X" else data.layers[layer]
        if values is None:
            raise DataError(f"{path}: X is empty; name one of the layers: {', '.join(data.layers) or 'there are none'}")
        place = str(path) if layer == "X" else f"{path} (layer {layer})"
        matrices[layer] = Matrix(place, samples, genes, np.zeros((0, 0), np.float32), rows_are="samples")
        if stored_in is not None:
            matrices[layer] = replace(matrices[layer], stored=Hdf5Values(path, values, place, stored_in))
            continue
        dense = values.toarray() if sp.issparse(values) else np.asarray(values)
        matrices[layer] = replace(matrices[layer], values_RC=dense.astype(np.float32))
    columns = {OBS_NAMES: samples}
    columns |= {str(name): _text(data.obs[name]) for name in data.obs.columns}
    unread = tuple(str(name) for name in data.layers if name not in matrices)
    return matrices, TextTable(str(path), columns), unread


@dataclass(frozen=True, eq=False)
class _Parts:
    """The parts of an AnnData file that are looked at: arrays, or where in the file they are."""

    obs: Any
    genes: Any
    main: Any
    layers: Mapping[str, Any]


def _in_memory(path: Path) -> _Parts:
    import anndata

    data = anndata.read_h5ad(path)
    return _Parts(data.obs, data.var_names, data.X, data.layers)


def _in_file(path: Path) -> _Parts:
    """Not anndata's backed mode: that reads all layers into memory."""
    import h5py
    from anndata.io import read_elem

    with h5py.File(path, "r") as file:
        layers = {name: f"layers/{name}" for name in file.get("layers", {})}
        return _Parts(read_elem(file["obs"]), read_elem(file["var"]).index, "X" if "X" in file else None, layers)


def _text(column: Any) -> tuple[str, ...]:
    """Return cells as text; whole numbers in a float column lose their ``.0``, missing ones are empty."""
    cells = []
    for cell in column.tolist():
        text = f"{cell:.17g}" if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
        cells.append("" if text in MISSING or cell is None else text)
    return tuple(cells)
