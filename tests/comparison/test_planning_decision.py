"""Chances of single tests and of all together: against brute force, and by what they must obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hypomask.comparison.multiplicity import JointLaw
from hypomask.comparison.null_test import null_test
from hypomask.comparison.paired import Units, corrected_effect
from hypomask.comparison.planning.chances import Chances, Design
from hypomask.comparison.planning.decision import power_at, rounded_up, units_needed
from hypomask.comparison.planning.null_question import chance_to_beat_nulls, draws_by_chance, draws_expected
from hypomask.comparison.planning.questions import NullSpread, Question, Questions, spread_of
from hypomask.comparison.planning.thresholds import Threshold


def _alone() -> Threshold:
    return Threshold(np.eye(1), two_sided=True)


def _questions(*, rivals: int = 2, nulls: NullSpread | None = None, least: int = 40) -> Questions:
    asked = [Question("predicts", "no genes", _alone()), Question("edges", "no edges", _alone())]
    if nulls is not None:
        asked.append(Question("nulls", "its null masks", None))
    asked += [Question("rival", f"rival {k}", _alone()) for k in range(rivals)]
    n = len(asked)
    correlation = np.full((n, n), 0.5) + 0.5 * np.eye(n)
    return Questions(
        leader="truth",
        questions=tuple(asked),
        effect_J=np.full(n, 0.1),
        covariance_JJ=correlation,
        correlation_JJ=correlation,
        studentised_J=np.ones(n),
        split_share=0.25,
        seed_share=None,
        replicates=2,
        nulls=nulls,
        n_hypotheses=rivals + 1,
        n_units=200,
        least_units=least,
    )


@given(
    effect=st.floats(1e-3, 10),
    variance=st.floats(1e-3, 100),
    critical=st.floats(1.7, 5),
    power=st.floats(0.3, 0.99),
    spread=st.floats(0.5, 2.25),
)
def test_the_units_needed_give_the_power_wanted(
    effect: float, variance: float, critical: float, power: float, spread: float
) -> None:
    how = {"unit_variance": variance, "critical": critical, "factor": 2.25, "spread": spread}
    n = float(units_needed(effect, power=power, **how))
    assert power_at(effect, n, **how) == pytest.approx(power, abs=1e-9)


def test_nothing_needs_no_finite_number_of_units_and_models_that_never_differ_are_never_told_apart() -> None:
    how = {"critical": 2.0, "power": 0.8}
    assert np.isinf(units_needed([0.0, -0.1], unit_variance=1.0, **how)).all()
    assert np.isinf(units_needed(0.1, unit_variance=0.0, **how))
    assert power_at(0.1, 1000, unit_variance=0.0, critical=2.0) == 0.0


def test_power_is_the_share_of_corrected_tests_that_reject() -> None:
    rng = np.random.default_rng(0)
    units, n, effect = Units.of(None, 150), 150, 0.35
    rejected = [
        corrected_effect(effect + rng.standard_normal((1, n)).repeat(3, axis=0), 5, units).p_two_sided <= 0.05
        for _ in range(2000)
    ]
    predicted = power_at(effect, n, unit_variance=1.0, critical=stats.t.isf(0.025, 14), factor=2.25)
    assert np.mean(rejected) == pytest.approx(float(predicted), abs=3 * np.sqrt(0.25 / 2000))


def test_numbers_carry_two_digits_and_are_never_rounded_down() -> None:
    assert [rounded_up(n) for n in (10.0, 10.1, 99.5, 101.0, 64_100.0)] == [10, 11, 100, 110, 65_000]


def test_a_threshold_alone_is_students_and_of_a_family_lies_below_bonferroni() -> None:
    assert _alone().critical(0.05, 14) == pytest.approx(stats.t.isf(0.025, 14))
    family = Threshold(np.full((4, 4), 0.5) + 0.5 * np.eye(4), two_sided=False)
    assert stats.t.isf(0.05, 14) < family.critical(0.05, 14) < stats.t.isf(0.05 / 4, 14)
    independent = Threshold(np.eye(4), two_sided=False).critical(0.05, 10_000)
    assert independent == pytest.approx(stats.norm.isf(1 - 0.95 ** (1 / 4)), abs=0.03)
    copies = Threshold(np.ones((4, 4)), two_sided=False)
    assert copies.critical(0.05, 14) == pytest.approx(stats.t.isf(0.05, 14), abs=0.03)


def test_a_rival_must_be_beaten_two_sided_as_a_pair_too() -> None:
    pair = Threshold(np.eye(1), two_sided=False, pair_two_sided=True)
    assert pair.critical(0.05, 14) == pytest.approx(stats.t.isf(0.025, 14))


def test_the_threshold_is_where_the_joint_law_of_the_comparison_has_its_level() -> None:
    rng = np.random.default_rng(3)
    shared = rng.standard_normal((1, 3, 400))
    difference_JRB = shared + rng.standard_normal((3, 3, 400))
    units = Units.of(None, 400)
    critical = Threshold.of_differences(difference_JRB, 5, units, two_sided=False).critical(0.05, 14)
    effects = [corrected_effect(d_RB, 5, units) for d_RB in difference_JRB]
    moved_JRB = np.stack(
        [d - e.mean + critical * e.se * (j == 0) for j, (d, e) in enumerate(zip(difference_JRB, effects, strict=True))]
    )
    at_critical = [corrected_effect(d_RB, 5, units) for d_RB in moved_JRB]
    law = JointLaw(moved_JRB, at_critical, n_folds=5, units=units, draws=20_000, seed=1)
    assert law.adjusted_greater()[0] == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(("max_draws", "stop_after", "n_tests"), [(39, None, 1), (99, 5, 1), (199, 5, 2), (19, 5, 3)])
def test_the_chance_to_beat_nulls_is_that_of_the_null_test(max_draws: int, stop_after: int, n_tests: int) -> None:
    rng = np.random.default_rng(4)
    level = 0.05 / n_tests
    for distance in (1.0, 2.0, 3.0):
        rejected = [
            null_test(
                -distance,
                rng.standard_normal(max_draws),
                stop_after=stop_after,
                max_draws=max_draws,
                n_tests=n_tests,
            ).p
            <= level
            for _ in range(1000)
        ]
        predicted = chance_to_beat_nulls(distance, max_draws=max_draws, stop_after=stop_after, level=level)
        # 0.02: where the t approximation decides, mean and best of the nulls are not taken as they fall together.
        assert np.mean(rejected) == pytest.approx(float(predicted), abs=3 * np.sqrt(0.25 / 1000) + 0.02)


def test_expected_draws_are_those_of_the_sequences() -> None:
    rng = np.random.default_rng(5)
    for distance in (0.0, 1.5):
        lengths = []
        for _ in range(3000):
            as_good = np.flatnonzero(rng.standard_normal(60) <= -distance)
            lengths.append(60 if len(as_good) < 3 else as_good[2] + 1)
        expected = float(draws_expected(distance, max_draws=60, stop_after=3))
        assert np.mean(lengths) == pytest.approx(expected, rel=0.04)
    over_ranks = [
        float(draws_expected(stats.norm.isf(u), max_draws=60, stop_after=3)) for u in (np.arange(4000) + 0.5) / 4000
    ]
    assert np.mean(over_ranks) == pytest.approx(draws_by_chance(max_draws=60, stop_after=3), rel=0.01)
    assert draws_by_chance(max_draws=60, stop_after=None) == 60


@given(n=st.integers(40, 20_000), scale=st.floats(0.1, 3))
def test_all_together_is_no_likelier_than_the_least_likely_and_grows_with_size(n: int, scale: float) -> None:
    # No null masks: more samples only sharpen how a hypothesis stands among wirings that truly differ.
    chances = Chances(_questions(), Design(), draws=500)
    effect_J = np.full(4, 0.1 * scale)
    here, beyond = chances.at(n, effect_J), chances.at(1.5 * n, effect_J)
    assert here[-1] <= here[:-1].min() + 0.07  # 500 draws against the closed form
    assert (beyond >= here - 1e-12).all()


def test_the_size_found_for_all_together_has_the_power_wanted() -> None:
    questions = _questions(nulls=NullSpread(0.0, 0.5, 50))
    chances = Chances(questions, Design())
    needed = chances.units(0.8, questions.effect_J)
    for j, n in enumerate(needed):
        assert chances.at(n, questions.effect_J)[j] == pytest.approx(0.8, abs=0.01)
    assert needed[-1] > needed[:-1].max()


def test_nothing_is_called_best_below_the_least_number_of_units() -> None:
    questions = _questions(least=500)
    chances = Chances(questions, Design())
    assert chances.at(499, np.full(4, 5.0))[-1] == 0.0
    assert chances.at(500, np.full(4, 5.0))[-1] == 1.0
    assert chances.units(0.8, np.full(4, 5.0))[-1] == pytest.approx(500, rel=1e-3)


def test_a_question_that_does_not_decide_does_not_stand_in_the_way() -> None:
    questions = _questions()
    asked = list(questions.questions)
    asked[1] = Question("edges", "its genes", _alone(), decides=False)
    effect_J = np.array([1.0, -1.0, 1.0, 1.0])
    free = Questions(**{**vars(questions), "questions": tuple(asked)})
    assert Chances(free, Design()).at(400, effect_J)[-1] == 1.0
    assert Chances(questions, Design()).at(400, effect_J)[-1] == 0.0


def test_more_repeats_and_more_seeds_lessen_the_spread_and_the_worst_case_bounds_it() -> None:
    spreads = [spread_of(0.4, 5, r) for r in (1, 2, 5, 50)]
    assert spreads == sorted(spreads, reverse=True)
    assert spread_of(10.0, 5, 1) == 2.25
    known = Questions(**{**vars(_questions()), "seed_share": 0.1})
    assert known.split_share_with(2) == pytest.approx(0.25)
    assert known.split_share_with(4) == pytest.approx(0.20)
    assert _questions().split_share_with(4) == 0.25
