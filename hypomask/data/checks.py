"""Checks of the cohort as a whole, before anything trains. Files are checked where they are read."""

from __future__ import annotations

from collections import Counter

import numpy as np

from hypomask.data.blocks import identical_rows
from hypomask.data.cohort import Cohort
from hypomask.data.gene_names import damaged_by_excel
from hypomask.data.members import check_members
from hypomask.data.skewness import skewed_measurements, skewed_phenotypes
from hypomask.data.tables import Findings, Matrix, counted, listed
from hypomask.errors import Problem

__all__ = ["check_cohort", "check_values", "without_unmeasured_genes"]

MIN_SAMPLES = 10
FEW_SAMPLES = 40
LARGEST_VALUE = 1e30
UNUSUALLY_LARGE = 1e6
MANY_MISSING = 0.2


def check_values(matrix: Matrix, findings: Findings) -> None:
    """Find infinite and absurd values of one table, and values that were never logarithms."""
    with np.errstate(invalid="ignore"):
        largest = float(np.nanmax(np.abs(matrix.values_RC), initial=0.0))
    if largest > LARGEST_VALUE:
        rows, columns = np.nonzero(np.abs(matrix.values_RC) > LARGEST_VALUE)
        expected = f"a finite number up to {LARGEST_VALUE:g}; leave the cell of a missing value empty"
        findings.problems += [
            matrix.cell(r, c, f"{matrix.values_RC[r, c]:g}", expected)
            for r, c in zip(rows[:20].tolist(), columns[:20].tolist(), strict=True)
        ]
        if len(rows) > 20:
            findings.problems.append(
                Problem(f"{len(rows)} values are infinite or beyond {LARGEST_VALUE:g}", matrix.file)
            )
    elif largest > UNUSUALLY_LARGE:
        findings.warnings.append(
            f"{matrix.file}: values up to {largest:.3g}; if these are counts or intensities, take logarithms first"
        )
    damaged = damaged_by_excel(matrix.genes)
    if damaged:
        findings.warnings.append(
            f"{matrix.file}: {counted(len(damaged), 'gene name')} turned into dates or numbers by a spreadsheet: "
            f"{listed(damaged)}; hypotheses that name these genes will not find them"
        )


def without_unmeasured_genes(cohort: Cohort, findings: Findings) -> Cohort:
    """Leave out genes that are missing in every sample and channel, with a warning; name those missing in a channel."""
    missing_GC = np.logical_and.reduce(np.isnan(cohort.values_BGC), axis=0)
    unmeasured = np.logical_and.reduce(missing_GC, axis=1)
    if unmeasured.any():
        names = [cohort.genes[i] for i in np.flatnonzero(unmeasured)]
        findings.warnings.append(f"no value in any sample: {counted(len(names), 'gene')}, left out ({listed(names)})")
        kept = np.flatnonzero(~unmeasured)
        cohort = cohort.with_genes(tuple(cohort.genes[i] for i in kept))
        missing_GC = missing_GC[kept]
    for c, channel in enumerate(cohort.channels):
        names = [cohort.genes[i] for i in np.flatnonzero(missing_GC[:, c])]
        if names:
            findings.warnings.append(
                f"no value in channel {channel!r}: {counted(len(names), 'gene')} ({listed(names)})"
            )
    if not cohort.genes:
        findings.problems.append(Problem("no gene has a value; are the columns measurements?"))
    return cohort


def check_cohort(cohort: Cohort, n_folds: int, findings: Findings, file: str) -> None:
    """Find what makes a comparison impossible (problems) or weak (warnings)."""
    _check_size(cohort, findings, file)
    check_members(cohort, n_folds, findings, file)
    _check_groups(cohort, n_folds, findings, file)
    _check_measurements(cohort, findings)
    findings.warnings += skewed_measurements(cohort) + skewed_phenotypes(cohort.phenotype)


def _check_size(cohort: Cohort, findings: Findings, file: str) -> None:
    n = cohort.n_samples
    if n < MIN_SAMPLES:
        findings.problems.append(
            Problem(
                f"{n} samples with measurements and phenotype, expected at least {MIN_SAMPLES}: too few "
                "to learn anything from; add samples",
                file,
            )
        )
    elif n < FEW_SAMPLES:
        findings.warnings.append(f"{n} samples: fewer than {FEW_SAMPLES} cannot tell which hypothesis is best")


def _check_groups(cohort: Cohort, n_folds: int, findings: Findings, file: str) -> None:
    if cohort.groups is None:
        return
    sizes = Counter(cohort.groups.tolist())
    if len(sizes) < n_folds:
        findings.problems.append(
            Problem(
                f"{len(sizes)} groups ({listed(sorted(sizes))}), fewer than {n_folds} folds; ask for fewer folds, or "
                "leave the groups out if the samples are independent",
                file,
            )
        )
    elif len(sizes) == cohort.n_samples:
        findings.notes.append("every sample is a group of its own: groups change nothing")


def _check_measurements(cohort: Cohort, findings: Findings) -> None:
    values_BGC = cohort.values_BGC
    if not values_BGC.size:
        return
    missing_BGC = np.isnan(values_BGC)
    if missing_BGC.any():
        share = float(missing_BGC.mean())
        if share > MANY_MISSING:
            findings.warnings.append(
                f"{share:.0%} of the measurements are missing; they are filled with training means"
            )
        blank = [cohort.samples[i] for i in np.flatnonzero(missing_BGC.all(axis=(1, 2)))]
        if blank:
            findings.warnings.append(f"no measurement at all: {counted(len(blank), 'sample')} ({listed(blank)})")
    highest_GC, lowest_GC = np.fmax.reduce(values_BGC, axis=0), np.fmin.reduce(values_BGC, axis=0)
    varies_G = (highest_GC > lowest_GC).any(axis=1)
    constant = [cohort.genes[i] for i in np.flatnonzero(~varies_G)]
    if constant:
        findings.warnings.append(
            f"the same value in all samples: {counted(len(constant), 'gene')}, kept ({listed(constant)})"
        )
    _warn_copies(cohort, findings)


def _warn_copies(cohort: Cohort, findings: Findings) -> None:
    """Warn of samples with the same measurements that are not known to belong together."""
    owner = np.arange(cohort.n_samples) if cohort.groups is None else cohort.groups
    first: dict[int, int] = {}
    copies = []
    for i, row in enumerate(identical_rows(cohort.values_BGC).tolist()):
        original = first.setdefault(row, i)
        if owner[original] != owner[i]:
            copies.append(f"{cohort.samples[original]} = {cohort.samples[i]}")
    if copies:
        count = counted(len(copies), "sample")
        findings.warnings.append(
            f"exactly the measurements of another one: {count} ({listed(copies, 3)}); repeated records?"
        )
