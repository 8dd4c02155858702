from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import jsonschema
import pytest
import yaml

from hypomask.hypothesis.document import dump_hypotheses, load_hypotheses, parse_hypotheses
from hypomask.hypothesis.graph import Hypothesis
from hypomask.hypothesis.schema import hypothesis_schema

FOLDER = Path(__file__).resolve().parents[2] / "hypotheses"
DOCUMENTS = sorted(FOLDER.glob("*.yaml"))


def read_pairs(hypothesis: Hypothesis) -> set[tuple[str, str]]:
    return set(hypothesis.to_networkx().edges())


def test_examples_are_shipped() -> None:
    assert {path.name for path in DOCUMENTS} >= {"p53_damage_response.yaml", "members_example.yaml"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_shipped_documents_load_validate_and_round_trip(path: Path) -> None:
    hypotheses = load_hypotheses(path)
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), hypothesis_schema())
    text = dump_hypotheses(hypotheses)
    assert parse_hypotheses(text) == hypotheses
    jsonschema.validate(yaml.safe_load(text), hypothesis_schema())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_shipped_edges_are_written_once(path: Path) -> None:
    assert not [line for hypothesis in load_hypotheses(path) for line in hypothesis.provenance if "note:" in line]


def test_p53_rivals_are_fair() -> None:
    rivals = load_hypotheses(FOLDER / "p53_damage_response.yaml")
    assert len(rivals) == 4
    assert len({rival.genes for rival in rivals}) == 1
    assert {rival.scope for rival in rivals} == {"all"}
    assert {len(read_pairs(rival)) for rival in rivals} == {33}
    assert all(edge.evidence or edge.sign for rival in rivals for edge in rival.edges)
    for one, other in combinations(rivals, 2):
        shared = read_pairs(one) & read_pairs(other)
        assert len(shared) <= 0.1 * 33, (one.name, other.name, shared)


def test_every_gene_of_the_p53_list_is_in_some_edge() -> None:
    rivals = load_hypotheses(FOLDER / "p53_damage_response.yaml")
    joined = {gene for rival in rivals for pair in read_pairs(rival) for gene in pair}
    assert joined == set(rivals[0].genes)


def test_the_page_on_the_format_is_true(tmp_path: Path) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 3  # the recipes are tried in tests/knowledge/test_recipes.py
    table = "regulator_symbol\ttarget\tconfidence_score\nTP53\tBAX\t0.5\nTP53\tOTHER\t0.5\n"
    (tmp_path / "regulons.tsv").write_text(table)
    first, second = parse_hypotheses(blocks[0], file="README.md", folder=tmp_path)
    assert [group.expansion for group in first.groups] == ["clique", "star", "hierarchy", "hierarchy", "none"]
    assert "regulates" in first.relations
    assert second.scope == "members"
    for block in blocks:
        jsonschema.validate(yaml.safe_load(block), hypothesis_schema())
