"""Shown scores: right values, declared ranges, and NaN with a reason instead of a crash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from hypomask.comparison.scores import SCORES, shown_scores
from hypomask.errors import DataError
from hypomask.outcomes.classes import Binary
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.counts import Counts
from hypomask.outcomes.discrete_survival import DiscreteSurvival
from hypomask.outcomes.family import Family
from hypomask.outcomes.registry import family_of
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.survival_times import signed_times

KINDS = ("binary", "classes", "continuous", "counts", "survival", "discrete-survival")


def _predictions(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray, Family]:
    """Predictions that know nothing, of three repeats; survival's have one linear predictor for all intervals."""
    rng = np.random.default_rng(seed)
    if kind == "continuous":
        y_B = rng.normal(size=40)
    elif kind == "counts":
        y_B = rng.poisson(4.0, 40).astype(float)
    elif kind in ("survival", "discrete-survival"):
        time = rng.exponential(size=40) if kind == "survival" else rng.integers(1, 8, 40)
        y_B = signed_times(time.astype(float), np.arange(40) % 3 > 0)
    else:
        y_B = (np.arange(40) % (2 if kind == "binary" else 4)).astype(float)
    family = family_of(kind, y_B, "abcd")
    baseline_T = np.zeros(family.n_predicted) if family.n_outputs > 1 or family.n_predicted == 1 else _baseline(family)
    return baseline_T + rng.normal(size=(3, 40, family.n_outputs)) * 3, y_B, family


def _baseline(family: Family) -> np.ndarray:
    return np.log(1 / np.arange(family.n_predicted + 1.0, 1.0, -1))  # about as many events in every interval


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 10_000))
def test_every_score_stays_in_its_declared_range(kind: str, seed: int) -> None:
    eta_RBK, y_B, family = _predictions(kind, seed)
    for name, shown in shown_scores(eta_RBK, y_B, family).items():
        assert SCORES[name].low <= shown.value <= SCORES[name].high


@pytest.mark.parametrize("kind", KINDS)
def test_the_declared_direction_is_that_of_better_predictions(kind: str) -> None:
    eta_RBK, y_B, family = _predictions(kind, seed=1)
    if kind in ("survival", "discrete-survival"):
        right_BK = _baseline(family) - 2 * np.log(np.abs(y_B) / np.median(np.abs(y_B)))[:, None]
    else:
        right_BK = {
            "binary": (8 * y_B - 4)[:, None],
            "classes": 8.0 * np.eye(4)[y_B.astype(int) % 4],
            "continuous": y_B[:, None] + 0.01 * eta_RBK[0],
            "counts": np.log(np.abs(y_B) + 0.1)[:, None],
        }[kind]
    random, good = shown_scores(eta_RBK, y_B, family), shown_scores(np.stack([right_BK] * 3), y_B, family)
    for name in good:
        gain = good[name].value - random[name].value
        assert gain > 0 if SCORES[name].direction == "higher" else gain < 0


def test_scores_are_averaged_over_repeats_not_over_pooled_predictions() -> None:
    eta_RBK, y_B, _ = _predictions("binary", seed=2)
    expected = np.mean([roc_auc_score(y_B, eta_B1[:, 0]) for eta_B1 in eta_RBK])
    assert shown_scores(eta_RBK, y_B, Binary())["auc"].value == pytest.approx(expected)


def test_hand_computed_values() -> None:
    eta_RBK = np.log(np.array([0.8, 0.4, 0.6, 0.1]) / np.array([0.2, 0.6, 0.4, 0.9]))[None, :, None]
    shown = shown_scores(eta_RBK, [1, 1, 0, 0], Binary())
    assert shown["brier"].value == pytest.approx((0.04 + 0.36 + 0.36 + 0.01) / 4)
    assert shown["auc"].value == pytest.approx(3 / 4)
    assert shown["balanced_accuracy"].value == pytest.approx(0.5)
    assert shown["average_precision"].value == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    measured = shown_scores(np.array([[[1.0], [2.0], [4.0]]]), [1.0, 3.0, 2.0], Continuous())
    assert measured["rmse"].value == pytest.approx(np.sqrt(5 / 3))
    assert measured["r2"].value == pytest.approx(1 - 5 / 2)
    assert measured["spearman"].value == pytest.approx(0.5)


def test_a_logit_saturated_to_probability_one_keeps_its_rank() -> None:
    eta_RBK = np.array([[[50.0], [60.0]]])
    assert shown_scores(eta_RBK, [0, 1], Binary())["auc"].value == 1.0


def test_a_score_that_is_undefined_says_why() -> None:
    one_class = shown_scores(np.zeros((2, 5, 1)), np.ones(5), Binary())
    assert np.isnan(one_class["auc"].value)
    assert one_class["auc"].reason == "1 of 2 classes have no sample"
    assert one_class["log_loss"].value == pytest.approx(np.log(2))
    constant = shown_scores(np.zeros((1, 5, 1)), np.arange(5.0), Continuous())
    assert constant["spearman"].reason == "the prediction is the same for every sample"
    assert shown_scores(np.ones((1, 5, 1)), np.zeros(5), Continuous())["r2"].reason.startswith(
        "the phenotype is the same"
    )
    assert "not finite" in shown_scores(np.full((1, 5, 1), np.nan), np.arange(5.0), Continuous())["rmse"].reason


def test_survival_scores_that_are_undefined_say_why() -> None:
    cox, eta_RBK = CoxSurvival([1.0, 2.0]), np.zeros((1, 4, 2))
    censored = shown_scores(eta_RBK, [-1.0, -1, -2, -2], cox)
    assert censored["integrated_brier"].reason == "no sample has an event"
    assert censored["concordance"].reason == "no event is followed by another sample"
    last = shown_scores(eta_RBK, [-1.0, -1, -2, 2], cox)
    assert np.isnan(last["concordance"].value)
    assert np.isfinite(last["integrated_brier"].value)
    apart = shown_scores(eta_RBK, [1.0, 2, 1, 2], cox, [[0, 1, 2, 3]])["concordance"]
    assert np.isnan(apart.value)
    assert apart.reason == "undefined in every fold: no event is followed by another sample"


def test_concordance_compares_only_samples_that_the_same_model_predicted() -> None:
    risk = np.array([0.0, 1.0, -9.0, -8.0])  # right within each of two folds, whose models differ in level
    eta_RBK = np.tile(risk[None, :, None], (1, 1, 2))
    y_B, fold_RB = [4.0, 3.0, 2.0, 1.0], [[0, 0, 1, 1]]
    for family in (CoxSurvival([2.0, 4.0]), DiscreteSurvival([2.0, 4.0])):
        assert shown_scores(eta_RBK, y_B, family, fold_RB)["concordance"].value == 1.0
        assert shown_scores(eta_RBK, y_B, family)["concordance"].value == pytest.approx(2 / 6)


def test_half_deviance_is_the_loss_and_r2_is_not_shown_for_counts() -> None:
    shown = shown_scores(np.log([[[1.0], [2.0], [4.0]]]), [1.0, 3.0, 2.0], Counts(0.0))
    assert set(shown) == {"spearman", "half_deviance"}
    expected = np.mean([0, 3 * np.log(3 / 2) - 1, 2 * np.log(2 / 4) + 2])
    assert shown["half_deviance"].value == pytest.approx(expected)


def test_only_scores_of_the_kind_are_shown() -> None:
    assert set(shown_scores(np.zeros((1, 4, 1)), np.arange(4.0), Continuous())) == {"r2", "spearman", "rmse"}


def test_misfitting_shapes_are_refused() -> None:
    with pytest.raises(DataError, match="do not fit"):
        shown_scores(np.zeros((2, 5, 1)), np.zeros(4), Binary())


def test_auc_compares_only_samples_that_the_same_model_predicted():
    # Perfect within each of two folds; the second fold's model is shifted, which pooling would punish.
    eta_RBK = np.array([0.0, 1.0, 10.0, 11.0]).reshape(1, 4, 1)
    y_B, fold_RB = [0, 1, 0, 1], [[0, 0, 1, 1]]
    assert shown_scores(eta_RBK, y_B, Binary(), fold_RB)["auc"].value == 1.0
    assert shown_scores(eta_RBK, y_B, Binary())["auc"].value == pytest.approx(0.75)


def test_auc_leaves_out_folds_with_one_class_and_says_so_when_none_is_left():
    eta_RBK = np.array([0.0, 1.0, 2.0, 3.0]).reshape(1, 4, 1)
    assert shown_scores(eta_RBK, [0, 1, 1, 1], Binary(), [[0, 0, 1, 1]])["auc"].value == 1.0
    nothing = shown_scores(eta_RBK, [0, 0, 1, 1], Binary(), [[0, 0, 1, 1]])["auc"]
    assert np.isnan(nothing.value)
    assert nothing.reason == "undefined in every fold: 1 of 2 classes have no sample"
