"""What can be done, to which levels, in which samples; and what cannot, by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from random_models import random_mask

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.scaling import fit_scaling
from hypomask.errors import ConfigError, DataError, HypothesisError
from hypomask.hypothesis.graph import GeneGroup, Hypothesis
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.edits import CUT
from hypomask.knockout.groups import edges_of, group_members
from hypomask.knockout.interventions import add_edge, dose, isolate, joint, knockout, remove_edge, remove_group
from hypomask.knockout.levels import Levels, at_dose, parse_levels
from hypomask.knockout.where import Where
from hypomask.masks.mask import EdgeTable, Mask

GENES = ("A", "B", "C", "D")
MASK = Mask("m", GENES, (EdgeTable.build([1, 2, 3, 2], [0, 1, 2, 3]),))  # A -> B -> C -> D, D -> C


def pairs(edits: object, item: int) -> set[tuple[str, str]]:
    mine = edits.pair_item == item  # type: ignore[attr-defined]
    return {(GENES[c], GENES[r]) for r, c in zip(edits.pair_row[mine], edits.pair_col[mine], strict=True)}  # type: ignore[attr-defined]


def test_a_knockout_changes_the_value_and_cuts_every_edge_of_the_gene() -> None:
    compiled = compile_interventions(
        [knockout("C"), isolate("C"), dose("C", 0.5), joint(knockout("A"), dose("C", 2))], MASK
    )
    edits = compiled.edits
    around_c = {("B", "C"), ("C", "D"), ("D", "C")}
    assert [pairs(edits, item) for item in range(4)] == [around_c, around_c, set(), {("A", "B")}]
    assert (edits.pair_weight == CUT).all()
    assert edits.value_item.tolist() == [0, 2, 3, 3]
    assert [GENES[g] for g in edits.value_gene] == ["C", "C", "A", "C"]
    assert compiled.dose_V.tolist() == [0, 0.5, 0, 2]


def test_edges_are_removed_and_added_one_by_one() -> None:
    compiled = compile_interventions(
        [remove_edge("C", "D"), remove_edge("C", "D", both_ways=True), add_edge("A", "D")], MASK
    )
    edits = compiled.edits
    assert [pairs(edits, item) for item in range(3)] == [{("C", "D")}, {("C", "D"), ("D", "C")}, {("A", "D")}]
    assert edits.pair_weight.tolist() == [CUT, CUT, CUT, 1.0]
    assert edges_of(MASK) == [("A", "B", False), ("B", "C", False), ("C", "D", True)]


def test_under_a_soft_prior_a_removed_edge_is_as_one_that_was_never_there() -> None:
    soft = random_mask("soft", seed=1)
    first = edges_of(soft)[0]
    compiled = compile_interventions([remove_edge(first[0], first[1]), knockout("g3")], soft)
    assert compiled.edits.pair_weight[0] == pytest.approx(soft.prior.floor)
    assert (compiled.edits.pair_item == 1).sum() == 2 * (soft.n_tokens - 1), "nobody may read it, edge or not"


def test_a_group_is_knocked_out_with_its_token_and_the_groups_inside_it() -> None:
    hypothesis = Hypothesis(
        "h",
        ("A", "B", "C", "X"),
        groups=(
            GeneGroup("outer", ("A", "X"), "hierarchy", children=("inner",)),
            GeneGroup("inner", ("B", "C"), "hierarchy", children=("outer",)),
        ),
    )
    mask = Mask("h", GENES, (EdgeTable.build([4, 0], [0, 4]),), group_tokens=("outer",))
    members = group_members(hypothesis, mask)
    assert members == {"outer": ("A", "B", "C"), "inner": ("B", "C", "A")}
    assert group_members(None, mask) == {"outer": ("A",)}
    compiled = compile_interventions([remove_group("outer", members["outer"], has_token=True)], mask)
    assert len(compiled.edits.value_gene) == 3
    assert set(zip(compiled.edits.pair_row.tolist(), compiled.edits.pair_col.tolist(), strict=True)) == {(4, 0), (0, 4)}


def test_everything_that_is_not_in_the_mask_is_named_at_once() -> None:
    wrong = [
        knockout("AA"),
        remove_edge("B", "A"),
        add_edge("A", "B"),
        remove_group("g", (), has_token=True),
        remove_edge("A", "A"),
    ]
    with pytest.raises(HypothesisError) as caught:
        compile_interventions(wrong, MASK)
    message = str(caught.value)
    for words in (
        "gene 'AA' is not a token of the mask of 'm'. Did you mean 'A'",
        "edge B -> A is not in the mask of 'm'; the edge A -> B there is",
        "edge A -> B is in the mask of 'm' already",
        "group token 'g' is not a token",
        "a gene always reads itself",
    ):
        assert words in message
    with pytest.raises(ConfigError, match="expected 0"):
        dose("A", -1)
    with pytest.raises(ConfigError, match="got 1e"):
        dose("A", 1e300)
    with pytest.raises(ConfigError, match="weight 2"):
        add_edge("A", "B", 2.0)


def test_levels_are_what_they_say() -> None:
    values = np.array([[[1.0, 0], [5, 1]], [[3, 1], [np.nan, 0]], [[2, 0], [7, 0]]], np.float32)
    channels = ("expression", "deletion")
    assert Levels().values(values, channels).tolist() == [[1, 0], [5, 0]]
    assert Levels("maximum").values(values, channels).tolist() == [[3, 1], [7, 1]]
    assert Levels("q0.5", {"deletion": "1"}).values(values, channels).tolist() == [[2, 1], [6, 1]]
    assert np.isnan(Levels("absent").values(values, channels)).all()
    parsed = parse_levels(["zero", "deletion=1"], channels)
    assert parsed.values(values, channels).tolist() == [[0, 1], [0, 1]]
    assert (
        parsed.describe(channels)
        == "expression: 0 in the unit of the measurements; deletion: 1 in the unit of the measurements"
    )
    assert "--level deletion=1" in Levels().doubts(values, channels)[0]
    (beyond,) = parsed.doubts(values, channels)
    assert "level 0 lies beyond what was measured in channel 'expression' (1 to 7)" in beyond
    assert Levels("2").doubts(values, channels[:1]) == Levels("absent").doubts(values, channels) == ()
    assert Levels("q0.1").doubts(values, channels) == ()
    for wrong, message in (
        (["minimal"], "Did you mean 'minimum'"),
        (["q2"], "a quantile"),
        (["1e35"], "or a number"),
        (["x=1"], "no channel 'x'"),
    ):
        with pytest.raises(ConfigError, match=message):
            parse_levels(wrong, channels)


def test_a_dose_scales_the_distance_to_the_level() -> None:
    values = np.array([[[4.0]], [[8.0]], [[np.nan]]], np.float32)
    scaling = fit_scaling(values, np.zeros((3, 0)))
    level = np.array([[2.0]])
    for amount, expected in ((0.0, [2, 2, 2]), (0.5, [3, 5, np.nan]), (1.0, [4, 8, np.nan]), (2.0, [6, 14, np.nan])):
        edited = at_dose(values, level, scaling, np.array([amount]))
        np.testing.assert_array_equal(edited[:, 0, 0], np.array(expected, np.float32))
    absent = at_dose(values, np.array([[np.nan]]), scaling, np.array([0.0]))
    np.testing.assert_array_equal(scaling.genes(absent), 0.0)


def test_samples_are_chosen_by_stratum_and_by_name() -> None:
    samples = ("s1", "s2", "s3", "s4")
    cohort = Cohort(
        samples=samples,
        genes=("A",),
        channels=("x",),
        values_BGC=np.zeros((4, 1, 1), np.float32),
        covariates=pd.DataFrame(index=list(samples)),
        phenotype=Phenotype("state", "binary", np.array([0.0, 1, 0, 1]), ("well", "ill")),
        groups=None,
        strata=pd.DataFrame({"sex": ["F", "F", "M", "M"]}, index=list(samples)),
    )
    assert Where().chosen(cohort).all()
    assert Where({"sex": "F"}).chosen(cohort).tolist() == [True, True, False, False]
    assert Where({"sex": "F", "state": "ill"}).chosen(cohort).tolist() == [False, True, False, False]
    assert Where(samples=("s3",)).describe() == "s3"
    with pytest.raises(DataError, match=r"sample 's9' is not in the data"):
        Where(samples=("s9",)).chosen(cohort)
    with pytest.raises(DataError, match="no sample is sex=F and s3"):
        Where({"sex": "F"}, ("s3",)).chosen(cohort)
