"""Hostile inputs through the real command line: the documented exit code, and words with place, fault and a way out.

Whatever is wrong with a study is found before anything is trained or written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from spoiling import (
    Rows,
    Spoil,
    both,
    cell,
    column,
    copy_of_phenotype,
    hypotheses,
    link,
    nothing,
    packed,
    pipe,
    recoded,
    replaced,
    rows,
    sparse,
    study,
    workbook,
    written,
)

Run = Callable[..., Any]
COMPARE = ("compare", "study.yaml", "--out", "run", "--jobs", "1")
LONGEST_MESSAGE = 4000
USAGE, INVALID, DATA, MISSING = 2, 3, 4, 5

HTML = b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>"
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"
LEVELS = "bcdefghijk"
ALIAS_BOMB = "a: &a [A, A, A, A, A, A, A, A, A, A]\n" + "".join(
    f"{level}: &{level} [{', '.join([f'*{chr(ord(level) - 1)}'] * 10)}]\n" for level in LEVELS
)


@dataclass(frozen=True)
class Hostile:
    """An input, the exit code it must end with, and words that the message must hold."""

    name: str
    spoil: Spoil
    code: int
    says: tuple[str, ...]
    command: tuple[str, ...] = COMPARE


def first_samples(n: int) -> Callable[[Rows], Rows]:
    return lambda table: table[: n + 1]


def document(edges: str) -> Spoil:
    return hypotheses(f"name: x\nedges: [{edges}]\n")


DOCUMENTS = [
    Hostile(
        "broken YAML",
        document("A -> B"[:-1] + "\nmore: ["),
        INVALID,
        ("hypotheses.yaml:", "not valid YAML", "brackets"),
    ),
    Hostile(
        "YAML indented with tabs",
        hypotheses("hypotheses:\n\t- name: x\n\t  edges: [A -> B]\n"),
        INVALID,
        ("hypotheses.yaml:3: is indented with a tab", "YAML wants spaces"),
    ),
    Hostile(
        "a key given twice",
        hypotheses("name: x\nname: y\nedges: [A -> B]\n"),
        INVALID,
        ("hypotheses.yaml:3: key 'name' is given twice (first on line 2)", "keep one"),
    ),
    Hostile("an alias bomb", hypotheses(ALIAS_BOMB), INVALID, ("hypotheses.yaml:7", "1,000,000 nodes")),
    Hostile(
        "a list that contains itself",
        hypotheses("name: x\nedges: &e [A -> B, *e]\n"),
        INVALID,
        ("hypotheses.yaml:3: alias '*e' stands inside what it names",),
    ),
    Hostile(
        "very deep nesting", hypotheses("name: " + "[" * 5000 + "]" * 5000), INVALID, ("hypotheses.yaml:2", "deep")
    ),
    Hostile(
        "a cycle in a hierarchy",
        hypotheses("name: x\ngroups:\n  p: {members: [A], children: [q]}\n  q: {members: [B], children: [p]}\n"),
        INVALID,
        ("hypotheses.yaml:4: groups contain each other in a cycle: p > q > p", "a hierarchy has none"),
    ),
    Hostile(
        "an edge to an unknown gene",
        hypotheses("name: x\ngenes: [RELA, NFKB1]\nedges: [NFKB1 -> RELA1]\n"),
        INVALID,
        ("hypotheses.yaml:4: edge target 'RELA1'", "Did you mean 'RELA'?"),
    ),
    Hostile(
        "a gene that Excel made a date",
        document("A -> B, 1-Mar -> C"),
        INVALID,
        ("hypotheses.yaml:3: '1-Mar' is a date that a spreadsheet made", "import columns as text"),
    ),
    Hostile("an empty document", written("hypotheses.yaml", ""), INVALID, ("hypotheses.yaml: is empty", "completely?")),
    Hostile(
        "a document in Latin-1",
        written("hypotheses.yaml", "hypomask: 1\nname: Müller\nedges: [A -> B]\n".encode("latin-1")),
        INVALID,
        ("hypotheses.yaml:2: byte 19 is 0xFC", "save the file as UTF-8"),
    ),
    Hostile("a document that is a web page", written("hypotheses.yaml", HTML), INVALID, ("HTML page", "raw file")),
    Hostile(
        "a document of 60 MB", sparse("hypotheses.yaml", 60_000_000), INVALID, ("hypotheses.yaml", "larger than 50 MB")
    ),
    Hostile(
        "a document with a control character",
        written("hypotheses.yaml", "hypomask: 1\nname: x\x1b[2J\nedges: [A -> B]\n"),
        INVALID,
        ("hypotheses.yaml:2", "U+001B", "delete it"),
    ),
    Hostile(
        "a name of 300 characters",
        replaced("hypotheses.yaml", "name: hub", f"name: {'x' * 300}"),
        INVALID,
        ("hypotheses.yaml:5", "has 300 characters", "at most 200"),
    ),
    Hostile(
        "a name with a control character",
        replaced("hypotheses.yaml", "name: hub", 'name: "a\\x07b"'),
        INVALID,
        ("hypotheses.yaml:5", "U+0007", "delete it"),
    ),
    Hostile(
        "a name that turns writing round",
        replaced("hypotheses.yaml", "name: hub", 'name: "a\\u202eb"'),
        INVALID,
        ("hypotheses.yaml:5", "U+202E", "delete it"),
    ),
    Hostile(
        "one name in two files",
        both(
            written("more.yaml", "hypomask: 1\nname: hub\nedges: [A -> B]\n"),
            study("[hypotheses.yaml]", "[hypotheses.yaml, more.yaml]"),
        ),
        INVALID,
        ("study.yaml: 2 hypotheses are called 'hub'", "names must differ"),
    ),
    Hostile(
        "no gene in common",
        document("TP53 -> MDM2"),
        INVALID,
        ("hypotheses.yaml: hypothesis 'x': none of its 2 genes", "The data have: 'A'", "the same kind of gene ids"),
    ),
    Hostile(
        "too few genes in common",
        document("A -> B, TP53 -> MDM2, ATM -> CHEK2"),
        INVALID,
        ("hypotheses.yaml: hypothesis 'x': 2 of its 6 genes (33%)", "expected at least 50%", "lower min_coverage"),
    ),
]
STUDIES = [
    Hostile(
        "an unknown key",
        study("samples: s", "sampels: s"),
        INVALID,
        ("study.yaml:5: unknown key 'sampels'", "'samples'?"),
    ),
    Hostile(
        "a word for a number",
        study("folds: 2, ", "folds: many, "),
        INVALID,
        ("study.yaml:8: 'folds' must be a whole number, got 'many'",),
    ),
    Hostile("a study in UTF-16", recoded("study.yaml", "utf-16"), INVALID, ("study.yaml: is text in UTF-16", "UTF-8")),
    Hostile("a study that is a web page", written("study.yaml", HTML), INVALID, ("study.yaml: is an HTML page",)),
    Hostile(
        "a study that is not there",
        nothing,
        INVALID,
        ("stduy.yaml: no such file", "Did you mean 'study.yaml'?"),
        ("compare", "stduy.yaml"),
    ),
    Hostile(
        "hypotheses for a study",
        nothing,
        INVALID,
        ("hypotheses.yaml:1: this is a document of hypotheses, expected a study", "--hypotheses"),
        ("compare", "hypotheses.yaml"),
    ),
    Hostile(
        "a table for a study",
        nothing,
        INVALID,
        ("expression.tsv:1: a study must be a mapping", "hypomask init"),
        ("compare", "expression.tsv"),
    ),
    Hostile(
        "a study for hypotheses",
        study("[hypotheses.yaml]", "[study.yaml]"),
        INVALID,
        ("study.yaml:1: this is a study, expected a document of hypotheses",),
    ),
    Hostile(
        "a table of measurements for hypotheses",
        study("[hypotheses.yaml]", "[expression.tsv]"),
        INVALID,
        ("expression.tsv:1: no column is the source", "name it 'source'"),
    ),
    Hostile(
        "hypotheses in a file that is not there",
        study("[hypotheses.yaml]", "[hypothesis.yaml]"),
        INVALID,
        ("hypothesis.yaml: no such file", "Did you mean 'hypotheses.yaml'?"),
    ),
    Hostile(
        "hypotheses in a Word document",
        study("[hypotheses.yaml]", "[ideas.docx]"),
        INVALID,
        ("ideas.docx: ending '.docx'", "expected one of .yaml"),
    ),
    Hostile(
        "a folder for hypotheses", study("[hypotheses.yaml]", "[.]"), INVALID, (".: is a folder", "name a file in it")
    ),
    Hostile(
        "a pipe for hypotheses", pipe("hypotheses.yaml"), INVALID, ("hypotheses.yaml: is a device or a pipe", "a file")
    ),
    Hostile(
        "a pipe for a study", pipe("study.yaml"), INVALID, ("study.yaml: is a device or a pipe", "expected a file")
    ),
    Hostile(
        "a link in a circle for a study", link("study.yaml", "study.yaml"), INVALID, ("study.yaml", "symbolic links")
    ),
]
KNOWLEDGE = [
    Hostile(
        "gene sets without tabs",
        both(written("sets.gmt", "A x G1 G2\n"), study("[hypotheses.yaml]", "[sets.gmt]")),
        INVALID,
        ("sets.gmt:1: has no tab", "separated by tabs"),
    ),
    Hostile(
        "gene sets that are a picture",
        both(written("sets.gmt", b"\x89PNG\r\n\x1a\n" + bytes(range(256))), study("[hypotheses.yaml]", "[sets.gmt]")),
        INVALID,
        ("sets.gmt: is not text", "name another file"),
    ),
    Hostile(
        "gene sets that are not there",
        study("[hypotheses.yaml]", "[sets.gmt]"),
        INVALID,
        ("sets.gmt: no such file",),
    ),
    Hostile(
        "a hierarchy with a type of its own",
        both(written("h.tsv", "parent\tchild\ttype\nR\tA\tkind\n"), study("[hypotheses.yaml]", "[h.tsv]")),
        INVALID,
        ("h.tsv:2: type 'kind', expected default, term or gene",),
    ),
    Hostile(
        "a network that is no XML",
        both(written("net.graphml", "<graphml"), study("[hypotheses.yaml]", "[net.graphml]")),
        INVALID,
        ("net.graphml:1",),
    ),
]
TABLES = [
    Hostile(
        "an empty table", written("expression.tsv", ""), DATA, ("expression.tsv: the file is empty", "completely?")
    ),
    Hostile(
        "a table with a header only",
        rows("expression.tsv", first_samples(0)),
        DATA,
        ("expression.tsv: a header and no rows", "expected one row per sample"),
    ),
    Hostile(
        "a web page for a table", written("expression.tsv", HTML), DATA, ("expression.tsv: this is a web page", "save")
    ),
    Hostile(
        "a Git LFS pointer", written("samples.tsv", LFS_POINTER), DATA, ("samples.tsv: this is a Git LFS", "lfs pull")
    ),
    Hostile(
        "a workbook called .csv",
        both(workbook("expression.csv"), study("expression.tsv", "expression.csv")),
        DATA,
        ("expression.csv: this is a zip archive or an Excel workbook", "save the sheet as"),
    ),
    Hostile(
        "a table in UTF-16", recoded("samples.tsv", "utf-16"), DATA, ("samples.tsv: this is text in UTF-16", "UTF-8")
    ),
    Hostile(
        "a table in Latin-1",
        written("samples.tsv", "sample\tstatus\ns1\tMüller\n".encode("latin-1")),
        DATA,
        ("samples.tsv:2: not UTF-8", "save it with encoding UTF-8"),
    ),
    Hostile(
        "commas in a .tsv",
        replaced("expression.tsv", "\t", ","),
        DATA,
        ("expression.tsv:1: one column found", "separated by comma", "name the file .csv"),
    ),
    Hostile(
        "semicolons and decimal commas",
        both(
            replaced("expression.tsv", ".", ","),
            replaced("expression.tsv", "\t", ";"),
            lambda folder: (folder / "expression.tsv").rename(folder / "expression.csv"),
            study("expression.tsv", "expression.csv"),
        ),
        DATA,
        ("expression.csv:1: one column found", "separated by semicolon", "decimal point"),
    ),
    Hostile(
        "decimal commas",
        replaced("expression.tsv", ".", ","),
        DATA,
        ("expression.tsv: columns 'A', 'B', 'C', 'D', 'E' hold numbers with a decimal comma", "replace the commas"),
    ),
    Hostile(
        "ragged rows",
        rows("expression.tsv", lambda table: [*table[:4], [*table[4], "7"], table[5][:-1], *table[6:]]),
        DATA,
        ("expression.tsv:5: 7 columns, expected 6", "expression.tsv:6: 5 columns", "mend the line"),
    ),
    Hostile(
        "a row of five million cells",
        rows("expression.tsv", lambda table: [*table, ["s99", *["1"] * 5_000_000]]),
        DATA,
        ("expression.tsv:62: 5000001 columns, expected 6",),
    ),
    Hostile(
        "a cell of three million letters",
        cell("expression.tsv", 4, 2, "x" * 3_000_000),
        DATA,
        ("expression.tsv:5: row 's3', column 'B': got 'xxx", "...', expected a number"),
    ),
    Hostile(
        "a cell of three million digits",
        cell("expression.tsv", 4, 2, "9" * 3_000_000),
        DATA,
        ("expression.tsv:5: row 's3', column 'B'", "expected a finite number"),
    ),
    Hostile(
        "a gene name of 300,000 letters",
        cell("expression.tsv", 0, 2, "x" * 300_000),
        DATA,
        ("expression.tsv: gene id 'xxx", "300000 characters", "a quote or a delimiter missing?"),
    ),
    Hostile(
        "a class name of three million letters",
        cell("samples.tsv", 4, 1, "x" * 3_000_000),
        DATA,
        ("samples.tsv: class 'xxx", "has 1 member,", "fewer than 2 folds", "join it with another class"),
    ),
    Hostile(
        "a quote that is never closed",
        cell("expression.tsv", 4, 0, '"s3'),
        DATA,
        ("expression.tsv:5: a quote is opened and never closed", "close it"),
    ),
    Hostile(
        "text in a numeric column",
        column("expression.tsv", 5, lambda row: "kinase"),
        DATA,
        ("expression.tsv: column 'E' holds text in 60 of 60 rows", "exclude it"),
    ),
    Hostile(
        "numbers that are none",
        both(
            cell("expression.tsv", 2, 1, "0x10"),
            cell("expression.tsv", 3, 2, "1,5"),
            cell("expression.tsv", 4, 3, "1_000"),
            cell("expression.tsv", 5, 4, "n/a"),
        ),
        DATA,
        (
            "expression.tsv:3: row 's1', column 'A': got '0x10', expected a number",
            "expression.tsv:4: row 's2', column 'B': got '1,5', expected a number with a decimal point",
            "expression.tsv:5: row 's3', column 'C': got '1_000'",
            "expression.tsv:6: row 's4', column 'D': got 'n/a', expected a number; leave the cell",
        ),
    ),
    Hostile(
        "values beyond all numbers",
        both(
            cell("expression.tsv", 2, 1, "inf"),
            cell("expression.tsv", 3, 2, "1e400"),
            cell("expression.tsv", 4, 3, "1e35"),
        ),
        DATA,
        (
            "expression.tsv:3: row 's1', column 'A': got inf, expected a finite number",
            "expression.tsv:4: row 's2', column 'B': got inf",
            "expression.tsv:5: row 's3', column 'C': got 1e+35",
        ),
    ),
    Hostile(
        "a table that is not there",
        study("expression.tsv", "expresion.tsv"),
        DATA,
        ("expresion.tsv: no such file", "Did you mean 'expression.tsv'?"),
    ),
    Hostile("a folder for a table", study("samples.tsv", "."), DATA, (".: this is a folder", "name a file in it")),
    Hostile("/dev/null for a table", study("expression.tsv", "/dev/null"), DATA, ("/dev/null: this is a device",)),
    Hostile("a pipe for a table", pipe("expression.tsv"), DATA, ("expression.tsv: this is a device or a pipe",)),
    Hostile(
        "a pipe called .parquet",
        both(pipe("e.parquet"), study("expression.tsv", "e.parquet")),
        DATA,
        ("e.parquet: this is a device or a pipe",),
    ),
    Hostile(
        "a pipe called .h5ad",
        both(pipe("e.h5ad"), study("expression.tsv", "e.h5ad")),
        DATA,
        ("e.h5ad: this is a device or a pipe",),
    ),
    Hostile(
        "a link in a circle",
        link("expression.tsv", "expression.tsv"),
        DATA,
        ("expression.tsv: a link that leads nowhere", "mend it"),
    ),
    Hostile(
        "half a gzip file",
        packed("expression.tsv", lambda data: data[: len(data) // 2]),
        DATA,
        ("expression.tsv.gz: the gzip file ends too early", "fetch it again"),
    ),
    Hostile(
        "a damaged gzip file",
        packed("expression.tsv", lambda data: data[:200] + bytes(50) + data[250:]),
        DATA,
        ("expression.tsv.gz: the gzip file is damaged", "fetch it again"),
    ),
    Hostile(
        "plain text called .gz",
        packed("expression.tsv", lambda data: b"sample\tA\ns0\t1\n"),
        DATA,
        ("expression.tsv.gz: named .gz but not packed with gzip", "drop the .gz"),
    ),
    Hostile(
        "a damaged Parquet file",
        both(written("e.parquet", b"PAR1" + bytes(500) + b"PAR1"), study("expression.tsv", "e.parquet")),
        DATA,
        ("e.parquet: not a Parquet file, or a damaged one", "fetch it again"),
    ),
    Hostile(
        "a damaged AnnData file",
        both(written("e.h5ad", b"\x89HDF\r\n\x1a\n" + bytes(500)), study("expression.tsv", "e.h5ad")),
        DATA,
        ("e.h5ad: not an AnnData file, or a damaged one", "fetch it again"),
    ),
]
COHORTS = [
    Hostile(
        "one class only",
        column("samples.tsv", 1, lambda row: "case"),
        DATA,
        ("samples.tsv: phenotype 'status' has one value only (all are 'case')", "name another column"),
    ),
    Hostile(
        "a missing phenotype",
        cell("samples.tsv", 3, 1, "NaN"),
        DATA,
        ("samples.tsv:4: phenotype 'status' is missing in 1 of 60 samples (line 4)", "drop_missing_phenotype"),
    ),
    Hostile(
        "a phenotype with decimal commas",
        column("samples.tsv", 1, lambda row: f"{row[0][1:]},5"),
        DATA,
        ("samples.tsv:2: phenotype 'status'", "decimal comma", "decimal point"),
    ),
    Hostile(
        "a phenotype that is no column",
        study("phenotype: status", "phenotype: statsu"),
        DATA,
        ("samples.tsv: no column 'statsu' (phenotype)", "Did you mean 'status'?"),
    ),
    Hostile(
        "eight samples",
        rows("samples.tsv", first_samples(8)),
        DATA,
        ("samples.tsv: 8 samples with measurements and phenotype, expected at least 10", "add samples"),
    ),
    Hostile(
        "a class smaller than the folds",
        both(
            column("samples.tsv", 1, lambda row: "rare" if row[0] < "s12" else "b"), study("folds: 2, ", "folds: 5, ")
        ),
        DATA,
        ("samples.tsv: class 'rare' of 'status' has 4 members, fewer than 5 folds", "ask for 4 folds"),
    ),
    Hostile(
        "fewer groups than folds",
        both(
            column("samples.tsv", 2, lambda row: f"p{int(row[0][1:]) % 3}"),
            study("status", "status\n  groups: patient"),
            study("folds: 2, ", "folds: 5, "),
        ),
        DATA,
        ("samples.tsv: 3 groups ('p0', 'p1', 'p2'), fewer than 5 folds", "ask for fewer folds"),
    ),
    Hostile(
        "too few groups for any verdict",
        both(
            column("samples.tsv", 2, lambda row: f"p{int(row[0][1:]) % 9}"),
            study("status", "status\n  groups: patient"),
        ),
        DATA,
        ("samples.tsv: 9 independent groups, expected at least 10 for any verdict", "group by something finer"),
    ),
    Hostile(
        "a sample in two groups",
        both(
            rows("samples.tsv", lambda table: [*table, [*table[1][:2], "p77"]]),
            study("status", "status\n  key: sample\n  groups: patient"),
        ),
        DATA,
        ("samples.tsv: sample 's0' is in groups 'p0' and 'p77'", "name the key column as groups"),
    ),
    Hostile(
        "a sample measured twice",
        rows("expression.tsv", lambda table: [*table, table[3]]),
        DATA,
        ("expression.tsv: sample 's2' is there 2 times (lines 4, 62)", "keep one"),
    ),
    Hostile(
        "a sample described twice",
        rows("samples.tsv", lambda table: [*table, table[3]]),
        DATA,
        ("samples.tsv: a sample is there more than once: 's2' (lines 4, 62)", "delete the copies"),
    ),
    Hostile(
        "a gene measured twice",
        cell("expression.tsv", 0, 5, "A"),
        DATA,
        ("expression.tsv: gene 'A' is there 2 times (columns of values 1, 5)", "keep one"),
    ),
    Hostile(
        "a gene called like the phenotype",
        cell("expression.tsv", 0, 5, "status"),
        DATA,
        ("samples.tsv: phenotype 'status' is also a gene", "leakage", "exclude that gene"),
    ),
    Hostile(
        "a gene that is the phenotype",
        copy_of_phenotype(5),
        DATA,
        ("samples.tsv: gene 'E'", "phenotype 'status' are the same thing", "leakage", "exclude"),
    ),
    Hostile(
        "no sample in common",
        column("samples.tsv", 0, lambda row: f"patient-{row[0]}"),
        DATA,
        ("expression.tsv: no sample in common with samples.tsv", "'patient-s0'", "Set key"),
    ),
]
STUDY_INPUTS = (*DOCUMENTS, *KNOWLEDGE, *STUDIES, *TABLES, *COHORTS)
COMMANDS = [
    Hostile("no jobs", nothing, USAGE, ("'--jobs'", "x>=1"), ("compare", "study.yaml", "--jobs", "0")),
    Hostile("a negative seed", nothing, USAGE, ("'--seed'", "0<=x"), ("compare", "study.yaml", "--seed", "-1")),
    Hostile(
        "a device nobody has",
        nothing,
        INVALID,
        ("device: got 'cuda:99'", "torch finds", "use --device auto or cpu"),
        (*COMPARE, "--device", "cuda:99"),
    ),
    Hostile(
        "no device at all", nothing, INVALID, ("device: got 'tpu'", "expected auto"), (*COMPARE, "--device", "tpu")
    ),
    Hostile(
        "a run folder that is a file",
        nothing,
        USAGE,
        ("'--out'", "'samples.tsv' is a file"),
        ("compare", "study.yaml", "--out", "samples.tsv"),
    ),
    Hostile(
        "a run folder in a file",
        nothing,
        MISSING,
        ("samples.tsv/run: cannot make this folder", "Choose another one with --out"),
        ("compare", "study.yaml", "--out", "samples.tsv/run"),
    ),
    Hostile(
        "a run folder where nothing can be written",
        nothing,
        MISSING,
        ("/proc/run: cannot make this folder", "Choose another one with --out"),
        ("compare", "study.yaml", "--out", "/proc/run"),
    ),
    Hostile(
        "a run folder at the end of a circle of links",
        link("loop", "loop"),
        MISSING,
        ("loop/run: cannot make this folder", "Choose another one with --out"),
        ("compare", "study.yaml", "--out", "loop/run"),
    ),
    Hostile(
        "the report of no run",
        nothing,
        MISSING,
        ("nowhere/run.sqlite: no run is in this folder", "Give the folder"),
        ("report", "nowhere"),
    ),
]


@pytest.mark.parametrize(
    "case", [*DOCUMENTS, *KNOWLEDGE, *STUDIES, *TABLES, *COHORTS, *COMMANDS], ids=lambda case: case.name
)
def test_a_hostile_input_is_refused_in_words(case: Hostile, hypomask: Run, folder: Path) -> None:
    case.spoil(folder)
    before = set(folder.rglob("*"))
    ran = hypomask(*case.command)
    assert ran.code == case.code, ran.err
    for words in case.says:
        assert words in ran.err
    assert "error: " in ran.err
    assert "Traceback" not in ran.err
    assert "\x1b" not in ran.err
    assert len(ran.err) < LONGEST_MESSAGE
    assert ran.out == ""
    assert set(folder.rglob("*")) == before, "something was written although nothing could be run"


@pytest.mark.parametrize(
    "case",
    [case for case in STUDY_INPUTS if case.command == COMPARE],
    ids=lambda case: case.name,
)
def test_validation_refuses_with_the_same_code_and_words(case: Hostile, hypomask: Run, folder: Path) -> None:
    case.spoil(folder)
    ran = hypomask("validate", case.command[1])
    assert ran.code == case.code, ran.err
    for words in case.says:
        assert words in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("case", TABLES, ids=lambda case: case.name)
def test_init_looks_at_any_file_without_falling_over(case: Hostile, hypomask: Run, folder: Path) -> None:
    case.spoil(folder)
    ran = hypomask("init", "new", "--data", "expression.tsv", "--samples", "samples.tsv")
    assert ran.code in (0, DATA), ran.err
    assert "Traceback" not in ran.err


def test_the_study_is_sound_before_it_is_spoiled(hypomask: Run, folder: Path) -> None:
    ran = hypomask("validate", "study.yaml")
    assert ran.code == 0
    assert ran.err == ""


@pytest.mark.parametrize("command", ["inspect", "validate"])
def test_hypotheses_that_do_not_fit_the_data_are_named_with_their_file(
    command: str, hypomask: Run, folder: Path
) -> None:
    document("TP53 -> MDM2")(folder)
    ran = hypomask(command, "hypotheses.yaml", "--data", "expression.tsv")
    assert ran.code == INVALID
    assert ran.err.startswith("error: hypotheses.yaml: hypothesis 'x': none of its 2 genes")
