"""Log losses of classes against their definition, scikit-learn, and at the ends of the scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from hypomask.errors import DataError
from hypomask.outcomes.classes import Binary, Classes, one_hot
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.registry import family_of


@settings(deadline=None)
@given(st.floats(-30, 30), st.integers(0, 1))
def test_binary_log_loss_is_minus_the_log_of_the_probability_given_to_what_happened(eta: float, y: int) -> None:
    p_event = 1.0 / (1.0 + np.exp(-eta))
    expected = -np.log(p_event if y else 1.0 / (1.0 + np.exp(eta)))
    assert Binary().losses([[eta]], [y])[0] == pytest.approx(expected, rel=1e-12)


def test_binary_log_loss_stays_finite_and_exact_at_extreme_logits() -> None:
    loss = Binary().losses([[800.0], [-800.0], [800.0], [-1e-9]], [1, 1, 0, 0])
    np.testing.assert_allclose(loss, [0.0, 800.0, 800.0, np.log(2) - 5e-10], rtol=1e-12)


def test_classes_log_loss_agrees_with_sklearn_and_ignores_a_constant_per_sample() -> None:
    rng = np.random.default_rng(0)
    eta_BK, y_B = rng.normal(size=(50, 4)), np.arange(50) % 4
    p_BK = np.exp(eta_BK) / np.exp(eta_BK).sum(axis=1, keepdims=True)
    loss_B = Classes(4).losses(eta_BK, y_B)
    assert loss_B.mean() == pytest.approx(log_loss(y_B, p_BK))
    np.testing.assert_allclose(Classes(4).losses(eta_BK + rng.normal(size=(50, 1)) * 300, y_B), loss_B)


def test_classes_log_loss_stays_finite_and_exact_at_extreme_scores() -> None:
    scores = np.array([[0.0, 1, 2], [1000, 0, 0]])
    np.testing.assert_allclose(Classes(3).losses(scores, [1, 2]), [np.log(np.exp(scores[0]).sum()) - 1, 1000])


def test_two_class_log_probabilities_and_a_logit_give_the_same_loss() -> None:
    eta_B, y_B = np.linspace(-3, 3, 7), np.array([0, 1, 0, 1, 0, 1, 1])
    both_BK = np.column_stack([np.zeros(7), eta_B])
    np.testing.assert_allclose(Classes(2).losses(both_BK, y_B), Binary().losses(eta_B, y_B))


def test_continuous_loss_is_the_squared_error() -> None:
    np.testing.assert_array_equal(Continuous().losses([1.0, -2.0], [0.0, 1.0]), [1.0, 9.0])


@pytest.mark.parametrize(
    ("eta", "y", "kind", "says"),
    [
        (np.zeros((3, 1)), np.zeros(2), "binary", "do not fit"),
        (np.zeros((2, 2)), np.zeros(2), "binary", "expected 1 column for a binary"),
        (np.zeros((2, 2)), np.array([0, 2]), "classes", "class code 2"),
        (np.zeros((2, 1)), np.array([0, 1]), "classes", "expected 2 columns"),
        (np.zeros((2, 1)), np.array([0.5, 1]), "binary", "class code 0.5"),
        (np.zeros((2, 1)), np.array([np.nan, 1]), "binary", "class code nan"),
        (np.zeros((2, 1)), np.array([1.5, 1]), "counts", "count 1.5 is not a whole number"),
        (np.zeros((2, 1)), np.array([-1.0, 1]), "counts", "count -1 is not a whole number"),
        (np.zeros((2, 1)), np.array([np.nan, 1]), "counts", "count nan is not a whole number"),
        (np.zeros((2, 3)), np.array([1.0, 2]), "survival", "expected 2 columns for a survival"),
        (np.zeros((2, 2)), np.array([0.0, 2]), "survival", "a time is 0 or not finite"),
        (np.zeros((2, 2)), np.array([1.0, np.inf]), "discrete-survival", "a time is 0 or not finite"),
    ],
)
def test_predictions_and_responses_that_do_not_fit_are_refused(eta: Any, y: Any, kind: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        family_of(kind, np.array([1.0, 2.0]), ("a", "b")).losses(eta, y)


def test_one_class_is_no_phenotype_and_a_kind_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match="at least 2"):
        Classes(1)
    with pytest.raises(DataError, match=r"'counted'.*Did you mean 'counts'"):
        family_of("counted", np.array([1.0]))


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_a_class_without_a_sample_counts_as_half_a_sample(absent: int) -> None:
    y = np.repeat([code for code in range(3) if code != absent], 20).astype(float)
    intercept = Classes(3).best_intercept(y, np.zeros((40, 3)))
    probability = Classes(3).mean(intercept[None])[0]
    assert probability[absent] == pytest.approx(0.5 / 40, rel=1e-3)
    np.testing.assert_allclose(np.delete(probability, absent), (1 - 0.5 / 40) / 2, rtol=1e-3)
    assert Binary().mean(Binary().best_intercept(np.ones(10), np.zeros((10, 1))))[0] == pytest.approx(0.95, rel=1e-3)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_intercepts_meet_the_observed_shares_whatever_the_offset(seed: int, binary: bool) -> None:
    rng = np.random.default_rng(seed)
    family: Any = Binary() if binary else Classes(3)
    y = rng.permutation(np.arange(30) % (2 if binary else 3)).astype(float)
    offset = rng.normal(0, 2, (30, family.n_outputs))
    mean_K = family.mean(offset + family.best_intercept(y, offset)).mean(axis=0)
    observed_K = [y.mean()] if binary else one_hot(y, 3).mean(axis=0)
    np.testing.assert_allclose(mean_K, observed_K, atol=1e-3)
