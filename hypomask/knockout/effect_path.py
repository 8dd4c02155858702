"""The way an effect takes through the mask: which tokens pass it on, and how much each adds to the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hypomask.errors import ConfigError
from hypomask.execution.one_thread import one_thread
from hypomask.knockout.asking import ScanOptions, ask
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.interventions import Intervention
from hypomask.knockout.model_effects import Samples, Scanner
from hypomask.knockout.summary import Question
from hypomask.knockout.trained_run import TrainedRun
from hypomask.masks.mask import Mask
from hypomask.outcomes.family import Float
from hypomask.training.fold_model import FoldModel, SeveralModels

__all__ = ["EffectPath", "PathToken", "effect_path"]


@dataclass(frozen=True)
class PathToken:
    """A token that an intervention touches.

    Parameters
    ----------
    steps
        Edges from the intervention's own tokens; 0 for them.
    mean, rms
        Of what it adds to the effect on the link scale, over samples and models: the mean, and the root mean square,
        which tells tokens that matter in some samples up and in others down from those that never do.
    """

    name: str
    steps: int
    mean: float
    rms: float


@dataclass(frozen=True)
class EffectPath:
    """Touched tokens, by steps and size, and the edges between them that lead one step farther.

    Parameters
    ----------
    direct
        Mean effect through the genes' own terms.
    upstream
        Tokens that the intervention's own tokens read, and no longer hear of after a knockout.
    edges
        (source, target) by name.
    """

    intervention: str
    tokens: tuple[PathToken, ...]
    upstream: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    direct: float

    def as_dict(self) -> dict[str, Any]:
        """Return all of it in JSON's types."""
        return {
            "intervention": self.intervention,
            "direct": self.direct,
            "tokens": [vars(token) for token in self.tokens],
            "upstream": list(self.upstream),
            "edges": [list(edge) for edge in self.edges],
        }


def effect_path(
    run: TrainedRun, intervention: Intervention, hypothesis: str | None = None, options: ScanOptions | None = None
) -> EffectPath:
    """Follow one intervention through all models of a hypothesis.

    Raises
    ------
    HypomaskError
        As `hypomask.knockout.scan.scan`; `ConfigError` for phenotypes with several outputs.
    """
    options = options or ScanOptions()
    name = hypothesis if hypothesis is not None else run.leading
    model = run.model(name)
    question = ask(run, [intervention], name, options).question
    mask = run.mask(name)
    compiled = compile_interventions([intervention], mask)
    scanner = Scanner(mask, run.prepared.study.model, compiled)
    cohort = run.cohort
    genes = cohort.gene_index(mask.genes)
    z_BP = cohort.covariates.to_numpy(dtype=np.float64, na_value=np.nan)
    changes: list[Float] = []
    direct: list[Float] = []
    tokens = np.zeros(0, np.int64)
    for one in run.models(model):
        learned = _one_output(run, one, question)
        _, test = run.prepared.folds.split(one.job.repeat, one.job.fold)
        index = test[question.chosen_B[test]]
        for part in run.in_parts(index) if len(index) else ():
            samples = Samples(cohort.values_BGC[part][:, genes], z_BP[part], question.level_GC[genes])
            with one_thread():
                tokens, change_TKB = scanner.by_token(learned, samples)
                direct_B = scanner.effects(learned, question.phenotype, samples).direct_IKB[0, 0]
            changes.append(change_TKB[:, 0])
            direct.append(direct_B)
    change_TB = np.concatenate(changes, axis=1)
    own = {mask.genes.index(gene) for gene in intervention.genes} | _cut_tokens(intervention, mask)
    steps = _steps(mask, own or {int(row) for row in compiled.edits.pair_row}, run.prepared.study.model.n_layers)
    names = [*mask.genes, *mask.group_tokens]
    found = [
        PathToken(names[t], steps.get(t, 0), float(change_B.mean()), float(np.sqrt(np.square(change_B).mean())))
        for t, change_B in zip(tokens.tolist(), change_TB, strict=True)
    ]
    touched = set(tokens.tolist())
    rows, cols = np.divmod(mask.pair_keys, mask.n_tokens)
    pairs = list(zip(cols.tolist(), rows.tolist(), strict=True))  # source, target
    onward = [(s, t) for s, t in pairs if s in touched and t in touched and steps.get(t, 0) == steps.get(s, 0) + 1]
    upstream = sorted({names[s] for s, t in pairs if t in own and s not in touched})
    return EffectPath(
        intervention=intervention.name,
        tokens=tuple(sorted(found, key=lambda token: (token.steps, -token.rms, token.name))),
        upstream=tuple(upstream),
        edges=tuple((names[s], names[t]) for s, t in onward),
        direct=float(np.concatenate(direct).mean()),
    )


def _one_output(run: TrainedRun, one: Any, question: Question) -> FoldModel:
    learned = run.load(one)
    model = learned.parts[question.part or 0] if isinstance(learned, SeveralModels) else learned
    if not isinstance(model, FoldModel) or model.n_outputs > 1:
        raise ConfigError("the path of an effect is followed to one output; this phenotype has several")
    return model


def _cut_tokens(intervention: Intervention, mask: Mask) -> set[int]:
    names = {getattr(edit, "group", None) for edit in intervention.edits}
    return {mask.n_genes + g for g, name in enumerate(mask.group_tokens) if name in names}


def _steps(mask: Mask, own: set[int], n_layers: int) -> dict[int, int]:
    """Return for each token how many edges it is away from the intervention's own, downstream."""
    rows, cols = np.divmod(mask.pair_keys, mask.n_tokens)
    steps = dict.fromkeys(own, 0)
    for step in range(1, n_layers + 1):
        reached = {t for t in steps if steps[t] == step - 1}
        readers = rows[np.isin(cols, list(reached))].tolist()
        for reader in readers:
            steps.setdefault(reader, step)
    return steps
