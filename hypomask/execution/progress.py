"""How far a run is: an interface for whoever wants to know, and two ways to show it on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar

__all__ = ["PlainProgress", "Progress", "RichProgress", "Silent", "duration_in_words", "progress_for"]

SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """What a run reports. Stages follow one another; the total of a stage may change while it goes on."""

    def begin(self, stage: str, total: int, done: int = 0) -> None:
        """A stage with `total` jobs begins; `done` of them were done by an earlier run."""

    def advance(self) -> None:
        """One more job is over."""

    def resize(self, total: int) -> None:
        """The stage turns out to have `total` jobs."""

    def say(self, message: str) -> None:
        """Something the user should read."""

    def end(self) -> None:
        """The stage is over, or the run was stopped."""


class Silent:
    """Shows nothing."""

    def begin(self, stage: str, total: int, done: int = 0) -> None:
        """Show nothing."""

    def advance(self) -> None:
        """Show nothing."""

    def resize(self, total: int) -> None:
        """Show nothing."""

    def say(self, message: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


class PlainProgress:
    """A line every ten seconds, for log files and pipes.

    Parameters
    ----------
    stream
        Where lines go, e.g. ``sys.stderr``.
    clock
        Seconds that only grow.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._stage = ""
        self._total = self._done = self._done_before = 0
        self._first_over = self._last_line = 0.0

    def begin(self, stage: str, total: int, done: int = 0) -> None:
        """Write the stage and its size."""
        self._stage, self._total, self._done, self._done_before = stage, total, done, done
        self._first_over = self._last_line = self._clock()
        resumed = f", {done} done before" if done else ""
        self.say(f"{stage}: {total} jobs{resumed}")

    def advance(self) -> None:
        """Write a line when ten seconds have passed since the last, or the stage is complete."""
        self._done += 1
        now = self._clock()
        since_first = self._done - self._done_before - 1
        if not since_first:
            self._first_over = now  # workers take seconds to start: what came before tells nothing about the rest
        if now - self._last_line >= SECONDS_BETWEEN_LINES or self._done == self._total:
            self._last_line = now
            remaining = ""
            if since_first and self._done < self._total:
                left = (self._total - self._done) * (now - self._first_over) / since_first
                remaining = f", about {duration_in_words(left)} left"
            self.say(f"{self._stage}: {self._done} of {self._total} jobs{remaining}")

    def resize(self, total: int) -> None:
        """Count against `total` from now on."""
        self._total = total

    def say(self, message: str) -> None:
        """Write a line."""
        self._stream.write(f"{message}\n")
        self._stream.flush()

    def end(self) -> None:
        """Nothing is left open."""


class RichProgress:
    """A bar with the remaining time, for a terminal."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream)
        self._bar: RichBar | None = None

    def begin(self, stage: str, total: int, done: int = 0) -> None:
        """Show a new bar."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichBar

        self.end()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = RichBar(*columns, TextColumn("left:"), TimeRemainingColumn(), console=self._console)
        self._bar.start()
        self._bar.add_task(stage, total=total, completed=done)

    def advance(self) -> None:
        """Move the bar on."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])

    def resize(self, total: int) -> None:
        """Make the bar as long as `total` jobs."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=total)

    def say(self, message: str) -> None:
        """Write a line above the bar."""
        self._console.print(message, markup=False, highlight=False)

    @property
    def is_open(self) -> bool:
        """Whether a bar is shown."""
        return self._bar is not None

    def end(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def progress_for(stream: TextIO) -> Progress:
    """Return a bar when `stream` is a terminal, and plain lines when it is not."""
    return RichProgress(stream) if stream.isatty() else PlainProgress(stream)


def duration_in_words(seconds: float) -> str:
    """Return e.g. ``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(max(seconds, 0.0))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{round(whole / 60)} min"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60} min"
