"""Ridge-penalised generalised linear models over a whole path of penalties, in the basis where they are cheap.

The design is rotated once into orthogonal columns (by the smaller of its two Gram matrices), after which every penalty
of the path costs O(n k): closed form for the squared error, and for the log losses Newton steps while k is small and
accelerated steps under Böhning's fixed bound on the Hessian when it is not.

References
----------
Böhning & Lindsay 1988 (10.1007/BF00049423), the fixed bound; Hastie & Tibshirani 2004
(10.1093/biostatistics/kxh010), the rotation for p > n.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import PhenotypeKind

__all__ = ["PENALTIES", "RidgePath", "mean_loss", "mean_response", "one_hot", "penalised_path", "per_sample_losses"]

Float = npt.NDArray[np.float64]

# Relative to n times the total variance of the design: from "no penalty to speak of" to "nothing but the intercept".
PENALTIES: Float = np.logspace(1.0, -4.0, 11)

NEWTON_LIMIT = 64  # columns x outputs; above it a Newton step costs more than the fixed-bound steps it saves
ONE_STEP_FROM = 160  # columns; below it the whole path costs next to nothing
MAX_STEPS = 1000
DECREASE = 1e-9  # of the mean loss: a Newton step that gains less is the last one
CHANGE = 2e-5  # of any sample's linear predictor: a fixed-bound step that moves less is the last one


@dataclass(frozen=True, eq=False)
class RidgePath:
    """Fitted models, one per penalty.

    Parameters
    ----------
    penalties
        (P,) relative penalties, strongest first.
    coefficients_PJK, intercept_PK
        Of the design's columns as given (not centred).
    """

    penalties: Float
    coefficients_PJK: Float
    intercept_PK: Float

    def predict(self, x_new: Float, offset_new: Float | None = None) -> Float:
        """Return (P, B_new, K) linear predictors of new rows, offset included."""
        eta_PBK = np.einsum("bj,pjk->pbk", x_new, self.coefficients_PJK, optimize=True) + self.intercept_PK[:, None]
        return np.asarray(eta_PBK if offset_new is None else eta_PBK + offset_new, dtype=np.float64)


def one_hot(y: Float, n_outputs: int) -> Float:
    """Return (B, K) indicators of the class codes `y`."""
    return np.eye(n_outputs)[y.astype(np.int64)]


def per_sample_losses(eta_BK: Float, y: Float, kind: PhenotypeKind) -> Float:
    """Return (B,) proper losses: squared error, or log loss in nats."""
    if kind == "continuous":
        return np.asarray((y - eta_BK[:, 0]) ** 2)
    if kind == "binary":
        return np.asarray(np.logaddexp(0.0, eta_BK[:, 0]) - y * eta_BK[:, 0])
    return np.asarray(_log_normaliser(eta_BK) - eta_BK[np.arange(len(y)), y.astype(np.int64)])


def _log_normaliser(eta_BK: Float) -> Float:
    top = eta_BK.max(axis=1)
    return np.asarray(top + np.log(np.exp(eta_BK - top[:, None]).sum(axis=1)))


def mean_loss(eta_BK: Float, y: Float, kind: PhenotypeKind) -> float:
    """Return the mean of `per_sample_losses`."""
    return float(per_sample_losses(eta_BK, y, kind).mean())


def mean_response(eta_BK: Float, kind: PhenotypeKind) -> Float:
    """Return the expected response (B, K) of a linear predictor."""
    if kind == "continuous":
        return eta_BK
    if kind == "binary":
        return 0.5 * (1.0 + np.tanh(0.5 * eta_BK))
    shifted = np.exp(eta_BK - eta_BK.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float64)


def penalised_path(
    x: Float,
    y: Float,
    *,
    kind: PhenotypeKind,
    n_outputs: int,
    offset: Float | None = None,
    penalties: Float = PENALTIES,
    one_step: bool = False,
) -> RidgePath:
    """Fit a ridge-penalised GLM with unpenalised intercept for every penalty.

    Parameters
    ----------
    x
        (B, J) design on a common scale; columns are centred first. A column's scale is its prior: a column multiplied
        by 3 is penalised 9 times less.
    y
        (B,) response: measurement, 0/1, or class codes.
    offset
        (B, K) known part of the linear predictor.
    penalties
        Relative penalties; the absolute one is `penalty * B * total variance of the columns`.
    one_step
        For log losses with many columns: one Newton step from the offset, closed form for the whole path. Meant as a
        start for further training.
    """
    n = len(x)
    known = np.zeros((n, n_outputs)) if offset is None else offset
    response = y[:, None] if kind == "continuous" else _class_shares(y, kind, n_outputs)
    if kind != "continuous" and one_step and min(x.shape) >= ONE_STEP_FROM:
        return _one_step_path(x, response, known, kind, penalties)
    mean = x.mean(axis=0)
    rotation = _Rotation(x - mean)
    fit: _GaussianPath | _LogisticPath
    if kind == "continuous":
        fit = _GaussianPath(rotation, response - known)
    else:
        fit = _LogisticPath(rotation, response, known, kind)
    scale = float(rotation.squared.sum())
    coefficients, intercepts = [], []
    for penalty in penalties:
        rotated, intercept = fit.solve(max(float(penalty) * scale, 1e-12))
        coefficients.append(rotation.back(rotated))
        intercepts.append(intercept - mean @ coefficients[-1])
    return RidgePath(np.asarray(penalties, dtype=np.float64), np.stack(coefficients), np.stack(intercepts))


def _one_step_path(x: Float, response: Float, offset: Float, kind: PhenotypeKind, penalties: Float) -> RidgePath:
    """Weighted least squares on the working response at the offset, output by output."""
    probability = mean_response(offset, kind)
    n_columns, n_outputs = x.shape[1], response.shape[1]
    coefficients = np.zeros((len(penalties), n_columns, n_outputs))
    intercepts = np.zeros((len(penalties), n_outputs))
    for k in range(n_outputs):
        weight = np.maximum(probability[:, k] * (1 - probability[:, k]), 1e-3)
        working = (response[:, k] - probability[:, k]) / weight
        root = np.sqrt(weight)[:, None]
        mean, level = np.average(x, axis=0, weights=weight), float(np.average(working, weights=weight))
        rotation = _Rotation(root * (x - mean))
        fit = _GaussianPath(rotation, root * (working - level)[:, None], centred=True)
        scale = float(rotation.squared.sum())
        for i, penalty in enumerate(penalties):
            coefficients[i, :, k] = rotation.back(fit.solve(max(float(penalty) * scale, 1e-12))[0])[:, 0]
            intercepts[i, k] = level - mean @ coefficients[i, :, k]
    return RidgePath(np.asarray(penalties, dtype=np.float64), coefficients, intercepts)


def _class_shares(y: Float, kind: PhenotypeKind, n_outputs: int) -> Float:
    """Return (B, K) indicators of classes (of the event alone when binary).

    A class without a sample has no finite intercept, so half a sample of it is spread over all: in an inner fold a
    rare class may be held out as a whole.
    """
    response = y[:, None] if kind == "binary" else one_hot(y, n_outputs)
    least = 0.5 / len(y)
    if kind == "binary":
        return response if 0 < response.mean() < 1 else np.clip(response, least, 1 - least)
    absent = ~response.any(axis=0)
    return response * (1 - least * absent.sum()) + least * absent if absent.any() else response


class _Rotation:
    """A centred design in orthogonal columns `z` with squared norms `squared`, by its smaller Gram matrix."""

    def __init__(self, x: Float) -> None:
        self._x = x
        n, p = x.shape
        self._from_rows = p > n
        if p == 0:
            self.squared, self._basis = np.zeros(0), np.zeros((0, 0))
            return
        squared, basis = np.linalg.eigh(x @ x.T if self._from_rows else x.T @ x)
        keep = squared > max(squared[-1], 0.0) * 1e-10
        self.squared, self._basis = squared[keep], basis[:, keep]

    @cached_property
    def z(self) -> Float:
        """(B, k) columns; what they cost is spared where only `inner` is needed."""
        return np.asarray(self._basis * np.sqrt(self.squared) if self._from_rows else self._x @ self._basis)

    def inner(self, response: Float) -> Float:
        """Return ``z.T @ response``."""
        if self._from_rows:
            return np.asarray(np.sqrt(self.squared)[:, None] * (self._basis.T @ response))
        return np.asarray(self._basis.T @ (self._x.T @ response))

    def back(self, rotated: Float) -> Float:
        """Return coefficients of the original columns."""
        if self._from_rows:
            return np.asarray(self._x.T @ (self._basis @ (rotated / np.sqrt(self.squared)[:, None])))
        return np.asarray(self._basis @ rotated)


class _GaussianPath:
    """Closed form: the columns are orthogonal."""

    def __init__(self, rotation: _Rotation, response: Float, *, centred: bool = False) -> None:
        self._intercept = np.zeros(response.shape[1]) if centred else response.mean(axis=0)
        self._squared = rotation.squared
        self._inner = rotation.inner(response - self._intercept)

    def solve(self, penalty: float) -> tuple[Float, Float]:
        return self._inner / (self._squared + penalty)[:, None], self._intercept


class _LogisticPath:
    """Log loss, warm-started along the path from the strongest penalty to the weakest."""

    def __init__(self, rotation: _Rotation, response: Float, offset: Float, kind: PhenotypeKind) -> None:
        self._z, self._squared = rotation.z, rotation.squared
        self._response, self._offset, self._kind = response, offset, kind
        self._coefficients = np.zeros((self._z.shape[1], response.shape[1]))
        self._intercept = _best_intercept(response, offset, kind)
        self._newton = self._coefficients.size <= NEWTON_LIMIT
        # Fixed bound on the Hessian of the log loss: 1/4 for two classes, 1/2 for several (Böhning & Lindsay 1988).
        self._bound = 0.25 if kind == "binary" else 0.5

    def solve(self, penalty: float) -> tuple[Float, Float]:
        if self._newton:
            self._newton_steps(penalty)
        else:
            self._bounded_steps(penalty)
        return self._coefficients, self._intercept

    def _newton_steps(self, penalty: float) -> None:
        n, k = self._z.shape
        design = np.column_stack([self._z, np.ones(n)])
        # The intercepts' share of class scores is determined up to a constant only: hence not 0.
        ridge = np.append(np.full(k, penalty), 1e-9)[:, None]
        theta = np.vstack([self._coefficients, self._intercept])
        codes = self._response[:, 0]

        def objective(theta: Float) -> float:
            eta = self._offset + design @ theta
            if self._kind == "classes":
                loss = float(np.sum(_log_normaliser(eta) - (self._response * eta).sum(axis=1)))
            else:
                loss = float(per_sample_losses(eta, codes, self._kind).sum())
            return loss + 0.5 * float(np.sum(ridge * theta**2))

        value = objective(theta)
        for _ in range(MAX_STEPS):
            mean = mean_response(self._offset + design @ theta, self._kind)
            gradient = design.T @ (self._response - mean) - ridge * theta
            step = np.linalg.solve(_hessian(design, mean, ridge), gradient.T.ravel()).reshape(-1, k + 1).T
            for _halving in range(20):
                trial = objective(theta + step)
                if trial <= value:
                    break
                step = step / 2
            else:
                break  # nothing lower in this direction: at the minimum, within rounding
            theta, gain, value = theta + step, value - trial, trial
            if gain < DECREASE * n:
                break
        self._coefficients, self._intercept = theta[:k], theta[k]

    def _bounded_steps(self, penalty: float) -> None:
        n = len(self._z)
        curvature = (self._bound * self._squared + penalty)[:, None]
        theta, intercept = self._coefficients, self._intercept
        ahead, ahead_intercept, momentum = theta, intercept, 1.0
        for _ in range(MAX_STEPS):
            mean = mean_response(self._offset + ahead_intercept + self._z @ ahead, self._kind)
            error = self._response - mean
            step = (self._z.T @ error - penalty * ahead) / curvature
            step_intercept = error.sum(axis=0) / (self._bound * n)
            new, new_intercept = ahead + step, ahead_intercept + step_intercept
            change, change_intercept = new - theta, new_intercept - intercept
            # momentum points uphill: restart it (O'Donoghue & Candes 2015)
            downhill = np.sum(curvature * step * change) + self._bound * n * np.sum(step_intercept * change_intercept)
            if downhill < 0:
                momentum = 1.0
            next_momentum = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
            pull = (momentum - 1) / next_momentum
            ahead, ahead_intercept = new + pull * change, new_intercept + pull * change_intercept
            theta, intercept, momentum = new, new_intercept, next_momentum
            if np.max(np.abs(self._z @ step + step_intercept), initial=0.0) < CHANGE:
                break
        self._coefficients, self._intercept = theta, intercept


def _hessian(design: Float, mean: Float, ridge: Float) -> Float:
    """Return the Hessian of the penalised log loss, in blocks of one output each."""
    n_columns, n_outputs = design.shape[1], mean.shape[1]
    blocks = np.empty((n_outputs, n_columns, n_outputs, n_columns))
    for i in range(n_outputs):
        for j in range(n_outputs):
            weight = np.maximum(mean[:, i] * (1 - mean[:, i]), 1e-10) if i == j else -mean[:, i] * mean[:, j]
            blocks[i, :, j] = (design * weight[:, None]).T @ design
        blocks[i, :, i] += np.diag(ridge[:, 0])
    return blocks.reshape(n_outputs * n_columns, -1)


def _best_intercept(response: Float, offset: Float, kind: PhenotypeKind) -> Float:
    """Return (K,) intercepts that fit best without any column: with rare events the path would be long from 0."""
    intercept = np.zeros(response.shape[1])
    observed = response.mean(axis=0)
    for _ in range(50):
        expected = np.clip(mean_response(offset + intercept, kind).mean(axis=0), 1e-12, 1.0)
        step = np.log(observed / expected)  # generalised iterative scaling: one step without an offset
        if kind == "binary":
            step -= np.log((1 - observed) / np.maximum(1 - expected, 1e-12))
        intercept = intercept + step
        if np.max(np.abs(step)) < CHANGE:
            break
    return intercept
