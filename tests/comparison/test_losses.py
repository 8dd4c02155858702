"""Per-sample losses against their definitions, and what a loss table refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from hypomask.comparison.losses import NullLosses, per_sample_loss
from hypomask.errors import DataError


@settings(deadline=None)
@given(st.floats(-30, 30), st.integers(0, 1))
def test_binary_log_loss_is_minus_the_log_of_the_probability_given_to_what_happened(eta: float, y: int) -> None:
    p_event = 1.0 / (1.0 + np.exp(-eta))
    expected = -np.log(p_event if y else 1.0 / (1.0 + np.exp(eta)))
    assert per_sample_loss([[eta]], [y], "binary")[0] == pytest.approx(expected, rel=1e-12)


def test_binary_log_loss_stays_finite_and_exact_at_extreme_logits() -> None:
    loss = per_sample_loss([[800.0], [-800.0], [800.0], [-1e-9]], [1, 1, 0, 0], "binary")
    np.testing.assert_allclose(loss, [0.0, 800.0, 800.0, np.log(2) - 5e-10], rtol=1e-12)


def test_classes_log_loss_agrees_with_sklearn_and_ignores_a_constant_per_sample() -> None:
    rng = np.random.default_rng(0)
    eta_BK, y_B = rng.normal(size=(50, 4)), np.arange(50) % 4
    p_BK = np.exp(eta_BK) / np.exp(eta_BK).sum(axis=1, keepdims=True)
    loss_B = per_sample_loss(eta_BK, y_B, "classes")
    assert loss_B.mean() == pytest.approx(log_loss(y_B, p_BK))
    np.testing.assert_allclose(per_sample_loss(eta_BK + rng.normal(size=(50, 1)) * 300, y_B, "classes"), loss_B)


def test_two_class_log_probabilities_and_a_logit_give_the_same_loss() -> None:
    eta_B, y_B = np.linspace(-3, 3, 7), np.array([0, 1, 0, 1, 0, 1, 1])
    both_BK = np.column_stack([np.zeros(7), eta_B])
    np.testing.assert_allclose(per_sample_loss(both_BK, y_B, "classes"), per_sample_loss(eta_B, y_B, "binary"))


def test_continuous_loss_is_the_squared_error() -> None:
    np.testing.assert_array_equal(per_sample_loss([1.0, -2.0], [0.0, 1.0], "continuous"), [1.0, 9.0])


@pytest.mark.parametrize(
    ("eta", "y", "kind", "says"),
    [
        (np.zeros((3, 1)), np.zeros(2), "binary", "do not fit"),
        (np.zeros((2, 2)), np.zeros(2), "binary", "expected 1"),
        (np.zeros((2, 2)), np.array([0, 2]), "classes", "class code 2"),
        (np.zeros((2, 1)), np.array([0, 1]), "classes", "at least 2"),
        (np.zeros((2, 1)), np.array([0.5, 1]), "binary", "class code 0.5"),
        (np.zeros((2, 1)), np.array([np.nan, 1]), "binary", "class code nan"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(eta, y, kind, says) -> None:
    with pytest.raises(DataError, match=says):
        per_sample_loss(eta, y, kind)


def test_every_model_with_a_loss_that_is_not_finite_is_named(make_table) -> None:
    table = make_table({"canonical": -0.1, "rival": 0.0, "third": 0.0})
    loss_MRB = table.loss_MRB.copy()
    loss_MRB[0, 1, 7] = np.nan
    loss_MRB[2, :, :] = np.inf
    with pytest.raises(DataError) as caught:
        replace(table, loss_MRB=loss_MRB)
    assert "'canonical' has 1 of 900" in str(caught.value)
    assert "'third' has 900 of 900" in str(caught.value)
    assert "rival" not in str(caught.value)


def test_an_additive_part_and_a_null_test_that_are_not_finite_are_named_too(make_table) -> None:
    table = make_table({"canonical": -0.1})
    additive_MRB = table.additive_MRB.copy()
    additive_MRB[0, 0, 0] = np.nan
    with pytest.raises(DataError, match="additive part of 'canonical'"):
        replace(table, additive_MRB=additive_MRB)
    with pytest.raises(DataError, match="null test of 'canonical' \\(rewired\\)"):
        NullLosses("canonical", 0.5, np.array([0.5, np.nan]), "rewired")


def test_all_misfits_of_a_table_are_shown_together(make_table) -> None:
    table = make_table({"a": 0.0, "b": 0.0})
    with pytest.raises(DataError) as caught:
        replace(table, names=("a", "a", "no-interaction"), groups=np.array(["x"]), n_folds=1)
    for part in ("these repeat: a", "groups has shape (1,)", "n_folds is 1"):
        assert part in str(caught.value)


def test_a_table_without_a_hypothesis_or_with_one_group_is_refused(make_table) -> None:
    table = make_table({"a": 0.0})
    with pytest.raises(DataError, match="role 'hypothesis'"):
        replace(table, roles=("reference", "reference"))
    with pytest.raises(DataError, match="two independent samples"):
        replace(table, groups=np.full(300, "one"))


def test_a_gene_free_model_without_any_loss_is_refused(make_table) -> None:
    table = make_table({"a": 0.0})
    with pytest.raises(DataError, match="covariates alone determine"):
        replace(table, gene_free_RB=np.zeros_like(table.gene_free_RB))
