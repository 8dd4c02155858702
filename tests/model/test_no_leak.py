"""The one rule: the mask is the only way for one gene to influence another. In float64, to the bit where it can be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction
from hypomask.model.attention import BACK_ENDS, build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer

N_GENES, N_CHANNELS = 9, 2
LAYERS = (1, 2, 3)


def random_mask(seed: int, *, groups: int = 0, prior: Prior | None = None, relations: tuple[str, ...] = ("acts_on",)):
    """A random directed graph with a hub, an isolated gene (the last) and, where asked, group tokens."""
    rng = np.random.default_rng(seed)
    n = N_GENES + groups
    pairs = [(r, c) for r, c in itertools.permutations(range(n), 2) if N_GENES - 1 not in (r, c)]
    if groups:  # genes and groups only read each other, as in a star
        pairs = [(r, c) for r, c in pairs if (r >= N_GENES) != (c >= N_GENES)]
    chosen = [pairs[i] for i in rng.choice(len(pairs), size=min(8, len(pairs)), replace=False)]
    if not groups:
        chosen += [(0, c) for c in range(1, 5)]
    rows, cols = zip(*chosen, strict=True)
    relation = rng.integers(0, len(relations), len(rows))
    table = EdgeTable.build(rows, cols, relation, rng.uniform(0.2, 1.0, len(rows)))
    heads = {relations[0]: 1} if len(relations) > 1 else {}
    return Mask(
        f"random{seed}",
        tuple(f"G{i}" for i in range(N_GENES)),
        (table,),
        group_tokens=tuple(f"group{i}" for i in range(groups)),
        relations=relations,
        prior=prior or Prior(),
        heads=heads,
    )


def random_model(mask: Mask, layers: int, seed: int = 0) -> MaskedGeneTransformer:
    """A transformer none of whose parameters is at its initial zero."""
    generator = torch.Generator().manual_seed(seed)
    config = ModelConfig(width=4, heads=2, layers=layers)
    model = MaskedGeneTransformer(mask.n_genes, len(mask.group_tokens), N_CHANNELS, 1, config, generator).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return model.eval()


def layouts_of(mask: Mask, layers: int, back_end: str):
    return build_layout(
        mask, n_layers=layers, n_heads=2, back_end=back_end, device=torch.device("cpu"), dtype=torch.float64
    )


@torch.no_grad()
def tokens_and_eta(model, mask, layers, back_end, x):
    layout = layouts_of(mask, layers, back_end)
    return model.final_tokens(x, layout)[0], model(x, layout)[0, 0]


def moved(x: torch.Tensor, *genes: int) -> torch.Tensor:
    """`x` with all channels of `genes` changed."""
    y = x.clone()
    for gene in genes:
        y[:, gene] += torch.tensor([0.7, -1.1], dtype=torch.float64)
    return y


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(1, N_GENES, N_CHANNELS, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


MASKS = {
    "directed": lambda seed: random_mask(seed),
    "per-relation heads": lambda seed: random_mask(seed, relations=("activates", "binds")),
    "group tokens": lambda seed: random_mask(seed, groups=2),
}


@pytest.mark.parametrize("back_end", list(BACK_ENDS))
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("kind", list(MASKS))
@pytest.mark.parametrize("seed", range(3))
def test_a_token_is_unchanged_to_the_bit_by_genes_it_cannot_reach(kind, layers, back_end, seed, x):
    mask = MASKS[kind](seed)
    model = random_model(mask, layers, seed)
    reach = mask.reach(layers).toarray()
    before, _ = tokens_and_eta(model, mask, layers, back_end, x)
    for gene in range(N_GENES):
        after, _ = tokens_and_eta(model, mask, layers, back_end, moved(x, gene))
        for token in range(N_GENES):
            if not reach[token, gene]:
                assert torch.equal(before[token], after[token])


@pytest.mark.parametrize("back_end", list(BACK_ENDS))
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("kind", list(MASKS))
@pytest.mark.parametrize("seed", range(3))
def test_mixed_second_difference_is_zero_exactly_where_no_token_reaches_both_genes(kind, layers, back_end, seed, x):
    mask = MASKS[kind](seed)
    model = random_model(mask, layers, seed)
    pairs = mask.interacting_pairs(layers).toarray()

    def eta(*genes: int) -> float:
        tokens, _ = tokens_and_eta(model, mask, layers, back_end, moved(x, *genes))
        return tokens

    base = eta()
    readout = model.readout_GFK.detach()[:, :, 0]
    for i, j in itertools.combinations(range(N_GENES), 2):
        # Token by token the difference cancels to the bit; summed over tokens it would only cancel to rounding.
        difference = ((eta(i, j) - eta(i)) - (eta(j) - base)) * readout
        if not pairs[i, j]:
            assert torch.count_nonzero(difference) == 0, (i, j)
        elif kind == "directed" and layers == 1:
            assert difference.abs().max() > 1e-9, (i, j)


@pytest.mark.parametrize("back_end", list(BACK_ENDS))
@pytest.mark.parametrize("prior", [Prior("soft", 2.0, 0.05), Prior("learned", 1.0, 0.05)])
def test_a_soft_prior_lets_every_pair_interact_and_a_hard_one_does_not(prior, back_end, x):
    soft, hard = random_mask(1, prior=prior), random_mask(1)
    model = random_model(hard, 1)
    isolated = N_GENES - 1
    for mask, expected in ((soft, True), (hard, False)):
        before, _ = tokens_and_eta(model, mask, 1, back_end, x)
        after, _ = tokens_and_eta(model, mask, 1, back_end, moved(x, isolated))
        assert bool((before[0] != after[0]).any()) is expected


@pytest.mark.parametrize("back_end", list(BACK_ENDS))
@pytest.mark.parametrize("layers", LAYERS)
def test_permuting_genes_permutes_nothing_else(layers, back_end, x):
    mask = random_mask(2)
    model = random_model(mask, layers)
    order = torch.randperm(N_GENES, generator=torch.Generator().manual_seed(1))
    place = torch.argsort(order)
    table = mask.edges()
    permuted = Mask(
        "permuted",
        tuple(mask.genes[i] for i in order),
        (EdgeTable.build(place[table.rows.astype(int)], place[table.cols.astype(int)], table.relation, table.weight),),
    )
    other = random_model(mask, layers)
    with torch.no_grad():
        for name in ("gene_embedding_ND", "measurement_GCD", "readout_GFK"):
            getattr(other, name).copy_(getattr(model, name)[order])
    tokens, eta = tokens_and_eta(model, mask, layers, back_end, x)
    tokens_permuted, eta_permuted = tokens_and_eta(other, permuted, layers, back_end, x[:, order])
    torch.testing.assert_close(tokens_permuted, tokens[order], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(eta_permuted, eta, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("back_end", list(BACK_ENDS))
def test_an_isolated_gene_adds_exactly_nothing(back_end, x):
    mask = random_mask(3)
    model = random_model(mask, 2)
    tokens, _ = tokens_and_eta(model, mask, 2, back_end, x)
    assert torch.count_nonzero(tokens[N_GENES - 1]) == 0
    nothing, eta = tokens_and_eta(model, no_interaction(mask.genes), 2, back_end, x)
    assert torch.count_nonzero(nothing) == 0
    assert eta == model.intercept_K[0]


@pytest.mark.parametrize("back_end", list(BACK_ENDS))
def test_a_removed_edge_has_exactly_no_effect(back_end, x):
    mask = random_mask(4)
    table = mask.edges()
    model = random_model(mask, 1)
    receiver, source = int(table.rows[0]), int(table.cols[0])
    keep = np.arange(table.n_edges) > 0
    cut = Mask("cut", mask.genes, (EdgeTable.build(table.rows[keep], table.cols[keep]),))
    before, _ = tokens_and_eta(model, cut, 1, back_end, x)
    after, _ = tokens_and_eta(model, cut, 1, back_end, moved(x, source))
    assert torch.equal(before[receiver], after[receiver])
    whole, _ = tokens_and_eta(model, mask, 1, back_end, x)
    others = [t for t in range(N_GENES) if t != receiver]
    assert torch.equal(before[others], whole[others])


def test_initial_values_do_not_depend_on_the_mask():
    def parameters(mask: Mask):
        generator = torch.Generator().manual_seed(11)
        return MaskedGeneTransformer(mask.n_genes, 0, N_CHANNELS, 1, ModelConfig(), generator).state_dict()

    first, second = parameters(random_mask(0)), parameters(no_interaction(random_mask(1).genes))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("back_end", list(BACK_ENDS))
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("kind", list(MASKS))
def test_gradients_equal_finite_differences(kind, layers, back_end, x):
    mask = MASKS[kind](0)
    model = random_model(mask, layers)
    layout = layouts_of(mask, layers, back_end)
    parameters = [p for name, p in model.named_parameters() if "prior_strength" not in name]
    with torch.no_grad():
        for parameter in parameters:
            parameter.mul_(0.4)  # keeps third derivatives, and with them the error of differences, small
    # The last layer computes no next state, so its two state matrices have no gradient.
    gradients = torch.autograd.grad(model(x, layout).sum(), parameters, allow_unused=True, materialize_grads=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        step = 1e-6
        with torch.no_grad():
            parameter.add_(step * direction)
            above = model(x, layout).sum()
            parameter.sub_(2 * step * direction)
            below = model(x, layout).sum()
            parameter.add_(step * direction)
        torch.testing.assert_close((gradient * direction).sum(), (above - below) / (2 * step), rtol=1e-5, atol=1e-7)
