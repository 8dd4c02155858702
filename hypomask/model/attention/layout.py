"""A mask laid out for a device: per layer the pattern, what each head sees of it, the prior and the back end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

from hypomask.errors import ConfigError, did_you_mean
from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention.choose import choose_back_end
from hypomask.model.attention.pattern import EdgePattern
from hypomask.model.attention.registry import BACK_ENDS

__all__ = ["FULL_PATTERN_MAX_TOKENS", "AttentionLayout", "LayerLayout", "build_layout"]

# A soft or learned prior lets every pair attend. At 4,096 tokens one head's log weights take 64 MiB in float32;
# beyond it time and memory grow with the square of the tokens and a hard prior is the only sensible choice.
FULL_PATTERN_MAX_TOKENS = 4096

_Derived = TypeVar("_Derived")


@dataclass(frozen=True, eq=False)
class LayerLayout:
    """What the attention operator needs to know about one layer.

    Parameters
    ----------
    pattern
        Pairs that any head may attend over.
    n_heads
        H.
    back_end
        Name of an entry of `BACK_ENDS`.
    dtype
        float32 or float64; of queries, keys, values and of the prior.
    prior
        How strongly the mask binds. Under a soft or learned prior `pattern` is full.
    allowed_HE
        (H, E) bool where heads are reserved for relations: whether the head sees the entry. None: all heads see all.
    log_weight_HE
        (H, E), or (1, E) where all heads share it: logarithm of the edge weight, of the prior's floor where there is
        no edge, 0 on the diagonal. None under a hard prior.
    """

    pattern: EdgePattern
    n_heads: int
    back_end: str
    dtype: torch.dtype
    prior: Prior
    allowed_HE: Tensor | None = None
    log_weight_HE: Tensor | None = None
    _derived: dict[str, Any] = field(default_factory=dict, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what was derived: it is large, points into memory, and is made again when it is asked for."""
        return {**self.__dict__, "_derived": {}}

    @property
    def n_tokens(self) -> int:
        """N: gene and group tokens."""
        return self.pattern.n_tokens

    @property
    def device(self) -> torch.device:
        """Where the layout lies."""
        return self.pattern.cols.device

    @property
    def learns_prior_strength(self) -> bool:
        """Whether `attend` must be given one prior strength per head."""
        return self.prior.kind == "learned"

    def flatten(self, values_HE: Tensor) -> Tensor:
        """Return (S,) of the values, (H, E) or (1, E), of entries that the head sees, heads in order."""
        values_HE = values_HE.expand(self.n_heads, -1)
        return values_HE.flatten() if self.allowed_HE is None else values_HE[self.allowed_HE]

    def edge_bias(self, prior_strength_H: Tensor | None) -> Tensor | None:
        """Return what the prior adds to the logits, (H, E) or (1, E), or None where it adds nothing.

        Raises
        ------
        ConfigError
            A learned prior without its strengths, or strengths without a learned prior.
        """
        if self.learns_prior_strength != (prior_strength_H is not None):
            expected = f"({self.n_heads},) strengths" if self.learns_prior_strength else "no strengths"
            raise ConfigError(f"attention prior is {self.prior.kind!r}: expected {expected} at call time")
        log_weight_HE = self.log_weight_HE
        if log_weight_HE is None:
            return None
        if prior_strength_H is None:
            return self.derived("soft_bias", lambda: self.prior.strength * log_weight_HE)
        if prior_strength_H.shape != (self.n_heads,):
            got = tuple(prior_strength_H.shape)
            raise ConfigError(f"prior strengths: got shape {got}, expected one per head, ({self.n_heads},)")
        return prior_strength_H[:, None] * log_weight_HE

    def derived(self, name: str, make: Callable[[], _Derived]) -> _Derived:
        """Return what a back end derives from this layout (a dense mask, a larger CSR), made once and kept."""
        if name not in self._derived:
            self._derived[name] = make()
        found: _Derived = self._derived[name]
        return found


AttentionLayout: TypeAlias = tuple[LayerLayout, ...]


def build_layout(
    mask: Mask,
    *,
    n_layers: int,
    n_heads: int,
    back_end: str = "auto",
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    batch: int = 64,
) -> AttentionLayout:
    """Lay `mask` out for a model of `n_layers` layers and `n_heads` heads.

    Parameters
    ----------
    back_end
        ``auto`` chooses per layer by measured density, size and device; or a name of `BACK_ENDS`.
    batch
        Samples per step, which the choice depends on a little.

    Returns
    -------
    AttentionLayout
        One `LayerLayout` per layer; the same object for layers that share a pattern.

    Raises
    ------
    ConfigError
        Back end, heads or layers that do not fit the mask, or a mask without tokens, or a soft or learned prior over
        more than `FULL_PATTERN_MAX_TOKENS` tokens.
    """
    device = torch.device(device)
    if dtype not in (torch.float32, torch.float64):
        raise ConfigError(f"attention dtype: got {dtype}, expected torch.float32 or torch.float64")
    if mask.n_tokens == 0:
        raise ConfigError(f"mask {mask.name!r} has no tokens, so there is nothing to attend to; give it a gene")
    if len(mask.layers) not in (1, n_layers):
        raise ConfigError(
            f"mask {mask.name!r} has edges for {len(mask.layers)} layers, but the model has {n_layers}; "
            f"set model.layers to {len(mask.layers)} or give the mask one table for all layers"
        )
    _check_back_end(back_end, device)
    relation_of_head = _relations_of_heads(mask, n_heads)
    by_table: dict[int, LayerLayout] = {}
    layers = []
    for layer in range(n_layers):
        table = mask.edges(layer)
        if id(table) not in by_table:
            by_table[id(table)] = _layer_layout(mask, table, relation_of_head, back_end, device, dtype, batch)
        layers.append(by_table[id(table)])
    return tuple(layers)


def _check_back_end(name: str, device: torch.device) -> None:
    if name == "auto":
        return
    if name not in BACK_ENDS:
        known = ", ".join(["auto", *BACK_ENDS])
        raise ConfigError(f"model.attention: got {name!r}, expected one of {known}.{did_you_mean(name, BACK_ENDS)}")
    reason = BACK_ENDS[name].unavailable(device)
    if reason is not None:
        raise ConfigError(f"model.attention: {name!r} cannot run on {device}: {reason}; use 'auto'")


def _relations_of_heads(mask: Mask, n_heads: int) -> tuple[int | None, ...]:
    """Return for each head the relation it is reserved for (index), None where it sees all; reserved heads first."""
    reserved: list[int | None] = []
    for relation, count in mask.heads.items():
        if relation not in mask.relations:
            hint = did_you_mean(relation, mask.relations)
            raise ConfigError(
                f"mask {mask.name!r} reserves heads for relation {relation!r}, which it does not have.{hint}"
            )
        reserved += [mask.relations.index(relation)] * count
    if len(reserved) > n_heads:
        raise ConfigError(
            f"mask {mask.name!r} reserves {len(reserved)} heads for relations, but the model has {n_heads}; "
            f"set model.heads to at least {len(reserved)} or reserve fewer"
        )
    return (*reserved, *[None] * (n_heads - len(reserved)))


def _layer_layout(
    mask: Mask,
    table: EdgeTable,
    relation_of_head: tuple[int | None, ...],
    back_end: str,
    device: torch.device,
    dtype: torch.dtype,
    batch: int,
) -> LayerLayout:
    n, n_heads = mask.n_tokens, len(relation_of_head)
    # One matrix where all heads see the same, else one per head.
    reserved = any(relation is not None for relation in relation_of_head)
    seen_by = relation_of_head if reserved else (None,)
    edge_weights = [_edge_weights(table, relation, n) for relation in seen_by]
    allowed_HE = log_weight_HE = None
    if mask.prior.kind == "hard":
        pattern = EdgePattern.from_csr(_edge_weights(table, None, n), device)
        if reserved:
            flat = pattern.flat.cpu().numpy()
            allowed_HE = torch.from_numpy(np.stack([np.isin(flat, _flat(weights)) for weights in edge_weights]))
            allowed_HE = allowed_HE.to(device)
    else:
        _check_full_prior(mask)
        pattern = EdgePattern.full(n, device)
        weight_HE = np.full((len(seen_by), n * n), mask.prior.floor, dtype=np.float64)
        for head, weights in enumerate(edge_weights):
            weight_HE[head, _flat(weights)] = weights.data
        log_weight_HE = torch.from_numpy(np.log(weight_HE)).to(device=device, dtype=dtype)
    if back_end == "auto":
        seen = pattern.n_entries * n_heads if allowed_HE is None else int(allowed_HE.sum())
        back_end = choose_back_end(n, seen / (n_heads * n * n), batch, device)
    return LayerLayout(pattern, n_heads, back_end, dtype, mask.prior, allowed_HE, log_weight_HE)


def _edge_weights(table: EdgeTable, relation: int | None, n: int) -> sp.csr_array:
    """Return (N, N): largest weight of the pair over `relation` (all where None), 1 on the diagonal."""
    keep = slice(None) if relation is None else table.relation == relation
    rows, cols, weight = table.rows[keep], table.cols[keep], table.weight[keep]
    strongest_first = np.lexsort((-weight, cols, rows))
    rows, cols, weight = rows[strongest_first], cols[strongest_first], weight[strongest_first]
    flat = rows.astype(np.int64) * n + cols
    first = np.append(True, flat[1:] != flat[:-1])[: len(flat)]
    own = np.arange(n, dtype=np.int32)
    rows, cols = np.append(rows[first], own), np.append(cols[first], own)
    values = np.append(weight[first].astype(np.float64), np.ones(n))
    return sp.csr_array((values, (rows, cols)), shape=(n, n))


def _flat(weights: sp.csr_array) -> npt.NDArray[np.int64]:
    """Return the places of stored entries in a row-major (N, N) matrix."""
    entries = weights.tocoo()
    return np.asarray(entries.row.astype(np.int64) * weights.shape[1] + entries.col)


def _check_full_prior(mask: Mask) -> None:
    if mask.n_tokens > FULL_PATTERN_MAX_TOKENS:
        raise ConfigError(
            f"mask {mask.name!r} has {mask.n_tokens} tokens and a {mask.prior.kind} prior, under which every pair may "
            f"attend; expected at most {FULL_PATTERN_MAX_TOKENS} tokens; use prior 'hard' or fewer genes"
        )
    if not 0 < mask.prior.floor <= 1:
        raise ConfigError(f"prior.floor: got {mask.prior.floor}, expected a number above 0 and at most 1")
