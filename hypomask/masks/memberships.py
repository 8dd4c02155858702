"""Membership that follows from nesting: who belongs to a group belongs to every group that contains it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

__all__ = ["inherited_memberships"]

IntArray = npt.NDArray[np.int64]


def inherited_memberships(
    genes: IntArray, groups: IntArray, parents: IntArray, children: IntArray, shape: tuple[int, int]
) -> tuple[IntArray, IntArray]:
    """Return the memberships that follow from nesting and are not stated themselves.

    Parameters
    ----------
    genes, groups
        (M,) stated memberships: ``genes[i]`` is a member of ``groups[i]``.
    parents, children
        (C,) nesting: ``children[i]`` is a part of ``parents[i]``.
    shape
        Numbers of genes and groups.

    Returns
    -------
    tuple
        (I,) genes and (I,) groups, ordered by gene, then group.
    """
    if not len(children):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    n_genes, n_groups = shape
    stated = _boolean(genes, groups, (n_genes, n_groups))
    upward = _boolean(children, parents, (n_groups, n_groups))
    known = newest = stated
    while newest.nnz:  # one level of nesting a turn; ends on cycles too, since only new memberships go on
        newest = sp.csr_array((newest.astype(np.int32) @ upward.astype(np.int32)) > 0)
        newest = sp.csr_array(newest > known)
        known = sp.csr_array(known + newest)
    inherited = sp.coo_array(known > stated)
    rows, cols = inherited.row, inherited.col
    order = np.lexsort((cols, rows))
    return rows[order].astype(np.int64), cols[order].astype(np.int64)


def _boolean(rows: IntArray, cols: IntArray, shape: tuple[int, int]) -> sp.csr_array:
    matrix = sp.csr_array((np.ones(len(rows), dtype=np.int32), (rows, cols)), shape=shape)
    return sp.csr_array(matrix > 0)
