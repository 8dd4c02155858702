"""Options describe the same study as a file does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from hypomask.cli.study_options import ONLY_WITHOUT_FILE, SECTION_OF, study_from

NOTHING: dict[str, Any] = dict.fromkeys((*ONLY_WITHOUT_FILE, *SECTION_OF))


def test_options_reach_every_part_of_the_study() -> None:
    options = NOTHING | {
        "channels": ("mutation=m.tsv", "deletion=d.tsv"),
        "samples": Path("s.tsv"),
        "key": "cell_line",
        "id": "source",
        "phenotype": "auc",
        "kind": "continuous",
        "covariates": "age, sex",
        "groups": "cell_line",
        "hypotheses": (Path("a.yaml"), Path("b.gmt")),
        "expansion": "star",
        "scope": "members",
        "folds": 4,
        "seed": 11,
        "replicates": 3,
        "layers": 2,
    }
    study = study_from(None, options)
    assert dict(study.data.channels) == {"mutation": Path("m.tsv"), "deletion": Path("d.tsv")}
    assert (study.data.key_column, study.data.id_column, study.data.groups) == ("cell_line", "source", "cell_line")
    assert (study.data.phenotype, study.data.kind, study.data.covariates) == ("auc", "continuous", ("age", "sex"))
    assert [(source.path, source.expansion) for source in study.hypotheses] == [
        (Path("a.yaml"), "star"),
        (Path("b.gmt"), "star"),
    ]
    assert study.scope == "members"
    assert (study.plan.folds, study.plan.seed, study.training.replicates, study.model.layers) == (4, 11, 3, 2)


def test_masked_genes_a_transform_and_what_is_left_out_are_options_too() -> None:
    options = NOTHING | {"data": Path("x.tsv"), "hypotheses": (Path("h.yaml"),)}
    study = study_from(None, options | {"masked_genes": True, "transform": "log1p", "exclude": "age, sex"})
    assert (study.data.masked_genes, study.data.phenotype) == (True, "")
    assert (study.data.transform, study.data.exclude) == ("log1p", ("age", "sex"))
    study = study_from(None, options | {"phenotype": "p", "drop_missing_phenotype": True})
    assert study.data.drop_missing_phenotype
    with pytest.raises(click.UsageError, match="--masked-genes takes the place of a phenotype"):
        study_from(None, options | {"masked_genes": True, "phenotype": "p"})
    with pytest.raises(click.UsageError, match=r"missing: --phenotype \(or --masked-genes\)"):
        study_from(None, options)


def test_a_file_stays_as_it_is_but_for_the_options_given(folder: Path) -> None:
    study = study_from(folder / "study.yaml", NOTHING | {"folds": 3, "seed": 8})
    assert (study.plan.folds, study.plan.seed, study.plan.nulls, study.name) == (3, 8, 2, "small")


def test_two_channels_of_one_name_are_refused() -> None:
    options = NOTHING | {"channels": ("a=x", "a=y"), "phenotype": "p", "hypotheses": (Path("h"),)}
    with pytest.raises(click.UsageError, match="'a' is given twice"):
        study_from(None, options)
