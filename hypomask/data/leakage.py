"""Columns that are the phenotype under another name: a model that reads them explains nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.spec import DataSpec
from hypomask.data.tables import listed
from hypomask.errors import Problem
from hypomask.outcomes.survival_times import times_and_events

__all__ = ["find_leaks", "find_named_leaks"]

PERFECT = 1 - 1e-5
"""Correlation that rounding to three digits leaves of a copy; no measurement of something else reaches it."""

MIN_SAMPLES = 20
"""Among 10,000 binary genes, one agrees with a binary phenotype of 10 samples by chance; of 20 samples, none does."""

CHUNK = 2048


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


def find_leaks(cohort: Cohort, file: str) -> list[Problem]:
    """Return a problem for genes, and one for covariates, that are the phenotype, or one of its classes, up to scale.

    Nothing is tested in fewer than 20 samples, nor on a gene observed in fewer.
    """
    if cohort.n_samples < MIN_SAMPLES:
        return []
    target_BK = _targets(cohort.phenotype)
    problems = []
    covariates_BP = cohort.covariates.to_numpy(dtype=np.float64)
    columns = [str(cohort.covariates.columns[i]) for i in _perfect(covariates_BP, target_BK)]
    if columns:
        problems.append(
            Problem(
                f"covariate{'s' if len(columns) > 1 else ''} {listed(columns)} and phenotype "
                f"{cohort.phenotype.name!r} are the same thing (correlation 1): leakage; leave it out",
                file,
            )
        )
    for c, channel in enumerate(cohort.channels):
        genes = [cohort.genes[i] for i in _perfect(cohort.values_BGC[:, :, c], target_BK)]
        if genes:
            problems.append(
                Problem(
                    f"gene{'s' if len(genes) > 1 else ''} {listed(genes)} of channel {channel!r} and phenotype "
                    f"{cohort.phenotype.name!r} are the same thing (correlation 1): leakage; exclude them",
                    file,
                )
            )
    return problems


def _targets(phenotype: Phenotype) -> npt.NDArray[np.float64]:
    """Return (B, K): the measurement, the event, the time and whether the event was seen, or indicators of classes."""
    if phenotype.kind == "masked-genes":
        return np.zeros((len(phenotype.values), 0))  # a gene is hidden from its own prediction
    if phenotype.kind == "several":
        return np.concatenate([_targets(part) for part in phenotype.parts], axis=1)
    if phenotype.kind in ("survival", "discrete-survival"):
        times_B, event_B = times_and_events(phenotype.values)
        return np.column_stack([times_B, event_B, np.log(times_B)])
    if phenotype.kind == "counts":
        return np.column_stack([phenotype.values, np.log1p(phenotype.values)])  # as expression is often given
    if phenotype.kind != "classes":
        return phenotype.values[:, None]
    return np.eye(len(phenotype.classes))[phenotype.values.astype(np.int64)]


def _perfect(x_BG: npt.NDArray[np.floating], target_BK: npt.NDArray[np.float64]) -> list[int]:
    """Return the columns of `x_BG` whose correlation with a target, over observed samples, is 1 or -1."""
    found: list[int] = []
    for start in range(0, x_BG.shape[1], CHUNK):
        part_BG = x_BG[:, start : start + CHUNK].astype(np.float64)
        seen_BG = np.isfinite(part_BG)
        n_G = np.maximum(seen_BG.sum(axis=0), 1)
        if not seen_BG.all():
            part_BG[~seen_BG] = 0.0
        part_BG -= part_BG.sum(axis=0) / n_G
        if not seen_BG.all():
            part_BG[~seen_BG] = 0.0
        square_G = np.einsum("bg,bg->g", part_BG, part_BG)
        weight_BG = seen_BG.astype(np.float64)
        for y_B in (target_BK - target_BK.mean(axis=0)).T:
            cross_G = y_B @ part_BG
            y_square_G = (y_B**2) @ weight_BG - (y_B @ weight_BG) ** 2 / n_G
            enough = n_G >= MIN_SAMPLES
            is_perfect = enough & (square_G * y_square_G > 0) & (cross_G**2 > PERFECT**2 * square_G * y_square_G)
            found += (start + np.flatnonzero(is_perfect)).tolist()
    return sorted(set(found))
