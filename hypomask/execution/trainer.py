"""Train one job after another: what a worker process does, and what a run without workers does itself."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypomask.errors import ConfigError, RunError
from hypomask.execution.checkpoints import CheckpointStore
from hypomask.execution.jobs import Job
from hypomask.execution.model_keeping import KeptModels
from hypomask.execution.one_thread import one_thread
from hypomask.execution.predictions import Fit, Number, PredictionStore, StoredFile

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort
    from hypomask.data.splits import Folds
    from hypomask.masks.mask import Mask
    from hypomask.model.config import ModelConfig
    from hypomask.training.config import TrainingConfig

__all__ = ["DEFAULT_FIT", "STACKED_FIT", "Done", "Failed", "Outcome", "Task", "Trainer", "TrainerSetup"]

DEFAULT_FIT = "hypomask.training.job:fit_fold"
STACKED_FIT = "hypomask.training.job:fit_folds"


@dataclass(frozen=True, eq=False)
class Task:
    """A job and the mask it trains under."""

    job: Job
    mask: Mask


@dataclass(frozen=True)
class Done:
    """A job was trained and its predictions are on the disk."""

    job: Job
    stored: StoredFile
    numbers: Mapping[str, Number]
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A job was not trained; `error` says why. `fatal`: no other job can do better, so the run must stop."""

    job: Job
    error: str
    fatal: bool = False


Outcome = Done | Failed


@dataclass(frozen=True, eq=False)
class TrainerSetup:
    """Everything that all jobs of a study share.

    Parameters
    ----------
    cohort
        The cohort; its `values_BGC` may be left empty when `values_file` is given, or when they are streamed.
    values_file
        A ``.npy`` file of (B, G, C) values that is mapped into memory, so that workers share one copy of it.
    fit
        ``module:function`` that trains one job, as `hypomask.training.job.fit_fold` does. A name rather than the
        function: the module (and torch with it) is loaded only where jobs are trained.
    fit_stack
        The same for a function that trains several jobs at a time, as `hypomask.training.job.fit_folds` does; None:
        they are trained one by one.
    predictions
        The folder that prediction files go to.
    checkpoints, kept
        The folder that models go to, and which ones; None: none are kept.
    """

    cohort: Cohort
    folds: Folds
    model: ModelConfig
    training: TrainingConfig
    seed: int
    device: str
    predictions: Path
    fit: str = DEFAULT_FIT
    fit_stack: str | None = None
    values_file: Path | None = None
    checkpoints: Path | None = None
    kept: KeptModels = field(default_factory=KeptModels)

    @staticmethod
    def without_values(cohort: Cohort) -> Cohort:
        """Return `cohort` without its measurements, to be sent to a worker that maps them from a file."""
        streamed = cohort.streamed
        if streamed is not None:
            streamed = replace(streamed, scratch=None)  # the file is the sender's
        return replace(cohort, values_BGC=np.zeros((0, 0, 0), np.float32), streamed=streamed)


class Trainer:
    """Trains jobs of one study; keeps what the jobs of one split share until a job of another split comes."""

    def __init__(self, setup: TrainerSetup) -> None:
        self._setup = setup
        self._fit: Callable[..., Fit] = _load_function(setup.fit)
        self._fit_stack: Callable[..., list[Fit | Exception]] | None = None
        if setup.fit_stack is not None:
            self._fit_stack = _load_function(setup.fit_stack)
        self._store = PredictionStore(setup.predictions)
        self._checkpoints = None if setup.checkpoints is None else CheckpointStore(setup.checkpoints)
        self._splits: set[tuple[int, int]] = set()
        self._additive_cache: dict[Any, Any] = {}
        self._cohort = setup.cohort
        if setup.values_file is not None:
            self._cohort = replace(setup.cohort, values_BGC=np.load(setup.values_file, mmap_mode="r"))
        elif setup.cohort.streamed is not None:
            self._cohort = setup.cohort.with_values_mapped()

    def train(self, job: Job, mask: Mask) -> Outcome:
        """Train `job` under `mask` and store its predictions. Whatever goes wrong with it comes back as `Failed`."""
        cache = self._cache_of({job.split})
        started = time.perf_counter()
        try:
            with one_thread():
                fit = self._fit(
                    self._cohort, mask, self._setup.folds, job.repeat, job.fold, **self._recipe, additive_cache=cache
                )
        except Exception as error:  # noqa: BLE001 (a job may fail in any way: it is reported, and the study goes on)
            return _failed(job, error)
        return self._store_fit(job, fit, started)

    def train_all(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Train several jobs side by side where the setup says how, and store their predictions."""
        if self._fit_stack is None or len(tasks) < 2:
            return [self.train(task.job, task.mask) for task in tasks]
        jobs = [task.job for task in tasks]
        cache = self._cache_of({job.split for job in jobs})
        started = time.perf_counter()
        try:
            with one_thread():
                fits = self._fit_stack(
                    self._cohort,
                    [task.mask for task in tasks],
                    self._setup.folds,
                    [job.split for job in jobs],
                    **self._recipe,
                    additive_cache=cache,
                )
        except Exception as error:  # noqa: BLE001 (they are reported, and each is tried once more by itself)
            return [_failed(job, error) for job in jobs]
        seconds = (time.perf_counter() - started) / len(jobs)
        return [
            _failed(job, fit)
            if isinstance(fit, Exception)
            else self._store_fit(job, fit, time.perf_counter() - seconds)
            for job, fit in zip(jobs, fits, strict=True)
        ]

    @property
    def _recipe(self) -> dict[str, Any]:
        setup = self._setup
        return {
            "model": setup.model,
            "training": setup.training,
            "study_seed": setup.seed,
            "device": setup.device,
        }

    def _cache_of(self, splits: set[tuple[int, int]]) -> dict[Any, Any]:
        if not splits <= self._splits:
            self._additive_cache = {}  # holds the data of a few splits: dropping it bounds memory
            self._splits = splits
        return self._additive_cache

    def _store_fit(self, job: Job, fit: Fit, started: float) -> Outcome:
        try:
            model = getattr(fit, "model", None) if self._setup.kept.keeps(job) else None
            kept = self._checkpoints.write(job, model) if self._checkpoints is not None and model is not None else None
            stored = self._store.write(job, fit, self._cohort.samples, kept)
        except Exception as error:  # noqa: BLE001 (it may fail in any way: it is reported, and the study goes on)
            return _failed(job, error)
        return Done(job, stored, dict(fit.numbers), time.perf_counter() - started)


def _failed(job: Job, error: Exception) -> Failed:
    if isinstance(error, (ConfigError, RunError)):
        return Failed(job, str(error), fatal=True)
    return Failed(job, f"{type(error).__name__}: {error}")


def _load_function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    try:
        loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"fit: cannot load {name!r} ({error}); expected 'module:function'") from error
    return loaded
