"""What a table of losses refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypomask.comparison.losses import NullLosses
from hypomask.errors import DataError


def test_every_model_with_a_loss_that_is_not_finite_is_named(make_table) -> None:
    table = make_table({"canonical": -0.1, "rival": 0.0, "third": 0.0})
    loss_MRB = table.loss_MRB.copy()
    loss_MRB[0, 1, 7] = np.nan
    loss_MRB[2, :, :] = np.inf
    with pytest.raises(DataError) as caught:
        replace(table, loss_MRB=loss_MRB)
    assert "'canonical' has 1 of 900" in str(caught.value)
    assert "'third' has 900 of 900" in str(caught.value)
    assert "rival" not in str(caught.value)


def test_an_additive_part_and_a_null_test_that_are_not_finite_are_named_too(make_table) -> None:
    table = make_table({"canonical": -0.1})
    additive_MRB = table.additive_MRB.copy()
    additive_MRB[0, 0, 0] = np.nan
    with pytest.raises(DataError, match="additive part of 'canonical'"):
        replace(table, additive_MRB=additive_MRB)
    with pytest.raises(DataError, match="null test of 'canonical' \\(rewired\\)"):
        NullLosses("canonical", 0.5, np.array([0.5, np.nan]), "rewired")


def test_all_misfits_of_a_table_are_shown_together(make_table) -> None:
    table = make_table({"a": 0.0, "b": 0.0})
    with pytest.raises(DataError) as caught:
        replace(table, names=("a", "a", "no-interaction"), groups=np.array(["x"]), n_folds=1)
    for part in ("these repeat: a", "groups has shape (1,)", "n_folds is 1"):
        assert part in str(caught.value)


def test_a_table_without_a_hypothesis_or_with_one_group_is_refused(make_table) -> None:
    table = make_table({"a": 0.0})
    with pytest.raises(DataError, match="role 'hypothesis'"):
        replace(table, roles=("reference", "reference"))
    with pytest.raises(DataError, match="two independent samples"):
        replace(table, groups=np.full(300, "one"))


def test_a_gene_free_model_without_any_loss_is_refused(make_table) -> None:
    table = make_table({"a": 0.0})
    with pytest.raises(DataError, match="covariates alone determine"):
        replace(table, gene_free_RB=np.zeros_like(table.gene_free_RB))
