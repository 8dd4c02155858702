"""Folds: repeated, stratified, and never parting samples that belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.data.blocks import find_blocks
from hypomask.data.cohort import Cohort
from hypomask.data.fold_assignment import assign_folds
from hypomask.data.seeds import derive_seed
from hypomask.errors import ConfigError, DataError
from hypomask.outcomes.family import Family

__all__ = ["Folds", "inner_folds", "make_folds"]

MAX_FOLDS = 100
MAX_BINS = 10  # quantile bins of a continuous phenotype; more adds nothing once a bin has fewer members than folds


@dataclass(frozen=True, eq=False)
class Folds:
    """Who is held out when.

    Parameters
    ----------
    test_fold_RB
        (R, B) int8: the fold in which sample b is held out in repeat r.
    n_folds
        Folds of one repeat; every fold of every repeat has samples.
    blocks
        (B,) int64: samples of one block are held out together (same group, or identical measurements).
    stratified
        True when every class is in every fold of every repeat; for a continuous phenotype, always.
    notes
        What a report must say about the split.
    """

    test_fold_RB: npt.NDArray[np.int8]
    n_folds: int
    blocks: npt.NDArray[np.int64]
    stratified: bool
    notes: tuple[str, ...] = ()

    @property
    def n_repeats(self) -> int:
        """Number of repeats."""
        return len(self.test_fold_RB)

    def split(self, repeat: int, fold: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the positions of training and of test samples, each ascending."""
        held_out = self.test_fold_RB[repeat] == fold
        return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def make_folds(cohort: Cohort, *, n_folds: int = 5, n_repeats: int = 3, seed: int = 0) -> Folds:
    """Split a cohort into `n_folds` folds, `n_repeats` times.

    Samples of a group, and samples with identical measurements, are never on both sides (`hypomask.data.blocks` has
    the one exception). Classes, or quantile bins of a continuous phenotype, are spread evenly. The split is a function
    of the cohort and `seed` alone; repeat r does not depend on how many repeats there are.

    Raises
    ------
    ConfigError
        Fewer than 2 folds or 1 repeat, or more than 100 folds.
    DataError
        Fewer blocks than folds.
    """
    if not 2 <= n_folds <= MAX_FOLDS:
        raise ConfigError(f"folds: got {n_folds}, expected 2 to {MAX_FOLDS}; 5 is the usual choice")
    if n_repeats < 1:
        raise ConfigError(f"repeats: got {n_repeats}, expected at least 1; 3 is the usual choice")
    blocks = find_blocks(cohort, n_folds)
    if blocks.n_blocks < n_folds:
        raise DataError(_too_few_blocks(cohort, blocks.n_blocks, n_folds))
    phenotype = cohort.phenotype
    strata = phenotype.target.strata(phenotype.values, n_folds)
    test_fold_RB = np.stack(
        [
            assign_folds(strata, blocks.of_sample, n_folds, np.random.default_rng(derive_seed("folds", seed, repeat)))
            for repeat in range(n_repeats)
        ]
    )
    demanded = phenotype.target.must_be_in_every_fold
    absent = _classes_absent_somewhere(test_fold_RB, strata, n_folds) if demanded else []
    notes = list(blocks.notes)
    largest = int(np.bincount(blocks.of_sample).max())
    if largest > 1.5 * cohort.n_samples / n_folds:
        notes.append(
            f"the largest group of samples that stay together has {largest} of {cohort.n_samples} samples: "
            "folds are unequal in size"
        )
    notes += [
        f"class {phenotype.classes[code]!r} of {phenotype.name!r} is not in every fold: too few groups have it"
        for code in absent
    ]
    return Folds(test_fold_RB, n_folds, blocks.of_sample, not absent, tuple(notes))


def inner_folds(
    y: npt.NDArray[np.float64], family: Family, blocks: npt.NDArray[np.int64], n: int, seed: int
) -> npt.NDArray[np.int8]:
    """Split training samples again, for stopping and tuning: stratified, blocks kept whole.

    Parameters
    ----------
    y, blocks
        (B,) phenotype and block of the training samples (`Folds.blocks` at the training positions).
    n
        Folds wanted, at least 2. There are fewer where there are fewer blocks than that.

    Returns
    -------
    numpy.ndarray
        (B,) int8, values 0..k-1 with ``2 <= k <= n``, every value taken.

    Raises
    ------
    DataError
        All samples are in one block.
    """
    if n < 2:
        raise ConfigError(f"inner folds: got {n}, expected at least 2")
    codes = np.unique(blocks, return_inverse=True)[1].astype(np.int64)
    n_blocks = int(codes.max()) + 1 if len(codes) else 0
    if n_blocks < 2:
        raise DataError(f"{len(codes)} training samples are one group and cannot be split again; use fewer folds")
    n_folds = min(n, n_blocks)
    strata = family.strata(y, n_folds)
    return assign_folds(strata, codes, n_folds, np.random.default_rng(derive_seed("inner folds", seed)))


def _too_few_blocks(cohort: Cohort, n_blocks: int, n_folds: int) -> str:
    fewer = f"ask for {n_blocks} folds" if n_blocks >= 2 else "two folds are the least"
    if cohort.groups is None:
        return f"{n_blocks} different rows of measurements cannot be spread over {n_folds} folds; {fewer}"
    return (
        f"{n_blocks} groups cannot be spread over {n_folds} folds; {fewer}, or leave the groups out if the samples "
        "are independent of one another"
    )


def _classes_absent_somewhere(
    test_fold_RB: npt.NDArray[np.int8], strata: npt.NDArray[np.int64], n_folds: int
) -> list[int]:
    n_strata = int(strata.max()) + 1
    absent = np.zeros(n_strata, dtype=bool)
    for test_fold in test_fold_RB:
        counts = np.bincount(test_fold.astype(np.int64) * n_strata + strata, minlength=n_folds * n_strata)
        absent |= (counts.reshape(n_folds, n_strata) == 0).any(axis=0)
    return [int(code) for code in np.flatnonzero(absent)]
