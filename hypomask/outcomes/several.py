"""Many responses of a sample at once: the values of hidden genes, or several phenotypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hypomask.errors import DataError
from hypomask.outcomes.continuous import Continuous
from hypomask.outcomes.family import Family
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.outcomes.target import Float, Target

__all__ = ["MaskedGenes", "SeveralPhenotypes"]


class MaskedGenes(Target):
    """The measurements themselves: the value of every gene, predicted from the others while it is hidden.

    The loss of a sample is the mean over its genes of the squared error in units of each gene's variance over all
    samples; a gene that was not measured in the sample does not count.

    Parameters
    ----------
    scale_T
        (T,) standard deviations of the genes; a gene that does not vary is left out of the loss.
    """

    kind: ClassVar[PhenotypeKind] = "masked-genes"
    loss_name: ClassVar[str] = "squared error"
    loss_unit: ClassVar[str] = "squared error of the hidden genes' standardised values"
    is_squared_error: ClassVar[bool] = True
    must_be_in_every_fold: ClassVar[bool] = False
    response_ndim: ClassVar[int] = 2

    def __init__(self, scale_T: Float) -> None:
        self.scale_T = np.asarray(scale_T, dtype=np.float64)

    @classmethod
    def for_values(cls, values_BT: Float) -> MaskedGenes:
        """Return the target of a study's measurements (B, T), NaN where missing."""
        return cls(np.array([np.nanstd(column) if np.isfinite(column).any() else 0.0 for column in values_BT.T]))

    @property
    def n_predicted(self) -> int:
        return len(self.scale_T)

    def losses_of_parts(self, predicted_BK: Float, y_BT: Float) -> Float:
        """Return (B, T) squared errors in units of each gene's variance; NaN where there is nothing to predict."""
        varies = self.scale_T > 0
        scale_T = np.where(varies, self.scale_T, 1.0)
        return np.where(varies, ((y_BT - predicted_BK) / scale_T) ** 2, np.nan)

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        errors_BT = self.losses_of_parts(predicted_BK, y_B)
        known_BT = np.isfinite(errors_BT)
        n_B = known_BT.sum(axis=1)
        total_B = np.where(known_BT, errors_BT, 0.0).sum(axis=1)
        # A sample without a single measured gene is predicted by nobody: it tells no hypothesis from another.
        return np.asarray(total_B / np.maximum(n_B, 1))

    def strata(self, y_B: Float, n_folds: int) -> npt.NDArray[np.int64]:
        return np.zeros(len(y_B), dtype=np.int64)


class SeveralPhenotypes(Target):
    """Several phenotypes of the same samples, each of its own kind, to be explained by one hypothesis.

    The loss of a sample is the mean over phenotypes of its loss in each, in units of what the best constant loses
    there: every phenotype weighs the same, and a loss of 1 is no prediction at all.

    Parameters
    ----------
    parts
        The phenotypes' families.
    values_BT
        (B, T) their responses in all samples.
    """

    kind: ClassVar[PhenotypeKind] = "several"
    loss_name: ClassVar[str] = "loss"
    loss_unit: ClassVar[str] = "mean loss of the phenotypes, each in units of what the best constant loses"
    must_be_in_every_fold: ClassVar[bool] = False
    response_ndim: ClassVar[int] = 2

    def __init__(self, parts: Sequence[Family], values_BT: Float) -> None:
        if len(parts) != values_BT.shape[1]:
            raise DataError(f"{len(parts)} kinds for {values_BT.shape[1]} phenotypes")
        self.parts = tuple(parts)
        self.unit_T = np.array([_constant_loss(part, y_B) for part, y_B in zip(parts, values_BT.T, strict=True)])
        self._ends = np.cumsum([part.n_predicted for part in parts])

    @property
    def n_predicted(self) -> int:
        return int(self._ends[-1])

    def of_part(self, predicted_BK: Float, part: int) -> Float:
        """Return the columns (B, K_t) of a prediction that belong to phenotype `part`."""
        start = int(self._ends[part - 1]) if part else 0
        return predicted_BK[:, start : int(self._ends[part])]

    def losses_of_parts(self, predicted_BK: Float, y_BT: Float) -> Float:
        """Return (B, T) losses, each in units of what the best constant loses."""
        losses = [
            part.losses(self.of_part(predicted_BK, t), y_BT[:, t]) / self.unit_T[t] for t, part in enumerate(self.parts)
        ]
        return np.column_stack(losses)

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        return np.asarray(self.losses_of_parts(predicted_BK, y_B).mean(axis=1))

    def strata(self, y_B: Float, n_folds: int) -> npt.NDArray[np.int64]:
        """By the first phenotype that has classes, else by the first."""
        first = next((t for t, part in enumerate(self.parts) if part.must_be_in_every_fold), 0)
        return self.parts[first].strata(y_B[:, first], n_folds)


def _constant_loss(part: Family, y_B: Float) -> float:
    """Return the mean loss of the best prediction that is the same for every sample; never 0."""
    if isinstance(part, Continuous):
        return max(float(y_B.var()), 1e-12)
    none_BK = np.zeros((len(y_B), part.n_outputs))
    best_BK = none_BK + part.best_intercept(y_B, none_BK)
    return max(float(part.losses(part.predicted(best_BK, y_B, best_BK), y_B).mean()), 1e-12)
