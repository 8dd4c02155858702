"""Two one-sided tests against statsmodels and by their meaning."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from hypomask.comparison.equivalence import equivalence_p, probability_within
from hypomask.comparison.paired import Effect


def test_equivalence_p_agrees_with_statsmodels() -> None:
    d_B = np.random.default_rng(0).normal(0.02, 0.3, 80)
    effect = Effect(float(d_B.mean()), float(stats.sem(d_B)), 79)
    assert equivalence_p(effect, 0.1) == pytest.approx(DescrStatsW(d_B).ttost_mean(-0.1, 0.1)[0])


def test_a_difference_at_the_margin_is_a_coin_toss_and_one_beyond_is_not_equivalent() -> None:
    assert equivalence_p(Effect(0.1, 0.01, 14), 0.1) == pytest.approx(0.5)
    assert equivalence_p(Effect(0.2, 0.01, 14), 0.1) > 0.99
    assert equivalence_p(Effect(-0.2, 0.01, 14), 0.1) > 0.99
    assert equivalence_p(Effect(0.0, 0.01, 14), 0.1) < 1e-6


def test_a_noisy_difference_is_never_equivalent() -> None:
    assert equivalence_p(Effect(0.0, 1.0, 14), 0.1) > 0.4


def test_identical_losses_are_equivalent() -> None:
    assert equivalence_p(Effect(0.0, 0.0, 14), 0.01) == 0.0
    assert probability_within(Effect(0.0, 0.0, 14), 0.01) == 1.0
    assert equivalence_p(Effect(0.5, 0.0, 14), 0.01) == 1.0
    assert probability_within(Effect(0.5, 0.0, 14), 0.01) == 0.0


def test_the_probability_within_is_a_share_of_the_t_distribution() -> None:
    effect = Effect(0.02, 0.05, 14)
    draws = 0.02 + 0.05 * np.random.default_rng(1).standard_t(14, 200_000)
    assert probability_within(effect, 0.1) == pytest.approx(np.mean(np.abs(draws) < 0.1), abs=0.005)
