"""`kill -9` at any moment: the resumed run gives the results of the undisturbed one, and no worker is left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_learner import FIT
from small_study import write_study

from hypomask.execution.ledger import Ledger
from hypomask.execution.run import compare
from hypomask.execution.trainer import DEFAULT_FIT

ROOT = Path(__file__).resolve().parents[2]
# A shell starts its background jobs with SIGINT ignored, and children inherit that: the handler is set by hand.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from hypomask.execution.run import compare
compare(sys.argv[1], sys.argv[2], jobs=int(sys.argv[3]), device="cpu", fit=sys.argv[4])
"""


def start(study: Path, out: Path, jobs: int, fit: str = FIT) -> subprocess.Popen[bytes]:
    search_path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    environment = {**os.environ, "PYTHONPATH": search_path, "FAKE_SLEEP": "0.02"}
    arguments = [sys.executable, "-c", PROGRAM, str(study), str(out), str(jobs), fit]
    return subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE)


def n_done(out: Path) -> int:
    """Prediction files that are in place: whole ones, whatever the ledger knows."""
    folder = out / "predictions"
    return len(list(folder.glob("[!.]*"))) if folder.exists() else 0


def kill_after(process: subprocess.Popen[bytes], out: Path, files: int, delay: float) -> bool:
    """Kill the process `delay` seconds after `files` prediction files are there; False when it ended before."""
    deadline = time.monotonic() + 60
    while process.poll() is None and n_done(out) < files:
        assert time.monotonic() < deadline, "no progress for a minute"
        time.sleep(0.002)
    time.sleep(delay)
    killed = process.poll() is None
    process.kill()
    _, complaint = process.communicate()
    assert killed or process.returncode == 0, complaint.decode()
    return killed


def workers_of(study: Path) -> list[int]:
    """Ids of the worker processes whose parent is gone or is ours (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if b"hypomask.execution.worker" in command and str(study).encode() in environment:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "fit", "kills"), [(1, FIT, 5), (2, FIT, 5), (2, DEFAULT_FIT, 10)])
def test_a_run_killed_at_random_moments_gives_the_results_of_an_undisturbed_one(
    tmp_path: Path, jobs: int, fit: str, kills: int
) -> None:
    study = write_study(tmp_path / "inputs")
    undisturbed = compare(study, tmp_path / "undisturbed", jobs=1, device="cpu", fit=fit)
    expected = (tmp_path / "undisturbed" / "results.json").read_bytes()
    n_jobs = 24 + 3 * sum(len(null.losses) for null in undisturbed.comparison.nulls)
    rng = random.Random(jobs)
    out = tmp_path / "run"
    n_killed = 0
    for moment in sorted(rng.sample(range(n_jobs - 1), kills)):
        before = n_done(out)
        n_killed += kill_after(start(study, out, jobs, fit), out, moment, rng.uniform(0, 0.05))
        assert n_done(out) >= before
    assert n_killed == kills
    process = start(study, out, jobs, fit)
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint.decode()
    assert (out / "results.json").read_bytes() == expected
    assert n_done(out) == n_jobs
    assert not list(out.rglob(".unfinished-*"))
    with Ledger(out / "run.sqlite", read_only=True) as ledger:
        assert {record.state for record in ledger.records()} == {"done"}
        assert all(record.attempts == 1 for record in ledger.records())
        assert "requeued" in {kind for kind, _, _ in ledger.events()}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to look for processes")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = write_study(tmp_path / "inputs")
    monkeypatch.setenv("FAKE_LOG", f"{study}.log")
    process = start(study, tmp_path / "run", 2)
    try:
        deadline = time.monotonic() + 60
        while n_done(tmp_path / "run") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(workers_of(study)) == 2
    finally:
        process.kill()
        process.communicate()
    while workers_of(study) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers_of(study) == []


@pytest.mark.slow
def test_an_interrupt_ends_the_run_and_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = write_study(tmp_path / "inputs")
    monkeypatch.setenv("FAKE_LOG", f"{study}.log")
    process = start(study, tmp_path / "run", 2)
    deadline = time.monotonic() + 60
    while n_done(tmp_path / "run") < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=30)
    assert b"KeyboardInterrupt" in complaint
    assert workers_of(study) == []
    with Ledger(tmp_path / "run" / "run.sqlite", read_only=True) as ledger:
        assert ledger.events()[-1][0] == "interrupted"
    result = compare(study, tmp_path / "run", jobs=1, device="cpu", fit=FIT)
    assert json.loads((tmp_path / "run" / "results.json").read_text())["comparison"]["winner"] == "truth"
    assert result.comparison.winner == "truth"
