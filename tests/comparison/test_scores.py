"""Shown scores: right values, declared ranges, and NaN with a reason instead of a crash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from hypomask.comparison.scores import SCORES, shown_scores
from hypomask.errors import DataError


def _predictions(kind: str, n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n_outputs = n_classes if kind == "classes" else 1
    y_B = rng.normal(size=40) if kind == "continuous" else (np.arange(40) % n_classes).astype(float)
    return rng.normal(size=(3, 40, n_outputs)) * 3, y_B


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["binary", "classes", "continuous"]), st.integers(0, 10_000))
def test_every_score_stays_in_its_declared_range(kind: str, seed: int) -> None:
    eta_RBK, y_B = _predictions(kind, 2 if kind == "binary" else 4, seed)
    for name, shown in shown_scores(eta_RBK, y_B, kind).items():
        assert SCORES[name].low <= shown.value <= SCORES[name].high


@pytest.mark.parametrize("kind", ["binary", "classes", "continuous"])
def test_the_declared_direction_is_that_of_better_predictions(kind: str) -> None:
    eta_RBK, y_B = _predictions(kind, 2 if kind == "binary" else 4, seed=1)
    right_BK = {
        "binary": (8 * y_B - 4)[:, None],
        "classes": 8.0 * np.eye(4)[y_B.astype(int) % 4],
        "continuous": y_B[:, None] + 0.01 * eta_RBK[0],
    }[kind]
    random, good = shown_scores(eta_RBK, y_B, kind), shown_scores(np.stack([right_BK] * 3), y_B, kind)
    for name in good:
        gain = good[name].value - random[name].value
        assert gain > 0 if SCORES[name].direction == "higher" else gain < 0


def test_scores_are_averaged_over_repeats_not_over_pooled_predictions() -> None:
    eta_RBK, y_B = _predictions("binary", 2, seed=2)
    expected = np.mean([roc_auc_score(y_B, eta_B1[:, 0]) for eta_B1 in eta_RBK])
    assert shown_scores(eta_RBK, y_B, "binary")["auc"].value == pytest.approx(expected)


def test_hand_computed_values() -> None:
    eta_RBK = np.log(np.array([0.8, 0.4, 0.6, 0.1]) / np.array([0.2, 0.6, 0.4, 0.9]))[None, :, None]
    shown = shown_scores(eta_RBK, [1, 1, 0, 0], "binary")
    assert shown["brier"].value == pytest.approx((0.04 + 0.36 + 0.36 + 0.01) / 4)
    assert shown["auc"].value == pytest.approx(3 / 4)
    assert shown["balanced_accuracy"].value == pytest.approx(0.5)
    assert shown["average_precision"].value == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    measured = shown_scores(np.array([[[1.0], [2.0], [4.0]]]), [1.0, 3.0, 2.0], "continuous")
    assert measured["rmse"].value == pytest.approx(np.sqrt(5 / 3))
    assert measured["r2"].value == pytest.approx(1 - 5 / 2)
    assert measured["spearman"].value == pytest.approx(0.5)


def test_a_logit_saturated_to_probability_one_keeps_its_rank() -> None:
    eta_RBK = np.array([[[50.0], [60.0]]])
    assert shown_scores(eta_RBK, [0, 1], "binary")["auc"].value == 1.0


def test_a_score_that_is_undefined_says_why() -> None:
    one_class = shown_scores(np.zeros((2, 5, 1)), np.ones(5), "binary")
    assert np.isnan(one_class["auc"].value)
    assert one_class["auc"].reason == "1 of 2 classes have no sample"
    assert one_class["log_loss"].value == pytest.approx(np.log(2))
    constant = shown_scores(np.zeros((1, 5, 1)), np.arange(5.0), "continuous")
    assert constant["spearman"].reason == "the prediction is the same for every sample"
    assert shown_scores(np.ones((1, 5, 1)), np.zeros(5), "continuous")["r2"].reason.startswith(
        "the phenotype is the same"
    )
    assert "not finite" in shown_scores(np.full((1, 5, 1), np.nan), np.arange(5.0), "continuous")["rmse"].reason


def test_only_scores_of_the_kind_are_shown() -> None:
    assert set(shown_scores(np.zeros((1, 4, 1)), np.arange(4.0), "continuous")) == {"r2", "spearman", "rmse"}


def test_misfitting_shapes_are_refused() -> None:
    with pytest.raises(DataError, match="do not fit"):
        shown_scores(np.zeros((2, 5, 1)), np.zeros(4), "binary")


def test_auc_compares_only_samples_that_the_same_model_predicted():
    # Perfect within each of two folds; the second fold's model is shifted, which pooling would punish.
    eta_RBK = np.array([0.0, 1.0, 10.0, 11.0]).reshape(1, 4, 1)
    y_B, fold_RB = [0, 1, 0, 1], [[0, 0, 1, 1]]
    assert shown_scores(eta_RBK, y_B, "binary", fold_RB)["auc"].value == 1.0
    assert shown_scores(eta_RBK, y_B, "binary")["auc"].value == pytest.approx(0.75)


def test_auc_leaves_out_folds_with_one_class_and_says_so_when_none_is_left():
    eta_RBK = np.array([0.0, 1.0, 2.0, 3.0]).reshape(1, 4, 1)
    assert shown_scores(eta_RBK, [0, 1, 1, 1], "binary", [[0, 0, 1, 1]])["auc"].value == 1.0
    nothing = shown_scores(eta_RBK, [0, 0, 1, 1], "binary", [[0, 0, 1, 1]])["auc"]
    assert np.isnan(nothing.value)
    assert "every class" in nothing.reason
