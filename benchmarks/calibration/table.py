"""From judged cohorts to the table of error rates, each with its Monte-Carlo interval."""

from __future__ import annotations

import argparse
import platform
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scenarios import EDGES, GENES, SCENARIOS, Scenario
from statsmodels.stats.proportion import proportion_confint

import hypomask

ALPHA = 0.05
SUPPORTED = {"supported", "best", "among-the-best"}
Row = dict[str, Any]
# Hypotheses that hold planted edges; every other one is false.
TRUE = {"truth", "half", "half-1", "half-2"}
# Of these only one may be called best: the truth, or where it is not among them its half; of two halves neither.
MAY_BE_BEST = {"c": "truth", "d": "half", "d2": "truth"}


def rate(hits: Sequence[bool]) -> str:
    n, k = len(hits), int(sum(hits))
    low, high = proportion_confint(k, n, method="wilson")
    return f"{100 * k / n:.1f} % [{100 * low:.0f}, {100 * high:.0f}]"


def of(rows: Sequence[Row], says: Callable[[Row], bool]) -> str:
    return rate([says(row) for row in rows])


def false_best(row: Row) -> bool:
    return row["verdict"] == "best" and row["winner"] != MAY_BE_BEST.get(row["scenario"].split()[0])


def false_support(row: Row) -> bool:
    return any(code in SUPPORTED and name not in TRUE for name, code in row["codes"].items())


def false_null(row: Row) -> bool:
    return any(p <= ALPHA for name, p in row["null_p_holm"].items() if name not in TRUE)


def null_size(rows: Sequence[Row]) -> str:
    return rate([p <= ALPHA for row in rows for name, p in row["null_p"].items() if name not in TRUE])


def coverage(rows: Sequence[Row]) -> str:
    """Share of intervals of rivals' differences that hold the mean difference over all other cohorts."""
    by_pair: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for row in rows:
        for pair in row["pairs"]:
            flip = pair["a"] > pair["b"]
            a, b = sorted((pair["a"], pair["b"]))
            d, low, high = pair["d"], pair["low"], pair["high"]
            by_pair[a, b].append((-d, -high, -low) if flip else (d, low, high))
    covered = []
    for found in by_pair.values():
        d, low, high = np.array(found).T
        others = (d.sum() - d) / max(len(d) - 1, 1)
        covered += ((low <= others) & (others <= high)).tolist()
    return rate(covered)


def write_table(rows: Sequence[Row], path: Path, options: argparse.Namespace) -> None:
    by: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        by[row["scenario"], row["learner"]].append(row)
    lines = [
        "# Calibration: how often is a verdict wrong?",
        "",
        f"`python benchmarks/calibration/run.py --cohorts {options.cohorts} --jobs {options.jobs}`: {GENES} genes, "
        f"{EDGES} edges a hypothesis, three hypotheses, continuous phenotype; the default plan (5 folds, 3 repeats, 2 "
        "replicates, sequential stopping) with at most 59 null masks; the masked transformer as a study trains it. "
        f"hypomask {hypomask.__version__}, torch {torch.__version__}, {platform.machine()}, Python "
        f"{platform.python_version()}. In brackets: 95 % Monte-Carlo interval (Wilson).",
        "",
        "## Errors",
        "",
        '| scenario | cohorts | false "best" | false "supported" | false null test (Holm) | null test, each | coverage '
        "of differences | verdicts | trainings | CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_error_line(s, by[s.key, "transformer"]) for s in SCENARIOS if by.get((s.key, "transformer"))]
    nothing = [row for s in SCENARIOS if s.planted == "nothing" for row in by.get((s.key, "transformer"), [])]
    if nothing:
        lines += [
            "",
            f"All {len(nothing)} cohorts without interaction together: false null test after Holm "
            f"{of(nothing, false_null)}, each {null_size(nothing)}. The test is exact for a hypothesis drawn as its "
            "null masks are. A scenario keeps its three graphs for all cohorts, so that its own rate is that of these "
            "graphs, above or below 5 %.",
            "",
            "True differences are almost nothing where nothing interacts, and the variance is inflated for the worst "
            "case (docs/VERDICTS.md): hence a coverage above 97.5 %.",
        ]
    lines += [
        "",
        "## Power",
        "",
        "The oracle is ridge regression on the genes and on the products along a mask's edges, judged by the same "
        "procedure.",
        "",
        '| scenario | learner | cohorts | "best" is the truth | the true one beats its nulls (Holm) | its mean skill |',
        "|---|---|---|---|---|---|",
    ]
    lines += [
        _power_line(s, learner, by[s.key, learner])
        for s in SCENARIOS
        for learner in ("transformer", "oracle")
        if s.planted != "nothing" and by.get((s.key, learner))
    ]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))


def _error_line(scenario: Scenario, rows: Sequence[Row]) -> str:
    verdicts = Counter(row["verdict"] for row in rows)
    shown = ", ".join(f"{code} {n}" for code, n in verdicts.most_common())
    return (
        f"| {scenario.key}: {scenario.says} | {len(rows)} | {of(rows, false_best)} | {of(rows, false_support)} | "
        f"{of(rows, false_null)} | {null_size(rows)} | {coverage(rows)} | {shown} | "
        f"{np.mean([row['trainings'] for row in rows]):.0f} | {np.mean([row['cpu_s'] for row in rows]):.1f} |"
    )


def _power_line(scenario: Scenario, learner: str, rows: Sequence[Row]) -> str:
    right = MAY_BE_BEST.get(scenario.name)
    name = right or "half-1"
    best = of(rows, lambda row: row["verdict"] == "best" and row["winner"] == right) if right else "-"
    return (
        f"| {scenario.key}: {name} | {learner} | {len(rows)} | {best} | "
        f"{of(rows, lambda row: row['null_p_holm'][name] <= ALPHA)} | "
        f"{np.mean([row['skill'][name][0] for row in rows]):.3f} |"
    )
