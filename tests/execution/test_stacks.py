"""Jobs given out in stacks, as on a GPU; here on the processor, where a stack has to be asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from fake_learner import FIT
from small_study import write_study

from hypomask.errors import ConfigError
from hypomask.execution.device_memory import HeldBytes, held_bytes
from hypomask.execution.job_queue import JobQueue
from hypomask.execution.jobs import Job
from hypomask.execution.ledger import Ledger
from hypomask.execution.prepare import prepare
from hypomask.execution.progress import Silent
from hypomask.execution.run import compare
from hypomask.execution.run_jobs import run_jobs
from hypomask.execution.stacking import MOST_STACKED, SHARE_OF_MEMORY, fitting_jobs, stack_size
from hypomask.execution.study import load_study
from hypomask.execution.trainer import DEFAULT_FIT, Failed, Outcome, Task
from hypomask.model import attention
from hypomask.training import stacked

JOBS = [Job(f"hypothesis/{name}", 0, fold) for fold in range(2) for name in "abcde"]


class Slots:
    """An executor that trains nothing and fails what it is told to; remembers the stacks it was given."""

    def __init__(self, n_slots: int, failing: Sequence[Job] = ()) -> None:
        self.given: list[list[Job]] = []
        self._n_slots, self._failing = n_slots, list(failing)
        self._busy: dict[int, Sequence[Task]] = {}

    def idle(self) -> Sequence[int]:
        return [slot for slot in range(self._n_slots) if slot not in self._busy]

    def submit(self, slot: int, tasks: Sequence[Task]) -> None:
        self.given.append([task.job for task in tasks])
        self._busy[slot] = tasks

    def wait(self) -> Sequence[Outcome]:
        outcomes: list[Outcome] = [
            Failed(task.job, "ill" if task.job in self._failing else "beside one that is ill")
            for tasks in self._busy.values()
            for task in tasks
        ]
        self._busy = {}
        return outcomes

    def close(self) -> None:
        pass


def given_out(tmp_path: Path, n_slots: int, stack: int) -> tuple[list[list[Job]], Ledger]:
    slots = Slots(n_slots)
    with Ledger(tmp_path / "run.sqlite") as ledger:
        run_jobs(JOBS, lambda model: None, executor=lambda: slots, ledger=ledger, progress=Silent(), stack=stack)  # type: ignore[arg-type,return-value]
        attempts = [record.attempts for record in ledger.records()]
    assert attempts == [2] * len(JOBS)
    return slots.given, ledger


@pytest.mark.parametrize(("n_slots", "stack", "sizes"), [(1, 4, [4, 4, 2]), (1, 64, [10]), (4, 64, [3, 3, 2, 2])])
def test_stacks_are_full_or_shared_out_evenly_and_what_failed_comes_again_alone(
    tmp_path: Path, n_slots: int, stack: int, sizes: list[int]
) -> None:
    given, _ = given_out(tmp_path, n_slots, stack)
    assert [len(jobs) for jobs in given[: len(sizes)]] == sizes
    assert sorted(job for jobs in given[: len(sizes)] for job in jobs) == sorted(JOBS)
    assert [len(jobs) for jobs in given[len(sizes) :]] == [1] * len(JOBS)


def test_a_stack_stays_with_one_split_while_that_has_jobs() -> None:
    assert {job.split for job in JobQueue(JOBS).take_stack(0, 5)} == {(0, 0)}
    assert {job.split for job in JobQueue(JOBS).take_stack(0, 6)} == {(0, 0), (0, 1)}


def test_on_a_processor_jobs_are_trained_one_by_one_unless_a_stack_is_asked_for(
    study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepare(load_study(study_file))
    monkeypatch.delenv("HYPOMASK_STACK", raising=False)
    assert stack_size(prepared, "cpu", 1, DEFAULT_FIT) == 1
    assert stack_size(prepared, "cuda", 1, FIT) == 1
    monkeypatch.setenv("HYPOMASK_STACK", "6")
    assert stack_size(prepared, "cpu", 1, DEFAULT_FIT) == 6
    for wrong in ("0", "-1", "many"):
        monkeypatch.setenv("HYPOMASK_STACK", wrong)
        with pytest.raises(ConfigError, match=f"HYPOMASK_STACK: got '{wrong}', expected a whole number above 0"):
            stack_size(prepared, "cpu", 1, DEFAULT_FIT)


def test_on_a_gpu_the_size_follows_the_memory(study_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepare(load_study(study_file))
    monkeypatch.delenv("HYPOMASK_STACK", raising=False)
    jobs = [held_bytes(prepared, mask, "cuda:0") for mask in prepared.masks.values()]
    for_five = (max(job.once for job in jobs) + 5.5 * max(job.per_job for job in jobs)) / SHARE_OF_MEMORY
    sizes = []
    for free in (0, for_five, 1e12):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 1e12))
        sizes.append(stack_size(prepared, "cuda:0", 1, DEFAULT_FIT))
    assert sizes == [1, 5, MOST_STACKED]
    assert stack_size(prepared, "cuda:0", 10**6, DEFAULT_FIT) == 1  # workers share
    jobs = [HeldBytes(10, 300, 1), HeldBytes(20, 100, 2)]
    assert fitting_jobs(1000, 1e9, jobs) == (800 - 300) // 20
    assert fitting_jobs(1000, 50, jobs) == 40 // 2


def test_masks_that_are_dense_on_the_gpu_hold_a_step_once(study_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepare(load_study(study_file))
    mask = next(iter(prepared.masks.values()))
    asked: list[torch.device] = []

    def by_density(n_tokens: int, density: float, batch: int, device: torch.device) -> str:
        asked.append(device)
        return back_end

    monkeypatch.setattr(attention, "choose_back_end", by_density)
    found = {}
    for back_end in ("triton", "dense"):
        found[back_end] = held_bytes(prepared, mask, "cuda:0")
    assert asked == [torch.device("cuda:0")] * 2
    assert found["dense"].per_job < found["triton"].per_job
    assert found["dense"].once > found["triton"].once


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_in_stacks_gives_the_same_bytes_where_jobs_are_trained_one_by_one(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    compare(study_file, tmp_path / "apart", jobs=1, device="cpu", fit=FIT)
    monkeypatch.setenv("HYPOMASK_STACK", "5")
    compare(study_file, tmp_path / "stacked", jobs=jobs, device="cpu", fit=FIT)
    assert (tmp_path / "apart/results.json").read_bytes() == (tmp_path / "stacked/results.json").read_bytes()


def test_a_run_interrupted_within_a_stack_goes_on_and_gives_the_same(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(study_file, tmp_path / "undisturbed", jobs=1, device="cpu", fit=FIT)
    monkeypatch.setenv("HYPOMASK_STACK", "5")
    finish, done = Ledger.finish_job, []

    def finish_seven(self: Ledger, *arguments: Any, **options: Any) -> None:
        finish(self, *arguments, **options)
        done.append(1)
        if len(done) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "finish_job", finish_seven)
    with pytest.raises(KeyboardInterrupt):
        compare(study_file, tmp_path / "run", jobs=1, device="cpu", fit=FIT)
    with Ledger(tmp_path / "run" / "run.sqlite", read_only=True) as ledger:
        states = [record.state for record in ledger.records()]
    assert states.count("done") == 7
    assert states.count("running") == 3  # the rest of the second stack: lost, at most
    monkeypatch.setattr(Ledger, "finish_job", finish)
    compare(study_file, tmp_path / "run", jobs=1, device="cpu", fit=FIT)
    assert (tmp_path / "undisturbed/results.json").read_bytes() == (tmp_path / "run/results.json").read_bytes()


def test_a_worker_that_dies_loses_its_stack_and_no_more(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(study_file, tmp_path / "undisturbed", jobs=1, device="cpu", fit=FIT)
    fatal = tmp_path / "kill"
    fatal.touch()
    monkeypatch.setenv("FAKE_KILL_ONCE", str(fatal))
    monkeypatch.setenv("HYPOMASK_STACK", "5")
    compare(study_file, tmp_path / "run", jobs=2, device="cpu", fit=FIT)
    assert (tmp_path / "undisturbed/results.json").read_bytes() == (tmp_path / "run/results.json").read_bytes()
    with Ledger(tmp_path / "run" / "run.sqlite", read_only=True) as ledger:
        attempts = [record.attempts for record in ledger.records()]
    assert sorted(attempts)[-5:] == [2] * 5
    assert set(attempts[:-5]) <= {1, 2}
    assert attempts.count(2) == 5


@pytest.mark.slow
def test_a_study_trained_in_stacks_has_the_answer_of_one_trained_job_by_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_study(tmp_path / "inputs", n=150)
    answers: list[dict[str, Any]] = []
    sizes = []
    run = stacked._Stack.run
    monkeypatch.setattr(stacked._Stack, "run", lambda stack: (sizes.append(len(stack._members)), run(stack))[1])
    for size in ("1", "16"):
        monkeypatch.setenv("HYPOMASK_STACK", size)
        compare(study, tmp_path / size, jobs=1, device="cpu")
        answers.append(json.loads((tmp_path / size / "results.json").read_text())["comparison"])
        assert json.loads((tmp_path / size / "environment.json").read_text())["jobs_side_by_side"] == int(size)
    assert max(sizes) > 4
    assert answers[0]["winner"] == answers[1]["winner"]
    assert answers[0]["verdict"]["code"] == answers[1]["verdict"]["code"]
