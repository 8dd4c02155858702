"""What lies where in a run folder, and the samples that its predictions are for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype
from hypomask.errors import RunError
from hypomask.execution.durable import remove_stale_temporaries
from hypomask.execution.parquet_files import read_parquet, write_parquet

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort

__all__ = ["RunFolder", "Subjects"]


@dataclass(frozen=True, eq=False)
class Subjects:
    """The samples of a run: ids, phenotype and groups, but no measurements."""

    samples: tuple[str, ...]
    phenotype: Phenotype
    groups: npt.NDArray[np.str_] | None

    @classmethod
    def of(cls, cohort: Cohort) -> Subjects:
        """Return the samples of `cohort`."""
        return cls(cohort.samples, cohort.phenotype, cohort.groups)


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
        for folder in (self.path, self.predictions, self.masks, self.tables, self.work):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunError(
                    f"{folder}: cannot make this folder ({error.strerror}). Choose another one with --out."
                ) from error

    def clear(self) -> None:
        """Delete what runs write here, and nothing else: the folder may hold files of its owner's."""
        for folder in (self.predictions, self.masks, self.tables, self.work):
            shutil.rmtree(folder, ignore_errors=True)
        names = [self.ledger.name, f"{self.ledger.name}-wal", f"{self.ledger.name}-shm"]
        names += [file.name for file in (self.study, self.samples, self.results, self.environment, self.report)]
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def remove_unfinished(self) -> int:
        """Delete files that a killed process left half written; return how many."""
        folders = (self.path, self.predictions, self.masks, self.tables)
        return sum(remove_stale_temporaries(folder) for folder in folders)

    def write_samples(self, subjects: Subjects, test_fold_RB: npt.NDArray[np.int8]) -> None:
        """Write the samples, so that predictions can be scored without the data."""
        phenotype = subjects.phenotype
        columns: dict[str, object] = {"sample": list(subjects.samples), "phenotype": phenotype.values}
        if subjects.groups is not None:
            columns["group"] = [str(group) for group in subjects.groups]
        columns |= {f"test_fold_of_repeat_{repeat}": fold_B for repeat, fold_B in enumerate(test_fold_RB)}
        about = {"name": phenotype.name, "kind": phenotype.kind, "classes": list(phenotype.classes)}
        write_parquet(self.samples, columns, about, "the list of samples")

    def read_samples(self) -> Subjects:
        """Read the samples back.

        Raises
        ------
        RunError
            When the file is missing or damaged.
        """
        table, about = read_parquet(self.samples, "the samples")
        values = table["phenotype"].to_numpy().astype(np.float64)
        phenotype = Phenotype(about["name"], about["kind"], values, tuple(about["classes"]))
        groups = np.array(table["group"].to_pylist()) if "group" in table.column_names else None
        return Subjects(tuple(table["sample"].to_pylist()), phenotype, groups)
