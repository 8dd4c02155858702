"""The errors hypomask raises: one root, one class per kind of fault, every message with a way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = [
    "ConfigError",
    "DataError",
    "FetchError",
    "HypomaskError",
    "HypothesisError",
    "KnowledgeError",
    "Problem",
    "RunError",
    "did_you_mean",
    "raise_problems",
    "shortened",
]

MAX_PROBLEMS_SHOWN = 20
MAX_MESSAGE_LENGTH = 1000  # a cell or a key that a message quotes may be as long as the file


class HypomaskError(Exception):
    """Root of all errors raised on purpose by hypomask.

    `exit_code` is what the command line exits with when this error reaches it.
    """

    exit_code = 1


class ConfigError(HypomaskError, ValueError):
    """A study file, an option or a configuration object is wrong (exit code 3)."""

    exit_code = 3


class HypothesisError(HypomaskError, ValueError):
    """A hypothesis document is wrong (exit code 3)."""

    exit_code = 3


class DataError(HypomaskError, ValueError):
    """The cohort's data cannot be used as they are (exit code 4)."""

    exit_code = 4


class KnowledgeError(HypomaskError, ValueError):
    """A knowledge source is missing, damaged or of the wrong kind (exit code 5)."""

    exit_code = 5


class FetchError(HypomaskError):
    """A resource could not be fetched (exit code 5)."""

    exit_code = 5


class RunError(HypomaskError):
    """A run folder cannot be started, resumed or read (exit code 5)."""

    exit_code = 5


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one place.

    `message` says what was found, what was expected and a way out; `file` and `line` (from 1) say where.
    """

    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        message = self.message
        if len(message) > MAX_MESSAGE_LENGTH:
            half = MAX_MESSAGE_LENGTH // 2
            message = f"{message[:half]} ... {message[-half:]}"
        return f"{place}: {message}" if place else message


def raise_problems(problems: Sequence[Problem], error: type[HypomaskError]) -> None:
    """Raise `error` with all `problems`, by file and line, at most 20 of them shown. Nothing when there are none."""
    if not problems:
        return
    ordered = sorted(problems, key=lambda p: (p.file or "", p.line or 0))
    lines = [str(problem) for problem in ordered[:MAX_PROBLEMS_SHOWN]]
    hidden = len(ordered) - len(lines)
    if hidden > 0:
        lines.append(f"... and {hidden} more problem{'s' if hidden > 1 else ''}")
    raise error("\n".join(lines))


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return `" Did you mean 'X'?"` for the nearest candidate (letter case ignored), or an empty string."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.6)
    return f" Did you mean {by_folded[close[0]]!r}?" if close else ""


def shortened(text: str, length: int = 60) -> str:
    """Return `text` cut to `length` characters, for quoting what a file holds."""
    return text if len(text) <= length else text[: length - 3] + "..."
