"""Plans: what they cost, which are worth having, and which are marked."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hypomask.comparison.planning.assumptions import AssumedEffect, AssumedStudy
from hypomask.comparison.planning.budget import Budget, Demand, PlannedStudy, plans_within
from hypomask.comparison.planning.chances import Design
from hypomask.comparison.planning.prices import JobPrice, Prices, assumed_prices
from hypomask.comparison.planning.questions import Questions

STUDY = AssumedStudy(2, AssumedEffect(0.05, 0.4))


@pytest.fixture(scope="module")
def questions() -> Questions:
    return STUDY.questions()


def _plans(questions: Questions, budget: Budget, **options: object) -> tuple[PlannedStudy, ...]:
    demand = Demand(1200, questions.effect_J, n_tested=2)
    return plans_within(questions, demand, assumed_prices(0.5), budget, **options)  # type: ignore[arg-type]


def test_plans_stay_within_the_budget_and_the_best_comes_first(questions: Questions) -> None:
    plans = _plans(questions, Budget(2000))
    affordable = [plan for plan in plans if "beyond" not in plan.marks]
    assert affordable
    assert all(plan.trainings <= 2000 for plan in affordable)
    powers = [round(plan.power, 3) for plan in plans]
    assert powers == sorted(powers, reverse=True)
    advised = [plan for plan in plans if "advised" in plan.marks]
    assert len(advised) == 1
    assert advised[0].power >= max(plan.power for plan in affordable) - 0.0101


def test_the_default_and_the_pilots_plan_are_always_shown(questions: Questions) -> None:
    plans = _plans(questions, Budget(50), pilot=Design(4, 2, 19))
    marks = [mark for plan in plans for mark in plan.marks]
    assert marks.count("default") == marks.count("pilot") == 1
    assert all("beyond" in plan.marks for plan in plans)


def test_no_plan_is_dearer_than_another_of_the_same_power(questions: Questions) -> None:
    plans = [plan for plan in _plans(questions, Budget(5000)) if not plan.marks]
    by_price = sorted(plans, key=lambda plan: plan.trainings)
    assert all(a.power < b.power for a, b in pairwise(by_price))


def test_the_parts_of_the_price_are_those_of_the_plan(questions: Questions) -> None:
    default = next(plan for plan in _plans(questions, Budget(1e6)) if "default" in plan.marks)
    # Two hypotheses x 15 splits x 4 networks; of two references, no interaction trains nothing.
    assert default.trainings_of["hypotheses"] == 2 * 15 * 4
    assert default.trainings_of["references"] == 2 * 15 * 2
    draws = default.draws_if_true + default.draws_if_not
    assert default.trainings_of["null masks"] == pytest.approx(draws * 5 * 4)
    assert default.draws_if_not == pytest.approx(19.5, abs=0.1)
    assert default.draws_if_true > 90
    assert default.seconds == pytest.approx(default.trainings * 0.5)


def test_seconds_bound_plans_too_and_are_unknown_without_a_price(questions: Questions) -> None:
    assert all(p.seconds <= 600 for p in _plans(questions, Budget(seconds=600)) if "beyond" not in p.marks)
    free = Prices(JobPrice(4, None), JobPrice(2, None), JobPrice(4, None), 2)
    demand = Demand(1200, questions.effect_J, n_tested=2)
    plans = plans_within(questions, demand, free, Budget(seconds=600))
    assert all("beyond" in plan.marks and plan.seconds is None for plan in plans)


def test_time_grows_with_the_size_of_the_study() -> None:
    prices = Prices(JobPrice(4, 2.0), JobPrice(2, 1.0), JobPrice(4, 2.0), 2, n_units=100)
    assert prices.seconds(prices.hypothesis, 400) == 8.0


def test_plans_with_exact_null_tests_are_preferred_where_they_can_be_bought() -> None:
    questions = AssumedStudy(6, AssumedEffect(0.05, 0.4)).questions()
    demand = Demand(1500, questions.effect_J, n_tested=6)
    rich = plans_within(questions, demand, assumed_prices(None), Budget(50_000))
    assert all(plan.exact_nulls for plan in rich if "advised" in plan.marks)
    poor = plans_within(questions, demand, assumed_prices(None), Budget(1800))
    assert any(not plan.exact_nulls for plan in poor if "beyond" not in plan.marks)


def test_more_seeds_cost_in_proportion_and_help_only_where_seeds_are_known_to_matter(questions: Questions) -> None:
    assert {plan.design.replicates for plan in _plans(questions, Budget(5000))} == {2}
    more = Design(replicates=4)
    for share in (None, 0.2):
        known = Questions(**{**vars(questions), "seed_share": share})
        plans = {plan.marks[0]: plan for plan in _plans(known, Budget(10), pilot=more)}
        assert plans["pilot"].trainings == pytest.approx(2 * plans["default"].trainings, rel=0.02)
        assert (plans["pilot"].power > plans["default"].power) == (share is not None)


def test_repeats_are_worth_more_than_one(questions: Questions) -> None:
    power = {
        plan.design.repeats: plan.power
        for plan in _plans(questions, Budget(1e6), pilot=Design(5, 1))
        if plan.design.folds == 5 and ("default" in plan.marks or "pilot" in plan.marks)
    }
    assert power[3] > power[1] + 0.1
    assert np.isfinite(power[1])
