"""The whole procedure on hand-made losses: every verdict, and answers that do not depend on order."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from hypomask.comparison.circumstances import Circumstances
from hypomask.comparison.compare import compare_losses
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.result import ShownScore
from hypomask.errors import ConfigError, DataError

THREE = {"canonical p53": -0.15, "MAPK": -0.02, "PI3K": 0.0}


def test_a_clear_winner_that_beats_its_nulls_is_best(make_table, make_nulls, quick) -> None:
    found = compare_losses(make_table(THREE), [make_nulls("canonical p53", gap=0.05)], quick)
    assert found.verdict.code == "best"
    assert found.winner == "canonical p53"
    assert found.hypotheses[0].name == "canonical p53"
    assert [h.rank for h in found.hypotheses] == [1, 2, 3, 4]
    assert found["canonical p53"].code == "best"
    assert found["MAPK"].code == "not-supported"
    assert found["no-interaction"].code == "reference"
    assert found["canonical p53"].in_confidence_set
    assert not found["MAPK"].in_confidence_set
    assert found.samples_needed is None
    assert found.settings["degrees_of_freedom"] == 14
    assert found.settings["margin_in_loss"] == pytest.approx(0.01 * found.gene_free_loss)


def test_losses_no_better_than_gene_free_are_no_signal(make_table, quick) -> None:
    found = compare_losses(make_table({"a": 0.0, "b": 0.02}), (), quick)
    assert found.verdict.code == "no-signal"
    assert {found["a"].code, found["b"].code} == {"not-supported"}


def test_main_effects_without_interactions_are_edges_not_supported(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15, "b": -0.14}, no_interaction=-0.15)
    assert compare_losses(table, [make_nulls("a", gap=0.05)], quick).verdict.code == "edges-not-supported"


def test_a_wrong_wiring_that_spoils_its_genes_is_not_called_an_absence_of_signal(make_table, quick) -> None:
    found = compare_losses(make_table({"a": 0.0, "b": 0.05}, no_interaction=-0.15), (), quick)
    assert found.verdict.code == "edges-not-supported"
    assert "predicts worse than the same genes without interactions" in found.verdict.sentence
    assert found["a"].code == "not-supported"


def test_without_the_reference_edges_are_measured_against_the_additive_part(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15}, no_interaction=None, additive=-0.15)
    found = compare_losses(table, [make_nulls("a", gap=0.05)], quick)
    assert found.verdict.code == "edges-not-supported"
    assert found["a"].gain_against == "its additive part"
    assert found["a"].gain == pytest.approx(0.0, abs=1e-9)


def test_a_winner_like_its_random_wirings_is_no_better_than_its_nulls(make_table, make_nulls, quick) -> None:
    found = compare_losses(make_table(THREE), [make_nulls("canonical p53", gap=0.0)], quick)
    assert found.verdict.code == "no-better-than-nulls"
    assert found["canonical p53"].code == "no-better-than-nulls"


def test_two_close_hypotheses_cannot_be_told_apart_and_the_study_says_how_many_samples_would(
    make_table, make_nulls, quick
) -> None:
    table = make_table({"a": -0.15, "b": -0.14})
    found = compare_losses(table, [make_nulls("a", gap=0.05), make_nulls("b", gap=0.05)], quick)
    assert found.verdict.code == "cannot-tell"
    assert found["a"].code == found["b"].code == "among-the-best"
    pair = next(pair for pair in found.pairs if pair.family == "rivals")
    se = (pair.high - pair.low) / 2 / 2.1448  # t of 14 degrees of freedom
    assert found.samples_needed == pytest.approx(300 * (2.8016 * se / 0.01) ** 2, rel=0.1)


def test_two_hypotheses_within_the_margin_are_equivalent(make_table, make_nulls) -> None:
    table = make_table({"a": -0.15, "b": -0.1499}, noise=0.0, n=600)
    found = compare_losses(table, [make_nulls("a", gap=0.05)], ComparisonConfig(monte_carlo_draws=2000))
    assert found.verdict.code == "equivalent"
    assert found["a"].code == "equivalent"


def test_one_hypothesis_under_two_names_is_equivalent_to_itself(make_table, make_nulls, quick) -> None:
    table = make_table({"a": -0.15, "b": 0.0})
    both = [0, 0, 1, 2]
    table = replace(
        table,
        names=("twin B", "twin A", "b", "no-interaction"),
        roles=("hypothesis", "hypothesis", "hypothesis", "reference"),
        loss_MRB=table.loss_MRB[both],
        additive_MRB=table.additive_MRB[both],
    )
    found = compare_losses(table, [make_nulls("twin A", gap=0.05), make_nulls("twin B", gap=0.05)], quick)
    assert found.verdict.code == "equivalent"
    assert found.winner == "twin A"
    assert found["twin A"].stacking_weight == pytest.approx(found["twin B"].stacking_weight)
    assert any("twin A and twin B predict the same" in warning for warning in found.warnings)
    assert found["twin A"].confidence_p == found["twin B"].confidence_p


def test_a_membership_is_supported_although_its_edges_add_nothing(make_table, make_nulls, quick) -> None:
    table = make_table(THREE, no_interaction=-0.5, additive=-0.15)
    nulls = [make_nulls("canonical p53", gap=0.05, kind="matched-genes")]
    found = compare_losses(table, nulls, quick, "members")
    assert found.verdict.code == "best"
    assert "the genes of canonical p53" in found.verdict.sentence
    assert "edges add nothing measurable" in found.verdict.sentence
    assert found["canonical p53"].gain_against == "its additive part"
    assert compare_losses(table, nulls, quick, "all").verdict.code == "edges-not-supported"


def test_each_scope_is_decided_by_its_own_kind_of_nulls(make_table, make_nulls, quick) -> None:
    nulls = [
        make_nulls("canonical p53", gap=0.05, kind="matched-genes"),
        make_nulls("canonical p53", gap=0.0, kind="rewired"),
    ]
    assert compare_losses(make_table(THREE), nulls, quick, "members").verdict.code == "best"
    assert compare_losses(make_table(THREE), nulls, quick, "all").verdict.code == "no-better-than-nulls"
    assert {null.kind for null in compare_losses(make_table(THREE), nulls, quick).nulls} == {"rewired", "matched-genes"}


def test_without_null_masks_no_hypothesis_is_called_best(make_table, quick) -> None:
    found = compare_losses(make_table(THREE), (), quick)
    assert found.verdict.code == "cannot-tell"
    assert found["canonical p53"].null_draws == 0
    assert found["canonical p53"].null_p is None
    assert found.null_table().empty


@pytest.mark.parametrize(
    ("n", "events", "code"),
    [(9, {}, "refused"), (35, {}, "cannot-tell"), (120, {"rare": 30, "other": 90}, "cannot-tell"), (120, {}, "best")],
)
def test_small_cohorts_and_rare_classes_are_refused_a_best(make_table, make_nulls, quick, n, events, code) -> None:
    table = make_table({"a": -0.4, "b": 0.0}, n=n, noise=0.1, events=events)
    found = compare_losses(table, [make_nulls("a", gap=0.05)], quick)
    assert found.verdict.code == code
    if n == 35:
        assert found.samples_needed == 40
    if events:
        assert found.samples_needed == 160


def test_groups_count_as_independent_samples(make_table, make_nulls, quick) -> None:
    groups = np.array([f"line {i % 12}" for i in range(300)])
    table = make_table({"a": -0.4, "b": 0.0}, noise=0.1, groups=groups)
    found = compare_losses(table, [make_nulls("a", gap=0.05)], quick)
    assert (found.n_samples, found.n_groups) == (300, 12)
    assert found.settings["degrees_of_freedom"] == 11
    assert found.verdict.code == "cannot-tell"
    assert "12 independent groups" in found.verdict.sentence


def test_holm_counts_hypotheses_without_null_masks(make_table, make_nulls, quick) -> None:
    many = {f"set {i:02d}": -0.15 if i == 0 else -0.05 for i in range(50)}
    nulls = [make_nulls("set 00", gap=0.05), make_nulls("set 01", gap=0.012)]
    found = compare_losses(make_table(many), nulls, quick)
    assert found["set 00"].null_p_holm == pytest.approx(50 * found["set 00"].null_p)
    assert found["set 01"].null_p_holm == pytest.approx(min(1, 49 * found["set 01"].null_p))
    assert found["set 02"].null_p_holm is None


def test_the_best_of_fifty_useless_hypotheses_is_not_called_better_than_gene_free(
    make_table, make_nulls, quick
) -> None:
    rng = np.random.default_rng(8)
    many = {f"set {i:02d}": float(x) for i, x in enumerate(rng.normal(0.0, 0.018, 50))}
    table = make_table(many, no_interaction=0.1)
    winner = compare_losses(table, (), quick).winner
    found = compare_losses(table, [make_nulls(winner, gap=0.1)], quick)
    assert found[winner].skill_p < 0.05
    assert found[winner].skill_p_adjusted > 0.05
    assert found.verdict.code == "cannot-tell"
    assert "one-of-many" in {reason.code for reason in found.verdict.reasons}


@pytest.mark.parametrize("grouped", [False, True])
def test_the_order_of_models_and_samples_changes_nothing(make_table, make_nulls, quick, grouped) -> None:
    groups = np.array([f"p{i // 3}" for i in range(300)]) if grouped else None
    table = make_table({**THREE, "near": -0.13}, groups=groups, unconstrained=-0.1)
    rng = np.random.default_rng(0)
    models, samples = rng.permutation(6), rng.permutation(300)
    shuffled = replace(
        table,
        names=tuple(table.names[m] for m in models),
        roles=tuple(table.roles[m] for m in models),
        loss_MRB=table.loss_MRB[models][:, :, samples],
        additive_MRB=table.additive_MRB[models][:, :, samples],
        gene_free_RB=table.gene_free_RB[:, samples],
        groups=None if groups is None else groups[samples],
    )
    nulls = [make_nulls("canonical p53", gap=0.05), make_nulls("near", gap=0.02)]
    here = compare_losses(table, nulls, quick).as_dict()
    there = compare_losses(shuffled, nulls[::-1], quick).as_dict()
    _assert_same(here, there)


def _assert_same(a: object, b: object) -> None:
    if isinstance(a, dict) and isinstance(b, dict):
        assert list(a) == list(b)
        for key in a:
            _assert_same(a[key], b[key])
    elif isinstance(a, list) and isinstance(b, list):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            _assert_same(one, other)
    elif isinstance(a, float):
        assert b == pytest.approx(a, rel=1e-9, abs=1e-12)
    else:
        assert a == b


def test_the_same_input_gives_the_same_answer_to_the_last_bit(make_table, make_nulls, quick) -> None:
    nulls = [make_nulls("canonical p53", gap=0.05)]
    first, second = (compare_losses(make_table(THREE), nulls, quick) for _ in range(2))
    assert first.as_dict() == second.as_dict()


def test_hypotheses_with_equal_losses_are_ranked_by_name(make_table, quick) -> None:
    table = make_table({"b": -0.1, "a": -0.1, "c": -0.1})
    found = compare_losses(table, (), quick)
    assert [h.name for h in found.hypotheses if h.role == "hypothesis"] == ["a", "b", "c"]


def test_an_unconstrained_model_that_is_better_is_a_warning_not_a_veto(make_table, make_nulls, quick) -> None:
    found = compare_losses(make_table(THREE, unconstrained=-0.4), [make_nulls("canonical p53", gap=0.05)], quick)
    assert found.verdict.code == "best"
    assert "something that matters is in none of the hypotheses" in found.warnings[0]


def test_null_draws_beyond_the_stopping_point_do_not_count(make_table, make_nulls, quick) -> None:
    null = make_nulls("canonical p53", gap=0.0, n=40)
    found = compare_losses(make_table(THREE), [null], replace(quick, null_stop_after=3))
    stopped = found.nulls[0]
    more = replace(null, draws=np.concatenate([null.draws[: len(stopped.losses)], np.full(30, 99.0)]), finished=False)
    again = compare_losses(make_table(THREE), [more], replace(quick, null_stop_after=3))
    assert stopped.stopped_early
    assert again.nulls[0] == stopped
    assert found["canonical p53"].null_draws == len(stopped.losses) < 40


def test_null_masks_of_unknown_or_repeated_hypotheses_are_refused(make_table, make_nulls, quick) -> None:
    with pytest.raises(DataError, match="Did you mean 'MAPK'"):
        compare_losses(make_table(THREE), [make_nulls("MAPKK", gap=0.1)], quick)
    with pytest.raises(DataError, match="no hypothesis of this study"):
        compare_losses(make_table(THREE), [make_nulls("no-interaction", gap=0.1)], quick)
    with pytest.raises(DataError, match="given twice"):
        compare_losses(make_table(THREE), [make_nulls("MAPK", gap=0.1)] * 2, quick)


def test_pairs_are_corrected_within_their_family(make_table, quick) -> None:
    found = compare_losses(make_table(THREE, unconstrained=0.1), (), quick)
    rivals = [pair for pair in found.pairs if pair.family == "rivals"]
    references = [pair for pair in found.pairs if pair.family == "reference"]
    assert (len(rivals), len(references)) == (3, 6)
    smallest = min(rivals, key=lambda pair: pair.p)
    assert smallest.p_holm == pytest.approx(min(1, 3 * smallest.p))
    assert all(pair.difference <= 0 for pair in rivals)
    assert all(pair.low <= pair.difference <= pair.high for pair in found.pairs)


def test_the_skill_interval_knows_that_the_gene_free_loss_is_estimated_too(make_table, quick) -> None:
    table = make_table({"a": 0.0}, noise=0.0)
    half = replace(table, loss_MRB=np.stack([0.5 * table.gene_free_RB, table.gene_free_RB]))
    found = compare_losses(half, (), quick)["a"]
    # A loss that is always half the gene-free one has a skill of exactly one half, whatever the samples.
    assert (found.skill, found.skill_low, found.skill_high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_answer_is_plain_json_and_its_frames_are_labelled_by_name(make_table, make_nulls, quick) -> None:
    scores = {"MAPK": {"auc": ShownScore(0.7), "brier": ShownScore(float("nan"), "1 of 2 classes have no sample")}}
    table = replace(make_table(THREE, unconstrained=0.0), scores=scores)
    found = compare_losses(
        table, [make_nulls("MAPK", gap=0.0)], quick, circumstances=Circumstances({"hypotheses": 45}, null_repeats=1)
    )
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    mapk = next(h for h in plain["hypotheses"] if h["name"] == "MAPK")
    assert mapk["scores"]["brier"] == {"value": None, "reason": "1 of 2 classes have no sample"}
    assert plain["trainings"] == {"hypotheses": 45}
    assert (plain["settings"]["repeats"], plain["settings"]["null_repeats"]) == (3, 1)
    assert found.ranking().loc["MAPK", "auc"] == 0.7
    assert set(found.ranking().index) == {*THREE, "no-interaction", "unconstrained"}
    assert found.frame().equals(found.ranking())
    assert set(found.pair_table().loc["canonical p53"].index) == {"MAPK", "PI3K", "no-interaction", "unconstrained"}
    assert found.null_table().loc[("MAPK", "rewired"), "draws"] == len(found.nulls[0].losses)
    with pytest.raises(KeyError):
        found["KRAS"]


@pytest.mark.parametrize(
    "wrong",
    [{"alpha": 0.0}, {"alpha": 0.7}, {"margin": 0.0}, {"null_stop_after": 0}, {"monte_carlo_draws": 10}, {"seed": -1}],
)
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ConfigError, match=f"comparison.{next(iter(wrong))}"):
        ComparisonConfig(**wrong)


def test_one_sample_with_most_of_the_loss_does_not_make_skill_look_sure(make_table, quick) -> None:
    """The ratio of two losses that are both that sample's hardly varies; the difference does."""
    table = make_table({"a": -0.001, "b": 0.0})
    gene_free_RB, loss_MRB = table.gene_free_RB.copy(), table.loss_MRB.copy()
    gene_free_RB[:, 7] = 10_000.0
    loss_MRB[:, :, 7] = 9_800.0
    found = compare_losses(replace(table, gene_free_RB=gene_free_RB, loss_MRB=loss_MRB), (), quick)["a"]
    assert found.skill == pytest.approx(0.02, rel=0.1)
    assert found.skill_p > 0.05
    assert found.skill_low < 0.0 < found.skill < found.skill_high
