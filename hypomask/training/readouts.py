"""Readouts to be fitted in closed form, alone, or those of many fits at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from hypomask.outcomes.family import Family
from hypomask.training.closed_form import TokenFeatures
from hypomask.training.penalised import LEAST_WEIGHT, RidgePath, has_closed_form, penalised_path
from hypomask.training.ridge_on_device import RidgeProblem, is_elsewhere, ridge_paths

__all__ = ["FittedReadout", "Readout", "fit_readouts"]

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FittedReadout:
    """A readout for every penalty, and (P,) the losses of the samples left out, summed."""

    path: RidgePath
    losses_outside_P: Float


@dataclass(frozen=True, eq=False)
class Readout:
    """A readout to be fitted in closed form, for every penalty.

    Parameters
    ----------
    features, taken
        Of all samples, and what returns the share of their columns that the additive part takes. What is left is as
        large as the features, and is not held longer than it is needed.
    rows, outside
        Positions of the samples that are fitted, and of those that are left out.
    y, offset_BK
        Of all samples.
    """

    features: TokenFeatures
    taken: Callable[[Tensor], Tensor]
    rows: npt.NDArray[np.int64]
    outside: npt.NDArray[np.int64]
    y: Float
    offset_BK: Float
    family: Family
    penalties: Float

    def run(self) -> FittedReadout:
        """Fit it by itself."""
        left = self.left()
        path = penalised_path(
            left.at(self.rows),
            self.y[self.rows],
            family=self.family,
            offset=self.offset_BK[self.rows],
            penalties=self.penalties,
            one_step=True,
        )
        return self.judged(left, path)

    def left(self) -> TokenFeatures:
        """Return what the additive part leaves of the features."""
        return self.features.without(self.taken(self.features.values_BJ))

    def judged(self, left: TokenFeatures, path: RidgePath) -> FittedReadout:
        """Return the path with its losses."""
        y = self.y[self.outside]
        eta_PBK = path.predict(left.at(self.outside), self.offset_BK[self.outside])
        return FittedReadout(path, np.array([self.family.losses(eta_BK, y).sum() for eta_BK in eta_PBK]))

    @property
    def problem(self) -> RidgeProblem | None:
        """What is solved together with others on a GPU; None where there is none, or no closed form."""
        shape = (len(self.rows), self.features.values_BJ.shape[1])
        if not is_elsewhere(self.features.values_BJ) or not has_closed_form(self.family, *shape, one_step=True):
            return None
        y, offset_BK = self.y[self.rows], self.offset_BK[self.rows]
        return RidgeProblem(
            lambda: self.left().at(self.rows), shape, y, offset_BK, self.family, self.penalties, LEAST_WEIGHT
        )


def fit_readouts(readouts: Sequence[Readout]) -> list[FittedReadout]:
    """Fit all of them, side by side where that is faster."""
    problems = {n: problem for n, readout in enumerate(readouts) if (problem := readout.problem) is not None}
    found = dict(zip(problems, ridge_paths(list(problems.values())), strict=True))
    return [
        readout.judged(readout.left(), RidgePath(readout.penalties, *found[n])) if n in found else readout.run()
        for n, readout in enumerate(readouts)
    ]
