"""Cohorts read from files of every kind are the cohorts that were written."""

from __future__ import annotations

import gzip
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.data.reading import DataReport, DataSpec, read_cohort
from hypomask.errors import ConfigError, DataError

GENES = ["NO", "NA", "NaN", "nan", "NULL", "SEPT7", "1E5", "TP53"]
SAMPLES = [f"{i:03d}" for i in range(37)] + ["1E5", "NA", "ON"]
VALUES = np.random.default_rng(0).normal(7, 2, (40, 8)).round(3)
PHENOTYPE = ["MUT" if i % 3 == 0 else "WT" for i in range(40)]


def text(
    values: np.ndarray = VALUES,
    rows: list[str] = SAMPLES,
    columns: list[str] = GENES,
    *,
    sep: str = "\t",
    corner: str = "id",
) -> str:
    lines = [sep.join([corner, *columns])]
    lines += [
        sep.join([name, *("" if np.isnan(v) else repr(float(v)) for v in row)])
        for name, row in zip(rows, values, strict=True)
    ]
    return "\n".join(lines) + "\n"


def samples_text(**columns: list[str]) -> str:
    names = {"id": SAMPLES, "p53": PHENOTYPE, **columns}
    return "\n".join("\t".join(row) for row in [list(names), *zip(*names.values(), strict=True)]) + "\n"


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "samples.tsv"
    path.write_text(samples_text())
    return path


def read(path: Path, samples: Path | None, **options: object) -> tuple[object, DataReport]:
    return read_cohort(DataSpec({"expression": path}, "p53", samples, **options))  # type: ignore[arg-type]


def assert_is_the_cohort(cohort: object) -> None:
    assert cohort.samples == tuple(SAMPLES)
    assert cohort.genes == tuple(GENES)
    np.testing.assert_array_equal(cohort.values_BGC[:, :, 0], VALUES.astype(np.float32))
    assert cohort.phenotype.classes == ("WT", "MUT")
    assert cohort.phenotype.values.tolist() == [float(p == "MUT") for p in PHENOTYPE]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tsv", text()),
        ("t.csv", text(sep=",")),
        ("t.txt", text(sep=",")),
        ("t.txt", text()),
        ("crlf.tsv", text().replace("\n", "\r\n")),
        ("bom.tsv", "\ufeff" + text()),
        ("blank lines.tsv", text().replace("\n", "\n\n")),
        ("no end of line.tsv", text().rstrip("\n")),
        ("spaces.tsv", text(columns=[f" {g} " for g in GENES], rows=[f" {s}" for s in SAMPLES])),
        ("quoted.csv", text(sep=",", columns=[f'"{g}"' for g in GENES], rows=[f'"{s}"' for s in SAMPLES])),
        ("write.table.txt", text(corner="").replace("\t", "", 1)),
        ("genes in rows.tsv", text(VALUES.T, GENES, SAMPLES)),
    ],
)
def test_text_tables_of_any_shape_give_the_same_cohort(tmp_path, samples, name, content) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    assert_is_the_cohort(read(path, samples)[0])
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(content.encode()))
    assert_is_the_cohort(read(packed, samples)[0])


def test_parquet_gives_the_same_cohort(tmp_path, samples) -> None:
    frame = pd.DataFrame(VALUES, index=SAMPLES, columns=GENES)
    frame.to_parquet(tmp_path / "indexed.parquet")
    frame.rename_axis("cell").reset_index().to_parquet(tmp_path / "column.parquet", index=False)
    frame.T.astype("float32").to_parquet(tmp_path / "genes in rows.parquet")
    pd.read_csv(samples, sep="\t", dtype=str, keep_default_na=False).to_parquet(tmp_path / "samples.parquet")
    for name in ("indexed", "column", "genes in rows"):
        assert_is_the_cohort(read(tmp_path / f"{name}.parquet", samples)[0])
    assert_is_the_cohort(read(tmp_path / "indexed.parquet", tmp_path / "samples.parquet")[0])


def test_parquet_keeps_integers_booleans_and_nulls(tmp_path, samples) -> None:
    frame = pd.DataFrame(
        {"id": SAMPLES, "A": [True, False] * 20, "B": pd.array([1, None] * 20, dtype="Int64"), "C": range(40)}
    )
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    cohort, _ = read(tmp_path / "t.parquet", samples)
    assert cohort.values_BGC[:2, :, 0].tolist()[0] == [1, 1, 0]
    assert np.isnan(cohort.values_BGC[1, 1, 0])


def write_h5ad(path: Path, **obs: list[object]) -> None:
    anndata = pytest.importorskip("anndata")
    import scipy.sparse as sp

    frame = pd.DataFrame({"p53": pd.Categorical(PHENOTYPE), **obs}, index=SAMPLES)
    data = anndata.AnnData(X=VALUES, obs=frame, var=pd.DataFrame(index=GENES))
    data.layers["counts"] = sp.csr_matrix(np.round(VALUES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.write_h5ad(path)


def test_anndata_gives_the_same_cohort_with_layers_as_channels(tmp_path, samples) -> None:
    write_h5ad(tmp_path / "t.h5ad", age=[30.0 + i for i in range(40)], donor=[f"d{i // 2}" for i in range(40)])
    cohort, _ = read(tmp_path / "t.h5ad", None, layers=("X", "counts"), covariates=("age",), groups="donor")
    assert cohort.channels == ("expression", "counts")
    np.testing.assert_array_equal(cohort.values_BGC[:, :, 1], np.round(VALUES).astype(np.float32))
    assert cohort.covariates["age"].tolist() == [30.0 + i for i in range(40)]
    assert cohort.groups[:3].tolist() == ["d0", "d0", "d1"]
    assert_is_the_cohort(read(tmp_path / "t.h5ad", None)[0])
    assert_is_the_cohort(read(tmp_path / "t.h5ad", samples)[0])


def test_a_channel_called_like_a_layer_is_that_layer_and_layers_not_read_are_noted(tmp_path) -> None:
    write_h5ad(tmp_path / "t.h5ad")
    cohort, report = read_cohort(DataSpec({"counts": tmp_path / "t.h5ad"}, "p53"))
    assert cohort.channels == ("counts",)
    np.testing.assert_array_equal(cohort.values_BGC[:, :, 0], np.round(VALUES).astype(np.float32))
    assert not any("'layers'" in note for note in report.notes)
    _, report = read_cohort(DataSpec({"rna": tmp_path / "t.h5ad"}, "p53"))
    assert any("read 'X', not 'counts'; 'layers' chooses others" in note for note in report.notes)


def test_anndata_faults_are_named(tmp_path, monkeypatch) -> None:
    write_h5ad(tmp_path / "t.h5ad")
    with pytest.raises(DataError, match=r"no layer 'count'; there are X, counts\. Did you mean 'counts'\?"):
        read(tmp_path / "t.h5ad", None, layers=("count",))
    (tmp_path / "damaged.h5ad").write_bytes((tmp_path / "t.h5ad").read_bytes()[:3000])
    with pytest.raises(DataError, match="not an AnnData file, or a damaged one"):
        read(tmp_path / "damaged.h5ad", None)
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(DataError, match=r"pip install 'hypomask\[anndata\]'"):
        read(tmp_path / "t.h5ad", None)


def test_the_phenotype_may_be_a_column_of_the_one_table(tmp_path) -> None:
    lines = text().splitlines()
    extra = [
        "p53\tsex\tpatient\tnote",
        *(f"{p}\t{'f' if i % 2 else 'm'}\tp{i // 2}\tx" for i, p in enumerate(PHENOTYPE)),
    ]
    path = tmp_path / "all.tsv"
    path.write_text("\n".join(f"{a}\t{b}" for a, b in zip(lines, extra, strict=True)))
    cohort, _ = read(path, None, covariates=("sex",), groups="patient", exclude=("note",))
    assert_is_the_cohort(cohort)
    assert cohort.covariates.columns.tolist() == ["sex=m"]
    assert cohort.strata["sex"].tolist()[:2] == ["m", "f"]
    assert cohort.groups[1] == "p0"


def test_missing_values_are_empty_cells_na_and_nan_but_not_in_ids(tmp_path, samples) -> None:
    values = VALUES.copy()
    values[0, 0] = values[1, 1] = values[2, 2] = np.nan
    lines = text(values).splitlines()
    lines[2] = lines[2].replace("\t\t", "\tNA\t")
    lines[3] = lines[3].replace("\t\t", "\t NaN \t")
    path = tmp_path / "t.tsv"
    path.write_text("\n".join(lines))
    cohort, report = read(path, samples)
    np.testing.assert_array_equal(np.isnan(cohort.values_BGC[:, :, 0]), np.isnan(values))
    np.testing.assert_array_equal(cohort.values_BGC[:, :, 0], values.astype(np.float32))
    assert report.counts["missing values"] == 3


CELLS = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=12, max_size=12),
    ids=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6),
        min_size=12,
        max_size=12,
        unique_by=lambda s: s.strip(),
    ),
)
def test_any_numbers_and_any_ids_survive_csv(tmp_path_factory, values, ids) -> None:
    folder = tmp_path_factory.mktemp("any")
    frame = pd.DataFrame(values, index=ids, columns=["A", "B", "C"], dtype=float)
    frame.to_csv(folder / "t.csv", index_label="sample")
    pd.DataFrame({"y": [f"{i % 2}" for i in range(12)]}, index=ids).to_csv(folder / "s.csv", index_label="sample")
    spec = DataSpec({"x": folder / "t.csv"}, "y", folder / "s.csv", orientation="samples-in-rows")
    if frame.isna().all(axis=None):
        with pytest.raises(DataError, match="no gene has a value"):
            read_cohort(spec, n_folds=3)
        return
    cohort, _ = read_cohort(spec, n_folds=3)
    kept = [gene for gene in "ABC" if frame[gene].notna().any()]
    assert cohort.samples == tuple(ids)
    np.testing.assert_array_equal(cohort.values_BGC[:, :, 0], frame[kept].to_numpy(dtype=np.float32))


def test_channels_are_joined_by_key_and_genes_are_those_of_all(tmp_path) -> None:
    (tmp_path / "mutation.tsv").write_text(text())
    (tmp_path / "deletion.tsv").write_text(text(VALUES[::-1, ::-1] + 100, SAMPLES[::-1], [*GENES[:0:-1], "OTHER"]))
    rows = [(s, lab) for s in SAMPLES for lab in ("A", "B")] + [("absent", "A")]
    table = [f"{s}\t{lab}\t{(i * 7) % 31 / 10}" for i, (s, lab) in enumerate(rows)]
    (tmp_path / "s.tsv").write_text("\n".join(["line\tsource\tauc", *table]))
    channels = {"mutation": tmp_path / "mutation.tsv", "deletion": tmp_path / "deletion.tsv"}
    spec = DataSpec(channels, "auc", tmp_path / "s.tsv", key_column="line", groups="line")
    cohort, report = read_cohort(spec)
    assert cohort.samples[:3] == ("000#1", "000#2", "001#1")
    assert cohort.genes == tuple(GENES[1:])
    assert cohort.values_BGC.shape == (80, 7, 2)
    np.testing.assert_array_equal(cohort.values_BGC[::2, :, 0], VALUES[:, 1:].astype(np.float32))
    np.testing.assert_array_equal(cohort.values_BGC[1::2, :, 1], (VALUES[:, 1:] + 100).astype(np.float32))
    assert cohort.groups.tolist()[:3] == ["000", "000", "001"]
    assert any("'NO'" in note and "not in every channel" in note for note in report.notes)
    assert any("'OTHER'" in note for note in report.notes)
    assert any("'absent'" in warning for warning in report.warnings)
    assert set(report.files) == {str(p) for p in (*channels.values(), tmp_path / "s.tsv")}

    by_source, _ = read_cohort(DataSpec(channels, "auc", tmp_path / "s.tsv", key_column="line", id_column="source"))
    assert by_source.samples[:2] == ("000|A", "000|B")
    assert by_source.groups.tolist() == cohort.groups.tolist()


def test_covariates_become_numbers_and_indicators(tmp_path) -> None:
    age = ["" if i == 3 else str(20 + i) for i in range(40)]
    site = ["NA" if i == 4 else "abc"[i % 3] for i in range(40)]
    (tmp_path / "s.tsv").write_text(samples_text(age=age, site=site, fixed=["x"] * 40, smoker=["0", "1"] * 20))
    (tmp_path / "t.tsv").write_text(text())
    cohort, report = read(tmp_path / "t.tsv", tmp_path / "s.tsv", covariates=("age", "site", "fixed", "smoker"))
    assert cohort.covariates.columns.tolist() == ["age", "site=b", "site=c", "smoker"]
    assert np.isnan(cohort.covariates.loc[SAMPLES[3], "age"])
    assert np.isnan(cohort.covariates.loc[SAMPLES[4]]).tolist() == [False, True, True, False]
    assert cohort.strata.columns.tolist() == ["site", "smoker"]
    assert cohort.strata["site"].tolist()[4] == "missing"
    assert any("'fixed' does not vary" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("two", "event"),
    [
        (("WT", "MUT"), "MUT"),
        (("0", "1"), "1"),
        (("1", "2"), "2"),
        (("tumor", "normal"), "tumor"),
        (("Case", "other"), "Case"),
        (("alpha", "control"), "alpha"),
        (("left", "right"), "right"),
        (("1.0", "0.0"), "1"),
        (("no", "yes"), "yes"),
    ],
)
def test_the_event_is_what_reads_like_one_and_the_report_says_so(tmp_path, two, event) -> None:
    (tmp_path / "s.tsv").write_text(samples_text(status=[two[i % 2] for i in range(40)]))
    (tmp_path / "t.tsv").write_text(text())
    spec = DataSpec({"x": tmp_path / "t.tsv"}, "status", tmp_path / "s.tsv")
    cohort, report = read_cohort(spec)
    assert cohort.phenotype.kind == "binary"
    assert cohort.phenotype.classes[1] == event
    assert any(f"event of 'status': '{event}'" in note for note in report.notes)
    other = cohort.phenotype.classes[0]
    swapped, _ = read_cohort(DataSpec(spec.channels, "status", spec.samples, positive=other))
    assert swapped.phenotype.classes == (event, other)
    assert swapped.phenotype.values.tolist() == (1 - cohort.phenotype.values).tolist()


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        ([f"{i / 7:.3f}" for i in range(40)], "auto", "continuous"),
        (["a", "b", "c", "d"] * 10, "auto", "classes"),
        (["1", "2", "3", "4"] * 10, "auto", "continuous"),
        (["1", "2", "3", "4"] * 10, "classes", "classes"),
        (["a", "b"] * 20, "classes", "binary"),
        (["0", "1"] * 20, "continuous", "continuous"),
    ],
)
def test_the_kind_of_a_phenotype_follows_its_values(tmp_path, cells, kind, expected) -> None:
    (tmp_path / "s.tsv").write_text(samples_text(y=cells))
    (tmp_path / "t.tsv").write_text(text())
    cohort, report = read_cohort(DataSpec({"x": tmp_path / "t.tsv"}, "y", tmp_path / "s.tsv", kind=kind))
    assert cohort.phenotype.kind == expected
    is_doubtful = expected == "continuous" and len(set(cells)) <= 5
    assert any("values only" in warning for warning in report.warnings) == is_doubtful


def test_rows_without_phenotype_are_dropped_when_asked(tmp_path) -> None:
    (tmp_path / "s.tsv").write_text(samples_text(y=["", "NA"] + ["0", "1"] * 19))
    (tmp_path / "t.tsv").write_text(text())
    spec = DataSpec({"x": tmp_path / "t.tsv"}, "y", tmp_path / "s.tsv", drop_missing_phenotype=True)
    cohort, report = read_cohort(spec)
    assert cohort.samples == tuple(SAMPLES[2:])
    np.testing.assert_array_equal(cohort.values_BGC[:, :, 0], VALUES[2:].astype(np.float32))
    assert any("2 samples without 'y', left out (lines 2, 3)" in note for note in report.notes)


@pytest.mark.parametrize(
    "options",
    [
        {"channels": {}},
        {"phenotype": ""},
        {"kind": "survival"},
        {"orientation": "sideways"},
        {"layers": ("counts",)},
        {"channels": {"a": Path("a.tsv"), "b": Path("b.tsv")}},
        {"channels": {"a": Path("a.h5ad"), "b": Path("b.tsv")}},
        {"key_column": "line"},
        {"orientation": "genes-in-rows"},
    ],
)
def test_contradictory_specs_are_refused(options) -> None:
    with pytest.raises(ConfigError, match="data: "):
        DataSpec(**({"channels": {"x": Path("x.tsv")}, "phenotype": "y"} | options))


def test_a_report_is_plain_data(tmp_path, samples) -> None:
    (tmp_path / "t.tsv").write_text(text())
    described = read(tmp_path / "t.tsv", samples)[1].as_dict()
    assert described["counts"] == {
        "samples": 40, "genes": 8, "channels": 1, "covariates": 0, "missing values": 0, "p53 = WT": 26, "p53 = MUT": 14,
    }  # fmt: skip
    assert all(len(digest) == 64 for digest in described["files"].values())
