"""Rewire a mask at random: every token keeps its degrees, per relation and layer.

Each relation is rewired apart. Within it an entry and its mirror image (token reads gene, gene reads token; or the two
entries of an undirected edge, known by their equal weights) move together, so that what was symmetric stays symmetric;
all other entries are directed edges. Entries that stand in different layers never exchange ends. With module labels,
neither do edges between different pairs of modules: then every draw has as many edges within and between modules as the
original. Memberships that follow from nesting are worked out again from the rewired ones; nesting itself stays. Where a
group token has one weight for all its members, so it has for its new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hypomask.errors import HypothesisError
from hypomask.hypothesis.rewiring import rewire_directed, rewire_undirected
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.memberships import inherited_memberships

__all__ = ["MaskRewiring", "module_codes", "overlap_with", "rewire_mask"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
GROUP_TOKEN = -1  # module of group tokens
ROUNDS = 5  # blocks that can get in each other's way are rewired in turn, so often


@dataclass(frozen=True)
class MaskRewiring:
    """A rewired mask, the steps of all its chains, and the share of the original's pairs that recur, 0 to 1."""

    mask: Mask
    proposals: int
    accepted: int
    overlap: float


@dataclass
class _Entries:
    """Entries of one relation over all layers; their ends are rewired in place.

    `weight_EL` is 0 where an entry is absent from a layer.
    """

    rows: IntArray
    cols: IntArray
    weight_EL: npt.NDArray[np.float32]
    n_tokens: int

    @property
    def keys(self) -> IntArray:
        """(E,) row * n_tokens + col."""
        return self.rows * self.n_tokens + self.cols


@dataclass(frozen=True)
class _Block:
    """Entries that exchange ends with each other; undirected where `mirror` holds their images."""

    entries: IntArray
    mirror: IntArray | None
    keep_sides: bool


def rewire_mask(mask: Mask, rng: np.random.Generator, *, modules: Sequence[str] | None = None) -> MaskRewiring:
    """Return `mask` with its wiring randomised and all degrees kept.

    Parameters
    ----------
    modules
        Module label per gene token (group tokens may follow and are ignored); edges are exchanged only within the
        same pair of modules. None: all genes are alike.
    """
    module = module_codes(mask, modules)
    entries = [_entries_of(mask, relation) for relation in range(len(mask.relations))]
    proposals = accepted = 0
    for of_relation in entries:
        steps = _rewire_relation(mask, of_relation, module, rng)
        proposals, accepted = proposals + steps[0], accepted + steps[1]
    rewired = replace(mask, layers=tuple(_table(entries, layer) for layer in range(len(mask.layers))))
    return MaskRewiring(rewired, proposals, accepted, overlap_with(mask, rewired))


def overlap_with(original: Mask, other: Mask) -> float:
    """Return the share of the pairs of `original` that are also in `other` (same tokens); 1 when it has none."""
    if not original.n_edges:
        return 1.0
    return float(np.isin(original.pair_keys, other.pair_keys, assume_unique=True).mean())


def module_codes(mask: Mask, modules: Sequence[str] | None) -> IntArray:
    """Return a (N,) number for each token's module; group tokens share one of their own."""
    codes = np.zeros(mask.n_tokens, dtype=np.int64)
    if modules is not None:
        if len(modules) not in (mask.n_genes, mask.n_tokens):
            raise HypothesisError(
                f"mask {mask.name!r}: got {len(modules)} module labels, expected one for each of {mask.n_genes} genes"
            )
        codes[: mask.n_genes] = np.unique(np.asarray(modules[: mask.n_genes], dtype=str), return_inverse=True)[1]
    codes[mask.n_genes :] = GROUP_TOKEN
    return codes


def _entries_of(mask: Mask, relation: int) -> _Entries:
    n = mask.n_tokens
    chosen = [table.relation == relation for table in mask.layers]
    layer_keys = [
        table.rows[of].astype(np.int64) * n + table.cols[of] for table, of in zip(mask.layers, chosen, strict=True)
    ]
    keys = np.unique(np.concatenate(layer_keys))
    weight_EL = np.zeros((len(keys), len(mask.layers)), dtype=np.float32)
    for layer, of in enumerate(chosen):
        weight_EL[np.searchsorted(keys, layer_keys[layer]), layer] = mask.layers[layer].weight[of]
    rows, cols = np.divmod(keys, max(n, 1))
    return _Entries(rows, cols, weight_EL, n)


def _table(entries: Sequence[_Entries], layer: int) -> EdgeTable:
    here = [of_relation.weight_EL[:, layer] > 0 for of_relation in entries]
    return EdgeTable.build(
        np.concatenate([part.rows[keep] for part, keep in zip(entries, here, strict=True)]),
        np.concatenate([part.cols[keep] for part, keep in zip(entries, here, strict=True)]),
        np.repeat(np.arange(len(entries)), [int(keep.sum()) for keep in here]),
        np.concatenate([part.weight_EL[keep, layer] for part, keep in zip(entries, here, strict=True)]),
    )


def _rewire_relation(mask: Mask, entries: _Entries, module: IntArray, rng: np.random.Generator) -> tuple[int, int]:
    """Rewire one relation in place; return proposals and accepted swaps."""
    follows = _follows_from_nesting(mask, entries)
    weights = _weights_of_tokens(mask, entries)
    low = np.minimum(module[entries.rows], module[entries.cols])
    high = np.maximum(module[entries.rows], module[entries.cols])
    movable = np.flatnonzero(~follows & (high != GROUP_TOKEN))
    mirror = _mirror(entries, module, follows)
    proposals = accepted = 0
    for meeting in _classes(movable, low, high):  # entries that could ever coincide
        blocks = _blocks(entries, meeting, mirror, module)
        rounds = ROUNDS if len(blocks) > 1 else 1
        for _ in range(rounds):
            for block in blocks:
                steps = _rewire_block(entries, block, meeting, rng, 1 / rounds)
                proposals, accepted = proposals + steps[0], accepted + steps[1]
    if follows.any():
        _replace_followers(mask, entries, follows)
    if weights is not None:
        _give_weights(mask, entries, weights)
    return proposals, accepted


def _mirror(entries: _Entries, module: IntArray, follows: BoolArray) -> IntArray:
    """Return (E,) the entry that moves together with each, or -1."""
    keys, images = entries.keys, entries.cols * entries.n_tokens + entries.rows
    at = np.minimum(np.searchsorted(keys, images), max(len(keys) - 1, 0))
    paired = keys[at] == images if len(keys) else np.zeros(0, dtype=bool)
    between_genes = (module[entries.rows] != GROUP_TOKEN) & (module[entries.cols] != GROUP_TOKEN)
    same_weight = (entries.weight_EL == entries.weight_EL[at]).all(axis=1) if len(keys) else paired
    paired &= (~between_genes | same_weight) & ~follows & ~follows[at]
    return np.where(paired, at, -1)


def _blocks(entries: _Entries, meeting: IntArray, mirror: IntArray, module: IntArray) -> list[_Block]:
    """Split entries of one pair of modules into those that may exchange ends."""
    row_module, col_module = module[entries.rows], module[entries.cols]
    layers = _pattern(entries.weight_EL > 0)
    alone = meeting[mirror[meeting] < 0]
    blocks = [_Block(part, None, True) for part in _classes(alone, row_module, col_module, layers)]
    paired = meeting[mirror[meeting] >= 0]
    # of every two images, the one whose column is in the lower module, so that sides can be kept
    ahead = (col_module[paired] < row_module[paired]) | (
        (col_module[paired] == row_module[paired]) & (entries.cols[paired] < entries.rows[paired])
    )
    image_layers = layers[mirror]  # meaningless where there is no image, and not used there
    for part in _classes(paired[ahead], layers, image_layers):
        blocks.append(_Block(part, mirror[part], bool(col_module[part[0]] != row_module[part[0]])))
    return blocks


def _rewire_block(
    entries: _Entries, block: _Block, meeting: IntArray, rng: np.random.Generator, effort: float
) -> tuple[int, int]:
    own = block.entries if block.mirror is None else np.concatenate([block.entries, block.mirror])
    others = np.setdiff1d(meeting, own)
    rows, cols, n = entries.rows[others], entries.cols[others], entries.n_tokens
    sources, targets = entries.cols[block.entries], entries.rows[block.entries]
    if block.mirror is None:
        forbidden = frozenset((cols * n + rows).tolist())
        done = rewire_directed(sources, targets, n, rng, forbidden=forbidden, effort=effort)
    else:
        forbidden = frozenset((np.minimum(rows, cols) * n + np.maximum(rows, cols)).tolist())
        done = rewire_undirected(
            sources, targets, n, rng, forbidden=forbidden, keep_sides=block.keep_sides, effort=effort
        )
        entries.rows[block.mirror], entries.cols[block.mirror] = done.sources, done.targets
    entries.rows[block.entries], entries.cols[block.entries] = done.targets, done.sources
    return done.proposals, done.accepted


def _follows_from_nesting(mask: Mask, entries: _Entries) -> BoolArray:
    """Return (E,) whether an entry is a gene reading a group only because it belongs to a group inside it."""
    n_genes = mask.n_genes
    follows = np.zeros(len(entries.rows), dtype=bool)
    inherited = _inherited_keys(mask, entries)
    if len(inherited):
        spread = np.flatnonzero((entries.rows < n_genes) & (entries.cols >= n_genes))
        gather = (entries.rows >= n_genes) & (entries.cols < n_genes)
        stated = np.isin(entries.keys[spread], entries.cols[gather] * entries.n_tokens + entries.rows[gather])
        unstated = spread[~stated]
        one_pattern = len(np.unique(entries.weight_EL[unstated] > 0, axis=0)) == 1
        one_weight_each = _weights_of_tokens(mask, entries) is not None
        if np.array_equal(entries.keys[unstated], inherited) and one_pattern and one_weight_each:
            follows[unstated] = True
    return follows


def _inherited_keys(mask: Mask, entries: _Entries) -> IntArray:
    """Return sorted keys (gene reads group) of the memberships that nesting adds to the stated ones."""
    n_genes, n = mask.n_genes, mask.n_tokens
    parents, children = np.divmod(mask.pair_keys, max(n, 1))
    nested = (parents >= n_genes) & (children >= n_genes)
    gather = (entries.rows >= n_genes) & (entries.cols < n_genes)
    genes, groups = inherited_memberships(
        entries.cols[gather],
        entries.rows[gather] - n_genes,
        parents[nested] - n_genes,
        children[nested] - n_genes,
        (n_genes, n - n_genes),
    )
    return genes * n + groups + n_genes


def _replace_followers(mask: Mask, entries: _Entries, follows: BoolArray) -> None:
    """Put in the memberships that follow from the rewired ones; there may be more or fewer of them.

    Their weights are those of one of the old, until `_give_weights` sets those of their groups.
    """
    weight_L = entries.weight_EL[np.argmax(follows)]
    rows, cols = np.divmod(_inherited_keys(mask, entries), entries.n_tokens)
    entries.rows = np.concatenate([entries.rows[~follows], rows])
    entries.cols = np.concatenate([entries.cols[~follows], cols])
    entries.weight_EL = np.concatenate([entries.weight_EL[~follows], np.tile(weight_L, (len(rows), 1))])


def _weights_of_tokens(mask: Mask, entries: _Entries) -> npt.NDArray[np.float32] | None:
    """Return (2, N, L) weights with which each group token is read by genes and reads them, if it has one of each.

    None where the entries of a token differ; 0 where it has none.
    """
    side, token, chosen = _memberships(mask, entries)
    weights = np.zeros((2, entries.n_tokens, entries.weight_EL.shape[1]), dtype=np.float32)
    weights[side, token] = entries.weight_EL[chosen]
    return weights if np.array_equal(weights[side, token], entries.weight_EL[chosen]) else None


def _give_weights(mask: Mask, entries: _Entries, weights: npt.NDArray[np.float32]) -> None:
    """Set the weights of memberships to those of their group tokens."""
    side, token, chosen = _memberships(mask, entries)
    known = weights[side, token].any(axis=1)
    entries.weight_EL[chosen[known]] = weights[side[known], token[known]]


def _memberships(mask: Mask, entries: _Entries) -> tuple[IntArray, IntArray, IntArray]:
    """Return which entries join a gene and a group token, the token of each, and whether the token is the one to read.

    In the order (M,) side, token, entry.
    """
    gathers = (entries.rows >= mask.n_genes) & (entries.cols < mask.n_genes)
    spreads = (entries.rows < mask.n_genes) & (entries.cols >= mask.n_genes)
    chosen = np.flatnonzero(gathers | spreads)
    side = gathers[chosen].astype(np.int64)
    return side, np.where(side == 1, entries.rows[chosen], entries.cols[chosen]), chosen


def _classes(chosen: IntArray, *labels: IntArray) -> list[IntArray]:
    """Split the entries `chosen` by their labels ((E,) each)."""
    if not len(chosen):
        return []
    codes = _pattern(np.stack([label[chosen] for label in labels], axis=1))
    order = np.argsort(codes, kind="stable")
    return np.split(chosen[order], np.flatnonzero(np.diff(codes[order])) + 1)


def _pattern(values: npt.NDArray[np.generic]) -> IntArray:
    """Return (E,) a number for each different row of a table."""
    codes: IntArray = np.unique(values, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return codes
