"""A cohort that is streamed is the cohort that would have been read, from every kind of file, with the same words."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from hypomask.data import hdf5_values, memory, reserved_file, stored_values
from hypomask.data.cohort import Cohort
from hypomask.data.memory import COPIES, is_streamed, size_in_memory
from hypomask.data.reading import DataReport, read_cohort
from hypomask.data.scratch import PREFIX, Scratch
from hypomask.data.spec import DataSpec
from hypomask.data.splits import make_folds
from hypomask.data.streamed import Storage, map_values
from hypomask.errors import ConfigError, DataError, RunError

N, GENES = 60, [f"G{i}" for i in range(9)]
SAMPLES = [f"s{i:02d}" for i in range(N)]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_values, "CHUNK_VALUES", 70)  # 7 samples at a time
    monkeypatch.setattr(hdf5_values, "CHUNK_VALUES", 40)


@pytest.fixture
def values() -> np.ndarray:
    """Measurements with gaps, zeros, a copied sample, a constant gene, and one without any value."""
    rng = np.random.default_rng(0)
    x = np.where(rng.random((N, 9)) < 0.4, 0.0, rng.normal(5, 2, (N, 9)).round(3))
    x[rng.random((N, 9)) < 0.05] = np.nan
    x[:, 4] = 2.0
    x[:, 7] = np.nan
    x[31] = x[12]
    return x


def phenotype(seed: int = 0) -> list[str]:
    return np.where(np.random.default_rng(seed).random(N) < 0.5, "MUT", "WT").tolist()


def write_samples(folder: Path, order: np.ndarray | None = None) -> Path:
    frame = pd.DataFrame({"id": SAMPLES, "p53": phenotype()})
    (frame if order is None else frame.iloc[order]).to_csv(folder / "samples.tsv", sep="\t", index=False)
    return folder / "samples.tsv"


def write_h5ad(path: Path, values: np.ndarray, form: Callable[[np.ndarray], Any]) -> None:
    anndata = pytest.importorskip("anndata")
    obs = pd.DataFrame({"p53": pd.Categorical(phenotype())}, index=SAMPLES)
    data = anndata.AnnData(X=form(values), obs=obs, var=pd.DataFrame(index=GENES))
    data.layers["halved"] = form(values / 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.write_h5ad(path)


FORMS = {"dense": np.asarray, "csr": sp.csr_matrix, "csc": sp.csc_matrix}


def both(spec: DataSpec, storage: Storage | None = None) -> tuple[tuple[Cohort, DataReport], tuple[Cohort, DataReport]]:
    return read_cohort(replace(spec, streaming="never")), read_cohort(
        replace(spec, streaming="always"), storage=storage
    )


def assert_the_same(held: tuple[Cohort, DataReport], streamed: tuple[Cohort, DataReport]) -> None:
    one, two = held[0], streamed[0]
    assert one.streamed is None
    assert two.streamed is not None
    assert (one.samples, one.genes, one.channels) == (two.samples, two.genes, two.channels)
    np.testing.assert_array_equal(one.values_BGC, two.values_BGC)
    np.testing.assert_array_equal(one.phenotype.values, two.phenotype.values)
    np.testing.assert_array_equal(one.all_row_digests, two.all_row_digests)
    np.testing.assert_array_equal(make_folds(one).test_fold_RB, make_folds(two).test_fold_RB)
    assert held[1] == streamed[1]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layers", [("X",), ("halved",), ("X", "halved")])
def test_anndata(tmp_path: Path, values: np.ndarray, form: str, layers: tuple[str, ...]) -> None:
    write_h5ad(tmp_path / "t.h5ad", values, FORMS[form])
    assert_the_same(*both(DataSpec({"rna": tmp_path / "t.h5ad"}, "p53", layers=layers)))


@pytest.mark.parametrize("name", ["rows", "genes in rows", "within", "text"])
def test_parquet_and_text(tmp_path: Path, values: np.ndarray, name: str) -> None:
    frame = pd.DataFrame(values, index=SAMPLES, columns=GENES)
    samples: Path | None = write_samples(tmp_path)
    path = tmp_path / "t.parquet"
    if name == "rows":
        frame.to_parquet(path, row_group_size=11)
    elif name == "genes in rows":
        frame.T.to_parquet(path, row_group_size=4)
    elif name == "within":
        frame.assign(p53=phenotype()).to_parquet(path, row_group_size=11)
        samples = None
    else:
        path = tmp_path / "t.tsv"
        frame.to_csv(path, sep="\t", index_label="id")
    assert_the_same(*both(DataSpec({"rna": path}, "p53", samples)))


def test_channels_in_different_orders_and_samples_in_another_and_twice(tmp_path: Path, values: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(values, index=SAMPLES, columns=GENES)
    frame.iloc[rng.permutation(N)].to_parquet(tmp_path / "a.parquet", row_group_size=13)
    frame.iloc[rng.permutation(N)[:50], rng.permutation(9)].to_parquet(tmp_path / "b.parquet", row_group_size=7)
    seen = rng.choice(N, 80)
    rows = pd.DataFrame({"line": [SAMPLES[i] for i in seen], "p53": [phenotype()[i] for i in seen]})
    rows.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    channels = {"a": tmp_path / "a.parquet", "b": tmp_path / "b.parquet"}
    assert_the_same(*both(DataSpec(channels, "p53", tmp_path / "samples.tsv", key_column="line")))


def test_transformed_counts_are_warned_of_and_logarithms_taken(tmp_path: Path) -> None:
    counts = np.random.default_rng(0).poisson(np.exp(np.random.default_rng(1).normal(4, 1, (N, 9)))).astype(float)
    write_h5ad(tmp_path / "t.h5ad", counts, sp.csr_matrix)
    spec = DataSpec({"rna": tmp_path / "t.h5ad"}, "p53")
    held, streamed = both(spec)
    assert any("as read counts are" in warning for warning in held[1].warnings)
    assert_the_same(held, streamed)
    assert_the_same(*both(replace(spec, transform="log1p")))


def test_only_needed_genes_are_kept_and_all_are_checked(tmp_path: Path, values: np.ndarray) -> None:
    write_h5ad(tmp_path / "t.h5ad", values, sp.csr_matrix)
    asked: list[tuple[str, ...]] = []

    def needed(genes: tuple[str, ...]) -> tuple[str, ...]:
        asked.append(genes)
        return tuple(gene for gene in genes if gene in ("G2", "G5", "G7"))

    spec = DataSpec({"rna": tmp_path / "t.h5ad"}, "p53")
    (held, report), (streamed, streamed_report) = both(spec, Storage(tmp_path, needed))
    assert asked == [tuple(GENES), tuple(gene for gene in GENES if gene != "G7")]  # a pass without G7, of no value
    assert streamed.genes == ("G2", "G5")
    assert streamed.measured_genes == held.genes
    np.testing.assert_array_equal(streamed.values_BGC, held.with_genes(streamed.genes).values_BGC)
    np.testing.assert_array_equal(streamed.all_row_digests, held.all_row_digests)
    assert streamed_report == report


def test_what_is_wrong_is_said_in_the_same_words(tmp_path: Path, values: np.ndarray) -> None:
    values = np.nan_to_num(values)
    spec = DataSpec({"rna": tmp_path / "t.h5ad"}, "p53")
    for cells, given in (
        ({(i, j): np.inf for i in (3, 40) for j in range(9)}, spec),
        ({(i, 1): np.inf for i in range(30)}, spec),
        ({}, replace(spec, transform="log")),
        ({(i, 3): float(p == "MUT") for i, p in enumerate(phenotype())}, spec),
        ({(i, j): np.nan for i in range(N) for j in range(9)}, spec),
    ):
        spoiled = values.copy()
        for cell, value in cells.items():
            spoiled[cell] = value
        write_h5ad(tmp_path / "t.h5ad", spoiled, np.asarray)
        said = []
        for streaming in ("never", "always"):
            with pytest.raises(DataError) as caught:
                read_cohort(replace(given, streaming=streaming))  # type: ignore[arg-type]
            said.append(str(caught.value))
        assert said[0] == said[1]
        assert said[0]


def test_a_file_that_ends_too_early_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    pd.DataFrame(values, index=SAMPLES, columns=GENES).to_parquet(tmp_path / "t.parquet", row_group_size=11)
    content = bytearray((tmp_path / "t.parquet").read_bytes())
    content[600:900] = os.urandom(300)
    (tmp_path / "t.parquet").write_bytes(bytes(content))
    with pytest.raises(DataError, match="not a Parquet file, or a damaged one"):
        read_cohort(DataSpec({"x": tmp_path / "t.parquet"}, "p53", write_samples(tmp_path), streaming="always"))


def test_masked_genes_are_not_streamed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="masked genes cannot be streamed"):
        DataSpec({"rna": tmp_path / "t.h5ad"}, masked_genes=True, streaming="always")
    assert not is_streamed(DataSpec({"rna": tmp_path / "t.h5ad"}, masked_genes=True), before=True)


# --- when --------------------------------------------------------------------------------------------------------


def test_size_decides_unless_something_else_was_said(
    tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_h5ad(tmp_path / "t.h5ad", values, sp.csr_matrix)
    pd.DataFrame(values, index=SAMPLES, columns=GENES).to_parquet(tmp_path / "t.parquet", index=False)
    spec = DataSpec({"rna": tmp_path / "t.h5ad"}, "p53", layers=("X", "halved"))
    size = size_in_memory(spec)
    assert size == 2 * N * 9 * 4
    assert size_in_memory(DataSpec({"x": tmp_path / "t.parquet"}, "p53")) == N * 9 * 4
    assert size_in_memory(DataSpec({"x": tmp_path / "none.parquet", "y": tmp_path / "y.tsv"}, "p53", tmp_path)) == 0
    for available, streams in ((COPIES * size, False), (COPIES * size - 1, True), (None, False)):
        monkeypatch.setattr(memory, "available_memory", lambda free=available: free)
        assert is_streamed(spec) is streams
        assert is_streamed(spec, before=not streams) is not streams
        assert is_streamed(replace(spec, streaming="always"))
        assert not is_streamed(replace(spec, streaming="never"), before=True)


def test_the_memory_of_this_machine_is_a_number() -> None:
    available = memory.available_memory()
    assert available is None or 2**20 < available < 2**50


# --- the file ----------------------------------------------------------------------------------------------------


@pytest.fixture
def streamed(tmp_path: Path, values: np.ndarray) -> Cohort:
    write_h5ad(tmp_path / "t.h5ad", values, sp.csr_matrix)
    spec = DataSpec({"rna": tmp_path / "t.h5ad"}, "p53", streaming="always")
    return read_cohort(spec, storage=Storage(tmp_path / "run"))[0]


def test_the_file_is_checked_by_whoever_maps_it(streamed: Cohort) -> None:
    assert streamed.streamed is not None
    sent = replace(streamed, values_BGC=np.zeros((0, 0, 0), np.float32))
    np.testing.assert_array_equal(sent.with_values_mapped().values_BGC, streamed.values_BGC)
    file = streamed.streamed.file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(RunError, match="was changed or damaged since it was written"):
        sent.with_values_mapped()
    with pytest.raises(RunError, match="cannot be read"):
        map_values(file, (N, 100, 1))
    file.unlink()
    with pytest.raises(RunError, match="cannot be read"):
        sent.with_values_mapped()


def test_the_file_is_gone_with_the_cohort_and_after_an_error(tmp_path: Path, values: np.ndarray) -> None:
    write_h5ad(tmp_path / "t.h5ad", values, sp.csc_matrix)
    spec = DataSpec({"rna": tmp_path / "t.h5ad"}, "p53", streaming="always")
    cohort = read_cohort(spec, storage=Storage(tmp_path / "run"))[0]
    assert [path.name.startswith(PREFIX) for path in (tmp_path / "run").iterdir()] == [True]
    del cohort
    assert list((tmp_path / "run").iterdir()) == []
    with pytest.raises(DataError):
        read_cohort(replace(spec, phenotype="none"), storage=Storage(tmp_path / "run"))
    assert list((tmp_path / "run").iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from hypomask.data.scratch import Scratch; "
    code += (
        "kept = Scratch(Path(sys.argv[1])); (kept.path / 'values.f32').write_bytes(b'half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert (left / "values.f32").read_bytes() == b"half"
    other, own = Scratch(tmp_path), Scratch(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([other.path, own.path])  # one of a running process stays


def test_a_full_disk_is_an_error_with_a_way_out(
    tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_h5ad(tmp_path / "t.h5ad", values, sp.csr_matrix)
    monkeypatch.setattr(reserved_file, "_reserve", full)
    with pytest.raises(RunError, match="the disk is too full for the measurements") as caught:
        read_cohort(
            DataSpec({"rna": tmp_path / "t.h5ad"}, "p53", streaming="always"), storage=Storage(tmp_path / "run")
        )
    assert "start again" in str(caught.value)
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("name", ["t.h5ad", "t.parquet", "t.tsv"])
def test_too_little_memory_is_an_error_with_a_way_out(
    tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    frame = pd.DataFrame(values, index=SAMPLES, columns=GENES)
    write_h5ad(tmp_path / "t.h5ad", values, np.asarray)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.tsv", sep="\t", index_label="id")
    monkeypatch.setattr("anndata.read_h5ad", full)
    monkeypatch.setattr("pyarrow.parquet.ParquetFile.read", full)
    monkeypatch.setattr("hypomask.data.sources.parse_matrix", full)
    with pytest.raises(RunError, match="not enough memory for the measurements") as caught:
        read_cohort(DataSpec({"rna": tmp_path / name}, "p53", write_samples(tmp_path), streaming="never"))
    assert ("say 'streaming: always'" in str(caught.value)) == (name != "t.tsv")


def test_space_is_taken_before_the_first_value_is_written(tmp_path: Path) -> None:
    kept = reserved_file.reserved_map(tmp_path / "a", (1000, 3), np.dtype(np.float32), "a test")
    assert (tmp_path / "a").stat().st_blocks * 512 >= 12_000  # no hole
    kept[:] = 1
    kept.flush()
    assert np.fromfile(tmp_path / "a", np.float32).sum() == 3000
