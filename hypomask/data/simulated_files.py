"""Simulated cohorts as files, in the shape in which a user would bring real ones."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

if TYPE_CHECKING:
    from hypomask.data.simulated import SimulatedCohort

__all__ = ["write_cohort"]

DECIMALS = 5


def write_cohort(simulated: SimulatedCohort, folder: Path) -> tuple[Path, Path, Path]:
    """Write ``expression.tsv.gz`` (samples in rows), ``samples.tsv`` (phenotype, covariates) and ``truth.tsv``.

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
    values = (
        [phenotype.classes[int(v)] for v in phenotype.values] if phenotype.classes else phenotype.values.round(DECIMALS)
    )
    frame = pd.DataFrame({"sample": cohort.samples, phenotype.name: values})
    for name in cohort.covariates:
        frame[name] = cohort.covariates[name].to_numpy().round(DECIMALS)
    frame.to_csv(samples, sep="\t", index=False, lineterminator="\n")

    edges = simulated.edges[["source", "target", "relation", "coefficient"]]
    edges.to_csv(truth, sep="\t", index=False, lineterminator="\n", float_format="%.6g")
    return expression, samples, truth
