"""The estimators: columns by name, covariates, groups, missing values, and the ways of scikit-learn."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hypomask.errors import ConfigError, DataError
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction, unconstrained
from hypomask.model.config import ModelConfig
from hypomask.training.columns import arrange_columns
from hypomask.training.config import TrainingConfig
from hypomask.training.estimators import MaskedGeneClassifier, MaskedGeneRegressor

QUICK = TrainingConfig(replicates=1, inner_folds=3, epochs=1)


@pytest.fixture(scope="module")
def table(products: Any) -> tuple[pd.DataFrame, Any]:
    x_BGC, y = products(160, "continuous")
    return pd.DataFrame(x_BGC[:, :, 0], columns=["g0", "g1", "g2", "g3"]), y


def test_columns_of_a_frame_are_matched_by_name_and_others_left_out(table: Any, make_mask: Any) -> None:
    x, y = table
    mask = make_mask(3, (0, 1))
    plain = MaskedGeneRegressor(mask, training=QUICK).fit(x[["g0", "g1", "g2"]], y)
    shuffled = x[["g3", "g2", "g1", "g0"]]
    by_name = MaskedGeneRegressor(mask, training=QUICK).fit(shuffled, y)
    assert by_name.feature_names_in_.tolist() == ["g3", "g2", "g1", "g0"]
    assert by_name.mask_.genes == ("g0", "g1", "g2")
    np.testing.assert_array_equal(by_name.predict(shuffled), plain.predict(x[["g0", "g1", "g2"]]))
    changed = shuffled.assign(g3=100.0)
    np.testing.assert_array_equal(by_name.predict(changed), by_name.predict(shuffled))


@pytest.mark.parametrize("as_given", [np.array, lambda m: np.array(m, dtype=int), sp.csr_array, sp.csr_matrix, list])
def test_a_matrix_is_a_mask_whose_rows_receive(table: Any, make_mask: Any, as_given: Any) -> None:
    x, y = table
    matrix = np.zeros((4, 4), dtype=bool)
    matrix[0, 1] = True
    fitted = MaskedGeneRegressor(as_given(matrix.tolist()), training=QUICK).fit(x, y)
    assert fitted.mask_.pair_keys.tolist() == make_mask(4, (0, 1)).pair_keys.tolist()
    assert fitted.shrinkage_ > 0.5
    other_way = MaskedGeneRegressor(matrix.T, training=QUICK).fit(x, y)
    assert other_way.mask_.pair_keys.tolist() == make_mask(4, (1, 0)).pair_keys.tolist()


def test_without_a_mask_every_pair_may_interact(table: Any) -> None:
    x, y = table
    fitted = MaskedGeneRegressor(training=QUICK).fit(x, y)
    assert fitted.mask_.n_edges == 12
    assert fitted.score(x, y) > 0.6


def test_above_a_hundred_columns_a_mask_is_asked_for() -> None:
    x, y = np.random.default_rng(0).standard_normal((20, 101)), np.arange(20.0)
    with pytest.raises(ConfigError, match=r"got None for 101 columns.*no_interaction"):
        MaskedGeneRegressor().fit(x, y)


def test_the_mask_that_allows_the_interaction_predicts_it_and_others_do_not(table: Any, make_mask: Any) -> None:
    x, y = table
    train, test = slice(0, 120), slice(120, None)
    scores = {
        name: MaskedGeneRegressor(mask).fit(x[train], y[train]).score(x[test], y[test])
        for name, mask in {
            "true": make_mask(4, (0, 1)),
            "wrong": make_mask(4, (2, 3)),
            "none": no_interaction(["g0", "g1", "g2", "g3"]),
        }.items()
    }
    assert scores["true"] > 0.7
    assert scores["wrong"] < scores["none"] + 0.05
    assert scores["none"] < 0.4


def test_covariates_are_adjusted_for_and_are_no_genes(table: Any, make_mask: Any) -> None:
    x, y = table
    age = np.random.default_rng(1).normal(60, 10, len(y))
    with_age = x.assign(age=age)
    fitted = MaskedGeneRegressor(make_mask(4, (0, 1)), training=QUICK, covariates=["age"]).fit(with_age, y + age)
    assert fitted.mask_.genes == ("g0", "g1", "g2", "g3")
    slope = fitted.predict(with_age.assign(age=age + 1)) - fitted.predict(with_age)
    np.testing.assert_allclose(slope, 1, atol=0.05)
    by_position = MaskedGeneRegressor(make_mask(4, (0, 1)), training=QUICK, covariates=[4])
    np.testing.assert_array_equal(by_position.fit(with_age, y + age).predict(with_age), fitted.predict(with_age))


def test_missing_values_count_as_the_training_mean(table: Any) -> None:
    x, y = table
    holes = x.mask(np.random.default_rng(0).random(x.shape) < 0.1)
    fitted = MaskedGeneRegressor(training=QUICK).fit(holes, y)
    filled = holes.astype("float32").fillna(holes.astype("float32").mean())
    np.testing.assert_allclose(fitted.predict(holes), fitted.predict(filled), atol=1e-4)
    assert np.isfinite(fitted.predict(x * np.nan)).all()


@pytest.mark.parametrize("labels", [("resists", "responds"), (2, 7), (False, True), ("a", "b", "c")])
def test_classes_keep_their_labels_and_probabilities_sum_to_one(products: Any, labels: Any) -> None:
    x_BGC, codes = products(150, "binary" if len(labels) == 2 else "classes")
    x, y = x_BGC[:, :, 0], np.array(labels)[codes.astype(int)]
    fitted = MaskedGeneClassifier(training=QUICK).fit(x, y)
    assert fitted.classes_.tolist() == sorted(labels)
    probability = fitted.predict_proba(x)
    assert probability.shape == (150, len(labels))
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert (fitted.predict(x) == fitted.classes_[probability.argmax(axis=1)]).all()
    assert fitted.decision_function(x).shape == ((150,) if len(labels) == 2 else (150, 3))
    assert fitted.score(x, y) > 0.6


def test_groups_stay_together_in_inner_splits(table: Any) -> None:
    x, y = table
    twice, y_twice = pd.concat([x, x + 1e-3]), np.concatenate([y, y])
    patient = np.tile([f"p{i}" for i in range(len(y))], 2)
    with_groups = MaskedGeneRegressor(training=QUICK).fit(twice, y_twice, groups=patient)
    without = MaskedGeneRegressor(training=QUICK).fit(twice, y_twice)
    # copies on both sides of a split make any model look better than it is: less penalty is chosen
    assert without.additive_.penalty <= with_groups.additive_.penalty
    assert not np.array_equal(without.predict(x), with_groups.predict(x))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MaskedGeneRegressor().fit(x, y, groups=patient)
    with pytest.raises(DataError, match="one group"):
        MaskedGeneRegressor().fit(x, y, groups=["same"] * len(y))


def test_it_works_in_pipelines_searches_and_cross_validation(table: Any, make_mask: Any) -> None:
    x, y = table
    pipeline = make_pipeline(StandardScaler(), MaskedGeneRegressor(make_mask(4, (0, 1)), training=QUICK))
    scores = cross_val_score(pipeline, x, y, cv=3)
    assert scores.mean() > 0.5
    groups = np.arange(len(y)) // 2
    assert cross_val_score(pipeline, x, y, groups=groups, cv=GroupKFold(3)).mean() > 0.5
    genes = ("g0", "g1", "g2", "g3")
    masks = [no_interaction(genes), make_mask(4, (0, 1)), make_mask(4, (2, 3))]
    search = GridSearchCV(MaskedGeneRegressor(training=QUICK), {"mask": masks}, cv=3).fit(x, y)
    assert search.best_params_["mask"] is masks[1]


def test_layers_left_open_are_enough_for_group_tokens_and_tables(table: Any) -> None:
    x, y = table
    star = EdgeTable.build([4, 4, 0, 1], [0, 1, 4, 4])
    grouped = Mask("star", ("g0", "g1", "g2", "g3"), (star,), group_tokens=("pathway",))
    nothing = EdgeTable.build([], [])
    tables = replace(grouped, group_tokens=(), layers=(EdgeTable.build([0], [1]), nothing, nothing))
    for mask, layers in ((grouped, 2), (tables, 3)):
        fitted = MaskedGeneRegressor(mask, training=QUICK).fit(x, y)
        assert fitted.shrinkage_ > 0.5
        assert len(fitted.fitted_.layouts) == layers
    with pytest.raises(ConfigError, match="3 layers, but the model has 1"):
        MaskedGeneRegressor(tables, ModelConfig(layers=1), QUICK).fit(x, y)


def test_clone_and_parameters_are_kept_as_given(make_mask: Any) -> None:
    mask, model = make_mask(3, (0, 1)), ModelConfig(width=8)
    estimator = MaskedGeneClassifier(mask, model, QUICK, "cpu", 5, ("age",))
    copy = clone(estimator)
    assert copy.get_params() == {**estimator.get_params(), "mask": copy.mask}
    assert copy.mask.pair_keys.tolist() == mask.pair_keys.tolist()
    assert estimator.set_params(random_state=6).random_state == 6


def test_a_pickled_fit_predicts_the_same(table: Any) -> None:
    x, y = table
    fitted = MaskedGeneRegressor(training=QUICK).fit(x, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(x), fitted.predict(x))


def test_the_seed_decides_and_a_sample_is_predicted_alike_in_any_company(table: Any) -> None:
    x, y = table
    fits = [MaskedGeneRegressor(training=QUICK, random_state=seed).fit(x, y) for seed in (0, 0, 1)]
    assert fits[0].shrinkage_ > 0.5
    np.testing.assert_array_equal(fits[0].predict(x), fits[1].predict(x))
    assert not np.array_equal(fits[0].predict(x), fits[2].predict(x))
    np.testing.assert_allclose(fits[0].predict(x[5:6]), fits[0].predict(x)[5:6], rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mask": np.zeros((3, 4))}, r"got shape \(3, 4\), expected \(4, 4\)"),
        ({"mask": np.zeros(4)}, r"expected \(4, 4\)"),
        ({"mask": np.full((4, 4), 0.5)}, "edge weights need a hypomask.Mask"),
        ({"mask": unconstrained(["g0", "g1", "G3"])}, r"gene 'G3'.*Did you mean 'g3'"),
        ({"covariates": ["G1"]}, r"'G1' is not a column.*Did you mean 'g1'"),
        ({"covariates": [4]}, "position 4, expected 0 to 3"),
        ({"covariates": ["g0", "g1", "g2", "g3"]}, "at least one gene"),
        ({"device": "cuda:77"}, "'cuda:77', but torch finds"),
        ({"device": "gpu"}, "'gpu', expected auto, cpu, cuda"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_a_way_out(table: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MaskedGeneRegressor(training=QUICK, **arguments).fit(*table)


def test_arrays_must_have_the_genes_of_the_mask(table: Any, make_mask: Any) -> None:
    x, y = table
    with pytest.raises(ConfigError, match="3 genes, but X has 4 columns"):
        MaskedGeneRegressor(make_mask(3, (0, 1))).fit(x.to_numpy(), y)
    with pytest.raises(ConfigError, match="give X as a frame"):
        MaskedGeneRegressor(covariates=["age"]).fit(x.to_numpy(), y)
    with pytest.raises(DataError, match="'g0' occurs more than once"):
        arrange_columns(None, (), 2, ["g0", "g0"])


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_handful_of_samples_is_fitted_without_complaint(n: int) -> None:
    x = np.random.default_rng(n).standard_normal((n, 3))
    assert np.isfinite(MaskedGeneRegressor(training=QUICK).fit(x, np.arange(n)).predict(x)).all()
    probability = MaskedGeneClassifier(training=QUICK).fit(x, np.arange(n) % 2).predict_proba(x)
    assert np.isfinite(probability).all()
