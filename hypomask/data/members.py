"""Which samples can tell anything of a phenotype: members of each class, those with the event, counts above 0."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.tables import Findings, counted
from hypomask.errors import Problem, shortened

__all__ = ["A_COUNT", "THE_EVENT", "check_members", "members_of"]

THE_EVENT = "the event"
A_COUNT = "a count above 0"


def members_of(phenotype: Phenotype) -> dict[str, npt.NDArray[np.bool_]]:
    """Return (B,) masks: of each class by its name; of samples with `THE_EVENT`, or `A_COUNT`; none of a measurement.

    However many samples were followed, what is learned of time to an event is learned from events.
    """
    if phenotype.kind == "several":
        return {f"{part.name} = {name}": mask for part in phenotype.parts for name, mask in members_of(part).items()}
    if phenotype.kind in ("survival", "discrete-survival"):
        return {THE_EVENT: phenotype.values > 0}
    if phenotype.kind == "counts":
        return {A_COUNT: phenotype.values > 0}
    return {name: phenotype.values == code for code, name in enumerate(phenotype.classes)}


def check_members(cohort: Cohort, n_folds: int, findings: Findings, file: str) -> None:
    """Find what has fewer members, or members in fewer groups, than there are folds."""
    parts = cohort.phenotype.parts or (cohort.phenotype,)
    for phenotype in parts:
        for name, mask in members_of(phenotype).items():
            n = int(mask.sum())
            n_groups = n_folds if cohort.groups is None else len(np.unique(cohort.groups[mask]))
            if n < n_folds:
                fewer = f"ask for {n} folds, or" if n >= 2 else ""
                findings.problems.append(Problem(_too_few(phenotype, name, n, n_folds, fewer), file))
            elif n_groups < n_folds:
                findings.warnings.append(
                    f"{_what(phenotype, name)} is in {n_groups} groups, fewer than {n_folds} folds: it is not in every "
                    "fold"
                )


def _what(phenotype: Phenotype, name: str) -> str:
    return f"{name} of {phenotype.name!r}" if not phenotype.classes else _of_class(phenotype, name)


def _of_class(phenotype: Phenotype, name: str) -> str:
    return f"class {shortened(name)!r} of {phenotype.name!r}"


def _too_few(phenotype: Phenotype, name: str, n: int, n_folds: int, fewer: str) -> str:
    if phenotype.classes:
        return (
            f"{_of_class(phenotype, name)} has {counted(n, 'member')}, fewer than {n_folds} folds; "
            f"{fewer or 'leave it out, or'} join it with another class"
        )
    way_out = "add samples that have the event" if name == THE_EVENT else "add samples, or name another column"
    return (
        f"{_what(phenotype, name)} was seen in {counted(n, 'sample')}, fewer than {n_folds} folds; "
        f"{f'{fewer} ' if fewer else ''}{way_out}"
    )
