"""Masks in numbers, and what two of them share."""

from __future__ import annotations

import json

import pytest

from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction, random_mask
from hypomask.masks.summary import mask_overlaps, summarise

GENES = tuple("ABCDEF")


def mask_of(name: str, *arrows: str, genes: tuple[str, ...] = GENES) -> Mask:
    """Arrows as "AB": A acts on B."""
    place = {gene: i for i, gene in enumerate(genes)}
    return Mask(name, genes, (EdgeTable.build([place[a[1]] for a in arrows], [place[a[0]] for a in arrows]),))


def test_summary_counts_edges_degrees_and_isolated_genes() -> None:
    summary = summarise(mask_of("m", "AB", "BA", "AC", "AD"))
    assert (summary.n_genes, summary.n_edges, summary.n_group_tokens) == (6, 4, 0)
    assert summary.symmetric_share == 0.5
    assert summary.isolated_genes == ("E", "F")
    assert summary.reads == (0.0, 0.25, 1.0, 1.0, 1.0)
    assert summary.read_by[-1] == 3.0
    assert summary.density == pytest.approx(10 / 36)
    assert summary.relations == {"acts_on": 4}
    assert json.loads(json.dumps(summary.as_dict()))["isolated_genes"] == ["E", "F"]


def test_summary_counts_pairs_of_a_relation_once_over_layers() -> None:
    groups = (GeneGroup("g", ("C", "D"), "star"),)
    hypothesis = Hypothesis("h", GENES, (Edge("A", "B", "binds", directed=False),), groups)
    summary = summarise(compile_mask(hypothesis, GENES, n_layers=3)[0])
    assert summary.relations == {"binds": 2, "member_of": 4}
    assert (summary.n_edges, summary.n_layers_stored, summary.n_group_tokens) == (6, 3, 1)
    assert summary.isolated_genes == ("E", "F")


def test_summary_of_a_mask_without_edges_or_genes() -> None:
    assert summarise(no_interaction(GENES)).isolated_genes == GENES
    assert summarise(no_interaction(())).reads == (0.0,) * 5


def test_overlap_compares_edges_by_name_across_different_genes() -> None:
    one = mask_of("one", "AB", "BC", "CD")
    two = mask_of("two", "CD", "BC", "DE", genes=("E", "D", "C", "B", "X"))
    (overlap,) = mask_overlaps([one, two])
    assert (overlap.a, overlap.b, overlap.shared, overlap.jaccard) == ("one", "two", 2, 0.5)
    assert "share 50% of their edges" in (overlap.warning or "")


def test_direction_matters_for_overlap() -> None:
    (overlap,) = mask_overlaps([mask_of("one", "AB"), mask_of("two", "BA")])
    assert (overlap.shared, overlap.jaccard, overlap.undirected_jaccard) == (0, 0.0, 1.0)


def test_same_wiring_is_pointed_out() -> None:
    (overlap,) = mask_overlaps([mask_of("one", "AB"), mask_of("two", "AB")])
    assert overlap.same
    assert "nothing can tell them apart" in (overlap.warning or "")


def test_same_edges_on_more_genes_are_not_the_same() -> None:
    (overlap,) = mask_overlaps([mask_of("one", "AB"), mask_of("two", "AB", genes=GENES[:3])])
    assert (overlap.jaccard, overlap.same) == (1.0, False)
    assert "share 100%" in (overlap.warning or "")


def test_masks_without_edges_are_compared_only_where_they_are_the_same() -> None:
    bare, fewer = no_interaction(GENES), no_interaction(GENES[:2])
    assert mask_overlaps([bare, fewer]) == []
    assert mask_overlaps([bare, bare])[0].same
    assert mask_overlaps([]) == []


def test_masks_that_connect_nothing_in_common_are_not_compared() -> None:
    masks = [no_interaction(GENES), mask_of("m", "AB"), mask_of("n", "CD"), mask_of("o", "DC"), no_interaction(GENES)]
    assert [(overlap.i, overlap.j) for overlap in mask_overlaps(masks)] == [(0, 4), (2, 3)]


def test_every_pair_of_masks_agrees_with_counting_by_hand() -> None:
    masks = [random_mask(GENES, n, seed=n, name=str(n)) for n in (3, 10, 20, 25)]
    for overlap in mask_overlaps(masks):
        assert (overlap.a, overlap.b) == (masks[overlap.i].name, masks[overlap.j].name)
        a, b = (set(masks[k].pair_keys.tolist()) for k in (overlap.i, overlap.j))
        assert (overlap.shared, overlap.jaccard) == (len(a & b), pytest.approx(len(a & b) / len(a | b)))
    assert len(mask_overlaps(masks)) == 6


def test_hypotheses_that_differ_in_direction_alone_are_named():
    forward = Mask("out", ("A", "B", "C"), (EdgeTable.build([1, 2], [0, 0]),))
    backward = Mask("in", ("A", "B", "C"), (EdgeTable.build([0, 0], [1, 2]),))
    (overlap,) = mask_overlaps([forward, backward])
    assert (overlap.shared, overlap.undirected_jaccard) == (0, 1.0)
    assert "no evidence for either direction" in (overlap.warning or "")
