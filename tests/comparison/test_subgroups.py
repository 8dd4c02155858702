"""Subgroups: planted differences are found, chance is not, and nothing of it decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypomask.comparison.circumstances import Circumstances
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.paired import Units, corrected_effect
from hypomask.comparison.subgroups import FEWEST_UNITS, Subgrouping, heterogeneity_p, subgroup_table, subgroupings

SEX = np.array(["female", "male"] * 150)
AGE = np.where(np.arange(300) % 10 == 0, np.nan, np.arange(300.0))


def test_categories_are_taken_as_they_are_and_numbers_are_halved_at_the_median() -> None:
    sex, age = subgroupings({"sex": SEX}, {"age": AGE}, None)
    assert (sex.covariate, set(sex.label_B)) == ("sex", {"female", "male"})
    assert set(age.label_B) == {"", "at most 150 (median)", "above 150"}
    assert (age.label_B == "").sum() == 30
    assert (age.label_B == "above 150").sum() == (age.label_B == "at most 150 (median)").sum() == 135


def test_small_groups_are_no_subgroups_and_large_ones_are_judged_by_their_samples(make_table, quick) -> None:
    patients = np.array([f"p{i // 3}" for i in range(300)])
    assert subgroupings({}, {}, patients) == ()
    batches = np.array([f"batch {i % 3}" for i in range(300)])
    parts = subgroupings({}, {}, batches)
    found = subgroup_table(make_table({"a": -0.1, "b": 0.0}, groups=batches), parts, Units.of(batches, 300), quick)
    assert {(row.level, row.n_samples, row.n_units) for row in found.rows} == {
        (f"batch {i}", 100, 100) for i in range(3)
    }


def test_rows_are_what_the_subgroup_alone_would_give(make_table, quick) -> None:
    table = make_table({"a": -0.1, "b": 0.0, "c": 0.02})
    found = subgroup_table(table, subgroupings({"sex": SEX}, {}, None), Units.of(None, 300), quick)
    assert [(row.level, row.hypothesis) for row in found.rows] == [
        (level, name) for level in ("female", "male") for name in ("a", "b", "c")
    ]
    male = SEX == "male"
    row = next(row for row in found.rows if (row.level, row.hypothesis) == ("male", "b"))
    b_RB, a_RB = (table.loss_MRB[table.index(name)][:, male] for name in ("b", "a"))
    effect = corrected_effect(b_RB - a_RB, 5, Units.of(None, 150))
    assert (row.lead, row.lead_p) == pytest.approx((effect.mean, effect.p_two_sided))
    assert (row.lead_low, row.lead_high) == pytest.approx(effect.interval(0.05))
    assert row.skill == pytest.approx(1 - b_RB.mean() / table.gene_free_RB[:, male].mean())
    assert row.skill_low < row.skill < row.skill_high
    leader = next(row for row in found.rows if row.hypothesis == "a")
    assert (leader.lead, leader.lead_p, leader.lead_p_holm) == (None, None, None)


def test_p_values_are_corrected_over_all_subgroups(make_table, quick) -> None:
    table = make_table({"a": -0.1, "b": 0.0})
    found = subgroup_table(table, subgroupings({"sex": SEX}, {"age": AGE}, None), Units.of(None, 300), quick)
    assert len(found.rows) == 8
    smallest = min(found.rows, key=lambda row: row.skill_p)
    assert smallest.skill_p_holm == pytest.approx(min(1, 8 * smallest.skill_p))
    leads = [row for row in found.rows if row.lead_p is not None]
    surest = min(leads, key=lambda row: row.lead_p)
    assert surest.lead_p_holm == pytest.approx(min(1, 4 * surest.lead_p))
    surest = min(found.heterogeneity, key=lambda test: test.p)
    assert len(found.heterogeneity) == 4
    assert surest.p_holm == pytest.approx(min(1, 4 * surest.p))


def test_subgroups_below_the_least_size_are_named_and_left_out(make_table, quick) -> None:
    stage = np.array(["I"] * 150 + ["II"] * 140 + ["III"] * (FEWEST_UNITS - 10))
    found = subgroup_table(
        make_table({"a": -0.1}), subgroupings({"stage": stage}, {}, None), Units.of(None, 300), quick
    )
    assert {row.level for row in found.rows} == {"I", "II"}
    assert found.notes == (
        "stage: 1 of 3 subgroups are not shown (fewer than 20 independent samples, or not among the 8 largest)",
    )
    groups = np.array([f"p{i // 10}" for i in range(300)])  # 30 patients: 15 and 14 of a stage
    none = subgroup_table(
        make_table({"a": -0.1}, groups=groups), subgroupings({"stage": stage}, {}, None), Units.of(groups, 300), quick
    )
    assert none is None


def test_a_difference_in_one_half_only_is_heterogeneous_and_changes_no_verdict(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15, "b": 0.0})
    shift_B = np.where(SEX == "male", 0.15, -0.15)
    loss_MRB = table.loss_MRB.copy()
    loss_MRB[table.index("a")] += shift_B
    table = replace(table, loss_MRB=loss_MRB)
    nulls = [make_nulls("a", gap=0.05)]
    parts = subgroupings({"sex": SEX}, {"age": AGE}, None)
    found = compare_losses(table, nulls, quick, circumstances=Circumstances(subgroupings=parts))
    without = compare_losses(table, nulls, quick)
    assert found.verdict == without.verdict
    p = {(test.covariate, test.quantity): test.p_holm for test in found.subgroups.heterogeneity}
    assert p["sex", "lead of a over b"] < 0.001
    assert p["age", "lead of a over b"] > 0.1
    frame = found.subgroup_frame()
    assert frame.loc[("sex", "female", "b"), "lead"] > 0.25
    assert abs(frame.loc[("sex", "male", "b"), "lead"]) < 0.05
    assert without.subgroups is None
    assert without.subgroup_frame().empty


@pytest.mark.parametrize("clustered", [False, True])
def test_equal_subgroups_are_called_different_in_at_most_5_percent_of_studies(clustered: bool) -> None:
    rng = np.random.default_rng(3)
    label_B = rng.choice(["x", "y", "z"], 120)
    groups = np.array([f"p{i // 4}" for i in range(120)]) if clustered else None
    units = Units.of(groups, 120)
    rejected = 0
    for _ in range(400):
        d_B = rng.standard_normal(120)
        if clustered:
            d_B = 0.3 * d_B + np.repeat(rng.standard_normal(30), 4)
        rejected += heterogeneity_p(np.stack([d_B] * 3), label_B, 5, units) <= 0.05
    assert rejected / 400 <= 0.07  # 5 % and two Monte-Carlo errors


def test_models_that_do_not_differ_are_not_heterogeneous() -> None:
    assert heterogeneity_p(np.zeros((3, 300)), SEX, 5, Units.of(None, 300)) == 1.0
    one_sided = np.where(SEX == "male", 0.0, np.random.default_rng(0).standard_normal(300))
    assert 0 < heterogeneity_p(np.stack([one_sided] * 3), SEX, 5, Units.of(None, 300)) <= 1


def test_many_levels_are_cut_to_the_largest(make_table, quick) -> None:
    level = np.array([f"centre {i % 12:02d}" for i in range(300)])
    found = subgroup_table(make_table({"a": -0.1}), (Subgrouping("centre", level),), Units.of(None, 300), quick)
    assert len({row.level for row in found.rows}) == 8
