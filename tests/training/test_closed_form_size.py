"""How many samples the closed-form start can afford."""

from __future__ import annotations

import pytest

from hypomask.training.closed_form_size import (
    FEWEST_ROWS,
    MOST_VALUES,
    MOST_WORK,
    affordable_samples,
    closed_form_work,
)


@pytest.mark.parametrize("n", [100, 2_000, 40_000, 1_000_000])
@pytest.mark.parametrize("columns", [1.0, 300.0, 20_000.0, 500_000.0])
def test_as_many_as_stay_below_both_limits_and_no_fewer(n: int, columns: float) -> None:
    values = 2 * columns
    rows = affordable_samples(n, columns, values)

    def fits(some: int) -> bool:
        return closed_form_work(some, columns) <= MOST_WORK * (1 + 1e-9) and some * values <= MOST_VALUES

    assert min(n, FEWEST_ROWS) <= rows <= n
    assert fits(rows) or rows == FEWEST_ROWS
    assert rows in (n, FEWEST_ROWS) or not fits(rows + 1)
