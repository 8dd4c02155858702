"""Interventions scanned over all models of a hypothesis: from a run to a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype
from hypomask.errors import ConfigError, DataError, HypothesisError, did_you_mean
from hypomask.execution.progress import Progress, Silent
from hypomask.knockout.compiled import Compiled, compile_interventions
from hypomask.knockout.effect_store import EffectStore, scan_key
from hypomask.knockout.graph import LayerGraph
from hypomask.knockout.incremental import plans
from hypomask.knockout.interventions import GeneEdit, Intervention
from hypomask.knockout.levels import Levels
from hypomask.knockout.network import layouts_of
from hypomask.knockout.scan_plan import touched_tokens
from hypomask.knockout.scan_result import Scan, Yardstick
from hypomask.knockout.summary import MAX_VALUES, Question, Summary, summarise
from hypomask.knockout.trained_run import ModelOf, TrainedRun
from hypomask.knockout.units import link_name, outputs_of, unit_name
from hypomask.knockout.where import Where
from hypomask.masks.mask import Mask
from hypomask.model.config import ModelConfig

__all__ = ["ScanOptions", "scan"]


@dataclass(frozen=True)
class ScanOptions:
    """How a scan is made.

    Parameters
    ----------
    levels
        What "gone" means.
    where
        Samples that effects are averaged over.
    phenotype
        Which of several phenotypes; None where the study has one.
    alpha
        Intervals cover 1 - alpha.
    nulls
        Judge mediated parts by stored null models, where there are any.
    """

    levels: Levels = field(default_factory=Levels)
    where: Where = field(default_factory=Where)
    phenotype: str | None = None
    alpha: float = 0.05
    nulls: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ConfigError(f"alpha: got {self.alpha:g}, expected more than 0 and less than 1; 0.05 is usual")


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
    _check(run, interventions, name)
    question = _question(run, options)
    mask = run.mask(name)
    compiled = compile_interventions(interventions, mask)
    _check_size(len(interventions), len(outputs_of(question.phenotype)), int(question.chosen_B.sum()))
    models = run.models(model)
    asked = _Asked(run, interventions, question, options)
    summary = asked.summary(models, mask, compiled, progress, f"{name}: models")
    yardstick = _null_yardstick(asked, name, models, mask, compiled, progress) if options.nulls else None
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
        notes=_notes(run, options, summary, yardstick),
    )


@dataclass(frozen=True, eq=False)
class _Asked:
    """The same question for models under several masks."""

    run: TrainedRun
    interventions: Sequence[Intervention]
    question: Question
    options: ScanOptions

    def summary(
        self, models: Sequence[ModelOf], mask: Mask, compiled: Compiled, progress: Progress, stage: str
    ) -> Summary:
        """Ask all `models`, going on where an earlier call was stopped."""
        key = scan_key(
            {
                "format": 1,
                "interventions": [repr(intervention) for intervention in self.interventions],
                "levels": repr(self.options.levels),
                "where": repr(self.options.where),
                "part": self.question.part,
                "models": [model.stored.sha256 for model in models],
            }
        )
        store = EffectStore(self.run.folder.knockouts / f"unfinished-{key}", key)
        done = sum(store.has(model.job) for model in models)
        progress.begin(stage, len(models), 0)
        if done:
            progress.say(f"{stage}: {done} of {len(models)} were asked before")
        summary = summarise(self.run, models, mask, compiled, self.question, store, progress)
        store.clear()
        return summary


def _null_yardstick(
    asked: _Asked,
    name: str,
    models: Sequence[ModelOf],
    mask: Mask,
    compiled: Compiled,
    progress: Progress,
) -> Yardstick | None:
    """Return how large mediated effects are under the stored null masks of a hypothesis; None where there are none.

    The hypothesis enters with as many repeats as its nulls have, or it would seem surer than they are.
    """
    draws = asked.run.null_draws(name)
    if not draws or any(not isinstance(edit, GeneEdit) for each in asked.interventions for edit in each.edits):
        return None
    rms_of_draws: list[npt.NDArray[np.float64]] = []
    for number, draw in enumerate(draws):
        null_mask = _mask_of(asked.run, draw[0])
        if null_mask.genes != mask.genes:
            return None  # matched gene sets: the genes that are knocked out are not in them
        under_null = compile_interventions(asked.interventions, null_mask)
        stage = f"null mask {number + 1} of {len(draws)}"
        rms_of_draws.append(asked.summary(draw, null_mask, under_null, progress, stage).mediated_rms_J)
    repeats = asked.run.prepared.study.plan.null_repeats
    same = [model for model in models if model.job.repeat < repeats]
    own = asked.summary(same, mask, compiled, progress, f"{name}: models, as many as each null mask has")
    return Yardstick(own.mediated_rms_J, np.stack(rms_of_draws))


def _mask_of(run: TrainedRun, model: ModelOf) -> Mask:
    from hypomask.training.stored_model import mask_of

    return mask_of(run.load(model))


def _check(run: TrainedRun, interventions: Sequence[Intervention], name: str) -> None:
    if not interventions:
        raise HypothesisError(f"there is nothing to knock out under {name!r}: no intervention was given or found")
    names = [intervention.name for intervention in interventions]
    if len(set(names)) < len(names):
        twice = next(one for i, one in enumerate(names) if one in names[:i])
        raise ConfigError(f"{twice!r} is asked for twice; every intervention needs a name of its own")
    run.check_genes([gene for intervention in interventions for gene in intervention.genes], name)


def _question(run: TrainedRun, options: ScanOptions) -> Question:
    cohort = run.cohort
    part, phenotype = _part_of(cohort.phenotype, options.phenotype)
    chosen_B = options.where.chosen(cohort)
    return Question(phenotype, part, options.levels.values(cohort.values_BGC, cohort.channels), chosen_B)


def _part_of(phenotype: Phenotype, name: str | None) -> tuple[int | None, Phenotype]:
    if phenotype.kind != "several":
        if name not in (None, phenotype.name):
            raise ConfigError(f"phenotype {name!r}: this run explains {phenotype.name!r} alone")
        return None, phenotype
    names = [part.name for part in phenotype.parts]
    if name is None:
        return 0, phenotype.parts[0]
    if name not in names:
        raise ConfigError(f"no phenotype {name!r}; this run has {', '.join(names)}.{did_you_mean(name, names)}")
    return names.index(name), phenotype.parts[names.index(name)]


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
            "nothing goes through the mask: in every training the edges added nothing that held on samples left out, "
            "so that all effects are the genes' own"
        )
    if np.isnan(summary.effect.se).any():
        notes.append("no intervals: fewer than two independent samples, or samples of fewer than two folds")
    if yardstick is None:
        notes.append(
            "all p values are against an effect of 0: no models of null masks were kept to compare with"
            + ("" if run.prepared.study.plan.keep_null_models else " (plan.keep_null_models keeps some)")
        )
    return tuple(notes)


def _check_size(n_items: int, n_outputs: int, n_samples: int) -> None:
    """Refuse scans whose answers do not fit into the memory of an ordinary computer.

    Raises
    ------
    DataError
        They do not.
    """
    values = float(n_items) * n_outputs * n_samples
    if values > MAX_VALUES:
        raise DataError(
            f"{n_items:,} interventions x {n_outputs:,} outputs x {n_samples:,} samples are {values:.2g} effects, at "
            f"most {MAX_VALUES:.0e} can be held; choose fewer genes, or a stratum of the samples"
        )
