"""The ledger: an SQLite file that knows every job, its state and its numbers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from hypomask.errors import RunError
from hypomask.execution.jobs import Job
from hypomask.execution.predictions import Number, StoredFile

__all__ = ["SCHEMA_VERSION", "JobRecord", "JobState", "Ledger", "is_unwritten"]

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 30.0
JobState = Literal["queued", "running", "done", "failed"]

SCHEMA = """
CREATE TABLE study (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,  -- canonical JSON: settings, hypotheses and data hashes the numbers depend on
    created TEXT NOT NULL
);
CREATE TABLE jobs (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    fold INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    numbers TEXT,
    seconds REAL,
    file TEXT,
    sha256 TEXT,
    error TEXT,
    UNIQUE (model, repeat, fold),
    CHECK (state <> 'done' OR (file IS NOT NULL AND sha256 IS NOT NULL AND numbers IS NOT NULL))
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    job TEXT REFERENCES jobs (key),
    detail TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class JobRecord:
    """A row of the ledger's table of jobs."""

    job: Job
    state: JobState
    attempts: int
    numbers: Mapping[str, Number]
    seconds: float | None
    stored: StoredFile | None
    error: str | None


class Ledger:
    """The open ledger of one run folder. Only the process that holds the folder's lock writes to it.

    Commits are flushed to the disk (WAL, synchronous=FULL): what the ledger calls done stays done after a power cut.

    Raises
    ------
    RunError
        When the file is damaged, of a newer version, not a ledger, or cannot be written.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        try:
            self._db = _connect(path, read_only=read_only)
        except sqlite3.Error as error:
            raise self._damaged(error) from error
        try:
            self._open_schema(read_only=read_only)
        except sqlite3.Error as error:
            self._db.close()
            raise self._damaged(error) from error
        except RunError:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, with the write-ahead log folded in: a finished run is one file that can be copied."""
        if not self._read_only:
            with suppress(sqlite3.Error):  # somebody reads it at this moment; then it stays in two parts
                self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.close()

    def fingerprint(self) -> dict[str, object] | None:
        """Return the fingerprint of the study this ledger was started for, None when it is new."""
        row = self._read("SELECT fingerprint FROM study").fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def start_study(self, name: str, fingerprint: Mapping[str, object]) -> None:
        """Record which study this ledger belongs to."""
        text = json.dumps(fingerprint, sort_keys=True, allow_nan=False)
        with self._commit("the study's settings") as db:
            db.execute("INSERT INTO study VALUES (1, ?, ?, ?)", (name, text, _now()))

    def add_jobs(self, jobs: Iterable[Job]) -> None:
        """Queue `jobs`; those already known are left as they are."""
        rows = [(job.key, job.model, job.repeat, job.fold) for job in jobs]
        with self._commit("the plan") as db:
            db.executemany("INSERT OR IGNORE INTO jobs (key, model, repeat, fold) VALUES (?, ?, ?, ?)", rows)

    def start_job(self, job: Job) -> int:
        """Mark `job` as running and return which attempt this is (from 1)."""
        with self._commit(f"the start of {job.key}") as db:
            db.execute("UPDATE jobs SET state = 'running', attempts = attempts + 1 WHERE key = ?", (job.key,))
        return int(self._read("SELECT attempts FROM jobs WHERE key = ?", job.key).fetchone()[0])

    def finish_job(self, job: Job, stored: StoredFile, numbers: Mapping[str, Number], seconds: float) -> None:
        """Mark `job` as done; its prediction file must be on the disk already."""
        with self._commit(f"the result of {job.key}") as db:
            db.execute(
                "UPDATE jobs SET state = 'done', numbers = ?, seconds = ?, file = ?, sha256 = ?, error = NULL "
                "WHERE key = ?",
                (json.dumps(dict(numbers), sort_keys=True), seconds, stored.name, stored.sha256, job.key),
            )

    def fail_job(self, job: Job, error: str, *, final: bool) -> None:
        """Record that an attempt at `job` failed; it is queued again unless this was `final`."""
        state = "failed" if final else "queued"
        with self._commit(f"the failure of {job.key}") as db:
            db.execute("UPDATE jobs SET state = ?, error = ? WHERE key = ?", (state, error, job.key))
            self._insert_event(db, "failed" if final else "retried", job.key, error)

    def requeue(self, job: Job, reason: str) -> None:
        """Queue `job` afresh, as if never tried, and say why in the events."""
        with self._commit(f"the state of {job.key}") as db:
            db.execute(
                "UPDATE jobs SET state = 'queued', attempts = 0, numbers = NULL, seconds = NULL, file = NULL, "
                "sha256 = NULL, error = NULL WHERE key = ?",
                (job.key,),
            )
            self._insert_event(db, "requeued", job.key, reason)

    def note(self, kind: str, detail: str) -> None:
        """Record an event of the run as a whole."""
        with self._commit("an event") as db:
            self._insert_event(db, kind, None, detail)

    def records(self, *states: JobState) -> list[JobRecord]:
        """Return the jobs in the order they were planned; those in `states` only where given."""
        columns = "model, repeat, fold, state, attempts, numbers, seconds, file, sha256, error"
        where = f" WHERE state IN ({', '.join('?' * len(states))})" if states else ""
        rows = self._read(f"SELECT {columns} FROM jobs{where} ORDER BY rowid", *states)  # noqa: S608 (placeholders only)
        return [_record(row) for row in rows]

    def events(self) -> list[tuple[str, str | None, str]]:
        """Return (kind, job key, detail) of every event, oldest first."""
        return [(row[0], row[1], row[2]) for row in self._read("SELECT kind, job, detail FROM events ORDER BY id")]

    def _open_schema(self, *, read_only: bool) -> None:
        version = int(self._read("PRAGMA user_version").fetchone()[0])
        tables = int(self._read("SELECT count(*) FROM sqlite_master").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise RunError(
                f"{self.path}: this run was made by a newer hypomask (ledger version {version}, this one reads up to "
                f"{SCHEMA_VERSION}). Update hypomask, or choose another folder with --out."
            )
        if version == 0 and tables == 0 and not read_only:
            with self._commit("a new ledger") as db:
                for statement in SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            return
        if version == 0:
            raise RunError(f"{self.path}: this is not a ledger of hypomask. Choose another folder with --out.")
        verdict = str(self._read("PRAGMA quick_check(1)").fetchone()[0])
        if verdict != "ok":
            raise self._damaged(verdict)

    def _read(self, sql: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    @contextmanager
    def _commit(self, what: str) -> Iterator[sqlite3.Connection]:
        """One transaction, flushed to the disk at its end."""
        try:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:  # an interruption too: who cleans up after it writes to the ledger
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            if "full" in str(error):
                raise RunError(
                    f"{self.path}: the disk is full; it happened while writing {what}. "
                    "Every job finished before is safe. Free some space and give the same command again: "
                    "it goes on from there."
                ) from error
            raise self._damaged(error) from error

    @staticmethod
    def _insert_event(db: sqlite3.Connection, kind: str, job: str | None, detail: str) -> None:
        db.execute("INSERT INTO events (at, kind, job, detail) VALUES (?, ?, ?, ?)", (_now(), kind, job, detail))

    def _damaged(self, reason: object) -> RunError:
        last = str(reason).splitlines()[-1]
        if "disk I/O" in last:
            return RunError(
                f"{self.path}: cannot be read or written ({last}): the disk may be full or failing. Every job finished "
                "before is safe. Mend that and give the same command again: it goes on from there."
            )
        return RunError(
            f"{self.path}: the ledger of this run cannot be used ({last}). Start again with --fresh, which trains "
            "everything anew, or choose another folder with --out."
        )


def is_unwritten(path: Path) -> bool:
    """Return whether a ledger was begun there and nothing came to be written in it: the disk was full at once."""
    with suppress(sqlite3.Error), closing(_connect(path, read_only=True)) as db:
        return int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]) == 0
    return False  # what is wrong with it is said when it is opened


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if read_only and not path.is_file():
        raise RunError(f"{path}: no run is in this folder. Give the folder that 'hypomask compare' wrote.")
    # autocommit; transactions are begun and ended by hand, so that nothing is pending without our knowing
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        if read_only:
            db.execute("PRAGMA query_only = ON")
        else:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _record(row: Sequence[Any]) -> JobRecord:
    model, repeat, fold, state, attempts, numbers, seconds, file, sha256, error = row
    stored = StoredFile(file, sha256) if file is not None and sha256 is not None else None
    return JobRecord(Job(model, repeat, fold), state, attempts, json.loads(numbers or "{}"), seconds, stored, error)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
