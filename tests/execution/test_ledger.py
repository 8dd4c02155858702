"""The ledger: what it promises to keep, and how it refuses what it cannot use."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hypomask.errors import RunError
from hypomask.execution.jobs import Job
from hypomask.execution.ledger import SCHEMA_VERSION, Ledger
from hypomask.execution.predictions import StoredFile

JOBS = [Job("hypothesis/a", 0, fold) for fold in range(3)]
STORED = StoredFile("a.parquet", "0" * 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def test_what_is_done_is_there_when_the_ledger_is_opened_again(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.start_study("s", {"plan": {"folds": 3}})
        ledger.add_jobs(JOBS)
        assert ledger.start_job(JOBS[0]) == 1
        ledger.finish_job(JOBS[0], STORED, {"loss": 0.1, "back_end": "dense", "epochs": 3}, 1.5)
    with Ledger(path) as ledger:
        assert ledger.fingerprint() == {"plan": {"folds": 3}}
        (record,) = ledger.records("done")
        assert (record.job, record.stored, record.seconds) == (JOBS[0], STORED, 1.5)
        assert record.numbers == {"loss": 0.1, "back_end": "dense", "epochs": 3}
        assert [other.job for other in ledger.records("queued")] == JOBS[1:]


def test_an_interruption_within_a_transaction_leaves_the_ledger_usable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with Ledger(path) as ledger:
        ledger.add_jobs(JOBS)
        with monkeypatch.context() as patched:
            patched.setattr(ledger, "_insert_event", interrupted)
            with pytest.raises(KeyboardInterrupt):
                ledger.fail_job(JOBS[0], "half said", final=True)
        ledger.note("interrupted", "by its user")
        assert ledger.events() == [("interrupted", None, "by its user")]
        assert [record.state for record in ledger.records()] == ["queued"] * 3


def test_every_commit_is_flushed_to_the_disk(path: Path) -> None:
    with Ledger(path) as ledger:
        settings = {
            name: ledger._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        }
        assert settings == {"journal_mode": "wal", "synchronous": 2}
        assert ledger._db.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_planning_a_job_twice_leaves_it_as_it_is(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.add_jobs(JOBS)
        ledger.start_job(JOBS[0])
        ledger.finish_job(JOBS[0], STORED, {}, 0.0)
        ledger.add_jobs([*JOBS, Job("hypothesis/b", 0, 0)])
        assert [record.state for record in ledger.records()] == ["done", "queued", "queued", "queued"]


def test_a_failure_is_queued_again_until_it_is_final(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.add_jobs(JOBS[:1])
        assert ledger.start_job(JOBS[0]) == 1
        ledger.fail_job(JOBS[0], "no memory", final=False)
        assert ledger.records()[0].state == "queued"
        assert ledger.start_job(JOBS[0]) == 2
        ledger.fail_job(JOBS[0], "no memory", final=True)
        assert (ledger.records()[0].state, ledger.records()[0].error) == ("failed", "no memory")
        assert [kind for kind, _, _ in ledger.events()] == ["retried", "failed"]
        ledger.requeue(JOBS[0], "tried in a new run")
        assert (ledger.records()[0].state, ledger.records()[0].attempts) == ("queued", 0)


def test_a_job_cannot_be_done_without_a_file(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.add_jobs(JOBS[:1])
        with pytest.raises(sqlite3.IntegrityError):
            ledger._db.execute("UPDATE jobs SET state = 'done'")


def test_a_newer_ledger_is_refused(path: Path) -> None:
    Ledger(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(RunError, match=r"newer hypomask.*Update hypomask"):
        Ledger(path)


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 99, b"SQLite format 3\0junk"])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RunError, match="--fresh"):
        Ledger(path)


def test_another_programs_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE notes (text TEXT)")
    db.close()
    with pytest.raises(RunError, match="not a ledger"):
        Ledger(path)


def test_a_damaged_ledger_is_refused(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.add_jobs([Job(f"hypothesis/{i}", 0, 0) for i in range(500)])
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xff" * 8192
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"cannot be used.*--fresh"):
        Ledger(path)


def test_a_folder_without_a_run_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run is in this folder"):
        Ledger(tmp_path / "run.sqlite", read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named_with_what_was_being_written(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.add_jobs(JOBS)
        pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
        ledger._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RunError, match=r"disk is full.*while writing the plan.*is safe"):
            ledger.add_jobs([Job(f"hypothesis/{'x' * 500}{i}", 0, 0) for i in range(100)])
        ledger._db.execute("PRAGMA max_page_count = 1000000")
        assert [record.job for record in ledger.records()] == JOBS
        ledger.add_jobs([Job("hypothesis/b", 0, 0)])
        assert len(ledger.records()) == 4


def test_a_closed_ledger_is_one_file(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.add_jobs(JOBS)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
