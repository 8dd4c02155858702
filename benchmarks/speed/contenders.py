"""One training step of each contender on the same data, mask and sizes: forward, loss, backward, AdamW.

Their arithmetic is not the same. A layer of hypomask has eight width x width matrices and no LayerNorm; a layer of
`nn.TransformerEncoder` has four and a feed-forward part, four times as wide by default (twelve in all), and two
LayerNorms. What is compared is what somebody gets who asks for a masked transformer of that width and depth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.training.optimiser import FlatAdamW

__all__ = ["Size", "Step", "encoder_step", "graph_step", "hypomask_step", "random_mask"]

Step = Callable[[], None]
HEADS = 2
RATE = 1e-3


class Size:
    """What a step is taken on: genes, edges a gene reads, batch, width, layers."""

    def __init__(self, genes: int, degree: int, batch: int, width: int, layers: int, seed: int = 0) -> None:
        self.genes, self.degree, self.batch, self.width, self.layers = genes, degree, batch, width, layers
        generator = torch.Generator().manual_seed(seed)
        self.x_BG = torch.randn(batch, genes, generator=generator)
        self.y_B = (torch.rand(batch, generator=generator) > 0.5).float()
        self.mask = random_mask(genes, degree, seed)


def random_mask(n_genes: int, degree: int, seed: int) -> Mask:
    """Every gene reads `degree` others on average; who is read is drawn with lognormal weights, so that hubs exist."""
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0, 0.8, n_genes)
    sources = rng.choice(n_genes, 2 * degree * n_genes, p=weight / weight.sum())
    targets = rng.integers(n_genes, size=len(sources))
    pairs = np.unique(np.column_stack([targets, sources])[targets != sources], axis=0)
    pairs = pairs[rng.permutation(len(pairs))[: degree * n_genes]]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return Mask("random", tuple(f"g{i}" for i in range(n_genes)), (EdgeTable.build(pairs[:, 0], pairs[:, 1]),))


def hypomask_step(size: Size, back_end: str = "auto", dropout: float = 0.0) -> Step:
    """Our model with one of its back ends, moved as training moves it."""
    config = ModelConfig(width=size.width, heads=HEADS, layers=size.layers, dropout=dropout)
    layouts = build_layout(
        size.mask, n_layers=size.layers, n_heads=HEADS, back_end=back_end, batch=size.batch, dtype=torch.float32
    )
    model = MaskedGeneTransformer(size.genes, 0, 1, 1, config, torch.Generator().manual_seed(0))
    optimiser = FlatAdamW(model, weight_decay=1e-2)
    x_BGC = size.x_BG[:, :, None]
    drawn = torch.Generator().manual_seed(0)

    def step() -> None:
        optimiser.step(binary_cross_entropy_with_logits(model(x_BGC, layouts, drawn)[:, 0], size.y_B), RATE)

    return step


class Encoder(nn.Module):
    """What a competent user writes: an embedding, `nn.TransformerEncoder`, mean over genes, one output."""

    def __init__(self, size: Size, feedforward: int, dropout: float) -> None:
        super().__init__()
        width = size.width
        self.embedding = nn.Parameter(torch.randn(size.genes, width) * 0.5)
        self.value = nn.Parameter(torch.randn(width) * 0.5)
        layer = nn.TransformerEncoderLayer(
            width, HEADS, feedforward, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, size.layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, 1)

    def forward(self, x_BG: Tensor, blocked_GG: Tensor) -> Tensor:
        tokens_BGD = self.embedding + x_BG[:, :, None] * self.value
        # is_causal=False: otherwise every call compares the mask with a causal one
        return self.head(self.encoder(tokens_BGD, mask=blocked_GG, is_causal=False).mean(1))[:, 0]


def encoder_step(size: Size, feedforward: int | None = None, dropout: float = 0.0) -> Step:
    """`nn.TransformerEncoder` with a boolean mask and AdamW."""
    model = Encoder(size, 4 * size.width if feedforward is None else feedforward, dropout)
    blocked_GG = torch.from_numpy(~(size.mask.csr().toarray() > 0))
    blocked_GG.fill_diagonal_(False)
    return _torch_step(model, lambda: model(size.x_BG, blocked_GG), size.y_B)


def graph_step(size: Size) -> Step | None:
    """PyTorch Geometric's `TransformerConv` on the same edges, samples as a disjoint union; None without it."""
    try:
        from torch_geometric.nn import TransformerConv
    except ImportError:
        return None
    width = size.width
    targets_E, sources_E = (torch.from_numpy(np.asarray(ends)) for ends in size.mask.csr().nonzero())
    offset_B1 = size.genes * torch.arange(size.batch)[:, None]
    edges_2E = torch.stack([(ends_E + offset_B1).flatten() for ends_E in (sources_E, targets_E)])

    class Convolutions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Parameter(torch.randn(size.genes, width) * 0.5)
            self.value = nn.Parameter(torch.randn(width) * 0.5)
            self.layers = nn.ModuleList(
                TransformerConv(width, width // HEADS, heads=HEADS, dropout=0.0) for _ in range(size.layers)
            )
            self.head = nn.Linear(width, 1)

        def forward(self, x_BG: Tensor) -> Tensor:
            h_ND = (self.embedding + x_BG[:, :, None] * self.value).flatten(0, 1)
            for layer in self.layers:
                h_ND = h_ND + torch.relu(layer(h_ND, edges_2E))
            return self.head(h_ND.view(size.batch, size.genes, width).mean(1))[:, 0]

    model = Convolutions()
    return _torch_step(model, lambda: model(size.x_BG), size.y_B)


def _torch_step(model: nn.Module, predict: Callable[[], Tensor], y_B: Tensor) -> Step:
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, foreach=True)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        binary_cross_entropy_with_logits(predict(), y_B).backward()
        optimiser.step()

    return step
