"""What lies where in a run folder, and the samples that its predictions are for."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hypomask.data.cohort import Phenotype
from hypomask.errors import RunError
from hypomask.execution.durable import remove_stale_temporaries
from hypomask.execution.parquet_files import read_parquet, write_parquet
from hypomask.execution.strata import Strata

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort
    from hypomask.data.splits import Folds

__all__ = ["RunFolder", "Subjects"]


@dataclass(frozen=True, eq=False)
class Subjects:
    """The samples of a run: ids, phenotype, groups and strata, but no measurements."""

    samples: tuple[str, ...]
    phenotype: Phenotype
    groups: npt.NDArray[np.str_] | None
    strata: Strata

    @classmethod
    def of(cls, cohort: Cohort, folds: Folds) -> Subjects:
        """Return the samples of `cohort`, split by `folds`."""
        return cls(cohort.samples, cohort.phenotype, cohort.groups, Strata.of(cohort, folds))


@dataclass(frozen=True)
class RunFolder:
    """The files of one run. All but the ledger and the predictions are written again by `compare`."""

    path: Path

    @property
    def ledger(self) -> Path:
        """Every job, its state and its numbers."""
        return self.path / "run.sqlite"

    @property
    def predictions(self) -> Path:
        """Folder of out-of-fold predictions, a file per job."""
        return self.path / "predictions"

    @property
    def checkpoints(self) -> Path:
        """Folder of trained models, a file per job that kept its own; their masks in a folder of it."""
        return self.path / "checkpoints"

    @property
    def knockouts(self) -> Path:
        """Folder of knockouts' tables and pages, written by `hypomask knockout`."""
        return self.path / "knockouts"

    @property
    def masks(self) -> Path:
        """Folder of the hypotheses' masks."""
        return self.path / "masks"

    @property
    def tables(self) -> Path:
        """Folder of the tables of the answer."""
        return self.path / "tables"

    @property
    def work(self) -> Path:
        """Folder for what is needed only while a run goes on."""
        return self.path / "work"

    @property
    def study(self) -> Path:
        """The study, every setting written out."""
        return self.path / "study.yaml"

    @property
    def samples(self) -> Path:
        """Ids, phenotype, groups and folds."""
        return self.path / "samples.parquet"

    @property
    def results(self) -> Path:
        """The answer."""
        return self.path / "results.json"

    @property
    def environment(self) -> Path:
        """Versions, machine, command, times."""
        return self.path / "environment.json"

    @property
    def report(self) -> Path:
        """The report page, written by `hypomask.report`."""
        return self.path / "report.html"

    def create(self) -> None:
        """Make the folder.

        Raises
        ------
        RunError
            When it cannot be made.
        """
        for folder in (self.path, self.predictions, self.checkpoints, self.masks, self.tables, self.work):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunError(
                    f"{folder}: cannot make this folder ({error.strerror}). Choose another one with --out."
                ) from error

    def clear(self) -> None:
        """Delete what runs write here, and nothing else: the folder may hold files of its owner's."""
        for folder in (self.predictions, self.checkpoints, self.knockouts, self.masks, self.tables, self.work):
            shutil.rmtree(folder, ignore_errors=True)
        names = [self.ledger.name, f"{self.ledger.name}-wal", f"{self.ledger.name}-shm"]
        names += [file.name for file in (self.study, self.samples, self.results, self.environment, self.report)]
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def remove_unfinished(self) -> int:
        """Delete files that a killed process left half written; return how many."""
        folders = (self.path, self.predictions, self.checkpoints, self.checkpoints / "masks", self.masks, self.tables)
        return sum(remove_stale_temporaries(folder) for folder in folders)

    def write_samples(self, subjects: Subjects, test_fold_RB: npt.NDArray[np.int8]) -> None:
        """Write the samples, so that predictions can be scored without the data."""
        phenotype = subjects.phenotype
        columns: dict[str, object] = {"sample": list(subjects.samples)} | _columns_of(phenotype)
        if subjects.groups is not None:
            columns["group"] = [str(group) for group in subjects.groups]
        columns |= subjects.strata.columns()
        columns |= {f"test_fold_of_repeat_{repeat}": fold_B for repeat, fold_B in enumerate(test_fold_RB)}
        about = _about(phenotype) | subjects.strata.about()
        write_parquet(self.samples, columns, about, "the list of samples")

    def read_samples(self) -> Subjects:
        """Read the samples back.

        Raises
        ------
        RunError
            When the file is missing or damaged.
        """
        table, about = read_parquet(self.samples, "the samples")
        phenotype = _phenotype(about, table)
        groups = np.array(table["group"].to_pylist()) if "group" in table.column_names else None
        return Subjects(tuple(table["sample"].to_pylist()), phenotype, groups, Strata.read(table, about))


def _about(phenotype: Phenotype) -> dict[str, Any]:
    """Return what is said of a phenotype beside its values."""
    return {
        "name": phenotype.name,
        "kind": phenotype.kind,
        "classes": list(phenotype.classes),
        "columns": list(phenotype.columns),
        "parts": [_about(part) for part in phenotype.parts],
    }


def _columns_of(phenotype: Phenotype) -> dict[str, object]:
    if phenotype.values.ndim == 1:
        return {"phenotype": phenotype.values}
    return {f"phenotype_{t}": values_B for t, values_B in enumerate(phenotype.values.T)}


def _phenotype(about: Mapping[str, Any], table: pa.Table) -> Phenotype:
    def column(name: str) -> npt.NDArray[np.float64]:
        return np.asarray(table[name].to_numpy().astype(np.float64))

    if "columns" not in about:
        raise RunError("this run was made by an earlier hypomask, which kept less. Start again with --fresh")
    n_columns = len(about["columns"]) or len(about["parts"])
    columns = [column(f"phenotype_{t}") for t in range(n_columns)]
    if about["parts"]:
        parts = zip(about["parts"], columns, strict=True)
        return Phenotype.several(
            [Phenotype(part["name"], part["kind"], values, tuple(part["classes"])) for part, values in parts]
        )
    values = np.column_stack(columns) if columns else column("phenotype")
    return Phenotype(about["name"], about["kind"], values, tuple(about["classes"]), tuple(about["columns"]))
