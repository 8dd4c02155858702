"""How often does `hypomask compare-scores` err, on cross-validation of learners that are cheap enough to count?

    python benchmarks/score_tables/run.py [--tables 500] [--only WORDS] [--out FILE]

Every table: a fresh cohort, models that differ in nothing but their genes (disjoint sets, three genes of each matter),
and their scores fold by fold, judged by the same function as the command. Equal models have equal expected scores by
symmetry. Where they are not equal, the true difference is the mean over all tables of the row.
"""

from __future__ import annotations

import argparse
import gc
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy
from scipy.special import expit
from scipy.stats import rankdata

import hypomask
from hypomask.comparison.compare_scores import judge_scores
from hypomask.comparison.corrected_t import corrected_resampled_t
from hypomask.comparison.score_names import known_score
from hypomask.comparison.score_settings import ScoreSettings
from hypomask.comparison.score_table import ScoreTable

FloatArray = npt.NDArray[np.float64]
INFORMATIVE = 3


@dataclass(frozen=True)
class Scenario:
    """One row: cohorts of `n` samples, `genes` per model, `signal` of the phenotype's variance from genes.

    `gap`: how much more the first model's genes weigh than the others' (0: equal). `splits`: folds, or with
    `test_fraction` random splits.
    """

    words: str
    n: int
    genes: int
    score: Literal["r2", "auc", "log loss"]
    splits: int
    repeats: int = 1
    signal: float = 0.5
    penalty: float = 1.0
    models: int = 2
    gap: float = 0.0
    test_fraction: float | None = None


SCENARIOS = (
    Scenario("ridge", 100, 20, "r2", 10),
    Scenario("ridge", 200, 20, "r2", 5),
    Scenario("ridge", 200, 20, "auc", 10),
    Scenario("ridge, weak signal", 60, 20, "auc", 10, signal=0.3),
    Scenario("ridge, weak signal", 100, 20, "auc", 10, signal=0.3),
    Scenario("ridge, strong signal", 100, 20, "auc", 10, signal=0.999),
    Scenario("logistic", 200, 10, "log loss", 10),
    Scenario("logistic, repeated", 200, 10, "log loss", 5, 3),
    Scenario("ridge, repeated", 100, 20, "auc", 5, 3, signal=0.3),
    Scenario("ridge, repeated", 200, 20, "r2", 10, 10),
    Scenario("ridge, random splits", 200, 20, "r2", 20, test_fraction=0.2),
    Scenario("wide ridge", 100, 200, "r2", 10, penalty=50.0),
    Scenario("wide ridge", 150, 200, "r2", 5, penalty=50.0, signal=0.9),
    Scenario("wide ridge, repeated", 150, 200, "r2", 5, 3, penalty=50.0, signal=0.9),
    Scenario("very wide ridge", 200, 1000, "r2", 5, penalty=300.0, signal=0.3),
    Scenario("wide ridge, two folds", 80, 200, "auc", 2, penalty=50.0, signal=0.3),
    Scenario("wide ridge, three folds", 150, 200, "r2", 3, penalty=50.0, signal=0.3),
    Scenario("five equal models, ridge", 200, 20, "r2", 10, models=5),
    Scenario("five equal models, ridge", 100, 20, "auc", 10, models=5, signal=0.3),
    Scenario("beyond the method: interpolation", 200, 300, "r2", 10, penalty=0.01, signal=0.3),
    Scenario("unequal, ridge", 200, 20, "r2", 10, gap=0.3),
    Scenario("unequal, ridge", 200, 20, "r2", 10, gap=0.6),
    Scenario("unequal, ridge", 500, 20, "r2", 10, gap=0.3),
    Scenario("unequal, ridge", 500, 20, "r2", 5, 3, gap=0.3),
    Scenario("unequal, ridge", 500, 20, "auc", 10, gap=0.3),
)


def cohort(scenario: Scenario, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Genes (M, B, G) of every model, and a phenotype to which each model's genes add."""
    x_MBG = rng.standard_normal((scenario.models, scenario.n, scenario.genes))
    weight_M = np.full(scenario.models, 1.0 - scenario.gap)
    weight_M[0] = 1.0 + scenario.gap
    weight_M /= np.sqrt(INFORMATIVE * (weight_M**2).sum())
    explained_B = np.einsum("mb,m->b", x_MBG[:, :, :INFORMATIVE].sum(axis=2), weight_M)
    y_B = np.sqrt(scenario.signal) * explained_B
    y_B = y_B + np.sqrt(1.0 - scenario.signal) * rng.standard_normal(scenario.n)
    return x_MBG, y_B if scenario.score == "r2" else (y_B > 0).astype(np.float64)


def held_out(scenario: Scenario, y_B: FloatArray, rng: np.random.Generator) -> Iterator[npt.NDArray[np.bool_]]:
    """Test sets: of classes, folds are stratified."""
    for _ in range(scenario.repeats):
        if scenario.test_fraction is not None:
            n_test = round(scenario.test_fraction * scenario.n)
            for _ in range(scenario.splits):
                yield np.isin(np.arange(scenario.n), rng.permutation(scenario.n)[:n_test])
            continue
        order_B = rng.permutation(scenario.n)
        if scenario.score != "r2":
            order_B = order_B[np.argsort(y_B[order_B], kind="stable")]
        fold_B = np.empty(scenario.n, dtype=np.int64)
        fold_B[order_B] = np.arange(scenario.n) % scenario.splits
        yield from (fold_B == fold for fold in range(scenario.splits))


def ridge(x_BG: FloatArray, y_B: FloatArray, new_BG: FloatArray, penalty: float) -> FloatArray:
    centre = y_B.mean()
    if x_BG.shape[1] <= len(x_BG):
        gram = x_BG.T @ x_BG + penalty * np.eye(x_BG.shape[1])
        return np.asarray(centre + new_BG @ np.linalg.solve(gram, x_BG.T @ (y_B - centre)))
    kernel = x_BG @ x_BG.T + penalty * np.eye(len(x_BG))
    return np.asarray(centre + new_BG @ (x_BG.T @ np.linalg.solve(kernel, y_B - centre)))


def logistic(x_BG: FloatArray, y_B: FloatArray, new_BG: FloatArray, penalty: float) -> FloatArray:
    """Log odds by Newton's method; the intercept is not penalised."""
    z_BG = np.column_stack([np.ones(len(x_BG)), x_BG])
    shrink = penalty * np.diag([0.0] + [1.0] * x_BG.shape[1])
    beta = np.zeros(z_BG.shape[1])
    for _ in range(8):
        p_B = expit(z_BG @ beta)
        hessian = (z_BG * (p_B * (1 - p_B))[:, None]).T @ z_BG + shrink
        beta += np.linalg.solve(hessian, z_BG.T @ (y_B - p_B) - shrink @ beta)
    return np.asarray(beta[0] + new_BG @ beta[1:])


def score(scenario: Scenario, x_BG: FloatArray, y_B: FloatArray, test_B: npt.NDArray[np.bool_]) -> float:
    fit = logistic if scenario.score == "log loss" else ridge
    found = fit(x_BG[~test_B], y_B[~test_B], x_BG[test_B], scenario.penalty)
    truth = y_B[test_B]
    if scenario.score == "r2":
        return float(1.0 - ((truth - found) ** 2).sum() / ((truth - y_B[~test_B].mean()) ** 2).sum())
    if scenario.score == "log loss":
        return float(np.logaddexp(0.0, np.where(truth == 1, -found, found)).mean())
    n_events = truth.sum()
    return float(
        (rankdata(found)[truth == 1].sum() - n_events * (n_events + 1) / 2) / (n_events * (len(truth) - n_events))
    )


def table(scenario: Scenario, rng: np.random.Generator) -> ScoreTable:
    x_MBG, y_B = cohort(scenario, rng)
    tests = list(held_out(scenario, y_B, rng))
    scores_MJ = np.array([[score(scenario, x_BG, y_B, test_B) for test_B in tests] for x_BG in x_MBG])
    names = tuple(f"model-{m}" for m in range(scenario.models))
    shape = (scenario.models, scenario.repeats, scenario.splits)
    return ScoreTable("", names, scores_MJ.reshape(shape), known_score(scenario.score), False)


def row(scenario: Scenario, n_tables: int) -> list[str]:
    rng = np.random.default_rng([2026, SCENARIOS.index(scenario)])
    settings = ScoreSettings(test_fraction=scenario.test_fraction)
    fraction = scenario.test_fraction or 1.0 / scenario.splits
    said = {"sign": 0, "paired t": 0, "resampled t": 0, "any": 0, "best": 0, "equivalent": 0}
    estimates, limits = [], []
    for _ in range(n_tables):
        scores = table(scenario, rng)
        result = judge_scores(scores, settings)
        pair = result.pair("model-0", "model-1")
        sign = 1.0 if pair.a == "model-0" else -1.0
        estimates.append(sign * pair.ahead)
        limits.append(sorted((sign * pair.low, sign * pair.high)))
        said["sign"] += any(p.naive.sign <= 0.05 for p in result.pairs)
        said["paired t"] += any(p.naive.paired_t <= 0.05 for p in result.pairs)
        flat_MJ = scores.score_MRK.reshape(scenario.models, -1)
        place = {name: m for m, name in enumerate(scores.models)}
        said["resampled t"] += any(
            corrected_resampled_t(flat_MJ[place[p.a]] - flat_MJ[place[p.b]], fraction).p_two_sided <= 0.05
            for p in result.pairs
        )
        said["any"] += any(p.code in ("better", "worse") for p in result.pairs)
        said["best"] += result.verdict.code == "best"
        said["equivalent"] += result.verdict.code == "equivalent"
    truth = float(np.mean(estimates)) if scenario.gap else 0.0
    covered = np.mean([low <= truth <= high for low, high in limits])
    splits = f"{scenario.splits} random" if scenario.test_fraction else f"{scenario.repeats} x {scenario.splits}"
    return [
        scenario.words,
        str(scenario.n),
        str(scenario.genes),
        scenario.score,
        splits,
        f"{truth:.3f}" if scenario.gap else "0",
        *(f"{100 * said[name] / n_tables:.1f}" for name in ("sign", "paired t", "resampled t")),
        f"**{100 * said['any'] / n_tables:.1f}**",
        f"{100 * said['best'] / n_tables:.1f}",
        f"{100 * said['equivalent'] / n_tables:.1f}",
        f"{100 * covered:.1f}",
    ]


HEADINGS = (
    "models",
    "n",
    "genes",
    "score",
    "splits",
    "true difference",
    "naive sign",
    "naive paired t",
    "Nadeau-Bengio",
    "**any pair called better**",
    "verdict best",
    "verdict equivalent",
    "interval covers",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--only", default="", help="scenarios whose words contain this")
    parser.add_argument("--out", type=Path, help="Markdown to write; RESULTS.md holds the committed answer")
    options = parser.parse_args()
    gc.freeze()  # statsmodels collects garbage in every call of Holm; what is loaded need not be looked through again
    started = time.perf_counter()
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    print("\n".join(lines), flush=True)
    for scenario in SCENARIOS:
        if options.only in scenario.words:
            lines.append("| " + " | ".join(row(scenario, options.tables)) + " |")
            print(lines[-1], flush=True)
    where = (
        f"{options.tables} tables a row, {time.perf_counter() - started:.0f} s on one core ({platform.machine()}), "
        f"hypomask {hypomask.__version__}, numpy {np.__version__}, scipy {scipy.__version__}, "
        f"Python {platform.python_version()}."
    )
    print(where)
    if options.out is not None:
        options.out.write_text("\n".join([*lines, "", where, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
