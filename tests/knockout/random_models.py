"""Random masks and random models on them: the scan must be right for any parameters, not for trained ones alone."""

from __future__ import annotations

import numpy as np
import torch

from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer


def random_mask(kind: str, seed: int, n: int = 14) -> Mask:
    """A small mask of a kind that could go wrong in its own way."""
    rng = np.random.default_rng(seed)
    genes = tuple(f"g{i}" for i in range(n))
    allowed = rng.random((n, n)) < 2.5 / n
    if kind == "undirected":
        allowed |= allowed.T
    if kind in ("isolated", "hub"):
        allowed[:3] = allowed[:, :3] = False
    if kind == "hub":
        allowed[3, 4:] = allowed[4:, 3] = True
    if kind == "dense":
        allowed[:] = True
    rows, cols = np.nonzero(allowed)
    table = EdgeTable.build(rows, cols, weight=rng.uniform(0.2, 1, len(rows)))
    if kind == "groups":
        members = rng.permutation(n)[:9]
        pairs = [(n + k, g) for k in range(2) for g in members[5 * k : 5 * k + 5]]
        pairs += [(g, t) for t, g in pairs]
        rows, cols = np.concatenate([np.array(pairs).T, [[0, 1], [2, 3]]], axis=1)
        return Mask(kind, genes, (EdgeTable.build(rows, cols),), group_tokens=("set A", "set B"))
    if kind == "relations":
        table = EdgeTable.build(rows, cols, rng.integers(0, 2, len(rows)))
        return Mask(kind, genes, (table,), relations=("activates", "binds"), heads={"activates": 1})
    if kind == "by layer":
        other = EdgeTable.build(cols, rows)
        return Mask(kind, genes, (table, other))
    if kind == "learned":
        return Mask(kind, genes, (table,), prior=Prior(kind="learned", floor=0.05))
    if kind == "soft":
        return Mask(kind, genes, (table,), prior=Prior(kind="soft", strength=1.3, floor=0.1))
    return Mask(kind, genes, (table,))


def random_model(
    mask: Mask, config: ModelConfig, *, n_channels: int = 1, n_outputs: int = 1, seed: int = 0, sharp: float = 0.5
) -> MaskedGeneTransformer:
    """A model none of whose parameters is at a special value; `sharp`: how uneven its attention is."""
    generator = torch.Generator().manual_seed(seed)
    model = MaskedGeneTransformer(
        mask.n_genes, len(mask.group_tokens), n_channels, n_outputs, config, generator
    ).double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            size = sharp if "query" in name else 0.3
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_(size * noise)
        for block in model.blocks:
            block.prior_strength_H.abs_()
    return model.eval()
