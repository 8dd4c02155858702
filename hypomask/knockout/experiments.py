"""Experiments to do next: knockouts on which hypotheses disagree, by how many replicates would tell them apart.

An experiment is m replicates with the knockout and m without, and its outcome the difference of their mean phenotypes,
with variance ``2 v / m``. Hypotheses a and b predict it to be E_a and E_b (in the phenotype's own terms, mean over the
samples as measured). The experiment tells them apart when it is significantly nearer to one than to the other: for a
difference ``D = E_a - E_b`` its power at level alpha, two-sided, is ``Phi(|D| sqrt(m / (2 v)) - z)``. D itself is not
known exactly: *expected power* is the mean of that over D as estimated, normal with its standard error, which is paired
(both hypotheses were trained on the same folds from the same seeds). Replicates needed are the fewest with the expected
power wanted; where D may as well be 0, no number suffices.

What goes through the mask often cancels between samples. So the background (the sample as measured) in which both
predictions lie farthest apart is named too, with the replicates needed there if the difference is as predicted: it is
the largest of many, and flattered by that.

v is the variance of the phenotype among replicates: by default what the better of both models leaves unexplained
between samples (``p (1 - p)`` of the predicted probability for events and classes), which replicates of one strain will
rarely exceed; give it where it is known.

References
----------
O'Hagan, Stevens & Campbell 2005, doi:10.1002/pst.175 (expected power, or assurance).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from hypomask.comparison.plain import to_plain
from hypomask.data.cohort import Phenotype
from hypomask.errors import ConfigError, HypothesisError
from hypomask.execution.progress import Progress, Silent
from hypomask.knockout.asking import Asked, ScanOptions, ask
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.effect_store import EffectStore, JobEffects
from hypomask.knockout.inference import Estimate, FoldMeans, estimate, fold_means
from hypomask.knockout.interventions import Intervention
from hypomask.knockout.summary import asker
from hypomask.knockout.trained_run import TrainedRun
from hypomask.knockout.units import outputs_of, unit_name
from hypomask.outcomes.family import Float

__all__ = ["Experiments", "expected_power", "experiments", "replicates_needed"]

MOST_REPLICATES = 10_000
SHOWN = (3, 6, 12)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)


@dataclass(frozen=True, eq=False)
class Experiments:
    """Knockouts ranked by the replicates that would tell two hypotheses apart.

    Parameters
    ----------
    rows
        One per pair of hypotheses, knockout and output: what the table holds.
    variance
        v, by pair of hypotheses.
    """

    study: str
    phenotype: str
    unit: str
    levels: str
    where: str
    alpha: float
    power: float
    rows: tuple[dict[str, Any], ...]
    variance: dict[tuple[str, str], float]
    notes: tuple[str, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Columns: ``knockout``, ``a``, ``b``, ``predicted_a``, ``predicted_b``, ``difference`` with ``low``, ``high``.

        And ``replicates`` (NaN where more than 10,000 per arm, or no number, would do), ``power_3``, ``power_6``,
        ``power_12``: the expected power of an experiment with so many per arm; ``background``: the sample in which the
        predictions differ most, ``difference_there`` and ``replicates_there``. Fewest replicates first.
        """
        frame = pd.DataFrame(list(self.rows))
        order = np.lexsort((-frame["power_12"].to_numpy(), frame["replicates"].fillna(np.inf).to_numpy()))
        return frame.iloc[order].reset_index(drop=True)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it in JSON's types; NaN becomes None."""
        return {
            "study": self.study,
            "phenotype": self.phenotype,
            "unit": self.unit,
            "reference_level": self.levels,
            "samples": self.where,
            "alpha": self.alpha,
            "power": self.power,
            "variance_of_a_replicate": {f"{a} against {b}": v for (a, b), v in self.variance.items()},
            "notes": list(self.notes),
            "experiments": to_plain(self.table.to_dict(orient="records")),
        }


def experiments(
    run: TrainedRun,
    interventions: Sequence[Intervention],
    hypotheses: Sequence[str],
    options: ScanOptions | None = None,
    progress: Progress | None = None,
    *,
    power: float = 0.8,
    variance: float | None = None,
) -> Experiments:
    """Rank interventions by how well they would tell every two of `hypotheses` apart.

    What each model was asked is kept in the run folder until all were: stopped, it goes on where it was.

    Parameters
    ----------
    power
        Expected power wanted, above 0 and below 1.
    variance
        Of the phenotype among replicates; None: estimated, see the head of this file.

    Raises
    ------
    HypomaskError
        As `hypomask.knockout.scan.scan`; `ConfigError` with fewer than two hypotheses.
    """
    options, progress = options or ScanOptions(), progress or Silent()
    names = tuple(dict.fromkeys(hypotheses))
    if len(names) < 2:
        raise ConfigError(
            f"experiments: got {', '.join(names) or 'no hypothesis'}, expected at least two to tell apart"
        )
    if not 0 < power < 1:
        raise ConfigError(f"power: got {power:g}, expected more than 0 and less than 1; 0.8 is usual")
    if variance is not None and not variance > 0:
        raise ConfigError(f"variance of a replicate: got {variance:g}, expected a positive number")
    if not interventions:
        raise HypothesisError(
            "no gene is known to all of these hypotheses: there is no knockout they could disagree on"
        )
    asked = [ask(run, interventions, name, options) for name in names]
    question = asked[0].question
    with ExitStack() as held:  # all answers are kept until the last hypothesis was asked
        stores = [
            held.enter_context(one.store(run.models(run.model(name)))) for name, one in zip(names, asked, strict=True)
        ]
        found = [_effects(run, *each, progress) for each in zip(names, asked, stores, strict=True)]
        for store in stores:
            store.clear()
    progress.end()
    outputs = outputs_of(question.phenotype)
    samples = np.array(run.cohort.samples)[question.chosen_B].tolist()
    labels = [(each.name, output) for each in interventions for output in outputs]
    rows: list[dict[str, Any]] = []
    variances: dict[tuple[str, str], float] = {}
    for i, j in combinations(range(len(names)), 2):
        difference, means, by_sample_JB = _difference(run, found[i], found[j], asked[i])
        of_pair = _variance(question.phenotype, found[i], found[j]) if variance is None else None
        v_K = np.full(len(outputs), variance) if of_pair is None else of_pair
        variances[names[i], names[j]] = float(v_K.mean())
        low, high = difference.interval(options.alpha)
        for at, (knockout, output) in enumerate(labels):
            d, se, v = float(difference.mean[at]), float(difference.se[at]), float(v_K[at % len(outputs)])
            there = int(np.argmax(np.abs(by_sample_JB[at])))
            d_there = float(by_sample_JB[at, there])
            rows.append(
                {
                    "knockout": knockout,
                    **({"output": output} if len(outputs) > 1 else {}),
                    "a": names[i],
                    "b": names[j],
                    "predicted_a": means[0][at],
                    "predicted_b": means[1][at],
                    "difference": d,
                    "low": low[at],
                    "high": high[at],
                    "replicates": replicates_needed(d, se, v, power, options.alpha),
                    **{f"power_{m}": expected_power(d, se, v, m, options.alpha) for m in SHOWN},
                    "background": samples[there],
                    "difference_there": d_there,
                    "replicates_there": replicates_needed(d_there, 0.0, v, power, options.alpha),
                }
            )
    estimated = (
        "the variance among replicates is taken from what models leave unexplained between samples; replicates of one "
        "strain or cell line vary less, and fewer of them do"
    )
    return Experiments(
        study=run.prepared.study.name,
        phenotype=question.phenotype.name,
        unit=unit_name(question.phenotype),
        levels=options.levels.describe(run.cohort.channels),
        where=options.where.describe(),
        alpha=options.alpha,
        power=power,
        rows=tuple(rows),
        variance=variances,
        notes=(
            *options.levels.doubts(run.cohort.values_BGC, run.cohort.channels),
            *([estimated] if variance is None else []),
        ),
    )


def expected_power(difference: float, se: float, variance: float, m: int, alpha: float) -> float:
    """Return the expected power of an experiment with m replicates per arm."""
    drawn = difference + (se if np.isfinite(se) else 0.0) * NODES
    size = np.abs(drawn) * np.sqrt(m / (2 * variance))
    return float(stats.norm.sf(stats.norm.isf(alpha / 2) - size) @ WEIGHTS / WEIGHTS.sum())


def replicates_needed(difference: float, se: float, variance: float, power: float, alpha: float) -> float:
    """Return the fewest replicates per arm, at least 2, with the expected power wanted; NaN where 10,000 do not do."""

    def enough(m: int) -> bool:
        return expected_power(difference, se, variance, m, alpha) >= power

    if not enough(MOST_REPLICATES):
        return float("nan")
    low, high = 1, MOST_REPLICATES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(max(high, 2))


def _effects(
    run: TrainedRun, name: str, asked: Asked, store: EffectStore, progress: Progress
) -> dict[tuple[int, int], JobEffects]:
    """Return the effects in the eyes of each model, by repeat and fold; what is stored is not asked again."""
    models = run.models(run.model(name))
    mask = run.mask(name)
    question = asker(mask, compile_interventions(asked.interventions, mask), run, asked.question)
    found = {model.job.split: effects for model in models if (effects := store.read(model.job))}
    progress.begin(f"{name}: models", len(models), len(found))
    for model in models:
        if model.job.split not in found:
            found[model.job.split] = question(model)
            store.write(model.job, found[model.job.split])
            progress.advance()
    return found


def _difference(
    run: TrainedRun, one: dict[tuple[int, int], JobEffects], two: dict[tuple[int, int], JobEffects], asked: Asked
) -> tuple[Estimate, tuple[Float, Float], Float]:
    """Estimate the mean difference of unit effects, paired by fold and sample.

    Returns the estimate, the mean effects of both, and the mean difference in each chosen sample (J, B).
    """
    chosen_B = asked.question.chosen_B
    position, units = np.cumsum(chosen_B) - 1, run.prepared.folds.blocks
    splits = [split for split in sorted(one.keys() & two.keys()) if len(one[split].index)]
    repeats = len({repeat for repeat, _ in splits})
    n_effects = int(np.prod(one[splits[0]].unit_IKB.shape[:2]))
    mean_JB = np.zeros((n_effects, int(chosen_B.sum())))
    means = (np.zeros(n_effects), np.zeros(n_effects))
    folds: list[FoldMeans] = []
    for repeat, fold in splits:
        a, b = one[repeat, fold], two[repeat, fold]
        effects = [each.unit_IKB.reshape(n_effects, -1).astype(np.float64) for each in (a, b)]
        difference_JB = effects[0] - effects[1]
        mean_JB[:, position[a.index]] += difference_JB / repeats
        for mean_J, effect_JB in zip(means, effects, strict=True):
            mean_J += effect_JB.sum(axis=1) / (repeats * chosen_B.sum())
        none = np.zeros((0, n_effects))
        folds.append(fold_means(repeat, fold, difference_JB, position[a.index], units[a.index], none))
    return estimate(mean_JB, units[chosen_B], folds), means, mean_JB


def _variance(
    phenotype: Phenotype, one: dict[tuple[int, int], JobEffects], two: dict[tuple[int, int], JobEffects]
) -> Float:
    """Return (K,) what the better of two hypotheses leaves unexplained of the phenotype, in its own terms."""

    def left(effects: dict[tuple[int, int], JobEffects]) -> Float:
        parts = []
        for each in effects.values():
            if not len(each.index):
                continue
            if phenotype.kind in ("continuous", "counts", "masked-genes"):
                y = phenotype.values[each.index]
                parts.append((y.reshape(len(y), -1).T - each.before_KB) ** 2)
            else:
                parts.append(each.before_KB * (1 - each.before_KB))
        return np.asarray(np.nanmean(np.concatenate(parts, axis=1), axis=1))

    return np.maximum(np.minimum(left(one), left(two)), 1e-12)
