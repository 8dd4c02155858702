"""Null tests that cannot say what they seem to: too few null masks, gene sets that do not match; mere direction."""

from __future__ import annotations

import numpy as np
import pytest

from hypomask.comparison.circumstances import Circumstances, NullControl
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.losses import NullLosses
from hypomask.comparison.null_test import null_test


def judged(table, nulls, quick, scope="all", **circumstances):
    return compare_losses(table, nulls, quick, scope, Circumstances(**circumstances))


def reasons(found) -> dict[str, object]:
    return {reason.code: reason for reason in found.verdict.reasons}


def all_worse(hypothesis: str, n: int, kind: str = "rewired") -> NullLosses:
    return NullLosses(hypothesis, 0.6, 0.65 + 0.01 * np.random.default_rng(0).random(n), kind)


def test_against_all_null_masks_there_are_the_rank_decides() -> None:
    draws = 0.65 + 0.01 * np.random.default_rng(0).random(25)
    assert null_test(0.6, draws, n_tests=3).p == null_test(0.6, draws, n_tests=3).p_t
    assert null_test(0.6, draws, n_tests=3, limit=25).p == pytest.approx(1 / 26)
    assert null_test(0.6, draws[:20], n_tests=3, limit=25).p != pytest.approx(1 / 21)  # not all of them yet


@pytest.mark.parametrize(("n_hypotheses", "code"), [(1, "best"), (2, "cannot-tell")])
def test_nulls_too_few_for_the_number_of_hypotheses_leave_it_open(
    make_table, make_nulls, quick, n_hypotheses, code
) -> None:
    table = make_table(dict([("a", -0.15), ("b", 0.0)][:n_hypotheses]))
    found = judged(table, [all_worse("a", 25)], quick, null_controls={"a": NullControl(limit=25)})
    assert found.verdict.code == code
    assert found.nulls[0].limit == 25
    if code == "cannot-tell":
        assert "there are only 25 random wirings with the same degrees of a" in found.verdict.sentence
        assert "cannot be below 0.077" in found.verdict.sentence
        assert reasons(found)["nulls-too-few"].numbers["least_p"] == pytest.approx(2 / 26)
        assert [reason.code for reason in found.verdict.reasons].count("nulls-too-few") == 1
        assert found["a"].code == "cannot-tell"
        assert "there are only 25" in found["a"].sentence


def test_few_nulls_of_which_enough_are_as_good_still_speak_against_a_wiring(make_table, quick) -> None:
    null = NullLosses("a", 0.6, np.linspace(0.59, 0.61, 25)[::-1][10:], "rewired")
    found = judged(make_table({"a": -0.15, "b": 0.0}), [null], quick, null_controls={"a": NullControl(limit=25)})
    assert found.nulls[0].stopped_early
    assert found.verdict.code == "no-better-than-nulls"


@pytest.mark.parametrize(
    ("bias", "code", "reason"),
    [(0.04, "best", None), (0.1, "best", "nulls-match-loosely"), (0.2, "cannot-tell", "nulls-unmatched")],
)
def test_gene_sets_that_vary_less_are_a_caveat_and_then_no_control(make_table, quick, bias, code, reason) -> None:
    table = make_table({"a": -0.15, "b": 0.0}, additive=-0.15)
    nulls = [all_worse("a", 99, "matched-genes")]
    found = judged(table, nulls, quick, "members", null_controls={"a": NullControl(rank_bias=bias)})
    assert found.verdict.code == code
    said = {name for name in reasons(found) if name in {"nulls-match-loosely", "nulls-unmatched"}}
    assert said == ({reason} if reason else set())
    if reason:
        assert reasons(found)[reason].numbers["rank_bias"] == bias
        assert f"by {bias:.0%} of the ranks" in reasons(found)[reason].sentence
    assert found["a"].code == ("cannot-tell" if code == "cannot-tell" else "best")


def test_gene_sets_that_vary_less_and_still_do_as_well_are_no_excuse(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15, "b": 0.0}, additive=-0.15)
    nulls = [make_nulls("a", gap=0.0, kind="matched-genes")]
    found = judged(table, nulls, quick, "members", null_controls={"a": NullControl(rank_bias=0.3)})
    assert found.verdict.code == "no-better-than-nulls"


def test_an_unmatched_rival_is_not_said_to_beat_its_nulls(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15, "b": -0.149}, additive=-0.15)
    nulls = [make_nulls("a", gap=0.0, kind="matched-genes"), all_worse("b", 99, "matched-genes")]
    matched = judged(table, nulls, quick, "members")
    assert "others-beat-nulls" in reasons(matched)
    found = judged(table, nulls, quick, "members", null_controls={"b": NullControl(rank_bias=0.3)})
    assert "others-beat-nulls" not in reasons(found)


PAIR = frozenset([frozenset(["a", "b"])])


def test_a_lead_over_the_same_edges_reversed_is_told_with_its_number_and_as_no_evidence_for_direction(
    make_table, make_nulls, quick
) -> None:
    table = make_table({"a": -0.15, "b": -0.02, "c": 0.0})
    found = judged(table, [make_nulls("a", gap=0.05)], quick, direction_only=PAIR)
    assert found.verdict.code == "best"
    reason = reasons(found)["direction-only"]
    pair = next(pair for pair in found.pairs if {pair.a, pair.b} == {"a", "b"})
    assert reason.numbers["lead"] == pytest.approx(-pair.difference)
    assert reason.numbers["p_holm"] == pair.p_holm
    assert "a and b connect the same genes and differ in direction" in reason.sentence
    assert "no evidence for either direction" in reason.sentence
    assert "direction-only" not in reasons(judged(table, [make_nulls("a", gap=0.05)], quick))


def test_a_best_may_not_rest_on_direction_that_is_undecided_by_itself(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15, "b": -0.095, "c": -0.085, "d": 0.1})
    nulls = [make_nulls("a", gap=0.05)]
    plain = compare_losses(table, nulls, quick)
    pair = next(pair for pair in plain.pairs if {pair.a, pair.b} == {"a", "b"})
    assert pair.p < 0.05 < pair.p_holm  # as a pair, and after Holm over the six pairs of four hypotheses
    assert plain.verdict.code == "best"
    found = judged(table, nulls, quick, direction_only=PAIR)
    assert found.verdict.code == "cannot-tell"
    assert "the lead over b, which connects the same genes and differs in direction alone" in found.verdict.sentence
    assert reasons(found)["direction-not-decided"].numbers["p_holm"] == pair.p_holm


@pytest.mark.parametrize(
    ("n_as_good", "kind", "says"),
    [(2, "relabelled", True), (0, "relabelled", False), (15, "relabelled", False), (2, "matched-genes", False)],
)
def test_a_few_wirings_that_hold_the_same_links_are_named_as_exceptions(
    make_table, quick, n_as_good, kind, says
) -> None:
    others = 0.9 + 0.05 * np.random.default_rng(0).random(39 - n_as_good)
    null = NullLosses("a", 0.6, np.concatenate([np.full(n_as_good, 0.59), others]), kind)
    found = judged(make_table({"a": -0.15, "b": 0.0}), [null], quick)
    assert (found.verdict.code == "best") == (n_as_good == 0)
    exceptions = [text for text in found.warnings if "can hold the very links that matter" in text]
    assert len(exceptions) == says
    if says:
        assert exceptions[0].startswith("2 of 39 graphs of the same shape on permuted genes did as well as a, although")
