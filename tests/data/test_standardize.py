"""A fold is standardised by its training samples, against a slow twin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hypomask.data.cohort import Cohort
from hypomask.data.scaling import MAX_ABS_Z
from hypomask.data.standardize import prepare_fold

VALUES = hnp.arrays(
    np.float32,
    (12, 3, 2),
    elements=st.one_of(st.just(np.nan), st.floats(-100, 100, width=32), st.sampled_from([0.0, 1.0])),
)
COVARIATES = hnp.arrays(np.float64, (12, 2), elements=st.one_of(st.just(np.nan), st.floats(-1e3, 1e3)))
TRAIN, TEST = np.arange(9), np.arange(9, 12)


def cohort_of(make_cohort, values: np.ndarray, covariates: np.ndarray, *, continuous: bool = True) -> Cohort:
    frame = pd.DataFrame(covariates, index=[f"s{i}" for i in range(len(values))], columns=["age", "batch"])
    y = np.linspace(3, 9, len(values)) if continuous else np.arange(len(values)) % 2
    return make_cohort(y, values_BGC=values, covariates=frame, continuous=continuous)


@settings(max_examples=80, deadline=None)
@given(values=VALUES, covariates=COVARIATES, other=VALUES, other_covariates=COVARIATES)
def test_test_samples_do_not_influence_the_training_side(
    make_cohort, values, covariates, other, other_covariates
) -> None:
    changed, changed_covariates = values.copy(), covariates.copy()
    changed[TEST], changed_covariates[TEST] = other[TEST] * 3 + 7, other_covariates[TEST] * 5
    one = prepare_fold(cohort_of(make_cohort, values, covariates), TRAIN, TEST)
    two = prepare_fold(cohort_of(make_cohort, changed, changed_covariates), TRAIN, TEST)
    np.testing.assert_array_equal(one.x_train_BGC, two.x_train_BGC)
    np.testing.assert_array_equal(one.z_train_BP, two.z_train_BP)
    np.testing.assert_array_equal(one.y_train, two.y_train)
    assert (one.y_center, one.y_scale, one.missing_share) == (two.y_center, two.y_scale, two.missing_share)


@settings(max_examples=80, deadline=None)
@given(values=VALUES, covariates=COVARIATES)
def test_values_equal_those_of_a_loop_over_genes(make_cohort, values, covariates) -> None:
    fold = prepare_fold(cohort_of(make_cohort, values, covariates), TRAIN, TEST)
    for c in range(2):
        seen_in_channel = values[TRAIN, :, c][~np.isnan(values[TRAIN, :, c])]
        is_binary = set(seen_in_channel.tolist()) <= {0.0, 1.0}
        for g in range(3):
            train, test = values[TRAIN, g, c].astype(float), values[TEST, g, c].astype(float)
            seen = train[~np.isnan(train)]
            sd = seen.std() if len(seen) else 0.0
            if sd <= 1e-6 * np.abs(seen).max(initial=0.0):
                expected = np.zeros(12)
            else:
                expected = (np.concatenate([train, test]) - seen.mean()) / (max(sd, 0.1) if is_binary else sd)
                expected = np.clip(np.where(np.isnan(expected), 0.0, expected), -MAX_ABS_Z, MAX_ABS_Z)
            found = np.concatenate([fold.x_train_BGC[:, g, c], fold.x_test_BGC[:, g, c]])
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.isfinite(fold.z_train_BP).all()
    assert np.isfinite(fold.z_test_BP).all()


def test_training_genes_and_covariates_have_mean_0_and_sd_1(make_cohort) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(7, 3, (40, 5, 2)).astype(np.float32)
    fold = prepare_fold(cohort_of(make_cohort, values, rng.normal(50, 9, (40, 2))), np.arange(30), np.arange(30, 40))
    np.testing.assert_allclose(fold.x_train_BGC.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(fold.x_train_BGC.std(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(fold.z_train_BP.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(fold.y_train.mean(), 0, atol=1e-12)
    np.testing.assert_allclose(fold.y_test * fold.y_scale + fold.y_center, np.linspace(3, 9, 40)[30:])


def test_a_rare_alteration_does_not_explode(make_cohort) -> None:
    values = np.zeros((500, 2, 1), dtype=np.float32)
    values[0, 0, 0] = 1
    values[::2, 1, 0] = 1
    fold = prepare_fold(cohort_of(make_cohort, values, np.zeros((500, 2))), np.arange(400), np.arange(400, 500))
    assert fold.x_train_BGC[0, 0, 0] == pytest.approx((1 - 1 / 400) / 0.1)
    assert fold.x_train_BGC[:, 1, 0].std() == pytest.approx(1, abs=1e-6)


def test_a_gene_constant_or_missing_in_training_is_0_on_both_sides(make_cohort) -> None:
    values = np.random.default_rng(0).normal(size=(12, 3, 1)).astype(np.float32)
    values[TRAIN, 0] = 7.3
    values[TRAIN, 1] = np.nan
    fold = prepare_fold(cohort_of(make_cohort, values, np.zeros((12, 2))), TRAIN, TEST)
    assert not fold.x_train_BGC[:, :2].any()
    assert not fold.x_test_BGC[:, :2].any()
    assert fold.missing_share == pytest.approx(1 / 3)


def test_a_missing_covariate_becomes_the_training_median(make_cohort) -> None:
    covariates = np.column_stack([np.arange(12.0), np.zeros(12)])
    covariates[0, 0] = covariates[11, 0] = np.nan
    fold = prepare_fold(cohort_of(make_cohort, np.zeros((12, 1, 1), np.float32), covariates), TRAIN, TEST)
    at_median = 4.5  # of 1..8
    filled = np.array([at_median, *range(1, 9)])
    assert fold.z_train_BP[0, 0] == pytest.approx((at_median - filled.mean()) / filled.std())
    assert fold.z_test_BP[2, 0] == pytest.approx(fold.z_train_BP[0, 0])
    assert not fold.z_train_BP[:, 1].any()


def test_class_codes_stay_as_they_are(make_cohort) -> None:
    cohort = cohort_of(make_cohort, np.zeros((12, 1, 1), np.float32), np.zeros((12, 2)), continuous=False)
    fold = prepare_fold(cohort, TRAIN, TEST)
    assert fold.y_train.tolist() == cohort.phenotype.values[TRAIN].tolist()
    assert (fold.y_center, fold.y_scale) == (0.0, 1.0)


def test_the_cohort_is_left_as_it_was(make_cohort) -> None:
    cohort = cohort_of(make_cohort, np.ones((12, 2, 1), np.float32), np.ones((12, 2)))
    prepare_fold(cohort, TRAIN, TEST)
    assert (cohort.values_BGC == 1).all()
