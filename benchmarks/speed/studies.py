"""Trained models per minute: the work of a comparison, against a loop somebody writes in plain PyTorch."""

from __future__ import annotations

import time

import numpy as np
import torch
from contenders import Encoder, Size
from torch.nn.functional import mse_loss

from hypomask.data.random_graphs import random_graph
from hypomask.data.simulated import SimulationConfig, simulate_cohort
from hypomask.data.splits import make_folds
from hypomask.masks.compile import compile_mask
from hypomask.model.config import ModelConfig
from hypomask.training.config import TrainingConfig
from hypomask.training.job import fit_fold

__all__ = ["study_table"]

EPOCHS = 20  # of the plain loop: a usual number, not a chosen one
BATCH = 64


def study_table(rounds: int) -> list[str]:
    """Models per minute on the truth's own mask, and what they explain of samples they have not seen."""
    rounds = min(rounds, 3)
    lines = [
        "## Trained models per minute",
        "",
        "A planted graph of degree 4, continuous phenotype (interactions 40 %, single genes 20 % of the variance), the "
        "true mask, one fold of five. hypomask: its whole recipe (additive part, two replicates, closed-form "
        "start, fine-tuning, shrinkage) counted as one model. Plain loop: nn.TransformerEncoder, one layer, width 16, "
        f"AdamW, {EPOCHS} epochs, no early stopping. R2 on the fold's held-out samples, mean of {rounds}.",
        "",
        "| genes, samples | plain loop | hypomask | as many models | R2: plain loop | R2: hypomask |",
        "|---|---|---|---|---|---|",
    ]
    for genes, samples in ((50, 500), (100, 500), (200, 500)):
        theirs, ours = [], []
        for seed in range(rounds):
            theirs.append(_plain(genes, samples, seed))
            ours.append(_hypomask(genes, samples, seed))
        (theirs_s, theirs_r2), (ours_s, ours_r2) = (np.array(found).T for found in (theirs, ours))
        per_minute = 60 / np.median(theirs_s), 60 / np.median(ours_s)
        lines.append(
            f"| {genes}, {samples} | {per_minute[0]:.1f} | {per_minute[1]:.0f} | {per_minute[1] / per_minute[0]:.0f}x "
            f"| {theirs_r2.mean():.2f} | {ours_r2.mean():.2f} |"
        )
    return [*lines, ""]


def _setting(genes: int, samples: int, seed: int):  # type: ignore[no-untyped-def]
    truth = random_graph(genes, 4 * genes, seed=seed)
    config = SimulationConfig(n_samples=samples, interaction_r2=0.4, main_r2=0.2, seed=seed)
    cohort = simulate_cohort(truth, config).cohort
    mask = compile_mask(truth, cohort.genes, n_layers=1)[0]
    return cohort, mask, make_folds(cohort, n_folds=5, n_repeats=1, seed=seed)


def _r2(y: np.ndarray, predicted: np.ndarray, level: float) -> float:
    return float(1 - np.mean((y - predicted) ** 2) / np.mean((y - level) ** 2))


def _hypomask(genes: int, samples: int, seed: int) -> tuple[float, float]:
    cohort, mask, folds = _setting(genes, samples, seed)
    started = time.process_time()
    fit = fit_fold(
        cohort,
        mask,
        folds,
        0,
        0,
        model=ModelConfig(layers=1),
        training=TrainingConfig(),
        study_seed=seed,
        additive_cache={},
    )
    seconds = time.process_time() - started
    y = (cohort.phenotype.values[fit.test_index] - fit.y_center) / fit.y_scale
    return seconds, _r2(y, fit.eta_full[:, 0], 0.0)


def _plain(genes: int, samples: int, seed: int) -> tuple[float, float]:
    cohort, mask, folds = _setting(genes, samples, seed)
    train, test = folds.split(0, 0)
    x = torch.from_numpy(cohort.values_BGC[:, :, 0])
    x = (x - x[train].mean(0)) / x[train].std(0)
    y = torch.from_numpy(cohort.phenotype.values).float()
    y = (y - y[train].mean()) / y[train].std()
    started = time.process_time()
    torch.manual_seed(seed)
    model = Encoder(Size(genes, 1, 1, 16, 1), 64, 0.0)
    blocked = torch.from_numpy(~(mask.csr().toarray() > 0))
    blocked.fill_diagonal_(False)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    rows = torch.from_numpy(train)
    for _ in range(EPOCHS):
        for part in rows[torch.randperm(len(rows))].split(BATCH):
            optimiser.zero_grad()
            mse_loss(model(x[part], blocked), y[part]).backward()
            optimiser.step()
    with torch.no_grad():
        predicted = model.eval()(x[torch.from_numpy(test)], blocked).numpy()
    return time.process_time() - started, _r2(y.numpy()[test], predicted, 0.0)
