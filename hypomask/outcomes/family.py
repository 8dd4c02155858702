"""What every kind of phenotype provides to training, scoring and splitting."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hypomask.errors import DataError
from hypomask.outcomes.target import Float, Target

__all__ = ["Family", "Float", "NetworkStage", "class_codes", "quantile_bins"]

MAX_BINS = 10


@dataclass(frozen=True, eq=False)
class NetworkStage:
    """What the transformer is fitted to, once the additive part is known.

    Parameters
    ----------
    family
        Its losses are the transformer's losses.
    y
        (B,) response of the training samples in that family's coding.
    offset_BK
        (B, K) known part of the linear predictor.
    """

    family: Family
    y: Float
    offset_BK: Float


class Family(Target):
    """A kind of phenotype that a penalised linear model and a transformer can be fitted to.

    It has a response y (B,) and a linear predictor eta (B, K). A *prediction* is what a trained model says of a sample
    it has not seen, on the link scale; for all families but survival it is the linear predictor itself.
    """

    loss_scale: ClassVar[float] = 1.0
    """What a loss is multiplied by to be a negative log likelihood (up to a constant): 1/2 for squared errors."""

    is_quadratic: ClassVar[bool] = False
    """Whether the loss is the squared error, so that penalised fits have a closed form."""

    curvature_bound: float | None = None
    """Least number above all second derivatives of `objective` per sample, where there is one."""

    has_intercept: ClassVar[bool] = True
    """Whether a constant added to eta changes the loss. A partial likelihood does not notice it."""

    n_outputs: int = 1

    @classmethod
    def for_phenotype(cls, values: Float, classes: Sequence[str]) -> Family:
        """Return the family of a study's phenotype.

        What it needs to know (classes, dispersion, grid of times) is taken from all samples, once: it defines the loss,
        is the same for every model, and tells none of them anything about a sample.

        Parameters
        ----------
        values
            (B,) responses of all samples, in the family's coding.
        classes
            Class names by code.
        """
        return cls()

    @property
    def n_predicted(self) -> int:
        """Columns of a prediction."""
        return self.n_outputs

    def predicted(self, eta_BK: Float, y_train: Float, eta_train_BK: Float) -> Float:
        """Turn linear predictors of new samples into predictions.

        Parameters
        ----------
        y_train, eta_train_BK
            Responses of the training samples, and linear predictors of them on the same scale as `eta_BK`, from which
            survival takes its baseline hazard.
        """
        return eta_BK

    # --- fitting ---------------------------------------------------------------------------------------------------

    def objective(self, eta_BK: Float, y_B: Float) -> float:
        """Return what a fit minimises: the sum of the losses, unless the family has a better likelihood."""
        return float(self._losses(eta_BK, y_B).sum())

    @abstractmethod
    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        """Return minus the derivative of `objective` (times `loss_scale`) by eta, (B, K): observed minus expected."""

    @abstractmethod
    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        """Return the diagonal second derivatives, (B, K), before what `profiled` takes off."""

    def cross_curvature(self, eta_BK: Float, i: int, j: int) -> Float:
        """Return the mixed second derivatives by outputs i and j, (B,)."""
        return np.zeros(len(eta_BK))

    def for_one_fit(self) -> Family:
        """Return what one fit asks, step after step: this family, or a copy of it with a memory."""
        return self

    def profiled(self, eta_BK: Float, y_B: Float, design_BJ: Float) -> Float:
        """Return (S, J): the sum of these rows' outer products is taken off ``design.T @ diag(curvature) @ design``.

        Levels that are fitted along (baseline hazards) leave the loss less curved. None unless the family has such.
        """
        return np.zeros((0, design_BJ.shape[1]))

    @abstractmethod
    def best_intercept(self, y_B: Float, offset_BK: Float) -> Float:
        """Return (K,) intercepts that fit best beside `offset_BK` alone."""

    def can_be_fitted(self, y_B: Float) -> bool:
        """Return whether these responses say anything at all: two classes, an event."""
        return True

    def network_stage(self, y_B: Float, eta_additive_BK: Float) -> NetworkStage:
        """Return what the transformer is fitted to; `eta_additive_BK` must be out of sample."""
        return NetworkStage(self, y_B, eta_additive_BK)


def quantile_bins(values: Float, n_folds: int) -> npt.NDArray[np.int64]:
    """Return (B,) bins 0..S-1 of about equal size; ties share a bin."""
    n_bins = int(np.clip(len(values) // (2 * n_folds), 1, MAX_BINS))
    edges = np.quantile(values, np.arange(1, n_bins) / n_bins)
    return np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1].astype(np.int64)


def class_codes(y_B: Float, n_classes: int) -> npt.NDArray[np.int64]:
    """Return `y_B` as integers 0..n_classes-1, or raise `DataError` naming the first that is none."""
    wrong = ~np.isin(y_B, np.arange(n_classes))
    if wrong.any():
        raise DataError(f"class code {y_B[wrong][0]:g} is not one of 0..{n_classes - 1}")
    return y_B.astype(np.int64)
