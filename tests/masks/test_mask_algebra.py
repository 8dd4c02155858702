"""Laws of union, intersection and difference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.errors import HypothesisError
from hypomask.masks.algebra import difference, intersection, same_pattern, union
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction, unconstrained

GENES = tuple("ABCDE")
RELATIONS = ("acts_on", "binds", "inhibits")


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    relations = tuple(draw(st.permutations(RELATIONS)))[: draw(st.integers(1, 3))]
    entry = st.tuples(
        st.integers(0, 4), st.integers(0, 4), st.integers(0, len(relations) - 1), st.sampled_from([0.25, 0.5, 1.0])
    )
    tables = [
        EdgeTable.build(*(list(column) for column in zip(*entries, strict=True)))
        if entries
        else EdgeTable.build([], [])
        for entries in draw(st.lists(st.lists(entry, max_size=12), min_size=1, max_size=1))
    ]
    if draw(st.booleans()):
        tables = [*tables, EdgeTable.build([0], [1])]
    return Mask("m", GENES, tuple(tables), relations=relations)


def content(mask: Mask, n_layers: int = 2) -> list[set[tuple[int, int, str, float]]]:
    """Entries with named relations per layer, so that numbering does not matter."""
    return [
        {
            (int(r), int(c), mask.relations[k], float(w))
            for r, c, k, w in zip(table.rows, table.cols, table.relation, table.weight, strict=True)
        }
        for table in (mask.edges(layer) for layer in range(n_layers))
    ]


@settings(max_examples=60, deadline=None)
@given(a=masks(), b=masks())
def test_union_and_intersection_commute(a: Mask, b: Mask) -> None:
    assert content(union(a, b)) == content(union(b, a))
    assert content(intersection(a, b)) == content(intersection(b, a))


@settings(max_examples=60, deadline=None)
@given(a=masks(), b=masks(), c=masks())
def test_union_and_intersection_associate_as_patterns(a: Mask, b: Mask, c: Mask) -> None:
    assert content(union(union(a, b), c)) == content(union(a, union(b, c)))
    assert same_pattern(intersection(intersection(a, b), c), intersection(a, intersection(b, c)))


@settings(max_examples=60, deadline=None)
@given(a=masks())
def test_mask_with_itself_and_with_the_references(a: Mask) -> None:
    nothing, everything = no_interaction(GENES), unconstrained(GENES)
    assert content(union(a, a)) == content(a) == content(intersection(a, a))
    assert difference(a, a).n_edges == 0
    assert content(union(a, nothing)) == content(a) == content(difference(a, nothing))
    assert same_pattern(intersection(a, everything), a)
    assert same_pattern(union(a, everything), everything)
    assert difference(a, everything).n_edges == 0


@settings(max_examples=60, deadline=None)
@given(a=masks(), b=masks(), c=masks())
def test_de_morgan_and_distribution(a: Mask, b: Mask, c: Mask) -> None:
    assert same_pattern(difference(a, union(b, c)), intersection(difference(a, b), difference(a, c)))
    assert same_pattern(difference(a, intersection(b, c)), union(difference(a, b), difference(a, c)))
    assert same_pattern(intersection(a, union(b, c)), union(intersection(a, b), intersection(a, c)))
    assert same_pattern(union(a, intersection(a, b)), a)
    assert same_pattern(union(difference(a, b), intersection(a, b)), a)


def test_weights_take_the_larger_in_a_union_and_the_smaller_in_an_intersection() -> None:
    weak = Mask("weak", GENES, (EdgeTable.build([1], [0], weight=[0.25]),), relations=("binds",))
    strong = Mask("strong", GENES, (EdgeTable.build([1], [0], weight=[0.75]),), relations=("binds",))
    assert union(weak, strong).layers[0].weight.tolist() == [0.75]
    assert intersection(weak, strong).layers[0].weight.tolist() == [0.25]


def test_intersection_keeps_the_relation_names_of_both() -> None:
    activates = Mask("a", GENES, (EdgeTable.build([1, 2], [0, 0]),), relations=("activates",))
    binds = Mask("b", GENES, (EdgeTable.build([1, 3], [0, 0]),), relations=("binds",))
    both = intersection(activates, binds)
    assert content(both, 1) == [{(1, 0, "activates", 1.0), (1, 0, "binds", 1.0)}]
    assert both.name == "a and b"
    assert both.n_edges == 1


def test_different_tokens_are_refused_by_name() -> None:
    with pytest.raises(HypothesisError, match="gene 2 is 'B' in one and 'X' in the other"):
        union(no_interaction(GENES), no_interaction(("A", "X", "C", "D", "E")))
    with pytest.raises(HypothesisError, match="5 and 4 genes"):
        union(no_interaction(GENES), no_interaction(GENES[:4]))


def test_different_numbers_of_layers_are_refused() -> None:
    table = EdgeTable.build([0], [1])
    two, three = (Mask(str(n), GENES, (table,) * n) for n in (2, 3))
    with pytest.raises(HypothesisError, match="2 and 3 layers"):
        union(two, three)
    assert not same_pattern(two, three)


def test_same_pattern_ignores_names_relations_and_weights_and_sees_layers() -> None:
    plain = Mask("a", GENES, (EdgeTable.build([1, 2], [0, 1]),))
    dressed = Mask(
        "b", GENES, (EdgeTable.build([1, 2, 1], [0, 1, 0], [0, 1, 1], [0.5, 1, 1]),) * 2, relations=("x", "y")
    )
    assert same_pattern(plain, dressed)
    assert not same_pattern(plain, Mask("c", GENES, (plain.layers[0], EdgeTable.build([], []))))
    assert not same_pattern(plain, Mask("d", GENES[::-1], plain.layers))
    assert np.array_equal(plain.pair_keys, dressed.pair_keys)
