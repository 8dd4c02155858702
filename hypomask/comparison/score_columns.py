"""Which column of a table of scores is what: a table has a row per fold and a column per model, or a row per score."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from hypomask.comparison.score_names import known_score
from hypomask.data.tables import MISSING, TextTable, listed
from hypomask.data.text_numbers import has_decimal_comma, parse_numbers
from hypomask.errors import DataError, did_you_mean, raise_problems

__all__ = ["Columns", "find_columns"]

MODEL = {"model", "method", "classifier", "regressor", "estimator", "learner", "algorithm", "hypothesis", "network"}
FOLD = {"fold", "split", "cvfold", "testfold", "outerfold", "foldid", "splitid", "partition"}
REPEAT = {"repeat", "repetition", "rep", "run", "replicate", "repeatid", "iteration", "iter"}
SCORE = {"score", "value", "performance", "result"}
WHICH_SCORE = {"metric", "measure", "scorer", "scoring", "scorename", "metricname"}
NO_SCORE = {"seed", "randomseed", "epoch", "epochs", "ntrain", "ntest", "n", "nsamples", "seconds", "time", "runtime"}


@dataclass(frozen=True)
class Columns:
    """Names of the columns by what they hold.

    Parameters
    ----------
    fold, repeat
        None where the table has none.
    models
        Wide table: the columns of scores. Long table: empty.
    model, score
        Long table: the column of model names, and that of scores. Wide table: None.
    """

    fold: str | None
    repeat: str | None
    models: tuple[str, ...] = ()
    model: str | None = None
    score: str | None = None


def find_columns(table: TextTable, score: str | None) -> Columns:
    """Return what the columns are; `score` names the column of scores of a long table with several.

    Raises
    ------
    DataError
        Two columns for one purpose, text where models' scores are expected, no column of scores, or several.
    """
    names = list(table.columns)
    model, fold, repeat = (_one_of(table, known) for known in (MODEL, FOLD, REPEAT))
    if fold is None:
        fold = _nameless_labels(table)
    rest = [name for name in names if name not in (model, fold, repeat)]
    # Models may be numbered. A column of numbers called 'network' beside other models, though, is a model.
    if model is not None and (not _is_numbers(table, model) or any(_names_score(name) for name in rest)):
        _refuse_several_scores(table, rest)
        if fold is None and len(set(table.columns[model])) == table.n_rows:
            turned = "every row is a model; turn the table, so that a row is a fold and a column is a model"
            raise DataError(str(table.problem(f"{turned}, or give columns named model, fold and score")))
        return Columns(fold, repeat, model=model, score=_score_column(table, rest, score))
    models = [name for name in names if name not in (fold, repeat)]
    _refuse_what_is_no_model(table, models, has_fold=fold is not None)
    return Columns(fold, repeat, models=tuple(models))


def _plain(name: str) -> str:
    return re.sub(r"[\s_.\-]", "", name.casefold())


def _one_of(table: TextTable, known: set[str]) -> str | None:
    found = [name for name in table.columns if _plain(name) in known]
    if len(found) > 1:
        raise DataError(str(table.problem(f"columns {listed(found)} mean the same; rename or delete all but one")))
    return found[0] if found else None


def _nameless_labels(table: TextTable) -> str | None:
    """Return the first column if it has no name of its own: row names, as R and pandas write them."""
    first = next(iter(table.columns))
    return first if _plain(first) in {"", "unnamed:0", "index"} else None


def _is_numbers(table: TextTable, name: str) -> bool:
    return bool(np.isfinite(parse_numbers(table.columns[name])[0]).any())


def _names_score(name: str) -> bool:
    return _plain(name) in SCORE or known_score(name) is not None


def _refuse_several_scores(table: TextTable, rest: list[str]) -> None:
    for name in rest:
        kinds = list(dict.fromkeys(table.columns[name]))
        if _plain(name) in WHICH_SCORE and not _is_numbers(table, name) and len(kinds) > 1:
            found = f"column {name!r} says that there are {len(kinds)} kinds of scores: {listed(kinds)}"
            raise DataError(str(table.problem(f"{found}; keep the rows of one")))


def _score_column(table: TextTable, rest: list[str], score: str | None) -> str:
    if score is not None and score in rest:
        return score
    numeric = [name for name in rest if _is_numbers(table, name)]
    named = [name for name in numeric if _names_score(name)]
    candidates = named or [name for name in numeric if _plain(name) not in NO_SCORE]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise DataError(str(table.problem(f"no column of scores beside {listed(list(table.columns))}")))
    asked = "" if score is None else f"; no column {score!r}.{did_you_mean(score, candidates)}"
    found = f"{len(candidates)} columns could be the score: {listed(candidates)}"
    raise DataError(str(table.problem(f"{found}; say which one with --score NAME{asked}")))


def _refuse_what_is_no_model(table: TextTable, models: list[str], *, has_fold: bool) -> None:
    problems = []
    for name in models:
        if _plain(name) in NO_SCORE:
            problems.append(f"column {name!r} does not look like a model's scores; delete or rename it")
        elif not _is_numbers(table, name) and not all(cell in MISSING for cell in table.columns[name]):
            cells = table.columns[name]
            if any(has_decimal_comma(cell) for cell in cells):
                problems.append(f"column {name!r} holds numbers with a decimal comma, expected a decimal point")
                continue
            hint = "" if has_fold else "; if it names the folds, call it 'fold'"
            problems.append(
                f"column {name!r} holds text, expected the scores of a model (a row per fold, a column per model; or "
                f"columns named model, fold and score){hint}"
            )
    raise_problems([table.problem(problem) for problem in problems], DataError)
