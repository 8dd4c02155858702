"""Matched random gene sets: other genes, all different, alike in what makes any gene look good."""

from __future__ import annotations

import numpy as np
import pytest

from hypomask.errors import DataError
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.matched_gene_sets import GenePool, draw_matched_genes
from hypomask.masks.references import no_interaction

N_POOL = 1000
POOL = tuple(f"p{i}" for i in range(N_POOL))
RNG = np.random.default_rng(0)
SPREAD = RNG.gamma(1.5, size=N_POOL)


def mask_on(genes: tuple[str, ...]) -> Mask:
    return Mask("m", genes, (EdgeTable.build([1, 2], [0, 1], weight=[0.5, 1.0]),))


def test_drawn_genes_are_different_never_in_their_own_place_and_keep_the_wiring() -> None:
    mask = mask_on(POOL[:20])
    drawn = draw_matched_genes(mask, GenePool(POOL, SPREAD), np.random.default_rng(1))
    assert len(set(drawn.mask.genes)) == 20
    assert all(new != old for new, old in zip(drawn.mask.genes, mask.genes, strict=True))
    assert drawn.own_genes_kept == len(set(drawn.mask.genes) & set(mask.genes)) / 20 < 0.2
    assert drawn.mask.layers is mask.layers


def test_drawn_genes_are_matched_on_spread_far_better_than_chance() -> None:
    extreme = tuple(POOL[i] for i in np.argsort(SPREAD)[-60:-10])
    position = {gene: i for i, gene in enumerate(POOL)}
    drawn = draw_matched_genes(mask_on(extreme), GenePool(POOL, SPREAD), np.random.default_rng(1))
    original = SPREAD[[position[gene] for gene in extreme]].mean()
    matched = SPREAD[[position[gene] for gene in drawn.mask.genes]].mean()
    assert matched == pytest.approx(original, rel=0.15)
    assert matched > 2 * SPREAD.mean()
    assert drawn.rank_gap < 0.06
    assert drawn.worst_gap >= drawn.rank_gap


def test_degree_is_matched_as_well_where_it_is_given() -> None:
    degree = RNG.poisson(5, N_POOL).astype(float)
    degree[:30] = 40 + np.arange(30)
    hubs = POOL[:15]
    position = {gene: i for i, gene in enumerate(POOL)}
    drawn = draw_matched_genes(mask_on(hubs), GenePool(POOL, np.ones(N_POOL), degree), np.random.default_rng(1))
    assert degree[[position[gene] for gene in drawn.mask.genes]].mean() > 2 * degree.mean()


def test_every_channel_counts() -> None:
    spread_GC = np.stack([np.arange(N_POOL), np.arange(N_POOL)[::-1]], axis=1).astype(float)
    drawn = draw_matched_genes(mask_on(POOL[500:510]), GenePool(POOL, spread_GC), np.random.default_rng(0))
    assert all(400 < int(gene[1:]) < 620 for gene in drawn.mask.genes)


def test_draws_vary_even_when_all_genes_are_alike() -> None:
    pool = GenePool(POOL, np.zeros(N_POOL))
    rng = np.random.default_rng(0)
    seen = {gene for _ in range(60) for gene in draw_matched_genes(mask_on(POOL[:10]), pool, rng).mask.genes}
    assert len(seen) > 350  # of 990: no corner of the pool is favoured


def test_a_single_gene_is_set_against_enough_others_for_a_test_at_5_percent() -> None:
    pool = GenePool(tuple(f"g{i}" for i in range(200)), np.arange(200.0))
    rng = np.random.default_rng(0)
    drawn = {draw_matched_genes(no_interaction(("g100",)), pool, rng).mask.genes for _ in range(300)}
    assert len(drawn) == 20
    assert {gene for (gene,) in drawn} <= {f"g{i}" for i in range(89, 112)}


def test_a_small_pool_is_said_to_give_many_own_genes_back() -> None:
    genes = POOL[:12]
    drawn = draw_matched_genes(mask_on(genes[:8]), GenePool(genes, SPREAD[:12]), np.random.default_rng(0))
    assert len(set(drawn.mask.genes)) == 8
    assert "only 4 genes of the data are outside" in drawn.notes[0]
    assert 0 < drawn.own_genes_kept <= 1


def test_pool_of_the_own_genes_alone_still_gives_a_permutation() -> None:
    genes = POOL[:6]
    drawn = draw_matched_genes(mask_on(genes), GenePool(genes, SPREAD[:6]), np.random.default_rng(0))
    assert sorted(drawn.mask.genes) == sorted(genes)


def test_gene_outside_the_pool_is_named() -> None:
    with pytest.raises(DataError, match="'alien' of mask 'm' is missing"):
        draw_matched_genes(mask_on(("p0", "alien", "p1")), GenePool(POOL, SPREAD), np.random.default_rng(0))


def test_pool_refuses_wrong_lengths_and_missing_numbers() -> None:
    with pytest.raises(DataError, match="got 2 values of spread, expected one for each of 3"):
        GenePool(("a", "b", "c"), np.ones(2))
    with pytest.raises(DataError, match="degree has missing"):
        GenePool(("a", "b"), np.ones(2), np.array([1.0, np.nan]))


def test_spread_is_measured_per_channel_without_missing_values() -> None:
    values_BGC = np.random.default_rng(0).normal(size=(50, 3, 2)).astype(np.float32)
    values_BGC[:10, 0, 0] = np.nan
    values_BGC[:, 2, 1] = np.nan
    pool = GenePool.from_values(("a", "b", "c"), values_BGC)
    assert pool.spread[0, 0] == pytest.approx(values_BGC[10:, 0, 0].std(), rel=1e-5)
    assert pool.spread[1, 1] == pytest.approx(values_BGC[:, 1, 1].std(), rel=1e-5)
    assert pool.spread[2, 1] == 0.0


def test_rank_coordinates_share_the_middle_among_ties() -> None:
    pool = GenePool(("a", "b", "c", "d", "e"), np.array([0.0, 0.0, 0.0, 5.0, 7.0]))
    assert pool.rank_coordinates()[:, 0].tolist() == pytest.approx([0.25, 0.25, 0.25, 0.75, 1.0])


def test_the_most_variable_genes_of_a_small_pool_lie_above_their_replacements() -> None:
    genes = tuple(f"g{i}" for i in range(60))
    pool = GenePool(genes, np.arange(60.0))
    rng = np.random.default_rng(0)

    def bias(chosen: tuple[str, ...]) -> float:
        return float(np.mean([draw_matched_genes(mask_on(chosen), pool, rng).rank_bias for _ in range(50)]))

    assert bias(genes[-5:]) > 0.12
    assert bias(genes[:5]) < -0.12
    assert abs(bias(genes[2::12])) < 0.06


def test_random_sets_of_a_small_pool_beat_their_nulls_in_about_5_percent_of_studies() -> None:
    # what a set explains is the sum over its genes, 20 of 60: with its own genes left out this was 33 %
    rng = np.random.default_rng(4)
    genes = tuple(f"g{i}" for i in range(60))
    number = {gene: i for i, gene in enumerate(genes)}
    rejected = 0
    for _ in range(150):
        worth = rng.standard_normal(60)
        pool = GenePool(genes, rng.random(60))
        own = rng.choice(60, 20, replace=False)
        mask = mask_on(tuple(genes[i] for i in own))
        nulls = [
            worth[[number[gene] for gene in draw_matched_genes(mask, pool, rng).mask.genes]].sum() for _ in range(19)
        ]
        rejected += worth[own].sum() > max(nulls)
    assert rejected / 150 < 0.10  # 5 % and 2.8 Monte-Carlo errors
