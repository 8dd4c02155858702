"""Which columns of a plain table are gene tokens, which are covariates, and who may read whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hypomask.errors import ConfigError, DataError, Problem, did_you_mean, raise_problems
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import unconstrained

__all__ = ["MOST_UNCONSTRAINED", "arrange_columns"]

# Without a mask every pair of columns may interact: 9,900 pairs at 100 columns, and more than a few hundred samples
# can tell apart long before that.
MOST_UNCONSTRAINED = 100

Columns = npt.NDArray[np.int64]


def arrange_columns(
    mask: Mask | npt.ArrayLike | None, covariates: Sequence[str | int], n_columns: int, names: Sequence[str] | None
) -> tuple[Mask, Columns, Columns]:
    """Return the mask, the positions of its genes (in its order) and of the covariates.

    Parameters
    ----------
    mask
        A `Mask`; a square boolean matrix over the columns that are no covariates (row receives); None: all pairs.
    names
        Of the columns; None where they have none.

    Raises
    ------
    ConfigError
        Mask or covariates that do not fit the table.
    DataError
        Genes of the mask that are no columns, or column names that occur twice.
    """
    if names is not None and len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise DataError(f"X: column {twice!r} occurs more than once; give every column a name of its own")
    covariate_columns = np.array([_position(column, n_columns, names) for column in covariates], dtype=np.int64)
    others = np.setdiff1d(np.arange(n_columns), covariate_columns)
    if len(others) == 0:
        raise ConfigError(f"covariates: all {n_columns} columns of X are covariates, expected at least one gene")
    if isinstance(mask, Mask):
        return mask, _columns_of(mask, others, names), covariate_columns
    genes = tuple(f"x{i}" if names is None else names[i] for i in others.tolist())
    return _unconstrained(genes) if mask is None else _from_matrix(mask, genes), others, covariate_columns


def _position(column: str | int, n_columns: int, names: Sequence[str] | None) -> int:
    if isinstance(column, str):
        if names is None:
            raise ConfigError(f"covariates: got the name {column!r}, but X has no column names; give X as a frame")
        if column not in names:
            raise ConfigError(f"covariates: {column!r} is not a column of X.{did_you_mean(column, names)}")
        return names.index(column)
    if not 0 <= column < n_columns:
        raise ConfigError(f"covariates: got position {column}, expected 0 to {n_columns - 1}")
    return int(column)


def _columns_of(mask: Mask, others: Columns, names: Sequence[str] | None) -> Columns:
    if names is None:
        if len(others) != mask.n_genes:
            raise ConfigError(
                f"mask {mask.name!r} has {mask.n_genes} genes, but X has {len(others)} columns of genes; give X as a "
                "frame, whose columns are matched by name, or with the mask's genes in the mask's order"
            )
        return others
    positions = {names[i]: i for i in others.tolist()}
    raise_problems(
        [
            Problem(f"gene {gene!r} of mask {mask.name!r} is not a column of X.{did_you_mean(gene, positions)}")
            for gene in mask.genes
            if gene not in positions
        ],
        DataError,
    )
    return np.array([positions[gene] for gene in mask.genes], dtype=np.int64)


def _unconstrained(genes: tuple[str, ...]) -> Mask:
    if len(genes) > MOST_UNCONSTRAINED:
        raise ConfigError(
            f"mask: got None for {len(genes)} columns, which would let every pair of genes interact; expected a mask "
            f"above {MOST_UNCONSTRAINED} columns. Give one that says who may read whom, or "
            "hypomask.masks.references.no_interaction(genes) for genes one by one"
        )
    return unconstrained(genes)


def _from_matrix(matrix: Any, genes: tuple[str, ...]) -> Mask:
    n = len(genes)
    allowed = sp.coo_array(matrix if sp.issparse(matrix) else np.atleast_2d(np.asarray(matrix)))
    if allowed.shape != (n, n):
        raise ConfigError(
            f"mask: got shape {allowed.shape}, expected ({n}, {n}): a row and a column for each column of X that is no "
            "covariate"
        )
    if not np.isin(allowed.data, (0, 1)).all():
        raise ConfigError(
            "mask: expected True and False (or 1 and 0) alone, True where the gene of the column acts on the gene of "
            "the row; edge weights need a hypomask.Mask"
        )
    rows, cols = allowed.nonzero()
    return Mask(name="mask", genes=genes, layers=(EdgeTable.build(rows, cols),))
