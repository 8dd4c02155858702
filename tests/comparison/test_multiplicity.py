"""Holm against statsmodels, and max-t against brute force and its two known limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from hypomask.comparison.confidence_set import confidence_p
from hypomask.comparison.multiplicity import JointLaw, holm
from hypomask.comparison.paired import Units, corrected_effect


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_statsmodels(p: list[float]) -> None:
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)


def test_holm_of_nothing_is_nothing_and_of_one_is_itself() -> None:
    assert len(holm([])) == 0
    assert holm([0.03])[0] == 0.03


def _law(difference_JRB: np.ndarray, seed: int = 0, draws: int = 20_000) -> JointLaw:
    units = Units.of(None, difference_JRB.shape[2])
    effects = [corrected_effect(d_RB, 5, units) for d_RB in difference_JRB]
    return JointLaw(difference_JRB, effects, n_folds=5, units=units, draws=draws, seed=seed)


def test_one_contrast_keeps_its_exact_p() -> None:
    law = _law(np.random.default_rng(0).normal(0.3, 1, (1, 3, 50)))
    assert law.adjusted_two_sided()[0] == law.effects[0].p_two_sided
    assert law.adjusted_greater()[0] == law.effects[0].p_greater


def test_duplicated_contrasts_cost_nothing_and_independent_ones_nearly_bonferroni() -> None:
    rng = np.random.default_rng(1)
    d_RB = rng.normal(0.35, 1, (3, 200))
    twins = _law(np.stack([d_RB] * 5))
    assert twins.adjusted_two_sided()[0] == pytest.approx(twins.effects[0].p_two_sided, rel=0.15)
    # Five contrasts that are uncorrelated in the sample.
    others = np.linalg.qr(rng.normal(size=(200, 5)))[0].T[:, None, :] * np.ones((1, 3, 1))
    others -= others.mean(axis=2, keepdims=True)
    law = _law(others + 0.012)
    alone = np.array([effect.p_two_sided for effect in law.effects])
    adjusted = law.adjusted_two_sided()
    assert np.all(adjusted > 2.5 * alone)
    assert np.all(adjusted <= np.minimum(1, 5 * alone) + 1e-12)


def test_max_t_agrees_with_brute_force() -> None:
    rng = np.random.default_rng(2)
    shared = rng.normal(size=(1, 3, 80))
    d_JRB = shared + rng.normal(0.15, 1.0, (4, 3, 80)) * np.array([0.3, 1, 2, 4])[:, None, None]
    law = _law(d_JRB)
    covariance = np.zeros((4, 4))
    for repeat in range(3):
        covariance += np.cov(d_JRB[:, repeat]) / 80 * 2.25 / 3
    sd = np.sqrt(np.diag(covariance))
    t_draws = stats.multivariate_t(shape=covariance / np.outer(sd, sd), df=14, seed=9).rvs(20_000)
    for two_sided, found in ((True, law.adjusted_two_sided()), (False, law.adjusted_greater())):
        largest = np.abs(t_draws).max(axis=1) if two_sided else t_draws.max(axis=1)
        for j, effect in enumerate(law.effects):
            t = abs(effect.t) if two_sided else effect.t
            assert found[j] == pytest.approx(np.mean(largest >= t), abs=0.015)


def test_contrasts_that_never_differ_take_no_part() -> None:
    d_RB = np.random.default_rng(3).normal(0.3, 1, (3, 60))
    alone, with_zero = _law(d_RB[None]), _law(np.stack([np.zeros((3, 60)), d_RB]))
    assert with_zero.adjusted_greater().tolist() == [1.0, alone.adjusted_greater()[0]]
    assert _law(np.zeros((3, 3, 60))).largest_greater() == 1.0


def _confidence(loss_HRB: np.ndarray, draws: int = 20_000, seed: int = 0) -> np.ndarray:
    n = loss_HRB.shape[2]
    units = Units.of(None, n)
    effects = {
        (i, j): corrected_effect(loss_HRB[i] - loss_HRB[j], 5, units)
        for i in range(len(loss_HRB))
        for j in range(i + 1, len(loss_HRB))
    }
    return confidence_p(loss_HRB, effects, n_folds=5, units=units, draws=draws, seed=seed)


def test_confidence_set_agrees_with_brute_force_over_all_contrasts() -> None:
    rng = np.random.default_rng(5)
    loss_HRB = rng.normal(size=(1, 3, 90)) + rng.normal(size=(4, 3, 90)) + np.array([0, 0.2, 0.4, 0.7])[:, None, None]
    found = _confidence(loss_HRB)
    brute = np.random.default_rng(77)
    covariance = sum(np.cov(loss_HRB[:, repeat]) for repeat in range(3)) / 3 / 90 * 2.25
    mean = loss_HRB.mean(axis=(1, 2))
    draws_DH = brute.multivariate_normal(np.zeros(4), covariance, 20_000)
    draws_DH /= np.sqrt(brute.chisquare(14, 20_000) / 14)[:, None]
    for h in range(4):
        observed, largest_D = -np.inf, np.full(20_000, -np.inf)
        for k in set(range(4)) - {h}:
            sd = np.sqrt(covariance[h, h] + covariance[k, k] - 2 * covariance[h, k])
            observed = max(observed, (mean[h] - mean[k]) / sd)
            largest_D = np.maximum(largest_D, (draws_DH[:, h] - draws_DH[:, k]) / sd)
        assert found[h] == pytest.approx(np.mean(largest_D >= observed), abs=0.015)
    assert found[0] == found.max()
    assert found[3] < 0.05


def test_two_hypotheses_make_it_the_one_sided_t_test() -> None:
    rng = np.random.default_rng(6)
    loss_HRB = rng.normal(size=(2, 3, 50)) + np.array([0.0, 0.3])[:, None, None]
    effect = corrected_effect(loss_HRB[1] - loss_HRB[0], 5, Units.of(None, 50))
    assert _confidence(loss_HRB).tolist() == pytest.approx([1 - effect.p_greater, effect.p_greater])


def test_a_lone_hypothesis_and_hypotheses_that_are_all_alike_stay_in_the_set() -> None:
    loss_RB = np.random.default_rng(7).normal(size=(3, 40))
    assert _confidence(loss_RB[None]).tolist() == [1.0]
    assert _confidence(np.stack([loss_RB] * 3)).tolist() == [1.0, 1.0, 1.0]
