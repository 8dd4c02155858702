"""A table of losses as a pilot: its questions, how much its effects are worth, and the forecast in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import LossTable
from hypomask.comparison.paired import Units, corrected_effect
from hypomask.comparison.planning.chances import Design
from hypomask.comparison.planning.effect_draws import effect_draws
from hypomask.comparison.planning.forecast import Forecast, forecast
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.words import headline, notes, range_words
from hypomask.comparison.seeds import ReplicateLosses

CONFIG = ComparisonConfig(monte_carlo_draws=1000, bootstrap_draws=50)


def _nulls(table: LossTable, name: str, gap: float, draws: int = 20) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(9)
    own_B = table.loss_MRB[table.index(name), 0]
    return {name: own_B + gap + 0.1 * rng.standard_normal((draws, table.n_samples))}


def _forecast(pilot: Pilot, **options: float) -> Forecast:
    return forecast(pilot.questions(), Design(), effects=effect_draws(pilot, draws=100), **options)


def test_questions_have_the_effects_and_errors_of_the_comparison(make_table) -> None:
    table = make_table({"a": -0.08, "b": -0.05, "c": -0.01}, n=250)
    pilot = Pilot(table, CONFIG, "all", _nulls(table, "a", 0.03))
    questions = pilot.questions()
    assert questions.leader == "a"
    assert [q.kind for q in questions.questions] == ["predicts", "edges", "nulls", "rival", "rival"]
    lead = corrected_effect(table.loss_MRB[1] - table.loss_MRB[0], 5, Units.of(None, 250))
    at = [q.against for q in questions.questions].index("b")
    assert questions.effect_J[at] == pytest.approx(lead.mean)
    assert 2.25 * questions.unit_variances[at] / 250 == pytest.approx(lead.se**2)
    assert questions.effect_J[2] == pytest.approx(0.03, abs=0.01)


def test_a_membership_study_asks_about_edges_without_letting_them_decide(make_table) -> None:
    table = make_table({"a": -0.08, "b": -0.05}, no_interaction=None)
    edges = Pilot(table, CONFIG, "members").questions().questions[1]
    assert edges.kind == "edges"
    assert not edges.decides


def test_groups_are_the_units(make_table) -> None:
    groups = np.array([f"patient {i // 3}" for i in range(300)])
    pilot = Pilot(make_table({"a": -0.08, "b": -0.05}, n=300, groups=groups), CONFIG, "all")
    questions = pilot.questions()
    assert (questions.n_units, questions.grouped) == (100, True)
    found = _forecast(pilot)
    assert "groups" in headline(found)
    lead = corrected_effect(pilot.differences[-1], 5, pilot.units)
    assert 2.25 * questions.unit_variances[-1] / 100 == pytest.approx(lead.se**2)


def test_repeats_that_agree_say_that_splits_hardly_matter(make_table) -> None:
    table = make_table({"a": -0.08, "b": -0.05})
    noisy = replace(
        table, loss_MRB=table.loss_MRB + np.array([0.05, 0.0, -0.05])[None, :, None] * np.eye(3)[0][:, None, None]
    )
    calm_share = Pilot(table, CONFIG, "all").split_share
    assert calm_share < 0.25 < Pilot(noisy, CONFIG, "all").split_share


def test_seeds_share_of_the_split_noise_is_read_where_replicates_are_known(make_table) -> None:
    table = make_table({"a": -0.08, "b": -0.05})
    rng = np.random.default_rng(2)
    loss_RB = dict(zip(table.names, table.loss_MRB, strict=True))
    fold_RB = np.tile(np.arange(table.n_samples) % 5, (3, 1))
    apart = {name: own + 0.05 * rng.standard_normal((2, *own.shape)) for name, own in loss_RB.items()}
    seeds = ReplicateLosses(apart, loss_RB, fold_RB)
    known = Pilot(table, CONFIG, "all", seeds=seeds).questions()
    assert known.seed_share is not None
    assert 0 < known.seed_share <= known.split_share
    assert Pilot(table, CONFIG, "all").questions().seed_share is None


def test_a_clear_leader_and_a_lone_hypothesis_owe_nothing_to_having_been_chosen(make_table) -> None:
    for offsets in ({"a": -0.4, "b": -0.05}, {"a": -0.08}):
        drawn = effect_draws(Pilot(make_table(offsets), CONFIG, "all"), draws=200)
        assert (drawn.selection_J == 0).all()


def test_a_leader_among_equals_is_shrunk_by_about_what_chance_gives_it() -> None:
    rng = np.random.default_rng(6)
    n, kept, shrunk = 300, [], []
    for _ in range(40):
        loss_MRB = np.tile(0.7 + 0.2 * rng.standard_normal((6, 1, n)), (1, 2, 1))
        table = LossTable(
            names=tuple("abcdef"),
            roles=("hypothesis",) * 6,
            loss_MRB=loss_MRB,
            gene_free_RB=np.full((2, n), 0.7),
            additive_MRB=np.full_like(loss_MRB, 0.7),
            groups=None,
            n_folds=5,
            kind="continuous",
        )
        drawn = effect_draws(Pilot(table, CONFIG, "all"), draws=100)
        kept.append(drawn.shrunk_J[0] + drawn.selection_J[0])
        shrunk.append(drawn.shrunk_J[0])
    # The best of six equals looks 1.27 standard errors better than it is; the bootstrap takes back most of that.
    assert np.mean(kept) == pytest.approx(1.27 * 0.2 / np.sqrt(n), rel=0.25)
    assert abs(np.mean(shrunk)) < 0.6 * np.mean(kept)


def test_effects_do_not_depend_on_the_order_of_samples(make_table) -> None:
    table = make_table({"a": -0.08, "b": -0.05})
    order = np.random.default_rng(1).permutation(table.n_samples)
    turned = replace(
        table,
        loss_MRB=table.loss_MRB[:, :, order],
        additive_MRB=table.additive_MRB[:, :, order],
        gene_free_RB=table.gene_free_RB[:, order],
    )
    one, other = (effect_draws(Pilot(t, CONFIG, "all"), draws=60) for t in (table, turned))
    assert one.draws_DJ == pytest.approx(other.draws_DJ)


def test_the_band_holds_the_forecast_and_a_smaller_lead_needs_more(make_table) -> None:
    needed = []
    for lead in (0.08, 0.04):
        found = _forecast(Pilot(make_table({"a": -0.1, "b": -0.1 + lead}, noise=0.2), CONFIG, "all"))
        rival = found.hardest_rival
        assert rival is not None
        assert rival.needed_low <= rival.needed
        assert rival.needed_high is None or rival.needed <= rival.needed_high
        needed.append(rival.needed)
        for outlook in found.outlooks:
            assert [p.n for p in outlook.curve] == sorted(p.n for p in outlook.curve)
            assert all(0 <= p.low <= p.high <= 1 for p in outlook.curve)
    assert needed[1] == pytest.approx(4 * needed[0], rel=0.3)


def test_a_band_widens_with_the_confidence_asked_of_it(make_table) -> None:
    pilot = Pilot(make_table({"a": -0.1, "b": -0.05}), CONFIG, "all")
    narrow, wide = (_forecast(pilot, confidence=c).hardest_rival for c in (0.5, 0.9))
    assert narrow is not None
    assert wide is not None
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_lead_that_may_be_nothing_has_no_number(make_table) -> None:
    found = _forecast(Pilot(make_table({"a": -0.1, "b": -0.0999}), CONFIG, "all"))
    rival = found.hardest_rival
    assert rival is not None
    assert rival.needed is None
    assert range_words(rival).startswith("cannot be said")
    assert headline(found).startswith("It cannot be said how many samples would tell a from b")
    assert "may be nothing" in headline(found)


def test_the_headline_names_numbers_rival_power_and_present_size(make_table) -> None:
    found = _forecast(
        Pilot(make_table({"a": -0.15, "b": -0.05}), CONFIG, "all", _nulls(make_table({"a": 0.0}), "a", 0.1))
    )
    sentence = headline(found)
    assert "are needed to tell a from b with 80 % power" in sentence
    assert "This run has 300" in sentence


def test_without_null_masks_or_rivals_that_is_said(make_table) -> None:
    pilot = Pilot(make_table({"a": -0.15}), CONFIG, "all")
    found = _forecast(pilot)
    assert found.hardest_rival is None
    assert "to support a with 80 % power" in headline(found)
    assert any("No null masks" in note for note in notes(found))


def test_too_few_of_a_class_bound_what_can_be_called_best(make_table) -> None:
    table = make_table({"a": -0.5, "b": 0.0}, events={"no": 280, "yes": 20})
    questions = Pilot(table, CONFIG, "all").questions()
    assert questions.least_units == 600
    assert (
        _forecast(Pilot(table, CONFIG, "all")).best.needed == 610
        or _forecast(Pilot(table, CONFIG, "all")).best.needed == 600
    )
