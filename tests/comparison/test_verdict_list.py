"""Every verdict that a study, and a hypothesis, can get: reached from losses, and every reason with its number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from hypomask.comparison.circumstances import Circumstances, NullControl
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.health import FitRecords
from hypomask.comparison.losses import NullLosses
from hypomask.comparison.result import Comparison, HypothesisCode, VerdictCode
from hypomask.comparison.seeds import ReplicateLosses

FOLDS_RB = np.stack([np.random.default_rng(r).permutation(np.arange(300) % 5) for r in range(3)])


class Maker:
    """Short names for the fixtures."""

    def __init__(self, make_table: Callable[..., Any], make_nulls: Callable[..., Any], config: Any) -> None:
        self.table, self.nulls, self.config = make_table, make_nulls, config

    def study(self, offsets: dict[str, float], beaten: str = "a", scope: str = "all", **options: Any) -> Comparison:
        """Hypotheses named in `beaten` beat their nulls, the others are not tested."""
        circumstances = Circumstances(**options.pop("circumstances", {}))
        kind = "rewired" if scope == "all" else "matched-genes"
        gaps = options.pop("gaps", {})
        nulls = [self.nulls(name, gap=gaps.get(name, 0.05), kind=kind) for name in beaten if name in offsets]
        table = self.table(offsets, **options)
        return compare_losses(table, nulls, self.config, scope, circumstances)  # type: ignore[arg-type]


@pytest.fixture
def make(make_table: Callable[..., Any], make_nulls: Callable[..., Any], quick: ComparisonConfig) -> Maker:
    return Maker(make_table, make_nulls, quick)


def diverging(make: Maker) -> Comparison:
    table = make.table({"a": -0.2, "b": 0.0}, noise=0.05)
    loss_MRB = table.loss_MRB.copy()
    loss_MRB[table.index("b"), 0, FOLDS_RB[0] == 1] += 1.0
    circumstances = Circumstances(fits=FitRecords({}, FOLDS_RB))
    return compare_losses(
        replace(table, loss_MRB=loss_MRB), [make.nulls("a", gap=0.05)], make.config, "all", circumstances
    )


def disagreeing(make: Maker) -> Comparison:
    table = make.table({"a": -0.15, "b": -0.05}, noise=0.05)
    shift_M = np.array([-0.4, 0.4])[:, None, None]
    moved = {name: loss_RB + shift_M * (name == "a") for name, loss_RB in zip(table.names, table.loss_MRB, strict=True)}
    replicates = ReplicateLosses(moved, dict(zip(table.names, table.loss_MRB, strict=True)), FOLDS_RB)
    circumstances = Circumstances(replicates=replicates)
    return compare_losses(table, [make.nulls("a", gap=0.05)], make.config, "all", circumstances)


def lost_among_many(make: Maker) -> Comparison:
    rng = np.random.default_rng(8)
    many = {f"h{i:02d}": float(x) for i, x in enumerate(rng.normal(0.0, 0.018, 50))}
    table = make.table(many, no_interaction=0.1)
    winner = compare_losses(table, (), make.config).winner
    return compare_losses(table, [make.nulls(winner, gap=0.1)], make.config)


CLEAR = {"a": -0.15, "b": -0.02}
EQUAL = {"a": -0.15, "b": -0.1499}
STUDIES: dict[str, tuple[VerdictCode, Callable[[Maker], Comparison]]] = {
    "best": ("best", lambda m: m.study(CLEAR)),
    "best of one": ("best", lambda m: m.study({"a": -0.15})),
    "best membership": ("best", lambda m: m.study(CLEAR, scope="members", additive=-0.15)),
    "equivalent": ("equivalent", lambda m: m.study(EQUAL, noise=0.0, n=600)),
    "no better than its nulls": ("no-better-than-nulls", lambda m: m.study(CLEAR, gaps={"a": 0.0})),
    "a rival beats its nulls": (
        "no-better-than-nulls",
        lambda m: m.study({"a": -0.15, "b": -0.149}, "ab", gaps={"a": 0.0}),
    ),
    "worse than no interaction": ("edges-not-supported", lambda m: m.study({"a": -0.05}, no_interaction=-0.2)),
    "edges add nothing": ("edges-not-supported", lambda m: m.study({"a": -0.15}, no_interaction=-0.15)),
    "no signal": ("no-signal", lambda m: m.study({"a": 0.0, "b": 0.02})),
    "cannot tell two apart": ("cannot-tell", lambda m: m.study({"a": -0.15, "b": -0.14}, "ab")),
    "one of many": ("cannot-tell", lost_among_many),
    "nulls not drawn": ("cannot-tell", lambda m: m.study(CLEAR, "")),
    "nulls too few": ("cannot-tell", lambda m: m.study(CLEAR, circumstances={"null_controls": {"a": NullControl(19)}})),
    "nulls unmatched": (
        "cannot-tell",
        lambda m: m.study(
            CLEAR,
            scope="members",
            additive=-0.15,
            circumstances={"null_controls": {"a": NullControl(rank_bias=0.2)}},
        ),
    ),
    "too few samples": ("cannot-tell", lambda m: m.study({"a": -0.4, "b": 0.0}, n=39, noise=0.1)),
    "too few events": (
        "cannot-tell",
        lambda m: m.study({"a": -0.4, "b": 0.0}, n=120, noise=0.1, events={"rare": 39, "other": 81}),
    ),
    "too few groups": (
        "cannot-tell",
        lambda m: m.study({"a": -0.4, "b": 0.0}, noise=0.1, groups=np.array([f"p{i % 30}" for i in range(300)])),
    ),
    "fits diverged": ("cannot-tell", diverging),
    "fits failed": ("cannot-tell", lambda m: m.study(CLEAR, circumstances={"left_out": ("c",)})),
    "seeds disagree": ("cannot-tell", disagreeing),
    "refused": ("refused", lambda m: m.study({"a": -0.4}, n=9, noise=0.1)),
    "small": ("best", lambda m: m.study({"a": -0.4, "b": 0.0}, n=60, noise=0.1, events={"x": 40, "y": 40})),
}
CODES = {
    "nulls too few": "nulls-too-few",
    "nulls unmatched": "nulls-unmatched",
    "nulls not drawn": "nulls-not-drawn",
    "too few samples": "too-small",
    "too few events": "too-few-of-a-class",
    "too few groups": "too-small",
    "fits diverged": "diverged",
    "fits failed": "left-out",
    "seeds disagree": "seeds",
    "cannot tell two apart": "samples-needed",
    "one of many": "one-of-many",
    "a rival beats its nulls": "others-beat-nulls",
    "equivalent": "equivalence",
    "small": "small-sample",
    "refused": "small-sample",
}


@pytest.mark.parametrize("name", STUDIES)
def test_each_verdict_of_a_study_is_reached_and_every_reason_carries_its_number(make: Maker, name: str) -> None:
    code, build = STUDIES[name]
    found = build(make)
    assert found.verdict.code == code
    if name in CODES:
        assert CODES[name] in {reason.code for reason in found.verdict.reasons}
    for reason in found.verdict.reasons:
        assert reason.numbers, reason.code
        assert all(value is None or np.isfinite(value) for value in reason.numbers.values())
        assert any(value is not None for value in reason.numbers.values())
        assert re.search(r"\d", reason.sentence) or reason.code in {"others-beat-nulls", "left-out", "nulls-not-drawn"}
    assert re.search(r"\d", found.verdict.sentence) or name in {"nulls not drawn"}


def test_no_verdict_is_without_an_example() -> None:
    assert {code for code, _ in STUDIES.values()} == set(get_args(VerdictCode))


def test_each_verdict_on_a_hypothesis_is_reached_with_a_number(make: Maker) -> None:
    found: dict[str, list[str]] = {}
    studies = [build(make) for _, build in STUDIES.values()]
    behind = make.study({"a": -0.3, "b": -0.15, "c": 0.0}, "ab")
    harmful = make.study({"a": -0.25, "b": -0.05}, no_interaction=-0.2)
    for study in [*studies, behind, harmful]:
        for result in study.hypotheses:
            found.setdefault(result.code, []).append(result.sentence)
    assert set(found) == set(get_args(HypothesisCode))
    assert behind["b"].code == "supported"
    assert harmful["b"].code == "worse-than-no-interaction"
    for code, sentences in found.items():
        for sentence in sentences:
            assert code == "reference" or re.search(r"p [=<>] \d", sentence) or "null masks were not drawn" in sentence


@pytest.mark.parametrize("name", ["cannot tell two apart", "too few samples", "too few events"])
def test_a_study_that_cannot_tell_says_how_many_samples_would(make: Maker, name: str) -> None:
    found = STUDIES[name][1](make)
    assert found.samples_needed is not None
    assert found.samples_needed > found.n_groups


def test_one_of_many_is_told_how_many_samples_its_skill_would_need(make: Maker) -> None:
    found = lost_among_many(make)
    (reason,) = [reason for reason in found.verdict.reasons if reason.code == "one-of-many"]
    needed = reason.numbers["needed"]
    assert needed is not None
    assert 300 < needed < 3000
    assert f"about {needed:,} samples would decide" in found.verdict.sentence
    assert found.samples_needed is None  # its closest rival is too near for any guess


def test_enough_samples_would_indeed_decide(make: Maker) -> None:
    # The lead stays what it is and its error shrinks with the square root of n: the promise holds on these terms.
    small = make.study({"a": -0.15, "b": -0.11}, "ab")
    assert small.verdict.code == "cannot-tell"
    large = make.study({"a": -0.15, "b": -0.11}, "ab", n=small.samples_needed)
    assert large.verdict.code == "best"


def test_null_losses_that_tie_with_the_hypothesis_count_as_good(make: Maker) -> None:
    tie = NullLosses("a", 0.6, np.full(19, 0.6), "rewired")
    found = compare_losses(make.table(CLEAR), [tie], make.config)
    assert found.verdict.code == "no-better-than-nulls"
    assert found.nulls[0].p == 1.0
