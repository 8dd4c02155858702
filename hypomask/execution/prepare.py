"""Everything about a study that is known before the first training: cohort, folds, masks, coverage, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hypomask.comparison.facts import SMALLEST_COHORT
from hypomask.comparison.result import Role
from hypomask.data.splits import Folds, make_folds
from hypomask.data.streamed import Storage
from hypomask.errors import ConfigError, DataError, HypothesisError, Problem, raise_problems
from hypomask.execution.gene_choice import null_kind_of, stored_genes, token_genes
from hypomask.execution.jobs import NO_INTERACTION, UNCONSTRAINED, hypothesis_model
from hypomask.execution.model_keeping import KeptModels, kept_models
from hypomask.execution.null_modules import WITHIN_MODULES, null_modules
from hypomask.execution.plan_config import PlanConfig
from hypomask.execution.study_definition import Study
from hypomask.hypothesis.graph import Hypothesis, Scope
from hypomask.masks.compile import compile_mask
from hypomask.masks.coverage import Coverage
from hypomask.masks.layer_count import layers_for
from hypomask.masks.mask import Mask
from hypomask.masks.references import MAX_EDGES, no_interaction, unconstrained
from hypomask.masks.summary import mask_overlaps

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort
    from hypomask.data.spec import DataReport

__all__ = ["PreparedStudy", "coverage_warnings", "prepare", "shown_name"]

MAX_HIDDEN_GENES = 1000  # samples x genes are stored of every job
MAX_OWN_WARNINGS = 12
MAX_NAMES_SHOWN = 3


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """A study with its cohort read, its folds drawn and its masks compiled.

    Parameters
    ----------
    masks
        By model name (`hypomask.execution.jobs`), hypotheses first, in the order of the study.
    report
        What was found while reading the data; None when the cohort was given as an object.
    warnings
        What a reader of the answer must know about data, masks and plan.
    kept
        Which trained models are kept.
    null_modules
        Modules that null masks keep: a label per gene of the mask, by name of the hypothesis; empty: none are kept.
    """

    study: Study
    cohort: Cohort
    report: DataReport | None
    folds: Folds
    hypotheses: tuple[Hypothesis, ...]
    scope: Scope
    null_kind: str
    masks: Mapping[str, Mask]
    coverage: tuple[Coverage, ...]
    warnings: tuple[str, ...]
    kept: KeptModels
    null_modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the hypotheses."""
        return tuple(hypothesis.name for hypothesis in self.hypotheses)

    def remove_file(self) -> None:
        """Remove the file of measurements that are streamed, if there is one; nobody may ask for them after that."""
        streamed = self.cohort.streamed
        if streamed is not None and streamed.scratch is not None:
            streamed.scratch.remove()


def prepare(
    study: Study,
    *,
    cohort: Cohort | None = None,
    hypotheses: Sequence[Hypothesis] | None = None,
    scratch: Path | None = None,
    streamed: bool | None = None,
) -> PreparedStudy:
    """Read and compile everything that `study` names; a `cohort` or `hypotheses` given take the place of its files.

    Parameters
    ----------
    scratch
        Folder for measurements that do not fit into memory; None: the system's for temporary files.
    streamed
        Whether an earlier part of a run streamed them; None: that is decided by their size.

    Raises
    ------
    HypomaskError
        `ConfigError`, `HypothesisError` or `DataError`, with every problem of the file concerned.
    """
    if hypotheses is None:
        hypotheses = study.read_hypotheses()
    else:
        hypotheses = tuple(hypotheses)
        raise_problems(study.problems_between(hypotheses), ConfigError)
    report: DataReport | None = None
    if cohort is None:
        asked = tuple(hypotheses)
        storage = Storage(scratch, lambda genes: stored_genes(genes, asked, study), streamed)
        cohort, report = study.read_cohort(storage)
    # one layout for every process: sums over another memory order would differ in the last bit
    cohort = replace(cohort, values_BGC=np.ascontiguousarray(cohort.values_BGC, dtype=np.float32))
    plan = study.plan
    folds = make_folds(cohort, n_folds=plan.folds, n_repeats=plan.repeats, seed=plan.seed)
    _refuse_too_few(folds, cohort, study)
    scope = hypotheses[0].scope
    if study.model.layers is None:
        study = replace(study, model=replace(study.model, layers=layers_for(hypotheses)))
    genes, notes = token_genes(cohort.measured_genes, hypotheses, study)
    if cohort.phenotype.kind == "masked-genes":
        _refuse_hidden_genes(scope, genes)
        cohort = cohort.with_genes(genes)
    masks, coverage = _compile(hypotheses, genes, study)
    overlaps = mask_overlaps(list(masks.values()))
    if cohort.phenotype.kind == "masked-genes":  # a hidden gene is predicted from those that act on it: direction shows
        overlaps = [overlap for overlap in overlaps if not overlap.direction_only]
    references, reference_notes = _references(genes, masks, scope, study)
    found = report.warnings if report else ()
    kept, kept_note = kept_models(study, {**masks, **references}, cohort.phenotype, len(cohort.channels))
    return PreparedStudy(
        study=study,
        cohort=cohort,
        report=report,
        folds=folds,
        hypotheses=hypotheses,
        scope=scope,
        null_kind=null_kind_of(scope, study),
        masks={**masks, **references},
        coverage=coverage,
        warnings=(
            *found,
            *folds.notes,
            *notes,
            *reference_notes,
            *coverage_warnings(coverage),
            *(overlap.warning for overlap in overlaps if overlap.warning),
            *filter(None, [kept_note]),
        ),
        kept=kept,
        null_modules=_null_modules(hypotheses, masks, plan),
    )


def _null_modules(
    hypotheses: Sequence[Hypothesis], masks: Mapping[str, Mask], plan: PlanConfig
) -> dict[str, tuple[str, ...]]:
    if plan.null_kind != WITHIN_MODULES:
        return {}
    by_name = {hypothesis.name: masks[hypothesis_model(hypothesis.name)] for hypothesis in hypotheses}
    return null_modules(hypotheses, by_name, Path(plan.null_modules) if plan.null_modules else None)


def _refuse_too_few(folds: Folds, cohort: Cohort, study: Study) -> None:
    """Refuse what the comparison would refuse, but before anything is trained."""
    n_units = len(np.unique(folds.blocks))
    if n_units >= SMALLEST_COHORT:
        return
    if cohort.groups is not None:
        what, way_out = "groups", "group by something finer, or leave groups out if the samples are independent"
    else:
        what, way_out = "samples (copies count once)", "add samples"
    data = study.data
    file = None if data is None else str(data.samples or next(iter(data.channels.values())))
    message = f"{n_units} independent {what}, expected at least {SMALLEST_COHORT} for any verdict; {way_out}"
    raise DataError(str(Problem(message, file)))


def _refuse_hidden_genes(scope: Scope, genes: Sequence[str]) -> None:
    """Refuse what cannot be asked of masked genes."""
    if scope == "members":
        raise ConfigError(
            "masked genes under scope members: each hypothesis would predict other genes, and their losses could not "
            "be compared; use scope all"
        )
    if len(genes) > MAX_HIDDEN_GENES:
        raise ConfigError(
            f"masked genes: {len(genes):,} genes are to be predicted, at most {MAX_HIDDEN_GENES:,} can be; name fewer "
            "in the hypotheses and set plan.genes to named"
        )


def shown_name(model: str) -> tuple[str, Role]:
    """Return the name that a reader sees, and whether it is a hypothesis or a reference."""
    kind, _, name = model.partition("/")
    return name, "hypothesis" if kind == "hypothesis" else "reference"


def coverage_warnings(coverage: Sequence[Coverage]) -> tuple[str, ...]:
    """Return what compilation warned of: the same warning of many hypotheses once, and never a wall of text."""
    hypotheses_by_warning: dict[str, list[str]] = {}
    for row in coverage:
        for warning in row.warnings:
            hypotheses_by_warning.setdefault(warning, []).append(row.hypothesis)
    own = {warning: names for warning, names in hypotheses_by_warning.items() if len(names) == 1}
    listed = [
        f"{_some(names)}: {warning}"
        for warning, names in hypotheses_by_warning.items()
        if warning not in own or len(own) <= MAX_OWN_WARNINGS
    ]
    if len(own) > MAX_OWN_WARNINGS:
        concerned = {names[0] for names in own.values()}
        lowest = min(coverage, key=lambda row: row.fraction)
        listed.append(
            f"{len(concerned)} of {len(coverage)} hypotheses have genes or edges that are not in the data, the most "
            f"{lowest.hypothesis} ({lowest.genes_found} of {lowest.genes_named} genes found): see the table of coverage"
        )
    return tuple(listed)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_NAMES_SHOWN])
    return shown if len(names) <= MAX_NAMES_SHOWN else f"{shown} and {len(names) - MAX_NAMES_SHOWN} more hypotheses"


def _compile(
    hypotheses: Sequence[Hypothesis], genes: tuple[str, ...], study: Study
) -> tuple[dict[str, Mask], tuple[Coverage, ...]]:
    """Compile every hypothesis; those that cannot be are all named together."""
    masks: dict[str, Mask] = {}
    coverage: list[Coverage] = []
    problems: list[Problem] = []
    for hypothesis in hypotheses:
        try:
            mask, row = compile_mask(
                hypothesis, genes, n_layers=study.model.n_layers, min_coverage=study.plan.min_coverage
            )
        except HypothesisError as error:
            problems.append(Problem(str(error), study.place_of_hypotheses))
            continue
        masks[hypothesis_model(hypothesis.name)] = mask
        coverage.append(row)
    raise_problems(problems, HypothesisError)
    return masks, tuple(coverage)


def _references(
    genes: tuple[str, ...], masks: Mapping[str, Mask], scope: Scope, study: Study
) -> tuple[dict[str, Mask], tuple[str, ...]]:
    """Return the reference masks, and what is to be said about them."""
    if scope == "members":
        used = {gene for mask in masks.values() for gene in mask.genes}
        genes = tuple(gene for gene in genes if gene in used)
        if len(genes) > study.plan.reference_genes:
            return {}, (
                f"no references were trained: they would have all {len(genes):,} genes of all hypotheses, more than "
                f"plan.reference_genes ({study.plan.reference_genes:,})",
            )
    references = {NO_INTERACTION: no_interaction(genes)}
    if not study.plan.unconstrained:
        return references, ()
    largest = max(masks.values(), key=lambda mask: mask.n_edges)
    references[UNCONSTRAINED] = unconstrained(genes, like=largest, seed=study.plan.seed)
    if len(genes) * (len(genes) - 1) <= MAX_EDGES:
        return references, ()
    return references, (
        f"the reference 'unconstrained' is a random mask with as many edges as {largest.name!r}: "
        f"all pairs of {len(genes):,} genes are too many",
    )
