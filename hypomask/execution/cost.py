"""What a study will cost: time and memory, from the sizes of its masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hypomask.data.streamed_rows import ROWS_VALUES
from hypomask.execution.trainer import DEFAULT_FIT
from hypomask.training.closed_form_size import affordable_samples, closed_form_work

if TYPE_CHECKING:
    from hypomask.execution.prepare import PreparedStudy
    from hypomask.masks.mask import Mask

__all__ = ["OPERATIONS_PER_SECOND", "SECONDS_OF_ANY", "JobCost", "is_dense", "job_cost", "start_columns"]

OPERATIONS_PER_SECOND = (
    1.5e10  # one core, float32, compiled: 102 ms for a step of 1.7e9 (1,000 tokens, width 32, 2 layers, batch 64)
)
SECONDS_OF_ANY = 0.05  # of a job, however small: 30 to 100 ms for 20 to 140 tokens
BYTES_OF_TORCH = 350e6  # a process that has loaded it
ADDITIVE_FITS = 10.0  # inner folds and curves of the additive part, in fits of it
ETAS_OF_A_PASS = 55  # linear predictors of a streamed sample: inner folds x penalties


@dataclass(frozen=True)
class JobCost:
    """Estimated cost of one job: multiply-adds, and the most bytes a worker holds."""

    operations: float
    bytes_held: float


def job_cost(prepared: PreparedStudy, mask: Mask, fit: str = DEFAULT_FIT, device: str = "cpu") -> JobCost:
    """Estimate the cost of training under `mask` with one fold held out; on a GPU, its memory is not counted.

    Operations: the additive part; samples x epochs x layers x (the eight projections of each token + two products
    per edge), three times for the way back; the closed-form start. Fine-tuning is taken to stop as soon as it may,
    which it nearly always does. Right to about a factor of three.
    """
    study = prepared.study
    model, training = study.model, study.training
    n_samples = prepared.cohort.n_samples * (1 - 1 / prepared.folds.n_folds)
    per_token = 8 * model.width**2
    per_step = model.n_layers * (mask.n_tokens * per_token + (mask.n_edges + mask.n_tokens) * 2 * model.width)
    trainings = 2 * training.replicates  # once to find when to stop, once on all training samples
    epochs = min(training.epochs, 1 + training.patience)
    n_channels = len(prepared.cohort.channels)
    columns = start_columns(mask, model.width, model.heads * n_channels, model.n_layers)
    starting = affordable_samples(int(n_samples), max(columns, 1.0), mask.n_genes * model.width * model.n_layers)
    start = closed_form_work(starting, columns)
    terms = mask.n_genes * n_channels
    operations = ADDITIVE_FITS * n_samples * terms * min(n_samples, terms)
    if mask.n_edges:  # without edges the transformer adds exactly 0 and is not trained
        operations += 3.0 * trainings * epochs * n_samples * per_step + trainings * start
    fold = 4.0 * prepared.cohort.n_samples * len(prepared.cohort.genes) * n_channels
    if prepared.cohort.streamed is not None:
        # In the place of twice a fold: what is standardised at once, the additive part's squares of its columns, lines
        # and curves, and what a pass keeps of every sample.
        fold = 50.0 * ROWS_VALUES + 8.0 * 2 * (2 * terms) ** 2 + 8.0 * ETAS_OF_A_PASS * n_samples
    torch = BYTES_OF_TORCH if fit == DEFAULT_FIT else 0.0
    if device != "cpu":
        return JobCost(operations, torch + 2 * fold)
    batch = min(training.batch_size, n_samples)
    activations = 4.0 * batch * mask.n_tokens * model.n_layers * 12 * model.width
    pairs = float(mask.n_tokens) ** 2 if is_dense(mask, int(batch), device) else float(mask.n_edges + mask.n_tokens)
    attention = 4.0 * 3 * batch * model.heads * model.n_layers * pairs
    features = 8.0 * 2 * starting * columns * training.replicates
    return JobCost(operations, torch + 2 * fold + activations + attention + features)


def start_columns(mask: Mask, width: int, by_neighbour: int, n_layers: int) -> float:
    """Return how many columns the final tokens span at the start: in the first layer a few for each neighbour."""
    heard_G = np.bincount(mask.edges().rows, minlength=mask.n_tokens)[: mask.n_genes]
    return float(np.minimum(width, by_neighbour * heard_G).sum() + (n_layers - 1) * width * np.count_nonzero(heard_G))


def is_dense(mask: Mask, batch: int, device: str) -> bool:
    """Return whether attention will hold all pairs of tokens on `device`."""
    import torch

    from hypomask.model.attention import choose_back_end

    return choose_back_end(mask.n_tokens, mask.density, batch, torch.device(device)) == "dense"
