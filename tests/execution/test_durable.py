"""Durable files: whole or not there, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hypomask.errors import RunError
from hypomask.execution.durable import TEMPORARY_PREFIX, remove_stale_temporaries, write_durably


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_durably(tmp_path / "a.txt", lambda file: file.write(b"content"), "a")
    assert (tmp_path / "a.txt").read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_names_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, full_disk)
    with pytest.raises(RunError, match=r"disk is full.*while writing the predictions of x.*is safe") as caught:
        write_durably(path, lambda file: file.write(b"new"), "the predictions of x")
    assert str(tmp_path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_during_the_content_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="disk is full"):
        write_durably(tmp_path / "a.txt", full_disk, "a")
    assert not list(tmp_path.iterdir())


def test_another_fault_of_the_disk_is_said_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot write the report: No such file or directory.*--out"):
        write_durably(tmp_path / "absent" / "a.txt", lambda file: file.write(b""), "the report")


def test_an_interruption_leaves_nothing_half_written(tmp_path: Path) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_durably(tmp_path / "a.txt", interrupted, "a")
    assert not list(tmp_path.iterdir())


def test_only_half_written_files_are_cleaned_away(tmp_path: Path) -> None:
    (tmp_path / f"{TEMPORARY_PREFIX}123-a.parquet").write_bytes(b"half")
    (tmp_path / "a.parquet").write_bytes(b"whole")
    assert remove_stale_temporaries(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
