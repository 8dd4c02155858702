"""Train one job after another: what a worker process does, and what a run without workers does itself."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
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

__all__ = ["DEFAULT_FIT", "Done", "Failed", "Outcome", "Task", "Trainer", "TrainerSetup"]

DEFAULT_FIT = "hypomask.training.job:fit_fold"


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
        The cohort; its `values_BGC` may be left empty when `values_file` is given.
    values_file
        A ``.npy`` file of (B, G, C) values that is mapped into memory, so that workers share one copy of it.
    fit
        ``module:function`` that trains one job, as `hypomask.training.job.fit_fold` does. A name rather than the
        function: the module (and torch with it) is loaded only where jobs are trained.
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
    values_file: Path | None = None
    checkpoints: Path | None = None
    kept: KeptModels = field(default_factory=KeptModels)

    @staticmethod
    def without_values(cohort: Cohort) -> Cohort:
        """Return `cohort` without its measurements, to be sent to a worker that maps them from a file."""
        return replace(cohort, values_BGC=np.zeros((0, 0, 0), np.float32))


class Trainer:
    """Trains jobs of one study; keeps what the jobs of one split share until a job of another split comes."""

    def __init__(self, setup: TrainerSetup) -> None:
        self._setup = setup
        self._fit = _load_function(setup.fit)
        self._store = PredictionStore(setup.predictions)
        self._checkpoints = None if setup.checkpoints is None else CheckpointStore(setup.checkpoints)
        self._split: tuple[int, int] | None = None
        self._additive_cache: dict[Any, Any] = {}
        self._cohort = setup.cohort
        if setup.values_file is not None:
            self._cohort = replace(setup.cohort, values_BGC=np.load(setup.values_file, mmap_mode="r"))

    def train(self, job: Job, mask: Mask) -> Outcome:
        """Train `job` under `mask` and store its predictions. Whatever goes wrong with it comes back as `Failed`."""
        if job.split != self._split:
            self._additive_cache = {}  # holds one split's data: dropping it bounds memory
            self._split = job.split
        started = time.perf_counter()
        try:
            with one_thread():
                fit = self._fit(
                    self._cohort,
                    mask,
                    self._setup.folds,
                    job.repeat,
                    job.fold,
                    model=self._setup.model,
                    training=self._setup.training,
                    study_seed=self._setup.seed,
                    device=self._setup.device,
                    additive_cache=self._additive_cache,
                )
            model = getattr(fit, "model", None) if self._setup.kept.keeps(job) else None
            kept = self._checkpoints.write(job, model) if self._checkpoints is not None and model is not None else None
            stored = self._store.write(job, fit, self._cohort.samples, kept)
        except (ConfigError, RunError) as error:
            return Failed(job, str(error), fatal=True)
        except Exception as error:  # noqa: BLE001 (a job may fail in any way: it is reported, and the study goes on)
            return Failed(job, f"{type(error).__name__}: {error}")
        return Done(job, stored, dict(fit.numbers), time.perf_counter() - started)


def _load_function(name: str) -> Callable[..., Fit]:
    module, _, function = name.partition(":")
    try:
        loaded: Callable[..., Fit] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"fit: cannot load {name!r} ({error}); expected 'module:function'") from error
    return loaded
