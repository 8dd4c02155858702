"""What a study would do, before it does it: jobs, sizes, memory, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypomask.comparison.plain import to_plain
from hypomask.comparison.result import Role
from hypomask.execution.cost import job_cost
from hypomask.execution.evidence import MAX_CONTENDERS
from hypomask.execution.plan import first_stage, most_null_jobs
from hypomask.execution.prepare import prepare, shown_name
from hypomask.execution.processors import default_jobs
from hypomask.execution.speed import BY_SIZE, timed_speed
from hypomask.execution.study import Study, load_study
from hypomask.execution.trainer import DEFAULT_FIT
from hypomask.model.device import choose_device

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort, Phenotype
    from hypomask.hypothesis.graph import Hypothesis
    from hypomask.masks.coverage import Coverage

__all__ = ["DryRun", "PlannedModel", "dry_run"]


@dataclass(frozen=True)
class PlannedModel:
    """A hypothesis or reference: its size, how often it is trained, and what one training is estimated to take."""

    name: str
    role: Role
    tokens: int
    edges: int
    density: float
    jobs: int
    seconds_per_job: float


@dataclass(frozen=True)
class DryRun:
    """The plan of a study.

    Parameters
    ----------
    jobs, null_jobs_at_most
        Trainings of hypotheses and references, and of null masks if no sequence ends early.
    bytes_per_worker
        Estimate of the most memory that one worker holds; the measurements come on top once, for all of them.
    streamed
        Whether the measurements stay on the disk; they then take no memory that anybody else needs.
    seconds, seconds_at_most
        Estimated time with `workers`, without and with all null masks.
    basis
        What the times rest on.
    """

    study: str
    phenotype: Phenotype
    n_groups: int | None
    n_samples: int
    n_genes: int
    channels: tuple[str, ...]
    scope: str
    folds: int
    repeats: int
    null_kind: str
    models: tuple[PlannedModel, ...]
    jobs: int
    null_jobs_at_most: int
    workers: int
    device: str
    bytes_per_worker: int
    bytes_of_measurements: int
    streamed: bool
    seconds: float
    seconds_at_most: float
    basis: str
    coverage: tuple[Coverage, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        content = {name: getattr(self, name) for name in self.__dataclass_fields__}
        content["phenotype"] = {"name": self.phenotype.name, "kind": self.phenotype.kind}
        return {**dict(to_plain(content)), "coverage": [row.as_dict() for row in self.coverage]}


def dry_run(
    study: Study | Path | str,
    *,
    jobs: int | None = None,
    device: str = "auto",
    cohort: Cohort | None = None,
    hypotheses: Sequence[Hypothesis] | None = None,
    fit: str = DEFAULT_FIT,
    time_one: bool = True,
) -> DryRun:
    """Read and compile everything, and say what `hypomask.execution.run.compare` would do with it.

    Parameters
    ----------
    time_one
        Train a small and a large model to learn how fast this machine is, where each is likely to take less than ten
        seconds.

    Raises
    ------
    HypomaskError
        As `compare` would before it trains.
    """
    study = study if isinstance(study, Study) else load_study(study)
    prepared = prepare(study, cohort=cohort, hypotheses=hypotheses)
    chosen = choose_device(device)
    workers = jobs or default_jobs(chosen)
    costs = {model: job_cost(prepared, mask, fit, chosen) for model, mask in prepared.masks.items()}
    speed = timed_speed(prepared, costs, chosen, fit) if time_one else BY_SIZE
    jobs_each = study.plan.folds * study.plan.repeats
    models = []
    for model, mask in prepared.masks.items():
        name, role = shown_name(model)
        seconds = speed.seconds(costs[model])
        models.append(PlannedModel(name, role, mask.n_tokens, mask.n_edges, mask.density, jobs_each, seconds))
    n_tested = len(prepared.names) if study.plan.nulls_for == "all" else min(len(prepared.names), MAX_CONTENDERS)
    null_jobs = most_null_jobs(n_tested, study.plan)
    per_job = sorted((m.seconds_per_job for m in models if m.role == "hypothesis"), reverse=True)[:n_tested]
    first = sum(model.seconds_per_job * model.jobs for model in models) / workers
    nulls = null_jobs * sum(per_job) / len(per_job) / workers
    values_BGC = prepared.cohort.values_BGC
    return DryRun(
        study=study.name,
        phenotype=prepared.cohort.phenotype,
        n_groups=None if prepared.cohort.groups is None else len(set(prepared.cohort.groups.tolist())),
        notes=prepared.report.notes if prepared.report is not None else (),
        n_samples=prepared.cohort.n_samples,
        n_genes=len(prepared.cohort.genes),
        channels=prepared.cohort.channels,
        scope=prepared.scope,
        folds=study.plan.folds,
        repeats=study.plan.repeats,
        null_kind=prepared.null_kind,
        models=tuple(models),
        jobs=len(first_stage(prepared.masks, study.plan)),
        null_jobs_at_most=null_jobs,
        workers=workers,
        device=chosen,
        bytes_per_worker=int(max(cost.bytes_held for cost in costs.values())),
        bytes_of_measurements=int(values_BGC.nbytes),
        streamed=prepared.cohort.streamed is not None,
        seconds=first,
        seconds_at_most=first + nulls,
        basis=speed.basis,
        coverage=prepared.coverage,
        warnings=prepared.warnings,
    )
