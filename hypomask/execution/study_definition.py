"""A study: which data, which hypotheses, and how they are compared. Importing this loads neither torch nor pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypomask.comparison.config import ComparisonConfig
from hypomask.errors import ConfigError, Problem, did_you_mean, raise_problems
from hypomask.execution.plan_config import PlanConfig
from hypomask.hypothesis.graph import Expansion, Hypothesis, Scope
from hypomask.model.config import ModelConfig
from hypomask.training.config import TrainingConfig

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort
    from hypomask.data.spec import DataReport, DataSpec
    from hypomask.data.streamed import Storage

__all__ = ["RESERVED_NAMES", "HypothesisSource", "Study"]

RESERVED_NAMES = ("no-interaction", "unconstrained")


@dataclass(frozen=True)
class HypothesisSource:
    """A file that hypotheses come from.

    Parameters
    ----------
    scope
        Overrides the scope stated in the file; None keeps it.
    expansion
        How gene sets become edges; None: by their size. Hypothesis documents state their own.
    only
        Names of the hypotheses to take; empty: all of the file.
    """

    path: Path
    scope: Scope | None = None
    expansion: Expansion | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """Everything that decides the answer of a run.

    Parameters
    ----------
    data, hypotheses
        Where they are read from. Left out when a cohort and hypotheses are given as objects.
    scope
        ``all``: the same genes under every hypothesis, evidence is what edges add. ``members``: each hypothesis
        brings its own genes. None: as the hypotheses themselves say, which must then agree.
    file
        The study file it was read from, for messages; None when it came from options.
    """

    name: str
    data: DataSpec | None = None
    hypotheses: tuple[HypothesisSource, ...] = ()
    scope: Scope | None = None
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)
    comparison: ComparisonConfig = field(default_factory=ComparisonConfig)
    file: Path | None = None

    @property
    def place_of_hypotheses(self) -> str | None:
        """The file to name when something is wrong with a hypothesis: its own where there is one, else the study."""
        place = self.hypotheses[0].path if len(self.hypotheses) == 1 else self.file
        return str(place) if place else None

    def with_plan(self, **changes: Any) -> Study:
        """Return the study with other fields of `plan`, e.g. ``study.with_plan(seed=1)``."""
        return replace(self, plan=replace(self.plan, **changes))

    def read_cohort(self, storage: Storage | None = None) -> tuple[Cohort, DataReport]:
        """Read the data, and say what was found on the way.

        Parameters
        ----------
        storage
            For measurements that do not fit into memory; see `hypomask.data.reading.read_cohort`.

        Raises
        ------
        ConfigError
            When the study names no data.
        DataError
            When they cannot be used, with every problem of the file concerned.
        """
        from hypomask.data.reading import read_cohort

        if self.data is None:
            raise ConfigError(f"study {self.name!r} has no data; name files in it, or give a cohort as an object")
        return read_cohort(self.data, n_folds=self.plan.folds, storage=storage)

    def read_hypotheses(self) -> tuple[Hypothesis, ...]:
        """Read the hypotheses, in the order of the study.

        Raises
        ------
        HypothesisError
            When a file is wrong.
        ConfigError
            When there are none, two share a name or disagree about the scope, or a name asked for is not there.
        """
        from hypomask.knowledge.registry import read_hypotheses

        problems: list[Problem] = []
        found: list[Hypothesis] = []
        for source in self.hypotheses:
            read = read_hypotheses(source.path, scope=source.scope or self.scope, expansion=source.expansion)
            names = [hypothesis.name for hypothesis in read]
            for name in source.only:
                if name not in names:
                    message = f"no hypothesis {name!r} in this file.{did_you_mean(name, names)}"
                    problems.append(Problem(message, str(source.path)))
            found += [hypothesis for hypothesis in read if not source.only or hypothesis.name in source.only]
        problems += self.problems_between(found)
        raise_problems(problems, ConfigError)
        return tuple(found)

    def problems_between(self, hypotheses: Sequence[Hypothesis]) -> list[Problem]:
        """Return why these hypotheses cannot be compared with each other in one study."""
        file = str(self.file) if self.file else None
        messages = [] if hypotheses else ["the study has no hypotheses; name a file of them, or give them as objects"]
        names = [hypothesis.name for hypothesis in hypotheses]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            messages.append(f"{names.count(name)} hypotheses are called {name!r}; names must differ within a study")
        for name in names:
            if name in RESERVED_NAMES:
                messages.append(f"a hypothesis is called {name!r}, the name of a reference; give it another")
        by_scope: dict[Scope, str] = {}
        for hypothesis in hypotheses:
            by_scope.setdefault(hypothesis.scope, hypothesis.name)
        if len(by_scope) > 1:
            said = " and ".join(f"{name!r} has scope {scope!r}" for scope, name in by_scope.items())
            messages.append(f"{said}; a study asks one question: add 'scope: all' or 'scope: members' to the study")
        return [Problem(message, file) for message in messages]
