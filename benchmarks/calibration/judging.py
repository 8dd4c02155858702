"""One cohort judged: by the masked transformer as a study trains it, or by an oracle that knows what interactions are.

The oracle is ridge regression on the genes and on the products along a mask's edges: what can be found at all by a
learner that knows the form of the truth and lacks only the wiring.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scenarios import Scenario, cohort_of, hypotheses_of
from sklearn.linear_model import RidgeCV

from hypomask.comparison.compare import compare_losses
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import NO_INTERACTION, LossTable, NullLosses
from hypomask.comparison.null_test import next_draws
from hypomask.comparison.result import Comparison
from hypomask.data.cohort import Cohort
from hypomask.data.seeds import derive_seed
from hypomask.data.splits import Folds, make_folds
from hypomask.execution.plan_config import PlanConfig
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import Mask
from hypomask.masks.null_masks import draw_null
from hypomask.masks.references import no_interaction
from hypomask.model.config import ModelConfig
from hypomask.training.config import TrainingConfig
from hypomask.training.job import fit_fold

Losses = tuple[np.ndarray, np.ndarray, np.ndarray]  # of the model, its additive part, and no genes; (B,) each
Learner = Callable[[Cohort, Mask, Folds, int, int, int, dict[Any, Any]], tuple[np.ndarray, Losses]]


def transformer(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, seed: int, cache: dict[Any, Any]
) -> tuple[np.ndarray, Losses]:
    fit = fit_fold(
        cohort,
        mask,
        folds,
        repeat,
        fold,
        model=ModelConfig(layers=1),
        training=TrainingConfig(),
        study_seed=seed,
        additive_cache=cache.setdefault((repeat, fold), {}),
    )
    y = (cohort.phenotype.values[fit.test_index] - fit.y_center) / fit.y_scale
    target = cohort.phenotype.target
    of = tuple(target.losses(eta, y) for eta in (fit.eta_full, fit.eta_additive, fit.eta_gene_free))
    return fit.test_index, of  # type: ignore[return-value]


def oracle(
    cohort: Cohort, mask: Mask, folds: Folds, repeat: int, fold: int, seed: int, cache: dict[Any, Any]
) -> tuple[np.ndarray, Losses]:
    train, test = folds.split(repeat, fold)
    x = cohort.values_BGC[:, :, 0].astype(np.float64)
    table = mask.edges()
    pairs = x[:, table.rows] * x[:, table.cols]
    y = cohort.phenotype.values
    scale = y[train].std()

    def loss(design: np.ndarray) -> np.ndarray:
        fitted = RidgeCV(np.logspace(-1, 4, 11)).fit(design[train], y[train])
        return ((y[test] - fitted.predict(design[test])) / scale) ** 2

    if ("additive", repeat, fold) not in cache:
        cache["additive", repeat, fold] = loss(x)
    additive = cache["additive", repeat, fold]
    full = loss(np.column_stack([x, pairs])) if table.n_edges else additive
    return test, (full, additive, ((y[test] - y[train].mean()) / scale) ** 2)


LEARNERS: dict[str, Learner] = {"transformer": transformer, "oracle": oracle}


@dataclass
class _Study:
    """The trainings of one cohort."""

    cohort: Cohort
    folds: Folds
    learner: Learner
    seed: int
    trainings: int = 0

    def __post_init__(self) -> None:
        self.cache: dict[Any, Any] = {}

    def losses(self, mask: Mask, n_repeats: int) -> np.ndarray:
        """(3, R, B)"""
        out = np.full((3, n_repeats, self.cohort.n_samples), np.nan)
        for repeat in range(n_repeats):
            for fold in range(self.folds.n_folds):
                rows, of = self.learner(self.cohort, mask, self.folds, repeat, fold, self.seed, self.cache)
                self.trainings += 1
                for part, values in enumerate(of):
                    out[part, repeat, rows] = values
        return out


def train(scenario: Scenario, number: int, learner: str, plan: PlanConfig) -> dict[str, np.ndarray]:
    """Train all that a study of cohort `number` trains; what `judge` needs, as arrays."""
    started = time.process_time()
    cohort = cohort_of(scenario, number)
    seed = derive_seed("calibration", scenario.key, number)
    folds = make_folds(cohort, n_folds=plan.folds, n_repeats=plan.repeats, seed=seed)
    study = _Study(cohort, folds, LEARNERS[learner], seed)
    masks = {h.name: compile_mask(h, cohort.genes, n_layers=1)[0] for h in hypotheses_of(scenario)}
    of = {name: study.losses(mask, plan.repeats) for name, mask in masks.items()}
    of[NO_INTERACTION] = study.losses(no_interaction(cohort.genes), plan.repeats)
    arrays = {f"losses/{name}": losses for name, losses in of.items()}
    for name, mask in masks.items():
        observed = float(of[name][0, : plan.null_repeats].mean())
        draws: list[float] = []
        while n := next_draws(observed, draws, stop_after=ComparisonConfig().null_stop_after, max_draws=plan.nulls):
            for draw in range(len(draws), len(draws) + n):
                null = draw_null(mask, kind="rewired", draw=draw, seed=seed, gene_pool=None).mask
                draws.append(float(study.losses(null, plan.null_repeats)[0].mean()))
        arrays[f"nulls/{name}"] = np.array([observed, *draws])
    if cohort.groups is not None:
        arrays["groups"] = cohort.groups
    arrays["cost"] = np.array([study.trainings, time.process_time() - started])
    return arrays


def judge(arrays: Mapping[str, np.ndarray], plan: PlanConfig) -> dict[str, Any]:
    """What the comparator says of the trainings of one cohort, as plain numbers."""
    of = {name.removeprefix("losses/"): losses for name, losses in arrays.items() if name.startswith("losses/")}
    nulls = [
        NullLosses(name.removeprefix("nulls/"), float(values[0]), values[1:], "rewired")
        for name, values in arrays.items()
        if name.startswith("nulls/")
    ]
    names = tuple(of)
    table = LossTable(
        names=names,
        roles=tuple("reference" if name == NO_INTERACTION else "hypothesis" for name in names),
        loss_MRB=np.stack([of[name][0] for name in names]),
        gene_free_RB=of[NO_INTERACTION][2],
        additive_MRB=np.stack([of[name][1] for name in names]),
        groups=arrays.get("groups"),
        n_folds=plan.folds,
        kind="continuous",
    )
    said = compare_losses(table, nulls, ComparisonConfig(), "all")
    return {"trainings": int(arrays["cost"][0]), "cpu_s": float(arrays["cost"][1]), **_said(said)}


def _said(said: Comparison) -> dict[str, Any]:
    return {
        "verdict": said.verdict.code,
        "winner": said.winner,
        "codes": {h.name: h.code for h in said.hypotheses},
        "null_p": {n.hypothesis: n.p for n in said.nulls},
        "null_p_holm": {n.hypothesis: n.p_holm for n in said.nulls},
        "pairs": [
            {"a": p.a, "b": p.b, "d": p.difference, "low": p.low, "high": p.high, "p": p.p, "p_holm": p.p_holm}
            for p in said.pairs
            if p.family == "rivals"
        ],
        "skill": {h.name: (h.skill, h.skill_low, h.skill_high) for h in said.hypotheses},
        "gain": {
            h.name: (h.gain, h.gain_low, h.gain_high, h.gain_p_adjusted) for h in said.hypotheses if h.gain is not None
        },
    }
