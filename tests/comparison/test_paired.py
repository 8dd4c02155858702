"""The corrected effect against the formulas written out with loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hypomask.comparison.paired import Effect, Units, corrected_covariance, corrected_effect, variance_factor


def _variance_by_hand(difference_RB: np.ndarray, n_folds: int, groups: np.ndarray | None) -> float:
    per_repeat = []
    for d_B in difference_RB:
        n, mean = len(d_B), d_B.mean()
        labels = range(n) if groups is None else sorted(set(groups))
        total = 0.0
        for label in labels:
            members = [label] if groups is None else [i for i in range(n) if groups[i] == label]
            total += sum(d_B[i] - mean for i in members) ** 2
        n_groups = len(labels)
        per_repeat.append(total * n_groups / (n_groups - 1) / n**2)
    return float(np.mean(per_repeat) * (1 + n_folds / (n_folds - 1)))


@pytest.mark.parametrize("grouped", [False, True])
def test_the_corrected_effect_is_the_formula_written_out(grouped: bool) -> None:
    rng = np.random.default_rng(3)
    d_RB = rng.normal(0.1, 1.0, (3, 60)) + rng.normal(size=60)
    groups = np.array([f"patient {i % 17}" for i in range(60)]) if grouped else None
    effect = corrected_effect(d_RB, 5, Units.of(groups, 60))
    assert effect.mean == pytest.approx(d_RB.mean())
    assert effect.se == pytest.approx(np.sqrt(_variance_by_hand(d_RB, 5, groups)))
    t = d_RB.mean() / effect.se
    assert effect.p_two_sided == pytest.approx(2 * stats.t.sf(abs(t), 14))
    low, high = effect.interval(0.05)
    assert (low + high) / 2 == pytest.approx(effect.mean)
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 14) * effect.se)


def test_without_groups_one_repeat_is_the_ordinary_standard_error_times_the_factor() -> None:
    d_B = np.random.default_rng(0).normal(size=40)
    effect = corrected_effect(d_B[None], 5, Units.of(None, 40))
    assert effect.se == pytest.approx(stats.sem(d_B) * np.sqrt(2.25))


def test_the_factor_for_five_folds_is_two_and_a_quarter() -> None:
    assert variance_factor(5) == 2.25
    assert variance_factor(2) == 3.0


@pytest.mark.parametrize(("n_groups", "n_repeats", "expected"), [(60, 3, 14), (7, 3, 6), (60, 1, 4), (60, 10, 49)])
def test_degrees_of_freedom_are_the_smaller_of_fold_fits_and_groups(n_groups, n_repeats, expected) -> None:
    groups = np.array([str(i % n_groups) for i in range(60)])
    d_RB = np.random.default_rng(0).normal(size=(n_repeats, 60))
    assert corrected_effect(d_RB, 5, Units.of(groups, 60)).df == expected


def test_groups_of_one_sample_are_samples() -> None:
    d_RB = np.random.default_rng(0).normal(size=(3, 30))
    alone = corrected_effect(d_RB, 5, Units.of(np.arange(30).astype(str), 30))
    plain = corrected_effect(d_RB, 5, Units.of(None, 30))
    assert (alone.mean, alone.df) == (plain.mean, plain.df)
    assert alone.se == pytest.approx(plain.se)


def test_repeating_every_record_of_a_patient_does_not_add_evidence() -> None:
    d_B = np.random.default_rng(1).normal(0.2, 1.0, 50)
    once = corrected_effect(d_B[None], 5, Units.of(None, 50))
    tenfold = corrected_effect(np.repeat(d_B, 10)[None], 5, Units.of(np.repeat(np.arange(50), 10).astype(str), 500))
    assert tenfold.se == pytest.approx(once.se)
    assert tenfold.t == pytest.approx(once.t)


def test_repeats_are_not_counted_as_new_data() -> None:
    d_B = np.random.default_rng(1).normal(size=50)
    one = corrected_effect(d_B[None], 5, Units.of(None, 50))
    ten = corrected_effect(np.tile(d_B, (10, 1)), 5, Units.of(None, 50))
    assert ten.se == pytest.approx(one.se)


def test_identical_losses_and_differences_in_the_last_bits_are_no_evidence() -> None:
    same = corrected_effect(np.zeros((3, 20)), 5, Units.of(None, 20))
    assert (same.t, same.p_two_sided, same.p_greater, same.interval(0.05)) == (0.0, 1.0, 1.0, (0.0, 0.0))
    bits = corrected_effect(np.full((3, 20), 1e-13) * np.random.default_rng(0).uniform(1, 2, 20), 5, Units.of(None, 20))
    assert bits == same
    constant = corrected_effect(np.full((3, 20), 0.1), 5, Units.of(None, 20))
    assert constant.p_two_sided == 1.0


def test_the_covariance_of_contrasts_has_their_variances_and_is_consistent_with_differences() -> None:
    rng = np.random.default_rng(4)
    units = Units.of(np.array([str(i // 2) for i in range(40)]), 40)
    d_JRB = rng.normal(size=(3, 2, 40))
    covariance = corrected_covariance(d_JRB, 5, units)
    for j in range(3):
        assert covariance[j, j] == pytest.approx(corrected_effect(d_JRB[j], 5, units).se ** 2)
    difference = corrected_effect(d_JRB[0] - d_JRB[1], 5, units).se ** 2
    assert difference == pytest.approx(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])


def test_a_negated_effect_mirrors_its_tests() -> None:
    effect = Effect(0.5, 0.2, 14)
    assert (-effect).p_greater == pytest.approx(1 - effect.p_greater)
    assert (-effect).interval(0.1) == pytest.approx(tuple(-x for x in reversed(effect.interval(0.1))))


def test_copies_of_every_sample_as_units_change_nothing() -> None:
    # Counted as independent, five copies of each sample made a test at 5 % reject in 14 % of studies.
    d_RB = np.random.default_rng(5).standard_normal((3, 60)) + 0.1
    once = corrected_effect(d_RB, 5, Units.of(None, 60))
    copied = corrected_effect(np.repeat(d_RB, 5, axis=1), 5, Units.of(np.repeat([f"s{i}" for i in range(60)], 5), 300))
    assert (copied.mean, copied.se, copied.df) == pytest.approx((once.mean, once.se, once.df), rel=1e-12)
    naive = corrected_effect(np.repeat(d_RB, 5, axis=1), 5, Units.of(None, 300))
    assert naive.se < 0.5 * copied.se
