"""What an additive part would take of anything else, and how that changes what is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from hypomask.model.config import ModelConfig
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.registry import family_of
from hypomask.training.additive import additive_splits, fit_additive
from hypomask.training.config import TrainingConfig
from hypomask.training.fit import fit_model, smoothers_of
from hypomask.training.partial_residuals import Smoother, Smoothers


def smoothers(n: int, n_genes: int, seed: int = 0) -> tuple[Smoothers, Any, np.ndarray, list[np.ndarray], float]:
    """Those of an additive part of random data with uneven weights: with its design, weights, splits and penalty."""
    rng = np.random.default_rng(seed)
    x_BGC = rng.standard_normal((n, n_genes, 1)).astype(np.float32)
    z_BP = rng.standard_normal((n, 2))
    y = x_BGC[:, 0, 0] + rng.standard_normal(n)
    shared: dict[str, Any] = {"family": Continuous(), "blocks": np.arange(n), "seed": seed}
    additive = fit_additive(x_BGC, z_BP, y, **shared)
    weight_B = rng.uniform(0.2, 2.0, n)
    splits = additive_splits(y, **shared)
    made = Smoothers(additive, x_BGC, z_BP, weight_B, splits)
    return made, additive.design(x_BGC, z_BP), weight_B, splits, additive.penalty


def ridge(design: np.ndarray, weight: np.ndarray, penalty: float, values: np.ndarray) -> Ridge:
    spread = float(((design - design.mean(axis=0)) ** 2).sum())
    return Ridge(alpha=penalty * spread, solver="cholesky").fit(design, values, sample_weight=weight)


@pytest.mark.parametrize(
    ("n", "n_genes", "as_matrix"), [(60, 4, True), (300, 3, False), (300, 160, True), (40, 90, True)]
)
def test_each_sample_is_left_out_of_what_is_taken_of_it(n: int, n_genes: int, as_matrix: bool) -> None:
    made, design, weight, splits, penalty = smoothers(n, n_genes)
    values = np.random.default_rng(1).standard_normal((n, 3))
    inside = np.arange(n) % 4 > 0
    expected = np.zeros_like(values)
    for split in splits:
        for part in np.unique(split[inside]):
            fitted, left_out = inside & (split != part), inside & (split == part)
            model = ridge(design[fitted], weight[fitted], penalty, values[fitted])
            expected[left_out] += model.predict(design[left_out]) / len(splits)
    expected[~inside] = ridge(design[inside], weight[inside], penalty, values[inside]).predict(design[~inside])
    smoother = made.of(inside)
    assert (smoother._matrix_BB is not None) == as_matrix
    np.testing.assert_allclose(smoother.taken_of(values), expected, atol=1e-9)
    smoother._matrix_BB = None
    np.testing.assert_allclose(smoother.taken_of(values), expected, atol=1e-9)


def test_the_share_of_new_samples_is_that_of_one_fit_to_all_inside() -> None:
    made, design, weight, _, penalty = smoothers(70, 5)
    values = np.random.default_rng(1).standard_normal((70, 2))
    inside = np.arange(70) < 50
    share = made.of(inside).share(values)
    expected = ridge(design[:50], weight[:50], penalty, values[:50])
    np.testing.assert_allclose(share.of(design), expected.predict(design), atol=1e-9)
    np.testing.assert_allclose(made.taken_by(share), share.of(design), atol=1e-12)


def test_constants_are_taken_whole() -> None:
    made, *_ = smoothers(50, 6)
    np.testing.assert_allclose(made.of(np.arange(50) < 40).taken_of(np.ones((50, 1))), 1.0, atol=1e-12)


def test_smoothers_among_all_samples_are_the_same_and_are_made_once() -> None:
    made, *_ = smoothers(50, 6)
    inside = np.arange(50) < 40
    assert made.among(np.arange(50)) is made
    assert made.of(inside) is made.of(inside.copy())
    assert isinstance(made.among(np.arange(30)).of(inside[:30]), Smoother)
    assert made.among(np.arange(30)).n_samples == 30


def test_a_product_of_correlated_genes_goes_to_the_edge_and_not_to_curves(make_mask: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4000, 4))
    x[:, 1] = 0.6 * x[:, 0] + 0.8 * x[:, 1]
    y = x[:, 0] * x[:, 1] + 0.5 * rng.standard_normal(4000)
    x_BGC = x.astype(np.float32)[:, :, None]
    y, train, new = (y - y.mean()) / y.std(), slice(0, 800), slice(800, None)
    shared: dict[str, Any] = {"family": Continuous(), "blocks": np.arange(800), "seed": 0}
    none = np.zeros((4000, 0))
    additive = fit_additive(x_BGC[train], none[train], y[train], **shared)
    fitted = fit_model(
        x_BGC[train],
        none[train],
        y[train],
        additive,
        make_mask(4, (0, 1)),
        model=ModelConfig(layers=1),
        training=TrainingConfig(),
        **shared,
    )
    noise = 0.25 / np.var(x[:, 0] * x[:, 1] + 0.5 * rng.standard_normal(4000))
    loss = np.mean((y[new] - fitted.predict(x_BGC[new], none[new])[:, 0]) ** 2)
    assert np.mean((y[new] - additive.predict(x_BGC[new], none[new])[:, 0]) ** 2) > 2 * noise
    assert loss < 1.15 * noise
    assert additive.curves is not None
    bent, bent_beside_the_edge = additive.coefficients[4:6], fitted.own_terms().coefficients[4:6]
    assert np.abs(bent).min() > 0.2
    assert np.abs(bent_beside_the_edge).max() < 0.25 * np.abs(bent).min()


def test_own_terms_and_networks_make_the_whole_prediction(products: Any, make_mask: Any) -> None:
    x_BGC, y = products(200, "binary")
    shared: dict[str, Any] = {"family": family_of("binary", y, "ab"), "blocks": np.arange(200), "seed": 1}
    z_BP = np.random.default_rng(0).standard_normal((200, 2))
    additive = fit_additive(x_BGC, z_BP, y, **shared)
    fitted = fit_model(
        x_BGC, z_BP, y, additive, make_mask(4, (0, 1)), model=ModelConfig(), training=TrainingConfig(), **shared
    )
    assert 0 < fitted.shrinkage < 1
    with torch.no_grad():
        said = [model(torch.from_numpy(x_BGC), fitted.layouts).double().numpy() for model in fitted.replicates]
    whole = fitted.own_terms().predict(x_BGC, z_BP) + fitted.shrinkage * np.mean(said, axis=0)
    np.testing.assert_allclose(whole, fitted.predict(x_BGC, z_BP), atol=1e-6)


def test_weights_follow_what_samples_tell() -> None:
    rng = np.random.default_rng(0)
    x_BGC = rng.standard_normal((400, 1, 1)).astype(np.float32)
    y = rng.poisson(np.exp(1.5 * x_BGC[:, 0, 0])).astype(float)
    shared: dict[str, Any] = {"family": family_of("counts", y, ()), "blocks": np.arange(400), "seed": 1}
    additive = fit_additive(x_BGC, np.zeros((400, 0)), y, **shared)
    square = x_BGC[:, 0].astype(np.float64) ** 2
    by_all = np.polyfit(x_BGC[:, 0, 0], square[:, 0], 1)[0]
    made = smoothers_of(additive, x_BGC, np.zeros((400, 0)), y, **shared)
    slope = made.of(np.full(400, True)).share(square).coefficients_JK[0, 0]
    assert slope > by_all + 0.3, "samples with high counts say more, and the square rises there"
