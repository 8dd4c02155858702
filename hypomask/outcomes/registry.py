"""Which family a phenotype belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from hypomask.errors import DataError, did_you_mean
from hypomask.outcomes.classes import Binary, Classes
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.counts import Counts
from hypomask.outcomes.discrete_survival import DiscreteSurvival
from hypomask.outcomes.family import Family, Float
from hypomask.outcomes.several import MaskedGenes, SeveralPhenotypes
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.target import Target

__all__ = ["FAMILIES", "TARGETS", "family_of"]

FAMILIES: dict[str, type[Family]] = {
    family.kind: family for family in (Binary, Classes, Continuous, Counts, CoxSurvival, DiscreteSurvival)
}

TARGETS: dict[str, type[Target]] = {**FAMILIES, "several": SeveralPhenotypes, "masked-genes": MaskedGenes}


def family_of(kind: str, values: Float, classes: Sequence[str] = ()) -> Family:
    """Return the family of a phenotype with responses `values` (B,) and class names by code.

    Raises
    ------
    DataError
        No such kind; a survival phenotype without an event.
    """
    if kind not in FAMILIES:
        raise DataError(f"kind: got {kind!r}, expected one of {', '.join(FAMILIES)}.{did_you_mean(kind, FAMILIES)}")
    return FAMILIES[kind].for_phenotype(values, classes)
