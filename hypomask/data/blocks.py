"""Blocks: samples that may never be parted by a split, because they share a group or are the same measurement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort
from hypomask.data.row_digests import codes_of_digests

__all__ = ["Blocks", "find_blocks"]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Which samples stay together.

    Parameters
    ----------
    of_sample
        (B,) int64 block of each sample, 0..n_blocks-1 in order of first appearance.
    notes
        What a reader of a report must know: identical rows found, identical rows that had to be parted.
    """

    of_sample: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return int(self.of_sample.max()) + 1 if len(self.of_sample) else 0


def find_blocks(cohort: Cohort, n_folds: int) -> Blocks:
    """Join the samples of each group, and then the samples with identical measurements.

    Groups are never parted. Identical rows are joined from the rarest on as long as no block outgrows a fold
    (``n_samples / n_folds``): in a table of a few binary genes hundreds of samples may share the row "nothing is
    altered", and these are different samples, not copies. What could not be joined is said in `notes`. Members of
    groups that are by themselves larger than a fold do not count towards that limit.
    """
    n_samples = cohort.n_samples
    parent = list(range(n_samples))

    def root(sample: int) -> int:
        while parent[sample] != sample:
            parent[sample] = parent[parent[sample]]
            sample = parent[sample]
        return sample

    limit = n_samples / n_folds
    weight = [1.0] * n_samples
    if cohort.groups is not None:
        for members in _members(np.unique(cohort.groups, return_inverse=True)[1]):
            for sample in members[1:]:
                parent[sample] = members[0]
            weight[members[0]] = float(len(members)) if len(members) <= limit else 0.0

    copies = sorted((m for m in _members(codes_of_digests(cohort.all_row_digests)) if len(m) > 1), key=len)
    n_joined, parted = 0, []
    for members in copies:
        roots = sorted({root(sample) for sample in members})
        merged = sum(weight[r] for r in roots)
        if len(roots) == 1:
            continue
        if merged > limit:
            parted.append(len(members))
            continue
        n_joined += len(members)
        for other in roots[1:]:
            parent[other] = roots[0]
        weight[roots[0]] = merged
    return Blocks(
        _codes_by_appearance([root(sample) for sample in range(n_samples)]), _notes(n_joined, parted, n_folds)
    )


def _members(codes: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return the samples of each code, in order."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    return [part.tolist() for part in np.split(order, starts)] if len(order) else []


def _codes_by_appearance(labels: list[int]) -> npt.NDArray[np.int64]:
    codes: dict[int, int] = {}
    return np.array([codes.setdefault(label, len(codes)) for label in labels], dtype=np.int64)


def _notes(n_joined: int, parted: list[int], n_folds: int) -> tuple[str, ...]:
    notes = []
    if n_joined:
        notes.append(
            f"{n_joined} samples have exactly the measurements of another one; each such set stays in one fold"
        )
    if parted:
        sets = f"{len(parted)} set{'s' if len(parted) > 1 else ''} of identical measurements (largest: {max(parted)})"
        notes.append(
            f"{sum(parted)} samples in {sets} were not kept together: they would outgrow one of {n_folds} folds"
        )
    return tuple(notes)
