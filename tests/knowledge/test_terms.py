from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import KnowledgeError
from hypomask.hypothesis.graph import Expansion
from hypomask.knowledge.term_links import TermLinks
from hypomask.knowledge.term_weights import TermWeight, term_weight, term_weights
from hypomask.knowledge.terms import ObsoleteTerm, Terms
from hypomask.masks.compile import compile_mask

Links = Sequence[tuple[int, int, str]]


def terms_of(
    n: int, links: Links, annotations: Sequence[tuple[int, int]] = (), namespaces: Sequence[str] = ()
) -> Terms:
    terms = Terms(
        source="test",
        ids=tuple(f"T:{i}" for i in range(n)),
        names=tuple(f"term {i}" for i in range(n)),
        namespaces=tuple(namespaces) or ("",) * n,
        links=TermLinks.build(n, links),
    )
    n_genes = 1 + max((gene for _, gene in annotations), default=-1)
    return terms.with_annotations(
        tuple(f"G{gene}" for gene in range(n_genes)),
        np.array([term for term, _ in annotations], dtype=np.int32),
        np.array([gene for _, gene in annotations], dtype=np.int32),
    )


@st.composite
def random_terms(draw: st.DrawFn) -> Terms:
    n = draw(st.integers(1, 12))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from(["is_a", "part_of", "regulates"]))
    links = [
        (child, parent, relation) for child, parent, relation in draw(st.lists(pairs, max_size=25)) if child > parent
    ]
    annotations = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, 8)), max_size=30))
    return terms_of(n, links, annotations)


def graph_of(terms: Terms, relations: Sequence[str]) -> nx.DiGraph[str]:
    """Child -> parent, from the links as they are stored."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(terms.ids)
    links = terms.links
    for child, parent, relation in zip(links.children, links.parents, links.relation, strict=True):
        if links.relations[relation] in relations:
            graph.add_edge(terms.ids[child], terms.ids[parent])
    return graph


def annotated(terms: Terms) -> dict[str, set[str]]:
    return {term: set(terms.genes_of(term, descendants=False)) for term in terms.ids}


RELATIONS = st.sampled_from([("is_a",), ("part_of",), ("is_a", "part_of"), ("is_a", "part_of", "regulates")])


@given(random_terms(), RELATIONS)
def test_what_is_above_and_below_a_term_is_what_networkx_says(terms: Terms, relations: tuple[str, ...]) -> None:
    graph = graph_of(terms, relations)
    own = annotated(terms)
    counts = terms.propagated_counts(relations)
    for i, term in enumerate(terms.ids):
        assert set(terms.parents(term, relations)) == set(graph.successors(term))
        assert set(terms.children(term, relations)) == set(graph.predecessors(term))
        assert set(terms.ancestors(term, relations)) == nx.descendants(graph, term)
        assert set(terms.descendants(term, relations)) == nx.ancestors(graph, term)
        genes = set().union(own[term], *(own[below] for below in nx.ancestors(graph, term)))
        assert terms.genes_of(term, relations=relations) == tuple(sorted(genes))
        assert counts[i] == len(genes)
    assert set(terms.roots(relations)) == {term for term in terms.ids if not graph.out_degree(term)}


@given(random_terms(), st.data())
def test_a_subset_keeps_order_and_genes_of_its_terms(terms: Terms, data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(terms.ids), unique=True))
    subset = terms.subset(kept)
    assert set(subset.ids) == set(kept)
    for term in kept:
        for relations in (("is_a", "part_of"), ("is_a",)):
            assert set(subset.ancestors(term, relations)) == set(terms.ancestors(term, relations)) & set(kept)
        assert subset.genes_of(term) == terms.genes_of(term)


@given(random_terms())
def test_a_subset_of_all_terms_changes_nothing(terms: Terms) -> None:
    assert same(terms.subset(terms.ids), terms)


def same(one: Terms, other: Terms) -> bool:
    return (
        (one.ids, one.names, one.namespaces, one.genes) == (other.ids, other.names, other.namespaces, other.genes)
        and one.relations == other.relations
        and all(
            np.array_equal(getattr(one.links, key), getattr(other.links, key))
            for key in ("children", "parents", "relation")
        )
        and np.array_equal(one.gene_start, other.gene_start)
        and np.array_equal(one.gene_index, other.gene_index)
        and dict(one.alt_ids) == dict(other.alt_ids)
        and dict(one.obsolete) == dict(other.obsolete)
    )


@given(random_terms(), st.sets(st.integers(0, 8)))
def test_restriction_to_genes_commutes_with_propagation(terms: Terms, numbers: set[int]) -> None:
    wanted = {f"G{number}" for number in numbers}
    restricted = terms.restrict(wanted)
    assert set(restricted.genes) == wanted & set(terms.genes)
    for term in terms.ids:
        assert set(restricted.genes_of(term)) == set(terms.genes_of(term)) & wanted
    assert same(restricted.restrict(wanted), restricted)


@given(random_terms())
def test_nothing_that_is_asked_changes_the_terms(terms: Terms) -> None:
    before = pickle.dumps(terms)
    arrays = (terms.gene_start.copy(), terms.gene_index.copy(), terms.links.children.copy())
    terms.propagated_counts()
    terms.select(below=terms.ids[0], min_genes=2, max_genes=5)
    terms.restrict(["G1"])
    terms.subset(terms.ids[:1])
    list(terms.gene_sets())
    assert pickle.dumps(terms) == before
    for now, then in zip((terms.gene_start, terms.gene_index, terms.links.children), arrays, strict=True):
        assert np.array_equal(now, then)


@given(random_terms())
def test_pickled_terms_are_the_same_terms(terms: Terms) -> None:
    terms.find(terms.ids[0])
    terms.ancestors(terms.ids[0])
    assert same(pickle.loads(pickle.dumps(terms)), terms)


def test_a_chain_deeper_than_pythons_stack_is_no_matter() -> None:
    n = 5_000
    terms = terms_of(n, [(i, i - 1, "is_a") for i in range(1, n)], [(n - 1, 0)])
    assert len(terms.ancestors(f"T:{n - 1}")) == n - 1
    assert terms.subset(["T:0", f"T:{n - 1}"]).parents(f"T:{n - 1}") == ("T:0",)
    assert len(pickle.loads(pickle.dumps(terms))) == n


# T:0 <- T:1 <- T:2 by is_a; T:3 is part of T:1; T:4 regulates T:1
SMALL = terms_of(
    5,
    [(1, 0, "is_a"), (2, 1, "is_a"), (3, 1, "part_of"), (4, 1, "regulates")],
    [(0, 0), (1, 1), (2, 1), (2, 2), (3, 3), (4, 4)],
    ["P", "P", "P", "C", "P"],
)


def test_regulates_counts_only_on_request() -> None:
    assert SMALL.genes_of("T:1") == ("G1", "G2", "G3")
    assert SMALL.genes_of("T:1", relations=("is_a",)) == ("G1", "G2")
    assert SMALL.genes_of("T:1", relations=("is_a", "part_of", "regulates")) == ("G1", "G2", "G3", "G4")
    assert SMALL.genes_of("T:1", descendants=False) == ("G1",)


def test_asking_for_regulates_means_its_special_cases_too() -> None:
    terms = terms_of(3, [(1, 0, "positively_regulates"), (2, 0, "negatively_regulates")])
    assert terms.children("T:0", ("regulates",)) == ("T:1", "T:2")
    assert terms.children("T:0", ("positively_regulates",)) == ("T:1",)


def test_an_unknown_relation_is_named_and_a_well_known_one_may_be_absent() -> None:
    with pytest.raises(KnowledgeError, match=r"relation 'partof' links no terms .* Did you mean 'part_of'"):
        SMALL.parents("T:3", ("partof",))
    assert SMALL.parents("T:3", ("occurs_in",)) == ()


def test_terms_are_selected_by_branch_namespace_and_size() -> None:
    assert SMALL.select() == SMALL.ids
    assert SMALL.select(below="T:1") == ("T:1", "T:2", "T:3")
    assert SMALL.select(below=["T:2", "term 3"]) == ("T:2", "T:3")
    assert SMALL.select(namespace="C") == ("T:3",)
    assert SMALL.select(min_genes=2, max_genes=3) == ("T:1", "T:2")
    assert SMALL.restrict(["G3"]).select() == ("T:0", "T:1", "T:3")
    with pytest.raises(KnowledgeError, match="no namespace 'F'; expected one of: P, C"):
        SMALL.select(namespace="F")


def test_a_term_left_out_hands_its_genes_and_paths_up() -> None:
    subset = SMALL.subset(["T:0", "T:2"])
    assert (subset.parents("T:2"), subset.relations) == (("T:0",), ("is_a",))
    assert subset.genes_of("T:0", descendants=False) == ("G0", "G1", "G3")
    through_a_part = SMALL.subset(["T:0", "T:3"])
    assert through_a_part.parents("T:3", ("part_of",)) == ("T:0",)


class TestFinding:
    terms = replace(
        terms_of(4, []),
        names=("DNA repair", "mitosis", "twin", "Twin"),
        alt_ids={"T:77": "T:0"},
        obsolete={
            "T:90": ObsoleteTerm("old repair", replaced_by=("T:0",)),
            "T:91": ObsoleteTerm("vague", consider=("T:0", "T:1")),
            "T:92": ObsoleteTerm("gone"),
        },
    )

    @pytest.mark.parametrize("text", ["T:0", "t:0", " DNA repair ", "dna REPAIR", "T:77"])
    def test_id_former_id_and_name_in_any_case_find_the_term(self, text: str) -> None:
        assert self.terms.find(text) == "T:0"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("DNA repare", r"no term has the id or name 'DNA repare'\. Did you mean 'DNA repair'"),
            ("twin", r"2 terms are called 'twin' \(T:2, T:3\); name one by its id"),
            ("T:90", r"T:90 \(old repair\) is obsolete; it was replaced by T:0 \(DNA repair\)"),
            ("Old Repair", r"T:90 \(old repair\) is obsolete"),
            ("T:91", r"is obsolete; instead consider T:0 \(DNA repair\), T:1 \(mitosis\)"),
            ("T:92", "is obsolete and was not replaced; choose another term"),
            ("", "no term has the id or name ''"),
        ],
    )
    def test_other_texts_are_refused_with_a_way_out(self, text: str, message: str) -> None:
        with pytest.raises(KnowledgeError, match=message):
            self.terms.find(text)

    def test_searching_finds_every_term_with_all_words(self) -> None:
        assert self.terms.search("repair dna") == ("T:0",)
        assert self.terms.search("TWIN", limit=1) == ("T:2",)
        assert self.terms.search("t:77") == ("T:0",)

    def test_searching_finds_obsolete_terms_apart(self) -> None:
        assert self.terms.search("old") == ()
        assert self.terms.search_obsolete("Repair old") == ("T:90",)
        assert self.terms.search_obsolete("T:9", limit=2) == ("T:92", "T:91")
        assert self.terms.fate("T:90") == "T:90 (old repair) is obsolete; it was replaced by T:0 (DNA repair)"


class TestHypotheses:
    def test_stars_and_cliques_hold_the_genes_of_descendants(self) -> None:
        for expansion in ("star", "clique"):
            hypothesis = SMALL.as_hypothesis(["T:1", "term 2"], expansion=expansion, scope="all", name="h")
            assert (hypothesis.name, hypothesis.scope) == ("h", "all")
            assert [(group.name, group.members, group.expansion) for group in hypothesis.groups] == [
                ("T:1 term 1", ("G1", "G2", "G3"), expansion),
                ("T:2 term 2", ("G1", "G2"), expansion),
            ]

    def test_a_hierarchy_nests_the_terms_that_have_genes(self) -> None:
        terms = SMALL.restrict(["G1", "G2", "G4"])
        hypothesis = terms.as_hypothesis(expansion="hierarchy")
        assert {group.name: (group.members, group.children) for group in hypothesis.groups} == {
            "T:0 term 0": ((), ("T:1 term 1",)),
            "T:1 term 1": (("G1",), ("T:2 term 2",)),
            "T:2 term 2": (("G1", "G2"), ()),
            "T:4 term 4": (("G4",), ()),
        }

    @given(random_terms(), st.sampled_from(["clique", "star", "hierarchy"]))
    def test_the_account_of_edges_is_what_the_mask_holds(self, terms: Terms, expansion: str) -> None:
        if not terms.n_annotations:
            return
        hypothesis = terms.as_hypothesis(expansion=expansion)  # type: ignore[arg-type]
        mask, coverage = compile_mask(hypothesis, hypothesis.genes, n_layers=20)
        assert coverage.fraction == 1
        stated = [int(word.replace(",", "")) for word in hypothesis.provenance[-1].split() if word[0].isdigit()]
        # A lone gene's token carries nothing between genes, and the compiler leaves it out.
        if expansion == "hierarchy" and min(terms.propagated_counts()[terms.propagated_counts() > 0]) > 1:
            tokens, gathered, nested, spread = stated
            assert len(mask.group_tokens) == tokens
            assert mask.edges(0).n_edges == gathered
            assert mask.edges(5).n_edges == nested
            assert mask.edges(19).n_edges == spread
        if expansion == "clique":
            assert mask.n_edges <= stated[0]

    def test_terms_without_any_gene_make_no_hypothesis(self) -> None:
        with pytest.raises(KnowledgeError, match="none of the 1 terms for hypothesis 'h' has a gene"):
            SMALL.restrict(["G0"]).as_hypothesis(["T:2"], name="h")


def test_information_content_is_minus_the_logarithm_of_the_share_of_genes() -> None:
    terms = terms_of(3, [(1, 0, "is_a")], [(0, 0), (0, 1), (0, 2), (1, 0)], ["P", "P", "F"])
    assert terms.information_content().tolist() == pytest.approx([0.0, np.log(3), np.inf])


class TestWeights:
    terms = terms_of(3, [(1, 0, "is_a"), (2, 0, "is_a")], [(1, 0), (1, 1), (1, 2), (2, 3), (0, 4)])

    def test_small_and_specific_terms_weigh_more(self) -> None:
        assert term_weights(self.terms, "none", ("is_a",)).tolist() == [1, 1, 1]
        assert term_weights(self.terms, "inverse_size", ("is_a",)).tolist() == [1 / 4, 1 / 2, 1]
        by_content = term_weights(self.terms, "information_content", ("is_a",))
        assert by_content.tolist() == pytest.approx([1 - np.log(5) / np.log(6), 1 - np.log(3) / np.log(6), 1])

    @given(random_terms(), st.sampled_from(["none", "inverse_size", "information_content"]))
    def test_every_weight_is_above_0_and_at_most_1(self, terms: Terms, kind: TermWeight) -> None:
        weights = term_weights(terms, kind, ("is_a", "part_of"))
        assert ((weights > 0) & (weights <= 1)).all()

    @pytest.mark.parametrize("expansion", ["clique", "star", "hierarchy"])
    def test_groups_carry_the_weights_and_provenance_says_so(self, expansion: Expansion) -> None:
        hypothesis = self.terms.as_hypothesis(expansion=expansion, weights="inverse_size")
        assert [group.weight for group in hypothesis.groups] == [1 / 4, 1 / 2, 1]
        assert "weights by inverse size" in hypothesis.provenance[-2]
        assert [group.weight for group in self.terms.gene_sets(weights="inverse_size")] == [1 / 4, 1 / 2, 1]

    def test_unknown_weights_are_refused(self) -> None:
        with pytest.raises(KnowledgeError, match=r"weights 'inverse': expected one of .* Did you mean 'inverse_size'"):
            term_weight("inverse")
