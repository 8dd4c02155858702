"""AdamW from the closed-form start: it stops, it goes back to the best, and the seed decides."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from hypomask.model.attention import build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.losses import response_tensor, training_loss
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.registry import family_of
from hypomask.training.config import TrainingConfig
from hypomask.training.fine_tuning import Samples, fine_tune, predict

KINDS = ("continuous", "binary", "classes", "counts", "survival", "discrete-survival")
CONTINUOUS = Continuous()


@pytest.fixture(scope="module")
def setting(make_mask: Any, products: Any) -> Any:
    """A function that gives a fresh model with its layouts, and training and held-out samples."""

    def make(kind: str = "continuous", n: int = 300, config: ModelConfig | None = None) -> Any:
        config = config or ModelConfig(width=8, heads=2)
        mask = make_mask(4, (0, 1), (2, 3))
        layouts = build_layout(mask, n_layers=config.n_layers, n_heads=config.heads, dtype=torch.float32)
        x_BGC, y = products(n, kind)
        stage = stage_of(kind, y)
        n_outputs = stage.family.n_outputs
        model = MaskedGeneTransformer(4, 0, 1, n_outputs, config, torch.Generator().manual_seed(0))
        half = n // 2
        parts = [
            Samples(
                torch.from_numpy(x_BGC[rows]),
                torch.from_numpy(stage.offset_BK[rows]).float(),
                response_tensor(torch.from_numpy(stage.y[rows]), stage.family, torch.float32),
            )
            for rows in (slice(0, half), slice(half, None))
        ]
        return model, layouts, *parts

    return make


def stage_of(kind: str, y: Any) -> Any:
    """What a transformer is fitted to when nothing else is known."""
    family = family_of(kind, y, "abc")
    return family.network_stage(y, np.zeros((len(y), family.n_outputs)))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def loss_of(model: Any, layouts: Any, data: Samples) -> float:
    return float(training_loss(data.offset_BK + predict(model, data.x_BGC, layouts), data.y_B, CONTINUOUS))


def state(model: Any) -> dict[str, Any]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    return all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_training_lowers_the_held_out_loss(setting: Any, products: Any, kind: str) -> None:
    model, layouts, train, held_out = setting(kind)
    family = stage_of(kind, products(300, kind)[1]).family
    config = TrainingConfig(epochs=30, patience=30, learning_rate=1e-2, batch_size=32)
    tuned = fine_tune(model, layouts, train, held_out, family, config, generator(), config.epochs)
    assert tuned.start_loss - tuned.best_loss > 0.07 * abs(tuned.start_loss)
    assert tuned.epochs_run == 30


def test_the_model_ends_as_it_was_at_its_best_epoch(setting: Any) -> None:
    model, layouts, train, held_out = setting(n=60)
    config = TrainingConfig(epochs=200, patience=5, learning_rate=0.1, batch_size=8)  # overfits within a few epochs
    tuned = fine_tune(model, layouts, train, held_out, CONTINUOUS, config, generator(), config.epochs)
    assert 0 < tuned.best_epoch < tuned.epochs_run < 200
    assert tuned.epochs_run == tuned.best_epoch + config.patience
    assert loss_of(model, layouts, held_out) == tuned.best_loss


def test_a_start_that_only_gets_worse_is_kept_to_the_bit(setting: Any) -> None:
    model, layouts, train, held_out = setting(n=60)
    # phenotypes turned round: whatever is learned in training is wrong for the samples held out
    wrong = dataclasses.replace(held_out, y_B=-held_out.y_B, x_BGC=held_out.x_BGC)
    before = state(model)
    config = TrainingConfig(epochs=10, patience=2, learning_rate=0.05)
    tuned = fine_tune(model, layouts, train, wrong, CONTINUOUS, config, generator(), config.epochs)
    assert (tuned.best_epoch, tuned.epochs_run) == (0, 2)
    assert tuned.best_loss == tuned.start_loss
    assert same(before, state(model))


def test_no_epoch_changes_nothing(setting: Any) -> None:
    model, layouts, train, held_out = setting()
    before = state(model)
    config = TrainingConfig(epochs=0)
    for part in (held_out, None):
        tuned = fine_tune(model, layouts, train, part, CONTINUOUS, config, generator(), 0)
        assert (tuned.best_epoch, tuned.epochs_run) == (0, 0)
    assert same(before, state(model))


def test_training_again_for_the_epochs_found_gives_the_same_model(setting: Any) -> None:
    config = TrainingConfig(epochs=20, patience=3, learning_rate=0.05, batch_size=32)
    model, layouts, train, held_out = setting(n=120)
    tuned = fine_tune(model, layouts, train, held_out, CONTINUOUS, config, generator(), config.epochs)
    assert 0 < tuned.best_epoch < tuned.epochs_run
    again, *_ = setting(n=120)
    fine_tune(again, layouts, train, None, CONTINUOUS, config, generator(), tuned.best_epoch)
    assert same(state(model), state(again))


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_the_seed_decides(setting: Any, dropout: float) -> None:
    ends = []
    for seed in (0, 0, 1):
        model, layouts, train, _ = setting(config=ModelConfig(width=8, heads=2, dropout=dropout))
        fine_tune(model, layouts, train, None, CONTINUOUS, TrainingConfig(batch_size=32), generator(seed), 2)
        ends.append(state(model))
    assert same(ends[0], ends[1])
    assert not same(ends[0], ends[2])


def test_held_out_samples_decide_when_to_stop_and_nothing_else(setting: Any) -> None:
    config = TrainingConfig(epochs=3, patience=3)
    ends = []
    for shift in (0.0, 5.0):
        model, layouts, train, held_out = setting()
        moved = dataclasses.replace(held_out, x_BGC=held_out.x_BGC + shift)
        fine_tune(model, layouts, train, moved, CONTINUOUS, config, generator(), 3)
        ends.append(model)
    best = TrainingConfig(epochs=3)
    epochs = []
    for end in ends:
        for n in range(4):
            model, layouts, train, _ = setting()
            fine_tune(model, layouts, train, None, CONTINUOUS, best, generator(), n)
            if same(state(model), state(end)):
                epochs.append(n)
    assert len(epochs) == 2  # each is one of the states that training passes through anyway


def test_fewer_samples_than_a_batch_are_one_batch(setting: Any) -> None:
    model, layouts, train, _ = setting(n=8)
    before = state(model)
    fine_tune(model, layouts, train, None, CONTINUOUS, TrainingConfig(batch_size=128), generator(), 1)
    assert not same(before, state(model))
    assert all(torch.isfinite(value).all() for value in state(model).values())


def test_absurd_phenotypes_leave_the_start(setting: Any) -> None:
    model, layouts, train, held_out = setting(n=40)
    before = state(model)
    nan = dataclasses.replace(train, y_B=train.y_B * float("nan"))
    tuned = fine_tune(model, layouts, nan, held_out, CONTINUOUS, TrainingConfig(), generator(), 5)
    assert tuned.best_epoch == 0
    assert same(before, state(model))
