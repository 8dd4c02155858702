"""Reading a cohort: files to tables, tables to observations with measurements, checks before anything trains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hypomask.data.checks import check_cohort, check_values, without_unmeasured_genes
from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.covariates import read_covariates
from hypomask.data.gene_names import check_ids
from hypomask.data.joining import Join, join
from hypomask.data.leakage import find_leaks, find_named_leaks
from hypomask.data.members import members_of
from hypomask.data.memory import is_streamed, size_in_memory
from hypomask.data.observations import Observations, find_observations
from hypomask.data.orientation import orient
from hypomask.data.phenotypes import missing_phenotype, read_phenotype
from hypomask.data.scratch import Scratch
from hypomask.data.sources import Sources, read_sources
from hypomask.data.spec import DataReport, DataSpec
from hypomask.data.stream_values import stream_values
from hypomask.data.streamed import Storage
from hypomask.data.survey import Survey, survey_of
from hypomask.data.tables import Findings, Matrix
from hypomask.data.transforms import transformed
from hypomask.errors import Problem, RunError

__all__ = ["DataReport", "DataSpec", "read_cohort"]


def read_cohort(spec: DataSpec, *, n_folds: int = 5, storage: Storage | None = None) -> tuple[Cohort, DataReport]:
    """Read, join and check a cohort.

    Its samples are the observations of the samples table that have measurements in every channel; its genes are those
    of every channel, in the order of the first. What is left out is in the report. Measurements that do not fit into
    memory (`hypomask.data.memory`) are streamed: checked as all others are, and mapped from a file that holds the
    genes that are needed.

    Parameters
    ----------
    n_folds
        Folds that the cohort will be split into: every class, and the groups, must be at least as many.
    storage
        Where measurements are kept that are streamed, and which of them; None: all of them, in a temporary folder.

    Raises
    ------
    DataError
        With every problem of the stage that failed: files; observations; ids and values; phenotype and covariates;
        the cohort as a whole.
    RunError
        No disk space for measurements that are streamed; no memory for those that are not.
    """
    findings = Findings()
    storage = storage or Storage()
    scratch = Scratch(storage.within) if is_streamed(spec, storage.streamed) else None
    try:
        sources = read_sources(spec, findings, None if scratch is None else scratch.path)
        observations = find_observations(sources.table, spec, findings)
        channels = _checked_channels(sources, observations, spec, findings)
        joined = join(channels, observations.keys, spec.exclude, sources.table.file, findings)
        cohort, survey = _assemble(joined, observations, spec, findings, storage.needed, scratch)
        check_cohort(cohort, survey, n_folds, findings, sources.table.file)
        findings.problems += find_leaks(cohort, survey, sources.table.file)
        findings.stop_if_any()
    except BaseException as error:
        if scratch is not None:
            scratch.remove()
        if isinstance(error, MemoryError):
            raise _out_of_memory(spec, scratch) from error
        raise
    return cohort, DataReport(tuple(findings.warnings), tuple(findings.notes), _counts(cohort, survey), sources.files)


def _out_of_memory(spec: DataSpec, scratch: Scratch | None) -> RunError:
    files = ", ".join(str(path) for path in dict.fromkeys(spec.channels.values()))
    if scratch is None and size_in_memory(spec) and not spec.masked_genes:
        way_out = "say 'streaming: always' under 'data', and they stay on the disk"
    else:
        way_out = (
            "end other programs, or read fewer genes or samples; text takes less as Parquet, which can be streamed"
        )
    return RunError(f"{files}: there is not enough memory for the measurements; {way_out}")


def _checked_channels(
    sources: Sources, observations: Observations, spec: DataSpec, findings: Findings
) -> dict[str, Matrix]:
    """Return the channels with samples and genes told apart, their ids and values checked."""
    channels: dict[str, Matrix] = {}
    for channel, matrix in sources.channels.items():
        oriented = orient(matrix, observations.keys, spec.orientation, sources.table.file)
        if isinstance(oriented, Problem):
            findings.problems.append(oriented)
            continue
        findings.problems += check_ids(oriented)
        check_values(oriented, findings)
        channels[channel] = oriented
    if channels:
        genes = tuple(gene for gene in next(iter(channels.values())).genes if gene not in spec.exclude)
        findings.problems += find_named_leaks(spec, genes, sources.table.file)
    findings.stop_if_any()
    return channels


def _assemble(
    joined: Join,
    observations: Observations,
    spec: DataSpec,
    findings: Findings,
    needed: Callable[[tuple[str, ...]], tuple[str, ...]],
    scratch: Scratch | None,
) -> tuple[Cohort, Survey]:
    table = observations.table
    rows = missing_phenotype(table, joined.rows, spec, findings)
    ids = tuple(observations.ids[row] for row in rows)
    covariates, strata = read_covariates(table, rows, ids, spec, findings)
    values_BGC = np.zeros((len(rows), 0, len(joined.channels)), np.float32)
    if scratch is None:
        values_BGC = transformed(joined.values(rows), spec.transform, ids, joined.genes, findings)
    if spec.masked_genes:
        phenotype = Phenotype.masked_genes(joined.genes, values_BGC[:, :, 0])
    else:
        phenotype = read_phenotype(table, rows, spec, findings)
    findings.stop_if_any()
    cohort = Cohort(
        samples=ids,
        genes=joined.genes if scratch is None else (),
        channels=tuple(joined.channels),
        values_BGC=values_BGC,
        covariates=covariates,
        phenotype=phenotype,
        groups=None if observations.groups is None else observations.groups[rows],
        strata=strata,
    )
    if scratch is not None:
        return stream_values(cohort, joined, rows, spec.transform, scratch, needed, findings)
    cohort = without_unmeasured_genes(cohort, findings)
    return cohort, survey_of(cohort)


def _counts(cohort: Cohort, survey: Survey) -> dict[str, int]:
    """Return the sizes that a report shows first."""
    counts = {
        "samples": cohort.n_samples,
        "genes": len(cohort.measured_genes),
        "channels": len(cohort.channels),
        "covariates": cohort.covariates.shape[1],
        "missing values": survey.n_missing,
    }
    if cohort.groups is not None:
        counts["groups"] = len(np.unique(cohort.groups))
    for phenotype in cohort.phenotype.parts or (cohort.phenotype,):
        for name, mask in members_of(phenotype).items():
            counts[f"{phenotype.name} = {name}" if phenotype.classes else f"{phenotype.name}: {name}"] = int(mask.sum())
    return counts
