"""Contenders take turns, so that the noise of the machine falls on all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Timing", "take_turns", "with_ratios"]

LEAST_SECONDS = 0.05  # shorter calls are repeated within a round
LONG_SECONDS, FEW = 2.0, 3  # longer calls have fewer rounds


@dataclass(frozen=True)
class Timing:
    """Processor seconds of a call in several rounds."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        return f"{_ms(self.median)} ms [{_ms(min(self.rounds))}, {_ms(max(self.rounds))}]"


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.3g}" if seconds < 1 else f"{1e3 * seconds:.0f}"


def take_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Time every call `rounds` times after a first one that does not count."""
    seconds = {name: _once(call) for name, call in calls.items()}
    repeats = {name: max(1, round(LEAST_SECONDS / value)) for name, value in seconds.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name, call in calls.items():
            if number >= FEW and seconds[name] > LONG_SECONDS:
                continue
            before = time.process_time()
            for _repeat in range(repeats[name]):
                call()
            times[name].append((time.process_time() - before) / repeats[name])
    return {name: Timing(tuple(values)) for name, values in times.items()}


def _once(call: Callable[[], object]) -> float:
    for _ in range(2):  # the first time with what is made on first use
        before = time.process_time()
        call()
        seconds = time.process_time() - before
        if seconds > LONG_SECONDS:
            break
    return max(seconds, 1e-6)


def with_ratios(found: Mapping[str, Timing], reference: str) -> str:
    """Cells of a table: the reference, then everything else with how many times as fast it is."""
    least = found[reference].median
    others = (f"{timing} ({least / timing.median:.1f}x)" for name, timing in found.items() if name != reference)
    return " | ".join([str(found[reference]), *others])
