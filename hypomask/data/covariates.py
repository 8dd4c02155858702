"""From columns of text to covariates: numbers as they are, categories one-hot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hypomask.data.spec import DataSpec
from hypomask.data.tables import MISSING, Findings, TextTable, listed
from hypomask.data.text_numbers import parse_numbers

__all__ = ["read_covariates"]

MAX_LEVELS = 50
MANY_MISSING = 0.2


def read_covariates(
    table: TextTable, rows: Sequence[int], ids: tuple[str, ...], spec: DataSpec, findings: Findings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (B, P) numeric covariates and (B, S) categories as given, both indexed by `ids`.

    A category of L levels becomes L - 1 columns named ``column=level``; its first level in sorted order is the
    reference. Missing is NaN in every column of a covariate, and ``missing`` among the categories. Covariates that do
    not vary are left out with a warning. Numbers with two values count as categories, too.
    """
    numeric: dict[str, np.ndarray] = {}
    categories: dict[str, list[str]] = {}
    for name in dict.fromkeys(spec.covariates):
        cells = [table.columns[name][row] for row in rows]
        is_missing = np.array([cell in MISSING for cell in cells])
        numbers, bad = parse_numbers(cells)
        levels = sorted({cell for cell in cells if cell not in MISSING})
        if len(levels) < 2:
            findings.warnings.append(f"covariate {name!r} does not vary ({listed(levels) or 'all missing'}): left out")
            continue
        if is_missing.mean() > MANY_MISSING:
            findings.warnings.append(
                f"covariate {name!r} is missing in {is_missing.sum()} of {len(cells)} samples: filled with the median"
            )
        if bad and len(bad) <= len(cells) // 10 and len(levels) > MAX_LEVELS:
            for i in bad[:20]:
                findings.problems.append(
                    table.problem(
                        f"covariate {name!r}: got {cells[i]!r}, expected a finite number as elsewhere", rows[i]
                    )
                )
            continue
        if not bad:
            numeric[name] = numbers
            if len(levels) == 2:
                categories[name] = [cell if cell not in MISSING else "missing" for cell in cells]
            continue
        if len(levels) > min(MAX_LEVELS, max(len(cells) // 2, 2)):
            findings.problems.append(
                table.problem(
                    f"covariate {name!r} has {len(levels)} categories in {len(cells)} samples ({listed(levels, 3)}), "
                    f"expected at most {min(MAX_LEVELS, len(cells) // 2)}; is it meant as groups?"
                )
            )
            continue
        categories[name] = [cell if cell not in MISSING else "missing" for cell in cells]
        for level in levels[1:]:
            column = np.array([float(cell == level) for cell in cells])
            column[is_missing] = np.nan
            numeric[f"{name}={level}"] = column
    index = list(ids)
    return pd.DataFrame(numeric, index=index, dtype=np.float64), pd.DataFrame(categories, index=index, dtype=object)
