"""What is known before training: which genes are tokens, which references exist, how null masks will be drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hypomask.errors import ConfigError, HypothesisError
from hypomask.execution import gene_choice
from hypomask.execution import prepare as module
from hypomask.execution.jobs import NO_INTERACTION, UNCONSTRAINED
from hypomask.execution.prepare import PreparedStudy, coverage_warnings, prepare, shown_name
from hypomask.execution.study import load_study
from hypomask.masks.coverage import Coverage

RIVALS = """\
hypomask: 1
hypotheses:
  - name: truth
    edges: [G0 -> G1, G2 -> G3]
  - name: rival
    edges: [G0 -> G2]
"""


@pytest.fixture
def study(study_file: Path) -> Path:
    (study_file.parent / "rivals.yaml").write_text(RIVALS)
    return study_file


def prepared(study: Path, line: str = "", **plan: object) -> PreparedStudy:
    study.write_text(f"{study.read_text()}{line}\n")
    return prepare(load_study(study).with_plan(**plan))


def test_every_model_has_the_same_genes_when_the_question_is_wiring(study: Path) -> None:
    made = prepared(study)
    assert list(made.masks) == ["hypothesis/truth", "hypothesis/rival", NO_INTERACTION, UNCONSTRAINED]
    assert {mask.genes for mask in made.masks.values()} == {tuple(f"G{j}" for j in range(8))}
    assert made.null_kind == "rewired"
    assert made.warnings == ()


def test_only_named_genes_are_tokens_when_asked_or_when_there_are_many(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = ("G0", "G1", "G2", "G3")
    made = prepared(study, genes="named")
    assert {mask.genes for mask in made.masks.values()} == {named}
    assert any("4 of the data's 8 genes are in the models" in warning for warning in made.warnings)
    monkeypatch.setattr(gene_choice, "MAX_AUTO_GENES", 7)
    assert prepared(study).masks[NO_INTERACTION].genes == named
    assert len(prepared(study, genes="all").masks[NO_INTERACTION].genes) == 8


def test_hypotheses_bring_their_own_genes_when_the_question_is_membership(study: Path) -> None:
    made = prepared(study, "scope: members")
    genes = {shown_name(model)[0]: mask.genes for model, mask in made.masks.items()}
    assert genes["truth"] == ("G0", "G1", "G2", "G3")
    assert genes["rival"] == ("G0", "G2")
    assert genes["no-interaction"] == genes["unconstrained"] == ("G0", "G1", "G2", "G3")
    assert made.null_kind == "matched-genes"


def test_references_that_would_cost_more_than_the_study_are_left_out_and_named(study: Path) -> None:
    made = prepared(study, "scope: members", reference_genes=3)
    assert list(made.masks) == ["hypothesis/truth", "hypothesis/rival"]
    assert any("all 4 genes of all hypotheses, more than plan.reference_genes (3)" in text for text in made.warnings)


def test_the_unconstrained_reference_can_be_left_out(study: Path) -> None:
    assert UNCONSTRAINED not in prepared(study, unconstrained=False).masks


def test_an_unconstrained_reference_too_large_for_all_pairs_is_random_and_says_so(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_EDGES", 20)
    unconstrained = module.unconstrained
    monkeypatch.setattr(module, "unconstrained", lambda genes, **how: unconstrained(genes, max_edges=20, **how))
    made = prepared(study)
    assert made.masks[UNCONSTRAINED].n_edges == made.masks["hypothesis/truth"].n_edges
    assert any("random mask with as many edges as 'truth'" in warning for warning in made.warnings)


def test_all_hypotheses_that_cannot_be_compiled_are_named(study: Path) -> None:
    rivals = study.parent / "rivals.yaml"
    rivals.write_text(RIVALS.replace("G0", "X0").replace("G1", "X1").replace("G3", "X3"))
    with pytest.raises(HypothesisError) as caught:
        prepared(study, min_coverage=0.6)
    assert "truth" in str(caught.value)
    assert "rival" in str(caught.value)


def test_hypotheses_of_different_scope_are_refused_unless_the_study_decides(study: Path) -> None:
    rivals = study.parent / "rivals.yaml"
    rivals.write_text(RIVALS.replace("  - name: rival\n", "  - name: rival\n    scope: members\n"))
    with pytest.raises(ConfigError, match=r"'truth' has scope 'all' and 'rival' has scope 'members'.*scope: all"):
        prepared(study)
    assert prepared(study, "scope: members").scope == "members"


def test_folds_are_those_of_the_seed(study: Path) -> None:
    first, again, other = prepared(study), prepared(study), prepared(study, seed=1)
    np.testing.assert_array_equal(first.folds.test_fold_RB, again.folds.test_fold_RB)
    assert (first.folds.test_fold_RB != other.folds.test_fold_RB).any()
    assert first.cohort.values_BGC.flags.c_contiguous


def row(name: str, *warnings: str, found: int = 1) -> Coverage:
    return Coverage(name, 2, found, (), 0, 0, 2, (), warnings=warnings)


def test_a_warning_that_many_hypotheses_share_is_given_once() -> None:
    rows = [row(f"h{i}", "needs 2 layers") for i in range(5)] + [row("last", "lost a gene")]
    assert coverage_warnings(rows) == ("h0, h1, h2 and 2 more hypotheses: needs 2 layers", "last: lost a gene")


def test_very_many_different_warnings_become_one_line() -> None:
    rows = [row(f"h{i}", f"lost gene {i}") for i in range(49)] + [row("worst", "lost all", found=0)]
    (line,) = coverage_warnings(rows)
    assert line.startswith("50 of 50 hypotheses have genes or edges that are not in the data, the most worst (0 of 2")
