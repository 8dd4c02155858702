"""What jobs hold of memory while they are trained side by side on a GPU, from the sizes of their masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypomask.execution.cost import is_dense, start_columns
from hypomask.training.closed_form_size import MOST_VALUES
from hypomask.training.stack_memory import ModelSizes

if TYPE_CHECKING:
    from hypomask.execution.prepare import PreparedStudy
    from hypomask.masks.mask import Mask

__all__ = ["HeldBytes", "held_bytes"]

BYTES_OF_CONTEXT = 8e8  # a process's CUDA context, Triton's and cuBLAS's own memory

# Of the closed form, which one job after the other goes through; see hypomask.training.closed_form and ridge_on_device.
SAMPLES_AT_ONCE = 1024
COPIES_OF_FINAL_VALUES = 3
FACTORS_AT_ONCE, COPIES_OF_FACTORS = 1e8, 3
COPIES_OF_FEATURES = 4

# (samples, columns of the additive part), see hypomask.training.partial_residuals; masks over the same genes share it.
COPIES_OF_SMOOTHER = 4


@dataclass(frozen=True)
class HeldBytes:
    """Bytes of a GPU's memory, for each job of a stack and once for all; and of the machine's, for each job."""

    per_job: float
    once: float
    per_job_on_host: float


def held_bytes(prepared: PreparedStudy, mask: Mask, device: str) -> HeldBytes:
    """Estimate what training under `mask` with one fold held out holds while other jobs wait for it."""
    study, cohort = prepared.study, prepared.cohort
    model, training = study.model, study.training
    n_samples = int(cohort.n_samples * (1 - 1 / prepared.folds.n_folds))
    phenotypes = cohort.phenotype.parts or (cohort.phenotype,)
    n_classes = max(len(phenotype.classes) for phenotype in phenotypes)
    sizes = ModelSizes(
        genes=mask.n_genes,
        tokens=mask.n_tokens,
        channels=len(cohort.channels),
        outputs=n_classes if n_classes > 2 else 1,
        entries=sum(mask.edges(layer).n_edges + mask.n_tokens for layer in range(len(mask.layers))),
        width=model.width,
        heads=model.heads,
        layers=model.n_layers,
        batch=min(training.batch_size, n_samples),
    )
    columns = start_columns(mask, model.width, model.heads * sizes.channels, model.n_layers)
    features = 8.0 * n_samples * columns
    final_values = min(float(n_samples) * mask.n_genes * model.width * model.n_layers, MOST_VALUES)
    closed_form = (
        4.0 * COPIES_OF_FINAL_VALUES * final_values
        + 8.0 * COPIES_OF_FACTORS * max(FACTORS_AT_ONCE, min(n_samples, columns) ** 2)
        + COPIES_OF_FEATURES * features
        + sizes.bytes_forward(min(n_samples, SAMPLES_AT_ONCE))
    )
    smoother = 8.0 * COPIES_OF_SMOOTHER * n_samples * min(n_samples, 2 * mask.n_genes * sizes.channels)
    per_replicate = features + sizes.bytes_that_stay
    per_job = sizes.bytes_of_samples(n_samples) + smoother + training.replicates * per_replicate
    once, on_host = BYTES_OF_CONTEXT + closed_form, sizes.bytes_of_samples(n_samples)
    if is_dense(mask, sizes.batch, device):  # trained one by one
        pairs = 4.0 * 3 * sizes.batch * model.heads * model.n_layers * float(mask.n_tokens) ** 2
        return HeldBytes(per_job, once + sizes.bytes_of_step + pairs, on_host)
    return HeldBytes(per_job + training.replicates * sizes.bytes_of_step, once, on_host)
