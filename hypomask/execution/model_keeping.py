"""Which trained models a run keeps, so that knockouts and new samples can be predicted with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypomask.execution.jobs import Job, null_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypomask.data.cohort import Phenotype
    from hypomask.execution.study_definition import Study
    from hypomask.masks.mask import Mask

__all__ = ["MOST_BYTES", "KeptModels", "kept_models"]

MOST_BYTES = 2e9
"""What `auto` keeps at most of one run."""


@dataclass(frozen=True)
class KeptModels:
    """What is kept: the models of hypotheses and references or none, and of the first null draws of each hypothesis."""

    first_stage: bool = False
    null_draws: int = 0

    def keeps(self, job: Job) -> bool:
        """Return whether the model of `job` is kept."""
        null = null_name(job.model)
        return self.first_stage if null is None else null.draw < self.null_draws


def kept_models(
    study: Study, masks: Mapping[str, Mask], phenotype: Phenotype, n_channels: int
) -> tuple[KeptModels, str]:
    """Return what a study keeps, and what is to be said about it (an empty text where it keeps what was asked).

    Parameters
    ----------
    masks
        Of hypotheses and references, by model name.
    """
    plan = study.plan
    if plan.keep_models == "none":
        return KeptModels(), ""
    if plan.keep_models == "all":
        return KeptModels(True, plan.keep_null_models), ""
    jobs = plan.folds * plan.repeats
    sizes = [
        jobs * _bytes_of_model(study, mask, phenotype, n_channels) + 12.0 * mask.n_edges for mask in masks.values()
    ]
    hypotheses = len([model for model in masks if model.startswith("hypothesis/")])
    nulls = plan.keep_null_models * plan.folds * plan.null_repeats * hypotheses * max(sizes) / jobs
    total = sum(sizes) + nulls
    if total <= MOST_BYTES:
        return KeptModels(True, plan.keep_null_models), ""
    return KeptModels(), (
        f"the trained models were not kept: they would take about {total / 1e9:.1f} GB, more than the "
        f"{MOST_BYTES / 1e9:g} GB of plan.keep_models: auto. Knockouts need them: set plan.keep_models to all"
    )


def _bytes_of_model(study: Study, mask: Mask, phenotype: Phenotype, n_channels: int) -> float:
    """Return about how large the model of one job is: float32 networks, float64 additive parts."""
    width, layers = study.model.width, study.model.n_layers
    hidden = phenotype.kind == "masked-genes"
    outputs = 1 if hidden else max((part.n_outputs for part in phenotype.parts or (phenotype,)), default=1)
    per_gene = width * (n_channels + 1 + layers * (2 if hidden else outputs))
    networks = 4.0 * study.training.replicates * (mask.n_tokens * per_gene + layers * 8 * width**2)
    additive = 8.0 * mask.n_genes * n_channels * (2 * outputs + 7)
    return (networks + additive) * max(len(phenotype.parts), 1) + 20_000.0
