"""What all parts of the benchmark share: the device, sizes, the clock, and how figures are written."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import torch

__all__ = ["HEADS", "Bench", "Call", "shown", "table"]

Call = Callable[[], object]

HEADS = 2
SIZES = ((100, 64), (200, 64), (1000, 64), (5000, 8))  # genes, models
JOBS = ((200, 500, 64, "continuous"), (200, 500, 64, "binary"), (1000, 4000, 8, "continuous"))  # genes, samples, jobs


class Bench:
    """The device, how often things are timed, how large they are, and how much time is left."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.device = torch.device(options.device)
        self.is_gpu = self.device.type == "cuda"
        self.rounds = 1 if options.smallest else options.rounds
        self.compile = options.compile
        self.sizes, self.jobs = (
            (((12, 3),), ((12, 90, 2, "continuous"), (12, 90, 2, "binary"))) if options.smallest else (SIZES, JOBS)
        )
        self.batch, self.degree, self.width, self.layers = (8, 2, 8, 1) if options.smallest else (64, 10, 32, 2)
        self.square, self.copied = (64, 1 << 12) if options.smallest else (8192, 1 << 28)
        self._ends = time.monotonic() + options.seconds

    @property
    def left(self) -> float:
        """Seconds until it has to be done."""
        return self._ends - time.monotonic()

    def wait(self) -> None:
        if self.is_gpu:
            torch.cuda.synchronize(self.device)

    def seconds(self, call: Call) -> float:
        self.wait()
        before = time.perf_counter()
        call()
        self.wait()
        return time.perf_counter() - before

    def take_turns(self, calls: Mapping[str, Call]) -> dict[str, list[float]]:
        """Time every call after two that do not count (the first compiles); whoever fails is left out, with a word."""
        able: dict[str, Call] = {}
        for name, call in calls.items():
            try:
                self.seconds(call)
                self.seconds(call)
                able[name] = call
            except Exception as error:  # noqa: BLE001 (one contender that cannot run here must not end the others)
                print(f"{name}: {type(error).__name__}: {str(error).splitlines()[:1]}", flush=True)
        times: dict[str, list[float]] = {name: [] for name in able}
        for _ in range(self.rounds):
            for name, call in able.items():
                times[name].append(self.seconds(call))
        return times


def shown(times: list[float] | None, factor: float = 1.0) -> str:
    """Return a median in milliseconds and in brackets the spread, times `factor`."""
    if not times:
        return "-"
    median, least, most = (1e3 * factor * value for value in (statistics.median(times), min(times), max(times)))
    return f"{median:.3g} ms [{least:.3g}, {most:.3g}]"


def table(title: str, note: str, head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a section."""
    lines = [f"## {title}", "", note, "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]
