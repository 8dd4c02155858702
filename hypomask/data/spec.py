"""What to read: the data section of a study, as an object; and what reading it brought to light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from hypomask.data.transforms import TRANSFORMS, Transform
from hypomask.errors import ConfigError, did_you_mean
from hypomask.outcomes.kinds import COLUMN_KINDS, ColumnKind

__all__ = ["STREAMING", "DataReport", "DataSpec", "Orientation", "Streaming"]

Orientation = Literal["auto", "samples-in-rows", "genes-in-rows"]
Streaming = Literal["auto", "always", "never"]
STREAMING: tuple[Streaming, ...] = get_args(Streaming)


@dataclass(frozen=True)
class DataSpec:
    """Where a cohort's measurements and phenotype are.

    Parameters
    ----------
    channels
        Name of each layer of measurement and its table: CSV or TSV (gzipped too), Parquet, or one AnnData ``.h5ad``.
    phenotype
        Column of the samples table (of the one channel table where there is no samples table; of ``obs``) to explain.
    samples
        Table with one row per observation: phenotype, covariates, groups. None: they are columns of the one channel
        table, or ``obs`` of the AnnData file.
    key_column
        Column of the samples table that names the row of the channel tables. May repeat: several observations of one
        sample. Default: the id column.
    id_column
        Column with the name of the observation. Default: the first column, or the key column where that is given;
        repeated keys are told apart as ``KEY#1``, ``KEY#2``. An id that is unique only together with the key (say, the
        name of a laboratory) gives ``KEY|id``.
    kind
        ``auto``: two values are binary, text of 3 to 20 levels is classes, numbers are continuous; with `event`, it is
        survival. ``counts`` and ``discrete-survival`` (time in few intervals: visits, years) are for you to say.
    more_phenotypes
        Columns of further phenotypes, to be explained together with `phenotype`; the kind of each is found by itself.
    masked_genes
        Instead of a phenotype: the measurements of the first channel are what is to be explained, gene by gene, each
        hidden while it is predicted from the others.
    event
        Survival only: column of two values that says whether the sample had the event at the time in column
        `phenotype`, or was last seen without it.
    positive
        Which of the two values of a binary phenotype, or of column `event`, is the event. Default: the one that reads
        like an event (yes, 1, case, MUT, tumor...), else the later in sorted order; the report says which.
    covariates
        Columns that are adjusted for: numbers as they are, text as categories.
    groups
        Column naming what must not be parted by a split (patient, cell line, batch).
    orientation
        Of the channel tables. ``auto`` decides by where the sample ids are found.
    layers
        AnnData only: ``X`` and names of layers; each becomes a channel, ``X`` under the name given in `channels`. With
        the default, a channel that is called like a layer is that layer.
    exclude
        Columns of the channel tables that are neither genes nor anything else that is named here.
    transform
        Of all measurements: ``log`` of intensities and concentrations, ``log1p`` of counts.
    drop_missing_phenotype
        Leave out observations without a phenotype rather than refuse them.
    streaming
        Whether measurements stay on the disk and are read some samples at a time: ``always``, ``never``, or ``auto``:
        those of AnnData and Parquet files that are too large for the memory that is free (`hypomask.data.memory`).
    """

    channels: Mapping[str, Path]
    phenotype: str = ""
    samples: Path | None = None
    key_column: str | None = None
    id_column: str | None = None
    kind: Literal["auto"] | ColumnKind = "auto"
    more_phenotypes: tuple[str, ...] = ()
    masked_genes: bool = False
    event: str | None = None
    positive: str | None = None
    covariates: tuple[str, ...] = ()
    groups: str | None = None
    orientation: Orientation = "auto"
    layers: tuple[str, ...] = ("X",)
    exclude: tuple[str, ...] = ()
    transform: Transform = "none"
    drop_missing_phenotype: bool = False
    streaming: Streaming = "auto"

    def __post_init__(self) -> None:
        wrong = []
        if not self.channels:
            wrong.append("no channel; give at least one table of measurements")
        if not self.phenotype and not self.masked_genes:
            wrong.append("no phenotype; name the column to explain")
        if self.masked_genes and (self.phenotype or self.more_phenotypes or self.event):
            wrong.append("a phenotype and masked genes cannot be explained at once; name one of them")
        if self.more_phenotypes and (self.event or self.positive or self.kind != "auto"):
            wrong.append("several phenotypes: the kind of each is found by itself; leave out kind, event and positive")
        if len({self.phenotype, *self.more_phenotypes}) <= len(self.more_phenotypes):
            wrong.append("several phenotypes: a column is named twice")
        for option, value, choices in (
            ("kind", self.kind, ("auto", *COLUMN_KINDS)),
            ("transform", self.transform, TRANSFORMS),
            ("streaming", self.streaming, STREAMING),
            ("orientation", self.orientation, ("auto", "samples-in-rows", "genes-in-rows")),
        ):
            if value not in choices:
                wrong.append(
                    f"{option}: got {value!r}, expected one of {', '.join(choices)}.{did_you_mean(value, choices)}"
                )
        if self.masked_genes and self.streaming == "always":
            wrong.append(
                "masked genes cannot be streamed: every measurement is also what is predicted, and is held in memory; "
                "name fewer genes in the table, or leave out 'streaming'"
            )
        timed = self.kind in ("survival", "discrete-survival")
        if timed and self.event is None:
            wrong.append(f"kind {self.kind} needs 'event', the column that says whether the event was seen")
        if self.event is not None and not timed and self.kind != "auto":
            wrong.append(f"'event' is for kind survival or discrete-survival, and kind is {self.kind}")
        if self.event is not None and self.event == self.phenotype:
            wrong.append(f"{self.event!r} is the time and the event; name the column that says whether it was seen")
        n_anndata = sum(path.suffix == ".h5ad" for path in self.channels.values())
        if n_anndata and len(self.channels) > 1:
            wrong.append("an .h5ad file must be the only channel file; name its layers as channels with 'layers'")
        if not n_anndata and self.layers != ("X",):
            wrong.append("'layers' is for an .h5ad file, and no channel is one")
        if not n_anndata and self.samples is None and len(self.channels) > 1:
            wrong.append("several channel tables need a samples table with the phenotype; give 'samples'")
        if not n_anndata and self.samples is None and self.key_column is not None:
            wrong.append("'key_column' is a column of the samples table, and there is none; give 'samples'")
        if not n_anndata and self.samples is None and self.orientation == "genes-in-rows":
            wrong.append("a table with genes in rows has no column for the phenotype; give 'samples'")
        if wrong:
            raise ConfigError("\n".join(f"data: {line}" for line in wrong))


@dataclass(frozen=True)
class DataReport:
    """What was read, and what a reader of the results must know about it.

    Parameters
    ----------
    warnings
        What may make results wrong or weak.
    notes
        Decisions that were made: which class is the event, what was left out.
    counts
        Samples, genes, channels, groups, missing values, members of each class...
    files
        SHA-256 of every file that was read.
    """

    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists and dicts, as written into ``results.json``."""
        return {
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "counts": dict(self.counts),
            "files": dict(self.files),
        }
