"""Verdicts of survival and count studies: events are what there must be enough of, and losses have their names."""

from __future__ import annotations

from typing import Any

import pytest

from hypomask.comparison.compare import compare_losses

MEMBERS = {"survival": "the event", "discrete-survival": "the event", "counts": "a count above 0"}
LOSS = {"survival": "log loss", "discrete-survival": "log loss", "counts": "half deviance"}
KINDS = pytest.mark.parametrize("kind", list(MEMBERS))


@KINDS
def test_too_few_events_are_refused_a_best_however_many_samples(
    make_table: Any, make_nulls: Any, quick: Any, kind: str
) -> None:
    table = make_table({"a": -0.4, "b": 0.0}, noise=0.1, kind=kind, events={MEMBERS[kind]: 39})
    found = compare_losses(table, [make_nulls("a", gap=0.05)], quick)
    assert found.verdict.code == "cannot-tell"
    said = f"{found.verdict.sentence} {' '.join(reason.sentence for reason in found.verdict.reasons)}"
    assert f"There are too few samples with {MEMBERS[kind]} to name a best hypothesis: 7.8 per fold, at least 8" in said
    assert found.samples_needed == 308  # 300 samples gave 39 events; 8 in each of 5 folds are 40


@KINDS
def test_enough_events_are_not(make_table: Any, make_nulls: Any, quick: Any, kind: str) -> None:
    table = make_table({"a": -0.4, "b": 0.0}, noise=0.1, kind=kind, events={MEMBERS[kind]: 40})
    found = compare_losses(table, [make_nulls("a", gap=0.05)], quick)
    assert found.verdict.code == "best"
    assert f"{LOSS[kind]}, 95 % interval" in found.verdict.sentence
    other = {"log loss", "half deviance", "squared error"} - {LOSS[kind]}
    text = f"{found.verdict.sentence} {' '.join(reason.sentence for reason in found.verdict.reasons)}"
    assert not any(name in text for name in other)
    assert "class" not in text


@KINDS
def test_the_unit_of_the_loss_is_part_of_the_settings(make_table: Any, quick: Any, kind: str) -> None:
    found = compare_losses(make_table({"a": -0.4, "b": 0.0}, kind=kind, events={MEMBERS[kind]: 90}), (), quick)
    assert found.settings["loss"] == ("half deviance (nats)" if kind == "counts" else "log loss (nats)")
