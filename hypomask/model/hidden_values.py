"""Predicting genes whose values are hidden, from what the mask lets their tokens hear.

Tokens, attention and state are those of `MaskedGeneTransformer`. A hidden gene has no measurement of its own to
multiply what it hears with, so what it hears is multiplied with itself::

    final_g = concat over layers of [ m_g, (W_1 m_g) * (W_2 m_g) ]

that is, straight lines and products of its neighbours' values. Genes are hidden a set at a time, and no two genes of a
set can hear of one another within the model's layers: every gene is predicted exactly as if it alone were hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.masks.mask import Mask
from hypomask.model.attention import LayerLayout
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer

__all__ = ["HiddenValueTransformer", "sets_to_hide"]


def sets_to_hide(mask: Mask, n_layers: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Return sets of genes to hide at the same time; together they hold every gene once.

    Greedy colouring of "one can hear of the other within `n_layers` layers", most connected genes first. Under a prior
    that is not hard every gene can hear of every other, and each is hidden alone.
    """
    if mask.prior.kind != "hard":
        return tuple(np.array([gene]) for gene in range(mask.n_genes))
    reach = mask.reach(n_layers)[: mask.n_genes, : mask.n_genes]
    either = (reach + reach.T).tocsr()
    colour = np.full(mask.n_genes, -1)
    for gene in np.argsort(-np.diff(either.indptr), kind="stable"):
        taken = set(colour[either.indices[either.indptr[gene] : either.indptr[gene + 1]]].tolist())
        colour[gene] = next(c for c in range(mask.n_genes) if c not in taken)
    return tuple(np.flatnonzero(colour == c) for c in range(int(colour.max(initial=-1)) + 1))


class HiddenValueTransformer(MaskedGeneTransformer):
    """Predicts every gene's value from the others; see the module's text.

    Parameters
    ----------
    n_genes, n_groups, n_channels, config, generator
        As in `MaskedGeneTransformer`.
    """

    def __init__(
        self, n_genes: int, n_groups: int, n_channels: int, config: ModelConfig, generator: torch.Generator
    ) -> None:
        super().__init__(n_genes, n_groups, n_channels, 1, config, generator)
        self.readout_GFK = torch.nn.Parameter(torch.zeros(n_genes, 2 * config.width * config.n_layers, 1))
        self.intercept_K = torch.nn.Parameter(torch.zeros(n_genes))

    def hidden_tokens(
        self,
        x_BGC: Tensor,
        layouts: Sequence[LayerLayout],
        sets: Sequence[Tensor],
        dropout_generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return (B, G, F): the final token of every gene with its value, in all channels, hidden."""
        final_BGF = x_BGC.new_zeros(len(x_BGC), self.n_genes, self.readout_GFK.shape[1])
        for genes in sets:
            seen_BGC = x_BGC.index_fill(1, genes, 0.0)
            heard_BSF = self._heard(self.tokens(seen_BGC), layouts, genes, dropout_generator)
            final_BGF = final_BGF.index_copy(1, genes, heard_BSF)
        return final_BGF

    def _heard(
        self,
        h_BND: Tensor,
        layouts: Sequence[LayerLayout],
        genes: Tensor,
        dropout_generator: torch.Generator | None,
    ) -> Tensor:
        parts = []
        for block, layout in zip(self.blocks, layouts, strict=True):
            m_BND = block.hear(h_BND, layout, dropout_generator)
            m_BSD = m_BND.index_select(1, genes)
            parts += [m_BSD, block.gate(m_BSD, m_BSD)]
            h_BND = block.next_state(h_BND, m_BND, block.gate(h_BND, m_BND))
        return torch.cat(parts, dim=-1)

    def predict_hidden(
        self,
        x_BGC: Tensor,
        layouts: Sequence[LayerLayout],
        sets: Sequence[Tensor],
        dropout_generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return (B, G): the expected standardised value of every gene, from the others."""
        final_BGF = self.hidden_tokens(x_BGC, layouts, sets, dropout_generator)
        return torch.einsum("bgf,gf->bg", final_BGF, self.readout_GFK[:, :, 0]) + self.intercept_K
