"""Columns of text that may be numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hypomask.data.tables import MISSING

__all__ = ["has_decimal_comma", "parse_numbers"]


def parse_numbers(cells: Sequence[str]) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Return (B,) numbers, NaN where missing, and the positions of cells that are neither missing nor finite."""
    values = np.full(len(cells), np.nan)
    bad = []
    for i, cell in enumerate(cells):
        if cell in MISSING:
            continue
        try:
            number = float(cell)
        except ValueError:
            number = math.inf
        if math.isfinite(number) and "_" not in cell:
            values[i] = number
        else:
            bad.append(i)
    return values, bad


def has_decimal_comma(cell: str) -> bool:
    """Whether a cell is a number as spreadsheets of many countries write it: ``1,5``."""
    return cell.count(",") == 1 and cell.replace(",", "").lstrip("+-").isdigit()
