"""Everything `hypomask power` says, in one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypomask.comparison.plain import to_plain
from hypomask.comparison.planning.budget import Budget, Demand, PlannedStudy, plans_within
from hypomask.comparison.planning.chances import Design
from hypomask.comparison.planning.decision import rounded_up
from hypomask.comparison.planning.effect_draws import effect_draws
from hypomask.comparison.planning.forecast import Forecast, forecast
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.prices import Prices
from hypomask.comparison.planning.questions import Questions
from hypomask.comparison.planning.simulation import SimulatedPower, simulate_power
from hypomask.comparison.planning.words import headline, notes, unit_noun
from hypomask.comparison.words import count_of
from hypomask.errors import ConfigError, Problem, raise_problems

__all__ = ["PowerAnswer", "PowerRequest", "answer"]

BAND_DRAWS = 200
FEWEST_UNITS = 10


@dataclass(frozen=True)
class PowerRequest:
    """What is asked.

    Parameters
    ----------
    power
        Wanted chance.
    confidence
        Coverage of the bands.
    n_units
        Size of the study to plan; None: as many units as are needed to call the leading hypothesis best, or where that
        cannot be said, as many as the pilot has.
    budget
        What plans may cost; None: no plans are asked for.
    studies
        Simulated studies at each size; 0: none.
    seed
        Of every random number.
    """

    power: float = 0.8
    confidence: float = 0.8
    n_units: int | None = None
    budget: Budget | None = None
    studies: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        found = [
            Problem(f"{name}: got {value}, expected a share between 0 and 1, such as 0.8")
            for name, value in (("power", self.power), ("confidence", self.confidence))
            if not 0 < value < 1
        ]
        if self.n_units is not None and self.n_units < FEWEST_UNITS:
            found.append(Problem(f"samples: got {self.n_units}, expected at least {FEWEST_UNITS}"))
        limits = () if self.budget is None else (self.budget.trainings, self.budget.seconds)
        if any(limit is not None and not limit > 0 for limit in limits):
            found.append(Problem("the budget must be positive"))
        raise_problems(found, ConfigError)


@dataclass(frozen=True)
class PowerAnswer:
    """The answer.

    Parameters
    ----------
    sentence
        In words.
    forecast
        Chances and numbers of units, question by question.
    plan_units
        Size of the study the plans are for.
    plans
        Highest power first; empty when no budget was given.
    simulated
        What the comparator said on simulated losses.
    notes
        What all this rests on.
    """

    sentence: str
    forecast: Forecast
    plan_units: int | None
    plans: tuple[PlannedStudy, ...]
    simulated: tuple[SimulatedPower, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        content = dict(to_plain(self))
        for plain, plan in zip(content["plans"], self.plans, strict=True):
            plain["trainings"] = plan.trainings
        return content


def answer(
    pilot: Pilot,
    design: Design,
    prices: Prices,
    request: PowerRequest,
    *,
    n_tested: int,
    n_true: int = 1,
    assumed: Questions | None = None,
) -> PowerAnswer:
    """Answer `request` from a pilot.

    Parameters
    ----------
    n_tested, n_true
        Hypotheses that get null masks, and how many of them are taken to beat theirs.
    assumed
        Questions whose effects were assumed and have no uncertainty; `pilot` is then only what simulated studies are
        drawn from.
    """
    questions = pilot.questions() if assumed is None else assumed
    effects = effect_draws(pilot, draws=BAND_DRAWS, seed=request.seed) if assumed is None else None
    effect_J = questions.effect_J if effects is None else effects.shrunk_J
    found = forecast(
        questions, design, power=request.power, confidence=request.confidence, effects=effects, seed=request.seed
    )
    plans: tuple[PlannedStudy, ...] = ()
    said = list(notes(found))
    plan_units = None
    if request.budget is not None:
        plan_units = request.n_units or found.best.needed or questions.n_units
        if plan_units is None:
            raise ConfigError("plans need a number of samples, and none can be worked out: give --samples")
        planned_J = effect_J
        if found.best.needed is None and effects is not None:
            planned_J = questions.effect_J
            said.append("Plans are compared at the effects as they were estimated, which is optimistic.")
        demand = Demand(plan_units, planned_J, n_tested, n_true)
        pilot_design = design if questions.n_units is not None else None
        plans = plans_within(
            questions,
            demand,
            prices,
            request.budget,
            pilot=pilot_design,
            alpha=design.alpha,
            seed=request.seed,
        )
        said += _about_plans(found, plan_units, plans, seeds_known=questions.seed_share is not None)
    simulated = tuple(
        simulate_power(pilot, questions, effect_J, design, n, studies=request.studies, seed=request.seed)
        for n in (_simulated_sizes(found, request) if request.studies else ())
    )
    return PowerAnswer(headline(found), found, plan_units, plans, simulated, tuple(said))


def _simulated_sizes(found: Forecast, request: PowerRequest) -> list[int]:
    """Return a size below, at and above what is needed; where that is not known, the present one and multiples."""
    middle = request.n_units or found.best.needed or found.n_now or 400
    return [rounded_up(middle / 2), middle, rounded_up(middle * 2)]


def _about_plans(found: Forecast, plan_units: int, plans: tuple[PlannedStudy, ...], *, seeds_known: bool) -> list[str]:
    said = [
        f"Plans are for {count_of(plan_units, unit_noun(found))}; their power is the chance that {found.leader} is "
        "called best. A training is one network; seeds are replicates per fold; null draws (at most, and after how "
        "many as good ones they stop) are counted at their expectation.",
    ]
    if not seeds_known:
        said.append(
            "The number of training replicates is not varied: how much seeds matter is not known here. Repeats lessen "
            "the same noise at the same price per training."
        )
    if not any("beyond" not in plan.marks for plan in plans):
        said.append("No plan fits the budget.")
    if any(not plan.exact_nulls and "beyond" not in plan.marks for plan in plans):
        said.append(
            "Plans marked 'approximate' draw too few null masks for an exact p with this many hypotheses; the t "
            "approximation then decides, which is wrong more often than it says where real interactions exist."
        )
    return said
