"""From a table of text to scores by model, repeat and fold; everything that is wrong with it is said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from hypomask.comparison.score_columns import Columns, find_columns
from hypomask.comparison.score_names import ScoreName, known_score, score_in_file_name
from hypomask.comparison.score_settings import ScoreSettings
from hypomask.comparison.score_table import ScoreTable
from hypomask.data.tables import MISSING, TextTable
from hypomask.data.text_numbers import has_decimal_comma, parse_numbers
from hypomask.errors import DataError, Problem, raise_problems, shortened

__all__ = ["lay_out"]

SMALLEST, LARGEST = 1e-5, 1e12
SUMMARY_ROWS = {"mean", "average", "avg", "std", "sd", "sem", "se", "median", "total", "overall", "all", "min", "max"}


@dataclass(frozen=True)
class _Split:
    """A row's place: which repeat and which fold it says it is, and its row for messages."""

    repeat: str
    fold: str
    row: int

    @property
    def key(self) -> tuple[str, str]:
        """What it is called; the same for every model."""
        return self.repeat, self.fold

    @property
    def words(self) -> str:
        fold = f"fold {shortened(self.fold)!r}" if self.fold else f"row {self.row + 1}"
        return f"{fold} of repeat {shortened(self.repeat)!r}" if self.repeat else fold


def lay_out(table: TextTable, settings: ScoreSettings) -> ScoreTable:
    """Return the scores of a wide (a row per fold, a column per model) or a long (model, fold, score) table.

    Raises
    ------
    DataError
        With all that is wrong of the first kind found: columns, then splits, then cells. By line where there are lines.
    """
    columns = find_columns(table, settings.score)
    splits = [
        _Split(
            table.columns[columns.repeat][row] if columns.repeat is not None else "",
            table.columns[columns.fold][row] if columns.fold is not None else "",
            row,
        )
        for row in range(table.n_rows)
    ]
    _refuse_unlabelled(table, columns, splits)
    if columns.model is None:
        by_model = {name: (name, splits) for name in columns.models}
    else:
        names = table.columns[columns.model]
        by_model = {
            name: (str(columns.score), [split for split in splits if names[split.row] == name])
            for name in dict.fromkeys(names)
        }
    _refuse_too_few_models(table, list(by_model))
    assumed = columns.repeat is None and settings.repeats is None and settings.folds is None
    grids = _grids(table, by_model, columns, settings)
    first = next(iter(grids.values()))
    if len(first[0]) < 2:
        raise DataError(str(table.problem("one fold, expected at least two (10 are usual)", first[0][0].row)))
    values = _numbers(table, by_model)
    score_MRK = np.array([[[values[name, s.row] for s in fold_K] for fold_K in grids[name]] for name in by_model])
    _refuse_odd_units(table, score_MRK)
    return ScoreTable(table.file, tuple(by_model), score_MRK, _score_name(table, columns, settings), assumed)


def _refuse_unlabelled(table: TextTable, columns: Columns, splits: Sequence[_Split]) -> None:
    problems = []
    if columns.model is not None:
        problems += [
            table.problem("no model is named; fill the cell in, or delete the row", row)
            for row, name in enumerate(table.columns[columns.model])
            if name == ""
        ]
        if columns.fold is None:
            problems.append(table.problem("no column 'fold'; add one that says which scores belong to the same split"))
    for split in splits:
        if columns.fold is not None and split.fold == "":
            problems.append(table.problem("no fold is named; number the folds, or delete the row", split.row))
        elif split.fold.casefold() in SUMMARY_ROWS:
            problems.append(table.problem(f"{split.fold!r} is a summary and no fold; delete the row", split.row))
        if columns.repeat is not None and split.repeat == "":
            problems.append(table.problem("no repeat is named; number the repeats, or delete the row", split.row))
    raise_problems(problems, DataError)


def _refuse_too_few_models(table: TextTable, models: Sequence[str]) -> None:
    if len(models) < 2:
        found = f"one model ({shortened(models[0])!r})" if models else "no model"
        raise DataError(str(table.problem(f"{found}, expected at least two to compare")))


def _grids(
    table: TextTable, by_model: dict[str, tuple[str, list[_Split]]], columns: Columns, settings: ScoreSettings
) -> dict[str, list[list[_Split]]]:
    """Return for each model its splits as R rows of K, in the same order for every model."""
    if columns.model is None:
        grid = _grid(table, next(iter(by_model.values()))[1], columns, settings, "")
        return dict.fromkeys(by_model, grid)
    grids = {
        name: _grid(table, splits, columns, settings, f"model {shortened(name)!r}: ")
        for name, (_, splits) in by_model.items()
    }
    by_key = {name: {split.key: split for row in grid for split in row} for name, grid in grids.items()}
    everywhere = {key: split for own in by_key.values() for key, split in own.items()}
    problems = []
    for name, own in by_key.items():
        missing = [split.words for key, split in everywhere.items() if key not in own]
        if missing:
            what = f"model {shortened(name)!r} has no score for {_few(missing)}, which another model has"
            problems.append(table.problem(f"{what}; every model needs the same splits"))
    raise_problems(problems, DataError)
    first = next(iter(grids.values()))
    return {name: [[own[split.key] for split in row] for row in first] for name, own in by_key.items()}


def _few(words: Sequence[str]) -> str:
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def _grid(
    table: TextTable, splits: list[_Split], columns: Columns, settings: ScoreSettings, who: str
) -> list[list[_Split]]:
    if columns.repeat is not None:
        return _by_repeat_column(table, splits, settings, who)
    return _by_order(table, splits, columns, settings, who)


def _by_repeat_column(table: TextTable, splits: list[_Split], settings: ScoreSettings, who: str) -> list[list[_Split]]:
    seen: dict[tuple[str, str], _Split] = {}
    problems: list[Problem] = []
    for split in splits:
        before = seen.setdefault(split.key, split)
        if before is not split and split.fold:
            problems.append(_twice(table, split, before, who))
    by_repeat: dict[str, list[_Split]] = {}
    for split in splits:
        by_repeat.setdefault(split.repeat, []).append(split)
    sizes = Counter(map(len, by_repeat.values()))
    expected = settings.folds or sizes.most_common(1)[0][0]
    if settings.repeats is not None and settings.repeats != len(by_repeat):
        problems.append(table.problem(f"{who}{len(by_repeat)} repeats, expected {settings.repeats} (--repeats)"))
    if not problems:
        problems += [
            table.problem(
                f"{who}repeat {shortened(name)!r} has {len(fold_K)} folds, expected {expected}; every repeat "
                "needs the same number",
                fold_K[-1].row,
            )
            for name, fold_K in by_repeat.items()
            if len(fold_K) != expected
        ]
    raise_problems(problems, DataError)
    return list(by_repeat.values())


def _by_order(
    table: TextTable, splits: list[_Split], columns: Columns, settings: ScoreSettings, who: str
) -> list[list[_Split]]:
    """Without a column of repeats: folds named once are one repeat, or as many as the caller says, in their order."""
    n = len(splits)
    by_fold: dict[str, list[_Split]] = {}
    for split in splits:
        by_fold.setdefault(split.fold, []).append(split)
    if columns.fold is None and settings.folds is None and settings.test_fraction is None:
        what = f"{who}nothing says which splits the {n} rows are; add a column 'fold' (and 'repeat'), or give --folds"
        raise DataError(str(table.problem(f"{what} {n} if they are the {n} folds of one cross-validation")))
    n_repeats = settings.repeats or (n // settings.folds if settings.folds else 1)
    n_folds = settings.folds or n // n_repeats
    repeated = columns.fold is not None and any(len(same) > 1 for same in by_fold.values())
    if repeated and settings.repeats is None and settings.folds is None:
        raise_problems([_twice(table, same[1], same[0], who) for same in by_fold.values() if len(same) > 1], DataError)
    if n_repeats * n_folds != n or (repeated and any(len(same) != n_repeats for same in by_fold.values())):
        wanted = f"{n_repeats} x {n_folds}" if n_repeats > 1 else str(n_folds)
        given = [f"--{name}" for name in ("folds", "repeats") if getattr(settings, name) is not None]
        raise DataError(str(table.problem(f"{who}{n} splits, expected {wanted} ({', '.join(given)})")))
    if repeated:
        return [
            [replace(same[repeat], repeat=str(repeat + 1)) for same in by_fold.values()] for repeat in range(n_repeats)
        ]
    return [splits[repeat * n_folds : (repeat + 1) * n_folds] for repeat in range(n_repeats)]


def _twice(table: TextTable, split: _Split, before: _Split, who: str) -> Problem:
    first = f"line {table.lines[before.row]}" if table.lines else f"row {before.row + 1}"
    hint = "delete one" if split.repeat else "delete one, or add a column 'repeat' if these are repeats"
    return table.problem(f"{who}{split.words} is there twice (first in {first}); {hint}", split.row)


def _numbers(table: TextTable, by_model: dict[str, tuple[str, list[_Split]]]) -> dict[tuple[str, int], float]:
    """Return every score by model and row, or name every cell that is none."""
    parsed = {column: parse_numbers(table.columns[column])[0] for column, _ in by_model.values()}
    found: dict[tuple[str, int], float] = {}
    problems = []
    for name, (column, splits) in by_model.items():
        for split in splits:
            value = float(parsed[column][split.row])
            found[name, split.row] = value
            if not np.isfinite(value):
                where = f"model {shortened(name)!r}, {split.words}"
                problems.append(table.problem(f"{where}: {_wrong(table.columns[column][split.row])}", split.row))
    raise_problems(problems, DataError)
    return found


def _refuse_odd_units(table: TextTable, score_MRK: npt.NDArray[np.float64]) -> None:
    """Differences below 1e-9 count as rounding, and squares of huge numbers overflow."""
    largest = float(np.abs(score_MRK).max())
    if not SMALLEST <= largest <= LARGEST and largest > 0:
        beyond = f"the largest score is {largest:.3g}, expected one between {SMALLEST:g} and {LARGEST:g}"
        raise DataError(str(table.problem(f"{beyond}; give the scores in another unit")))


def _wrong(cell: str) -> str:
    if cell in MISSING:
        return "no score, expected a number; every model needs a score in every split (or leave model or split out)"
    if has_decimal_comma(cell):
        return f"got {shortened(cell)!r}, expected a decimal point, not a comma"
    if cell.endswith("%"):
        return f"got {shortened(cell)!r}, expected a number without a per cent sign"
    return f"got {shortened(cell)!r}, expected a finite number"


def _score_name(table: TextTable, columns: Columns, settings: ScoreSettings) -> ScoreName | None:
    if settings.score is not None:
        return known_score(settings.score) or ScoreName(settings.score, None)
    named = known_score(columns.score) if columns.score is not None else None
    return named or score_in_file_name(PurePath(table.file).name.partition(".")[0])
