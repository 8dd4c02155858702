"""Predicted against measured effects: rank, direction and recall, beside the additive part and null masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from hypomask.comparison.plain import to_plain
from hypomask.data.seeds import derive_seed
from hypomask.errors import ConfigError, DataError, HypomaskError
from hypomask.execution.progress import Progress, Silent
from hypomask.knockout.asking import ScanOptions, ask
from hypomask.knockout.interventions import Intervention, joint, knockout
from hypomask.knockout.measured_effects import Measured
from hypomask.knockout.trained_run import TrainedRun
from hypomask.knockout.units import outputs_of
from hypomask.outcomes.family import Float

__all__ = ["Agreement", "Evaluation", "agreement", "evaluate"]

FEWEST = 5
BOOTSTRAP_DRAWS = 1000
ADDITIVE = "no-interaction"


@dataclass(frozen=True)
class Agreement:
    """How well predictions agree with measurements.

    Parameters
    ----------
    rho, rho_low, rho_high
        Spearman's rank correlation with its interval (Fisher's z, variance 1.06 / (n - 3)); NaN where all are equal.
    direction, direction_low, direction_high
        Share of hits whose sign is predicted, with Wilson's interval; predictions of exactly 0 count as wrong.
    auprc, prevalence
        Area under the precision-recall curve (average precision) of hits by absolute prediction, and what chance gives.
    """

    n: int
    n_hits: int
    rho: float
    rho_low: float
    rho_high: float
    direction: float
    direction_low: float
    direction_high: float
    auprc: float
    prevalence: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Agreement of every hypothesis and reference with the same measurements.

    Parameters
    ----------
    agreements
        By name.
    against_additive
        By name, the difference of its rho to that of no interaction with its 95 % interval (bootstrap over knockouts).
    null_rho
        Rho of each null draw of a hypothesis, where models of them were kept.
    left_out
        Knockouts that could not be predicted, with the reason.
    """

    file: str
    hits_are: str
    levels: str
    agreements: dict[str, Agreement]
    against_additive: dict[str, tuple[float, float, float]]
    null_rho: dict[str, tuple[float, ...]]
    predicted: pd.DataFrame
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per hypothesis and reference, best rank correlation first."""
        rows = []
        for name, agreed in self.agreements.items():
            gain, low, high = self.against_additive.get(name, (np.nan, np.nan, np.nan))
            nulls = self.null_rho.get(name, ())
            null_p = (1 + sum(rho >= agreed.rho for rho in nulls)) / (1 + len(nulls)) if nulls else np.nan
            more = {"gain": gain, "gain_low": low, "gain_high": high, "null_draws": len(nulls), "null_p": null_p}
            rows.append({"name": name, **vars(agreed), **more})
        frame = pd.DataFrame(rows).set_index("name")
        return frame.sort_values("rho", ascending=False, kind="stable", na_position="last")

    def as_dict(self) -> dict[str, Any]:
        """Return all of it in JSON's types; NaN becomes None."""
        return {
            "measured": Path(self.file).name,
            "hits": self.hits_are,
            "reference_level": self.levels,
            "left_out": list(self.left_out),
            "notes": list(self.notes),
            "agreement": to_plain(self.table.reset_index().to_dict(orient="records")),
            "null_rho": {name: list(rho) for name, rho in self.null_rho.items()},
            "predicted": to_plain(self.predicted.to_dict(orient="records")),
        }


def agreement(predicted: Float, measured: Float, hit: npt.NDArray[np.bool_], alpha: float = 0.05) -> Agreement:
    """Compare predicted with measured effects, (Q,) each."""
    n = len(measured)
    rho = _spearman(predicted, measured)
    z = float(stats.norm.isf(alpha / 2))
    spread = z * np.sqrt(1.06 / (n - 3)) if n > 3 else np.nan
    middle = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    right = np.sign(predicted[hit]) == np.sign(measured[hit])
    low, high = _wilson(int(right.sum()), len(right), z)
    return Agreement(
        n=n,
        n_hits=int(hit.sum()),
        rho=rho,
        rho_low=float(np.tanh(middle - spread)),
        rho_high=float(np.tanh(middle + spread)),
        direction=float(right.mean()) if len(right) else float("nan"),
        direction_low=low,
        direction_high=high,
        auprc=_average_precision(np.abs(predicted), hit),
        prevalence=float(hit.mean()) if n else float("nan"),
    )


def evaluate(
    run: TrainedRun,
    measured: Measured,
    hypotheses: Sequence[str] = (),
    options: ScanOptions | None = None,
    progress: Progress | None = None,
    make: Callable[[str], Intervention] = knockout,
) -> Evaluation:
    """Predict what was measured under every hypothesis and reference, and compare.

    Parameters
    ----------
    hypotheses
        Which ones; empty: all of the run. No interaction, the additive part alone, is always among them.
    make
        What a gene's knockout is; `hypomask.knockout.interventions.knockout` by default.

    Raises
    ------
    DataError
        Fewer than five of the measured knockouts can be predicted.
    HypomaskError
        As `hypomask.knockout.scan.scan`.
    """
    options, progress = options or ScanOptions(), progress or Silent()
    names = list(dict.fromkeys([*(hypotheses or run.names), *([ADDITIVE] if ADDITIVE in run.names else [])]))
    kept, left_out = _predictable(run, measured, names)
    if len(kept) < FEWEST:
        why = f" ({'; '.join(left_out[:3])})" if left_out else ""
        raise DataError(
            f"{measured.file}: {len(kept)} of {len(measured.genes)} measured knockouts can be predicted, expected at "
            f"least {FEWEST}{why}. Genes of this run are called {', '.join(run.cohort.genes[:5])}"
        )
    interventions = _named([_made(measured.genes[q], make) for q in kept])
    effect, hit = measured.effect[kept], measured.hit[kept]
    predicted: dict[str, Float] = {}
    null_rho: dict[str, tuple[float, ...]] = {}
    for name in names:
        asked = ask(run, interventions, name, options)
        if len(outputs_of(asked.question.phenotype)) > 1:
            n = len(outputs_of(asked.question.phenotype))
            raise ConfigError(
                f"evaluate: {asked.question.phenotype.name!r} has {n} outputs, expected one, as a measured effect is "
                "one number: give --phenotype where the study has several, or use a run on two classes or a measurement"
            )
        models = run.models(run.model(name))
        predicted[name] = asked.summary(models, run.mask(name), progress, f"{name}: models").effect.mean
        rho = []
        for number, draw in enumerate(run.null_draws(name) if options.nulls and run.hypothesis(name) else ()):
            null_mask = run.mask_of(draw[0])
            if null_mask.genes != run.mask(name).genes:
                break
            stage = f"{name}: null mask {number + 1}"
            rho.append(_spearman(asked.summary(draw, null_mask, progress, stage).effect.mean, effect))
        if rho:
            null_rho[name] = tuple(rho)
    progress.end()
    return Evaluation(
        file=measured.file,
        hits_are=measured.hits_are,
        levels=options.levels.describe(run.cohort.channels),
        agreements={name: agreement(values, effect, hit, options.alpha) for name, values in predicted.items()},
        against_additive={
            name: _gain(values, predicted[ADDITIVE], effect)
            for name, values in predicted.items()
            if name != ADDITIVE and ADDITIVE in predicted
        },
        null_rho=null_rho,
        predicted=pd.DataFrame(
            {"knockout": [each.name for each in interventions], "measured": effect, "hit": hit, **predicted}
        ),
        left_out=left_out,
        notes=options.levels.doubts(run.cohort.values_BGC, run.cohort.channels),
    )


def _predictable(run: TrainedRun, measured: Measured, names: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    kept: list[int] = []
    left_out: list[str] = []
    for q, genes in enumerate(measured.genes):
        try:
            for name in names:
                run.check_genes(genes, name)
        except HypomaskError as error:
            left_out.append(f"{' + '.join(genes)}: {error}")
            continue
        kept.append(q)
    return kept, tuple(left_out)


def _made(genes: tuple[str, ...], make: Callable[[str], Intervention]) -> Intervention:
    return make(genes[0]) if len(genes) == 1 else joint(*(make(gene) for gene in genes))


def _named(interventions: Sequence[Intervention]) -> list[Intervention]:
    """Return the interventions with a number added to names that come again: the same knockout measured twice."""
    seen: dict[str, int] = {}
    named = []
    for each in interventions:
        seen[each.name] = seen.get(each.name, 0) + 1
        again = seen[each.name]
        named.append(each if again == 1 else Intervention(f"{each.name} ({again})", each.action, each.edits))
    return named


def _spearman(one: Float, two: Float) -> float:
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return float("nan")
    return float(np.corrcoef(stats.rankdata(one), stats.rankdata(two))[0, 1])


def _gain(values: Float, additive: Float, effect: Float) -> tuple[float, float, float]:
    """Return the difference of rank correlations and its 95 % interval, from knockouts drawn with replacement."""
    rng = np.random.default_rng(derive_seed("evaluate", len(effect)))
    draws = []
    for _ in range(BOOTSTRAP_DRAWS):
        at = rng.integers(0, len(effect), len(effect))
        draws.append(_spearman(values[at], effect[at]) - _spearman(additive[at], effect[at]))
    known = np.array(draws)[np.isfinite(draws)]
    observed = _spearman(values, effect) - _spearman(additive, effect)
    if len(known) < BOOTSTRAP_DRAWS // 2:
        return observed, float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return observed, float(low), float(high)


def _wilson(k: int, n: int, z: float) -> tuple[float, float]:
    """Return Wilson's interval of a share (1927)."""
    if not n:
        return float("nan"), float("nan")
    middle = (k + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(k * (n - k) / n + z**2 / 4) / (n + z**2)
    return float(middle - half), float(middle + half)


def _average_precision(score: Float, hit: npt.NDArray[np.bool_]) -> float:
    """Return the area under the precision-recall curve; ties are taken together."""
    if not hit.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last_of_ties = np.append(np.diff(score[order]) != 0, True)
    found, taken = np.cumsum(hit[order])[last_of_ties], np.flatnonzero(last_of_ties) + 1
    return float(np.sum(np.diff(found, prepend=0) * found / taken) / hit.sum())
