"""One model: what the mask adds to an additive part, on one training set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction
from hypomask.model.config import ModelConfig
from hypomask.outcomes.registry import family_of
from hypomask.training import closed_form_size
from hypomask.training import fit as fit_module
from hypomask.training.additive import fit_additive
from hypomask.training.config import TrainingConfig
from hypomask.training.fit import fit_model

KINDS = ("continuous", "binary", "classes", "counts", "survival", "discrete-survival")


def fit(x_BGC: Any, y: Any, mask: Mask, kind: str = "continuous", **options: Any) -> Any:
    shared: dict[str, Any] = {
        "family": family_of(kind, y, "abc"),
        "blocks": options.pop("blocks", np.arange(len(y))),
        "seed": options.pop("seed", 0),
    }
    additive = fit_additive(x_BGC, np.zeros((len(y), 0)), y, **shared)
    arguments: dict[str, Any] = {"model": ModelConfig(), "training": TrainingConfig(epochs=2), **options}
    return fit_model(x_BGC, np.zeros((len(y), 0)), y, additive, mask, **shared, **arguments)


def added(fitted: Any, x_BGC: Any) -> Any:
    return fitted.added(x_BGC, np.zeros((len(x_BGC), 0)))


def losses_on_new(fitted: Any, x_BGC: Any, y: Any, y_train: Any, kind: str) -> tuple[float, float, float]:
    """Of the whole model, of its additive part, and of the base rate."""
    family, additive = family_of(kind, y_train, "abc"), fitted.additive
    none = np.zeros((len(y), 0))
    nothing = fit_additive(
        None, np.zeros((len(y_train), 0)), y_train, family=family, blocks=np.arange(len(y_train)), seed=0
    )
    alone = family.predicted(additive.predict(x_BGC, none), y_train, additive.eta_train)
    whole = family.predicted(fitted.predict(x_BGC, none), y_train, additive.eta_train) + fitted.baseline_shift_K
    base = family.predicted(nothing.predict(None, none), y_train, nothing.eta_train)
    return tuple(float(family.losses(each, y).mean()) for each in (whole, alone, base))  # type: ignore[return-value]


@pytest.mark.parametrize("kind", KINDS)
def test_a_true_edge_is_learned_and_a_wrong_one_does_no_harm(products: Any, make_mask: Any, kind: str) -> None:
    x_BGC, y = products(1600, kind)
    train, test = slice(0, 500), slice(500, None)
    true = fit(x_BGC[train], y[train], make_mask(4, (0, 1)), kind)
    wrong = fit(x_BGC[train], y[train], make_mask(4, (2, 3)), kind)
    whole, additive, base = losses_on_new(true, x_BGC[test], y[test], y[train], kind)
    assert true.shrinkage > 0.8
    assert whole < 0.85 * additive or base - whole > 2 * (base - additive)  # time to event: mostly chance, for anyone
    whole, additive, _ = losses_on_new(wrong, x_BGC[test], y[test], y[train], kind)
    assert wrong.shrinkage < 0.8
    assert whole < 1.01 * additive


@pytest.mark.parametrize("kind", ["survival", "discrete-survival"])
def test_the_baseline_hazard_is_that_of_the_whole_model(products: Any, make_mask: Any, kind: str) -> None:
    """What the mask explains is no longer frailty: hazards that seemed to fall with time fall less."""
    x_BGC, y = products(3000, kind)
    train, test = slice(0, 1000), slice(1000, None)
    fitted = fit(x_BGC[train], y[train], make_mask(4, (0, 1)), kind)
    family = family_of(kind, y[train])
    stale = family.predicted(fitted.predict(x_BGC[test], np.zeros((2000, 0))), y[train], fitted.additive.eta_train)
    shift = fitted.baseline_shift_K
    assert shift.shape == (family.n_predicted,)
    assert shift[-1] > shift[0] + 0.3
    assert family.losses(stale + shift, y[test]).mean() < family.losses(stale, y[test]).mean() - 0.005


def test_no_interaction_adds_exactly_nothing(products: Any) -> None:
    x_BGC, y = products(60)
    fitted = fit(x_BGC, y, no_interaction(["g0", "g1", "g2", "g3"]))
    assert fitted.shrinkage == 0
    none = np.zeros((60, 0))
    np.testing.assert_array_equal(fitted.predict(x_BGC, none), fitted.additive.predict(x_BGC, none))
    assert not added(fitted, x_BGC).any()


@pytest.mark.parametrize("kind", ["soft", "learned"])
def test_under_a_soft_prior_a_mask_without_edges_still_lets_all_pairs_attend(
    kind: Any, products: Any, make_mask: Any
) -> None:
    x_BGC, y = products(300)
    fitted = fit(x_BGC, y, make_mask(4, prior=Prior(kind, strength=0.5, floor=0.1)))
    assert fitted.shrinkage > 0.5
    assert added(fitted, x_BGC).any()


def test_shrinkage_scales_what_replicates_add_on_average(products: Any, make_mask: Any) -> None:
    x_BGC, y = products(300)
    mask = make_mask(4, (0, 1), (0, 2), (0, 3))  # one neighbour alone has one product, whatever is drawn
    fitted = fit(x_BGC, y, mask, training=TrainingConfig(replicates=3, epochs=1))
    assert len(fitted.replicates) == 3
    x = torch.from_numpy(x_BGC)
    design_BJ = fitted.additive.design(x_BGC, np.zeros((300, 0)))
    with torch.no_grad():
        said = [model(x, fitted.layouts).numpy() for model in fitted.replicates]
    each = [one - share.of(design_BJ) for one, share in zip(said, fitted.shares, strict=True)]
    assert not np.allclose(each[0], each[1], atol=1e-6)
    np.testing.assert_allclose(added(fitted, x_BGC), fitted.shrinkage * np.mean(each, axis=0), rtol=1e-5, atol=1e-6)
    assert fitted.numbers["trainings"] == 6
    assert fitted.numbers["shrinkage"] == fitted.shrinkage


def test_the_same_seed_gives_the_same_bits_and_another_does_not(products: Any, make_mask: Any) -> None:
    x_BGC, y = products(200, "binary")
    one, two, other = (fit(x_BGC, y, make_mask(4, (0, 1), (2, 3)), "binary", seed=seed) for seed in (3, 3, 4))
    assert one.shrinkage > 0
    np.testing.assert_array_equal(added(one, x_BGC), added(two, x_BGC))
    assert one.numbers == two.numbers
    assert not np.array_equal(added(one, x_BGC), added(other, x_BGC))


def test_masks_start_from_the_same_initial_values(products: Any, make_mask: Any) -> None:
    x_BGC, y = products(300)
    training = TrainingConfig(epochs=0)  # all but the readout stays as it was drawn
    masks = make_mask(4, (0, 1)), make_mask(4, (1, 0), (3, 2))
    first, second = (fit(x_BGC, y, mask, training=training).replicates[1].state_dict() for mask in masks)
    for name in first:
        same = torch.equal(first[name], second[name])
        assert same or name in {"readout_GFK", "intercept_K"}, name
    assert not torch.equal(first["readout_GFK"], second["readout_GFK"])


def test_blocks_decide_which_samples_stop_training(
    products: Any, make_mask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Recorder(fit_module._Fitter):
        def fit(self, parts: Any) -> Any:
            seen.append(parts)
            return super().fit(parts)

    monkeypatch.setattr(fit_module, "_Fitter", Recorder)
    x_BGC, y = products(80)
    blocks = np.arange(80) // 4
    fit(x_BGC, y, make_mask(4, (0, 1)), blocks=blocks)
    assert all(len(set(seen[0][blocks == block])) == 1 for block in range(20))
    assert len(set(seen[0])) == 4


def test_a_cohort_too_large_for_the_closed_form_starts_from_some_of_its_samples(
    products: Any, make_mask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x_BGC, y = products(800)
    everything = fit(x_BGC, y, make_mask(4, (0, 1)))
    monkeypatch.setattr(closed_form_size, "MOST_WORK", 100.0)  # one direction of one token: 100 samples
    some = fit(x_BGC, y, make_mask(4, (0, 1)))
    assert everything.numbers["started_from"] == 800
    assert some.numbers["started_from"] == 100
    assert some.shrinkage > 0.5
    assert float(some.numbers["tuned_loss"]) < float(everything.numbers["tuned_loss"]) + 0.02
    monkeypatch.setattr(closed_form_size, "MOST_VALUES", 70 * 4 * 16.0)  # 70 samples, four genes, sixteen features
    assert fit(x_BGC, y, make_mask(4, (0, 1))).numbers["started_from"] == 70


def test_group_tokens_carry_influence_over_two_layers(products: Any) -> None:
    x_BGC, y = products(500)
    genes = ("g0", "g1", "g2", "g3")
    star = EdgeTable.build([4, 4, 0, 1], [0, 1, 4, 4])  # the group reads genes 0 and 1, which read the group
    mask = Mask("star", genes, (star,), group_tokens=("pathway",))
    two_layers = fit(x_BGC, y, mask, model=ModelConfig(width=8, heads=2, layers=2))
    assert two_layers.shrinkage > 0.5
    assert two_layers.numbers["tuned_loss"] < 0.8 * two_layers.numbers["additive_loss"]
    # with one layer genes hear a group that has heard nothing yet
    one_layer = fit(x_BGC, y, mask, model=ModelConfig(width=8, heads=2, layers=1))
    assert not np.abs(added(one_layer, x_BGC)).max() > 1e-6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [9, 20])
def test_tiny_cohorts_are_fitted(products: Any, make_mask: Any, kind: str, n: int) -> None:
    x_BGC, y = products(n, kind)
    fitted = fit(x_BGC, y, make_mask(4, (0, 1), (1, 2), (2, 3)), kind)
    assert np.isfinite(fitted.predict(x_BGC, np.zeros((n, 0)))).all()
    assert 0 <= fitted.shrinkage <= 1


def test_constant_genes_are_harmless(products: Any, make_mask: Any) -> None:
    x_BGC, y = products(100)
    x_BGC = np.concatenate([x_BGC, np.zeros((100, 2, 1), np.float32)], axis=1)
    fitted = fit(x_BGC, y, make_mask(6, (0, 1), (4, 0), (0, 4), (5, 4)))
    assert np.isfinite(fitted.predict(x_BGC, np.zeros((100, 0)))).all()
    only_constant = fit(np.zeros((100, 2, 1), np.float32), y, make_mask(2, (0, 1)))
    np.testing.assert_allclose(only_constant.predict(np.zeros((3, 2, 1), np.float32), np.zeros((3, 0))), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replicates": 0}, "training.replicates: got 0"),
        ({"inner_folds": 1}, "training.inner_folds: got 1"),
        ({"replicates": 5, "inner_folds": 4}, "expected at least 5"),
        ({"epochs": -1}, "training.epochs: got -1"),
        ({"patience": 0}, "training.patience: got 0"),
        ({"batch_size": 1}, "training.batch_size: got 1"),
        ({"learning_rate": 0}, "training.learning_rate: got 0"),
        ({"learning_rate": float("nan")}, "training.learning_rate: got nan"),
        ({"weight_decay": -1}, "training.weight_decay: got -1"),
        ({"own_gene_curves": "always"}, "expected 'auto' or 'never'"),
    ],
)
def test_budgets_that_make_no_sense_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainingConfig(**arguments)
