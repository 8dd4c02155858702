"""Phenotypes that are classes: log loss of the probability given to the class that occurred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from scipy.special import expit, logsumexp, softmax

from hypomask.errors import DataError
from hypomask.outcomes.family import Family, Float, class_codes
from hypomask.outcomes.kinds import PhenotypeKind

__all__ = ["Binary", "Classes", "one_hot"]

CHANGE = 2e-5  # of a linear predictor: an intercept that moves less has arrived


def one_hot(y_B: Float, n_classes: int) -> Float:
    """Return (B, K) indicators of the class codes."""
    return np.eye(n_classes)[y_B.astype(np.int64)]


class Binary(Family):
    """Event or none (1 or 0); the linear predictor is the event's logit."""

    kind: ClassVar[PhenotypeKind] = "binary"
    curvature_bound = 0.25

    def check_response(self, y_B: Float) -> None:
        class_codes(y_B, 2)

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        # log(1 + exp(-eta)) for events and log(1 + exp(eta)) for the rest: no cancellation at either end.
        return np.asarray(np.logaddexp(0.0, np.where(y_B == 1, -predicted_BK[:, 0], predicted_BK[:, 0])))

    def mean(self, eta_BK: Float) -> Float:
        """Return the event's probability, (B, 1)."""
        return np.asarray(expit(eta_BK))

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        return _observable(y_B[:, None]) - self.mean(eta_BK)

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        p_BK = self.mean(eta_BK)
        return np.asarray(p_BK * (1 - p_BK))

    def objective(self, eta_BK: Float, y_B: Float) -> float:
        response_B = _observable(y_B[:, None])[:, 0]
        return float(np.sum(np.logaddexp(0.0, eta_BK[:, 0]) - response_B * eta_BK[:, 0]))

    def best_intercept(self, y_B: Float, offset_BK: Float) -> Float:
        observed = _observable(y_B[:, None]).mean(axis=0)
        intercept = np.zeros(1)
        for _ in range(50):
            expected = np.clip(self.mean(offset_BK + intercept).mean(axis=0), 1e-12, 1.0)
            step = np.log(observed / expected) - np.log((1 - observed) / np.maximum(1 - expected, 1e-12))
            intercept = intercept + step
            if np.max(np.abs(step)) < CHANGE:
                break
        return intercept

    def can_be_fitted(self, y_B: Float) -> bool:
        return len(np.unique(y_B)) > 1


class Classes(Family):
    """One of K > 2 classes (codes 0..K-1); the linear predictor is log-probabilities up to a constant per sample."""

    kind: ClassVar[PhenotypeKind] = "classes"
    curvature_bound = 0.5  # Böhning & Lindsay 1988

    def __init__(self, n_classes: int) -> None:
        if n_classes < 2:
            raise DataError(f"predictions have {n_classes} column, expected one per class (at least 2)")
        self.n_outputs = n_classes

    @classmethod
    def for_phenotype(cls, values: Float, classes: Sequence[str]) -> Classes:
        return cls(len(classes))

    def check_response(self, y_B: Float) -> None:
        class_codes(y_B, self.n_outputs)

    def _losses(self, predicted_BK: Float, y_B: Float) -> Float:
        return np.asarray(logsumexp(predicted_BK, axis=1) - predicted_BK[np.arange(len(y_B)), y_B.astype(np.int64)])

    def mean(self, eta_BK: Float) -> Float:
        """Return the classes' probabilities, (B, K)."""
        return np.asarray(softmax(eta_BK, axis=1))

    def _response(self, y_B: Float) -> Float:
        return _observable(one_hot(y_B, self.n_outputs))

    def residual(self, eta_BK: Float, y_B: Float) -> Float:
        return self._response(y_B) - self.mean(eta_BK)

    def curvature(self, eta_BK: Float, y_B: Float) -> Float:
        p_BK = self.mean(eta_BK)
        return np.asarray(p_BK * (1 - p_BK))

    def cross_curvature(self, eta_BK: Float, i: int, j: int) -> Float:
        p_BK = self.mean(eta_BK)
        return np.asarray(-p_BK[:, i] * p_BK[:, j])

    def objective(self, eta_BK: Float, y_B: Float) -> float:
        return float(np.sum(logsumexp(eta_BK, axis=1) - (self._response(y_B) * eta_BK).sum(axis=1)))

    def best_intercept(self, y_B: Float, offset_BK: Float) -> Float:
        observed = self._response(y_B).mean(axis=0)
        intercept = np.zeros(self.n_outputs)
        for _ in range(50):
            expected = np.clip(self.mean(offset_BK + intercept).mean(axis=0), 1e-12, 1.0)
            step = np.log(observed / expected)  # generalised iterative scaling: one step without an offset
            intercept = intercept + step
            if np.max(np.abs(step)) < CHANGE:
                break
        return intercept

    def can_be_fitted(self, y_B: Float) -> bool:
        return len(np.unique(y_B)) > 1


def _observable(response_BK: Float) -> Float:
    """Return the indicators with half a sample of every class that has none, taken from the others.

    Such a class has no finite intercept, and in an inner fold a rare class may be held out as a whole.
    """
    least = 0.5 / max(len(response_BK), 1)
    if response_BK.shape[1] == 1:
        return response_BK if 0 < response_BK.mean() < 1 else np.clip(response_BK, least, 1 - least)
    absent = ~response_BK.any(axis=0)
    return response_BK * (1 - least * absent.sum()) + least * absent if absent.any() else response_BK
