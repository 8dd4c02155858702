"""`hypomask inspect`: what decides whether a comparison can work, notes of drawn hypotheses, the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from hypomask.cli.comparability import doubts, gene_overlaps
from hypomask.cli.shipped import shipped_hypotheses
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis, Scope
from hypomask.masks.compile import compile_mask
from hypomask.masks.summary import mask_overlaps

Run = Callable[..., Any]
GENES = tuple("ABCDEFGHIJKL")


def doubts_of(*hypotheses: Hypothesis) -> list[str]:
    masks = [compile_mask(hypothesis, GENES, n_layers=1, min_coverage=0.0)[0] for hypothesis in hypotheses]
    return doubts(hypotheses, masks, mask_overlaps(masks), gene_overlaps(hypotheses, GENES))


def path_of(name: str, genes: str, scope: Scope = "all") -> Hypothesis:
    edges = tuple(Edge(a, b) for a, b in pairwise(genes))
    return Hypothesis(name, tuple(genes), edges=edges, scope=scope)


def test_rivals_of_their_own_raise_no_doubt() -> None:
    assert doubts_of(path_of("one", "ABCD"), path_of("two", "DCBA"), path_of("three", "EFGH")) == []


def test_a_hypothesis_within_another_is_named() -> None:
    (said,) = doubts_of(path_of("larger", "ABCDE"), path_of("smaller", "BCD"))
    assert said == "every edge of 'smaller' (2) is in 'larger': what is compared is the rest of 'larger' (2 edges)"


def test_the_same_genes_are_a_doubt_only_where_genes_are_the_question() -> None:
    members = doubts_of(path_of("one", "ABCD", "members"), path_of("two", "DBCA", "members"))
    assert any("name the same genes (100 %)" in said for said in members)
    assert doubts_of(path_of("one", "ABCD"), path_of("two", "DBCA")) == []


def test_a_mask_that_connects_nearly_everything_cannot_beat_its_rewirings() -> None:
    everything = Hypothesis("everything", GENES, groups=(GeneGroup("all", GENES),))
    assert any("'everything' connects 100 % of all pairs" in said for said in doubts_of(everything))
    inside = Hypothesis("inside", GENES, groups=(GeneGroup("all", GENES),), scope="members")
    assert doubts_of(inside) == []


def test_groups_of_other_names_that_connect_the_same_genes_are_named() -> None:
    def star(name: str, members: str, inner: str = "") -> Hypothesis:
        if not inner:
            return Hypothesis(name, tuple(members), groups=(GeneGroup(f"{name} genes", tuple(members), "star"),))
        nested = (
            GeneGroup(f"{name} outer", tuple(members), "hierarchy", (f"{name} inner",)),
            GeneGroup(f"{name} inner", tuple(inner), "hierarchy"),
        )
        return Hypothesis(name, tuple(members + inner), groups=nested)

    (said,) = [line for line in doubts_of(star("go", "ABCDE"), star("reactome", "ABCD")) if "act on each other" in line]
    assert "'go' and 'reactome' let the same genes act on each other (60 % of the pairs that either" in said
    nested = doubts_of(
        star("nested", "ABC", inner="DE"),
        Hypothesis("clique", tuple("ABCDE"), groups=(GeneGroup("c", tuple("ABCDE")),)),
    )
    assert any("(100 % of the pairs" in line for line in nested)
    apart = doubts_of(star("one", "ABCDEF"), star("two", "ABCGHI"), path_of("path", "ABCDEF"))
    assert not any("act on each other" in line for line in apart)


def test_very_different_sizes_are_said_once() -> None:
    large = Hypothesis("large", GENES, groups=(GeneGroup("most", GENES[:9]),))
    said = [line for line in doubts_of(large, path_of("two", "JKL"), path_of("one", "KJ")) if "size" in line]
    assert len(said) == 1
    assert "'large' has 72 edges, 'one' 1" in said[0]


def test_genes_outside_the_data_are_not_shared() -> None:
    (overlap,) = gene_overlaps([path_of("one", "ABX"), path_of("two", "BCX")], GENES)
    assert (overlap.shared, overlap.jaccard) == (1, pytest.approx(1 / 3))


def test_hypotheses_without_a_gene_in_common_are_not_compared() -> None:
    assert gene_overlaps([path_of("one", "AB"), path_of("two", "CD"), path_of("three", "X")], GENES) == []


def test_of_very_many_hypotheses_the_most_alike_are_shown(hypomask: Run, tmp_path: Path) -> None:
    sets = [f"set{k}\t\t" + "\t".join(f"G{k + step}" for step in range(3)) for k in range(300)]
    (tmp_path / "many.gmt").write_text("\n".join([*sets, "twin\t\tG0\tG1\tG2"]))
    ran = hypomask("inspect", tmp_path / "many.gmt", "--out", tmp_path / "page.html")
    assert ran.code == 0
    assert "... and 241 more hypotheses (see --json)" in ran.out
    shared = ran.out[ran.out.index("shared edges:") :].splitlines()
    assert shared[1] == "  1.00  set0 / twin: 6 in both"
    assert shared[16] == "  ... and 286 more pairs (see --json)"
    assert "'set0' and 'twin' are the same wiring" in shared[17]
    content = json.loads(hypomask("inspect", tmp_path / "many.gmt", "--json").out)
    alike = {(row["a"], row["b"]): row["shared"] for row in content["gene_overlaps"]}
    by_name = {line.split("\t")[0]: set(line.split("\t")[2:]) for line in [*sets, "twin\t\tG0\tG1\tG2"]}
    assert alike == {
        (a, b): len(by_name[a] & by_name[b]) for a, b in combinations(by_name, 2) if by_name[a] & by_name[b]
    }


@pytest.mark.parametrize("name", ["p53_damage_response.yaml", "members_example.yaml"])
def test_the_page_of_a_shipped_document_has_a_graph_for_every_hypothesis(
    hypomask: Run, tmp_path: Path, name: str
) -> None:
    ran = hypomask("inspect", shipped_hypotheses(name), "--out", tmp_path / "page.html", "--json")
    assert ran.code == 0
    assert ran.err == f"page: {tmp_path / 'page.html'}\n"
    content = json.loads(ran.out)
    html = (tmp_path / "page.html").read_text()
    assert html.count('<figure class="graph">') == len(content["hypotheses"])
    assert all(item["name"] in html for item in content["hypotheses"])


def test_notes_of_what_was_drawn_are_shown_once(hypomask: Run, tmp_path: Path) -> None:
    text = """hypomask: 1
genes: example-pathways:DNA repair
hypotheses:
  - {name: first, wiring: example-pathways}
  - {name: second, wiring: example-pathways}
"""
    (tmp_path / "drawn.yaml").write_text(text)
    ran = hypomask("inspect", tmp_path / "drawn.yaml")
    assert ran.out.count("a group holds most genes") == 1
    assert "'max_size' of the source leaves large terms out" in ran.out
    assert "nothing can tell them apart" in ran.out


def test_a_page_that_cannot_be_written_is_an_error(hypomask: Run, folder: Path) -> None:
    ran = hypomask("inspect", folder / "hypotheses.yaml", "--out", folder / "nowhere" / "page.html")
    assert ran.code == 5
    assert "page" in ran.err
