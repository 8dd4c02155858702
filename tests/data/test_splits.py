"""Invariants of splits: nothing is parted, classes and sizes are even, and the same seed gives the same folds."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.data.blocks import find_blocks
from hypomask.data.cohort import Phenotype
from hypomask.data.fold_assignment import assign_folds
from hypomask.data.row_digests import codes_of_digests, row_digests
from hypomask.data.splits import inner_folds, make_folds
from hypomask.errors import ConfigError, DataError
from hypomask.outcomes.classes import Classes
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.counts import Counts
from hypomask.outcomes.survival_times import signed_times

SETTINGS = settings(max_examples=60, deadline=None)


@st.composite
def grouped_labels(draw: st.DrawFn) -> tuple[list[int], list[str], int]:
    n_folds = draw(st.integers(2, 5))
    n = draw(st.integers(4 * n_folds, 60))
    labels = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    labels[:3] = [0, 1, 2]
    groups = [f"p{draw(st.integers(0, n))}" for _ in range(n)]
    groups[:n_folds] = [f"own{i}" for i in range(n_folds)]
    return labels, groups, n_folds


@SETTINGS
@given(case=grouped_labels(), seed=st.integers(0, 99))
def test_a_group_is_never_on_both_sides_and_no_fold_is_empty(make_cohort, case, seed) -> None:
    labels, groups, n_folds = case
    folds = make_folds(make_cohort(labels, groups=groups), n_folds=n_folds, n_repeats=2, seed=seed)
    for repeat in range(2):
        held_out = np.zeros(len(labels), dtype=int)
        for fold in range(n_folds):
            train, test = folds.split(repeat, fold)
            assert len(test)
            assert not {groups[i] for i in train} & {groups[i] for i in test}
            assert sorted([*train, *test]) == list(range(len(labels)))
            held_out[test] += 1
        assert (held_out == 1).all()


@SETTINGS
@given(labels=st.lists(st.integers(0, 3), min_size=12, max_size=80), n_folds=st.integers(2, 6), seed=st.integers(0, 99))
def test_without_groups_every_class_and_the_sizes_are_level_to_one_sample(labels, n_folds, seed) -> None:
    strata = np.unique(labels, return_inverse=True)[1]
    folds = assign_folds(strata, np.arange(len(labels)), n_folds, np.random.default_rng(seed))
    sizes = np.bincount(folds, minlength=n_folds)
    assert sizes.max() - sizes.min() <= 1
    for stratum in np.unique(strata):
        members = np.bincount(folds[strata == stratum], minlength=n_folds)
        assert members.max() - members.min() <= 1


@SETTINGS
@given(sizes=st.lists(st.integers(1, 30), min_size=6, max_size=40), seed=st.integers(0, 99))
def test_fold_sizes_differ_by_no_more_than_the_largest_group(sizes, seed) -> None:
    blocks = np.repeat(np.arange(len(sizes)), sizes)
    folds = assign_folds(np.zeros(len(blocks), dtype=np.int64), blocks, 5, np.random.default_rng(seed))
    held = np.bincount(folds, minlength=5)
    assert held.max() - held.min() <= max(sizes)


def test_identical_measurements_are_never_on_both_sides(make_cohort) -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((60, 4, 2)).astype(np.float32)
    values[rng.integers(0, 60, 30)] = values[rng.integers(0, 60, 30)]
    values[5:8] = values[4]
    values[6, 0, 0] = values[7, 0, 0] = np.nan
    cohort = make_cohort(rng.integers(0, 2, 60), values_BGC=values, groups=[f"p{i // 2}" for i in range(60)])
    folds = make_folds(cohort, n_folds=4, n_repeats=5, seed=2)
    rows = codes_of_digests(row_digests(values))
    assert len(set(rows.tolist())) < 60
    for code in set(rows.tolist()):
        for repeat in range(5):
            assert len(set(folds.test_fold_RB[repeat][rows == code].tolist())) == 1
    assert any("exactly the measurements" in note for note in folds.notes)


def test_a_row_shared_by_more_samples_than_a_fold_holds_is_parted_and_said_so(make_cohort) -> None:
    values = np.zeros((100, 3, 1), dtype=np.float32)
    values[60:, 0, 0] = np.arange(40)
    blocks = find_blocks(make_cohort([0, 1] * 50, values_BGC=values), 5)
    assert blocks.n_blocks == 100
    assert "61 samples" in blocks.notes[0]
    assert "outgrow" in blocks.notes[0]


def test_missing_values_and_signed_zeros_do_not_hide_a_copy() -> None:
    rows = np.array([[np.nan, 0.0], [np.nan, -0.0], [np.nan, 1.0]], dtype=np.float32)
    other_nan = rows.copy()
    other_nan.view(np.uint32)[1, 0] |= 1  # another bit pattern that is NaN, too
    assert codes_of_digests(row_digests(other_nan[:, :, None])).tolist() == [0, 0, 1]
    assert np.signbit(other_nan[1, 1])


def test_every_class_is_in_every_fold_where_groups_allow_it(make_cohort) -> None:
    groups = [f"p{i // 4}" for i in range(200)]
    labels = [1 if i // 4 < 5 else 0 for i in range(200)]  # five groups of the rare class for five folds
    for seed in range(10):
        folds = make_folds(make_cohort(labels, groups=groups), n_folds=5, n_repeats=3, seed=seed)
        assert folds.stratified
        assert all(set(np.array(labels)[row == f]) == {0, 1} for row in folds.test_fold_RB for f in range(5))


def test_a_class_in_too_few_groups_is_said(make_cohort) -> None:
    labels = [1] * 10 + [0] * 40
    groups = ["a"] * 5 + ["b"] * 5 + [f"p{i}" for i in range(40)]
    folds = make_folds(make_cohort(labels, groups=groups), n_folds=5)
    assert not folds.stratified
    assert any("'k1' of 'y' is not in every fold" in note for note in folds.notes)


def test_repeats_differ_even_where_all_groups_differ_in_size(make_cohort) -> None:
    groups = [f"p{i}" for i in range(12) for _ in range(3 + i)]
    folds = make_folds(make_cohort(np.arange(len(groups)), groups=groups, continuous=True), n_folds=3, n_repeats=6)
    partitions = {frozenset(frozenset(np.flatnonzero(row == f)) for f in range(3)) for row in folds.test_fold_RB}
    assert len(partitions) >= 4


def test_a_seed_fixes_the_split_and_a_repeat_does_not_depend_on_their_number(make_cohort) -> None:
    cohort = make_cohort(np.arange(50) % 2)
    first = make_folds(cohort, n_repeats=2, seed=3).test_fold_RB
    assert (first == make_folds(cohort, n_repeats=4, seed=3).test_fold_RB[:2]).all()
    assert (first != make_folds(cohort, n_repeats=2, seed=4).test_fold_RB).any()


def test_a_continuous_phenotype_is_spread_over_folds(make_cohort) -> None:
    y = np.random.default_rng(0).exponential(size=500)
    folds = make_folds(make_cohort(y, continuous=True), n_folds=5, seed=1)
    means = [y[folds.split(0, f)[1]].mean() for f in range(5)]
    spread = np.random.default_rng(1).permutation(y).reshape(5, 100).mean(axis=1).std()
    assert np.std(means) < spread / 2


def test_tied_values_share_a_stratum() -> None:
    values = np.array([0.0] * 80 + list(range(1, 21)))
    for family in (Continuous(), Counts()):
        assert len(set(family.strata(values, 5)[:80].tolist())) == 1


@pytest.mark.parametrize("kind", ["survival", "discrete-survival"])
def test_events_and_times_are_spread_over_folds(make_cohort, kind) -> None:
    rng = np.random.default_rng(0)
    months = np.ceil(10 * rng.exponential(size=300))
    y = signed_times(months, rng.random(300) < 0.2)
    cohort = replace(make_cohort(np.arange(300) % 2), phenotype=Phenotype("months", kind, y))
    folds = make_folds(cohort, n_folds=5, n_repeats=2, seed=0)
    assert folds.stratified
    assert folds.notes == ()
    for fold in range(5):
        _, test = folds.split(1, fold)
        assert abs((y[test] > 0).sum() - (y > 0).sum() / 5) <= 3
        assert months[test].mean() == pytest.approx(months.mean(), rel=0.25)


@pytest.mark.parametrize(("folds", "repeats"), [(1, 1), (0, 3), (101, 1), (5, 0)])
def test_impossible_plans_are_refused(make_cohort, folds, repeats) -> None:
    with pytest.raises(ConfigError, match="expected"):
        make_folds(make_cohort([0, 1] * 60), n_folds=folds, n_repeats=repeats)


def test_fewer_groups_than_folds_are_refused(make_cohort) -> None:
    with pytest.raises(DataError, match="3 groups cannot be spread over 5 folds; ask for 3 folds"):
        make_folds(make_cohort([0, 1] * 15, groups=["a", "b", "c"] * 10))


@SETTINGS
@given(case=grouped_labels(), seed=st.integers(0, 99))
def test_inner_folds_keep_blocks_whole_and_fill_every_fold(make_cohort, case, seed) -> None:
    labels, groups, n_folds = case
    folds = make_folds(make_cohort(labels, groups=groups), n_folds=n_folds, n_repeats=1, seed=seed)
    train, _ = folds.split(0, 0)
    blocks = folds.blocks[train]
    if len(set(blocks.tolist())) < 2:
        return
    inner = inner_folds(np.array(labels, dtype=np.float64)[train], Classes(3), blocks, 4, seed)
    assert set(inner.tolist()) == set(range(min(4, len(set(blocks.tolist())))))
    for block in set(blocks.tolist()):
        assert len(set(inner[blocks == block].tolist())) == 1


def test_one_block_cannot_be_split_again() -> None:
    with pytest.raises(DataError, match="cannot be split again"):
        inner_folds(np.zeros(5), Continuous(), np.full(5, 7), 3, 0)


def test_ten_thousand_grouped_samples_are_split_in_a_moment(make_cohort) -> None:
    rng = np.random.default_rng(0)
    cohort = make_cohort(
        rng.standard_normal(10_000), continuous=True, groups=[f"p{i}" for i in rng.integers(0, 4000, 10_000)]
    )
    start = time.process_time()
    make_folds(cohort, n_folds=5, n_repeats=3)
    assert time.process_time() - start < 1.5  # 0.15 s on an idle core
