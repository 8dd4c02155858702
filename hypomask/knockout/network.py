"""The numbers of one trained transformer, arranged for computing some tokens of many interventions.

Here a state is (token, width, sample) rather than (sample, token, width): a token's row is then one stretch of memory,
and sums over width run along samples. Matrices are transposed accordingly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.knockout.graph import LayerGraph
from hypomask.masks.mask import Mask
from hypomask.model.attention import LayerLayout, build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer

__all__ = ["LayerNumbers", "Network", "layouts_of", "network_of"]


@dataclass(frozen=True, eq=False)
class LayerNumbers:
    """One layer: matrices to be multiplied from the left, and what is added to the logits of each pair.

    Parameters
    ----------
    query_DD, key_DD, value_DD
        Of the message; queries are scaled.
    own_DD, heard_DD
        Of the gate: of the own state, and of what the heads heard (through the message's own matrix).
    state_heard_DD, state_gated_DD
        What the next state gains from what the heads heard, and from the gated message.
    readout_NFK
        (N, D, K) of the gated message; 0 for group tokens.
    bias_EH
        (E, H), -inf where a head may not read a pair.
    strength_H
        What the logarithm of a pair's weight is multiplied by; 0 under a hard prior.
    open_H
        1 for heads that read a pair which is added, 0 for heads reserved for other relations.
    """

    query_DD: Tensor
    key_DD: Tensor
    value_DD: Tensor
    own_DD: Tensor
    heard_DD: Tensor
    state_heard_DD: Tensor
    state_gated_DD: Tensor
    readout_NFK: Tensor
    bias_EH: Tensor
    strength_H: Tensor
    open_H: npt.NDArray[np.bool_]

    def bias_of_weights(self, weights: npt.NDArray[np.float64]) -> Tensor:
        """Return (P, H): what is added to the logits of pairs whose weights are set to these, all above 0."""
        log_weight_P = torch.from_numpy(np.log(weights)).to(self.strength_H)
        bias_PH = log_weight_P[:, None] * self.strength_H
        closed = torch.from_numpy(~self.open_H)
        return bias_PH.masked_fill(closed, -math.inf)


@dataclass(frozen=True, eq=False)
class Network:
    """A replicate in the scan's arrangement.

    Parameters
    ----------
    embedding_ND, measurement_GCD
        Of the initial states.
    factor
        What its contribution to the linear predictor is multiplied by: the shrinkage.
    """

    graphs: tuple[LayerGraph, ...]
    layers: tuple[LayerNumbers, ...]
    embedding_ND: Tensor
    measurement_GCD: Tensor
    n_heads: int
    factor: float

    @property
    def n_outputs(self) -> int:
        """K."""
        return int(self.layers[0].readout_NFK.shape[2])

    @property
    def width(self) -> int:
        """D."""
        return int(self.embedding_ND.shape[1])

    @property
    def dtype(self) -> torch.dtype:
        """Of all numbers."""
        return self.embedding_ND.dtype

    def initial(self, x_GCB: Tensor) -> Tensor:
        """Return (N, D, B) initial states of standardised measurements."""
        h_GDB = torch.einsum("gcd,gcb->gdb", self.measurement_GCD, x_GCB)
        groups = len(self.embedding_ND) - len(h_GDB)
        return torch.nn.functional.pad(h_GDB, (0, 0, 0, 0, 0, groups)) + self.embedding_ND[:, :, None]

    def initial_of(self, genes: Tensor, x_VCB: Tensor) -> Tensor:
        """Return (V, D, B) initial states of the `genes` (V,) with measurements of their own."""
        h_VDB = torch.einsum("vcd,vcb->vdb", self.measurement_GCD[genes], x_VCB)
        return h_VDB + self.embedding_ND[genes][:, :, None]


def layouts_of(mask: Mask, config: ModelConfig, dtype: torch.dtype = torch.float64) -> tuple[LayerLayout, ...]:
    """Return the layout of `mask` that the scan (and its slow twin) works with."""
    return build_layout(mask, n_layers=config.n_layers, n_heads=config.heads, dtype=dtype)


def network_of(
    model: MaskedGeneTransformer,
    layouts: Sequence[LayerLayout],
    graphs: tuple[LayerGraph, ...],
    *,
    factor: float = 1.0,
    dtype: torch.dtype = torch.float64,
) -> Network:
    """Arrange a trained transformer for the scan."""
    width = model.config.width
    n_tokens = len(model.gene_embedding_ND)
    layers = []
    with torch.no_grad():
        for number, (block, layout) in enumerate(zip(model.blocks, layouts, strict=True)):
            readout_GFK = model.readout_GFK[:, number * width : (number + 1) * width].to(dtype)
            message_DD = block.message_DD.to(dtype)
            strength_H = _strengths(layout, block.prior_strength_H).to(dtype)
            layers.append(
                LayerNumbers(
                    query_DD=block.query_DD.to(dtype).T.contiguous() / math.sqrt(width // model.config.heads),
                    key_DD=block.key_DD.to(dtype).T.contiguous(),
                    value_DD=block.value_DD.to(dtype).T.contiguous(),
                    own_DD=block.gate_own_DD.to(dtype).T.contiguous(),
                    heard_DD=(message_DD @ block.gate_message_DD.to(dtype)).T.contiguous(),
                    state_heard_DD=(message_DD @ block.state_message_DD.to(dtype)).T.contiguous(),
                    state_gated_DD=block.state_gated_DD.to(dtype).T.contiguous(),
                    readout_NFK=torch.nn.functional.pad(readout_GFK, (0, 0, 0, 0, 0, n_tokens - model.n_genes)),
                    bias_EH=_bias(layout, strength_H, dtype),
                    strength_H=strength_H,
                    open_H=_open_heads(layout),
                )
            )
        return Network(
            graphs=graphs,
            layers=tuple(layers),
            embedding_ND=model.gene_embedding_ND.to(dtype),
            measurement_GCD=model.measurement_GCD.to(dtype),
            n_heads=model.config.heads,
            factor=factor,
        )


def _strengths(layout: LayerLayout, learned_H: Tensor) -> Tensor:
    if layout.prior.kind == "hard":
        return torch.zeros(layout.n_heads)
    if layout.learns_prior_strength:
        return learned_H.detach()
    return torch.full((layout.n_heads,), layout.prior.strength, dtype=torch.float64)


def _bias(layout: LayerLayout, strength_H: Tensor, dtype: torch.dtype) -> Tensor:
    bias_HE = torch.zeros(layout.n_heads, layout.pattern.n_entries, dtype=dtype)
    if layout.log_weight_HE is not None:
        bias_HE = strength_H[:, None] * layout.log_weight_HE.to(dtype).expand(layout.n_heads, -1)
    if layout.allowed_HE is not None:
        bias_HE = bias_HE.masked_fill(~layout.allowed_HE, -math.inf)
    return bias_HE.T.contiguous()


def _open_heads(layout: LayerLayout) -> npt.NDArray[np.bool_]:
    """Return which heads see more than their own relation: all, or those that are not reserved."""
    if layout.allowed_HE is None:
        return np.ones(layout.n_heads, dtype=bool)
    seen_H = layout.allowed_HE.all(dim=1).numpy()
    return seen_H if seen_H.any() else np.ones(layout.n_heads, dtype=bool)
