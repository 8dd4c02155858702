"""How many jobs are trained side by side, in one stack: many on a GPU, one on a processor."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hypomask.errors import ConfigError
from hypomask.execution.cost import BYTES_OF_TORCH, job_cost
from hypomask.execution.trainer import DEFAULT_FIT

if TYPE_CHECKING:
    from hypomask.execution.prepare import PreparedStudy

__all__ = ["FORCED_BY", "MOST_STACKED", "stack_size"]

FORCED_BY = "HYPOMASK_STACK"
"""Environment variable that sets the size, whatever the device."""

MOST_STACKED = 64  # jobs, each of which trains its replicates at once; more than this is lost when a run is killed
SHARE_OF_MEMORY = 0.5  # what a job costs is an estimate; when it is too low, stacks are halved


def stack_size(prepared: PreparedStudy, device: str, n_workers: int, fit: str) -> int:
    """Return how many jobs a worker is given at a time.

    On a GPU, as many as half of what is free of its memory, and of the machine's, will hold by the estimate of
    `job_cost`; every worker has its share.

    Raises
    ------
    ConfigError
        When the environment variable `FORCED_BY` is no whole number above 0.
    """
    forced = os.environ.get(FORCED_BY, "")
    if forced:
        if not forced.isdecimal() or int(forced) < 1:
            raise ConfigError(f"{FORCED_BY}: got {forced!r}, expected a whole number above 0")
        return int(forced)
    if device == "cpu" or fit != DEFAULT_FIT:
        return 1
    import torch

    free = [torch.cuda.mem_get_info(torch.device(device))[0]]
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        free.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    held = (job_cost(prepared, mask).bytes_held - BYTES_OF_TORCH for mask in prepared.masks.values())
    return fitting_jobs(min(free), held, prepared.study.training.replicates, n_workers)


def fitting_jobs(free: float, held_by_jobs: Iterable[float], replicates: int, n_workers: int) -> int:
    """Return how many of the largest job fit into each worker's share of `free` bytes, their replicates at once."""
    largest = replicates * max(held_by_jobs)
    return max(1, min(MOST_STACKED, int(SHARE_OF_MEMORY * free / n_workers / largest)))
