"""Deciding which side of a table the samples are on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hypomask.data.joining_ids import no_overlap
from hypomask.data.spec import Orientation
from hypomask.data.tables import Matrix
from hypomask.errors import Problem

__all__ = ["orient"]

CLEARLY_MORE = 10
"""Ids found on both sides decide nothing unless one side has this many times as many."""

SAY_IT = "say orientation: samples-in-rows or orientation: genes-in-rows"


def orient(matrix: Matrix, keys: Collection[str], option: Orientation, samples_file: str) -> Matrix | Problem:
    """Return `matrix` with `rows_are` decided: where the sample ids `keys` are, unless `option` says it.

    A problem where ids are on neither side, or on both.
    """
    if matrix.rows_are is None and option != "auto":
        matrix = replace(matrix, rows_are="samples" if option == "samples-in-rows" else "genes")
    wanted = set(keys)
    in_rows, in_columns = len(wanted.intersection(matrix.row_ids)), len(wanted.intersection(matrix.column_ids))
    if matrix.rows_are is not None:
        here, there = (in_rows, in_columns) if matrix.rows_are == "samples" else (in_columns, in_rows)
        if here:
            return matrix
        if there and option != "auto":
            return Problem(
                f"no sample of {samples_file} is where orientation {option!r} says, but {there} are on the other side: "
                "the table is transposed; drop that option or give the other one",
                matrix.file,
            )
        return Problem(no_overlap(list(keys), matrix.samples, samples_file), matrix.file)
    if not in_rows and not in_columns:
        # the side whose ids look more like samples is the one to show
        return Problem(no_overlap(list(keys), matrix.row_ids, samples_file, matrix.column_ids), matrix.file)
    if min(in_rows, in_columns) * CLEARLY_MORE > max(in_rows, in_columns):
        return Problem(
            f"{in_rows} sample ids of {samples_file} are in the first column and {in_columns} in the header: "
            f"cannot tell whether samples are rows or columns; {SAY_IT}",
            matrix.file,
        )
    return replace(matrix, rows_are="samples" if in_rows > in_columns else "genes")
