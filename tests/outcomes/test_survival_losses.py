"""Survival: the grid of intervals, the loss of what became of each sample, and baselines that go with a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from hypomask.errors import DataError
from hypomask.outcomes.discrete_survival import DiscreteSurvival, KnownHazards
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.survival_times import interval_ends, signed_times, times_and_events

BOTH = pytest.mark.parametrize("family_type", [CoxSurvival, DiscreteSurvival])
ENDS = np.array([1.0, 2.0, 4.0])
HAZARDS = st.lists(st.floats(-3, 1.5), min_size=3, max_size=3)
SHIFTS = st.lists(st.floats(-2, 2), min_size=3, max_size=3)


class TestIntervals:
    @settings(max_examples=100, deadline=None)
    @given(st.integers(1, 400), st.integers(0, 10_000), st.booleans())
    def test_every_interval_has_an_event_and_the_last_ends_with_the_last_event(
        self, n: int, seed: int, in_years: bool
    ) -> None:
        rng = np.random.default_rng(seed)
        time = rng.exponential(3.0, n) + 1e-3
        y = signed_times(np.ceil(time) if in_years else time, rng.random(n) < 0.6)
        if not (y > 0).any():
            return
        ends = interval_ends(y)
        assert 1 <= len(ends) <= 20
        assert (np.diff(ends) > 0).all()
        assert ends[-1] == y.max()
        events = np.bincount(np.searchsorted(ends, y[y > 0], side="left"), minlength=len(ends))
        assert (events > 0).all()

    def test_many_events_are_spread_evenly(self) -> None:
        y = np.random.default_rng(0).exponential(size=1000)
        ends = interval_ends(y)
        assert len(ends) == 20
        events = np.bincount(np.searchsorted(ends, y, side="left"))
        np.testing.assert_array_equal(events, 50)

    def test_few_distinct_times_are_intervals_of_their_own(self) -> None:
        y = np.repeat([1.0, 2.0, 5.0], 30)
        np.testing.assert_array_equal(interval_ends(np.append(y, -9.0)), [1, 2, 5])

    def test_without_an_event_there_is_nothing_to_explain(self) -> None:
        with pytest.raises(DataError, match="no sample has an event"):
            interval_ends(-np.arange(1.0, 5))

    @BOTH
    @pytest.mark.parametrize("ends", [[], [2.0, 1.0], [1.0, 1.0], [[1.0]]])
    def test_ends_must_increase(self, family_type: Any, ends: Any) -> None:
        with pytest.raises(DataError, match="increasing"):
            family_type(ends)


def probabilities(family: Any, predicted_T: Any) -> Any:
    """Probability of an event in each interval, given that it is entered."""
    if isinstance(family, CoxSurvival):
        return 1 - np.exp(-np.exp(predicted_T))
    return expit(predicted_T)


class TestDiscreteLoss:
    @pytest.mark.parametrize(
        ("y", "passed", "event_in"),
        [
            (0.5, [], 0),
            (1.0, [], 0),  # an event at an interval's end belongs to it
            (1.5, [0], 1),
            (4.0, [0, 1], 2),
            (-0.5, [], None),  # censored before the first visit: nothing is known
            (-1.0, [0], None),
            (-1.5, [0], None),
            (-4.0, [0, 1, 2], None),
            (-9.0, [0, 1, 2], None),
            (9.0, [0, 1, 2], None),  # an event after the last interval
        ],
    )
    def test_it_is_minus_the_log_probability_of_what_became_of_the_sample(
        self, y: float, passed: list[int], event_in: int | None
    ) -> None:
        predicted_T = np.array([-1.0, 0.3, -0.4])
        hazard_T = expit(predicted_T)
        expected = -sum(np.log(1 - hazard_T[t]) for t in passed)
        expected -= 0.0 if event_in is None else np.log(hazard_T[event_in])
        found = DiscreteSurvival(ENDS).losses(predicted_T[None], [y])[0]
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)

    @settings(max_examples=60, deadline=None)
    @given(HAZARDS, SHIFTS, st.lists(st.floats(0.01, 1), min_size=4, max_size=4))
    def test_its_expectation_is_least_at_the_truth_whoever_is_censored(
        self, truth: list[float], off: list[float], censored: list[float]
    ) -> None:
        hazard_T = expit(np.array(truth))
        end_of_study = np.array(censored) / (sum(censored) or 1.0)  # last seen at 0.5, 1, 2 or 4
        outcomes, weights = [], []
        for last_seen, weight in zip((0.5, 1.0, 2.0, 4.0), end_of_study, strict=True):
            surviving = 1.0
            for end, hazard in zip(ENDS, hazard_T, strict=True):
                if end > last_seen:
                    break
                outcomes.append(end)
                weights.append(weight * surviving * hazard)
                surviving *= 1 - hazard
            outcomes.append(-last_seen)
            weights.append(weight * surviving)
        assert_least_at_truth(DiscreteSurvival(ENDS), truth, off, outcomes, weights)


class TestProportionalLoss:
    @pytest.mark.parametrize(
        ("y", "exposure", "event_in"),
        [
            (0.5, [0.5, 0, 0], 0),
            (1.0, [1, 0, 0], 0),  # an event at an interval's end belongs to it
            (1.5, [1, 0.5, 0], 1),
            (3.5, [1, 1, 0.75], 2),
            (-0.25, [0.25, 0, 0], None),
            (-1.0, [1, 0, 0], None),
            (-3.0, [1, 1, 0.5], None),
            (-4.0, [1, 1, 1], None),
            (-9.0, [1, 1, 1], None),
            (9.0, [1, 1, 1], None),  # an event after the last interval
        ],
    )
    def test_it_is_the_hazard_lived_through_less_the_log_hazard_of_the_event(
        self, y: float, exposure: list[float], event_in: int | None
    ) -> None:
        predicted_T = np.array([-1.0, 0.3, -0.4])
        expected = float(np.dot(exposure, np.exp(predicted_T))) - (0.0 if event_in is None else predicted_T[event_in])
        assert CoxSurvival(ENDS).losses(predicted_T[None], [y])[0] == pytest.approx(expected, rel=1e-12)

    def test_it_is_minus_the_log_density_of_a_piecewise_exponential_time_up_to_the_unit(self) -> None:
        hazard = 0.3
        predicted_T = np.log(hazard * np.diff([0.0, *ENDS]))
        times = np.array([0.2, 1.7, 3.9])
        loss = CoxSurvival(ENDS).losses(np.tile(predicted_T, (3, 1)), times)
        unit = np.log(np.diff([0.0, *ENDS]))[np.searchsorted(ENDS, times)]
        np.testing.assert_allclose(loss, hazard * times - np.log(hazard) - unit)

    @settings(max_examples=40, deadline=None)
    @given(HAZARDS, SHIFTS, st.floats(0.0, 3.0))
    def test_its_expectation_is_least_at_the_truth_however_many_are_censored(
        self, truth: list[float], off: list[float], censoring: float
    ) -> None:
        """Also of those who are censored within an interval, at a rate ten times that of events."""
        step = 1 / 400
        middle = np.arange(step / 2, ENDS[-1], step)
        rate = (np.exp(truth) / np.diff([0.0, *ENDS]))[np.searchsorted(ENDS, middle)]
        leaving = 1 - np.exp(-(rate + censoring) * step)
        here = np.concatenate([[1.0], np.cumprod(1 - leaving)])
        died = here[:-1] * leaving * rate / (rate + censoring)
        lost = here[:-1] * leaving * censoring / (rate + censoring)
        outcomes = [*middle, *-middle, -2 * ENDS[-1]]
        weights = [*died, *lost, here[-1]]
        assert_least_at_truth(CoxSurvival(ENDS), truth, off, outcomes, weights, within=1e-4)


def assert_least_at_truth(
    family: Any, truth: list[float], off: list[float], outcomes: Any, weights: Any, within: float = 1e-12
) -> None:
    assert sum(weights) == pytest.approx(1)

    def expected(predicted_T: Any) -> float:
        return float(np.dot(weights, family.losses(np.tile(predicted_T, (len(outcomes), 1)), outcomes)))

    assert expected(np.array(truth)) <= expected(np.array(truth) + np.array(off)) + within


@BOTH
class TestPredictions:
    def test_survival_is_the_product_of_passing(self, family_type: Any) -> None:
        family = family_type(ENDS)
        predicted_BT = np.random.default_rng(0).normal(-1, 1, (5, 3))
        hazard_BT = probabilities(family, predicted_BT)
        np.testing.assert_allclose(family.survival(predicted_BT), np.cumprod(1 - hazard_BT, axis=1))

    @pytest.mark.parametrize("size", [-800.0, 800.0])
    def test_losses_are_finite_at_the_ends_of_the_scale(self, family_type: Any, size: float) -> None:
        losses = family_type(ENDS).losses(np.full((4, 3), size), [0.5, -0.5, 4.0, -4.0])
        assert np.isfinite(losses).all()


def cohort(n: int, seed: int = 0, discrete: bool = False) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    eta_BK = rng.normal(0, 1, (n, 1))
    if discrete:
        time = rng.geometric(expit(eta_BK[:, 0] - 1.5)).astype(float)
        censored = rng.integers(2, 9, n).astype(float)
    else:
        time, censored = rng.exponential(size=n) * np.exp(-eta_BK[:, 0]), rng.exponential(3.0, n)
    return signed_times(np.minimum(time, censored), time <= censored), eta_BK


@BOTH
def test_with_the_true_predictor_as_many_events_are_predicted_as_there_are(family_type: Any) -> None:
    """In every interval, of new samples: baselines are right."""
    y, eta_BK = cohort(6000, discrete=family_type is DiscreteSurvival)
    train, test = slice(0, 2000), slice(2000, None)
    family = family_type.for_phenotype(y[train], ())
    predicted_BT = family.predicted(eta_BK[test], y[train], eta_BK[train])
    time_B, event_B = times_and_events(y[test])
    hazard_BT = probabilities(family, predicted_BT)
    for t, end in enumerate(family.ends_T):
        start = family.ends_T[t - 1] if t else 0.0
        entered = np.where(event_B, time_B > start, time_B >= end)
        died = event_B & (time_B > start) & (time_B <= end)
        noise = np.sqrt(hazard_BT[entered, t].sum()) + np.sqrt(died.sum() / 2)
        assert abs(died.sum() - hazard_BT[entered, t].sum()) < 4 * noise + 0.02 * died.sum()


@BOTH
def test_an_interval_without_a_training_event_makes_no_test_event_impossible(family_type: Any) -> None:
    y, eta_BK = cohort(200, discrete=family_type is DiscreteSurvival)
    family = family_type.for_phenotype(y, ())
    early = np.abs(y) <= family.ends_T[0]
    predicted_BT = family.predicted(eta_BK, y[early], eta_BK[early])
    assert np.isfinite(family.losses(predicted_BT, y)).all()
    nobody = family.predicted(eta_BK, -np.abs(y), eta_BK)
    assert np.isfinite(family.losses(nobody, y)).all()


def test_known_hazards_lose_what_discrete_survival_loses() -> None:
    y, eta_BK = cohort(150, discrete=True)
    family = DiscreteSurvival.for_phenotype(y, ())
    stage = family.network_stage(y, eta_BK)
    assert isinstance(stage.family, KnownHazards)
    in_eta = stage.family.losses(stage.offset_BK, stage.y)
    np.testing.assert_allclose(in_eta, family.losses(family.predicted(eta_BK, y, eta_BK), y), rtol=1e-10)
    assert abs(stage.family.residual(stage.offset_BK, stage.y).sum()) < 1e-6  # as many events as expected
    assert stage.family.best_intercept(stage.y, stage.offset_BK + 0.7)[0] == pytest.approx(-0.7, abs=1e-6)


def test_the_stage_of_proportional_hazards_expects_as_many_events_as_there_are() -> None:
    y, eta_BK = cohort(300)
    stage = CoxSurvival.for_phenotype(y, ()).network_stage(y, eta_BK)
    assert stage.family.kind == "counts"
    assert stage.family.mean(stage.offset_BK).sum() == pytest.approx((y > 0).sum(), rel=1e-6)
    slope = float((stage.family.residual(stage.offset_BK, stage.y) * eta_BK).sum())
    assert slope == pytest.approx(float((CoxSurvival([1.0]).residual(eta_BK, y) * eta_BK).sum()), abs=1e-2)


@BOTH
def test_strata_keep_events_apart_from_censored_samples_and_spread_times(family_type: Any) -> None:
    y, _ = cohort(200)
    family = family_type.for_phenotype(y, ())
    strata = family.strata(y, 5)
    np.testing.assert_array_equal(np.unique(strata), np.arange(strata.max() + 1))
    for stratum in range(strata.max() + 1):
        assert len({value > 0 for value in y[strata == stratum]}) == 1
    of_events = strata[y > 0][np.argsort(y[y > 0])]
    assert (np.diff(of_events) >= 0).all()
    assert family.can_be_fitted(y)
    assert not family.can_be_fitted(-np.abs(y))
