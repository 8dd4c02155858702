"""What a run gives to whoever asked for it: the comparison, its tables, masks and coverage, and where the files are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hypomask.comparison.plain import to_plain
from hypomask.execution.results import FORMAT_VERSION
from hypomask.execution.run_folder import Subjects
from hypomask.execution.study_writing import study_as_dict
from hypomask.version import __version__

if TYPE_CHECKING:
    from hypomask.comparison.circumstances import NullControl
    from hypomask.comparison.result import Comparison
    from hypomask.execution.losses import ModelLosses
    from hypomask.execution.spending import Spent
    from hypomask.execution.study_definition import Study
    from hypomask.masks.coverage import Coverage
    from hypomask.masks.mask import Mask

__all__ = ["StudyResult"]


@dataclass(frozen=True, eq=False)
class StudyResult:
    """The answer of a study and what it rests on.

    Parameters
    ----------
    study
        What was asked.
    comparison
        The answer: verdict, ranking, pairs, null tests.
    folder
        The run folder.
    masks
        Masks of the hypotheses, by name.
    coverage
        What became of each hypothesis when it met the data's genes.
    data
        Counts, notes, warnings and file hashes of the data.
    null_masks, null_kinds
        How each contender's null masks were drawn: a sentence and the kind, by hypothesis.
    null_controls
        How good a control they are, for those that have any.
    spending
        What the trainings were spent on.
    warnings
        All a reader must know: of the comparison, the data, the masks and the trainings.
    environment
        Versions, machine, command, times: as in ``environment.json``.
    """

    study: Study
    comparison: Comparison
    folder: Path
    masks: Mapping[str, Mask]
    coverage: tuple[Coverage, ...]
    data: Mapping[str, Any]
    null_masks: Mapping[str, str]
    null_kinds: Mapping[str, str]
    null_controls: Mapping[str, NullControl]
    warnings: tuple[str, ...]
    subjects: Subjects
    losses: Mapping[str, ModelLosses]
    spending: tuple[Spent, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return self.comparison.verdict.sentence

    def ranking(self) -> pd.DataFrame:
        """Return one row per hypothesis and reference, best first."""
        return self.comparison.ranking()

    def pairs(self) -> pd.DataFrame:
        """Return one row per pair of models."""
        return self.comparison.pair_table()

    def nulls(self) -> pd.DataFrame:
        """Return one row per null test."""
        return self.comparison.null_table()

    def coverage_table(self) -> pd.DataFrame:
        """Return one row per hypothesis: genes and edges named, found and kept."""
        rows = [row.as_dict() for row in self.coverage]
        for row in rows:
            row["missing"] = " ".join(row["missing"])
        columns = ("hypothesis", "genes_named", "genes_found", "fraction", "edges_named", "edges_kept")
        frame = pd.DataFrame(rows, columns=[*columns, "n_tokens", "n_edges", "missing"])
        return frame.set_index("hypothesis")

    def predictions(self) -> pd.DataFrame:
        """Return out-of-fold predictions, one row per sample.

        A column per model, averaged over repeats: the logit of the event for a binary phenotype, the value in its own
        unit for a continuous one. With several classes there is a column per model and class.
        """
        phenotype = self.subjects.phenotype
        columns: dict[str, Any] = {phenotype.name: phenotype.values}
        if phenotype.part_names:
            columns = dict(zip(phenotype.part_names, phenotype.values.T, strict=True))
        if phenotype.classes:
            columns[phenotype.name] = [phenotype.classes[int(code)] for code in phenotype.values]
        if self.subjects.groups is not None:
            columns["group"] = self.subjects.groups
        for name, losses in self.losses.items():
            eta_BK = np.mean(losses.eta_RBK, axis=0)
            if eta_BK.shape[1] == 1:
                columns[name] = eta_BK[:, 0]
            else:
                columns |= {f"{name}: {label}": eta_BK[:, k] for k, label in enumerate(phenotype.predicted_names)}
        return pd.DataFrame(columns, index=pd.Index(self.subjects.samples, name="sample"))

    def trainings(self) -> pd.DataFrame:
        """Return one row per purpose: hypotheses, references, null masks of each hypothesis."""
        rows = [{**vars(spent), "trainings": spent.trainings} for spent in self.spending]
        columns = ["purpose", "name", "draws", "jobs", "inner_trainings", "final_trainings", "trainings"]
        return pd.DataFrame(rows, columns=columns).set_index(["purpose", "name"])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by the name of its file."""
        tables = {
            "ranking": self.ranking(),
            "pairs": self.pairs(),
            "nulls": self.nulls(),
            "health": self.comparison.health_table(),
            "coverage": self.coverage_table(),
            "predictions": self.predictions(),
            "trainings": self.trainings(),
        }
        if self.comparison.subgroups is not None:
            tables["subgroups"] = self.comparison.subgroup_frame()
        if self.comparison.parts:
            tables["parts"] = self.comparison.part_table()
        return tables

    def as_dict(self) -> dict[str, Any]:
        """Return the content of ``results.json``: plain JSON types, no dates, no durations, no paths."""
        settings = study_as_dict(self.study)
        for part in ("hypomask", "name", "data", "hypotheses"):
            settings.pop(part, None)
        if self.study.plan.null_modules:
            settings["plan"]["null_modules"] = Path(self.study.plan.null_modules).name
        return {
            "format": FORMAT_VERSION,
            "hypomask": __version__,
            "study": self.study.name,
            "phenotype": {
                "name": self.subjects.phenotype.name,
                "kind": self.subjects.phenotype.kind,
                "classes": list(self.subjects.phenotype.classes),
            },
            "settings": settings,
            "data": to_plain(self.data),
            "coverage": [row.as_dict() for row in self.coverage],
            "null_masks": dict(self.null_masks),
            "null_kinds": dict(self.null_kinds),
            "null_controls": to_plain(self.null_controls),
            "comparison": self.comparison.as_dict(),
            "trainings": to_plain(self.spending),
            "warnings": list(self.warnings),
        }
