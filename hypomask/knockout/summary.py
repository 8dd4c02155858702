"""All models of a hypothesis asked about the same interventions, and their answers put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.errors import DataError
from hypomask.execution.one_thread import one_thread
from hypomask.execution.progress import Progress
from hypomask.knockout.compiled import Compiled
from hypomask.knockout.effect_store import EffectStore, JobEffects
from hypomask.knockout.hidden_effects import hidden_effects
from hypomask.knockout.inference import Estimate, FoldMeans, estimate, fold_means
from hypomask.knockout.model_effects import ModelEffects, Samples, Scanner
from hypomask.knockout.trained_run import ModelOf, TrainedRun
from hypomask.knockout.units import outputs_of
from hypomask.masks.mask import Mask
from hypomask.outcomes.family import Float
from hypomask.training.fold_model import FoldModel, HiddenGenesModel, JobModel, SeveralModels

__all__ = ["MAX_VALUES", "Question", "Summary", "asker", "summarise"]

MAX_VALUES = 4e8
"""Interventions x outputs x samples that are held at once (three arrays of four bytes)."""


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of every model.

    Parameters
    ----------
    phenotype
        What is explained; one of its parts where a study explains several.
    part
        Which of them; None where there is one.
    level_GC
        Reference levels of the cohort's genes.
    chosen_B
        (B,) samples that effects are averaged over.
    """

    phenotype: Phenotype
    part: int | None
    level_GC: Float
    chosen_B: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Summary:
    """Effects of J = interventions x outputs, in this order.

    Parameters
    ----------
    effect, mediated, unit
        Estimates of the effect, its part through the mask, and of the effect in the phenotype's own terms.
    direct_J
        Mean of the part through genes' own terms.
    consistency_J
        Share of models (folds x repeats x replicates) whose mean effect has the sign of the estimate.
    by_sample_JB, unit_by_sample_JB
        (J, B) mean effect in each chosen sample, on both scales.
    mediated_rms_J
        Root of the mean square of the mediated part over samples: what goes through the mask in some samples up and
        in others down has a mean near 0.
    before_K
        Mean prediction of the samples as measured, in the phenotype's own terms.
    n_models
        Models asked.
    """

    effect: Estimate
    mediated: Estimate
    unit: Estimate
    direct_J: Float
    consistency_J: Float
    by_sample_JB: npt.NDArray[np.float32]
    unit_by_sample_JB: npt.NDArray[np.float32]
    mediated_rms_J: Float
    before_K: Float
    n_models: int


def summarise(
    run: TrainedRun,
    models: Sequence[ModelOf],
    mask: Mask,
    compiled: Compiled,
    question: Question,
    store: EffectStore,
    progress: Progress,
    contrasts: sp.csr_array | None = None,
) -> Summary:
    """Ask every model about its held-out samples, and estimate the mean effects.

    Parameters
    ----------
    contrasts
        (C, I): estimate these combinations of interventions' effects in their place.

    Raises
    ------
    DataError
        Too many interventions for the memory of an ordinary computer, or no sample chosen.
    """
    if not question.chosen_B.any():
        raise DataError("no sample is left to average effects over")
    position = np.cumsum(question.chosen_B) - 1
    n_chosen = int(question.chosen_B.sum())
    sums: dict[str, npt.NDArray[np.float32]] = {}
    folds: dict[str, list[FoldMeans]] = {"effect": [], "mediated": [], "unit": []}
    signs: list[Float] = []
    before: list[Float] = []
    n_models = 0
    scanner = asker(mask, compiled, run, question)
    units = run.prepared.folds.blocks
    repeats = len({model.job.repeat for model in models})
    for model in models:
        found = store.read(model.job)
        if found is None:
            found = scanner(model)
            store.write(model.job, found)
        progress.advance()
        if not len(found.index):
            continue
        if contrasts is not None:
            found = found.contrasts(contrasts)
        before.append(found.before_KB)
        of_job = {"mediated": _flat(found.mediated_IKB), "unit": _flat(found.unit_IKB)}
        of_job["effect"] = _flat(found.direct_IKB) + of_job["mediated"]
        by_replicate = found.by_replicate_MIK.reshape(len(found.by_replicate_MIK), -1)
        mediated_by_replicate = found.mediated_by_replicate_MIK.reshape(by_replicate.shape)
        for part, effect_JB in of_job.items():
            if part not in sums:
                sums[part] = np.zeros((len(effect_JB), n_chosen), np.float32)
            sums[part][:, position[found.index]] += effect_JB / repeats
            replicates = {"effect": by_replicate, "mediated": mediated_by_replicate}.get(part, by_replicate[:0])
            folds[part].append(
                fold_means(
                    model.job.repeat,
                    model.job.fold,
                    effect_JB,
                    position[found.index],
                    units[found.index],
                    replicates,
                )
            )
        signs += [np.sign(means_J) for means_J in by_replicate]
        n_models += len(by_replicate)
    chosen_units = units[question.chosen_B]
    estimates = {
        part: estimate(sums[part].astype(np.float64), chosen_units, of_part) for part, of_part in folds.items()
    }
    return Summary(
        effect=estimates["effect"],
        mediated=estimates["mediated"],
        unit=estimates["unit"],
        direct_J=estimates["effect"].mean - estimates["mediated"].mean,
        consistency_J=np.mean(np.stack(signs) == np.sign(estimates["effect"].mean), axis=0),
        by_sample_JB=sums["effect"],
        unit_by_sample_JB=sums["unit"],
        mediated_rms_J=np.sqrt(np.square(sums["mediated"], dtype=np.float64).mean(axis=1)),
        before_K=np.concatenate(before, axis=1).mean(axis=1),
        n_models=n_models,
    )


def _flat(effect_IKB: npt.NDArray[np.float32]) -> Float:
    return effect_IKB.reshape(-1, effect_IKB.shape[2]).astype(np.float64)


def asker(mask: Mask, compiled: Compiled, run: TrainedRun, question: Question) -> Callable[[ModelOf], JobEffects]:
    """Return what asks one model about the samples it held out."""
    cohort = run.cohort
    genes = cohort.gene_index(mask.genes)
    scanner = Scanner(mask, run.prepared.study.model, compiled)

    def effects(learned: FoldModel | HiddenGenesModel, samples: Samples) -> ModelEffects:
        if isinstance(learned, HiddenGenesModel):
            return hidden_effects(learned, compiled, samples)
        return scanner.effects(learned, question.phenotype, samples)

    def ask(model: ModelOf) -> JobEffects:
        _, test = run.prepared.folds.split(model.job.repeat, model.job.fold)
        index = test[question.chosen_B[test]]
        if not len(index):
            return _nobody(compiled.edits.n_items, len(outputs_of(question.phenotype)))
        # One thread, as in training: the arrays are small, and threads that wait for each other on a busy machine
        # cost more than they bring (20 s against 0.7 s for 36 pairs in 6 models, two cores shared with others).
        with one_thread():
            learned = _part(run.load(model), question)
            parts = [effects(learned, _samples(cohort, part, genes, question)) for part in run.in_parts(index)]
        return _job_effects(
            index, ModelEffects.joined(parts) if len(parts) > 1 else parts[0], run.prepared.study.training.replicates
        )

    return ask


def _part(model: JobModel, question: Question) -> FoldModel | HiddenGenesModel:
    if isinstance(model, SeveralModels):
        return model.parts[question.part or 0]
    return model


def _samples(cohort: Cohort, index: npt.NDArray[np.int64], genes: npt.NDArray[np.int64], question: Question) -> Samples:
    z_BP = cohort.covariates.to_numpy(dtype=np.float64, na_value=np.nan)
    values_BGC = cohort.values_BGC[index][:, genes]
    return Samples(values_BGC, z_BP[index], question.level_GC[genes])


def _job_effects(index: npt.NDArray[np.int64], effects: ModelEffects, n_replicates: int) -> JobEffects:
    mediated = effects.mediated_MIKB
    if not len(mediated):  # the mask added nothing in this fold, whatever the replicate
        mediated = np.zeros((n_replicates, *effects.direct_IKB.shape))
    mediated_MIK = mediated.mean(axis=3)
    return JobEffects(
        index=index,
        direct_IKB=effects.direct_IKB.astype(np.float32),
        mediated_IKB=effects.mean_mediated().astype(np.float32),
        unit_IKB=effects.unit_IKB.astype(np.float32),
        by_replicate_MIK=effects.direct_IKB.mean(axis=2) + mediated_MIK,
        mediated_by_replicate_MIK=mediated_MIK,
        before_KB=effects.before_KB,
    )


def _nobody(n_items: int, n_outputs: int) -> JobEffects:
    """Return the effects in no sample: none of those that were chosen is held out by this model."""
    none, means = np.zeros((n_items, n_outputs, 0), np.float32), np.zeros((0, n_items, n_outputs))
    return JobEffects(np.zeros(0, np.int64), none, none, none, means, means, np.zeros((n_outputs, 0)))
