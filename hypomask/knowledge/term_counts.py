"""How many genes terms hold when those of the terms below them are counted too, and how much a term says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hypomask.knowledge.term_links import PROPAGATING, IntArray, gathered

if TYPE_CHECKING:
    from hypomask.knowledge.terms import Terms

__all__ = ["genes_in_namespace", "information_content", "propagated_counts"]


def propagated_counts(terms: Terms, among: IntArray, relations: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return (N,) the number of different genes of terms and their descendants.

    Parameters
    ----------
    among
        (N,) sorted positions of the terms; all descendants of each are among them.
    """
    import scipy.sparse as sp

    start = np.concatenate([[0], np.cumsum(terms.direct_counts()[among])])
    index = gathered(terms.gene_start, terms.gene_index, among)
    direct = sp.csr_array((np.ones(len(index), np.int32), index, start), shape=(len(among), len(terms.genes)))
    propagated = sp.csr_array(terms.links.closure(relations, among).T @ direct)
    return np.asarray(np.diff(propagated.indptr), dtype=np.int64)


def information_content(terms: Terms, relations: Sequence[str] = PROPAGATING) -> npt.NDArray[np.float64]:
    """Return (T,) -ln of the share of its namespace's annotated genes that a term holds; inf without genes.

    References
    ----------
    Lord et al. (2003), Investigating semantic similarity measures across the Gene Ontology,
    doi:10.1093/bioinformatics/btg153
    """
    counts = terms.propagated_counts(relations).astype(np.float64)
    totals = genes_in_namespace(terms)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, np.log(totals) - np.log(counts), np.inf)


def genes_in_namespace(terms: Terms) -> npt.NDArray[np.float64]:
    """Return (T,) how many genes any term of the term's namespace is annotated with."""
    _, number = np.unique(np.array(terms.namespaces, dtype=object).astype(str), return_inverse=True)
    owner = np.repeat(number, terms.direct_counts())
    totals = [len(np.unique(terms.gene_index[owner == i])) for i in range(int(number.max(initial=-1)) + 1)]
    return np.array(totals, dtype=np.float64)[number]
