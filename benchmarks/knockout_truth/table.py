"""What the cohorts' answers come to, as tables of Markdown."""

from __future__ import annotations

import platform
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from population import ALONE, BESIDE_CAUSAL, CAUSAL, EDGES_OF_NOTHING, Float, Population
from scipy import stats

import hypomask

LEVEL = 0.05
NULLS = (*BESIDE_CAUSAL, *EDGES_OF_NOTHING, *ALONE)
WAYS = {"knockout": "knocked out (edges cut)", "silenced": "silenced (dose 0, edges kept)"}
CURVES = {"auto": "auto", "never": "none"}
Cohorts = dict[int, list[dict[str, Float]]]  # by population


def write_table(folder: Path, out: Path) -> None:
    """Write the tables of all cohorts in `folder`."""
    groups: dict[tuple[str, int], Cohorts] = defaultdict(lambda: defaultdict(list))
    for file in sorted(folder.glob("*.npz")):
        curves, population, n, _ = file.stem.split("-")
        with np.load(file) as arrays:
            groups[curves, int(n)][int(population)].append(dict(arrays))
    if not groups:
        return
    lines = [
        "# Knockouts against a planted truth",
        "",
        "`python benchmarks/knockout_truth/run.py` (again and again: it goes on): hypomask "
        f"{hypomask.__version__}, torch {torch.__version__}, {platform.machine()}, Python {platform.python_version()}. "
        "Cohorts of 18 genes from four populations (population.py), main effects and products along eight edges "
        "explain 0.3 of the phenotype's variance each; all defaults, no null masks. ± is a standard error between "
        "cohorts.",
        "",
        "## How well effects are found",
        "",
        "Correlation with the truth: of mean effects, over the 18 genes of a cohort; of the effects of one gene in "
        "single samples, over samples, mean over the genes with a true edge. *Found*: share of genes whose true mean "
        "effect is at least 0.2 standard deviations of the phenotype that are called at Holm's p < 0.05.",
        "",
        "| way | curves | samples | cohorts | r of mean effects | r over samples | slope | found |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_found(way, *group, groups[group]) for way in WAYS for group in sorted(groups)]
    lines += [
        "",
        "## Intervals and calls",
        "",
        "Share of 95 % intervals (phenotype's unit) that cover. *The recipe's expectation*: the mean estimate of the "
        "other cohorts of the same population and size, its own error counted in. *The truth*: the population's mean "
        "effect. *Null genes*: no effect at all by themselves or through edges, apart from others or correlated with "
        "genes that have one; called at p < 0.05, and in a cohort at all after Holm's correction over its 18 genes.",
        "",
        "| way | curves | samples | cohorts | cover the expectation | cover the truth: all genes | causal genes | "
        "null genes | null genes called | of those beside causal genes | cohorts with a null gene called after Holm |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_covered(way, *group, groups[group]) for way in WAYS for group in sorted(groups)]
    lines += [
        "",
        "## The part through the mask",
        "",
        "Intervals of the mediated part against the recipe's expectation, and how often they exclude 0 for genes "
        "through which nothing goes in truth (those whose edges do nothing; genes without edges have exactly 0).",
        "",
        "| way | curves | samples | cover the expectation | genes with true edges | called where edges do nothing |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_mediated(way, *group, groups[group]) for way in WAYS for group in sorted(groups)]
    notes = Path(__file__).with_name("NOTES.md")
    lines += ["", notes.read_text(encoding="utf-8").strip(), ""] if notes.exists() else [""]
    out.write_text("\n".join(lines), encoding="utf-8")


def _found(way: str, curves: str, n: int, cohorts: Cohorts) -> str:
    r, over_samples, slopes, found = [], [], [], []
    for number, answers in cohorts.items():
        population = Population.draw(number)
        truth_G = population.mean_effect
        with_edge = sorted({gene for edge in population.edges for gene in edge})
        large = np.abs(truth_G) >= 0.2
        for answer in answers:
            said_G = answer[f"{way}_unit_mean"]
            r.append(np.corrcoef(said_G, truth_G)[0, 1])
            slopes.append(said_G @ truth_G / (truth_G @ truth_G))
            over_samples.append(np.nanmean(answer[f"{way}_by_sample"][with_edge]))
            found.append((_holm(answer[f"{way}_p"]) < LEVEL)[large].mean())
    cells = [_mean(values) for values in (r, over_samples, slopes, found)]
    return f"| {WAYS[way]} | {CURVES[curves]} | {n} | {len(r)} | {' | '.join(cells)} |"


def _covered(way: str, curves: str, n: int, cohorts: Cohorts) -> str:
    expectation, truth, causal, null, called, beside, familywise = ([] for _ in range(7))
    for number, answers in cohorts.items():
        truth_G = Population.draw(number).mean_effect
        for said_G, se_G, df, around_G in _around(answers, f"{way}_unit"):
            half_G = stats.t.isf(LEVEL / 2, df) * se_G
            if len(answers) > 1:
                expectation.append((np.abs(around_G) <= half_G).mean())
            inside_G = np.abs(said_G - truth_G) <= half_G
            truth.append(inside_G.mean())
            causal.append(inside_G[list(CAUSAL)].mean())
            null.append(inside_G[list(NULLS)].mean())
        for answer in answers:
            p_G = answer[f"{way}_p"]
            called.append((p_G < LEVEL)[list(NULLS)].mean())
            beside.append((p_G < LEVEL)[list(BESIDE_CAUSAL)].mean())
            familywise.append((_holm(p_G) < LEVEL)[list(NULLS)].any())
    cells = [_mean(values) for values in (expectation, truth, causal, null, called, beside, familywise)]
    return f"| {WAYS[way]} | {CURVES[curves]} | {n} | {len(called)} | {' | '.join(cells)} |"


def _mediated(way: str, curves: str, n: int, cohorts: Cohorts) -> str:
    expectation, with_edges, called = [], [], []
    for number, answers in cohorts.items():
        edges = Population.draw(number).edges
        reached = sorted({gene for edge in edges for gene in edge})
        for _, se_G, df, around_G in _around(answers, f"{way}_mediated") if len(answers) > 1 else ():
            inside_G = np.abs(around_G) <= stats.t.isf(LEVEL / 2, df) * se_G + 1e-12
            expectation.append(inside_G[[*reached, *EDGES_OF_NOTHING]].mean())
            with_edges.append(inside_G[reached].mean())
        called += [(answer[f"{way}_mediated_p"] < LEVEL)[list(EDGES_OF_NOTHING)].mean() for answer in answers]
    return f"| {WAYS[way]} | {CURVES[curves]} | {n} | {_mean(expectation)} | {_mean(with_edges)} | {_mean(called)} |"


def _around(answers: list[dict[str, Float]], name: str) -> list[tuple[Float, Float, int, Float]]:
    """Return estimate, standard error, degrees of freedom, and deviation from what the other cohorts say on average.

    The deviation is shrunk by sqrt((N - 1) / N), so that its variance is that of one estimate.
    """
    means = np.stack([answer[f"{name}_mean"] for answer in answers])
    n = len(means)
    around = (
        (means - means.mean(axis=0)) * (n / (n - 1)) * np.sqrt((n - 1) / n) if n > 1 else np.full_like(means, np.nan)
    )
    way = name.partition("_")[0]
    return [
        (mean_G, answer[f"{name}_se"], int(answer[f"{way}_df"][0]), around_G)
        for mean_G, answer, around_G in zip(means, answers, around, strict=True)
    ]


def _holm(p_G: Float) -> Float:
    order = np.argsort(p_G)
    adjusted = np.empty_like(p_G)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p_G[order] * np.arange(len(p_G), 0, -1)))
    return adjusted


def _mean(values: list[float]) -> str:
    known = np.array(values, dtype=float)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        return "–"
    return f"{known.mean():.3f} ± {known.std(ddof=1) / np.sqrt(len(known)):.3f}"
