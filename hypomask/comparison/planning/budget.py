"""Which plans a budget of trainings can buy, and what they can be expected to decide."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hypomask.comparison.planning.chances import Chances, Design, standard_draws
from hypomask.comparison.planning.null_question import draws_by_chance, draws_expected, is_exact
from hypomask.comparison.planning.prices import Prices
from hypomask.comparison.planning.questions import Questions

__all__ = ["Budget", "Demand", "PlannedStudy", "plans_within"]

FloatArray = npt.NDArray[np.float64]

# Fewer folds would train on markedly smaller parts, and what that does to effects a run at one size cannot tell.
FOLDS = (5, 10)
REPEATS = (1, 2, 3, 5, 10)
NULL_REPEATS = (1, 3)
# With one nobody could tell what seeds do; at most as many as there are inner folds, four as shipped.
REPLICATES = (2, 4)
# (most draws, stop after this many as good): the shipped default, cheaper ones, and a finer one.
NULL_SEQUENCES = ((19, None), (39, 2), (39, None), (99, 2), (99, 5), (99, None), (199, 5), (499, 10))
AS_GOOD = 0.01  # plans whose chances differ by less are the same plan at another price


@dataclass(frozen=True)
class Budget:
    """What may be spent: networks trained, or seconds of all workers together; None: no limit."""

    trainings: float | None = None
    seconds: float | None = None

    def allows(self, plan: PlannedStudy) -> bool:
        """Return whether `plan` is expected to stay within."""
        if self.trainings is not None and plan.trainings > self.trainings:
            return False
        return self.seconds is None or (plan.seconds is not None and plan.seconds <= self.seconds)


@dataclass(frozen=True)
class Demand:
    """What is to be planned for.

    Parameters
    ----------
    n_units
        Independent units of the study.
    effect_J
        Expected effects of the questions.
    n_tested
        Hypotheses that get null masks, the leading one included.
    n_true
        How many of them are taken to beat their null masks as the leading one does; the others are taken to be no
        better than their null masks, and their sequences end early.
    """

    n_units: int
    effect_J: FloatArray
    n_tested: int
    n_true: int = 1


@dataclass(frozen=True)
class PlannedStudy:
    """A plan, what it can be expected to decide, and what it is expected to cost.

    Parameters
    ----------
    power
        Chance that everything "best" asks for is decided.
    power_of_rivals, power_of_nulls
        Of the rival that is hardest to tell apart, and of the null test; None without one.
    trainings_of
        Networks trained, by purpose. Null draws are counted at their expectation under sequential stopping.
    draws_if_true, draws_if_not
        Expected null draws of a hypothesis like the leading one, and of one that is no better than its null masks.
    exact_nulls
        Enough null draws for the exact rank p to reach the level after Holm.
    seconds
        Of one worker; None when the seconds of a training are not known.
    marks
        ``default`` (what hypomask does when nobody says otherwise), ``pilot`` (the plan of the run), ``advised`` (the
        cheapest that is as good as the best one within 1 %), ``beyond`` (costs more than the budget).
    """

    design: Design
    power: float
    power_of_rivals: float | None
    power_of_nulls: float | None
    trainings_of: dict[str, float]
    draws_if_true: float
    draws_if_not: float
    exact_nulls: bool
    seconds: float | None
    marks: tuple[str, ...] = ()

    @property
    def trainings(self) -> float:
        """Expected networks trained in all."""
        return sum(self.trainings_of.values())


def plans_within(
    questions: Questions,
    demand: Demand,
    prices: Prices,
    budget: Budget,
    *,
    pilot: Design | None = None,
    alpha: float = 0.05,
    most: int = 10,
    seed: int = 0,
) -> tuple[PlannedStudy, ...]:
    """Return the plans worth considering within `budget`, highest power first, cheaper ones first among equals.

    A plan is worth considering when no cheaper one has the same power; and, where the budget buys any plan with enough
    null draws for an exact test, when it has enough. The default plan and the pilot's are always
    among them, marked, even if they cost more than the budget.

    Replicates are varied where it is known how much seeds matter; that averaging over more of them also predicts a
    little better is not reckoned with. Nor is what more folds do for the models (larger training sets), which is why
    none with fewer than five is offered.
    """
    default = Design(alpha=alpha)
    replicates = REPLICATES if questions.seed_share is not None else (prices.replicates,)
    normal_DJ = standard_draws(questions, seed=seed)
    priced = [_priced(questions, demand, prices, design, normal_DJ) for design in _designs(alpha, replicates)]
    affordable = [plan for plan in priced if budget.allows(plan)]
    exact = [plan for plan in affordable if plan.exact_nulls]
    front = _front(exact or affordable)
    shown = sorted(front, key=lambda plan: (-round(plan.power, 3), plan.trainings))[:most]
    advised = min((p for p in shown if p.power >= shown[0].power - AS_GOOD), key=_cost) if shown else None
    for design in (default, pilot):
        if design is not None and all(plan.design != design for plan in shown):
            shown.append(_priced(questions, demand, prices, design, normal_DJ))
    marked = [replace(plan, marks=_marks(plan, default, pilot, advised, budget)) for plan in shown]
    return tuple(sorted(marked, key=lambda plan: (-round(plan.power, 3), plan.trainings)))


def _designs(alpha: float, replicates: tuple[int, ...]) -> Iterator[Design]:
    choices = itertools.product(FOLDS, REPEATS, NULL_REPEATS, NULL_SEQUENCES, replicates)
    for folds, repeats, null_repeats, (nulls, stop), each in choices:
        if null_repeats <= repeats:
            yield Design(folds, repeats, nulls, null_repeats, stop, alpha, each)


def _priced(
    questions: Questions, demand: Demand, prices: Prices, design: Design, normal_DJ: FloatArray
) -> PlannedStudy:
    chances = Chances(questions, design, normal_DJ=normal_DJ)
    power_J = chances.at(demand.n_units, demand.effect_J)
    rivals = [power_J[j] for j, question in enumerate(questions.questions) if question.kind == "rival"]
    null = questions.null_index
    if_true = if_not = 0.0
    if null is not None:
        gap_D = chances.gap_draws(demand.n_units, demand.effect_J)
        distance_D = gap_D / chances.null_sd(demand.n_units)
        if_true = float(draws_expected(distance_D, max_draws=design.nulls, stop_after=design.null_stop_after).mean())
        if_not = draws_by_chance(max_draws=design.nulls, stop_after=design.null_stop_after)
    splits = design.folds * design.repeats
    draws = demand.n_true * if_true + (demand.n_tested - demand.n_true) * if_not if null is not None else 0.0
    jobs = {
        "hypotheses": (questions.n_hypotheses * splits, prices.hypothesis),
        "references": (prices.n_references * splits, prices.reference),
        "null masks": (draws * design.folds * design.null_repeats, prices.null),
    }
    scale = design.replicates / prices.replicates
    seconds = [
        None if (each := prices.seconds(price, demand.n_units)) is None else n * each * scale
        for n, price in jobs.values()
    ]
    return PlannedStudy(
        design=design,
        power=float(power_J[-1]),
        power_of_rivals=float(min(rivals)) if rivals else None,
        power_of_nulls=None if null is None else float(power_J[null]),
        trainings_of={purpose: n * price.trainings * scale for purpose, (n, price) in jobs.items()},
        draws_if_true=if_true,
        draws_if_not=if_not,
        exact_nulls=is_exact(design.nulls, design.alpha / questions.n_hypotheses),
        seconds=None if None in seconds else sum(each for each in seconds if each is not None),
    )


def _front(plans: list[PlannedStudy]) -> list[PlannedStudy]:
    """Return the plans that no cheaper plan equals; power is compared to 0.1 %."""
    kept: list[PlannedStudy] = []
    for plan in sorted(plans, key=lambda plan: (_cost(plan), -plan.power)):
        if not kept or round(plan.power, 3) > round(kept[-1].power, 3):
            kept.append(plan)
    return kept


def _cost(plan: PlannedStudy) -> float:
    return plan.trainings


def _marks(
    plan: PlannedStudy, default: Design, pilot: Design | None, advised: PlannedStudy | None, budget: Budget
) -> tuple[str, ...]:
    found = {
        "advised": advised is not None and plan.design == advised.design,
        "default": plan.design == default,
        "pilot": plan.design == pilot,
        "beyond": not budget.allows(plan),
    }
    return tuple(mark for mark, applies in found.items() if applies)
