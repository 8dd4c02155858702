"""Pairs of knockouts: definitions, exact zeros, bounds that hold, and candidates for synthetic lethality."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from trained import GENES

from hypomask.errors import ConfigError, HypothesisError
from hypomask.knockout.asking import ScanOptions
from hypomask.knockout.epistasis import PairScan, _synthetic_lethal, pair_up, pairs_that_can_interact, scan_pairs
from hypomask.knockout.interventions import dose, joint, knockout
from hypomask.knockout.scan import scan
from hypomask.knockout.top_pairs import pair_bounds, top_pairs
from hypomask.knockout.trained_run import TrainedRun
from hypomask.report.knockout_page import pair_sentence

ALL = [knockout(gene) for gene in GENES]
QUIET = ScanOptions(nulls=False)


@pytest.fixture(scope="module")
def pairs(trained_run: TrainedRun) -> PairScan:
    """All pairs of genes under a mask in which chains meet."""
    return scan_pairs(trained_run, ALL, hypothesis="unconstrained", options=QUIET)


def test_epistasis_is_what_both_do_beyond_the_sum(trained_run: TrainedRun, pairs: PairScan) -> None:
    table = pairs.table
    np.testing.assert_allclose(table["epistasis"], table["both"] - table["effect_a"] - table["effect_b"], atol=1e-6)
    a, b = table.loc[0, ["a", "b"]]
    both = scan(trained_run, [knockout(a), knockout(b), joint(knockout(a), knockout(b))], "unconstrained", QUIET)
    effect = both.table["effect"]
    assert table.loc[0, "both"] == pytest.approx(effect[f"{a} + {b}"], abs=1e-6)
    assert table.loc[0, "effect_a"] == pytest.approx(effect[a], abs=1e-6)
    by_sample = both.summary.by_sample_JB.astype(float)
    at = [GENES.index(a), GENES.index(b)]
    expected = by_sample[2] - by_sample[0] - by_sample[1]
    of_pair = pairs.pairs.tolist().index(sorted(at))
    np.testing.assert_allclose(pairs.epistasis.by_sample_JB[of_pair], expected, atol=1e-5)
    assert table.loc[0, "low"] < table.loc[0, "epistasis"] < table.loc[0, "high"]


def test_epistasis_that_means_hide_is_named(trained_run: TrainedRun, pairs: PairScan) -> None:
    rms = np.sqrt(np.square(pairs.epistasis.by_sample_JB.astype(float)).mean(axis=1))
    order = np.argsort(-np.abs(pairs.epistasis.effect.mean), kind="stable")
    np.testing.assert_allclose(pairs.table["epistasis_rms"], rms[order], rtol=1e-4, atol=1e-6)
    hidden = scan_pairs(trained_run, [knockout("G0"), knockout("G1")], hypothesis="truth", options=QUIET)
    row = hidden.table.loc[0]
    assert row["epistasis_rms"] > 5 * abs(row["epistasis"]), "a product of two genes goes up and down"
    sentence = pair_sentence(hidden)
    assert f"by {row['epistasis_rms']:.3f} (root mean square)" in sentence
    assert "--dose 0 silences genes and keeps their edges" in sentence
    silenced = scan_pairs(trained_run, [dose("G0", 0.0), dose("G1", 0.0)], hypothesis="truth", options=QUIET)
    assert abs(silenced.table.loc[0, "epistasis"]) > 5 * abs(row["epistasis"])
    assert "--dose 0" not in pair_sentence(silenced)


def test_definitions_of_yeast_genetics_are_for_phenotypes_that_are_positive(pairs: PairScan) -> None:
    assert not pairs.is_positive, "some responses are below 0"
    assert not {"multiplicative", "minimum"} & set(pairs.table)
    pairs = replace(pairs, is_positive=True)
    table = pairs.table
    before = float(pairs.single.before_K[0])
    unit = {each.name: 1 + value / before for each, value in zip(pairs.singles, pairs.single.unit.mean, strict=True)}
    alone = table.apply(lambda row: (unit[row["a"]], unit[row["b"]]), axis=1)
    together = table["multiplicative"] + alone.map(lambda w: w[0] * w[1])
    np.testing.assert_allclose(together, table["minimum"] + alone.map(min))
    y_scale = np.std(pairs.both.unit.mean) / np.std(pairs.both.effect.mean)
    np.testing.assert_allclose(table["unit_epistasis"], y_scale * table["epistasis"], rtol=0.2, atol=0.02)


def test_pairs_that_share_no_token_have_an_epistasis_of_exactly_zero(trained_run: TrainedRun) -> None:
    mask, config = trained_run.mask("truth"), trained_run.prepared.study.model
    can = pairs_that_can_interact(ALL, mask, config)
    expected = np.zeros((9, 9), dtype=bool)
    for source in (0, 2, 4, 6):
        expected[source, source + 1] = expected[source + 1, source] = True
    np.testing.assert_array_equal(can, expected)
    found = scan_pairs(trained_run, ALL, hypothesis="truth", options=QUIET)
    assert len(found.table) == 4
    assert found.n_zero == 36 - 4
    others = [pair for pair in combinations(range(9), 2) if not can[pair]]
    together = [joint(ALL[a], ALL[b]) for a, b in others]
    everything = scan(trained_run, [*ALL, *together], "truth", QUIET).summary.by_sample_JB.astype(float)
    for at, (a, b) in enumerate(others):
        np.testing.assert_allclose(everything[9 + at], everything[a] + everything[b], atol=1e-6)


@pytest.mark.parametrize("keep_values", [False, True])
def test_the_largest_are_found_without_computing_all(trained_run: TrainedRun, keep_values: bool) -> None:
    every = scan_pairs(trained_run, ALL, hypothesis="unconstrained", options=QUIET).table
    top = top_pairs(trained_run, GENES, 3, "unconstrained", QUIET, keep_values=keep_values)
    found = top.scan.table
    assert top.n_pairs == top.n_can_interact == 36
    assert set(zip(found["a"], found["b"], strict=True)) == set(zip(every["a"][:3], every["b"][:3], strict=True))
    np.testing.assert_allclose(found["epistasis"], every["epistasis"][:3], atol=1e-6)
    np.testing.assert_allclose(found["p_holm"], np.minimum(1, 36 * found["p"]))


def test_no_epistasis_exceeds_its_bound(trained_run: TrainedRun, pairs: PairScan) -> None:
    for name, found in (("unconstrained", pairs), ("truth", scan_pairs(trained_run, ALL, hypothesis="truth"))):
        bounds = pair_bounds(trained_run, ALL, name, QUIET).toarray()
        of_pairs = bounds[found.pairs[:, 0], found.pairs[:, 1]]
        assert (np.abs(found.epistasis.by_sample_JB).mean(axis=1) <= of_pairs + 1e-9).all()
        assert (of_pairs > 0).any()


def test_synthetic_lethal_candidates_harm_together_and_not_alone() -> None:
    frame = pd.DataFrame(
        {
            "both": [-3.0, -3.0, -3.0, 3.0, -3.0],
            "effect_a": [-0.5, -2.5, -0.5, 0.5, -0.5],
            "effect_b": [0.2, -0.2, 0.2, 0.2, 0.2],
            "epistasis": [-2.7, -0.3, -2.7, 2.3, -2.7],
            "p_holm": [0.01, 0.01, 0.2, 0.01, np.nan],
        }
    )
    assert _synthetic_lethal(frame, "lower", 0.05).tolist() == [True, False, False, False, False]
    assert _synthetic_lethal(frame, "higher", 0.05).tolist() == [False, False, False, True, False]


def test_what_cannot_be_paired_is_refused(trained_run: TrainedRun) -> None:
    with pytest.raises(HypothesisError, match="at least two genes"):
        scan_pairs(trained_run, ALL[:1], hypothesis="truth")
    with pytest.raises(HypothesisError, match="exactly 0 on the link scale"):
        scan_pairs(trained_run, [ALL[0], ALL[8]], hypothesis="truth")
    with pytest.raises(ConfigError, match="expected lower or higher"):
        scan_pairs(trained_run, ALL, hypothesis="truth", harm="death")
    assert pair_up(ALL).shape == (36, 2)
