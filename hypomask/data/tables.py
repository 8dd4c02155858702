"""What comes out of a file, before anyone knows what it means: numbers with ids on both sides, or columns of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

import numpy as np
import numpy.typing as npt

from hypomask.data.stored_values import Chunk, StoredValues, chunks_of
from hypomask.errors import DataError, Problem, raise_problems, shortened

__all__ = ["MISSING", "Findings", "Matrix", "TextTable", "counted", "listed"]

MISSING = frozenset({"", "NA", "NaN", "nan"})
"""Cells that are missing values. Never applied to ids and headers: NA and NaN are names there."""


@dataclass(frozen=True, eq=False)
class TextTable:
    """Columns of text, one cell per row, cells stripped of white space around them.

    Parameters
    ----------
    file
        For messages.
    columns
        Cells by column name. Names are unique.
    lines
        Line of the file of each row, or None where the file has no lines.
    """

    file: str
    columns: Mapping[str, tuple[str, ...]]
    lines: tuple[int, ...] | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def problem(self, message: str, row: int | None = None) -> Problem:
        """Return a problem of this file, at the line of `row` where it has lines."""
        return Problem(message, self.file, None if row is None or self.lines is None else self.lines[row])


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers with ids on both sides.

    Parameters
    ----------
    file
        For messages.
    row_ids, column_ids
        Text, stripped, as in the file: possibly with repeats.
    values_RC
        (R, C) float32, NaN where missing; (0, 0) where they are `stored`.
    lines
        Line of each row, or None where the file has no lines.
    table
        Text columns of the same rows, where some were asked for.
    rows_are
        What rows are, where the file says so (AnnData) or it was decided.
    stored
        The values, where they stay in their file.
    """

    file: str
    row_ids: tuple[str, ...]
    column_ids: tuple[str, ...]
    values_RC: npt.NDArray[np.float32]
    lines: tuple[int, ...] | None = None
    table: TextTable | None = None
    rows_are: Literal["samples", "genes"] | None = None
    stored: StoredValues | None = None

    @property
    def samples(self) -> tuple[str, ...]:
        """Sample ids; rows unless rows are genes."""
        return self.column_ids if self.rows_are == "genes" else self.row_ids

    @property
    def genes(self) -> tuple[str, ...]:
        """Gene ids; columns unless rows are genes."""
        return self.row_ids if self.rows_are == "genes" else self.column_ids

    @property
    def values_by_sample(self) -> npt.NDArray[np.float32]:
        """(B, G) view: samples in rows."""
        return self.values_RC.T if self.rows_are == "genes" else self.values_RC

    def by_sample(self) -> Iterator[Chunk]:
        """Yield the values of all samples in the order of the file, some at a time, wherever they are."""
        if self.stored is None:
            return chunks_of(self.values_by_sample)
        return self.stored.by_sample(samples_in_rows=self.rows_are != "genes")

    def cell(self, row: int, column: int, found: str, expected: str) -> Problem:
        """Return a problem of one cell."""
        row_id, column_id = shortened(self.row_ids[row]), shortened(self.column_ids[column])
        return Problem(
            f"row {row_id!r}, column {column_id!r}: got {found}, expected {expected}",
            self.file,
            None if self.lines is None else self.lines[row],
        )


@dataclass
class Findings:
    """What is collected while a cohort is read: problems stop it, warnings and notes go into the report."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def stop_if_any(self) -> None:
        """Raise `DataError` with all problems found so far, if there are any."""
        raise_problems(self.problems, DataError)

    def stop(self, problem: Problem) -> NoReturn:
        """Raise `DataError` with `problem` and all others found so far."""
        self.problems.append(problem)
        self.stop_if_any()
        raise DataError(str(problem))  # for the type checker: the line above has raised


def counted(n: int, noun: str) -> str:
    """Return ``1 gene`` or ``2 genes``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listed(names: Sequence[str], n: int = 5) -> str:
    """Return the first `n` names, quoted, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    "'a', 'b' and 1 more"
    """
    shown = ", ".join(repr(shortened(name)) for name in names[:n])
    return f"{shown} and {len(names) - n} more" if len(names) > n else shown
