"""Null tests: p values by hand, exactness of the stopped sequence, and draws that come too late."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hypomask.comparison.null_test import next_draws, null_test
from hypomask.errors import DataError

losses = st.lists(st.integers(0, 20).map(float), min_size=1, max_size=30)


def test_p_values_by_hand() -> None:
    draws = np.array([0.50, 0.52, 0.54, 0.56, 0.58])
    test = null_test(0.51, draws)
    assert (test.as_good, test.p_rank, test.stopped_early) == (1, 2 / 6, False)
    z = (0.54 - 0.51) / draws.std(ddof=1)
    assert test.z == pytest.approx(z)
    assert test.p_t == pytest.approx(stats.t.sf(z / np.sqrt(1.2), 4))
    assert test.p == test.p_rank  # one null was as good: the larger of both
    ahead = null_test(0.45, draws, n_tests=3)
    assert (ahead.as_good, ahead.p_rank) == (0, 1 / 6)
    assert ahead.p == ahead.p_t  # no null was, and the rank of 5 draws cannot resolve it


def test_the_exact_rank_decides_where_it_can_reach_the_level_after_holm() -> None:
    draws = np.linspace(0.5, 0.6, 99)
    assert null_test(0.4, draws, n_tests=5).p == 1 / 100
    six = null_test(0.4, draws, n_tests=6)
    assert six.p == six.p_t
    assert null_test(0.4, draws[:19], n_tests=1).p == 1 / 20


def test_the_t_approximation_is_the_prediction_interval_of_one_more_normal_draw() -> None:
    rng = np.random.default_rng(0)
    rejected = [null_test(x[0], x[1:]).p_t <= 0.05 for x in rng.standard_normal((8000, 20))]
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.007)


@pytest.mark.parametrize(("stop_after", "max_draws"), [(1, 5), (2, 5), (3, 6), (5, 5), (None, 6)])
def test_the_rank_p_is_exactly_uniform_over_all_orders(stop_after, max_draws) -> None:
    p = np.array(
        [
            null_test(order[0], order[1:], stop_after=stop_after, max_draws=max_draws).p_rank
            for order in permutations(range(max_draws + 1))
        ]
    )
    for attained in np.unique(p):
        assert np.mean(p <= attained) == pytest.approx(attained)


def test_a_sequence_stops_at_the_draw_that_completes_the_count_and_ignores_later_ones() -> None:
    draws = np.array([9.0, 1.0, 9.0, 2.0, 9.0, 0.0])
    test = null_test(3.0, draws, stop_after=2)
    assert (list(test.used), test.p_rank, test.stopped_early) == ([9.0, 1.0, 9.0, 2.0], 2 / 4, True)
    assert null_test(3.0, draws[:4], stop_after=2).p_rank == 2 / 4


def test_draws_beyond_the_most_allowed_are_ignored() -> None:
    draws = np.array([5.0, 6.0, 7.0, 0.0, 0.0])
    assert null_test(1.0, draws, max_draws=3).p_rank == 1 / 4


@settings(deadline=None)
@given(losses, st.integers(0, 20), st.one_of(st.none(), st.integers(1, 6)), st.integers(2, 25))
def test_drawing_only_when_asked_gives_the_same_answer_as_drawing_everything(draws, observed, stop_after, most) -> None:
    draws = np.array(draws * 30)[:most]
    taken = 0
    while wanted := next_draws(observed, draws[:taken], stop_after=stop_after, max_draws=most):
        assert taken + wanted <= most
        taken += wanted
    lazy = null_test(observed, draws[:taken], stop_after=stop_after, max_draws=most)
    eager = null_test(observed, draws, stop_after=stop_after, max_draws=most)
    assert lazy.used.tolist() == eager.used.tolist()
    assert len(lazy.used) == taken
    assert (lazy.p_rank, lazy.p_t, lazy.p) == (eager.p_rank, eager.p_t, eager.p)


def test_next_draws_counts_what_cannot_be_in_vain() -> None:
    assert next_draws(1.0, [], stop_after=5, max_draws=19) == 5
    assert next_draws(1.0, [0.0, 0.0, 2.0], stop_after=5, max_draws=19) == 3
    assert next_draws(1.0, [2.0] * 17, stop_after=5, max_draws=19) == 2
    assert next_draws(1.0, [2.0] * 4, stop_after=None, max_draws=19) == 15
    assert next_draws(1.0, [0.0] * 5, stop_after=5, max_draws=19) == 0


def test_a_tie_counts_against_the_hypothesis() -> None:
    assert null_test(1.0, [1.0, 2.0, 3.0]).as_good == 1


def test_nulls_that_do_not_vary_are_judged_by_rank() -> None:
    better = null_test(0.5, [0.6] * 19)
    assert (better.p, better.p_t, better.z) == (1 / 20, None, None)
    same = null_test(0.6, [0.6] * 19)
    assert same.p == 1.0


def test_nulls_that_mostly_fell_back_on_one_loss_are_judged_by_rank() -> None:
    test = null_test(0.59, [0.6] * 15 + [0.6001, 0.6002, 0.6003, 0.6004])
    assert test.p_t is not None
    assert test.p_t < 1e-6
    assert test.p == test.p_rank == 1 / 20


def test_a_stopped_sequence_never_looks_better_by_normality_than_by_rank() -> None:
    test = null_test(0.0, [-0.001, 50.0, 60.0, 55.0, 45.0, 52.0, 58.0, -0.001], stop_after=2)
    assert test.stopped_early
    assert test.p >= test.p_rank == 2 / 8


def test_no_draws_are_refused_and_one_draw_has_only_a_rank() -> None:
    with pytest.raises(DataError, match="at least one"):
        null_test(0.5, [])
    assert null_test(0.5, [0.6]).p == 0.5


def test_the_rank_p_keeps_its_level_when_nulls_are_far_from_normal() -> None:
    rng = np.random.default_rng(1)
    p = np.array([null_test(x[0], x[1:]).p_rank for x in rng.standard_exponential((4000, 20))])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.01)
    assert np.mean(p <= 0.5) == pytest.approx(0.5, abs=0.025)
