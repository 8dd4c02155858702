"""Tests on scores against reference implementations: baycomp, arch, statsmodels, scipy, and an O(n²) DeLong."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests

from hypomask.comparison.corrected_t import corrected_resampled_t, split_effect
from hypomask.comparison.correlated_bayes import correlated_bayes
from hypomask.comparison.delong import delong_covariance, delong_test
from hypomask.comparison.model_confidence_set import model_confidence_p
from hypomask.comparison.multiplicity import holm
from hypomask.comparison.naive_tests import naive_tests
from hypomask.comparison.paired import Effect, Units, corrected_effect
from hypomask.errors import DataError

EXACT = {"rtol": 0.0, "atol": 1e-8}
PNET_MINUS_RANDOM = np.array(
    [0.0005, 0.0031, 0.0131, 0.0031, 0.0758, 0.0452, 0.0201, -0.0384, 0.0036, 0.0053]
)  # published ten-fold AUCs, vanallenlab/pnet

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)


# Corrected resampled t


@quick
@given(seeds, st.integers(2, 12), st.integers(1, 5))
def test_the_corrected_resampled_t_agrees_with_baycomp(seed: int, n_folds: int, n_runs: int) -> None:
    baycomp = pytest.importorskip("baycomp")
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.8, 0.1, (2, n_folds * n_runs))
    effect = corrected_resampled_t(b - a, 1.0 / n_folds)
    mean, variance, df = baycomp.CorrelatedTTest.compute_statistics(a, b, runs=n_runs)
    np.testing.assert_allclose([effect.mean, effect.se**2, effect.df], [mean, variance, df], **EXACT)
    p = 2 * stats.t.sf(abs(mean) / np.sqrt(variance), df)
    np.testing.assert_allclose(effect.p_two_sided, p, **EXACT)


def test_the_published_p_net_folds_give_the_published_p() -> None:
    effect = corrected_resampled_t(PNET_MINUS_RANDOM, 0.1)
    assert effect.mean == pytest.approx(0.01314, abs=1e-12)
    assert effect.p_two_sided == pytest.approx(0.367, abs=5e-4)
    naive = naive_tests(PNET_MINUS_RANDOM)
    assert naive.sign == pytest.approx(0.02148, abs=1e-5)
    assert naive.paired_t == pytest.approx(0.201, abs=5e-4)


@quick
@given(seeds, st.integers(2, 10), st.integers(1, 4))
def test_splits_in_the_place_of_samples_make_it_the_corrected_effect(seed: int, n_folds: int, n_repeats: int) -> None:
    d_RK = np.random.default_rng(seed).normal(size=(n_repeats, n_folds))
    ours = split_effect(d_RK, 1.0 / n_folds)
    theirs = corrected_effect(d_RK, n_folds, Units.of(None, n_folds))
    np.testing.assert_allclose([ours.mean, ours.se], [theirs.mean, theirs.se], **EXACT)


def test_more_overlap_widens_the_interval_and_repeats_of_the_same_folds_do_not_narrow_it() -> None:
    d_K = np.random.default_rng(1).normal(0.1, 1.0, 10)
    one, cautious = split_effect(d_K[None], 0.1), split_effect(d_K[None], 0.1, overlap=3.0)
    assert cautious.se / one.se == pytest.approx(np.sqrt((0.1 + 3 / 9) / (0.1 + 1 / 9)))
    assert split_effect(np.stack([d_K] * 5), 0.1).se == pytest.approx(one.se)
    # What Nadeau and Bengio would make of the same numbers five times:
    assert corrected_resampled_t(np.tile(d_K, 5), 0.1).se < 0.8 * one.se


@pytest.mark.parametrize("difference", [0.0, 0.25, 1e-12])
def test_a_constant_difference_proves_nothing(difference: float) -> None:
    effect = split_effect(np.full((2, 5), difference), 0.2)
    assert (effect.se, effect.p_two_sided) == (0.0, 1.0)


# Bayesian correlated t


@quick
@given(seeds, st.integers(2, 12), st.integers(1, 4), st.sampled_from([0.0, 0.01, 0.05]))
def test_the_bayesian_correlated_t_agrees_with_baycomp(seed: int, n_folds: int, n_runs: int, rope: float) -> None:
    baycomp = pytest.importorskip("baycomp")
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.8, 0.05, (2, n_folds * n_runs))
    found = correlated_bayes(corrected_resampled_t(b - a, 1.0 / n_folds), rope)
    expected = baycomp.CorrelatedTTest.probs(a, b, rope, runs=n_runs)
    shares = (found.below, found.within, found.above) if rope else (found.below, found.above)
    np.testing.assert_allclose(shares, expected, **EXACT)


@pytest.mark.parametrize(
    ("mean", "margin", "expected"),
    [(0.0, 0.1, (0, 1, 0)), (0.2, 0.1, (0, 0, 1)), (-0.2, 0.1, (1, 0, 0)), (0.0, 0.0, (0.5, 0, 0.5))],
)
def test_a_difference_without_spread_is_a_point(mean: float, margin: float, expected: tuple[float, ...]) -> None:
    found = correlated_bayes(Effect(mean, 0.0, 9), margin)
    assert (found.below, found.within, found.above) == expected


# Model confidence set


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n_observations", "n_models", "block"), [(10, 3, 1), (60, 5, 1), (100, 8, 4)])
def test_the_model_confidence_set_agrees_with_arch(seed: int, n_observations: int, n_models: int, block: int) -> None:
    bootstrap = pytest.importorskip("arch.bootstrap")
    rng = np.random.default_rng(seed)
    loss_TM = rng.normal(size=(n_observations, 1)) + rng.normal(size=(n_observations, n_models))
    loss_TM += np.linspace(0, 0.8, n_models)
    theirs = bootstrap.MCS(loss_TM, 0.05, reps=300, block_size=block, method="max", bootstrap="circular", seed=seed)
    theirs.compute()
    # arch keeps the indices it drew: with the same draws both must find the same numbers.
    draw_DT = np.stack(theirs._bootstrap_indices)
    expected_M = theirs.pvalues["Pvalue"].sort_index().to_numpy()
    np.testing.assert_allclose(model_confidence_p(loss_TM, draw_DT), expected_M, **EXACT)


def test_models_with_the_same_losses_share_their_place_in_the_set() -> None:
    rng = np.random.default_rng(0)
    draw_DT = rng.integers(20, size=(500, 20))
    loss_T = rng.normal(size=20)
    assert model_confidence_p(np.stack([loss_T] * 3, axis=1), draw_DT).tolist() == [1.0, 1.0, 1.0]
    worse_T = loss_T + 2 + 0.3 * rng.normal(size=20)
    p = model_confidence_p(np.stack([loss_T, worse_T, loss_T], axis=1), draw_DT)
    assert p[0] == p[2] == 1.0
    assert p[1] < 0.01


# DeLong


def _slow_delong(event_B: np.ndarray, score_MB: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The paper's structural components, pair by pair."""
    events, others = np.flatnonzero(event_B == 1), np.flatnonzero(event_B == 0)
    kernel_MEO = np.empty((len(score_MB), len(events), len(others)))
    for m, score_B in enumerate(score_MB):
        for (i, x), (j, y) in itertools.product(enumerate(events), enumerate(others)):
            kernel_MEO[m, i, j] = 1.0 if score_B[x] > score_B[y] else 0.5 if score_B[x] == score_B[y] else 0.0
    auc_M = kernel_MEO.mean(axis=(1, 2))
    over_events = kernel_MEO.mean(axis=2) - auc_M[:, None]
    over_others = kernel_MEO.mean(axis=1) - auc_M[:, None]
    s10 = over_events @ over_events.T / (len(events) - 1)
    s01 = over_others @ over_others.T / (len(others) - 1)
    return auc_M, s10 / len(events) + s01 / len(others)


@quick
@given(seeds, st.integers(2, 20), st.integers(2, 20), st.integers(1, 4), st.booleans())
def test_delong_agrees_with_the_definition_pair_by_pair(
    seed: int, n_events: int, n_others: int, n_models: int, ties: bool
) -> None:
    rng = np.random.default_rng(seed)
    event_B = rng.permutation(np.repeat([1, 0], [n_events, n_others]))
    score_MB = rng.normal(size=(n_models, len(event_B))) + event_B
    if ties:
        score_MB = score_MB.round()
    auc_M, covariance = delong_covariance(event_B, score_MB)
    slow_auc_M, slow_covariance = _slow_delong(event_B, score_MB)
    np.testing.assert_allclose(auc_M, slow_auc_M, **EXACT)
    np.testing.assert_allclose(covariance, slow_covariance, **EXACT)
    np.testing.assert_allclose(auc_M, [roc_auc_score(event_B, s) for s in score_MB], **EXACT)


def test_delong_keeps_its_level_on_scores_that_are_given() -> None:
    rng = np.random.default_rng(5)
    event_B = np.arange(120) % 2
    p = [delong_test(event_B, *(event_B + rng.normal(0, 1.2, (2, 120)))).p for _ in range(1000)]
    assert 0.03 < np.mean(np.array(p) <= 0.05) < 0.07


def test_delong_of_a_model_with_itself_and_with_its_mirror() -> None:
    rng = np.random.default_rng(6)
    event_B = rng.integers(0, 2, 80)
    score_B = 2 * event_B + rng.normal(size=80)
    same = delong_test(event_B, score_B, np.exp(score_B))
    assert (same.difference, same.se, same.p) == (0.0, 0.0, 1.0)
    mirrored = delong_test(event_B, score_B, -score_B)
    assert mirrored.auc_a + mirrored.auc_b == pytest.approx(1.0)
    assert mirrored.low < mirrored.difference < mirrored.high
    assert mirrored.p < 1e-4


@pytest.mark.parametrize(
    ("event", "scores", "words"),
    [
        ([0, 1, 2], [[1, 2, 3]], "other than 0 and 1"),
        ([0, 1, 1], [[1, 2]], "do not fit"),
        ([0, 1, 1, 0], [[1, 2, np.nan, 3]], "not finite"),
        ([0, 1, 0, 0], [[1, 2, 3, 4]], "1 events and 3 others"),
    ],
)
def test_delong_says_what_it_cannot_use(event: list[float], scores: list[list[float]], words: str) -> None:
    with pytest.raises(DataError, match=words):
        delong_covariance(event, scores)


# Naive tests and multiplicity


@quick
@given(seeds, st.integers(2, 70))
def test_naive_tests_agree_with_scipy(seed: int, n: int) -> None:
    d_J = np.random.default_rng(seed).normal(0.3, 1, n)
    found = naive_tests(d_J)
    np.testing.assert_allclose(found.paired_t, stats.ttest_1samp(d_J, 0).pvalue, **EXACT)
    np.testing.assert_allclose(found.wilcoxon, stats.wilcoxon(d_J).pvalue, **EXACT)
    tail = min(1.0, 2 * stats.binom.cdf(min((d_J > 0).sum(), (d_J < 0).sum()), n, 0.5))
    np.testing.assert_allclose(found.sign, tail, **EXACT)


@quick
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8))
def test_naive_tests_bear_ties_and_zeros(differences: list[int]) -> None:
    d_J = np.array(differences) / 100
    found = naive_tests(d_J)
    assert all(0 <= p <= 1 for p in (found.paired_t, found.wilcoxon, found.sign))
    if not any(differences):
        assert found.smallest == 1.0
        return
    # All signs of the differences that are there, one by one.
    differing = d_J[d_J != 0]
    rank = stats.rankdata(np.abs(differing))
    sums = np.array([rank @ np.array(signs) for signs in itertools.product([0, 1], repeat=len(rank))])
    observed = rank @ (differing > 0)
    two_sided = 2 * min(np.mean(sums <= observed + 1e-9), np.mean(sums >= observed - 1e-9))
    np.testing.assert_allclose(found.wilcoxon, min(1.0, two_sided), **EXACT)


def _holm_by_hand(p: np.ndarray) -> np.ndarray:
    adjusted, so_far = np.empty(len(p)), 0.0
    for step, k in enumerate(np.argsort(p)):
        so_far = max(so_far, min(1.0, (len(p) - step) * p[k]))
        adjusted[k] = so_far
    return adjusted


@settings(max_examples=15, deadline=None)  # statsmodels collects garbage in every call: 0.1 s
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_its_definition_and_statsmodels_and_is_never_below_benjamini_hochberg(p: list[float]) -> None:
    found, fdr = holm(p), multipletests(p, method="fdr_bh")[1]
    np.testing.assert_allclose(found, multipletests(p, method="holm")[1], **EXACT)
    np.testing.assert_allclose(found, _holm_by_hand(np.array(p)), **EXACT)
    assert np.all(found >= fdr - 1e-12)
