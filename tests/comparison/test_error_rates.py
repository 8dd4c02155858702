"""Measured error rates on real cross-validation of a small learner: what the corrections are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hypomask.comparison.compare import compare_losses
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import LossTable, NullLosses
from hypomask.comparison.paired import Units, corrected_effect

N_SAMPLES, N_FOLDS, N_REPEATS = 100, 5, 3


def _folds(rng: np.random.Generator) -> np.ndarray:
    return np.stack([rng.permutation(np.arange(N_SAMPLES) % N_FOLDS) for _ in range(N_REPEATS)])


def _out_of_fold_loss(x_BG: np.ndarray, y_B: np.ndarray, fold_RB: np.ndarray) -> np.ndarray:
    """Squared errors of least squares, each sample predicted by the fit that did not see it."""
    loss_RB = np.empty(fold_RB.shape)
    for repeat, fold_B in enumerate(fold_RB):
        for fold in range(N_FOLDS):
            held_out = fold_B == fold
            gram = x_BG[~held_out].T @ x_BG[~held_out]
            beta = np.linalg.solve(gram, x_BG[~held_out].T @ y_B[~held_out])
            loss_RB[repeat, held_out] = (y_B[held_out] - x_BG[held_out] @ beta) ** 2
    return loss_RB


def _two_sets_of_genes(rng: np.random.Generator, strength_b: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Losses under two disjoint sets of six genes, and the folds; the phenotype follows one gene of each."""
    x_BG = rng.standard_normal((N_SAMPLES, 12))
    y_B = x_BG[:, 0] + strength_b * x_BG[:, 6] + rng.standard_normal(N_SAMPLES)
    fold_RB = _folds(rng)
    return _out_of_fold_loss(x_BG[:, :6], y_B, fold_RB), _out_of_fold_loss(x_BG[:, 6:], y_B, fold_RB), fold_RB


def test_the_corrected_test_keeps_its_level_where_the_paired_t_over_folds_does_not() -> None:
    rng = np.random.default_rng(11)
    units = Units.of(None, N_SAMPLES)
    corrected, naive = [], []
    for _ in range(300):
        loss_a, loss_b, fold_RB = _two_sets_of_genes(rng, strength_b=1.0)
        corrected.append(corrected_effect(loss_a - loss_b, N_FOLDS, units).p_two_sided)
        d_RB = loss_a - loss_b
        by_fold = [d_B[fold_B == k].mean() for d_B, fold_B in zip(d_RB, fold_RB, strict=True) for k in range(N_FOLDS)]
        naive.append(stats.ttest_1samp(by_fold, 0).pvalue)
    assert np.mean(np.array(corrected) <= 0.05) <= 0.05
    assert np.mean(np.array(naive) <= 0.05) >= 0.15


def test_the_corrected_test_finds_a_difference_that_is_there() -> None:
    rng = np.random.default_rng(12)
    units = Units.of(None, N_SAMPLES)
    found = 0
    for _ in range(60):
        loss_a, loss_b, _ = _two_sets_of_genes(rng, strength_b=0.2)
        found += corrected_effect(loss_b - loss_a, N_FOLDS, units).p_greater <= 0.05
    assert found >= 30


@pytest.mark.slow
def test_a_study_of_noise_alone_is_hardly_ever_called_best() -> None:
    rng = np.random.default_rng(13)
    config = ComparisonConfig(monte_carlo_draws=1000, bootstrap_draws=50)
    codes = []
    for _ in range(150):
        x_BG, y_B, fold_RB = rng.standard_normal((N_SAMPLES, 24)), rng.standard_normal(N_SAMPLES), _folds(rng)
        loss_MRB = np.stack([_out_of_fold_loss(x_BG[:, 4 * m : 4 * m + 4], y_B, fold_RB) for m in range(4)])
        gene_free_RB = np.tile(y_B**2, (N_REPEATS, 1))
        table = LossTable(
            names=("a", "b", "c", "no-interaction"),
            roles=("hypothesis", "hypothesis", "hypothesis", "reference"),
            loss_MRB=loss_MRB,
            gene_free_RB=gene_free_RB,
            additive_MRB=np.stack([gene_free_RB] * 4),
            groups=None,
            n_folds=N_FOLDS,
            kind="continuous",
        )
        winner = table.hypotheses_by_loss()[0]
        null = np.array(
            [_out_of_fold_loss(rng.standard_normal((N_SAMPLES, 4)), y_B, fold_RB).mean() for _ in range(19)]
        )
        nulls = [NullLosses(winner, float(loss_MRB[table.index(winner)].mean()), null, "rewired")]
        codes.append(compare_losses(table, nulls, config).verdict.code)
    assert codes.count("best") <= 2
    assert codes.count("no-signal") >= 130
