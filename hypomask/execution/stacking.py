"""How many jobs are trained side by side, in one stack: many on a GPU, one on a processor."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hypomask.errors import ConfigError
from hypomask.execution.device_memory import HeldBytes, held_bytes
from hypomask.execution.trainer import DEFAULT_FIT

if TYPE_CHECKING:
    from hypomask.execution.prepare import PreparedStudy

__all__ = ["FORCED_BY", "MOST_STACKED", "stack_size"]

FORCED_BY = "HYPOMASK_STACK"
"""Environment variable that sets the size, whatever the device."""

# Jobs, each of which trains its replicates at once. A step of 128 models of 100 genes moves gigabytes, which takes a
# GPU longer than launching it; more jobs would gain little, and all of them are lost when a run is killed.
MOST_STACKED = 64
SHARE_OF_MEMORY = 0.8  # the rest for what is lost between blocks; when it is too little, stacks are halved


def stack_size(prepared: PreparedStudy, device: str, n_workers: int, fit: str) -> int:
    """Return how many jobs a worker is given at a time.

    On a GPU, as many as free memory will hold by the estimate of `held_bytes`; every worker has its share.

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
    if device == "cpu" or fit != DEFAULT_FIT or prepared.cohort.phenotype.kind == "masked-genes":
        return 1  # networks that predict hidden genes are not stacked
    import torch

    on_device = torch.cuda.mem_get_info(torch.device(device))[0]
    jobs = [held_bytes(prepared, mask, device) for mask in prepared.masks.values()]
    return fitting_jobs(on_device / n_workers, _free_on_host() / n_workers, jobs)


def fitting_jobs(on_device: float, on_host: float, jobs: Sequence[HeldBytes]) -> int:
    """Return how many of the largest of `jobs` fit into free bytes of a GPU's memory and of the machine's."""
    left = SHARE_OF_MEMORY * on_device - max(job.once for job in jobs)
    fit_device = left / max(job.per_job for job in jobs)
    fit_host = SHARE_OF_MEMORY * on_host / max(job.per_job_on_host for job in jobs)
    return max(1, int(min(MOST_STACKED, fit_device, fit_host)))


def _free_on_host() -> float:
    if not hasattr(os, "sysconf") or "SC_AVPHYS_PAGES" not in os.sysconf_names:
        return math.inf
    return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
