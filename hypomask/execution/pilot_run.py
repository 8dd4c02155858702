"""A finished run as a pilot for planning: losses of hypotheses and null masks, and what its trainings cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hypomask.comparison.planning.chances import Design
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.prices import JobPrice, Prices
from hypomask.comparison.seeds import ReplicateLosses
from hypomask.errors import RunError
from hypomask.execution.evidence import MAX_CONTENDERS, Evidence
from hypomask.execution.jobs import null_model, null_name
from hypomask.execution.ledger import JobRecord, Ledger
from hypomask.execution.losses import read_losses
from hypomask.execution.predictions import PredictionStore
from hypomask.execution.prepare import shown_name
from hypomask.execution.reopen import open_run
from hypomask.execution.run_folder import RunFolder
from hypomask.execution.study_result import StudyResult

__all__ = ["PilotRun", "open_pilot"]


@dataclass(frozen=True, eq=False)
class PilotRun:
    """What planning takes from a run.

    Parameters
    ----------
    result
        The run's answer.
    pilot, design, prices
        See their classes.
    n_tested, n_beating_nulls
        Hypotheses a study like this gives null masks to, and how many of them beat theirs in this run (the leading one
        counts in any case).
    """

    result: StudyResult
    pilot: Pilot
    design: Design
    prices: Prices
    n_tested: int
    n_beating_nulls: int


def open_pilot(path: Path | str, leader: str = "") -> PilotRun:
    """Read the finished run in folder `path` as a pilot; nothing is trained.

    Parameters
    ----------
    leader
        The hypothesis to plan for; the one that leads when empty.

    Raises
    ------
    RunError
        When there is no run, it is not finished, or a file of it is missing or damaged.
    DataError
        When no hypothesis is called `leader`.
    """
    folder = RunFolder(Path(path))
    if not folder.ledger.exists():
        raise RunError(
            f"{path}: this is no run folder (no run.sqlite in it). Give the folder that 'hypomask compare' wrote, or "
            "plan from assumptions with --hypotheses, --effect and --sd."
        )
    result = open_run(path)
    plan, config, scope = result.study.plan, result.study.comparison, result.comparison.scope
    store = PredictionStore(folder.predictions)
    with Ledger(folder.ledger, read_only=True) as ledger:
        evidence = Evidence(ledger, store, result.subjects, plan=plan, config=config, scope=scope)
        table = evidence.table
        if leader:
            table.index(leader)  # names the nearest when there is none of that name
        drawn = {
            null.hypothesis: sorted(evidence.null_draws(null.hypothesis).losses) for null in result.comparison.nulls
        }
        records = ledger.records("done")

    def null_losses(hypothesis: str, draw: int) -> npt.NDArray[np.float64]:
        model = null_model(hypothesis, draw)
        losses = read_losses(store, model, result.subjects.phenotype, n_repeats=plan.null_repeats, n_folds=plan.folds)
        return np.asarray(losses.full_RB.mean(axis=0))

    pilot = Pilot(
        table=table,
        config=config,
        scope=scope,
        null_loss_DB={
            name: np.stack([null_losses(name, draw) for draw in draws]) for name, draws in drawn.items() if draws
        },
        null_repeats=plan.null_repeats,
        leader=leader,
        seeds=ReplicateLosses(
            {name: losses.replicates_MRB for name, losses in result.losses.items()},
            {name: losses.full_RB for name, losses in result.losses.items()},
            next(iter(result.losses.values())).test_fold_RB,
        ),
        replicates=result.study.training.replicates,
    )
    n_hypotheses = len(pilot.hypotheses)
    beating = {null.hypothesis for null in result.comparison.nulls if null.p_holm <= config.alpha}
    return PilotRun(
        result=result,
        pilot=pilot,
        design=Design(
            plan.folds,
            plan.repeats,
            plan.nulls,
            plan.null_repeats,
            config.null_stop_after,
            config.alpha,
            result.study.training.replicates,
        ),
        prices=_prices(records, pilot.units.n, result.study.training.replicates),
        n_tested=n_hypotheses if plan.nulls_for == "all" else min(n_hypotheses, MAX_CONTENDERS),
        n_beating_nulls=len(beating | {pilot.leader}),
    )


def _prices(records: Sequence[JobRecord], n_units: int, replicates: int) -> Prices:
    by_purpose: dict[str, list[JobRecord]] = {"hypothesis": [], "reference": [], "null": []}
    for record in records:
        purpose = "null" if null_name(record.job.model) is not None else shown_name(record.job.model)[1]
        by_purpose[purpose].append(record)
    hypothesis = _price(by_purpose["hypothesis"])
    references = {record.job.model for record in by_purpose["reference"]}
    return Prices(
        hypothesis=hypothesis,
        reference=_price(by_purpose["reference"]) if references else hypothesis,
        null=_price(by_purpose["null"]) if by_purpose["null"] else hypothesis,
        n_references=len(references),
        n_units=n_units,
        replicates=replicates,
    )


def _price(records: Sequence[JobRecord]) -> JobPrice:
    seconds = [record.seconds for record in records if record.seconds is not None]
    return JobPrice(
        trainings=float(np.mean([record.numbers.get("trainings", 1) for record in records])),
        seconds=float(np.mean(seconds)) if seconds else None,
    )
