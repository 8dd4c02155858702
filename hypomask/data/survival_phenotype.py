"""From two columns of text, a time and whether the event was seen at it, to signed times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype
from hypomask.data.event_levels import event_last
from hypomask.data.spec import DataSpec
from hypomask.data.tables import Findings, TextTable, listed
from hypomask.data.text_numbers import parse_numbers
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.outcomes.survival_times import signed_times

__all__ = ["read_survival"]

MAX_SHOWN = 19  # of the same problem, cell by cell; the total makes 20, which is all that is shown
FEW_TIMES = 12


def read_survival(table: TextTable, rows: Sequence[int], spec: DataSpec, findings: Findings) -> Phenotype:
    """Return signed times: of the event, or with a minus sign of when a sample was last seen without it.

    Raises
    ------
    DataError
        Times that are no numbers above 0; an event column without exactly two values.
    """
    if spec.event is None:
        raise ValueError("a survival phenotype needs the column of its event")
    times = _times(table, rows, spec.phenotype, findings)
    marks = [_as_mark(table.columns[spec.event][row]) for row in rows]
    levels = sorted(set(marks))
    if len(levels) != 2:
        findings.problems.append(table.problem(f"event {spec.event!r} has {listed(levels)}, {_way_out(len(levels))}"))
    findings.stop_if_any()
    event = event_last(levels, spec.positive, "event", spec.event, table, findings, must_be_told=True)[1]
    seen = np.array([mark == event for mark in marks])
    findings.notes.append(
        f"time {spec.phenotype!r} to event {spec.event!r}: {int(seen.sum())} of {len(seen)} samples have the event, "
        "the others are censored"
    )
    few = len(np.unique(times[seen]))
    if spec.kind == "auto" and few <= FEW_TIMES and 2 * few < seen.sum():
        findings.notes.append(
            f"time {spec.phenotype!r} has {few} different values at events: if these are visits or years rather than "
            "exact times, say kind discrete-survival"
        )
    kind: PhenotypeKind = "discrete-survival" if spec.kind == "discrete-survival" else "survival"
    return Phenotype(spec.phenotype, kind, signed_times(times, seen))


def _times(table: TextTable, rows: Sequence[int], column: str, findings: Findings) -> npt.NDArray[np.float64]:
    cells = [table.columns[column][row] for row in rows]
    times, bad = parse_numbers(cells)
    wrong = sorted({*bad, *np.flatnonzero(~((times > 0) & np.isfinite(times))).tolist()})
    findings.problems += [
        table.problem(f"time {column!r}: got {cells[i]!r}, expected a number above 0", rows[i])
        for i in wrong[:MAX_SHOWN]
    ]
    if len(wrong) > MAX_SHOWN:
        findings.problems.append(table.problem(f"time {column!r}: {len(wrong)} are no numbers above 0"))
    return times


def _as_mark(cell: str) -> str:
    """Return a cell of the event's column, in one spelling where it is a number: 1 is 1.0."""
    number, bad = parse_numbers([cell])
    return cell if bad else f"{number[0]:.15g}"


def _way_out(n_levels: int) -> str:
    expected = "expected two values, one of them for samples last seen without the event"
    if n_levels != 1:
        return expected
    return f"{expected}; if every sample had the event, its time is a continuous phenotype"
