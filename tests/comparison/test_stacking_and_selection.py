"""Stacking weights maximise what they say, and selection costs the winner what it should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from hypomask.comparison.paired import Units
from hypomask.comparison.selection import selection_corrected_skill
from hypomask.comparison.stacking import stacking_weights


def test_weights_maximise_the_log_density_of_the_mixture() -> None:
    loss_HB = np.random.default_rng(0).exponential(0.7, (2, 300))
    best = minimize_scalar(
        lambda w: -np.mean(np.log(w * np.exp(-loss_HB[0]) + (1 - w) * np.exp(-loss_HB[1]))),
        bounds=(0, 1),
        method="bounded",
    )
    weights = stacking_weights(loss_HB, "binary")
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] == pytest.approx(best.x, abs=1e-2)


def test_a_hypothesis_that_is_better_everywhere_gets_all_weight() -> None:
    loss_HB = np.random.default_rng(1).exponential(0.7, (1, 100)) + np.array([[0.0], [0.5], [1.0]])
    np.testing.assert_allclose(stacking_weights(loss_HB, "binary"), [1, 0, 0], atol=1e-3)


def test_twins_share_their_weight() -> None:
    loss_B = np.random.default_rng(2).exponential(0.7, 100)
    weights = stacking_weights(np.stack([loss_B, loss_B]), "binary")
    np.testing.assert_allclose(weights, [0.5, 0.5])


def test_huge_losses_do_not_overflow() -> None:
    weights = stacking_weights(np.array([[1e5, 0.1], [2e5, 0.1]]), "binary")
    assert np.isfinite(weights).all()
    assert weights[0] > 0.99


def test_squared_errors_become_gaussian_densities() -> None:
    rng = np.random.default_rng(3)
    loss_HB = np.stack([rng.normal(0, 0.3, 200) ** 2, rng.normal(0, 1.0, 200) ** 2])
    assert stacking_weights(loss_HB, "continuous")[0] > 0.9


def test_the_best_of_many_equal_hypotheses_has_no_more_skill_than_they_have() -> None:
    rng = np.random.default_rng(4)
    gene_free_B = rng.uniform(0.5, 0.9, 150)
    loss_HB = gene_free_B + rng.normal(0, 0.5, (40, 150))
    apparent = 1 - loss_HB.mean(axis=1).min() / gene_free_B.mean()
    corrected = selection_corrected_skill(loss_HB, gene_free_B, Units.of(None, 150), draws=300, seed=0)
    assert apparent > 0.08
    assert corrected is not None
    assert abs(corrected) < 0.5 * apparent


def test_a_clear_winner_is_hardly_corrected() -> None:
    rng = np.random.default_rng(5)
    gene_free_B = rng.uniform(0.5, 0.9, 200)
    loss_HB = gene_free_B + rng.normal(0, 0.1, (5, 200)) - np.array([0.3, 0, 0, 0, 0])[:, None]
    apparent = 1 - loss_HB[0].mean() / gene_free_B.mean()
    corrected = selection_corrected_skill(loss_HB, gene_free_B, Units.of(None, 200), draws=300, seed=0)
    assert corrected == pytest.approx(apparent, abs=0.01)


def test_whole_groups_are_left_out_and_the_order_of_samples_is_nothing() -> None:
    rng = np.random.default_rng(6)
    groups = np.repeat([f"p{i:02d}" for i in range(30)], 4)
    gene_free_B, loss_HB = rng.uniform(0.5, 0.9, 120), rng.uniform(0.2, 0.9, (3, 120))
    order = rng.permutation(120)
    there = selection_corrected_skill(loss_HB, gene_free_B, Units.of(groups, 120), draws=100, seed=1)
    shuffled = selection_corrected_skill(
        loss_HB[:, order], gene_free_B[order], Units.of(groups[order], 120), draws=100, seed=1
    )
    assert there == pytest.approx(shuffled, abs=1e-12)
    # Two groups: every sample that leaves one out judges on that one alone.
    two = selection_corrected_skill(loss_HB, gene_free_B, Units.of(np.repeat(["a", "b"], 60), 120), draws=100, seed=1)
    assert two is not None
