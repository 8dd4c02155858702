"""A finished run with its data and its trained models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort
from hypomask.errors import ConfigError, DataError, HypothesisError, RunError, did_you_mean
from hypomask.execution.checkpoints import CheckpointStore
from hypomask.execution.fingerprint import check_fingerprint, fingerprint
from hypomask.execution.jobs import Job, hypothesis_model, null_model, null_name
from hypomask.execution.ledger import Ledger
from hypomask.execution.predictions import PredictionStore, StoredFile
from hypomask.execution.prepare import PreparedStudy, prepare, shown_name
from hypomask.execution.run_folder import RunFolder
from hypomask.execution.study import Study, load_study
from hypomask.hypothesis.graph import Hypothesis
from hypomask.masks.mask import Mask

if TYPE_CHECKING:
    from hypomask.training.fold_model import JobModel

__all__ = ["ModelOf", "TrainedRun", "open_trained"]

VALUES_AT_ONCE = 4_000_000  # measurements of samples that are streamed; edited, they take some ten times as much


@dataclass(frozen=True)
class ModelOf:
    """A job that is done, and where its model is."""

    job: Job
    stored: StoredFile


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A run that can be asked what its models make of edited samples.

    Parameters
    ----------
    prepared
        The study, its cohort read again and found to be the same.
    done
        Jobs that were done, by model name.
    """

    folder: RunFolder
    prepared: PreparedStudy
    done: Mapping[str, tuple[Job, ...]]

    @property
    def cohort(self) -> Cohort:
        """The samples as measured."""
        return self.prepared.cohort

    def in_parts(self, index: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """Return samples in parts that are asked about one after another: all at once unless they are streamed."""
        cohort = self.cohort
        if cohort.streamed is None:
            return [index]
        step = max(1, VALUES_AT_ONCE // (len(cohort.genes) * len(cohort.channels)))
        return [index[first : first + step] for first in range(0, len(index), step)]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Hypotheses and references that can be asked, hypotheses first."""
        return tuple(shown_name(model)[0] for model in self.done if null_name(model) is None)

    @property
    def leading(self) -> str:
        """The hypothesis with the lowest loss, as the run's results say."""
        return self._ranked[0][0]

    @property
    def contenders(self) -> tuple[str, ...]:
        """The hypotheses that may be the best, as the run's results say; the two leading ones if that is one."""
        among = [name for name, may_be_best in self._ranked if may_be_best]
        return tuple(among if len(among) > 1 else [name for name, _ in self._ranked[:2]])

    @cached_property
    def _ranked(self) -> list[tuple[str, bool]]:
        """Hypotheses, best first, and whether each may be the best."""
        try:
            rows = json.loads(self.folder.results.read_text(encoding="utf-8"))["comparison"]["hypotheses"]
            ranked = [(str(row["name"]), bool(row["in_confidence_set"])) for row in rows if row["role"] == "hypothesis"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{self.folder.results}: the results are missing or damaged; name a hypothesis, or give the compare "
                "command again"
            ) from error
        if not ranked:
            raise RunError(f"{self.folder.path}: the comparison was refused and ranks nothing; name a hypothesis")
        return ranked

    def model(self, name: str) -> str:
        """Return the model name of a hypothesis or reference.

        Raises
        ------
        ConfigError
            There is none of that name.
        """
        for model in self.done:
            if null_name(model) is None and shown_name(model)[0] == name:
                return model
        raise ConfigError(
            f"no hypothesis {name!r} in this run; it has {', '.join(self.names)}.{did_you_mean(name, self.names)}"
        )

    def models(self, model: str) -> tuple[ModelOf, ...]:
        """Return the stored models of all jobs of `model`, by repeat and fold.

        Raises
        ------
        RunError
            They were not kept.
        """
        found = [ModelOf(job, stored) for job in self.done[model] if (stored := self._predictions.model_of(job))]
        if len(found) < len(self.done[model]) or not found:
            again = f"hypomask compare {self.folder.study} --out {self.folder.path}"
            raise RunError(
                f"{self.folder.path}: the models of {shown_name(model)[0]!r} were not kept, and knockouts need them. "
                f"Write 'keep_models: all' under 'plan' in {self.folder.study}, and give\n  {again}\n"
                "It trains what is missing, with the same numbers."
            )
        return tuple(sorted(found, key=lambda one: one.job))

    def null_draws(self, hypothesis: str) -> tuple[tuple[ModelOf, ...], ...]:
        """Return the stored models of each null draw of `hypothesis` that kept all of its own."""
        plan = self.prepared.study.plan
        draws = []
        for draw in range(plan.keep_null_models):
            jobs = self.done.get(null_model(hypothesis, draw), ())
            stored = [ModelOf(job, file) for job in jobs if (file := self._predictions.model_of(job))]
            if len(stored) == plan.folds * plan.null_repeats:
                draws.append(tuple(sorted(stored, key=lambda one: one.job)))
        return tuple(draws)

    def load(self, model: ModelOf) -> JobModel:
        """Return a stored model."""
        return self._checkpoints.read(model.job, model.stored)

    def mask_of(self, model: ModelOf) -> Mask:
        """Return the mask that a stored model was trained under."""
        from hypomask.training.stored_model import mask_of  # here: it loads torch

        return mask_of(self.load(model))

    def mask(self, name: str) -> Mask:
        """Return the mask of a hypothesis or reference."""
        return self.prepared.masks[self.model(name)]

    def hypothesis(self, name: str) -> Hypothesis | None:
        """Return the hypothesis of that name; None for a reference."""
        return next((one for one in self.prepared.hypotheses if one.name == name), None)

    def check_genes(self, genes: Sequence[str], name: str) -> None:
        """Refuse genes that the models under `name` do not have, and say which of three reasons it is.

        Raises
        ------
        DataError
            A gene that was not measured, whether or not a hypothesis names it.
        HypothesisError
            A gene that was measured but is no token of the mask.
        """
        mask, cohort = self.mask(name), self._measured_genes
        tokens, hypothesis = set(mask.genes), self.hypothesis(name)
        for gene in genes:
            if gene in tokens:
                continue
            if gene in cohort:
                why = (
                    "under scope members a hypothesis has its own genes only"
                    if self.prepared.scope == "members"
                    else "plan.genes left it out, because no hypothesis names it"
                )
                raise HypothesisError(
                    f"gene {gene!r} was measured, but is not among the {mask.n_genes:,} genes of {name!r}: {why}. Its "
                    "knockout has no effect in these models because they do not know it"
                )
            if hypothesis is not None and gene in hypothesis.genes:
                raise DataError(
                    f"gene {gene!r} is named by hypothesis {name!r}, but is not in the data: no model knows it"
                )
            raise DataError(f"gene {gene!r} is not in the data.{did_you_mean(gene, mask.genes)}")

    @cached_property
    def _measured_genes(self) -> frozenset[str]:
        genes = set(self.cohort.measured_genes)
        if self.cohort.phenotype.kind == "masked-genes" and self.prepared.study.data is not None:
            genes |= set(self.prepared.study.read_cohort()[0].genes)  # the prepared one has its tokens alone
        return frozenset(genes)

    @cached_property
    def _predictions(self) -> PredictionStore:
        return PredictionStore(self.folder.predictions)

    @cached_property
    def _checkpoints(self) -> CheckpointStore:
        return CheckpointStore(self.folder.checkpoints)


def open_trained(
    path: Path | str, *, cohort: Cohort | None = None, hypotheses: Sequence[Hypothesis] | None = None
) -> TrainedRun:
    """Open a finished run with its data, which are read again from where its study says they are.

    Parameters
    ----------
    cohort, hypotheses
        For runs that were given them as objects.

    Raises
    ------
    RunError
        No run, not finished, or made from other data than are there now.
    DataError, HypothesisError
        The data or hypotheses cannot be read any more.
    """
    folder = RunFolder(Path(path))
    with Ledger(folder.ledger, read_only=True) as ledger:
        before = ledger.fingerprint()
        records = ledger.records()
    first = [record for record in records if null_name(record.job.model) is None]
    waiting = sum(record.state in ("queued", "running") for record in first)
    if waiting or not first or before is None:
        raise RunError(
            f"{folder.path}: this run is not finished ({waiting} of {len(first)} trainings are to do). Give the "
            "compare command again: it goes on from there."
        )
    try:
        study = load_study(folder.study, from_objects=True)
    except ConfigError as error:
        raise RunError(f"{error}\nThis is the run's own copy of the study. Give the compare command again.") from error
    if (study.data is None and cohort is None) or (not study.hypotheses and hypotheses is None):
        raise RunError(
            f"{folder.path}: this run was given its cohort or its hypotheses as objects; give them again: "
            "open_trained(run, cohort=..., hypotheses=...)"
        )
    _check_sources(study, folder, cohort=cohort is None, hypotheses=hypotheses is None)
    try:
        prepared = prepare(study, cohort=cohort, hypotheses=hypotheses, scratch=folder.path)
    except DataError as error:
        raise DataError(f"{error}\nKnockouts need the measurements that the run was made from.") from error
    check_fingerprint(before, fingerprint(prepared), folder.path)
    done: dict[str, list[Job]] = {hypothesis_model(name): [] for name in prepared.names}
    for record in records:
        if record.state == "done":
            done.setdefault(record.job.model, []).append(record.job)
    return TrainedRun(folder, prepared, {model: tuple(jobs) for model, jobs in done.items() if jobs})


def _check_sources(study: Study, folder: RunFolder, *, cohort: bool, hypotheses: bool) -> None:
    """Refuse a run whose data or hypotheses are no longer where its own study says.

    Raises
    ------
    RunError
        They are not; the message says what to write.
    """
    files = [source.path for source in study.hypotheses] if hypotheses else []
    if cohort and study.data is not None:
        files += [path for path in (*study.data.channels.values(), study.data.samples) if path is not None]
    gone = [str(file) for file in files if not file.exists()]
    if gone:
        raise RunError(
            f"{', '.join(gone)} is not where the run's study.yaml says: was the run's folder, or what it was made "
            f"from, moved or copied? Write in {folder.study} where it is now (relative to that file, or in full); what "
            "it holds is checked"
        )
