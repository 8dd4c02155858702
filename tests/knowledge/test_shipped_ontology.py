from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hypomask.errors import KnowledgeError
from hypomask.hypothesis.gene_names import gene_fault
from hypomask.knowledge.registry import read_hypotheses
from hypomask.knowledge.shipped import SHIPPED, shipped_file, shipped_pathways
from hypomask.masks.compile import compile_mask

ROOT = Path(__file__).resolve().parents[2]
TOPICS = (
    "DNA repair",
    "mitotic cell cycle",
    "apoptotic process",
    "MAPK cascade",
    "phosphatidylinositol 3-kinase/protein kinase B signal transduction",
    "canonical NF-kappaB signal transduction",
    "interferon-mediated signaling pathway",
)


def test_the_shipped_ontology_is_as_large_as_it_says() -> None:
    terms = shipped_pathways()
    assert (len(terms), len(terms.genes)) == (122, 592)
    assert "122 terms" in (ROOT / "ontologies" / "README.md").read_text()
    assert not [note for note in terms.notes if "damaged" in note]


def test_every_gene_is_a_symbol_and_every_term_is_under_the_root() -> None:
    terms = shipped_pathways()
    assert not [fault for fault in map(gene_fault, terms.genes) if fault]
    assert not [gene for gene in terms.genes if not re.fullmatch(r"[A-Z][A-Z0-9-]*", gene)]
    assert terms.roots() == ("GO:0008150",)
    assert terms.find("GO:0043491") == terms.find("phosphatidylinositol 3-kinase/protein kinase B signal transduction")
    with pytest.raises(KnowledgeError, match=r"GO:0014065 .* is obsolete; it was replaced by GO:0043491"):
        terms.find("GO:0014065")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_becomes_a_mask(topic: str) -> None:
    terms = shipped_pathways()
    hypothesis = terms.as_hypothesis(terms.branch(topic), name="topic")
    assert len(hypothesis.genes) >= 10
    mask, _ = compile_mask(hypothesis, hypothesis.genes, n_layers=5)
    assert mask.n_edges


def test_regulators_of_a_process_are_no_part_of_it() -> None:
    terms = shipped_pathways()
    assert "PTEN" not in terms.genes_of("GO:0043491")
    assert "PTEN" in terms.genes_of("GO:0043491", relations=("is_a", "part_of", "regulates"))


def test_the_example_in_the_readme_draws_its_genes_and_hierarchy(tmp_path: Path) -> None:
    text = (ROOT / "ontologies" / "README.md").read_text()
    document = text.partition("```yaml\n")[2].partition("```")[0].replace("ontologies/", f"{ROOT}/ontologies/")
    path = tmp_path / "hypotheses.yaml"
    path.write_text(document)
    (hypothesis,) = read_hypotheses(path)
    assert set(hypothesis.genes) == set(shipped_pathways().genes_of("DNA repair"))
    assert {group.expansion for group in hypothesis.groups} == {"hierarchy"}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_are_in_the_checkout(name: str) -> None:
    assert shipped_file(name).is_file()


def test_a_file_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(
        KnowledgeError, match=r"'pathway.obo' does not come with hypomask.* Did you mean 'pathways.obo'"
    ):
        shipped_file("pathway.obo")


def test_the_shipped_ontology_agrees_with_the_releases_at_hand(shared_data: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "ontologies" / "check.py")],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "goslim_generic.obo: 8 of our terms are among its 149" in done.stdout
    assert "has 54 of our 56 links between its terms" in done.stdout
    assert "has 234 of our 286 annotations of its genes and terms" in done.stdout
    assert done.stdout.endswith("0 faults in 2 releases\n")


def test_the_check_finds_what_is_wrong(shared_data: Path, tmp_path: Path) -> None:
    slim = (shared_data / "knowledge" / "goslim_generic.obo").read_text()
    wrong = tmp_path / "wrong.obo"
    wrong.write_text(
        slim.replace("name: cell cycle\n", "name: bicycle\n").replace("is_a: GO:0050896", "is_a: GO:0008219")
    )
    done = subprocess.run(
        [sys.executable, str(ROOT / "ontologies" / "check.py"), "--obo", str(wrong)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1
    assert "fault: GO:0007049 is 'cell cycle' here and 'bicycle' in wrong.obo" in done.stdout
