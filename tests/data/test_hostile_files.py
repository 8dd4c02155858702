"""Files that are not what they should be are refused in words that say where, what, and what to do."""

from __future__ import annotations

import contextlib
import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypomask.data.reading import DataSpec, read_cohort
from hypomask.errors import DataError

N = 40
SAMPLES = [f"s{i}" for i in range(N)]
GENES = [f"G{i}" for i in range(6)]
RNG = np.random.default_rng(3)
CELLS = [[f"{v:.3f}" for v in row] for row in RNG.normal(7, 2, (N, 6))]
Y = [f"{v:.4f}" for v in RNG.normal(size=N)]
BINARY = ["yes" if i % 3 else "no" for i in range(N)]


def table(rows: list[list[str]], header: list[str], sep: str = "\t") -> str:
    return "\n".join(sep.join(row) for row in [header, *rows]) + "\n"


def expression(change: dict[tuple[int, int], str] | None = None, *, genes: list[str] = GENES, sep: str = "\t") -> str:
    cells = [row.copy() for row in CELLS]
    for (row, column), value in (change or {}).items():
        cells[row][column] = value
    return table([[s, *row] for s, row in zip(SAMPLES, cells, strict=True)], ["id", *genes], sep)


def phenotypes(**columns: list[str]) -> str:
    columns = {"id": SAMPLES, "y": Y, "status": BINARY, **columns}
    return table([list(row) for row in zip(*columns.values(), strict=True)], list(columns))


class Case:
    """A folder with a good pair of files, one of which a test spoils."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.samples = folder / "samples.tsv"
        self.samples.write_text(phenotypes())
        self.expression = folder / "expression.tsv"
        self.expression.write_text(expression())

    def refusal(self, *, n_folds: int = 5, phenotype: str = "y", **options: object) -> str:
        """The message with which the files are refused, without the folder's name."""
        given = {"channels": {"expression": self.expression}, "samples": self.samples, **options}
        with pytest.raises(DataError) as caught:
            read_cohort(DataSpec(phenotype=phenotype, **given), n_folds=n_folds)
        assert caught.value.exit_code == 4
        return str(caught.value).replace(f"{self.folder}/", "")

    def warnings(self, *, phenotype: str = "y", **options: object) -> str:
        """The warnings with which the files are accepted."""
        given = {"channels": {"expression": self.expression}, "samples": self.samples, **options}
        _, report = read_cohort(DataSpec(phenotype=phenotype, **given))
        return "\n".join(report.warnings).replace(f"{self.folder}/", "")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_the_files_are_good_before_they_are_spoiled(case) -> None:
    assert case.warnings() == case.warnings(phenotype="status") == ""


# ------------------------------------------------------------------ files that are no tables


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expression.tsv: the file is empty, expected a table"),
        (b" \n\n\t\n", "nothing but white space"),
        (b"id\tG1\tG2\n", "a header and no rows"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "this is a web page, expected a table"),
        (b"\n  <html lang='en'>", "this is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "this is a Git LFS pointer"),
        (b"PK\x03\x04\x14\x00", "Excel workbook; unpack it, or save the sheet"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel workbook"),
        ("id\tG1\n".encode("utf-16"), "text in UTF-16; save it as UTF-8"),
        (b"PAR1abc", "a Parquet file; name it .parquet"),
        (b"id\tG1\ns1\t1\x00\n", "expression.tsv:2: binary data"),
        (b"id\tG1\ns1\t1\nM\xfcller\t2\n", "expression.tsv:3: not UTF-8 (near"),
        (b"id\n1\n2\n", "one column found, separated by tab"),
        (b"id;G1;G2\ns1;1;2\n", "seem to be separated by semicolon: save it as tab-separated text"),
        (b"id,G1,G2\ns1,1,2\n", "seem to be separated by comma: name the file .csv"),
        (b"id\tG1\t\tG3\ns1\t1\t2\t3\n", "column 3 has no name"),
        (b'id\tG1\n"s1\t1\ns2\t1\n', "expression.tsv:2: a quote is opened and never closed"),
    ],
)
def test_what_is_no_table_is_named(case, content, message) -> None:
    case.expression.write_bytes(content)
    assert message in case.refusal()
    case.expression.write_text(expression())
    case.samples.write_bytes(content.replace(b"G1", b"y"))
    if "one column" not in message and "column 3" not in message:
        assert message.split(": ", 1)[-1] in case.refusal()


def test_a_missing_file_is_refused_with_the_nearest_name(case) -> None:
    message = case.refusal(channels={"expression": case.folder / "expresion.tsv"})
    assert message == "expresion.tsv: no such file. Did you mean 'expression.tsv'?"
    assert "no folder" in case.refusal(channels={"expression": case.folder / "nowhere" / "expression.tsv"})
    assert "this is a folder, expected a file" in case.refusal(channels={"expression": case.folder})


def test_damaged_gzip_files_are_told_apart(case) -> None:
    packed = gzip.compress(expression().encode())
    path = case.folder / "expression.tsv.gz"
    channels = {"expression": path}
    path.write_text(expression())
    assert "named .gz but not packed with gzip" in case.refusal(channels=channels)
    path.write_bytes(packed[: len(packed) // 2])
    assert "ends too early: an incomplete download" in case.refusal(channels=channels)
    path.write_bytes(packed[:200] + bytes(50) + packed[250:])
    assert "the gzip file is damaged" in case.refusal(channels=channels)
    path.write_bytes(gzip.compress(b""))
    assert "empty once unpacked" in case.refusal(channels=channels)
    path.write_bytes(gzip.compress(b"<html>"))
    assert "this is a web page" in case.refusal(channels=channels)


def test_a_gzip_bomb_is_refused_before_it_fills_memory(case, monkeypatch) -> None:
    monkeypatch.setattr("hypomask.data.source_files.MAX_TEXT_BYTES", 1 << 20)
    path = case.folder / "bomb.tsv.gz"
    path.write_bytes(gzip.compress(b"0" * (1 << 26)))
    assert "convert it to Parquet" in case.refusal(channels={"expression": path})


def test_files_too_large_for_text_and_what_is_no_file_are_refused(case, monkeypatch) -> None:
    assert "a device or a pipe" in case.refusal(channels={"expression": Path("/dev/null")})
    assert "cannot be read: File name too long" in case.refusal(channels={"expression": case.folder / ("x" * 999)})
    monkeypatch.setattr("hypomask.data.source_files.MAX_TEXT_BYTES", 100)
    assert "convert it to Parquet" in case.refusal()


def test_an_xlsx_under_another_name_is_recognised(case) -> None:
    with zipfile.ZipFile(case.expression, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert "Excel workbook" in case.refusal()


def test_a_damaged_parquet_file_is_refused(case) -> None:
    path = case.folder / "t.parquet"
    path.write_bytes(b"PAR1 no more of it")
    assert "not a Parquet file, or a damaged one" in case.refusal(channels={"expression": path})


def test_the_problems_of_all_files_are_shown_together(case) -> None:
    case.expression.write_text("")
    case.samples.write_text("<html>")
    message = case.refusal()
    assert "expression.tsv: the file is empty" in message
    assert "samples.tsv: this is a web page" in message


GOOD = expression().encode()


NASTY = [b'"', b"\t", b"\n", b"\r", b"\x01", b"\x0b", b"\xc2\x85", b",", b"nan", b"1e99"]


@settings(max_examples=150, deadline=None)
@given(
    cut=st.tuples(st.integers(0, len(GOOD)), st.integers(0, len(GOOD))),
    inserted=st.one_of(st.binary(max_size=12), st.sampled_from(NASTY)),
    packed=st.booleans(),
)
def test_no_bytes_whatever_make_anything_but_a_cohort_or_a_data_error(tmp_path_factory, cut, inserted, packed) -> None:
    case = Case(tmp_path_factory.mktemp("fuzz"))
    start, end = min(cut), max(cut)
    content = GOOD[:start] + inserted + (GOOD[start:] if end - start > len(GOOD) // 2 else GOOD[end:])
    case.expression.write_bytes(gzip.compress(content) if packed else content)
    with contextlib.suppress(DataError):
        cohort, _ = read_cohort(DataSpec({"x": case.expression}, "y", case.samples))
        assert not np.isinf(cohort.values_BGC).any()
        assert len(set(cohort.samples)) == cohort.n_samples
        assert len(set(cohort.genes)) == len(cohort.genes) == cohort.values_BGC.shape[1]


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=60), name=st.sampled_from(["t.tsv", "t.csv", "t.txt", "t.tsv.gz", "t.parquet"]))
def test_random_bytes_are_refused(tmp_path_factory, content, name) -> None:
    case = Case(tmp_path_factory.mktemp("fuzz"))
    (case.folder / name).write_bytes(content)
    case.refusal(channels={"x": case.folder / name})


# ------------------------------------------------------------------ cells, lines, ids


def test_ragged_lines_are_named_by_number(case) -> None:
    lines = expression().splitlines()
    lines[4] += "\t1"
    lines[9] = lines[9].rsplit("\t", 1)[0]
    lines.insert(3, "")
    case.expression.write_text("\n".join(lines))
    message = case.refusal()
    assert "expression.tsv:6: 8 columns, expected 7 as in the header" in message
    assert "expression.tsv:11: 6 columns, expected 7" in message


def test_every_cell_that_is_no_number_is_named_with_a_hint(case) -> None:
    case.expression.write_text(
        expression({(0, 0): "abc", (3, 1): "1,5", (4, 2): "N/A", (5, 3): "TRUE", (6, 4): "1_000", (7, 5): " NA "})
    )
    message = case.refusal()
    assert "expression.tsv:2: row 's0', column 'G0': got 'abc', expected a number, or an empty cell" in message
    assert "expression.tsv:5: row 's3', column 'G1': got '1,5', expected a number with a decimal point" in message
    assert "got 'N/A', expected a number; leave the cell of a missing value empty" in message
    assert "got 'TRUE', expected a number; write 1 and 0" in message
    assert "got '1_000'" in message
    assert len(message.splitlines()) == 5


def test_a_column_of_text_is_named_once(case) -> None:
    case.expression.write_text(expression({(i, 2): "kinase" for i in range(N)} | {(1, 1): "x"}))
    message = case.refusal()
    assert "column 'G2' holds text in 40 of 40 rows" in message
    assert "exclude it" in message
    assert len(message.splitlines()) == 2
    case.expression.write_text(expression({(i, 2): "kinase" for i in range(N)}))
    assert case.warnings(exclude=("G2",)) == ""


def test_infinite_and_absurd_values_are_named_by_cell(case) -> None:
    case.expression.write_text(expression({(0, 0): "inf", (1, 1): "-Infinity", (2, 2): "1e300", (3, 3): "1e35"}))
    message = case.refusal()
    assert "expression.tsv:2: row 's0', column 'G0': got inf, expected a finite number" in message
    assert "expression.tsv:3: row 's1', column 'G1': got -inf" in message
    assert "expression.tsv:4" in message
    assert "expression.tsv:5: row 's3', column 'G3': got 1e+35" in message


def test_large_values_are_a_warning_to_take_logarithms(case) -> None:
    case.expression.write_text(expression({(0, 0): "2500000"}))
    assert "values up to 2.5e+06; if these are counts or intensities, take logarithms first" in case.warnings()


def test_repeated_genes_and_samples_are_named_with_their_places(case) -> None:
    case.expression.write_text(expression(genes=["G0", "TP53", "G2", " TP53 ", "G4", "G4"]))
    message = case.refusal()
    assert "gene 'TP53' is there 2 times (columns of values 2, 4); keep one" in message
    assert "gene 'G4' is there 2 times (columns of values 5, 6)" in message
    case.expression.write_text(expression() + "\t".join(["s3", *CELLS[3]]) + "\n")
    assert "sample 's3' is there 2 times (lines 5, 42)" in case.refusal()


def test_a_phenotype_column_that_is_there_twice_is_refused(case) -> None:
    case.expression.write_text(expression(genes=["y", "y", *GENES[2:]]))
    assert "column 'y' is there more than once" in case.refusal(samples=None)
    case.samples.write_text(phenotypes().replace("status", "y"))
    assert "samples.tsv:1: column 'y' is there twice (columns 2 and 3)" in case.refusal()


def test_a_quote_closed_far_too_late_is_a_ragged_line(case) -> None:
    lines = expression().splitlines() * 200
    lines[2], lines[-1] = f'"{lines[2]}', f'{lines[-1]}"'
    case.expression.write_text("\n".join(lines))
    assert "expression.tsv:3: " in case.refusal()


def test_repeated_observations_are_named_with_their_lines(case) -> None:
    case.samples.write_text(phenotypes(id=["s0", "s1", "s0", *SAMPLES[3:]]))
    message = case.refusal()
    assert "a sample is there more than once: 's0' (lines 2, 4)" in message
    assert "set key to 'id'" in message


def test_empty_ids_are_named(case) -> None:
    case.samples.write_text(phenotypes(id=["", *SAMPLES[1:]]))
    assert "sample ids are empty (rows 1)" in case.refusal()
    case.samples.write_text(phenotypes())
    case.expression.write_text(expression().replace("\ns7\t", "\n\t"))
    assert "sample id is empty in lines 9" in case.refusal()


def test_genes_that_excel_took_for_dates_are_a_warning(case) -> None:
    case.expression.write_text(expression(genes=["1-Mar", "SEPT7", "Sep-02", "2.31E+19", "1E5", "TP53"]))
    assert (
        "3 gene names turned into dates or numbers by a spreadsheet: '1-Mar', 'Sep-02', '2.31E+19'" in case.warnings()
    )


# ------------------------------------------------------------------ files that do not fit together


def test_no_sample_in_common_shows_ids_of_both_sides(case) -> None:
    case.samples.write_text(phenotypes(id=[f"patient{i}" for i in range(N)]))
    message = case.refusal()
    assert "no sample in common with samples.tsv: there 'patient0', 'patient1', 'patient2' and 37 more" in message
    assert "here first column: 's0', 's1', 's2' and 37 more; header: 'G0'" in message
    assert "Set key to the column of samples.tsv that holds these ids" in message


def test_ids_that_differ_in_punctuation_only_are_recognised(case) -> None:
    case.samples.write_text(phenotypes(id=[f"S-{i}" for i in range(N)]))
    assert "'S-0' and 's0' differ only in letter case or punctuation" in case.refusal()


def test_ids_on_both_sides_need_the_orientation_said(case) -> None:
    case.expression.write_text(expression(genes=SAMPLES[:6]))
    message = case.refusal()
    assert "40 sample ids" not in case.warnings(orientation="samples-in-rows")
    assert "cannot tell whether samples are rows or columns; say orientation: samples-in-rows or" in message


def test_a_transposed_table_is_recognised_when_the_orientation_was_given(case) -> None:
    message = case.refusal(orientation="genes-in-rows")
    assert "40 are on the other side: the table is transposed" in message


def test_a_transposed_table_with_the_phenotype_as_a_row_is_recognised(case) -> None:
    rows = [["y", *Y], *[[g, *column] for g, column in zip(GENES, zip(*CELLS, strict=True), strict=True)]]
    case.expression.write_text(table(rows, ["gene", *SAMPLES]))
    assert "it is a row: genes are in rows here" in case.refusal(samples=None)


def test_columns_that_are_not_there_are_refused_with_the_nearest(case) -> None:
    message = case.refusal(phenotype="statu", covariates=("agee",), groups="patient")
    assert "samples.tsv: no column 'statu' (phenotype). Did you mean 'status'?" in message
    assert "no column 'agee' (covariate). There are 'id', 'y', 'status'" in message
    assert "no column 'patient' (groups)" in message
    assert "no column 'status' among 6 columns; name another, or give a samples table" in case.refusal(
        phenotype="status", samples=None
    )


def test_samples_without_measurements_are_left_out_with_a_warning(case) -> None:
    case.expression.write_text("\n".join(expression().splitlines()[:-3]))
    assert "3 samples of samples.tsv not in expression.tsv, left out: 's37', 's38', 's39'" in case.warnings()


# ------------------------------------------------------------------ phenotype


def test_one_class_only_is_refused(case) -> None:
    case.samples.write_text(phenotypes(status=["yes"] * N))
    assert "phenotype 'status' has one value only (all are 'yes')" in case.refusal(phenotype="status")
    case.samples.write_text(phenotypes(y=["0.30"] * 20 + ["0.3"] * 20))
    assert "phenotype 'y' has one value only (all are '0.3')" in case.refusal()


def test_a_missing_phenotype_is_named_by_line(case) -> None:
    case.samples.write_text(phenotypes(y=["", *Y[1:5], "NaN", *Y[6:]]))
    message = case.refusal()
    assert message.startswith("samples.tsv:2: phenotype 'y' is missing in 2 of 40 samples (lines 2, 7)")
    assert "drop_missing_phenotype" in message


def test_a_slip_among_numbers_is_no_class(case) -> None:
    case.samples.write_text(phenotypes(y=[*Y[:8], "high", *Y[9:]]))
    assert "samples.tsv:10: phenotype 'y': 1 of 40 are no numbers ('high')" in case.refusal()
    assert "samples.tsv:10: phenotype 'y': got 'high', expected a finite number" in case.refusal(kind="continuous")


def test_names_are_no_phenotype(case) -> None:
    assert "phenotype 'id' has 40 different texts" in case.refusal(phenotype="id")


@pytest.mark.parametrize("kind", ["auto", "continuous", "counts"])
def test_row_numbers_are_hardly_a_phenotype(case, kind) -> None:
    numbers = [str(3 + i) for i in range(N)]
    case.samples.write_text(phenotypes(number=numbers, shuffled=[*numbers[7:], *numbers[:7]], gap=[*numbers[1:], "99"]))
    said = case.warnings(phenotype="number", kind=kind)
    assert "'number' holds every whole number from 3 to 42 once, like row numbers, in the order of the rows" in said
    assert "once, like ids and ranks: is it the right column?" in case.warnings(phenotype="shuffled", kind=kind)
    assert "right column" not in case.warnings(phenotype="gap", kind=kind)


def test_kind_and_event_must_fit_the_values(case) -> None:
    case.samples.write_text(phenotypes(grade=["a", "b", "c", "d"] * 10))
    assert "has 4 values ('a', 'b', 'c', 'd'), expected two for kind binary" in case.refusal(
        phenotype="grade", kind="binary"
    )
    assert "positive 'a' is for a binary phenotype" in case.refusal(phenotype="grade", positive="a")
    assert "positive 'yess' is no value of phenotype 'status'; it has 'no', 'yes'. Did you mean 'yes'?" in case.refusal(
        phenotype="status", positive="yess"
    )


def test_unknown_as_a_class_is_a_warning(case) -> None:
    case.samples.write_text(phenotypes(status=["yes", "no", "unknown", "no"] * 10))
    assert "has 'unknown' as a class: if it means missing, leave these cells empty" in case.warnings(phenotype="status")


# ------------------------------------------------------------------ leakage, groups, size


def test_the_phenotype_among_genes_or_covariates_is_leakage(case) -> None:
    case.expression.write_text(expression(genes=["y", *GENES[1:]]))
    assert "phenotype 'y' is also a gene of the measurements (leakage)" in case.refusal()
    assert case.warnings(exclude=("y",)) == ""
    case.expression.write_text(expression())
    assert "'y' is the phenotype and a covariate (leakage)" in case.refusal(covariates=("y",))
    assert "'y' is the phenotype and the groups" in case.refusal(groups="y")


def test_a_copy_of_the_phenotype_under_another_name_is_leakage(case) -> None:
    case.expression.write_text(expression({(i, 3): f"{-3 * float(v) + 5:.4f}" for i, v in enumerate(Y)}))
    assert "gene 'G3' of channel 'expression' and phenotype 'y' are the same thing" in case.refusal()
    case.expression.write_text(expression({(i, 0): str(int(v == "yes")) for i, v in enumerate(BINARY)} | {(5, 0): ""}))
    assert "gene 'G0' of channel 'expression' and phenotype 'status'" in case.refusal(phenotype="status")
    case.expression.write_text(expression())
    case.samples.write_text(phenotypes(copy=BINARY, near=["yes" if i % 3 or i == 0 else "no" for i in range(N)]))
    message = case.refusal(phenotype="status", covariates=("copy", "near"))
    assert "covariate 'copy=yes' and phenotype 'status' are the same thing" in message
    assert "near" not in message


def test_an_indicator_of_one_class_of_several_is_leakage(case) -> None:
    grade = ["a", "b", "c", "d"] * 10
    case.samples.write_text(phenotypes(grade=grade))
    case.expression.write_text(expression({(i, 2): str(int(g == "c")) for i, g in enumerate(grade)}))
    assert "gene 'G2'" in case.refusal(phenotype="grade")


def test_a_sample_in_two_groups_is_refused(case) -> None:
    keys = ["s0", "s0", *SAMPLES[2:]]
    case.samples.write_text(phenotypes(id=keys, batch=[f"b{i}" for i in range(N)]))
    message = case.refusal(key_column="id", groups="batch")
    assert "sample 's0' is in groups 'b0' and 'b1'" in message
    assert "name the key column as groups" in message


def test_patients_that_come_again_are_pointed_to_unless_they_are_named(case) -> None:
    patients = [f"p{i // 2}" for i in range(N)]
    case.samples.write_text(phenotypes(patient_id=patients, plate=patients, donor=SAMPLES))
    said = case.warnings()
    assert "column 'patient_id' has 20 values in 40 rows" in said
    assert "unless 'groups: patient_id' is said" in said
    assert "plate" not in said
    assert "donor" not in said, "each comes once"
    assert "patient_id" not in case.warnings(groups="patient_id")
    assert "patient_id" not in case.warnings(groups="plate"), "somebody thought of it"


def test_empty_groups_are_named_by_line(case) -> None:
    case.samples.write_text(phenotypes(batch=["b1", "", "NA", *[f"b{i % 9}" for i in range(N - 3)]]))
    assert "samples.tsv:3: column 'batch' (groups) is empty in 2 rows (lines 3, 4)" in case.refusal(groups="batch")


def test_fewer_groups_than_folds_are_refused(case) -> None:
    case.samples.write_text(phenotypes(batch=[f"b{i % 3}" for i in range(N)]))
    assert "3 groups ('b0', 'b1', 'b2'), fewer than 5 folds" in case.refusal(groups="batch")


def test_a_class_with_fewer_members_than_folds_is_refused(case) -> None:
    case.samples.write_text(phenotypes(status=["yes"] * 3 + ["no"] * 37))
    assert "class 'yes' of 'status' has 3 members, fewer than 5 folds; ask for 3 folds" in case.refusal(
        phenotype="status"
    )


def test_fewer_than_ten_samples_are_refused_and_fewer_than_forty_a_warning(case) -> None:
    case.samples.write_text("\n".join(phenotypes().splitlines()[:10]))
    assert "9 samples with measurements and phenotype, expected at least 10" in case.refusal()
    case.samples.write_text("\n".join(phenotypes().splitlines()[:31]))
    assert "30 samples: fewer than 40" in case.warnings()


def test_a_covariate_of_names_is_refused(case) -> None:
    assert "covariate 'id' has 40 categories in 40 samples" in case.refusal(covariates=("id",))


# ------------------------------------------------------------------ warnings about measurements


def test_genes_without_values_are_left_out_and_constant_ones_kept(case) -> None:
    case.expression.write_text(expression({(i, 1): "" for i in range(N)} | {(i, 2): "3.5" for i in range(N)}))
    cohort, report = read_cohort(DataSpec({"x": case.expression}, "y", case.samples))
    assert cohort.genes == ("G0", "G2", "G3", "G4", "G5")
    assert report.warnings == (
        "no value in any sample: 1 gene, left out ('G1')",
        "the same value in all samples: 1 gene, kept ('G2')",
    )


def test_copies_of_samples_are_a_warning_unless_they_share_a_group(case) -> None:
    case.expression.write_text(expression({(7, j): CELLS[3][j] for j in range(6)}))
    case.samples.write_text(phenotypes(patient=[f"p{i % 20}" if i not in (3, 7) else "p" for i in range(N)]))
    assert "exactly the measurements of another one: 1 sample ('s3 = s7')" in case.warnings()
    assert case.warnings(groups="patient") == ""


def test_a_sample_without_measurements_and_many_missing_values_are_warnings(case) -> None:
    case.expression.write_text(expression({(i, j): "" for i in range(12) for j in range(6)}))
    warnings = case.warnings()
    assert "30% of the measurements are missing" in warnings
    assert "no measurement at all: 12 samples ('s0', 's1'" in warnings
