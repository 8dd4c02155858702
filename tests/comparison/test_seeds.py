"""What seeds do to a difference: nothing, something, or all of it."""

from __future__ import annotations

import numpy as np
import pytest

from hypomask.comparison.circumstances import Circumstances
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.seeds import ReplicateLosses, seed_error

FOLDS_RB = np.stack([np.random.default_rng(r).permutation(np.arange(300) % 5) for r in range(3)])


def replicates(table, shift_by_seed: float, n: int = 2, seed: int = 0) -> ReplicateLosses:
    """Replicates whose loss is moved as a whole, fold by fold, by normal numbers of the given size."""
    rng = np.random.default_rng(seed)
    moved = {}
    for name, loss_RB in zip(table.names, table.loss_MRB, strict=True):
        shift_MRF = shift_by_seed * rng.standard_normal((n, 3, 5))
        moved[name] = loss_RB + np.stack(
            [[shift_F[f] for shift_F, f in zip(s, FOLDS_RB, strict=True)] for s in shift_MRF]
        )
    return ReplicateLosses(moved, dict(zip(table.names, table.loss_MRB, strict=True)), FOLDS_RB)


def test_the_error_is_that_of_repeating_the_study_with_other_seeds() -> None:
    rng = np.random.default_rng(1)
    n_replicates, sd = 4, 0.3
    shift_MRF = sd * rng.standard_normal((3000, n_replicates, 3, 5))
    # The study's difference is the mean over replicates, and over 15 folds of equal size.
    truth = shift_MRF.mean(axis=(1, 2, 3)).std()
    estimates = []
    for shift in shift_MRF[:200]:
        difference = np.stack([[s[r][FOLDS_RB[r]] for r in range(3)] for s in shift])
        estimates.append(seed_error(difference, FOLDS_RB) ** 2)
    assert truth == pytest.approx(sd / np.sqrt(4 * 15), rel=0.05)
    assert np.sqrt(np.mean(estimates)) == pytest.approx(truth, rel=0.05)


def test_one_replicate_tells_nothing_of_seeds() -> None:
    assert seed_error(np.zeros((1, 3, 300)), FOLDS_RB) is None
    missing = np.full((2, 3, 300), np.nan)
    missing[0] = 0.0
    assert seed_error(missing, FOLDS_RB) is None


def test_models_whose_seeds_change_nothing_differ_by_no_seed_error(make_table) -> None:
    table = make_table({"a": -0.1, "b": 0.0})
    full = dict(zip(table.names, table.loss_MRB, strict=True))
    none = {name: np.zeros((0, 3, 300)) for name in table.names}
    assert ReplicateLosses(none, full, FOLDS_RB).error("a", "b") == 0.0
    one = ReplicateLosses({**none, "a": replicates(table, 0.1).loss_MRB_by_model["a"]}, full, FOLDS_RB)
    assert one.error("a", "b") > 0.005
    assert one.error("a", "b") == one.error("b", "a")


def test_common_seeds_cancel() -> None:
    shared = np.random.default_rng(0).standard_normal((2, 3, 300))
    table = ReplicateLosses({"a": shared + 0.1, "b": shared}, {"a": shared[0], "b": shared[0]}, FOLDS_RB)
    assert table.error("a", "b") == 0.0


def test_seeds_that_disagree_more_than_the_hypotheses_forbid_a_best(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15, "b": -0.05}, noise=0.05)
    nulls = [make_nulls("a", gap=0.05)]
    quiet = compare_losses(table, nulls, quick, circumstances=Circumstances(replicates=replicates(table, 0.02)))
    assert quiet.verdict.code == "best"
    pair = next(pair for pair in quiet.pairs if pair.family == "rivals")
    se = (pair.high - pair.low) / 2 / 2.1448  # t of 14 degrees of freedom
    assert pair.seed_share == pytest.approx((pair.seed_error / se) ** 2, rel=1e-3)
    loud = compare_losses(table, nulls, quick, circumstances=Circumstances(replicates=replicates(table, 0.3)))
    assert loud.verdict.code == "cannot-tell"
    assert "seeds disagree more than the hypotheses do: the lead over b is 0.1 log loss" in loud.verdict.sentence
    (reason,) = [reason for reason in loud.verdict.reasons if reason.code == "seeds"]
    assert reason.numbers["lead"] == pytest.approx(0.1)
    assert reason.numbers["needed"] == pytest.approx(2 * reason.numbers["seed_error"])
    assert reason.numbers["needed"] > 0.1
    assert loud["a"].code == "among-the-best"


def test_without_replicates_the_seeds_share_is_unknown(make_table, quick) -> None:
    found = compare_losses(make_table({"a": -0.15, "b": -0.05}), (), quick)
    assert {(pair.seed_error, pair.seed_share) for pair in found.pairs} == {(None, None)}
