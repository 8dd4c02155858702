"""A cheap learner whose studies can be run by the hundred: ridge on genes and on products along a mask's edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hypomask.comparison.losses import LossTable

GENES, EDGES, FOLDS, REPEATS, NULLS = 20, 15, 5, 3, 59
PENALTY = 20.0
MAIN_R2 = 0.2


@dataclass(frozen=True, eq=False)
class Study:
    """Losses of one simulated study, and of the truth's null masks: (draws, samples), first repeat."""

    table: LossTable
    null_loss_DB: np.ndarray


def draw_study(n: int, interaction_r2: float, rng: np.random.Generator) -> Study:
    """Truth, half of the truth, and a wrong wiring, on a new cohort whose products along 15 edges matter equally."""
    pairs = np.array([(a, b) for a in range(GENES) for b in range(a + 1, GENES)])
    # The same truth in every study: power is over cohorts.
    order = np.random.default_rng(1).permutation(len(pairs))
    truth, others = pairs[order[:EDGES]], order[EDGES:]
    half = np.concatenate([truth[: EDGES // 2], pairs[others[: EDGES - EDGES // 2]]])
    wrong = pairs[others[EDGES : 2 * EDGES]]
    x_BG = rng.standard_normal((n, GENES))
    signal_B = np.sqrt(MAIN_R2 / GENES) * x_BG.sum(axis=1)
    signal_B += np.sqrt(interaction_r2 / EDGES) * products(x_BG, truth).sum(axis=1)
    y_B = signal_B + np.sqrt(1 - MAIN_R2 - interaction_r2) * rng.standard_normal(n)
    fold_RB = np.stack([rng.permutation(np.arange(n) % FOLDS) for _ in range(REPEATS)])
    none = np.zeros((0, 2), dtype=int)
    loss_MRB = np.stack([losses(x_BG, y_B, edges, fold_RB) for edges in (half, none, truth, wrong)])
    gene_free_RB = losses(np.zeros((n, 0)), y_B, none, fold_RB)
    nulls = [losses(x_BG, y_B, pairs[rng.permutation(len(pairs))[:EDGES]], fold_RB[:1])[0] for _ in range(NULLS)]
    table = LossTable(
        names=("half", "no-interaction", "truth", "wrong"),
        roles=("hypothesis", "reference", "hypothesis", "hypothesis"),
        loss_MRB=loss_MRB,
        gene_free_RB=gene_free_RB,
        additive_MRB=np.stack([loss_MRB[1]] * 4),
        groups=None,
        n_folds=FOLDS,
        kind="continuous",
    )
    return Study(table, np.stack(nulls))


def products(x_BG: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return x_BG[:, edges[:, 0]] * x_BG[:, edges[:, 1]]


def losses(x_BG: np.ndarray, y_B: np.ndarray, edges: np.ndarray, fold_RB: np.ndarray) -> np.ndarray:
    """Out-of-fold squared errors, (repeats, samples); normal equations of a fold are the whole's minus its own."""
    design_BF = np.concatenate([np.ones((len(y_B), 1)), x_BG, products(x_BG, edges)], axis=1)
    penalty = PENALTY * np.eye(design_BF.shape[1])
    penalty[0, 0] = 0.0
    gram, moment = design_BF.T @ design_BF + penalty, design_BF.T @ y_B
    loss_RB = np.empty(fold_RB.shape)
    for repeat, fold_B in enumerate(fold_RB):
        for fold in range(FOLDS):
            out = fold_B == fold
            own_BF = design_BF[out]
            beta = np.linalg.solve(gram - own_BF.T @ own_BF, moment - own_BF.T @ y_B[out])
            loss_RB[repeat, out] = (y_B[out] - own_BF @ beta) ** 2
    return loss_RB
