"""Stored predictions: exact, checked, and never of a fit that diverged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_learner import FakeFit
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import RunError
from hypomask.execution.jobs import Job, null_model, null_name
from hypomask.execution.predictions import PredictionStore

JOB = Job("hypothesis/p53: ATM/CHEK2 α", 1, 4)
SAMPLES = tuple(f"s{i}" for i in range(10))


def fit(n_outputs: int = 1) -> FakeFit:
    rng = np.random.default_rng(0)
    index = np.array([7, 2, 5])
    full, additive, free = rng.standard_normal((3, 3, n_outputs))
    return FakeFit(index, full, additive, free, 0.1 + 0.2, 1 / 3, {"epochs": 3}, np.stack([full - 1, full + 1]))


@pytest.mark.parametrize("n_outputs", [1, 12])
def test_predictions_come_back_to_the_last_bit(tmp_path: Path, n_outputs: int) -> None:
    store, made = PredictionStore(tmp_path), fit(n_outputs)
    stored = store.write(JOB, made, SAMPLES)
    assert store.is_intact(stored)
    read = store.read(JOB)
    for name in ("test_index", "eta_full", "eta_additive", "eta_gene_free", "eta_replicates_MBK"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
    assert (read.y_center, read.y_scale) == (made.y_center, made.y_scale)
    none = replace(made, eta_replicates_MBK=np.zeros((0, 3, n_outputs)))
    store.write(JOB, none, SAMPLES)
    assert store.read(JOB).eta_replicates_MBK.shape == (0, 3, n_outputs)


def test_a_damaged_or_missing_file_is_noticed(tmp_path: Path) -> None:
    store = PredictionStore(tmp_path)
    stored = store.write(JOB, fit(), SAMPLES)
    content = (tmp_path / stored.name).read_bytes()
    (tmp_path / stored.name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert not store.is_intact(stored)
    with pytest.raises(RunError, match=r"missing or damaged.*compare command again"):
        store.read(JOB)
    (tmp_path / stored.name).unlink()
    assert not store.is_intact(stored)
    with pytest.raises(RunError, match="missing or damaged"):
        store.read(JOB)


def test_predictions_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    for part in ("eta_full", "eta_additive", "eta_gene_free"):
        with pytest.raises(ValueError, match="not finite: the training diverged"):
            PredictionStore(tmp_path).write(JOB, replace(fit(), **{part: np.full((3, 1), np.inf)}), SAMPLES)
    with pytest.raises(ValueError, match="expected a positive number"):
        PredictionStore(tmp_path).write(JOB, replace(fit(), y_scale=0.0), SAMPLES)
    assert not list(tmp_path.iterdir())


@given(st.lists(st.tuples(st.text(max_size=300), st.integers(0, 99), st.integers(0, 99)), unique=True, max_size=20))
def test_file_names_are_safe_and_differ(keys: list[tuple[str, int, int]]) -> None:
    names = [Job(f"hypothesis/{model}", repeat, fold).file_name for model, repeat, fold in keys]
    assert len(set(names)) == len(names)
    for name in names:
        assert name.isascii()
        assert len(name) < 150
        assert not set(name) & set('/\\:*?"<>| \0')


@given(st.text(min_size=1), st.integers(0, 10**6))
def test_the_name_of_a_null_model_can_be_taken_apart(hypothesis: str, draw: int) -> None:
    assert null_name(null_model(hypothesis, draw)) == (hypothesis, draw)
    assert null_name(f"hypothesis/{hypothesis}") is None
