"""Is there anything to find beyond the additive part? Low-rank interactions on top of ridge, knowing nothing of GO.

    python benchmarks/yeast_dna_repair/low_rank.py

interaction_ab = ridge_a + ridge_b + u_a . u_b, by alternating ridge regressions on what ridge leaves; rank and penalty
are chosen on a fifth of the training pairs.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
from make_study import pairs

Float = npt.NDArray[np.float64]
RANKS, PENALTIES, ROUNDS = (1, 2, 4, 8), (0.1, 0.3, 1.0, 3.0), 20


def predicted(train: pd.DataFrame, test: pd.DataFrame, genes: list[str], rank: int, penalty: float) -> Float:
    """Fit the training pairs, and predict the test pairs; rank 0: the additive part alone."""
    place, n = {gene: i for i, gene in enumerate(genes)}, len(genes)
    a, b = (train[column].map(place).to_numpy() for column in ("gene_a", "gene_b"))
    one, two = (test[column].map(place).to_numpy() for column in ("gene_a", "gene_b"))
    y = train["interaction"].to_numpy()
    design = np.zeros((len(train), n))
    design[np.arange(len(train)), a] = design[np.arange(len(train)), b] = 1
    own = np.linalg.solve(design.T @ design + 20 * np.eye(n), design.T @ (y - y.mean()))
    additive = y.mean() + own[one] + own[two]
    if not rank:
        return np.asarray(additive)
    left, there = np.zeros((n, n)), np.zeros((n, n), dtype=bool)
    left[a, b] = left[b, a] = y - y.mean() - own[a] - own[b]
    there[a, b] = there[b, a] = True
    u = 0.1 * np.random.default_rng(0).standard_normal((n, rank))
    v = u.copy()
    for _ in range(ROUNDS):
        for mine, other in ((u, v), (v, u)):
            for i in range(n):
                near = other[there[i]]
                mine[i] = np.linalg.solve(near.T @ near + penalty * np.eye(rank), near.T @ left[i, there[i]])
    both = (u @ v.T + v @ u.T) / 2
    return np.asarray(additive + both[one, two])


def main() -> None:
    train, test = pairs("training"), pairs("testing")
    genes = sorted({*train["gene_a"], *train["gene_b"], *test["gene_a"], *test["gene_b"]})
    held_out = np.random.default_rng(0).random(len(train)) < 0.2

    def inner(choice: tuple[int, float]) -> float:
        said = predicted(train[~held_out], train[held_out], genes, *choice)
        return float(np.corrcoef(said, train["interaction"][held_out])[0, 1])

    rank, penalty = max(product(RANKS, PENALTIES), key=inner)
    for words, r in (("additive ridge", 0), (f"with rank {rank}, penalty {penalty:g}", rank)):
        said = predicted(train, test, genes, r, penalty)
        print(f"{words}: r = {np.corrcoef(said, test['interaction'])[0, 1]:.3f} on the test pairs")


if __name__ == "__main__":
    main()
