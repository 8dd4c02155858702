"""Numbers as a reader meets them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.comparison.facts import Estimate
from hypomask.comparison.sample_size import samples_needed, samples_to_be_judged
from hypomask.comparison.words import amount, interval, listed, null_words, p_words


@settings(deadline=None)
@given(st.floats(0, 1))
def test_a_rounded_p_never_claims_more_than_the_p_itself(p: float) -> None:
    words = p_words(p)
    shown = float(words.split()[-1])
    if words.startswith("p <"):
        assert p < shown
    elif words.startswith("p >"):
        assert p > shown
    else:
        assert shown == pytest.approx(p, abs=0.0051 if p >= 0.1 else 0.00051)


def test_a_p_near_the_level_shows_on_which_side_it_lies() -> None:
    assert (p_words(0.0496), p_words(0.0506)) == ("p = 0.050", "p = 0.051")


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        (Estimate(0.0213456, 0.009123, 0.0333, 0, 0), "0.021 log loss, 95 % interval 0.009 to 0.033"),
        (Estimate(0.3, -0.2, 0.8, 0, 0), "0.30 log loss, 95 % interval -0.20 to 0.80"),
        (Estimate(12.3456, -20, 44, 0, 0), "12 log loss, 95 % interval -20 to 44"),
        (Estimate(0.0, 0.0, 0.0, 0, 0), "0.000 log loss, 95 % interval 0.000 to 0.000"),
        (Estimate(-0.00001, -0.01, 0.01, 0, 0), "0.000 log loss, 95 % interval -0.010 to 0.010"),
    ],
)
def test_an_interval_has_no_more_digits_than_its_width_deserves(estimate: Estimate, shown: str) -> None:
    assert interval(estimate, 0.05, "log loss") == shown


def test_the_level_is_that_of_the_study() -> None:
    assert "90 % interval" in interval(Estimate(0.1, 0.0, 0.2, 0, 0), 0.1)


def test_an_infinite_interval_is_shown_and_does_not_crash() -> None:
    assert amount(0.1, float("-inf"), float("inf")) == "0.100"


def test_lists_and_nulls_in_words() -> None:
    assert listed(["one"]) == "one"
    assert listed(list("abcde")) == "a, b, c, d and e"
    assert listed(list("abcdef")) == "a, b, c, d and 2 more"
    assert null_words("rewired", 1) == "1 random wiring with the same degrees"
    assert null_words("shuffled", 3) == "3 null masks of the kind 'shuffled'"


def test_samples_needed_by_hand() -> None:
    # (1.96 + 0.84) standard errors are wanted, 1.4 are there: four times the samples.
    assert samples_needed(0.014, 0.01, 500, alpha=0.05) == 2100
    assert samples_needed(0.0, 0.01, 500, alpha=0.05) is None
    assert samples_needed(-0.01, 0.01, 500, alpha=0.05) is None
    assert samples_needed(0.01, 0.0, 500, alpha=0.05) is None
    assert samples_needed(0.0001, 0.01, 500, alpha=0.05) is None
    assert samples_needed(0.05, 0.01, 500, alpha=0.05) == 510


def test_samples_that_a_best_asks_for_by_hand() -> None:
    assert samples_to_be_judged(35, None) == 40
    assert samples_to_be_judged(50, 4.0) == 100
    assert samples_to_be_judged(50, 0.0) is None
    assert samples_to_be_judged(400, 30.0) is None
