"""One question put to the models of several masks, going on where an earlier attempt was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import scipy.sparse as sp

from hypomask.data.cohort import Phenotype
from hypomask.errors import ConfigError, DataError, HypothesisError, did_you_mean
from hypomask.execution.progress import Progress
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.effect_store import EffectStore, scan_key
from hypomask.knockout.interventions import Intervention
from hypomask.knockout.levels import Levels
from hypomask.knockout.summary import MAX_VALUES, Question, Summary, summarise
from hypomask.knockout.trained_run import ModelOf, TrainedRun
from hypomask.knockout.units import outputs_of
from hypomask.knockout.where import Where
from hypomask.masks.mask import Mask

__all__ = ["Asked", "ScanOptions", "ask"]


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


@dataclass(frozen=True, eq=False)
class Asked:
    """Interventions that every model is asked about; see `ask`."""

    run: TrainedRun
    interventions: Sequence[Intervention]
    question: Question
    options: ScanOptions

    def summary(self, models: Sequence[ModelOf], mask: Mask, progress: Progress, stage: str) -> Summary:
        """Ask all `models` about every intervention."""
        return self.summaries(models, mask, progress, stage, (None,))[0]

    def summaries(
        self,
        models: Sequence[ModelOf],
        mask: Mask,
        progress: Progress,
        stage: str,
        contrasts: Sequence[sp.csr_array | None],
    ) -> list[Summary]:
        """Ask all `models` once, and estimate each of `contrasts`: combinations of effects, or None for the effects."""
        compiled = compile_interventions(self.interventions, mask)
        with self.store(models) as store:
            done = sum(store.has(model.job) for model in models)
            progress.begin(stage, len(models) * len(contrasts))
            if done:
                progress.say(f"{stage}: {done} of {len(models)} were asked before")
            found = [
                summarise(self.run, models, mask, compiled, self.question, store, progress, contrast)
                for contrast in contrasts
            ]
            store.clear()
        return found

    def store(self, models: Sequence[ModelOf]) -> EffectStore:
        """Return where the answers of `models` are kept until the scan is over."""
        key = scan_key(
            {
                "format": 2,
                "interventions": [repr(intervention) for intervention in self.interventions],
                "levels": repr(self.options.levels),
                "where": repr(self.options.where),
                "part": self.question.part,
                "models": [model.stored.sha256 for model in models],
            }
        )
        return EffectStore(self.run.folder.knockouts / f"unfinished-{key}", key)


def ask(run: TrainedRun, interventions: Sequence[Intervention], name: str, options: ScanOptions) -> Asked:
    """Check that hypothesis `name` can be asked about the interventions.

    Raises
    ------
    HypomaskError
        It cannot; the message says why.
    """
    _check(run, interventions, name)
    question = _question(run, options)
    _check_size(len(interventions), len(outputs_of(question.phenotype)), int(question.chosen_B.sum()))
    return Asked(run, interventions, question, options)


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
