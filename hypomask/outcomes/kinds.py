"""Names of the kinds of phenotype; light, for the command line."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["PHENOTYPE_KINDS", "PhenotypeKind"]

PhenotypeKind = Literal["binary", "classes", "continuous", "counts", "survival", "discrete-survival"]

PHENOTYPE_KINDS: tuple[PhenotypeKind, ...] = get_args(PhenotypeKind)
