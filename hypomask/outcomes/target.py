"""What scoring and splitting must know of a phenotype, however it was fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hypomask.errors import DataError
from hypomask.outcomes.kinds import PhenotypeKind

__all__ = ["Float", "Target"]

Float = npt.NDArray[np.float64]


class Target(ABC):
    """Responses of samples, (B,) or (B, T), and a proper loss of predictions (B, K) of them."""

    kind: ClassVar[PhenotypeKind]
    loss_name: ClassVar[str] = "log loss"
    loss_unit: ClassVar[str] = "log loss (nats)"

    is_squared_error: ClassVar[bool] = False
    """Whether a loss is a squared error; it then becomes a density by its own mean, where one is needed."""

    is_scaled_by_fold: ClassVar[bool] = False
    """Whether predictions are on the scale of the training folds (`FoldFit.y_center`, `y_scale`)."""

    must_be_in_every_fold: ClassVar[bool] = True
    """Whether a fold without some stratum is worth a warning: classes, not quantile bins."""

    response_ndim: ClassVar[int] = 1

    @property
    @abstractmethod
    def n_predicted(self) -> int:
        """Columns of a prediction."""

    def losses(self, predicted_BK: npt.ArrayLike, y_B: npt.ArrayLike) -> Float:
        """Return the proper loss of each prediction, (B,) float64; lower is better.

        Infinite where what occurred was given probability 0.

        Raises
        ------
        DataError
            The shapes do not fit each other or the phenotype, or a response is not one that its kind knows.
        """
        predicted = np.asarray(predicted_BK, dtype=np.float64)
        y = np.asarray(y_B, dtype=np.float64)
        predicted = predicted[:, None] if predicted.ndim == 1 else predicted
        if y.ndim != self.response_ndim or predicted.ndim != 2 or len(predicted) != len(y):
            expected = "(B, K), (B,)" if self.response_ndim == 1 else "(B, K), (B, T)"
            raise DataError(
                f"predictions of shape {predicted.shape} do not fit phenotypes of shape {y.shape}; expected {expected}"
            )
        if predicted.shape[1] != self.n_predicted:
            plural = "" if self.n_predicted == 1 else "s"
            raise DataError(
                f"predictions have {predicted.shape[1]} columns, expected {self.n_predicted} column{plural} for a "
                f"{self.kind} phenotype"
            )
        self.check_response(y)
        return self._losses(predicted, y)

    def check_response(self, y_B: Float) -> None:  # noqa: B027 (every number is a measurement)
        """Raise `DataError` where a response is not one that the kind knows."""

    @abstractmethod
    def _losses(self, predicted_BK: Float, y_B: Float) -> Float: ...

    def losses_of_parts(self, predicted_BK: Float, y_BT: Float) -> Float:
        """Return (B, T) the losses in each of T parts, NaN where a part is not known; T is 0 for a single response."""
        return np.zeros((len(y_BT), 0))

    def strata(self, y_B: Float, n_folds: int) -> npt.NDArray[np.int64]:
        """Return (B,) strata 0..S-1 that splits spread evenly: the classes, unless the kind says otherwise."""
        return np.unique(y_B, return_inverse=True)[1].astype(np.int64)
