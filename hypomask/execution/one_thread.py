"""One thread per job: several workers do not fight for cores, and sums are added in the same order everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

__all__ = ["one_thread", "one_thread_environment"]

# OMP_WAIT_POLICY: idle OpenMP threads that spin made a GEMM-heavy loop 35 times slower on a busy machine.
# MALLOC_*: glibc otherwise gives each tensor back to the system and page-faults for the next (20-50 % of a small
# training step).
THREAD_VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
}


def one_thread_environment() -> Mapping[str, str]:
    """Return this process's environment with the thread variables set, for a process yet to be started.

    The libraries read them while they are loaded, so they must be there before the first import.
    """
    return {**os.environ, **THREAD_VARIABLES}


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS, OpenMP and torch to one thread in this process, and give them back their threads afterwards.

    A model is not bitwise the same with one thread and with two, so a job that runs in this process must do as a
    worker does.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 1
    with threadpool_limits(limits=1):
        if torch is not None and before != 1:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch is not None and before != 1:
                torch.set_num_threads(before)
