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

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import PhenotypeKind

__all__ = ["PENALTIES", "RidgePath", "mean_loss", "mean_response", "one_hot", "penalised_path", "per_sample_losses"]

Float = npt.NDArray[np.float64]

# Relative to n times the total variance of the design: from "no penalty to speak of" to "nothing but the intercept".
PENALTIES: Float = np.logspace(1.0, -4.0, 11)

NEWTON_LIMIT = 160  # columns; above it a Newton step (k^3) costs more than the fixed-bound steps it saves
MAX_STEPS = 200
TOLERANCE = 1e-7


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
    top = eta_BK.max(axis=1)
    normaliser = top + np.log(np.exp(eta_BK - top[:, None]).sum(axis=1))
    return np.asarray(normaliser - eta_BK[np.arange(len(y)), y.astype(np.int64)])


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
    response = y[:, None] if kind != "classes" else one_hot(y, n_outputs)
    if kind != "continuous" and one_step and min(x.shape) > NEWTON_LIMIT:
        return _one_step_path(x, response, known, kind, penalties)
    mean = x.mean(axis=0)
    rotation = _Rotation(x - mean)
    solver = _GaussianPath if kind == "continuous" else _LogisticPath
    fit = solver(rotation.z, rotation.squared, response, known, kind)
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
        fit = _GaussianPath(rotation.z, rotation.squared, root * (working - level)[:, None], np.zeros((1, 1)), None)
        scale = float(rotation.squared.sum())
        for i, penalty in enumerate(penalties):
            coefficients[i, :, k] = rotation.back(fit.solve(max(float(penalty) * scale, 1e-12))[0])[:, 0]
            intercepts[i, k] = level - mean @ coefficients[i, :, k]
    return RidgePath(np.asarray(penalties, dtype=np.float64), coefficients, intercepts)


class _Rotation:
    """A centred design in orthogonal columns `z` with squared norms `squared`, by its smaller Gram matrix."""

    def __init__(self, x: Float) -> None:
        self._x = x
        n, p = x.shape
        self._from_rows = p > n
        if p == 0:
            self.squared, self._basis, self.z = np.zeros(0), np.zeros((0, 0)), np.zeros((n, 0))
            return
        squared, basis = np.linalg.eigh(x @ x.T if self._from_rows else x.T @ x)
        keep = squared > max(squared[-1], 0.0) * 1e-10
        self.squared, self._basis = squared[keep], basis[:, keep]
        self.z = self._basis * np.sqrt(self.squared) if self._from_rows else x @ self._basis

    def back(self, rotated: Float) -> Float:
        """Return coefficients of the original columns."""
        if self._from_rows and len(self.squared):
            return np.asarray(self._x.T @ (self._basis @ (rotated / np.sqrt(self.squared)[:, None])))
        if not len(self.squared):
            return np.zeros((self._x.shape[1], rotated.shape[1]))
        return np.asarray(self._basis @ rotated)


class _GaussianPath:
    """Closed form: the columns are orthogonal."""

    def __init__(self, z: Float, squared: Float, response: Float, offset: Float, kind: PhenotypeKind | None) -> None:
        residual = response - offset
        self._intercept = residual.mean(axis=0)
        self._squared = squared
        self._inner = z.T @ (residual - self._intercept)

    def solve(self, penalty: float) -> tuple[Float, Float]:
        return self._inner / (self._squared + penalty)[:, None], self._intercept


class _LogisticPath:
    """Log loss, warm-started along the path from the strongest penalty to the weakest."""

    def __init__(self, z: Float, squared: Float, response: Float, offset: Float, kind: PhenotypeKind) -> None:
        self._z, self._squared, self._response, self._offset, self._kind = z, squared, response, offset, kind
        n_outputs = response.shape[1]
        self._coefficients = np.zeros((z.shape[1], n_outputs))
        self._intercept = np.zeros(n_outputs)
        self._newton = kind == "binary" and z.shape[1] <= NEWTON_LIMIT
        # Fixed bound on the Hessian of the log loss: 1/4 for two classes, 1/2 for several (Böhning & Lindsay 1988).
        self._bound = 0.25 if kind == "binary" else 0.5

    def solve(self, penalty: float) -> tuple[Float, Float]:
        if self._newton:
            self._newton_steps(penalty)
        else:
            self._bounded_steps(penalty)
        return self._coefficients, self._intercept

    def _objective(self, coefficients: Float, intercept: Float, penalty: float) -> float:
        eta = self._offset + intercept + self._z @ coefficients
        codes = self._response[:, 0] if self._kind == "binary" else self._response.argmax(axis=1).astype(np.float64)
        return mean_loss(eta, codes, self._kind) * len(eta) + 0.5 * penalty * float(np.sum(coefficients**2))

    def _newton_steps(self, penalty: float) -> None:
        n, k = self._z.shape
        design = np.column_stack([self._z, np.ones(n)])
        ridge = np.append(np.full(k, penalty), 1e-9)
        theta = np.append(self._coefficients[:, 0], self._intercept[0])
        value = self._objective(theta[:k, None], theta[k:], penalty)
        for _ in range(MAX_STEPS):
            mean = mean_response(self._offset + (design @ theta)[:, None], "binary")[:, 0]
            weight = np.maximum(mean * (1 - mean), 1e-10)
            gradient = design.T @ (self._response[:, 0] - mean) - ridge * theta
            hessian = (design * weight[:, None]).T @ design
            hessian[np.diag_indices(k + 1)] += ridge
            step = np.linalg.solve(hessian, gradient)
            for _halving in range(20):
                trial = self._objective((theta + step)[:k, None], (theta + step)[k:], penalty)
                if trial <= value + 1e-12 * abs(value):
                    break
                step = step / 2
            theta = theta + step
            if value - trial < TOLERANCE * n * 1e-2:
                break
            value = trial
        self._coefficients, self._intercept = theta[:k, None], theta[k:]

    def _bounded_steps(self, penalty: float) -> None:
        n = len(self._z)
        curvature = (self._bound * self._squared + penalty)[:, None]
        theta, intercept = self._coefficients, self._intercept
        ahead, ahead_intercept, momentum = theta, intercept, 1.0
        for _ in range(MAX_STEPS):
            mean = mean_response(self._offset + ahead_intercept + self._z @ ahead, self._kind)
            error = self._response - mean
            step = (self._z.T @ error - penalty * ahead) / curvature
            new, new_intercept = ahead + step, ahead_intercept + error.sum(axis=0) / (self._bound * n)
            change = new - theta
            if float(np.sum(step * change)) < 0:  # momentum points uphill: restart it (O'Donoghue & Candes 2015)
                momentum = 1.0
            next_momentum = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
            pull = (momentum - 1) / next_momentum
            ahead, ahead_intercept = new + pull * change, new_intercept + pull * (new_intercept - intercept)
            theta, intercept, momentum = new, new_intercept, next_momentum
            if np.max(np.abs(self._z @ step), initial=0.0) < 1e-4:
                break
        self._coefficients, self._intercept = theta, intercept
