"""Interventions scanned over all models of a hypothesis: from a run to a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype
from hypomask.execution.progress import Progress, Silent
from hypomask.knockout.asking import Asked, ScanOptions, ask
from hypomask.knockout.compiled import Compiled, compile_interventions
from hypomask.knockout.graph import LayerGraph
from hypomask.knockout.incremental import plans
from hypomask.knockout.interventions import GeneEdit, Intervention
from hypomask.knockout.network import layouts_of
from hypomask.knockout.scan_plan import touched_tokens
from hypomask.knockout.scan_result import Scan, Yardstick
from hypomask.knockout.summary import Summary
from hypomask.knockout.trained_run import ModelOf, TrainedRun
from hypomask.knockout.units import link_name, outputs_of, unit_name
from hypomask.masks.mask import Mask
from hypomask.model.config import ModelConfig

__all__ = ["ScanOptions", "scan"]


def scan(
    run: TrainedRun,
    interventions: Sequence[Intervention],
    hypothesis: str | None = None,
    options: ScanOptions | None = None,
    progress: Progress | None = None,
) -> Scan:
    """Estimate what every intervention does, over all folds, repeats and replicates of a hypothesis.

    Each model is asked about the samples that it did not see. What was asked of each model is kept in the run folder
    until the scan is over: one that was stopped goes on where it was.

    Parameters
    ----------
    hypothesis
        Name of a hypothesis or reference; None: the one that leads in the run.

    Raises
    ------
    HypomaskError
        `RunError` where models were not kept; `ConfigError`, `DataError` or `HypothesisError` where an intervention is
        not possible.
    """
    options, progress = options or ScanOptions(), progress or Silent()
    name = hypothesis if hypothesis is not None else run.leading
    model = run.model(name)
    asked = ask(run, interventions, name, options)
    question, mask = asked.question, run.mask(name)
    compiled = compile_interventions(interventions, mask)
    models = run.models(model)
    summary = asked.summary(models, mask, progress, f"{name}: models")
    yardstick = _null_yardstick(asked, name, models, mask, progress) if options.nulls else None
    progress.end()
    return Scan(
        study=run.prepared.study.name,
        hypothesis=name,
        phenotype=question.phenotype.name,
        link=link_name(question.phenotype),
        unit=unit_name(question.phenotype),
        outputs=outputs_of(question.phenotype),
        levels=options.levels.describe(run.cohort.channels),
        where=options.where.describe(),
        alpha=options.alpha,
        interventions=tuple(interventions),
        samples=tuple(np.array(run.cohort.samples)[question.chosen_B].tolist()),
        n_units=len(np.unique(run.prepared.folds.blocks[question.chosen_B])),
        touched_I=_touched(mask, run.prepared.study.model, compiled),
        summary=summary,
        yardstick=yardstick,
        notes=(
            *_notes(run, options, summary, yardstick),
            *_cut_off(question.phenotype, interventions),
        ),
    )


def _null_yardstick(
    asked: Asked, name: str, models: Sequence[ModelOf], mask: Mask, progress: Progress
) -> Yardstick | None:
    """Return how large mediated effects are under the stored null masks of a hypothesis; None where there are none.

    The hypothesis enters with as many repeats as its nulls have, or it would seem surer than they are.
    """
    draws = asked.run.null_draws(name)
    if not draws or any(not isinstance(edit, GeneEdit) for each in asked.interventions for edit in each.edits):
        return None
    rms_of_draws: list[npt.NDArray[np.float64]] = []
    for number, draw in enumerate(draws):
        null_mask = asked.run.mask_of(draw[0])
        if null_mask.genes != mask.genes:
            return None  # matched gene sets: the genes that are knocked out are not in them
        stage = f"null mask {number + 1} of {len(draws)}"
        rms_of_draws.append(asked.summary(draw, null_mask, progress, stage).mediated_rms_J)
    repeats = asked.run.prepared.study.plan.null_repeats
    same = [model for model in models if model.job.repeat < repeats]
    own = asked.summary(same, mask, progress, f"{name}: models, as many as each null mask has")
    return Yardstick(own.mediated_rms_J, np.stack(rms_of_draws))


def _touched(mask: Mask, config: ModelConfig, compiled: Compiled) -> npt.NDArray[np.int64]:
    """Return (I,) how many tokens each intervention reaches, in any layer."""
    layouts = layouts_of(mask, config)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts)
    touched_I = np.zeros(compiled.edits.n_items, dtype=np.int64)
    for first, plan in plans(compiled.edits, graphs, width=1, n_heads=1, n_batch=8):
        item, _ = touched_tokens(plan)
        touched_I[first : first + plan.edits.n_items] = np.bincount(item, minlength=plan.edits.n_items)
    return touched_I


def _notes(run: TrainedRun, options: ScanOptions, summary: Summary, yardstick: Yardstick | None) -> tuple[str, ...]:
    notes = list(options.levels.doubts(run.cohort.values_BGC, run.cohort.channels))
    if not np.any(summary.mediated.mean) and not np.any(summary.mediated.se):
        notes.append(
            "nothing goes through the mask: what was edited has no edge in it, or the edges added nothing in any "
            "training; all effects are the genes' own"
        )
    if np.isnan(summary.effect.se).any():
        notes.append("no intervals: fewer than two independent samples, or samples of fewer than two folds")
    if yardstick is None:
        notes.append(
            "all p values are against an effect of 0: no models of null masks were kept to compare with"
            + ("" if run.prepared.study.plan.keep_null_models else " (plan.keep_null_models keeps some)")
        )
    return tuple(notes)


def _cut_off(phenotype: Phenotype, interventions: Sequence[Intervention]) -> list[str]:
    """Say why knockouts of masked genes have no direction: what is no longer heard is missed, up and down alike."""
    cut = any(isinstance(edit, GeneEdit) and edit.cut for each in interventions for edit in each.edits)
    if phenotype.kind != "masked-genes" or not cut:
        return []
    return [
        "a gene whose edges are cut tells nothing, and its targets are predicted without it: what it told is missed in "
        "some samples upwards and in others downwards, about 0 on average (rms has the size). --dose 0 keeps the "
        "edges, so that targets hear the gene's reference level: that has a direction"
    ]
