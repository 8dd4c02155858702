"""Comparisons written by hand: every verdict, many hypotheses, names nobody should trust."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hypomask.comparison.result import (
    Comparison,
    HypothesisResult,
    NullResult,
    PairResult,
    Reason,
    ShownScore,
    Verdict,
    VerdictCode,
)
from hypomask.masks.coverage import Coverage
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.report.page import Page

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
SENTENCES: dict[VerdictCode, str] = {
    "best": "{} explains the phenotype best: its edges beat their random rewirings and every rival.",
    "equivalent": "{} leads, but its rivals predict as well within 1 % of the gene-free loss.",
    "cannot-tell": "Cannot tell: {} leads, but 240 samples do not separate it from its rivals.",
    "no-better-than-nulls": "No hypothesis beats its nulls; {} has the lowest loss, as a random wiring might.",
    "edges-not-supported": "The genes of {} predict, its edges add nothing to them.",
    "no-signal": "No model predicts better than the covariates alone.",
    "refused": "Refused: 31 samples are too few to name a best hypothesis.",
}


def a_result(
    name: str, rank: int, gain: float, *, reference: bool = False, code: str = "not-supported"
) -> HypothesisResult:
    """One result whose numbers follow from its gain."""
    drawn = not reference
    return HypothesisResult(
        name=name,
        role="reference" if reference else "hypothesis",
        rank=rank,
        loss=0.60 - gain,
        skill=0.10 + gain / 0.68,
        skill_low=0.04 + gain / 0.68,
        skill_high=0.16 + gain / 0.68,
        skill_p=0.004,
        skill_p_adjusted=0.012,
        additive_skill=0.10,
        gain=None if name == "no-interaction" else gain,
        gain_low=None if name == "no-interaction" else gain - 0.021,
        gain_high=None if name == "no-interaction" else gain + 0.021,
        gain_p=0.01 if drawn else None,
        gain_p_adjusted=0.02 if drawn else None,
        gain_against="" if name == "no-interaction" else "no-interaction",
        null_kind="rewired" if drawn else "",
        null_p_rank=0.05 if drawn else None,
        null_p_t=0.003 if drawn else None,
        null_p=0.003 if drawn else None,
        null_p_holm=0.009 if drawn else None,
        null_z=3.1 if drawn else None,
        null_draws=19 if drawn else 0,
        in_confidence_set=None if reference else rank == 1,
        confidence_p=None if reference else 0.6,
        stacking_weight=None if reference else 0.5,
        scores={"AUC": ShownScore(0.7 + gain), "Brier": ShownScore(float("nan"), "undefined with one class")},
        code="reference" if reference else code,  # type: ignore[arg-type]
        sentence="Reference." if reference else "Its edges help: the gain's interval excludes zero.",
    )


def a_comparison(names: tuple[str, ...], code: VerdictCode = "best", scope: str = "all", nulls: int = 19) -> Comparison:
    """A study of `names`, the first of them leading."""
    rng = np.random.default_rng(7)
    gains = np.linspace(0.08, -0.03, len(names))
    codes = [code if code in {"best", "equivalent"} else "cannot-tell", *["not-supported"] * (len(names) - 1)]
    results = [a_result(name, k + 1, float(gains[k]), code=codes[k]) for k, name in enumerate(names)]
    results.append(a_result("unconstrained", len(names) + 1, -0.01, reference=True))
    results.append(a_result("no-interaction", len(names) + 2, 0.0, reference=True))
    drawn = tuple(
        NullResult(
            hypothesis=result.name,
            kind="rewired",
            observed=result.loss + 0.002,
            losses=tuple(float(x) for x in 0.60 + 0.01 * rng.standard_normal(nulls)),
            as_good=0,
            p_rank=1 / (nulls + 1),
            p_t=0.0001,
            p=0.0001,
            p_holm=0.0003,
            z=4.0,
            stopped_early=False,
            finished=True,
        )
        for result in results
        if result.role == "hypothesis" and nulls
    )
    pairs = tuple(
        PairResult(a, b, "rivals", float(gains[j] - gains[i]), float(gains[j] - gains[i]) - 0.02,
                   float(gains[j] - gains[i]) + 0.02, 0.01, 0.03 if j - i > 1 else 0.4, 0.3, 0.1)
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i < j
    )  # fmt: skip
    reasons = (
        Reason(
            "predicts", "It predicts better than the model without genes (p 0.012).", True, {"p": 0.012, "skill": 0.22}
        ),
        Reason("edges", "Its edges lower the loss by 0.080 [0.059, 0.101].", True, {"gain": 0.08, "p": 0.02}),
        Reason("nulls", "None of 19 null masks is as good.", code == "best", {"p": 0.0003, "draws": 19}),
        Reason("small-sample", "Below 300 samples the test errs up to 6 % of the time, not 5 %.", None, {"n": 240}),
    )
    return Comparison(
        verdict=Verdict(code, SENTENCES[code].format(names[0] if names else "nothing"), reasons),
        hypotheses=tuple(results) if code != "refused" else (),
        pairs=pairs if code != "refused" else (),
        nulls=drawn if code != "refused" else (),
        winner=names[0] if code != "refused" else None,
        winner_skill_corrected=0.19 if code != "refused" else None,
        samples_needed=1800 if code == "cannot-tell" else None,
        gene_free_loss=0.68,
        settings={"level": 0.05, "margin": 0.01, "folds": 5, "repeats": 3, "degrees_of_freedom": 14},
        n_samples=240,
        n_groups=240,
        scope=scope,  # type: ignore[arg-type]
        kind="binary",
        warnings=("Two covariates have missing values: filled with the training fold's mean.",),
        trainings={"hypotheses": 120, "nulls": 840},
    )


def a_mask(name: str, n_genes: int = 20, n_edges: int = 30) -> Mask:
    """A random mask."""
    rng = np.random.default_rng(n_genes)
    table = EdgeTable.build(rng.integers(n_genes, size=n_edges), rng.integers(n_genes, size=n_edges))
    return Mask(name, tuple(f"GENE{k}" for k in range(n_genes)), (table,))


def a_page(comparison: Comparison, **changes: object) -> Page:
    """A page around `comparison` with masks, coverage and facts."""
    names = tuple(result.name for result in comparison.hypotheses if result.role == "hypothesis")
    page = Page(
        title="p53 damage response",
        comparison=comparison,
        question="Which wiring of the same genes explains TP53 status?",
        masks=tuple(a_mask(name, 18 + 30 * k) for k, name in enumerate(names)),
        coverage=tuple(Coverage(name, 20, 18, ("BBC3", "PMAIP1"), 30, 26, 18, ()) for name in names),
        facts={
            "Data": {"samples": 240, "genes": 20, "phenotype": "TP53 (binary, event MUT)"},
            "Plan": {"folds": 5, "repeats": 3, "seed": 1},
            "Versions": {"hypomask": "0.1.0", "torch": "2.13.0"},
        },
        command="hypomask compare study.yaml --seed 1 --fresh",
        created="2026-11-21 03:20",
        notes=("Gene 'X' is constant.",),
    )
    return replace(page, **changes)  # type: ignore[arg-type]


@pytest.fixture
def make_comparison() -> Callable[..., Comparison]:
    return a_comparison


@pytest.fixture
def make_page() -> Callable[..., Page]:
    return a_page


@pytest.fixture
def make_mask() -> Callable[..., Mask]:
    return a_mask


@pytest.fixture
def hostile() -> str:
    return HOSTILE
