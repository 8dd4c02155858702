"""Names of the kinds of phenotype; light, for the command line."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["COLUMN_KINDS", "PHENOTYPE_KINDS", "ColumnKind", "PhenotypeKind"]

ColumnKind = Literal["binary", "classes", "continuous", "counts", "survival", "discrete-survival"]
"""Kinds of one phenotype."""

PhenotypeKind = Literal[ColumnKind, "several", "masked-genes"]
"""And what else a study can explain: several phenotypes at once, or the measurements themselves."""

COLUMN_KINDS: tuple[ColumnKind, ...] = get_args(ColumnKind)
PHENOTYPE_KINDS: tuple[PhenotypeKind, ...] = get_args(PhenotypeKind)
