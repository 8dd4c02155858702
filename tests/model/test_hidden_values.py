"""A hidden value reaches its own prediction by no path, and genes hidden together are predicted as if hidden alone."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction, unconstrained
from hypomask.model.attention import BACK_ENDS, build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.hidden_values import HiddenValueTransformer, sets_to_hide

GENES, CHANNELS, SAMPLES = 9, 2, 5
LAYERS = (1, 2, 3)


def random_mask(seed: int, groups: int = 0, prior: Prior | None = None) -> Mask:
    rng = np.random.default_rng(seed)
    n = GENES + groups
    pairs = [p for p in itertools.permutations(range(n), 2) if not groups or (p[0] >= GENES) != (p[1] >= GENES)]
    chosen = [pairs[i] for i in rng.choice(len(pairs), size=min(10, len(pairs)), replace=False)]
    rows, cols = zip(*chosen, strict=True)
    return Mask(
        f"random{seed}",
        tuple(f"G{i}" for i in range(GENES)),
        (EdgeTable.build(rows, cols),),
        group_tokens=tuple(f"group{i}" for i in range(groups)),
        prior=prior or Prior(),
    )


MASKS = [
    random_mask(0),
    random_mask(1),
    random_mask(2, groups=2),
    random_mask(3, prior=Prior("soft", strength=0.5, floor=0.1)),
    random_mask(4, prior=Prior("learned", strength=0.5, floor=0.1)),
    unconstrained(tuple(f"G{i}" for i in range(GENES)), like=random_mask(0), seed=0),
]


def prepared(mask: Mask, layers: int, back_end: str) -> tuple[HiddenValueTransformer, Any, tuple[torch.Tensor, ...]]:
    """A model none of whose parameters is at its initial zero."""
    generator = torch.Generator().manual_seed(0)
    config = ModelConfig(width=4, heads=2, layers=layers)
    model = HiddenValueTransformer(mask.n_genes, len(mask.group_tokens), CHANNELS, config, generator).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    layouts = build_layout(
        mask, n_layers=layers, n_heads=2, back_end=back_end, device=torch.device("cpu"), dtype=torch.float64
    )
    return model.eval(), layouts, tuple(torch.from_numpy(genes) for genes in sets_to_hide(mask, layers))


def values(seed: int = 0) -> torch.Tensor:
    return torch.randn(SAMPLES, GENES, CHANNELS, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("mask", MASKS, ids=lambda mask: f"{mask.name}-{mask.prior.kind}")
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("back_end", sorted(BACK_ENDS))
@torch.no_grad()
def test_a_hidden_value_never_reaches_its_own_prediction(mask: Mask, layers: int, back_end: str) -> None:
    if back_end == "sparse" and mask.prior.kind != "hard":
        pytest.skip("a prior that lets every pair attend is dense")
    model, layouts, sets = prepared(mask, layers, back_end)
    x = values()
    before = model.predict_hidden(x, layouts, sets)
    changed_others = 0
    for gene in range(GENES):
        for channel in range(CHANNELS):
            moved = x.clone()
            moved[:, gene, channel] += 100.0
            after = model.predict_hidden(moved, layouts, sets)
            assert torch.equal(after[:, gene], before[:, gene])
            changed_others += int((after != before).any(dim=0).sum())
    # The values do reach other genes; by way of a group token only in the second layer.
    assert (changed_others > 0) == (layers > 1 or not mask.group_tokens)


@pytest.mark.parametrize("mask", MASKS[:3] + MASKS[5:], ids=lambda mask: mask.name)
@pytest.mark.parametrize("layers", LAYERS)
@torch.no_grad()
def test_genes_hidden_together_are_predicted_as_if_alone(mask: Mask, layers: int) -> None:
    model, layouts, sets = prepared(mask, layers, "dense")
    alone = tuple(torch.tensor([gene]) for gene in range(GENES))
    together = model.predict_hidden(values(), layouts, sets)
    torch.testing.assert_close(together, model.predict_hidden(values(), layouts, alone), rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", LAYERS)
def test_sets_hold_every_gene_once_and_none_that_hear_of_each_other(layers: int) -> None:
    for mask in MASKS[:3]:
        sets = sets_to_hide(mask, layers)
        assert sorted(np.concatenate(sets).tolist()) == list(range(GENES))
        reach = mask.reach(layers).toarray()
        for genes in sets:
            for one, other in itertools.permutations(genes.tolist(), 2):
                assert not reach[one, other]
    assert len(sets_to_hide(no_interaction(tuple(f"G{i}" for i in range(GENES))), layers)) == 1
    assert len(sets_to_hide(MASKS[3], layers)) == GENES  # a soft prior lets every gene hear of every other


@torch.no_grad()
def test_an_isolated_gene_is_predicted_by_its_level_alone() -> None:
    mask = Mask("one edge", tuple(f"G{i}" for i in range(GENES)), (EdgeTable.build([0], [1]),))
    model, layouts, sets = prepared(mask, 1, "dense")
    predicted = model.predict_hidden(values(), layouts, sets)
    assert torch.equal(predicted[:, 2:], model.intercept_K[2:].expand(SAMPLES, GENES - 2))
    assert len(torch.unique(predicted[:, 0])) == SAMPLES
