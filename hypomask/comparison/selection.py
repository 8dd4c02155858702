"""The winner looks better than it is because it was selected; the bootstrap says by how much."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.comparison.paired import Units

__all__ = ["selection_corrected_skill"]

FloatArray = npt.NDArray[np.float64]


def selection_corrected_skill(
    loss_HB: FloatArray, gene_free_B: FloatArray, units: Units, *, draws: int, seed: int
) -> float | None:
    """Return the skill of "whichever hypothesis wins", estimated on samples that did not choose it (BBC-CV).

    Each bootstrap sample of independent units chooses the hypothesis with the lowest mean loss; the units it left out
    score that choice against the gene-free model. Slightly pessimistic, as out-of-bag estimates are. An estimate, no
    test; invalid when units are not independent.

    Parameters
    ----------
    loss_HB
        (H, B) per-sample losses averaged over repeats, hypotheses sorted by name.
    gene_free_B
        (B,) the same of the model without genes.
    units
        Independent units.
    draws, seed
        Bootstrap effort.

    Returns
    -------
    float or None
        1 - loss / gene-free loss; None when no bootstrap sample left anything out.

    References
    ----------
    Tsamardinos, Greasidou & Borboudakis 2018, doi:10.1007/s10994-018-5714-4
    """
    table = np.vstack([loss_HB, gene_free_B, np.ones_like(gene_free_B)])
    sums = units.sums(table)
    # Random numbers belong to positions, so positions must not depend on the order in which samples were given.
    sums = sums[:, np.lexsort(sums[::-1])]
    loss_HU, gene_free_U, size_U = sums[:-2], sums[-2], sums[-1]
    rng = np.random.default_rng(seed)
    counts_DU = rng.multinomial(units.n, np.full(units.n, 1.0 / units.n), size=draws).astype(np.float64)
    left_out_DU = (counts_DU == 0).astype(np.float64)
    chosen_D = (counts_DU @ loss_HU.T).argmin(axis=1)
    size_D = left_out_DU @ size_U
    usable = size_D > 0
    if not usable.any():
        return None
    loss_D = (left_out_DU @ loss_HU.T)[np.arange(draws), chosen_D][usable] / size_D[usable]
    gene_free_D = (left_out_DU @ gene_free_U)[usable] / size_D[usable]
    return float(1.0 - loss_D.mean() / gene_free_D.mean())
