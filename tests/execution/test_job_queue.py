"""The order in which jobs are handed out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hypomask.execution.job_queue import JobQueue
from hypomask.execution.jobs import Job
from hypomask.execution.plan import first_stage, most_null_jobs, null_draw_jobs
from hypomask.execution.plan_config import PlanConfig

JOBS = first_stage(["hypothesis/a", "hypothesis/b", "reference/no-interaction"], PlanConfig(folds=3, repeats=2))


@given(st.lists(st.integers(0, 3), max_size=60))
def test_every_job_is_handed_out_exactly_once(slots: list[int]) -> None:
    queue = JobQueue(JOBS)
    taken = [queue.take(slot) for slot in slots]
    assert [job is None for job in taken] == [i >= len(JOBS) for i in range(len(slots))]
    rest = [queue.take(0) for _ in range(len(queue))]
    handed_out = [job for job in [*taken, *rest] if job is not None]
    assert sorted(handed_out) == sorted(JOBS)
    assert len(queue) == 0


def test_a_slot_stays_with_its_split_and_others_keep_away() -> None:
    queue = JobQueue(JOBS)
    taken: dict[int, list[Job]] = {0: [], 1: []}
    for turn in range(6):
        job = queue.take(turn % 2)
        assert job is not None
        taken[turn % 2].append(job)
    assert {job.split for job in taken[0]} == {(0, 0)}
    assert {job.split for job in taken[1]} == {(0, 1)}


def test_a_slot_without_work_helps_where_most_is_left() -> None:
    queue = JobQueue([Job(f"hypothesis/{i}", 0, 0) for i in range(5)] + [Job("hypothesis/0", 0, 1)])
    queue.take(0)
    queue.take(1)
    helped = queue.take(1)
    assert helped is not None
    assert helped.split == (0, 0)


def test_a_job_put_back_comes_again() -> None:
    queue = JobQueue(JOBS[:1])
    assert queue.take(0) == JOBS[0]
    assert queue.take(0) is None
    queue.put_back(JOBS[0])
    assert queue.take(0) == JOBS[0]


def test_the_plan_counts_what_it_makes() -> None:
    plan = PlanConfig(folds=4, repeats=3, nulls=7, null_repeats=2)
    assert len(first_stage(["hypothesis/a", "hypothesis/b"], plan)) == 2 * 12
    jobs = null_draw_jobs("a", range(7), plan)
    assert len(set(jobs)) == len(jobs) == most_null_jobs(1, plan) == 7 * 4 * 2
    assert {job.repeat for job in jobs} == {0, 1}
