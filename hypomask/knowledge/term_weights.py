"""How much a term says about its genes, as a weight of the group it becomes: small and specific terms say more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from hypomask.errors import KnowledgeError, did_you_mean
from hypomask.knowledge.term_counts import genes_in_namespace

if TYPE_CHECKING:
    from hypomask.knowledge.terms import Terms

__all__ = ["TERM_WEIGHTS", "TermWeight", "term_weight", "term_weights"]

TermWeight = Literal["none", "inverse_size", "information_content"]
TERM_WEIGHTS: tuple[TermWeight, ...] = ("none", "inverse_size", "information_content")


def term_weight(text: str) -> TermWeight:
    """Return the kind of weight that `text` names.

    Raises
    ------
    KnowledgeError
        There is no such kind.
    """
    for kind in TERM_WEIGHTS:
        if text == kind:
            return kind
    expected = ", ".join(TERM_WEIGHTS)
    raise KnowledgeError(f"weights {text!r}: expected one of {expected}.{did_you_mean(text, TERM_WEIGHTS)}")


def term_weights(terms: Terms, kind: TermWeight, relations: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return (T,) weights in (0, 1], of every term; terms without genes get 1.

    Parameters
    ----------
    kind
        ``none``: 1. ``inverse_size``: 1 / (m - 1) for a term of m genes, those of descendants included, so that what
        a gene's partners in one term weigh together is 1 whatever its size. ``information_content``:
        1 - ln m / ln (n + 1) for n genes in the term's namespace: 1 for one gene, and just above 0 for all of them.

    References
    ----------
    Newman (2001), Scientific collaboration networks II, doi:10.1103/PhysRevE.64.016132 (inverse size); Lord et al.
    (2003), doi:10.1093/bioinformatics/btg153 (information content)
    """
    if kind == "none":
        return np.ones(len(terms))
    counts = np.maximum(terms.propagated_counts(relations), 1).astype(np.float64)
    if kind == "inverse_size":
        return 1 / np.maximum(counts - 1, 1)
    everyone = np.maximum(genes_in_namespace(terms), 1)
    return np.asarray(1 - np.log(counts) / np.log(everyone + 1), dtype=np.float64)
