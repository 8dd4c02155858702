"""The scan against the whole model, computed again for every intervention: equal to rounding, whatever is edited."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_mask, random_model

from hypomask.knockout.compiled_scan import CompiledPass, compiled_pass, usable
from hypomask.knockout.edits import CUT, Edits
from hypomask.knockout.graph import LayerGraph
from hypomask.knockout.incremental import Measured, TorchPass, measured, plans
from hypomask.knockout.measured_pass import measured_pass
from hypomask.knockout.network import layouts_of, network_of
from hypomask.knockout.recompute import edited_layouts
from hypomask.knockout.scan_plan import plan_scan, touched_tokens
from hypomask.masks.mask import Mask
from hypomask.model.attention import LayerLayout
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer

KINDS = ("directed", "undirected", "isolated", "hub", "dense", "groups", "relations", "learned", "soft")
ROUNDING = 1e-12


def knockouts(mask: Mask, sets: Sequence[Sequence[int]], *, values: bool = True, cut: bool = True) -> Edits:
    """Every set of genes as one item: values changed, all pairs cut, or both."""
    pairs, n = [], mask.n_tokens
    for item, genes in enumerate(sets):
        for gene in genes if cut else ():
            pairs += [(item, gene, other) for other in range(n)] + [(item, other, gene) for other in range(n)]
    new = [(item, gene) for item, genes in enumerate(sets) for gene in genes] if values else []
    return Edits.build(len(sets), new, pairs, [CUT] * len(pairs))


def worst_difference(mask: Mask, model: MaskedGeneTransformer, config: ModelConfig, edits: Edits) -> float:
    """Largest difference between scan and whole model over items, outputs and samples, in units of what is summed.

    Both of the scan in torch and of the one in the compiled kernel, where that was built.
    """
    rng = np.random.default_rng(1)
    n_channels = model.measurement_GCD.shape[1]
    x_BGC = torch.from_numpy(rng.standard_normal((5, mask.n_genes, n_channels)))
    new_VCB = torch.from_numpy(rng.standard_normal((len(edits.value_gene), n_channels, 5)))
    layouts = layouts_of(mask, config)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts)
    network = network_of(model, layouts, graphs)
    x_GCB = x_BGC.permute(1, 2, 0).contiguous()
    ways: list[Measured] = [TorchPass(network, measured_pass(network, x_GCB))]
    if usable(network):
        ways.append(compiled_pass(network, x_GCB))
    with torch.no_grad():
        before = model(x_BGC, layouts)
    found = []
    for first, plan in plans(edits, graphs, width=config.width, n_heads=config.heads, n_batch=5):
        at = slice(*np.searchsorted(edits.value_item, [first, first + plan.edits.n_items]))
        found.append(torch.stack([way.effects(plan, new_VCB[at]) for way in ways]))
    found_WIKB = torch.cat(found, dim=1)
    assert found_WIKB.shape[1] == edits.n_items
    worst = 0.0
    for item in range(edits.n_items):
        edited = x_BGC.clone()
        for place in np.flatnonzero(edits.value_item == item):
            edited[:, edits.value_gene[place]] = new_VCB[place].T
        with torch.no_grad():
            expected_BK = model(edited, edited_layouts(layouts, edits, item)) - before
        scale = max(1.0, sum_of_terms(model, x_BGC, layouts), sum_of_terms(model, edited, layouts))
        worst = max(worst, float((found_WIKB[:, item] - expected_BK.T).abs().max()) / scale)
    return worst


@torch.no_grad()
def sum_of_terms(model: MaskedGeneTransformer, x_BGC: torch.Tensor, layouts: Sequence[LayerLayout]) -> float:
    """The largest sum of absolute terms that an output of the model is the sum of: rounding is a share of it."""
    final_BGF = model.final_tokens(x_BGC, layouts)
    return float((final_BGF.abs().flatten(1) @ model.readout_GFK.abs().flatten(0, 1)).max())


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_every_gene_and_pair_of_genes_equals_the_whole_model(kind: str, layers: int) -> None:
    mask = random_mask(kind, seed=layers)
    config = ModelConfig(width=8, heads=2, layers=layers)
    model = random_model(mask, config, n_channels=2, n_outputs=3, seed=layers)
    genes = range(mask.n_genes)
    sets = [(gene,) for gene in genes] + list(combinations(genes, 2))[::3]
    for options in ({}, {"values": False}, {"cut": False}):
        assert worst_difference(mask, model, config, knockouts(mask, sets, **options)) < ROUNDING


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_every_edge_removed_or_added_equals_the_whole_model(kind: str, layers: int) -> None:
    mask = random_mask(kind, seed=10 + layers)
    config = ModelConfig(width=8, heads=2, layers=layers)
    model = random_model(mask, config, seed=layers)
    n = mask.n_tokens
    present = [(int(key) // n, int(key) % n) for key in mask.pair_keys][:40]
    absent = [(row, col) for row in range(n) for col in range(n) if row != col and (row, col) not in set(present)][::5]
    pairs = [(item, *pair) for item, pair in enumerate([*present, *absent])]
    weights = [CUT if mask.prior.kind == "hard" else 0.1] * len(present) + [0.8] * len(absent)
    assert worst_difference(mask, model, config, Edits.build(len(pairs), [], pairs, weights)) < ROUNDING


def test_masks_of_their_own_for_each_layer() -> None:
    mask = random_mask("by layer", seed=3)
    config = ModelConfig(width=8, heads=2, layers=2)
    model = random_model(mask, config)
    sets = [(gene,) for gene in range(mask.n_genes)]
    assert worst_difference(mask, model, config, knockouts(mask, sets)) < ROUNDING
    added = [(item, item, (item + 5) % mask.n_genes) for item in range(mask.n_genes)]
    assert worst_difference(mask, model, config, Edits.build(len(added), [], added, [1.0] * len(added))) < ROUNDING


@pytest.mark.parametrize("layers", [1, 2])
def test_attention_on_a_single_gene_loses_no_digits(layers: int) -> None:
    """What is left of a sum after its largest term must not be a difference of two large numbers."""
    mask = random_mask("undirected", seed=5)
    config = ModelConfig(width=8, heads=2, layers=layers)
    model = random_model(mask, config, sharp=12.0)
    sets = [(gene,) for gene in range(mask.n_genes)]
    assert worst_difference(mask, model, config, knockouts(mask, sets)) < ROUNDING
    assert worst_difference(mask, model, config, knockouts(mask, sets, cut=False)) < ROUNDING


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_set_of_edits_equals_the_whole_model(data: st.DataObject) -> None:
    """Genes, cuts and additions all at once, with repeats and contradictions."""
    kind = data.draw(st.sampled_from(KINDS))
    layers = data.draw(st.integers(1, 3))
    mask = random_mask(kind, seed=data.draw(st.integers(0, 5)), n=9)
    config = ModelConfig(width=4, heads=2, layers=layers)
    gene, token = st.integers(0, mask.n_genes - 1), st.integers(0, mask.n_tokens - 1)
    values = data.draw(st.lists(st.tuples(st.integers(0, 3), gene), max_size=8))
    edit = st.tuples(st.integers(0, 3), token, token, st.sampled_from([CUT, 0.3, 1.0]))
    pairs = data.draw(st.lists(edit, max_size=12))
    edits = Edits.build(4, values, [pair[:3] for pair in pairs], [pair[3] for pair in pairs])
    assert worst_difference(mask, random_model(mask, config), config, edits) < ROUNDING


def test_what_is_touched_is_what_reach_says() -> None:
    mask = random_mask("directed", seed=2, n=30)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts_of(mask, ModelConfig(layers=2)))
    edits = knockouts(mask, [(gene,) for gene in range(30)], cut=False)
    reach = mask.reach(2).toarray()
    item, token = touched_tokens(plan_scan(edits, graphs))
    touched = np.zeros((30, 30), dtype=bool)
    touched[token, item] = True
    np.testing.assert_array_equal(touched, reach)


def test_an_item_without_edits_has_no_effect() -> None:
    mask = random_mask("hub", seed=0)
    config = ModelConfig(width=4, heads=1)
    assert worst_difference(mask, random_model(mask, config), config, Edits.build(3, [(1, 2)], [], [])) < ROUNDING


def test_the_kernel_is_used_where_it_was_built() -> None:
    mask = random_mask("directed", seed=0)
    config = ModelConfig(width=12, heads=3, layers=2)  # a head width that the kernel has no constant for
    layouts = layouts_of(mask, config)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts)
    network = network_of(random_model(mask, config), layouts, graphs)
    way = CompiledPass if usable(network) else TorchPass
    assert isinstance(measured(network, torch.zeros(mask.n_genes, 1, 3, dtype=torch.float64)), way)
    sets = [(gene,) for gene in range(mask.n_genes)]
    assert worst_difference(mask, random_model(mask, config), config, knockouts(mask, sets)) < ROUNDING


def test_samples_in_different_tiles_do_not_meet() -> None:
    mask, config = random_mask("undirected", seed=1), ModelConfig(width=8, heads=2, layers=2)
    layouts = layouts_of(mask, config)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts)
    network = network_of(random_model(mask, config), layouts, graphs)
    edits = knockouts(mask, [(gene,) for gene in range(mask.n_genes)])
    generator = torch.Generator().manual_seed(0)
    x_GCB = torch.randn(mask.n_genes, 1, 37, generator=generator, dtype=torch.float64)
    new_VCB = torch.randn(len(edits.value_gene), 1, 37, generator=generator, dtype=torch.float64)
    plan = plan_scan(edits, graphs)
    together = measured(network, x_GCB).effects(plan, new_VCB)
    apart = [measured(network, x_GCB[:, :, b : b + 1]).effects(plan, new_VCB[:, :, b : b + 1]) for b in range(37)]
    torch.testing.assert_close(together, torch.cat(apart, dim=2), rtol=1e-12, atol=1e-12)
