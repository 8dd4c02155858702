"""From a column of text to a phenotype: its kind, its classes, and which of two is the event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Phenotype
from hypomask.data.event_levels import event_last
from hypomask.data.spec import DataSpec
from hypomask.data.survival_phenotype import read_survival
from hypomask.data.tables import MISSING, Findings, TextTable, counted, listed
from hypomask.data.text_numbers import has_decimal_comma, parse_numbers

__all__ = ["missing_phenotype", "read_phenotype"]

MAX_CLASSES = 20
MAX_SHOWN = 19  # of the same problem, cell by cell; the total makes 20, which is all that is shown
FEW_NUMBERS = 5  # a continuous phenotype of at most this many values may be classes in disguise
FEWEST_ROW_NUMBERS = 10
UNKNOWN_WORDS = frozenset(
    ("unknown", "n/a", "#n/a", "na", "none", "null", "missing", "?", "-", ".", "unclear", "undetermined")
) | {"indeterminate"}


def missing_phenotype(table: TextTable, rows: Sequence[int], spec: DataSpec, findings: Findings) -> list[int]:
    """Return those of `rows` that have a phenotype; a problem where others do not and the spec does not drop them."""
    named = () if spec.masked_genes else (spec.phenotype, *spec.more_phenotypes, spec.event)
    columns = [table.columns[name] for name in named if name is not None]
    missing = [row for row in rows if any(cells[row] in MISSING for cells in columns)]
    if not missing:
        return list(rows)
    what = f"phenotype {spec.phenotype!r}" + (f" or event {spec.event!r}" if spec.event is not None else "")
    where = [row + 1 for row in missing] if table.lines is None else [table.lines[row] for row in missing]
    shown = (
        f"{'row' if table.lines is None else 'line'}{'' if len(where) == 1 else 's'} {', '.join(map(str, where[:5]))}"
    )
    shown += ", ..." if len(where) > 5 else ""
    if spec.drop_missing_phenotype:
        findings.notes.append(
            f"{counted(len(missing), 'sample')} without {what.removeprefix('phenotype ')}, left out ({shown})"
        )
    else:
        findings.problems.append(
            table.problem(
                f"{what} is missing in {len(missing)} of {len(rows)} samples ({shown}); fill it, "
                "delete these rows, or say 'drop_missing_phenotype: true' under 'data'",
                missing[0],
            )
        )
    left_out = set(missing)
    return [row for row in rows if row not in left_out]


def read_phenotype(table: TextTable, rows: Sequence[int], spec: DataSpec, findings: Findings) -> Phenotype:
    """Return the phenotype of `rows`, none of them missing; several as one.

    Raises
    ------
    DataError
        One value only, text where numbers are expected, too many classes, an event that is not among the values.
    """
    if spec.event is not None:
        return read_survival(table, rows, spec, findings)
    if spec.more_phenotypes:
        columns = (spec.phenotype, *spec.more_phenotypes)
        parts = [replace(spec, phenotype=column, more_phenotypes=()) for column in columns]
        return Phenotype.several([read_phenotype(table, rows, part, findings) for part in parts])
    name = spec.phenotype
    cells = [table.columns[name][row] for row in rows]
    numbers, bad = parse_numbers(cells)
    is_numeric = not bad
    labels = [f"{number:.15g}" for number in numbers] if is_numeric else cells
    levels = sorted(set(labels), key=float) if is_numeric else sorted(set(labels))

    if len(levels) < 2:
        shown = f"all are {levels[0]!r}" if levels else "there are none"
        findings.stop(
            table.problem(
                f"phenotype {name!r} has one value only ({shown}): there is nothing to explain; name another column"
            )
        )
    kind = spec.kind
    if kind == "auto":
        kind = "binary" if len(levels) == 2 else "continuous" if is_numeric else "classes"
        if kind == "classes" and (problem := _no_classes(cells, bad, levels, name)):
            findings.stop(table.problem(problem, rows[bad[0]]))
        described = (
            f"{numbers.min():.6g} to {numbers.max():.6g}" if kind == "continuous" else listed(levels, MAX_CLASSES)
        )
        findings.notes.append(f"phenotype {name!r} is taken as {kind} ({described})")
    if kind == "classes" and len(levels) == 2:
        kind = "binary"  # two classes are one output, however they were asked for
    if kind != "binary" and spec.positive is not None:
        findings.stop(table.problem(f"positive {spec.positive!r} is for a binary phenotype; {name!r} is {kind}"))

    if kind == "counts":
        return _counts(table, rows, spec, numbers, cells, findings)
    if kind == "continuous":
        findings.problems += [
            table.problem(f"phenotype {name!r}: got {cells[i]!r}, expected a finite number, or kind classes", rows[i])
            for i in bad[:MAX_SHOWN]
        ]
        if len(bad) > MAX_SHOWN:
            findings.problems.append(table.problem(f"phenotype {name!r}: {len(bad)} of {len(cells)} are no numbers"))
        findings.stop_if_any()
        _warn_few_numbers(levels, name, findings)
        if spec.kind == "auto" and _look_like_counts(numbers):
            findings.notes.append(f"phenotype {name!r} is whole numbers from 0: if they are counts, say kind counts")
        _warn_row_numbers(numbers, name, findings)
        return Phenotype(name, "continuous", numbers)
    unknown = [level for level in levels if level.casefold() in UNKNOWN_WORDS - {"none"}]
    if unknown:
        findings.warnings.append(
            f"phenotype {name!r} has {listed(unknown)} as a class: if it means missing, leave these cells empty"
        )
    if kind == "binary" and len(levels) != 2:
        findings.stop(
            table.problem(
                f"phenotype {name!r} has {len(levels)} values ({listed(levels)}), expected two for kind binary; delete "
                "the others, or say kind classes or continuous"
            )
        )
    if len(levels) > MAX_CLASSES:
        findings.stop(
            table.problem(
                f"phenotype {name!r} has {len(levels)} classes ({listed(levels)}), expected at most {MAX_CLASSES}"
            )
        )
    classes = tuple(levels)
    if kind == "binary":
        classes = event_last(levels, spec.positive, "phenotype", name, table, findings)
    code = {label: float(i) for i, label in enumerate(classes)}
    return Phenotype(name, kind, np.array([code[label] for label in labels], dtype=np.float64), classes)


def _counts(
    table: TextTable,
    rows: Sequence[int],
    spec: DataSpec,
    numbers: npt.NDArray[np.float64],
    cells: Sequence[str],
    findings: Findings,
) -> Phenotype:
    wrong = np.flatnonzero(~((numbers >= 0) & (numbers == np.round(numbers)))).tolist()
    findings.problems += [
        table.problem(
            f"phenotype {spec.phenotype!r}: got {cells[i]!r}, expected a count: a whole number from 0", rows[i]
        )
        for i in wrong[:MAX_SHOWN]
    ]
    if len(wrong) > MAX_SHOWN:
        findings.problems.append(table.problem(f"phenotype {spec.phenotype!r}: {len(wrong)} values are no counts"))
    findings.stop_if_any()
    _warn_row_numbers(numbers, spec.phenotype, findings)
    return Phenotype(spec.phenotype, "counts", numbers)


def _look_like_counts(numbers: npt.NDArray[np.float64]) -> bool:
    return bool((numbers >= 0).all() and (numbers == np.round(numbers)).all() and numbers.min() < 10)


def _warn_row_numbers(numbers: npt.NDArray[np.float64], name: str, findings: Findings) -> None:
    """Warn of a column that counts the rows: a comparison on it would find no signal, and nobody would know why."""
    first = numbers.min()
    if len(numbers) < FEWEST_ROW_NUMBERS or not np.array_equal(np.sort(numbers), first + np.arange(len(numbers))):
        return
    in_order = bool((np.diff(numbers) > 0).all())
    what = "row numbers, in the order of the rows" if in_order else "ids and ranks"
    findings.warnings.append(
        f"phenotype {name!r} holds every whole number from {first:g} to {numbers.max():g} once, like {what}: is it the "
        "right column?"
    )


def _no_classes(cells: list[str], bad: list[int], levels: list[str], name: str) -> str:
    """Say why text with three or more values is not classes: numbers with a few slips, or names."""
    if len(bad) <= len(cells) // 10:
        return (
            f"phenotype {name!r}: {len(bad)} of {len(cells)} are no numbers ({listed([cells[i] for i in bad])}), "
            "the others are; mend them, or say kind classes"
        )
    if all(has_decimal_comma(cells[i]) for i in bad):
        shown = listed([cells[i] for i in bad], 3)
        return f"phenotype {name!r} holds numbers with a decimal comma ({shown}), expected a decimal point"
    if len(levels) > MAX_CLASSES:
        return (
            f"phenotype {name!r} has {len(levels)} different texts ({listed(levels, 3)}), expected numbers or at most "
            f"{MAX_CLASSES} classes; is it the right column?"
        )
    return ""


def _warn_few_numbers(levels: list[str], name: str, findings: Findings) -> None:
    if len(levels) == 2:
        findings.warnings.append(
            f"phenotype {name!r} is taken as continuous, but has two values only ({listed(levels)}): say kind binary"
        )
    elif len(levels) <= FEW_NUMBERS:
        findings.warnings.append(
            f"phenotype {name!r} is taken as continuous, but has {len(levels)} values only ({listed(levels)}): if "
            "these stand for classes, say kind classes"
        )
