"""One pass over files that do not fit into memory: every check, and a file of what the study needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hypomask.data.checks import genes_with_values, warn_of_missing_channels
from hypomask.data.cohort import Cohort
from hypomask.data.joining import Join
from hypomask.data.scratch import Scratch
from hypomask.data.source_files import file_hash
from hypomask.data.streamed import Streamed, map_values, write_values
from hypomask.data.survey import Survey
from hypomask.data.tables import Findings
from hypomask.data.transforms import Transform, Transformer

__all__ = ["stream_values"]

VALUES = "values.f32"


def stream_values(
    cohort: Cohort,
    joined: Join,
    rows: Sequence[int],
    transform: Transform,
    scratch: Scratch,
    needed: Callable[[tuple[str, ...]], tuple[str, ...]],
    findings: Findings,
) -> tuple[Cohort, Survey]:
    """Return `cohort` with the measurements of the observations `rows`, mapped from a file, and what all of them tell.

    Every gene is surveyed; the file has those that are needed. Genes without any value are found only at the end of a
    pass; where there are such, a second one is made without them, as if they had never been there.
    """
    genes = joined.genes
    while True:
        stored = needed(genes)
        survey, values_BGC = _one_pass(cohort, joined, rows, genes, stored, transform, scratch, findings)
        findings.stop_if_any()
        measured = genes_with_values(genes, survey.unmeasured, findings)
        findings.stop_if_any()
        if measured == genes:
            break
        genes = measured
    warn_of_missing_channels(genes, cohort.channels, survey.unmeasured, findings)
    path, shape = scratch.path / VALUES, values_BGC.shape
    if isinstance(values_BGC, np.memmap):
        values_BGC.flush()
    sha256 = file_hash(path) if path.exists() else ""
    streamed = Streamed(path, sha256, genes, survey.row_digests_BCH, scratch)
    return replace(cohort, genes=stored, values_BGC=map_values(path, shape), streamed=streamed), survey


def _one_pass(
    cohort: Cohort,
    joined: Join,
    rows: Sequence[int],
    genes: tuple[str, ...],
    stored: tuple[str, ...],
    transform: Transform,
    scratch: Scratch,
    findings: Findings,
) -> tuple[Survey, npt.NDArray[np.float32]]:
    survey = Survey(genes, cohort.channels, cohort.phenotype)
    transformer = Transformer(transform, cohort.samples, genes, findings)
    position = {gene: i for i, gene in enumerate(genes)}
    columns = np.array([position[gene] for gene in stored], dtype=np.int64)
    values_BGC = write_values(scratch.path / VALUES, (len(rows), len(stored), len(cohort.channels)))
    for c, channel in enumerate(cohort.channels):
        for samples, measured_BG in joined.by_sample(channel, rows, genes):
            values_BG = transformer.apply(samples, measured_BG)
            survey.add(c, samples, values_BG)
            values_BGC[samples, :, c] = values_BG[:, columns]
    transformer.finish()
    return survey, values_BGC
