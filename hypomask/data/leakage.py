"""Columns that are the phenotype under another name: a model that reads them explains nothing."""

from __future__ import annotations

import numpy as np

from hypomask.data.agreement import MIN_SAMPLES, Agreement, targets_of
from hypomask.data.cohort import Cohort
from hypomask.data.spec import DataSpec
from hypomask.data.survey import Survey
from hypomask.data.tables import listed
from hypomask.errors import Problem

__all__ = ["find_leaks", "find_named_leaks"]


def find_named_leaks(spec: DataSpec, genes: tuple[str, ...], file: str) -> list[Problem]:
    """Return problems where the phenotype is, by name, a gene, a covariate or the groups."""
    problems = []
    phenotypes = [name for name in (spec.phenotype, *spec.more_phenotypes) if name]
    problems += [
        Problem(f"{name!r} is the phenotype and a covariate (leakage); take it off one", file)
        for name in phenotypes
        if name in spec.covariates
    ]
    if spec.event is not None and spec.event in (*spec.covariates, spec.groups, *genes):
        problems.append(
            Problem(
                f"{spec.event!r} says who had the event, and is also a gene, a covariate or the groups (leakage)", file
            )
        )
    if spec.groups in phenotypes:
        problems.append(
            Problem(f"{spec.groups!r} is the phenotype and the groups; name another column as groups", file)
        )
    problems += [
        Problem(
            f"phenotype {name!r} is also a gene of the measurements (leakage); exclude that gene or, if it is another "
            "measurement, give the phenotype another name",
            file,
        )
        for name in phenotypes
        if name in genes
    ]
    return problems


def find_leaks(cohort: Cohort, survey: Survey, file: str) -> list[Problem]:
    """Return a problem for genes, and one for covariates, that are the phenotype, or one of its classes, up to scale.

    Nothing is tested in fewer than 20 samples, nor on a gene observed in fewer.

    Parameters
    ----------
    survey
        Of the cohort's measurements.
    """
    if cohort.n_samples < MIN_SAMPLES:
        return []
    problems = []
    by_covariates = Agreement(targets_of(cohort.phenotype), cohort.covariates.shape[1])
    by_covariates.add(np.arange(cohort.n_samples), cohort.covariates.to_numpy(dtype=np.float64))
    columns = [str(cohort.covariates.columns[i]) for i in by_covariates.perfect()]
    if columns:
        problems.append(
            Problem(
                f"covariate{'s' if len(columns) > 1 else ''} {listed(columns)} and phenotype "
                f"{cohort.phenotype.name!r} are the same thing (correlation 1): leakage; leave it out",
                file,
            )
        )
    for channel, agreement in zip(cohort.channels, survey.agreement_C, strict=True):
        genes = [survey.genes[i] for i in agreement.perfect()]
        if genes:
            problems.append(
                Problem(
                    f"gene{'s' if len(genes) > 1 else ''} {listed(genes)} of channel {channel!r} and phenotype "
                    f"{cohort.phenotype.name!r} are the same thing (correlation 1): leakage; exclude them",
                    file,
                )
            )
    return problems
