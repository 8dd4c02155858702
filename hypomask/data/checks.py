"""Checks of the cohort as a whole, before anything trains. Files are checked where they are read."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort
from hypomask.data.gene_names import damaged_by_excel
from hypomask.data.members import check_members
from hypomask.data.row_digests import codes_of_digests
from hypomask.data.skewness import skewed_phenotypes
from hypomask.data.survey import Survey
from hypomask.data.tables import Findings, Matrix, counted, listed
from hypomask.errors import Problem

__all__ = [
    "check_cohort",
    "check_values",
    "genes_with_values",
    "warn_of_missing_channels",
    "without_unmeasured_genes",
]

MIN_SAMPLES = 10
FEW_SAMPLES = 40
LARGEST_VALUE = 1e30
UNUSUALLY_LARGE = 1e6
MANY_MISSING = 0.2
MAX_SHOWN = 20


def check_values(matrix: Matrix, findings: Findings) -> None:
    """Find infinite and absurd values of one table, and values that were never logarithms."""
    largest, n_wrong = 0.0, 0
    wrong: list[tuple[int, int, float]] = []
    for first, values_BG in matrix.by_sample():
        size_BG = np.abs(values_BG)
        highest = float(np.fmax.reduce(size_BG, axis=None, initial=0.0))
        largest = max(largest, highest)
        if highest <= LARGEST_VALUE:
            continue
        b, g = np.nonzero(size_BG > LARGEST_VALUE)
        n_wrong += len(b)
        rows, columns = (g, first + b) if matrix.rows_are == "genes" else (first + b, g)
        found = zip(rows.tolist(), columns.tolist(), values_BG[b, g].tolist(), strict=True)
        wrong = sorted([*wrong, *found], key=lambda cell: cell[:2])[:MAX_SHOWN]
    if wrong:
        expected = f"a finite number up to {LARGEST_VALUE:g}; leave the cell of a missing value empty"
        findings.problems += [matrix.cell(r, c, f"{value:g}", expected) for r, c, value in wrong]
        if n_wrong > len(wrong):
            findings.problems.append(Problem(f"{n_wrong} values are infinite or beyond {LARGEST_VALUE:g}", matrix.file))
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
    kept = genes_with_values(cohort.genes, missing_GC, findings)
    warn_of_missing_channels(kept, cohort.channels, missing_GC[~missing_GC.all(axis=1)], findings)
    return cohort if kept == cohort.genes else cohort.with_genes(kept)


def genes_with_values(genes: tuple[str, ...], missing_GC: npt.NDArray[np.bool_], findings: Findings) -> tuple[str, ...]:
    """Return the genes that have a value in some sample and channel; warn of the others, and stop where all are."""
    unmeasured_G = missing_GC.all(axis=1)
    names = [genes[i] for i in np.flatnonzero(unmeasured_G)]
    if names:
        findings.warnings.append(f"no value in any sample: {counted(len(names), 'gene')}, left out ({listed(names)})")
    if len(names) == len(genes):
        findings.problems.append(Problem("no gene has a value; are the columns measurements?"))
    return tuple(genes[i] for i in np.flatnonzero(~unmeasured_G))


def warn_of_missing_channels(
    genes: tuple[str, ...], channels: tuple[str, ...], missing_GC: npt.NDArray[np.bool_], findings: Findings
) -> None:
    """Name the genes that have no value in one of the channels."""
    for c, channel in enumerate(channels):
        names = [genes[i] for i in np.flatnonzero(missing_GC[:, c])]
        if names:
            findings.warnings.append(
                f"no value in channel {channel!r}: {counted(len(names), 'gene')} ({listed(names)})"
            )


def check_cohort(cohort: Cohort, survey: Survey, n_folds: int, findings: Findings, file: str) -> None:
    """Find what makes a comparison impossible (problems) or weak (warnings); `survey` is of its measurements."""
    _check_size(cohort, findings, file)
    check_members(cohort, n_folds, findings, file)
    _check_groups(cohort, n_folds, findings, file)
    _check_measurements(cohort, survey, findings)
    scales = zip(survey.scale_C, survey.channels, strict=True)
    findings.warnings += [warning for scale, channel in scales if (warning := scale.warning(channel))]
    findings.warnings += skewed_phenotypes(cohort.phenotype)


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


def _check_measurements(cohort: Cohort, survey: Survey, findings: Findings) -> None:
    if not survey.n_values:
        return
    if survey.n_missing:
        share = survey.n_missing / survey.n_values
        if share > MANY_MISSING:
            findings.warnings.append(
                f"{share:.0%} of the measurements are missing; they are filled with training means"
            )
        blank = [cohort.samples[i] for i in survey.blank_samples]
        if blank:
            findings.warnings.append(f"no measurement at all: {counted(len(blank), 'sample')} ({listed(blank)})")
    constant = survey.constant_genes
    if constant:
        findings.warnings.append(
            f"the same value in all samples: {counted(len(constant), 'gene')}, kept ({listed(constant)})"
        )
    _warn_copies(cohort, survey, findings)


def _warn_copies(cohort: Cohort, survey: Survey, findings: Findings) -> None:
    """Warn of samples with the same measurements that are not known to belong together."""
    owner = np.arange(cohort.n_samples) if cohort.groups is None else cohort.groups
    first: dict[int, int] = {}
    copies = []
    for i, row in enumerate(codes_of_digests(survey.row_digests_BCH).tolist()):
        original = first.setdefault(row, i)
        if owner[original] != owner[i]:
            copies.append(f"{cohort.samples[original]} = {cohort.samples[i]}")
    if copies:
        count = counted(len(copies), "sample")
        findings.warnings.append(
            f"exactly the measurements of another one: {count} ({listed(copies, 3)}); repeated records?"
        )
