"""Real tables beside the checkout are read as they are described there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hypomask.data.reading import DataSpec, read_cohort
from hypomask.data.splits import make_folds
from hypomask.errors import DataError


@pytest.fixture
def palbociclib(shared_data: Path) -> DataSpec:
    folder = shared_data / "cell_lines"
    files = {"mutation": "mutation", "deletion": "cndeletion", "amplification": "cnamplification"}
    channels = {channel: folder / f"{file}.tsv.gz" for channel, file in files.items()}
    responses = folder / "palbociclib_train.tsv"
    return DataSpec(channels, "auc", responses, key_column="cell_line", groups="cell_line")


def test_palbociclib_has_1316_responses_of_742_lines_in_three_channels(palbociclib) -> None:
    cohort, report = read_cohort(palbociclib)
    assert cohort.values_BGC.shape == (1316, 718, 3)
    assert set(np.unique(cohort.values_BGC)) == {0.0, 1.0}
    assert report.counts["groups"] == 742
    assert cohort.phenotype.kind == "continuous"
    assert cohort.samples[0] == "HS633T_SOFT_TISSUE#1"
    folds = make_folds(cohort, seed=1)
    for repeat in range(3):
        train, test = folds.split(repeat, 0)
        assert not set(cohort.groups[train]) & set(cohort.groups[test])
        sizes = np.bincount(folds.test_fold_RB[repeat])
        assert sizes.max() - sizes.min() <= 3


def test_palbociclib_without_the_key_is_told_about_repeated_lines(palbociclib) -> None:
    spec = DataSpec(palbociclib.channels, "auc", palbociclib.samples)
    with pytest.raises(DataError, match=r"574 samples are there more than once.*set key to 'cell_line'"):
        read_cohort(spec)


def test_p53_has_33_mutants_of_50_lines(shared_data) -> None:
    folder = shared_data / "p53_nci60"
    cohort, report = read_cohort(
        DataSpec({"expression": folder / "expression.tsv.gz"}, "p53", folder / "phenotype.tsv")
    )
    assert cohort.values_BGC.shape == (50, 10100, 1)
    assert cohort.phenotype.classes == ("WT", "MUT")
    assert cohort.phenotype.values.sum() == 33
    assert report.warnings == ()


def test_sachs_needs_its_condition_named(shared_data) -> None:
    cells = {"protein": shared_data / "sachs" / "cells.tsv.gz"}
    with pytest.raises(DataError, match=r"column 'condition' holds text in 7466 of 7466 rows.*name it as covariate"):
        read_cohort(DataSpec(cells, "akt"))
    cohort, _ = read_cohort(DataSpec(cells, "akt", covariates=("condition",)))
    assert cohort.n_samples == 7466
    assert cohort.covariates.shape[1] == 8
    with pytest.raises(DataError, match="leakage"):  # the condition indicators are columns, too
        read_cohort(DataSpec(cells, "condition"))


def test_rosmap_layers_of_different_features_are_no_channels_of_one_cohort(shared_data) -> None:
    folder = shared_data / "rosmap"
    cohort, _ = read_cohort(DataSpec({"mrna": folder / "mrna.tsv.gz"}, "alzheimers", folder / "phenotype.tsv"))
    assert cohort.values_BGC.shape == (351, 200, 1)
    both = {"mrna": folder / "mrna.tsv.gz", "mirna": folder / "mirna.tsv.gz"}
    with pytest.raises(DataError, match="the channels have no gene in common"):
        read_cohort(DataSpec(both, "alzheimers", folder / "phenotype.tsv"))
