"""Measured effects of knockouts from a table, to hold predictions against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hypomask.data.delimited import parse_text_table
from hypomask.data.source_files import read_text_source
from hypomask.data.tables import MISSING, TextTable
from hypomask.errors import DataError, Problem, did_you_mean, raise_problems
from hypomask.knockout.pair_files import NAMES
from hypomask.outcomes.family import Float

__all__ = ["Measured", "read_measured"]

GENE_COLUMNS = ("gene", "knockout", "perturbation", "target")
EFFECT_COLUMNS = ("effect", "measured", "change", "interaction", "score", "log2fc", "logfc")
HIT_COLUMNS = ("hit", "significant", "is_hit")
YES = frozenset(("1", "true", "yes", "y", "t"))
NO = frozenset(("0", "false", "no", "n", "f"))
HIT_SHARE = 0.2
"""Where no column says which effects are real, the largest fifth of the absolute ones."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Measured effects of knockouts of one gene or of several together.

    Parameters
    ----------
    genes
        Of each knockout.
    effect
        (Q,) measured change of the phenotype, in any unit: ranks and signs are compared.
    hit
        (Q,) which effects are real.
    hits_are
        In words, what a hit is.
    """

    file: str
    genes: tuple[tuple[str, ...], ...]
    effect: Float
    hit: npt.NDArray[np.bool_]
    hits_are: str


def read_measured(path: Path, *, column: str | None = None) -> Measured:
    """Read measured effects from a table: a column of genes (or two, of pairs), one of effects, one of hits if any.

    Parameters
    ----------
    column
        Of the effects; None: found by its name.

    Raises
    ------
    DataError
        No such columns, or cells that are no numbers; all of them are named together.
    """
    table = parse_text_table(read_text_source(path))
    names = {name.lower(): name for name in table.columns}
    pair = next(((names[a], names[b]) for a, b in NAMES if a in names and b in names), None)
    single = next((names[name] for name in GENE_COLUMNS if name in names), None)
    if pair is None and single is None:
        raise DataError(
            f"{table.file}: no column of genes; expected 'gene', or 'gene_a' and 'gene_b', among {', '.join(names)}"
        )
    effects_in = column if column is not None else next((names[n] for n in EFFECT_COLUMNS if n in names), None)
    if effects_in is None or effects_in not in table.columns:
        hint = did_you_mean(column, table.columns) if column else ""
        raise DataError(f"{table.file}: no column of effects {column or 'effect'!r}.{hint} Name it with --column")
    problems: list[Problem] = []
    genes, effects = [], []
    texts = table.columns[effects_in]
    of_genes = [table.columns[name] for name in (pair or (single,)) if name is not None]
    kept = []
    for row, cells in enumerate(zip(*of_genes, strict=True)):
        if texts[row] in MISSING:
            continue
        effect_here = _number(texts[row])
        if effect_here is None:
            problems.append(table.problem(f"{effects_in}: got {texts[row]!r}, expected a finite number", row))
            continue
        effects.append(effect_here)
        genes.append(tuple(dict.fromkeys(cell for cell in cells if cell)))
        kept.append(row)
    effect = np.array(effects)
    hit, hits_are = _hits(table, names, effect, kept, problems)
    raise_problems(problems, DataError)
    return Measured(table.file, tuple(genes), effect, hit, hits_are)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _hits(
    table: TextTable, names: dict[str, str], effect: Float, kept: Sequence[int], problems: list[Problem]
) -> tuple[npt.NDArray[np.bool_], str]:
    """Return which effects are real, and in words what that rests on; cells with another word are problems."""
    found = next((names[name] for name in HIT_COLUMNS if name in names), None)
    if found is not None:
        cells = [table.columns[found][row] for row in kept]
        problems += [
            table.problem(f"{found}: got {cell!r}, expected yes or no, 1 or 0", row)
            for row, cell in zip(kept, cells, strict=True)
            if cell.lower() not in YES | NO and cell not in MISSING
        ]
        return np.array([cell.lower() in YES for cell in cells], dtype=bool), f"column {found!r}"
    size = np.abs(effect)
    hit = size >= np.quantile(size, 1 - HIT_SHARE) if len(size) else np.zeros(0, dtype=bool)
    return np.asarray(hit & (size > 0)), f"the largest {100 * HIT_SHARE:.0f} % of absolute measured effects"
