"""The start of training: features of tokens, and a readout that is exactly the ridge solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hypomask.model.attention import build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.registry import family_of
from hypomask.training.closed_form import READOUT_PENALTIES, set_readout, token_features
from hypomask.training.fine_tuning import predict
from hypomask.training.penalised import penalised_path
from hypomask.training.readouts import Readout

KINDS = [("continuous", 1), ("binary", 1), ("classes", 3), ("counts", 1)]  # what a transformer is fitted to


def path_of(features: Any, rows: Any, y: Any, offset: Any, family: Any) -> Any:
    nobody, nothing = np.array([], np.int64), torch.zeros_like
    return Readout(features, nothing, rows, nobody, y, offset, family, READOUT_PENALTIES).run().path


def build(mask: Any, n_outputs: int, config: ModelConfig, n_channels: int = 1, seed: int = 0) -> Any:
    layouts = build_layout(mask, n_layers=config.n_layers, n_heads=config.heads, dtype=torch.float32)
    generator = torch.Generator().manual_seed(seed)
    groups = len(mask.group_tokens)
    return MaskedGeneTransformer(mask.n_genes, groups, n_channels, n_outputs, config, generator), layouts


@pytest.fixture(scope="module")
def mask(make_mask: Any) -> Any:
    return make_mask(6, (0, 1), (0, 2), (3, 0), (4, 3), (4, 5))  # genes 1, 2 and 5 hear nobody


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
@pytest.mark.parametrize("config", [ModelConfig(width=8, heads=2), ModelConfig(width=4, heads=1, layers=2)])
def test_the_model_predicts_what_the_path_predicts(
    mask: Any, products: Any, kind: str, n_outputs: int, config: ModelConfig
) -> None:
    x_BGC, y = products(120, kind, n_genes=6, n_channels=2)
    model, layouts = build(mask, n_outputs, config, n_channels=2)
    x = torch.from_numpy(x_BGC)
    features = token_features(model, x, layouts)
    offset = np.random.default_rng(0).standard_normal((120, n_outputs))
    rows = np.arange(90)
    path = path_of(features, rows, y, offset, family_of(kind, y, "abc"))
    for position in (0, 7, 10):
        set_readout(model, features, path, position)
        expected = path.predict(features.values_BJ)[position]
        found = predict(model, x, layouts).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * (1 + np.abs(expected).max()))


def test_the_rotation_loses_nothing_that_ridge_could_use(mask: Any, products: Any) -> None:
    x_BGC, y = products(150, n_genes=6)
    model, layouts = build(mask, 1, ModelConfig(width=8, heads=2))
    x = torch.from_numpy(x_BGC)
    features = token_features(model, x, layouts)
    with torch.no_grad():
        every = model.final_tokens(x, layouts).flatten(1).numpy().astype(np.float64)
    assert features.values_BJ.shape[1] < every.shape[1]
    offset = np.zeros((150, 1))
    rotated = path_of(features, np.arange(150), y, offset, Continuous())
    plain = penalised_path(every, y, family=Continuous(), penalties=READOUT_PENALTIES)
    strong = slice(0, 8)  # below, directions of rounding error count
    np.testing.assert_allclose(
        rotated.predict(features.values_BJ)[strong], plain.predict(every)[strong], rtol=1e-3, atol=1e-3
    )


def test_a_token_that_hears_one_neighbour_spans_one_direction_at_the_start(make_mask: Any, products: Any) -> None:
    x_BGC, _ = products(100, n_genes=3)
    model, layouts = build(make_mask(3, (0, 1)), 1, ModelConfig(width=16, heads=2))
    features = token_features(model, torch.from_numpy(x_BGC), layouts)
    assert features.token.tolist() == [0]  # tokens 1 and 2 hear nobody
    product = x_BGC[:, 0, 0] * x_BGC[:, 1, 0]
    assert abs(np.corrcoef(features.values_BJ[:, 0], product)[0, 1]) > 1 - 1e-6


def test_features_of_many_samples_are_those_of_each_alone(mask: Any, products: Any) -> None:
    x_BGC, _ = products(40, n_genes=6)
    x = torch.from_numpy(np.tile(x_BGC, (60, 1, 1)))  # more than are passed through the model at once
    model, layouts = build(mask, 1, ModelConfig(width=8, heads=2))
    values = token_features(model, x, layouts).values_BJ
    np.testing.assert_allclose(values[-40:], values[:40], atol=1e-5)


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_the_start_predicts_new_samples(make_mask: Any, products: Any, kind: str, n_outputs: int) -> None:
    x_BGC, y = products(900, kind)
    family = family_of(kind, y, "abc")
    model, layouts = build(make_mask(4, (0, 1), (2, 3)), n_outputs, ModelConfig())
    x = torch.from_numpy(x_BGC)
    features = token_features(model, x, layouts)
    offset = np.zeros((900, n_outputs)) + family.best_intercept(y[:600], np.zeros((600, n_outputs)))
    path = path_of(features, np.arange(600), y, offset, family)
    set_readout(model, features, path, 6)
    added = predict(model, x, layouts).numpy().astype(np.float64)
    losses = family.losses(offset[600:] + added[600:], y[600:])
    assert losses.mean() < 0.85 * family.losses(offset[600:], y[600:]).mean()
