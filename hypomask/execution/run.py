"""Run a study from data to verdict, going on where an earlier run of the same folder stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypomask.errors import ConfigError, RunError
from hypomask.execution.checkpoints import CheckpointStore
from hypomask.execution.durable import failed_write, write_durably
from hypomask.execution.environment import code_versions, describe_environment
from hypomask.execution.evidence import Evidence
from hypomask.execution.fingerprint import check_fingerprint, config_hash, fingerprint
from hypomask.execution.jobs import Job, hypothesis_model, null_name
from hypomask.execution.ledger import Ledger, is_unwritten
from hypomask.execution.null_stage import NullMasks, run_null_stage
from hypomask.execution.plan import first_stage
from hypomask.execution.predictions import PredictionStore
from hypomask.execution.prepare import PreparedStudy, prepare
from hypomask.execution.processors import default_jobs
from hypomask.execution.progress import Progress, Silent
from hypomask.execution.reopen import open_run
from hypomask.execution.results import write_json, write_table
from hypomask.execution.run_folder import RunFolder, Subjects
from hypomask.execution.run_jobs import run_jobs
from hypomask.execution.run_lock import locked_run_folder
from hypomask.execution.spending import seconds_spent
from hypomask.execution.stacking import stack_size
from hypomask.execution.study import Study, dump_study, load_study
from hypomask.execution.study_result import StudyResult
from hypomask.execution.trainer import DEFAULT_FIT, STACKED_FIT, TrainerSetup
from hypomask.execution.workers import Executor, InThisProcess, WorkerProcesses
from hypomask.masks.storage import save_mask
from hypomask.masks.summary import direction_only
from hypomask.model.device import choose_device

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort
    from hypomask.hypothesis.graph import Hypothesis

__all__ = ["StudyResult", "compare", "default_folder", "open_run"]

MEASUREMENTS, STREAMED, IN_MEMORY = "measurements", "streamed from disk", "in memory"
LONGEST_FOLDER_NAME = 60  # characters of a study's name, up to 4 bytes each; file systems take 255 bytes


def compare(
    study: Study | Path | str,
    out: Path | str | None = None,
    *,
    jobs: int | None = None,
    device: str = "auto",
    resume: bool = True,
    fresh: bool = False,
    progress: Progress | None = None,
    cohort: Cohort | None = None,
    hypotheses: Sequence[Hypothesis] | None = None,
    fit: str = DEFAULT_FIT,
) -> StudyResult:
    """Compare the hypotheses of a study and say what the data support.

    Everything is written to the run folder `out`. A run that was stopped, however rudely, goes on where it was when
    this is called again, and gives the same numbers.

    Parameters
    ----------
    study
        A study, or the path of a study file.
    out
        The run folder; ``hypomask-NAME`` in the working directory when None.
    jobs
        Worker processes of one thread each; None: one per processor. The numbers do not depend on it.
    device
        ``auto`` (CUDA where there is one), ``cpu``, ``cuda``, ``cuda:1``...
    resume
        Go on with the run that is in the folder; False: refuse if there is one.
    fresh
        Delete the run that is in the folder and start anew.
    progress
        Is told how far the run is; None: nobody is.
    cohort, hypotheses
        Objects that take the place of the study's files.
    fit
        ``module:function`` that trains one job; see `hypomask.training.job.fit_fold`.

    Raises
    ------
    HypomaskError
        `ConfigError`, `HypothesisError` or `DataError` before anything is trained; `RunError` when the folder holds
        another study or is in use, or the disk is full.
    KeyboardInterrupt
        When interrupted; the ledger is closed and no worker is left behind.
    """
    study = study if isinstance(study, Study) else load_study(study)
    if jobs is not None and jobs < 1:
        raise ConfigError(f"jobs: got {jobs}, expected at least 1")
    started = time.time()
    folder = RunFolder(Path(out) if out is not None else default_folder(study))
    before = None if fresh else _was_streamed(folder)
    prepared = prepare(study, cohort=cohort, hypotheses=hypotheses, scratch=folder.path, streamed=before)
    progress = progress or Silent()
    chosen = choose_device(device)
    folder.create()
    with _file_removed(prepared, is_ours=cohort is None), locked_run_folder(folder.path):
        if fresh:
            folder.clear()
            folder.create()
        elif not resume and folder.ledger.exists():
            raise RunError(
                f"{folder.path}: there is a run in this folder. Go on with it (--resume), delete it and start anew "
                "(--fresh), or choose another folder with --out."
            )
        with Ledger(folder.ledger) as ledger:
            n_workers = min(jobs or default_jobs(chosen), len(first_stage(prepared.masks, study.plan)))
            stack = stack_size(prepared, chosen, n_workers, fit)
            run = _Run(prepared, folder, ledger, progress, fit=fit, device=chosen, n_workers=n_workers, stack=stack)
            try:
                result = run.to_the_end()
            except KeyboardInterrupt:
                ledger.note("interrupted", "by the user")
                raise
            finally:
                progress.end()
            environment = _environment(run, started)
            write_json(folder.environment, environment, "the description of the environment")
    return replace(result, environment=environment)


@contextmanager
def _file_removed(prepared: PreparedStudy, *, is_ours: bool) -> Iterator[None]:
    """Remove the file of streamed measurements at the end, unless it came with a cohort that was given."""
    try:
        yield
    finally:
        if is_ours:
            prepared.remove_file()


def _was_streamed(folder: RunFolder) -> bool | None:
    """Return whether the run in this folder streams its measurements; None: there is none, or it does not say."""
    if not folder.ledger.exists() or is_unwritten(folder.ledger):
        return None
    with Ledger(folder.ledger, read_only=True) as ledger:
        how = [detail for kind, _, detail in ledger.events() if kind == MEASUREMENTS]
    return how[-1] == STREAMED if how else None


def default_folder(study: Study) -> Path:
    """Return the run folder of a study that was given none: ``hypomask-NAME`` in the working directory."""
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in study.name).strip("-.")
    return Path(f"hypomask-{name[:LONGEST_FOLDER_NAME] or 'study'}")


@dataclass
class _Run:
    """One run under way in a folder that is locked and whose ledger is open."""

    prepared: PreparedStudy
    folder: RunFolder
    ledger: Ledger
    progress: Progress
    fit: str
    device: str
    n_workers: int
    stack: int
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """What the numbers depend on."""
        return fingerprint(self.prepared)

    @property
    def measurements(self) -> str:
        """Where the measurements are while models are trained."""
        return IN_MEMORY if self.prepared.cohort.streamed is None else STREAMED

    def to_the_end(self) -> StudyResult:
        """Train what is to do, compare, write the answer."""
        prepared, plan = self.prepared, self.prepared.study.plan
        self._recover()
        self._write_inputs()
        store = PredictionStore(self.folder.predictions)
        null_masks = NullMasks(prepared)
        jobs = first_stage(prepared.masks, plan)
        with self._executor() as executor:

            def train(jobs: Sequence[Job]) -> None:
                run_jobs(
                    jobs,
                    null_masks.mask_of,
                    executor=executor,
                    ledger=self.ledger,
                    progress=self.progress,
                    stack=self.stack,
                )

            with self._timed("hypotheses and references"):
                self.ledger.add_jobs(jobs)
                over = {record.job for record in self.ledger.records("done", "failed")}
                self.progress.begin("hypotheses and references", len(jobs), len(over.intersection(jobs)))
                train(jobs)
            evidence = Evidence(
                self.ledger,
                store,
                Subjects.of(prepared.cohort, prepared.folds),
                plan=plan,
                config=prepared.study.comparison,
                scope=prepared.scope,
            )
            with self._timed("null masks"):
                notes = run_null_stage(prepared, evidence, null_masks, train, self.progress)
        self.progress.end()
        with self._timed("comparison"):
            masks = {name: prepared.masks[hypothesis_model(name)] for name in prepared.names}
            comparison, failures = evidence.comparison(
                null_masks.kinds, null_masks.controls, direction_only(list(masks.values()))
            )
        result = StudyResult(
            study=prepared.study,
            comparison=comparison,
            folder=self.folder.path,
            masks=masks,
            coverage=prepared.coverage,
            data=_described_data(prepared),
            null_masks=dict(null_masks.reasons),
            null_kinds=dict(null_masks.kinds),
            null_controls=dict(null_masks.controls),
            warnings=tuple(dict.fromkeys((*failures, *notes, *prepared.warnings))),
            subjects=Subjects.of(prepared.cohort, prepared.folds),
            losses=evidence.losses,
            spending=evidence.spending,
        )
        for name, frame in result.tables().items():
            write_table(self.folder.tables / f"{name}.tsv", frame)
        write_json(self.folder.results, result.as_dict(), "the results")
        return result

    def _recover(self) -> None:
        """Start the ledger's study, or make sure it is this one, and put right what an earlier run left undone."""
        before = self.ledger.fingerprint()
        made_with = code_versions(self.device)
        if before is None:
            self.ledger.start_study(self.prepared.study.name, self.fingerprint)
            self.ledger.note("started", made_with)
            self.ledger.note(MEASUREMENTS, self.measurements)
            return
        check_fingerprint(before, self.fingerprint, self.folder.path)
        earlier = [detail for kind, _, detail in self.ledger.events() if kind == "started"]
        if earlier and earlier[-1] != made_with:
            self.progress.say(f"note: this run was begun with {earlier[-1]} and goes on with {made_with}")
        self.ledger.note("started", made_with)
        if removed := self.folder.remove_unfinished():
            self.ledger.note("cleaned", f"{removed} files that were half written")
        store = PredictionStore(self.folder.predictions)
        for record in self.ledger.records():
            if record.state == "done" and (record.stored is None or not store.is_intact(record.stored)):
                self.progress.say(f"trained again: the predictions of {record.job.key} are missing or damaged")
                self.ledger.requeue(record.job, "its predictions are missing or damaged")
            elif record.state == "done" and (reason := self._model_amiss(record.job, store)):
                self.progress.say(f"trained again: {reason} ({record.job.key})")
                self.ledger.requeue(record.job, reason)
            elif record.state == "running":
                self.ledger.requeue(record.job, "it was under way when the run was stopped")
            elif record.state == "failed" or (record.state == "queued" and record.attempts):
                self.ledger.requeue(record.job, "it failed in an earlier run")

    def _model_amiss(self, job: Job, store: PredictionStore) -> str:
        """Return why `job` must be trained again for its model's sake; an empty text when it need not.

        A run made without models is left as it is unless they were asked for by name: nobody wants to pay twice.
        """
        kept, plan = self.prepared.kept, self.prepared.study.plan
        if not kept.keeps(job):
            return ""
        stored = store.model_of(job)
        if stored is None:
            asked_for = plan.keep_models == "all" or null_name(job.model) is not None
            return "its model was not kept" if asked_for else ""
        intact = CheckpointStore(self.folder.checkpoints).is_intact(stored)
        return "" if intact else "its model is missing or damaged"

    def _write_inputs(self) -> None:
        """Write the study, the samples and the masks beside the ledger: the folder then stands for itself."""
        prepared = self.prepared
        text = dump_study(prepared.study, relative_to=self.folder.path)
        write_durably(self.folder.study, lambda file: file.write(text.encode()), "the study")
        self.folder.write_samples(Subjects.of(prepared.cohort, prepared.folds), prepared.folds.test_fold_RB)
        for number, name in enumerate(prepared.names):
            file = self.folder.masks / f"{number:04d}.npz"
            try:
                save_mask(prepared.masks[hypothesis_model(name)], file)
            except OSError as error:
                raise failed_write(error, file, f"the mask of {name!r}") from error

    @contextmanager
    def _executor(self) -> Iterator[Callable[[], Executor]]:
        """Give a function that returns the executor, which is started when it is first needed."""
        made: list[Executor] = []

        def executor() -> Executor:
            if not made:
                made.append(self._start_executor())
            return made[0]

        try:
            yield executor
        finally:
            for started in made:
                started.close()
            for file in self.folder.work.glob("*"):
                file.unlink(missing_ok=True)

    def _start_executor(self) -> Executor:
        prepared = self.prepared
        setup: dict[str, Any] = {
            "folds": prepared.folds,
            "model": prepared.study.model,
            "training": prepared.study.training,
            "seed": prepared.study.plan.seed,
            "device": self.device,
            "predictions": self.folder.predictions,
            "checkpoints": self.folder.checkpoints,
            "kept": prepared.kept,
            "fit": self.fit,
            "fit_stack": STACKED_FIT if self.stack > 1 and self.fit == DEFAULT_FIT else None,
        }
        if self.n_workers == 1:
            return InThisProcess(TrainerSetup(cohort=prepared.cohort, **setup))
        without_values = TrainerSetup.without_values(prepared.cohort)
        if prepared.cohort.streamed is not None:
            return WorkerProcesses(TrainerSetup(cohort=without_values, **setup), self.n_workers, logs=self.folder.work)
        values_file = self.folder.work / "values.npy"
        values_BGC = prepared.cohort.values_BGC
        write_durably(values_file, lambda file: np.save(file, values_BGC), "the measurements for the workers")
        setup |= {"cohort": without_values, "values_file": values_file}
        return WorkerProcesses(TrainerSetup(**setup), self.n_workers, logs=self.folder.work)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - started, 3)


def _described_data(prepared: PreparedStudy) -> dict[str, Any]:
    """Return what was found while reading the data; files by name, for results must not depend on where they lie."""
    if prepared.report is None:
        return {}
    files = {Path(path).name: sha256 for path, sha256 in prepared.report.files.items()}
    return {**prepared.report.as_dict(), "files": files}


def _environment(run: _Run, started: float) -> dict[str, Any]:
    """Return all that may differ between two runs with the same answer."""
    records = run.ledger.records("done")
    prepared = run.prepared
    return {
        **describe_environment(),
        "device": run.device,
        "measurements": run.measurements,
        "workers": run.n_workers,
        "jobs_side_by_side": run.stack,
        "seed": prepared.study.plan.seed,
        "study_hash": config_hash(run.fingerprint),
        "data_files": dict(prepared.report.files) if prepared.report else {},
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": {**run.seconds, "in all": round(time.time() - started, 3)},
        "seconds_of_training": round(sum(record.seconds or 0.0 for record in records), 3),
        "seconds_of_training_by_purpose": seconds_spent(records),
        "jobs_done": len(records),
        "process": os.getpid(),
    }
