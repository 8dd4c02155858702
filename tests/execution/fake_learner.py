"""A learner that takes milliseconds: ridge on genes, and on products along the mask's edges.

It has the signature of `hypomask.training.job.fit_fold`, and misbehaves on demand by environment variables, which
reach worker processes too:

- ``FAKE_SLEEP``: seconds that each job takes;
- ``FAKE_FAIL``: models whose name contains this raise;
- ``FAKE_FAIL_ONCE``: a file; the first job that finds it deletes it and raises;
- ``FAKE_KILL_ONCE``: a file; the first job that finds it deletes it and kills its own process;
- ``FAKE_NAN``: models whose name contains this predict NaN;
- ``FAKE_LOG``: a file that every job adds a line to.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FIT = "fake_learner:fit_fold"


@dataclass(frozen=True)
class FakeFit:
    test_index: Any
    eta_full: Any
    eta_additive: Any
    eta_gene_free: Any
    y_center: float
    y_scale: float
    numbers: dict[str, Any]
    eta_replicates_MBK: Any


def fit_fold(
    cohort: Any,
    mask: Any,
    folds: Any,
    repeat: int,
    fold: int,
    *,
    model: Any,
    training: Any,
    study_seed: int,
    device: str,
    additive_cache: dict[Any, Any],
) -> FakeFit:
    misbehave(mask.name)
    train, test = folds.split(repeat, fold)
    phenotype = cohort.phenotype
    center, scale = 0.0, 1.0
    y = phenotype.values
    if phenotype.kind == "continuous":
        center, scale = float(y[train].mean()), float(y[train].std())
    target = (y - center) / scale if phenotype.kind == "continuous" else 4 * y - 2
    key = (repeat, fold, mask.genes)
    if key not in additive_cache:
        x = np.nan_to_num(cohort.values_BGC[:, cohort.gene_index(mask.genes), 0].astype(np.float64))
        additive_cache[key] = (x, ridge(x[train], target[train], x))
    x, additive = additive_cache[key]
    table = mask.edges()
    products = x[:, table.rows] * x[:, table.cols]
    full = additive
    if products.shape[1]:
        full = additive + 0.9 * ridge(products[train], (target - additive)[train], products)
    mean = float(target[train].mean())
    # two seeds that disagree a little, as much in every process
    wobble = 0.05 * np.random.default_rng([repeat, fold, int(mask.pair_keys.sum())]).standard_normal((len(test), 1))
    eta = full[test][:, None] + (np.nan if os.environ.get("FAKE_NAN", "\0") in mask.name else 0.0)
    return FakeFit(
        test_index=test,
        eta_full=eta,
        eta_additive=additive[test][:, None],
        eta_gene_free=np.full((len(test), 1), mean),
        y_center=center,
        y_scale=scale,
        numbers={"trainings": 2, "inner_trainings": 1, "edges": int(mask.n_edges), "shrinkage": 0.9, "epochs": 1.0},
        eta_replicates_MBK=np.stack([eta - wobble, eta + wobble]) if mask.n_edges else np.zeros((0, len(test), 1)),
    )


def ridge(x_train: Any, y_train: Any, x: Any) -> Any:
    center = y_train.mean()
    gram = x_train.T @ x_train + 5.0 * np.eye(x_train.shape[1])
    return center + x @ np.linalg.solve(gram, x_train.T @ (y_train - center))


def misbehave(name: str) -> None:
    if log := os.environ.get("FAKE_LOG"):
        with open(log, "a") as file:
            file.write(f"{name}\n")
    time.sleep(float(os.environ.get("FAKE_SLEEP", "0")))
    if took(os.environ.get("FAKE_KILL_ONCE")):
        os.kill(os.getpid(), signal.SIGKILL)
    if took(os.environ.get("FAKE_FAIL_ONCE")):
        raise RuntimeError("failed this once")
    if os.environ.get("FAKE_FAIL", "\0") in name:
        raise RuntimeError("failed on purpose")


def took(file: str | None) -> bool:
    if not file:
        return False
    try:
        Path(file).unlink()
    except FileNotFoundError:
        return False
    return True
