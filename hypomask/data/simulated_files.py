"""Simulated cohorts as files, in the shape in which a user would bring real ones."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from hypomask.outcomes.survival_times import times_and_events

if TYPE_CHECKING:
    from hypomask.data.cohort import Phenotype
    from hypomask.data.simulated import SimulatedCohort

__all__ = ["EVENT", "write_cohort"]

DECIMALS = 5
EVENT = "event"


def write_cohort(simulated: SimulatedCohort, folder: Path) -> tuple[Path, Path, Path]:
    """Write ``expression.tsv.gz`` (samples in rows), ``samples.tsv`` (phenotype, covariates) and ``truth.tsv``.

    A survival phenotype has two columns in ``samples.tsv``: the time, and `EVENT`, whether the event was seen.
    `folder` is made where it is not there. Values have five decimals. The same cohort gives the same bytes.

    Returns
    -------
    tuple of Path
        The three files, in that order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cohort = simulated.cohort
    expression, samples, truth = folder / "expression.tsv.gz", folder / "samples.tsv", folder / "truth.tsv"

    columns: dict[str, pa.Array] = {"sample": pa.array(cohort.samples)}
    rounded_BG = np.round(cohort.values_BGC[:, :, 0], DECIMALS)
    columns |= {gene: pa.array(rounded_BG[:, i]) for i, gene in enumerate(cohort.genes)}
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    # no time and no name in the gzip header, so that the bytes depend on the cohort alone
    with (
        expression.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as file,
    ):
        file.write("\t".join(columns).encode() + b"\n")
        pyarrow.csv.write_csv(pa.table(columns), file, options)

    phenotype = cohort.phenotype
    frame = pd.DataFrame({"sample": cohort.samples, **_columns(phenotype)})
    for name in cohort.covariates:
        frame[name] = cohort.covariates[name].to_numpy().round(DECIMALS)
    frame.to_csv(samples, sep="\t", index=False, lineterminator="\n")

    edges = simulated.edges[["source", "target", "relation", "coefficient"]]
    edges.to_csv(truth, sep="\t", index=False, lineterminator="\n", float_format="%.6g")
    return expression, samples, truth


def _columns(phenotype: Phenotype) -> dict[str, Any]:
    if phenotype.classes:
        return {phenotype.name: [phenotype.classes[int(value)] for value in phenotype.values]}
    if phenotype.kind == "survival":
        time_B, event_B = times_and_events(phenotype.values)
        return {phenotype.name: time_B.round(DECIMALS), EVENT: np.where(event_B, "yes", "no")}
    if phenotype.kind == "counts":
        return {phenotype.name: phenotype.values.astype(np.int64)}
    return {phenotype.name: phenotype.values.round(DECIMALS)}
