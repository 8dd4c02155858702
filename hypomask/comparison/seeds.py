"""How much two models' difference owes to the seeds of their training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.paired import RESOLUTION

__all__ = ["ReplicateLosses", "seed_error"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReplicateLosses:
    """Losses of every training replicate (seed) alone.

    Parameters
    ----------
    loss_MRB_by_model
        (M, R, B) per model: loss of each sample as predicted by replicate m. NaN where a fold has no such replicate; M
        is 0 for a model whose seeds change nothing, because its edges add nothing.
    loss_RB_by_model
        (R, B) per model: the loss of the averaged prediction.
    test_fold_RB
        (R, B) fold in which each sample was held out.
    """

    loss_MRB_by_model: Mapping[str, FloatArray]
    loss_RB_by_model: Mapping[str, FloatArray]
    test_fold_RB: npt.NDArray[np.int64]

    def error(self, a: str, b: str) -> float | None:
        """Return the standard error that seeds alone give the difference of `a` and `b`; None when it is not known."""
        n_replicates = [n for name in (a, b) if (n := len(self.loss_MRB_by_model[name]))]
        if not n_replicates:
            return 0.0
        one, other = (self._first(min(n_replicates), name) for name in (a, b))
        return seed_error(one - other, self.test_fold_RB)

    def _first(self, n: int, name: str) -> FloatArray:
        """Return (n, R, B): the first `n` replicates, all alike where seeds change nothing."""
        loss_MRB = self.loss_MRB_by_model[name]
        if len(loss_MRB):
            return loss_MRB[:n]
        return np.broadcast_to(self.loss_RB_by_model[name], (n, *self.test_fold_RB.shape))


def seed_error(difference_MRB: FloatArray, test_fold_RB: npt.NDArray[np.int64]) -> float | None:
    """Return the standard error of a mean loss difference over repetitions of the same study with other seeds.

    No test: an estimate of one source of error. Seeds are drawn afresh for every fold of every repeat and are common to
    all masks there, so the M differences of one held-out fold are M draws of what the seeds do to it; their variance,
    divided by M because predictions of M replicates are averaged, adds up over folds. Averaging predictions lowers the
    loss itself a little, which a difference of two models mostly cancels. With M replicates and K R folds the estimate
    has K R (M - 1) degrees of freedom.

    Parameters
    ----------
    difference_MRB
        (M, R, B) loss of one model minus loss of the other, both by replicate m. NaN where there is none.
    test_fold_RB
        (R, B) fold in which each sample was held out.

    Returns
    -------
    float or None
        In the unit of the loss; None with fewer than two replicates.
    """
    n_repeats, n_samples = test_fold_RB.shape
    variance, known = 0.0, False
    for repeat in range(n_repeats):
        for fold in np.unique(test_fold_RB[repeat]):
            held_out = test_fold_RB[repeat] == fold
            mean_M = difference_MRB[:, repeat, held_out].mean(axis=1)
            mean_M = mean_M[np.isfinite(mean_M)]
            if len(mean_M) < 2:
                continue
            known = True
            weight = held_out.sum() / (n_samples * n_repeats)
            variance += weight**2 * float(mean_M.var(ddof=1)) / len(mean_M)
    error = float(np.sqrt(variance))
    return (error if error > RESOLUTION else 0.0) if known else None
