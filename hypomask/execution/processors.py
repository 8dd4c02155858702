"""By how many workers models are trained."""

from __future__ import annotations

import os

__all__ = ["default_jobs", "usable_processors"]

MOST_WORKERS_ON_ONE_GPU = 4  # small models leave a GPU idle between launches, but each worker holds a CUDA context


def default_jobs(device: str) -> int:
    """Return how many workers to use when nobody says."""
    processors = usable_processors()
    return processors if device == "cpu" else min(processors, MOST_WORKERS_ON_ONE_GPU)


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
