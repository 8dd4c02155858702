"""AnnData ``.h5ad``: X and layers are channels, obs is the samples table. Needs the extra ``hypomask[anndata]``."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from hypomask.data.source_files import check_file
from hypomask.data.tables import MISSING, Matrix, TextTable
from hypomask.errors import DataError, did_you_mean

__all__ = ["OBS_NAMES", "read_anndata"]

OBS_NAMES = "obs_names"
"""Name under which the index of obs appears as a column."""


def read_anndata(
    path: Path, layers: Sequence[str], channel: str = "X"
) -> tuple[dict[str, Matrix], TextTable, tuple[str, ...]]:
    """Return a matrix per layer by its name (``X`` is the main one), samples in rows; obs as text; layers not read.

    Parameters
    ----------
    layers
        Which to read. Where only ``X`` is wished and `channel` is the name of a layer, that layer is read.

    Raises
    ------
    DataError
        anndata is not installed; not an AnnData file; a layer that is not there.
    """
    check_file(path)
    try:
        import anndata
    except ImportError as error:
        raise DataError(f"{path}: reading .h5ad needs anndata; run: pip install 'hypomask[anndata]'") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # repeated names are reported below, in words
            data = anndata.read_h5ad(path)
    except Exception as error:  # h5py and anndata raise nearly anything on a damaged file
        first = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path}: not an AnnData file, or a damaged one: {first}. Write or fetch it again") from error

    samples = tuple(str(name).strip() for name in data.obs_names)
    genes = tuple(str(name).strip() for name in data.var_names)
    matrices: dict[str, Matrix] = {}
    wished = (channel,) if tuple(layers) == ("X",) and channel in data.layers else tuple(layers)
    for layer in wished:
        if layer != "X" and layer not in data.layers:
            raise DataError(
                f"{path}: no layer {layer!r}; there are {', '.join(['X', *data.layers])}."
                f"{did_you_mean(layer, ['X', *data.layers])}"
            )
        values = data.X if layer == "X" else data.layers[layer]
        if values is None:
            raise DataError(f"{path}: X is empty; name one of the layers: {', '.join(data.layers) or 'there are none'}")
        dense = values.toarray() if sp.issparse(values) else np.asarray(values)
        place = str(path) if layer == "X" else f"{path} (layer {layer})"
        matrices[layer] = Matrix(place, samples, genes, dense.astype(np.float32), rows_are="samples")
    columns = {OBS_NAMES: samples}
    columns |= {str(name): _text(data.obs[name]) for name in data.obs.columns}
    unread = tuple(str(name) for name in data.layers if name not in matrices)
    return matrices, TextTable(str(path), columns), unread


def _text(column: Any) -> tuple[str, ...]:
    """Return cells as text; whole numbers in a float column lose their ``.0``, missing ones are empty."""
    cells = []
    for cell in column.tolist():
        text = f"{cell:.17g}" if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
        cells.append("" if text in MISSING or cell is None else text)
    return tuple(cells)
