"""A cohort: samples x genes x channels with covariates, a phenotype and sample groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hypomask.data.row_digests import row_digests
from hypomask.data.streamed import Streamed, map_values
from hypomask.errors import DataError, did_you_mean
from hypomask.outcomes.discrete_survival import DiscreteSurvival
from hypomask.outcomes.family import Family
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.outcomes.registry import family_of
from hypomask.outcomes.several import MaskedGenes, SeveralPhenotypes
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.target import Target

__all__ = ["Cohort", "Phenotype"]


@dataclass(frozen=True, eq=False)
class Phenotype:
    """What is to be explained.

    Parameters
    ----------
    values
        (B,) float64 in the coding of the kind's family (`hypomask.outcomes`): measurements, class codes 0..K-1,
        counts, or times with a minus sign where censored. (B, T) for masked genes and several phenotypes.
    classes
        Class names by code; empty where there are none. For a binary phenotype `classes[1]` is the event.
    columns
        Names of the T columns of masked genes.
    parts
        The T phenotypes of several.
    """

    name: str
    kind: PhenotypeKind
    values: npt.NDArray[np.float64]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    parts: tuple[Phenotype, ...] = ()

    @staticmethod
    def several(parts: Sequence[Phenotype]) -> Phenotype:
        """Return several phenotypes as one."""
        name = ", ".join(part.name for part in parts)
        return Phenotype(name, "several", np.column_stack([part.values for part in parts]), parts=tuple(parts))

    @staticmethod
    def masked_genes(genes: tuple[str, ...], values_BG: npt.NDArray[np.floating[Any]]) -> Phenotype:
        """Return the measurements (B, G) of `genes` as what is to be predicted; NaN where missing."""
        return Phenotype("hidden values of genes", "masked-genes", values_BG.astype(np.float64), columns=genes)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of what several responses are of: genes, or phenotypes; empty for a single one."""
        return self.columns or tuple(part.name for part in self.parts)

    @property
    def predicted_names(self) -> tuple[str, ...]:
        """Names of the columns of a prediction; empty text for a single one."""
        if self.parts:
            named = [(part.name, name) for part in self.parts for name in part.predicted_names]
            return tuple(f"{part}: {name}" if name else part for part, name in named)
        if isinstance(self.target, CoxSurvival | DiscreteSurvival):
            return tuple(f"hazard up to {end:g}" for end in self.target.ends_T)
        return self.columns or (self.classes if self.target.n_predicted > 1 else ("",))

    @cached_property
    def target(self) -> Target:
        """How predictions of it are scored."""
        if self.kind == "masked-genes":
            return MaskedGenes.for_values(self.values)
        if self.kind == "several":
            return SeveralPhenotypes([part.family for part in self.parts], self.values)
        return self.family

    @cached_property
    def family(self) -> Family:
        """How it is fitted and scored; there is none for masked genes and several phenotypes."""
        return family_of(self.kind, self.values, self.classes)

    @property
    def n_outputs(self) -> int:
        """Columns of the linear predictor: K for K > 2 classes, else 1."""
        return self.family.n_outputs


@dataclass(frozen=True, eq=False)
class Cohort:
    """Measurements of genes in samples, checked (see `hypomask.data.checks`) and ready to be split.

    Parameters
    ----------
    samples
        (B,) observation ids, unique text.
    genes
        (G,) gene ids, unique text.
    channels
        (C,) names of the layers of measurement, e.g. ``("expression",)`` or ``("mutation", "deletion")``.
    values_BGC
        (B, G, C) float32, NaN where missing. Mapped from a file where they are `streamed`: take rows of it, not all.
    covariates
        (B, P) float64 frame indexed by sample: numeric covariates as they are, categories one-hot (first level left
        out); NaN where missing. May have no columns.
    groups
        (B,) text, or None: samples that must stay on one side of a split (patient, cell line, batch).
    strata
        (B, S) text frame of the categorical covariates as given, for subgroup tables. May have no columns.
    streamed
        Of measurements that do not fit into memory: their file, and what is known of those that are not in it. Such
        a cohort has the genes that its study needs.
    """

    samples: tuple[str, ...]
    genes: tuple[str, ...]
    channels: tuple[str, ...]
    values_BGC: npt.NDArray[np.float32]
    covariates: pd.DataFrame
    phenotype: Phenotype
    groups: npt.NDArray[np.str_] | None
    strata: pd.DataFrame
    streamed: Streamed | None = None

    @property
    def n_samples(self) -> int:
        """Number of observations."""
        return len(self.samples)

    @property
    def measured_genes(self) -> tuple[str, ...]:
        """All genes that were measured, whether or not this cohort has their values."""
        return self.genes if self.streamed is None else self.streamed.measured_genes

    @property
    def all_row_digests(self) -> npt.NDArray[np.uint64]:
        """(B, C, 2): hashes of every sample's measurements of all measured genes (`hypomask.data.row_digests`)."""
        return row_digests(self.values_BGC) if self.streamed is None else self.streamed.row_digests_BCH

    def gene_index(self, genes: tuple[str, ...]) -> npt.NDArray[np.int64]:
        """Return the positions of `genes` in this cohort, or raise `DataError` naming the first that is absent."""
        positions = {gene: i for i, gene in enumerate(self.genes)}
        for gene in genes:
            if gene not in positions:
                raise DataError(f"gene {gene!r} is not in the cohort.{did_you_mean(gene, self.genes)}")
        return np.array([positions[gene] for gene in genes], dtype=np.int64)

    def with_values_mapped(self) -> Cohort:
        """Return the cohort with its streamed measurements mapped by this process, where they are not yet.

        Raises
        ------
        RunError
            Their file is gone, or is not what was written.
        """
        if self.streamed is None or len(self.values_BGC):
            return self
        shape = (self.n_samples, len(self.genes), len(self.channels))
        return replace(self, values_BGC=map_values(self.streamed.file, shape, self.streamed.sha256))

    def with_genes(self, genes: tuple[str, ...]) -> Cohort:
        """Return the cohort restricted to `genes`, in that order."""
        positions = self.gene_index(genes)
        phenotype = self.phenotype
        if phenotype.kind == "masked-genes":
            phenotype = Phenotype.masked_genes(genes, self.values_BGC[:, positions, 0])
        return replace(self, genes=genes, values_BGC=self.values_BGC[:, positions], phenotype=phenotype)
