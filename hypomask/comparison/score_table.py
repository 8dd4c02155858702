"""Scores per split of models trained elsewhere: what a table of them holds once it has been understood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.score_names import Direction, ScoreName

__all__ = ["ScoreTable"]


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores of models on the same splits.

    Parameters
    ----------
    file
        For messages; may be empty.
    models
        Names, in the order of the table.
    score_MRK
        (M, R, K) scores as they stand in the table: R repeats of K splits.
    score_name
        What the score is, where the table (its columns, its file's name) or the caller says so.
    repeats_assumed
        Nothing in the table says how splits belong to repeats, and the caller did not either: one repeat was assumed.
    """

    file: str
    models: tuple[str, ...]
    score_MRK: npt.NDArray[np.float64]
    score_name: ScoreName | None
    repeats_assumed: bool

    @property
    def n_repeats(self) -> int:
        """Number of repeats R."""
        return int(self.score_MRK.shape[1])

    @property
    def n_folds(self) -> int:
        """Number of splits K within a repeat."""
        return int(self.score_MRK.shape[2])

    def higher_is_better(self, direction: Direction) -> npt.NDArray[np.float64]:
        """Return (M, R, K) scores turned so that higher is better."""
        return self.score_MRK if direction == "higher" else -self.score_MRK
