"""Odd inputs that may run, run folders that were damaged, and disks that are full."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sound_study import make_study
from spoiling import both, cell, column, rows, study

from hypomask.cli.main import run

Run = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
COMPARE = ("compare", "study.yaml", "--out", "run", "--jobs", "1", "--device", "cpu")
HOSTILE_NAMES = (
    "../../x",
    "a/b",
    "CON",
    "<script>alert(1)</script>",
    "-rf",
    ".",
    "null",
    "{{ 7 * 7 }}",
    "[red]x[/red]",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound study and its finished run; tests work on copies."""
    path = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_study(path, monkeypatch)
        assert run(COMPARE) == 0
    return path


@pytest.fixture
def ran_before(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a copy of the finished run."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def in_a_process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which is given a minute."""
    command = [sys.executable, "-m", "hypomask", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False, **options)


def test_odd_measurements_run_and_are_told(hypomask: Run, folder: Path) -> None:
    both(
        column("expression.tsv", 5, lambda row: ""),
        cell("expression.tsv", 0, 4, "2-Sep"),
        rows("expression.tsv", lambda table: [[*row, "7.5"] for row in table]),
        cell("expression.tsv", 0, 6, "\x1b[31mred"),
    )(folder)
    ran = hypomask(*COMPARE)
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "no value in any sample: 1 gene, left out ('E')" in said
    assert "1 gene name turned into dates or numbers by a spreadsheet: '2-Sep'" in said
    assert "not in the data and left out: 1 named gene (D)" in said
    assert "the same value in all samples: 1 gene, kept" in said
    assert "\x1b" not in ran.out + ran.err
    assert "\x1b" not in (folder / "run" / "report.html").read_text()


def test_hostile_names_stay_names(hypomask: Run, folder: Path) -> None:
    entries = "".join(
        f"  - name: {name!r}\n    edges: [A -> B, B -> {gene}]\n"
        for name, gene in zip(HOSTILE_NAMES, "CDECDECDE", strict=True)
    )
    (folder / "hypotheses.yaml").write_text(f"hypomask: 1\nhypotheses:\n{entries}")
    study("name: small", "name: ../../<b>x</b>")(folder)
    beside = set(folder.parent.iterdir())
    ran = hypomask("compare", "study.yaml", "--jobs", "1")
    assert ran.code == 0, ran.err
    assert set(folder.parent.iterdir()) == beside
    out = next(path for path in folder.iterdir() if path.is_dir())
    assert re.fullmatch(r"hypomask-[\w.-]+", out.name)
    html = (out / "report.html").read_text()
    assert "<script" not in html
    assert "<b>x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7 * 7 }}" in html
    assert all(name in ran.out for name in HOSTILE_NAMES)
    assert all(path.resolve().is_relative_to(folder) for path in folder.rglob("*"))
    again = hypomask("report", out.name)
    assert again.code == 0, again.err
    assert (out / "report.html").read_text() == html


def test_a_study_with_an_endless_name_gets_a_folder(hypomask: Run, folder: Path) -> None:
    study("name: small", "name: " + "\u4e00" * 300)(folder)
    assert hypomask("compare", "study.yaml", "--jobs", "1").code == 0


def test_the_run_of_another_study_is_left_alone(hypomask: Run, ran_before: Path) -> None:
    before = (ran_before / "run" / "results.json").read_bytes()
    column("samples.tsv", 1, lambda row: "case" if row[1] == "control" else "control")(ran_before)
    ran = hypomask(*COMPARE)
    assert ran.code == 5
    assert ran.err.startswith("error: run: this run was started with another study or other data, or by")
    assert "phenotype values" in ran.err
    assert "--fresh" in ran.err
    assert (ran_before / "run" / "results.json").read_bytes() == before


def overwritten(data: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(data)


def with_a_blank_page(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:8192] = bytes(4096)
    file.write_bytes(data)


def halved(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


DAMAGES = [
    ("predictions/*.parquet", halved),
    ("predictions/*.parquet", Path.unlink),
    ("samples.parquet", overwritten(b"PAR1")),
    ("samples.parquet", Path.unlink),
    ("results.json", overwritten(b"{")),
    ("results.json", overwritten(b"[1]")),
    ("results.json", overwritten(b'{"format": 1}')),
    ("results.json", overwritten(b"\xff\xfe")),
    ("results.json", Path.unlink),
    ("study.yaml", overwritten(b"name: [")),
    ("study.yaml", Path.unlink),
    ("masks/*.npz", overwritten(b"PK\x03\x04")),
    ("environment.json", overwritten(b"")),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_damaged_run_is_named_and_mended_by_the_same_command(
    name: str, damage: Callable[[Path], object], hypomask: Run, ran_before: Path
) -> None:
    results = ran_before / "run" / "results.json"
    expected = results.read_bytes()
    file = next((ran_before / "run").glob(name))
    damage(file)
    refused = hypomask("report", "run")
    assert refused.code == 5, refused.err
    assert str(file.relative_to(ran_before)) in refused.err
    assert "Give the compare command again" in refused.err
    assert "Traceback" not in refused.err
    mended = hypomask(*COMPARE)
    assert mended.code == 0, mended.err
    assert results.read_bytes() == expected
    assert hypomask("report", "run").code == 0


@pytest.mark.parametrize("damage", [overwritten(bytes(range(256)) * 8), with_a_blank_page, overwritten(b"{}")])
def test_a_damaged_ledger_is_named_and_replaced_by_fresh(
    damage: Callable[[Path], object], hypomask: Run, ran_before: Path
) -> None:
    damage(ran_before / "run" / "run.sqlite")
    for command in (COMPARE, ("report", "run")):
        ran = hypomask(*command)
        assert ran.code == 5, ran.err
        assert "run/run.sqlite: the ledger of this run cannot be used" in ran.err
        assert "--fresh" in ran.err
        assert "Traceback" not in ran.err
    assert hypomask(*COMPARE, "--fresh").code == 0


def test_a_file_that_may_not_grow_ends_a_run_in_words(folder: Path) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    ran = in_a_process(*COMPARE, cwd=folder, preexec_fn=no_room)
    assert ran.returncode == 5, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "run/run.sqlite: cannot be read or written" in ran.stderr
    assert "Every job finished before is safe" in ran.stderr
    again = in_a_process(*COMPARE, cwd=folder)
    assert again.returncode == 0, again.stderr


def test_a_starter_that_cannot_be_written_leaves_nothing_in_the_way(folder: Path) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    command = ("init", "new", "--data", "expression.tsv", "--samples", "samples.tsv")
    ran = in_a_process(*command, cwd=folder, preexec_fn=no_room)
    assert ran.returncode == 5, ran.stderr
    assert "new/study.yaml: cannot write the starter study.yaml: File too large" in ran.stderr
    assert list((folder / "new").iterdir()) == []
    assert in_a_process(*command, cwd=folder).returncode == 0


def test_a_pipe_does_not_hang_a_process(folder: Path) -> None:
    (folder / "samples.tsv").unlink()
    os.mkfifo(folder / "samples.tsv")
    ran = in_a_process(*COMPARE, cwd=folder)
    assert ran.returncode == 4
    assert ran.stderr.startswith("error: samples.tsv: this is a device or a pipe")


def test_standard_output_on_a_full_disk_is_an_error(finished: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("/dev/full is not on this system")
    command = [sys.executable, "-m", "hypomask", "validate", "study.yaml"]
    with full.open("w") as stdout:
        ran = subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, cwd=finished, check=False
        )
    assert ran.returncode == 5
    assert ran.stderr.startswith("error: No space left on device: what was being written is not whole. Free some space")
