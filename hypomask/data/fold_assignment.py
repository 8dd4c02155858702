"""Assigning blocks of samples to folds of equal size and equal composition: greedy, random in ties and order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["assign_folds"]

ORDER_JITTER = 0.3  # block sizes are ordered up to +-30 %, so that repeats differ even if all sizes differ


def assign_folds(
    strata: npt.NDArray[np.int64],
    blocks: npt.NDArray[np.int64],
    n_folds: int,
    generator: np.random.Generator,
) -> npt.NDArray[np.int8]:
    """Return (B,) int8 fold of each sample; samples of one block share a fold, and no fold is empty.

    Blocks of several samples are dealt first, large ones before small ones, each to the fold that holds the least of
    what the block brings (Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10, with sizes added). Single samples
    then level every stratum. Without blocks this is plain stratification: per stratum, and in total, fold sizes
    differ by at most one.

    Parameters
    ----------
    strata, blocks
        (B,) int64 codes from 0. At least `n_folds` distinct blocks.
    """
    n_strata, n_blocks = int(strata.max()) + 1, int(blocks.max()) + 1
    counts_NS = np.zeros((n_blocks, n_strata), dtype=np.int64)
    np.add.at(counts_NS, (blocks, strata), 1)
    sizes = counts_NS.sum(axis=1)
    fold_of_block = np.full(n_blocks, -1, dtype=np.int64)
    held_FS = np.zeros((n_folds, n_strata), dtype=np.int64)

    several = np.flatnonzero(sizes > 1)
    jittered = sizes[several] * generator.uniform(1 - ORDER_JITTER, 1 + ORDER_JITTER, len(several))
    _deal_blocks(several[np.argsort(-jittered)], counts_NS, fold_of_block, held_FS, generator)
    single = np.flatnonzero(sizes == 1)
    _level_with_singles(single, counts_NS[single].argmax(axis=1), fold_of_block, held_FS, generator)
    _fill_gaps(counts_NS, sizes, fold_of_block, held_FS)
    return fold_of_block[blocks].astype(np.int8)


def _deal_blocks(
    order: npt.NDArray[np.int64],
    counts_NS: npt.NDArray[np.int64],
    fold_of_block: npt.NDArray[np.int64],
    held_FS: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> None:
    """Give each block of `order` to the fold with the least load, counted over the block's strata and in total.

    Load of fold f for block b: sum_s n_bs * held_fs / total_s + n_b * held_f / total, which is the growth of the sum
    of squared relative fold sizes, up to a constant. Plain lists: numpy calls on five numbers would be the slow part.
    """
    n_folds = len(held_FS)
    stratum_total = np.maximum(counts_NS.sum(axis=0), 1).tolist()
    n_samples = int(counts_NS.sum())
    held = [[0] * counts_NS.shape[1] for _ in range(n_folds)]
    size = [0] * n_folds
    for block, first in zip(order.tolist(), generator.integers(0, n_folds, len(order)).tolist(), strict=True):
        row = counts_NS[block]
        content = [(s, int(row[s])) for s in np.flatnonzero(row).tolist()]
        n_block = sum(n for _, n in content)
        best, best_load = -1, float("inf")
        for step in range(n_folds):
            fold = (first + step) % n_folds
            load = n_block * size[fold] / n_samples
            for s, n in content:
                load += n * held[fold][s] / stratum_total[s]
            if load < best_load - 1e-12:
                best, best_load = fold, load
        fold_of_block[block] = best
        size[best] += n_block
        for s, n in content:
            held[best][s] += n
    held_FS += np.array(held, dtype=np.int64)


def _level_with_singles(
    single: npt.NDArray[np.int64],
    stratum: npt.NDArray[np.int64],
    fold_of_block: npt.NDArray[np.int64],
    held_FS: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> None:
    """Give single samples to the folds that have least of their stratum; what is left over, to the smallest folds."""
    n_folds, n_strata = held_FS.shape
    shuffled = single[generator.permutation(len(single))] if len(single) else single
    stratum_of = np.full(len(fold_of_block), -1, dtype=np.int64)
    stratum_of[single] = stratum
    for s in generator.permutation(n_strata):
        members = shuffled[stratum_of[shuffled] == s]
        tie = generator.permutation(n_folds)
        wanted = _levelled(held_FS[:, s], held_FS.sum(axis=1), tie, len(members))
        fold_of_block[members] = np.repeat(np.arange(n_folds), wanted)
        held_FS[:, s] += wanted


def _levelled(
    held: npt.NDArray[np.int64], size: npt.NDArray[np.int64], tie: npt.NDArray[np.int64], n: int
) -> npt.NDArray[np.int64]:
    """Return how many of `n` new samples each fold gets so that `held` + new is as level as possible."""
    order = np.lexsort((tie, size, held))
    rising = held[order]
    filled = 1
    # pour into the lowest folds until the water reaches the next one
    while filled < len(held) and (rising[filled] - rising[:filled]).sum() <= n:
        filled += 1
    level, rest = divmod(int(rising[:filled].sum()) + n, filled)
    wanted = np.zeros(len(held), dtype=np.int64)
    lowest = order[:filled]
    wanted[lowest] = level - held[lowest]
    for fold in lowest[np.lexsort((tie[lowest], size[lowest] + wanted[lowest]))][:rest]:
        wanted[fold] += 1
    return wanted


def _fill_gaps(
    counts_NS: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    fold_of_block: npt.NDArray[np.int64],
    held_FS: npt.NDArray[np.int64],
) -> None:
    """Move small blocks so that no fold is empty and every stratum is in every fold, where single moves can do that.

    Without this a rare class that lives in as many blocks as there are folds may end up twice in one of them.
    """
    n_folds = len(held_FS)
    present_NS = counts_NS > 0
    for stratum in [-1, *np.argsort(present_NS.sum(axis=0), kind="stable").tolist()]:
        carriers = np.arange(len(sizes)) if stratum < 0 else np.flatnonzero(present_NS[:, stratum])
        if len(carriers) < n_folds:
            continue
        for fold in range(n_folds):
            if (held_FS[fold].sum() if stratum < 0 else held_FS[fold, stratum]) > 0:
                continue
            for block in carriers[np.argsort(sizes[carriers], kind="stable")].tolist():
                giver = fold_of_block[block]
                left = held_FS[giver] - counts_NS[block]
                last_of_a_kind = (left[present_NS[block]] == 0).any() if stratum >= 0 else left.sum() == 0
                if last_of_a_kind:
                    continue
                held_FS[giver] = left
                held_FS[fold] += counts_NS[block]
                fold_of_block[block] = fold
                break
