"""Penalised likelihood over orthogonal columns, penalty after penalty, for losses without a closed form.

Newton steps while there are few columns; accelerated gradient steps under a bound on the curvature when a Newton step
would cost more than they do.

References
----------
Böhning & Lindsay 1988 (10.1007/BF00049423), the fixed bound of log losses; O'Donoghue & Candès 2015
(10.1007/s10208-013-9150-3), restarts.
"""

from __future__ import annotations

import numpy as np

from hypomask.outcomes.family import Family, Float

__all__ = ["LikelihoodPath"]

NEWTON_LIMIT = 64  # columns x outputs; above it a Newton step costs more than the bounded steps it saves
MAX_STEPS = 1000
DECREASE = 1e-9  # of the mean loss: a Newton step that gains less is the last one
LEAST_CURVATURE = 1e-3  # of a loss without events there is none
CHANGE = 2e-5  # of any sample's linear predictor: a bounded step that moves less is the last one


class LikelihoodPath:
    """Fits of one response, warm-started along the path from the strongest penalty to the weakest.

    Parameters
    ----------
    z, squared
        (B, k) centred orthogonal columns, and their (k,) squared norms.
    y, offset
        (B,) response and (B, K) known part of the linear predictor.
    """

    def __init__(self, z: Float, squared: Float, y: Float, offset: Float, family: Family) -> None:
        self._z, self._squared, self._y, self._offset = z, squared, y, offset
        self._family = family = family.for_one_fit()
        self._coefficients = np.zeros((z.shape[1], family.n_outputs))
        self._intercept = family.best_intercept(y, offset)
        self._is_small = self._coefficients.size <= NEWTON_LIMIT
        known = family.curvature_bound
        self._bound = known or max(float(family.curvature(offset + self._intercept, y).mean()), LEAST_CURVATURE)
        self._bound_is_sure = known is not None

    def solve(self, penalty: float) -> tuple[Float, Float]:
        """Return coefficients (k, K) and intercepts (K,) at an absolute penalty."""
        if self._coefficients.size == 0:
            return self._coefficients, self._intercept
        if self._is_small:
            self._newton_steps(penalty)
        else:
            self._bounded_steps(penalty)
        return self._coefficients, self._intercept

    def _newton_steps(self, penalty: float) -> None:
        n, k = self._z.shape
        family, y = self._family, self._y
        design = np.column_stack([self._z, np.ones(n)]) if family.has_intercept else self._z
        # The intercepts' share of class scores is determined up to a constant only: hence not 0.
        ridge = np.append(np.full(k, penalty), [1e-9] if family.has_intercept else [])[:, None]
        theta = np.vstack([self._coefficients, self._intercept]) if family.has_intercept else self._coefficients

        def objective(theta: Float) -> float:
            return family.objective(self._offset + design @ theta, y) + 0.5 * float(np.sum(ridge * theta**2))

        value = objective(theta)
        for _ in range(MAX_STEPS):
            eta = self._offset + design @ theta
            gradient = design.T @ family.residual(eta, y) - ridge * theta
            step = np.linalg.solve(self._hessian(design, eta, ridge), gradient.T.ravel()).reshape(theta.T.shape).T
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
        self._coefficients = theta[:k]
        if family.has_intercept:
            self._intercept = theta[k]

    def _hessian(self, design: Float, eta: Float, ridge: Float) -> Float:
        """Return the Hessian of the penalised loss (or its bound), in blocks of one output each."""
        n_columns, n_outputs = design.shape[1], eta.shape[1]
        curvature = np.maximum(self._family.curvature(eta, self._y), 1e-10)
        blocks = np.empty((n_outputs, n_columns, n_outputs, n_columns))
        for i in range(n_outputs):
            for j in range(n_outputs):
                weight = curvature[:, i] if i == j else self._family.cross_curvature(eta, i, j)
                blocks[i, :, j] = (design * weight[:, None]).T @ design
            blocks[i, :, i] += np.diag(ridge[:, 0])
        hessian = blocks.reshape(n_outputs * n_columns, n_outputs * n_columns)
        if not self._family.has_intercept:  # its levels are profiled out; such a family has one output
            profiled = self._family.profiled(eta, self._y, design)
            hessian = hessian - profiled.T @ profiled
        return hessian

    def _bounded_steps(self, penalty: float) -> None:
        n = len(self._z)
        theta, intercept = self._coefficients, self._intercept
        ahead, ahead_intercept, momentum = theta, intercept, 1.0
        for _ in range(MAX_STEPS):
            curvature = (self._bound * self._squared + penalty)[:, None]
            eta = self._offset + ahead_intercept + self._z @ ahead
            error = self._family.residual(eta, self._y)
            step = (self._z.T @ error - penalty * ahead) / curvature
            step_intercept = error.sum(axis=0) / (self._bound * n) * self._family.has_intercept
            if not self._bound_is_sure and not self._is_bounded(eta, step, step_intercept, error):
                self._bound *= 2  # the loss bends more than was thought: a shorter step
                continue
            new, new_intercept = ahead + step, ahead_intercept + step_intercept
            change, change_intercept = new - theta, new_intercept - intercept
            # momentum points uphill: restart it
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

    def _is_bounded(self, eta: Float, step: Float, step_intercept: Float, error: Float) -> bool:
        """Return whether the loss after the step is below the parabola that the bound promises."""
        move = self._z @ step + step_intercept
        promised = self._family.objective(eta, self._y) - float(np.sum(error * move))
        promised += 0.5 * self._bound * float(np.sum(move**2))
        return self._family.objective(eta + move, self._y) <= promised + 1e-9 * len(eta)
