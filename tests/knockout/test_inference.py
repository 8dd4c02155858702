"""Intervals of mean effects: what they are made of, and that they cover."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from hypomask.knockout.inference import Estimate, FoldMeans, benjamini_hochberg, estimate, fold_means, holm_adjusted

K, R, N = 5, 3, 100


def simulated(rng: np.random.Generator, *, n: int, by_model: float, by_sample: float, by_seed: float) -> Estimate:
    """An estimate whose models are means over training samples of something that varies with `by_model`.

    Effect in sample i by replicate m of a model: mean of psi over its training samples + s_i + seed noise.
    """
    psi, s = by_model * rng.standard_normal(n), by_sample * rng.standard_normal(n)
    folds, total = [], np.zeros((1, n))
    for repeat in range(R):
        fold_of = rng.permutation(np.arange(n) % K)
        for fold in range(K):
            test = np.flatnonzero(fold_of == fold)
            level = psi[fold_of != fold].mean()
            seeds_M = by_seed * rng.standard_normal(2)
            effect_1B = level + s[test][None] + seeds_M.mean()
            total[:, test] += effect_1B / R
            replicates_M1 = (level + s[test].mean() + seeds_M)[:, None]
            folds.append(fold_means(repeat, fold, effect_1B, test, test, replicates_M1))
    return estimate(total, np.arange(n), folds)


@pytest.mark.parametrize(
    ("by_model", "by_sample", "by_seed"),
    [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 0.0), (1.0, 0.3, 0.1), (0, 0, 1)],
)
def test_intervals_cover_the_mean_over_cohorts(by_model: float, by_sample: float, by_seed: float) -> None:
    rng = np.random.default_rng(0)
    made = [simulated(rng, n=60, by_model=by_model, by_sample=by_sample, by_seed=by_seed) for _ in range(400)]
    means, errors = (np.array([getattr(one, name)[0] for one in made]) for name in ("mean", "se"))
    covered = np.mean([low[0] <= 0 <= high[0] for low, high in (one.interval(0.05) for one in made)])
    assert covered >= 0.93
    assert np.sqrt(np.mean(errors**2)) > 0.9 * means.std()
    if by_seed < by_model + by_sample:  # alone, seeds look as if training samples might matter, too
        assert np.sqrt(np.mean(errors**2)) < 1.2 * means.std()


def test_copies_of_a_sample_count_once() -> None:
    rng = np.random.default_rng(1)
    effect = rng.standard_normal((1, 40))
    twice = np.repeat(effect, 2, axis=1)
    fold = FoldMeans(0, 0, 1, np.arange(8), effect.mean(axis=1), np.zeros(1), np.zeros(1))
    folds = [fold, fold]
    once = estimate(effect, np.arange(40), folds)
    of_pairs = estimate(twice, np.repeat(np.arange(40), 2), folds)
    naive = estimate(twice, np.arange(80), folds)
    assert of_pairs.se[0] == pytest.approx(once.se[0])
    assert naive.se[0] < 0.8 * once.se[0]


def test_degrees_of_freedom_are_those_of_models_or_of_few_samples() -> None:
    rng = np.random.default_rng(2)
    assert simulated(rng, n=60, by_model=1, by_sample=1, by_seed=0).df == R * (K - 1)
    effect = rng.standard_normal((1, 6))
    folds = [FoldMeans(0, f, 1, np.arange(6), np.zeros(1), np.zeros(1), np.zeros(1)) for f in range(5)]
    assert estimate(effect, np.array([0, 0, 1, 1, 2, 2]), folds).df == 2


def test_an_effect_of_exactly_nothing_is_no_discovery() -> None:
    nothing = Estimate(np.array([0.0, 0.3, 0.3]), np.array([0.0, 0.1, np.nan]), 12)
    assert nothing.p[0] == 1
    assert nothing.p[1] == pytest.approx(0.011, abs=0.001)
    assert np.isnan(nothing.p[2])


def test_adjusted_p_values_are_those_of_statsmodels_and_leave_out_what_is_not_known() -> None:
    p = np.random.default_rng(3).uniform(size=30) ** 2
    np.testing.assert_allclose(holm_adjusted(p), multipletests(p, method="holm")[1])
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])
    some = np.append(p, np.nan)
    np.testing.assert_allclose(benjamini_hochberg(some)[:-1], benjamini_hochberg(p))
    assert np.isnan(benjamini_hochberg(some)[-1])
