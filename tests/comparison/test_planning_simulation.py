"""Assumed studies, and the forecast held against the comparator itself on simulated losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.planning.answer import PowerRequest, answer
from hypomask.comparison.planning.assumptions import AssumedEffect, AssumedPhenotype, AssumedStudy
from hypomask.comparison.planning.chances import Design
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.prices import assumed_prices
from hypomask.comparison.planning.simulation import simulate_power
from hypomask.errors import ConfigError


def test_an_assumed_effect_comes_out_as_assumed() -> None:
    questions = AssumedStudy(3, AssumedEffect(0.02, 0.4, gain=0.03, skill=0.05)).questions()
    assert questions.effect_J == pytest.approx([0.05, 0.03, 0.03, 0.02, 0.02])
    tested = [q.kind != "nulls" for q in questions.questions]
    assert np.sqrt(questions.unit_variances[tested]) == pytest.approx([0.4] * 4, rel=1e-3)
    assert questions.correlation_JJ[3, 4] == pytest.approx(0.5, abs=0.02)
    assert questions.n_units is None


def test_shares_of_a_continuous_phenotype_give_the_known_variance() -> None:
    questions = AssumedStudy(2, AssumedPhenotype(0.2, 0.1, 0.08)).questions()
    assert questions.effect_J == pytest.approx([0.3, 0.2, 0.2, 0.08], abs=1e-6)
    # d = 2 e g + g^2 with residual variance 0.7 and Var(g) = 0.08
    assert questions.unit_variances[3] == pytest.approx(4 * 0.7 * 0.08 + 2 * 0.08**2, rel=0.05)


def test_the_rivals_of_a_binary_phenotype_lack_the_skill_they_are_said_to_lack() -> None:
    study = AssumedStudy(2, AssumedPhenotype(0.3, 0.1, 0.04, kind="binary", prevalence=0.3))
    gene_free = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    assert study.questions().effect_J[3] / gene_free == pytest.approx(0.04, abs=0.004)
    assert study.questions().least_units == pytest.approx(40 / 0.3, rel=0.03)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: AssumedEffect(-1, 0.4), "effect: got -1"),
        (lambda: AssumedEffect(0.1, float("nan")), "sd: got nan"),
        (lambda: AssumedPhenotype(1.2), "interaction R2: got 1.2"),
        (lambda: AssumedPhenotype(0.6, 0.5), "add up to 1 or more"),
        (lambda: AssumedPhenotype(0.2, skill_difference=0.3), "only 0.2 worse"),
        (lambda: AssumedPhenotype(0.2, prevalence=0.0), "prevalence: got 0.0"),
        (lambda: AssumedStudy(0, AssumedEffect(0.1, 0.4)), "hypotheses: got 0"),
        (lambda: PowerRequest(power=1.0), "power: got 1.0"),
        (lambda: PowerRequest(n_units=3), "samples: got 3"),
    ],
)
def test_assumptions_that_cannot_be_are_named(wrong, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        wrong()


def test_the_answer_is_the_same_twice_and_plain() -> None:
    study = AssumedStudy(2, AssumedEffect(0.05, 0.4))
    request = PowerRequest(studies=4, n_units=300)
    found = [
        answer(study.pilot, Design(), assumed_prices(None), request, n_tested=2, assumed=study.questions()).as_dict()
        for _ in range(2)
    ]
    assert found[0] == found[1]
    assert [row["n"] for row in found[0]["simulated"]] == [150, 300, 600]
    assert all(sum(row["codes"].values()) == 4 for row in found[0]["simulated"])


def test_studies_drawn_from_a_grouped_pilot_keep_groups_and_effects(make_table) -> None:
    groups = np.array([f"p{i // 2}" for i in range(300)])
    table = make_table({"a": -0.1, "b": -0.05}, n=300, groups=groups)
    pilot = Pilot(table, ComparisonConfig(monte_carlo_draws=1000, bootstrap_draws=50), "all")
    questions = pilot.questions()
    large = questions.effect_J + np.array([0.0, 0.0, 1.0])
    found = simulate_power(pilot, questions, large, Design(nulls=0), 60, studies=5)
    assert found.rivals == 1.0
    assert found.nulls is None
    assert found.n == 60


@pytest.mark.slow
@pytest.mark.parametrize(
    "assumed",
    [
        AssumedEffect(0.05, 0.4, gain=0.08),
        AssumedPhenotype(0.15, 0.1, 0.06),
        AssumedPhenotype(0.2, 0.1, 0.04, "binary"),
    ],
    ids=["effect", "continuous", "binary"],
)
def test_the_comparator_calls_best_as_often_as_forecast(assumed: AssumedEffect | AssumedPhenotype) -> None:
    study = AssumedStudy(3, assumed)
    questions = study.questions()
    found = answer(study.pilot, Design(), assumed_prices(None), PowerRequest(), n_tested=3, assumed=questions)
    needed = found.forecast.best.needed
    assert needed is not None
    for n in (needed // 2, needed):
        simulated = simulate_power(study.pilot, questions, questions.effect_J, Design(), n, studies=150)
        assert simulated.best == pytest.approx(simulated.predicted, abs=3 * np.sqrt(0.25 / 150))
        assert simulated.wrong <= 0.02


@pytest.mark.slow
def test_with_no_effect_the_comparator_hardly_ever_calls_best() -> None:
    study = AssumedStudy(3, AssumedEffect(0.05, 0.4))
    questions = study.questions()
    none_J = np.where([q.kind == "rival" for q in questions.questions], 0.0, questions.effect_J)
    found = simulate_power(study.pilot, questions, none_J, replace(Design(), nulls=99), 1500, studies=100)
    assert found.best + found.wrong <= 0.05
