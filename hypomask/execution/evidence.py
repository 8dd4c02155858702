"""What the finished jobs of a run say: losses, null losses, contenders, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hypomask.comparison.circumstances import Circumstances, NullControl
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.health import FitRecords
from hypomask.comparison.losses import LossTable, NullLosses
from hypomask.comparison.null_test import next_draws
from hypomask.comparison.result import Comparison, Role
from hypomask.comparison.seeds import ReplicateLosses
from hypomask.comparison.subgroups import subgroupings
from hypomask.errors import RunError
from hypomask.execution.jobs import Job, hypothesis_model, null_model, null_name
from hypomask.execution.ledger import JobRecord, Ledger
from hypomask.execution.losses import ModelLosses, loss_table, mean_loss, read_losses
from hypomask.execution.plan_config import PlanConfig
from hypomask.execution.predictions import PredictionStore
from hypomask.execution.prepare import shown_name
from hypomask.execution.run_folder import Subjects
from hypomask.execution.spending import Spent, spending
from hypomask.hypothesis.graph import Scope

__all__ = ["MAX_CONTENDERS", "Evidence", "NullDraws"]

MAX_CONTENDERS = 8


@dataclass(frozen=True)
class NullDraws:
    """Null draws of one hypothesis that are over.

    Parameters
    ----------
    losses
        Mean loss of each draw that was trained, by draw number.
    failed
        Numbers of the draws that could not be trained.
    """

    losses: Mapping[int, float]
    failed: tuple[int, ...]

    @property
    def n(self) -> int:
        """Draws that are over."""
        return len(self.losses) + len(self.failed)


class Evidence:
    """Reads ledger and predictions of a run; trains nothing.

    What is said depends on which jobs are done, never on the order in which they ended.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: PredictionStore,
        subjects: Subjects,
        *,
        plan: PlanConfig,
        config: ComparisonConfig,
        scope: Scope,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._subjects = subjects
        self._plan = plan
        self._config = config
        self._scope = scope
        self._null_losses: dict[str, float] = {}

    @cached_property
    def losses(self) -> Mapping[str, ModelLosses]:
        """Losses by shown name of the hypotheses and references all of whose jobs are done."""
        plan = self._plan
        return {
            shown_name(model)[0]: read_losses(
                self._store, model, self._subjects.phenotype, n_repeats=plan.repeats, n_folds=plan.folds
            )
            for model, records in self._first_stage.items()
            if not any(record.state == "failed" for record in records)
        }

    @cached_property
    def failures(self) -> tuple[str, ...]:
        """Sentences that name the hypotheses and references that cannot be compared, and why."""
        sentences = []
        for model, records in self._first_stage.items():
            failed = [record for record in records if record.state == "failed"]
            if failed:
                name, role = shown_name(model)
                sentences.append(
                    f"{role} {name!r} is left out of the comparison: {len(failed)} of {len(records)} trainings failed "
                    f"({failed[0].error})"
                )
        return tuple(sentences)

    @cached_property
    def table(self) -> LossTable:
        """Losses of all models that can be compared.

        Raises
        ------
        RunError
            When no hypothesis can.
        """
        roles: dict[str, Role] = dict(shown_name(model) for model in self._first_stage)
        if not any(roles[name] == "hypothesis" for name in self.losses):
            raise RunError("no hypothesis could be trained:\n" + "\n".join(self.failures))
        return loss_table(self.losses, roles, self._subjects.phenotype, self._subjects.strata.unit, self._plan)

    def contenders(self) -> tuple[str, ...]:
        """Return the hypotheses that get null masks, in the order of the study."""
        names = [name for name in self.losses if hypothesis_model(name) in self._first_stage]
        if self._plan.nulls == 0:
            return ()
        if self._plan.nulls_for == "all" or len(names) <= MAX_CONTENDERS:
            return tuple(names)
        ranked = [
            r for r in compare_losses(self.table, (), self._config, self._scope).hypotheses if r.role == "hypothesis"
        ]
        leading = [r.name for i, r in enumerate(ranked) if i == 0 or r.in_confidence_set][:MAX_CONTENDERS]
        return tuple(name for name in names if name in leading)

    def observed(self, hypothesis: str) -> float:
        """Return the loss of a hypothesis over the repeats that its nulls are scored with."""
        return float(self.losses[hypothesis].full_RB[: self._plan.null_repeats].mean())

    def null_draws(self, hypothesis: str) -> NullDraws:
        """Return the null draws of `hypothesis` up to the first that is not over."""
        plan = self._plan
        records = {record.job: record for record in self._ledger.records() if _is_null_of(record, hypothesis)}
        losses: dict[int, float] = {}
        failed: list[int] = []
        for draw in range(plan.nulls):
            model = null_model(hypothesis, draw)
            jobs = [Job(model, repeat, fold) for repeat in range(plan.null_repeats) for fold in range(plan.folds)]
            states = {records[job].state if job in records else "queued" for job in jobs}
            if states & {"queued", "running"}:
                break
            if "failed" in states:
                failed.append(draw)
                continue
            if model not in self._null_losses:
                self._null_losses[model] = mean_loss(self._store, model, self._subjects.phenotype, plan)
            losses[draw] = self._null_losses[model]
        return NullDraws(losses, tuple(failed))

    def draws_needed(self, hypothesis: str, most: int | None = None) -> range:
        """Return the numbers of the draws that the sequence needs next, whatever their losses will be.

        Parameters
        ----------
        most
            Draws at most; None: as the plan says.
        """
        drawn = self.null_draws(hypothesis)
        most = min(self._plan.nulls, most or self._plan.nulls) - len(drawn.failed)
        if most < 1:
            return range(drawn.n, drawn.n)
        needed = next_draws(
            self.observed(hypothesis),
            list(drawn.losses.values()),
            stop_after=self._config.null_stop_after,
            max_draws=most,
        )
        return range(drawn.n, drawn.n + needed)

    def comparison(
        self,
        null_kinds: Mapping[str, str],
        null_controls: Mapping[str, NullControl] | None = None,
        direction_only: frozenset[frozenset[str]] = frozenset(),
    ) -> tuple[Comparison, tuple[str, ...]]:
        """Compare, and return the answer with what is to be said about trainings that failed.

        Parameters
        ----------
        null_kinds
            Kind of null masks by hypothesis, of those that have any.
        null_controls
            How good a control they are.
        direction_only
            Pairs of hypotheses that differ in direction alone.
        """
        nulls: list[NullLosses] = []
        null_controls = null_controls or {}
        warnings = list(self.failures)
        for name in self.losses:
            if hypothesis_model(name) not in self._first_stage:
                continue
            drawn = self.null_draws(name)
            if drawn.failed:
                warnings.append(
                    f"{len(drawn.failed)} of {drawn.n} null masks of {name!r} could not be trained and do not count"
                )
            if drawn.losses:
                nulls.append(
                    NullLosses(
                        hypothesis=name,
                        observed=self.observed(name),
                        draws=np.array(list(drawn.losses.values())),
                        kind=null_kinds[name],
                        finished=not self.draws_needed(name, null_controls.get(name, NullControl()).limit),
                    )
                )
        table = self.table  # raises when nothing can be compared
        if self._subjects.phenotype.kind == "masked-genes":
            direction_only = frozenset()  # a hidden gene is predicted from those that act on it: direction shows
        circumstances = replace(self._circumstances(), null_controls=null_controls, direction_only=direction_only)
        answer = compare_losses(table, nulls, self._config, self._scope, circumstances)
        return answer, tuple(warnings)

    @cached_property
    def _first_stage(self) -> Mapping[str, list[JobRecord]]:
        """Records of hypotheses and references by model, in the order of the plan; all must be over."""
        by_model: dict[str, list[JobRecord]] = {}
        for record in self._ledger.records():
            if null_name(record.job.model) is None:
                by_model.setdefault(record.job.model, []).append(record)
        waiting = sum(record.state in ("queued", "running") for records in by_model.values() for record in records)
        if waiting or not by_model:
            total = sum(len(records) for records in by_model.values())
            raise RunError(
                f"{self._ledger.path.parent}: this run is not finished ({waiting} of {total} trainings are to do). "
                "Give the compare command again: it goes on from there."
            )
        return by_model

    def _circumstances(self) -> Circumstances:
        roles = dict(shown_name(model) for model in self._first_stage)
        test_fold_RB = next(iter(self.losses.values())).test_fold_RB  # the same for every model
        strata, groups = self._subjects.strata, self._subjects.groups
        return Circumstances(
            trainings=self._trainings(),
            null_repeats=self._plan.null_repeats,
            replicates=ReplicateLosses(
                {name: losses.replicates_MRB for name, losses in self.losses.items()},
                {name: losses.full_RB for name, losses in self.losses.items()},
                test_fold_RB,
            ),
            fits=FitRecords(
                {
                    shown_name(model)[0]: [record.numbers for record in records]
                    for model, records in self._first_stage.items()
                },
                test_fold_RB,
            ),
            subgroupings=subgroupings(strata.categories, strata.numbers, groups),
            copies=groups is None,
            left_out=tuple(name for name, role in roles.items() if role == "hypothesis" and name not in self.losses),
        )

    @cached_property
    def spending(self) -> tuple[Spent, ...]:
        """What the trainings were spent on."""
        return spending(self._ledger.records("done"))

    def _trainings(self) -> dict[str, int]:
        """Return how many networks were trained, by purpose."""
        counts = {"hypotheses": 0, "references": 0, "null masks": 0}
        plural = {"hypothesis": "hypotheses", "reference": "references"}
        for spent in self.spending:
            counts[plural.get(spent.purpose, spent.purpose)] += spent.trainings
        return counts


def _is_null_of(record: JobRecord, hypothesis: str) -> bool:
    name = null_name(record.job.model)
    return name is not None and name.hypothesis == hypothesis
