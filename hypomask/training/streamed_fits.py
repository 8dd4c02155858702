"""Many penalised fits of one streamed design side by side: a pass over the samples is a step of all of them.

Steps are those of `hypomask.training.likelihood_path` for many columns: down the gradient under a bound on the
curvature, accelerated, in the basis of the design. Here the basis is that of all samples, which bounds the curvature of
every subset too, so that one decomposition serves all fits; every penalty starts from the intercept, and not where the
one before it ended; and whether the loss bends more than was thought is seen in its gradients. The minimum is the same.

References
----------
Böhning & Lindsay 1988 (10.1007/BF00049423), the bound; O'Donoghue & Candès 2015 (10.1007/s10208-013-9150-3), restarts.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.outcomes.family import Family, Float
from hypomask.training.streamed_design import Basis, StreamedDesign

__all__ = ["StreamedFit", "StreamedFits"]

MAX_STEPS = 500
CHANGE = 2e-6  # of linear predictors, root mean square: a step that moves them less is the last one
LEAST_CURVATURE = 1e-3  # of a loss without events there is none
ROUNDING = 1e-9  # share by which the loss may bend more than the bound says


@dataclass(frozen=True, eq=False)
class _Point:
    """Coefficients along the directions (k, K) and intercepts (K,)."""

    theta_kK: Float
    intercept_K: Float

    def less(self, other: _Point) -> _Point:
        """Return the way from the other point to this one."""
        return _Point(self.theta_kK - other.theta_kK, self.intercept_K - other.intercept_K)

    def plus(self, way: _Point, times: float = 1.0) -> _Point:
        """Return the point at the end of so many times a way from here."""
        return _Point(self.theta_kK + times * way.theta_kK, self.intercept_K + times * way.intercept_K)

    def times(self, other: _Point) -> float:
        """Return the inner product."""
        return float(np.sum(self.theta_kK * other.theta_kK) + np.sum(self.intercept_K * other.intercept_K))


@dataclass(eq=False)
class StreamedFit:
    """One penalised fit and how far it has come.

    Parameters
    ----------
    inside, penalty
        To which of the F sets of samples, and the absolute penalty.
    bound
        On the curvature of a sample's loss.
    at, descent
        The last point whose descent, minus the gradient of the penalised loss, is known; None: there is none yet.
    reached
        Where the last step ended.
    trial
        Where momentum carried on to from there: what the next pass looks at.
    """

    inside: int
    penalty: float
    bound: float
    reached: _Point
    trial: _Point
    at: _Point | None = None
    descent: _Point | None = None
    momentum: float = 1.0
    is_done: bool = False


class StreamedFits:
    """Fits of one design and response to F sets of samples.

    Parameters
    ----------
    inside_FB
        Who is in each set.
    """

    def __init__(self, design: StreamedDesign, y: Float, family: Family, inside_FB: npt.NDArray[np.bool_]) -> None:
        self._design, self._inside_FB, self._y = design, inside_FB, y
        self._y_F = [y[inside_B] for inside_B in inside_FB]
        # A copy for each set: some families remember what they worked out of a response.
        self._family_F = [copy.copy(family.for_one_fit()) for _ in inside_FB]
        self._basis = Basis.of(design, inside_FB)

    def fit(self, inside: int, penalties: Float) -> list[StreamedFit]:
        """Return fits to set `inside` at relative penalties, not yet begun; see `run`."""
        family, y = self._family_F[inside], self._y_F[inside]
        intercept_K = family.best_intercept(y, np.zeros((len(y), family.n_outputs)))
        known = family.curvature_bound
        eta_BK = np.zeros((len(y), family.n_outputs)) + intercept_K
        bound = known or max(float(family.curvature(eta_BK, y).mean()), LEAST_CURVATURE)
        start = _Point(np.zeros((len(self._basis.squared_k), family.n_outputs)), intercept_K)
        scale = float(self._basis.variance_F[inside])
        return [StreamedFit(inside, max(float(penalty) * scale, 1e-12), bound, start, start) for penalty in penalties]

    def run(self, fits: Sequence[StreamedFit]) -> None:
        """Take steps of all fits until each has reached its minimum."""
        for _ in range(MAX_STEPS):
            active = [fit for fit in fits if not fit.is_done]
            if not active:
                return
            for fit, descent in zip(active, self._descents(active), strict=True):
                self._move(fit, descent)

    def _move(self, fit: StreamedFit, descent: _Point) -> None:
        """Go on from the trial, whose descent is now known, or back where the step to it was too long."""
        if fit.at is not None and fit.descent is not None and self._bends_too_much(fit, descent):
            fit.bound *= 2
            fit.reached = fit.trial = fit.at.plus(self._step(fit, fit.descent))
            fit.momentum = 1.0
            return
        step = self._step(fit, descent)
        fit.at, fit.descent = fit.trial, descent
        reached = fit.at.plus(step)
        if self._moved(step) < CHANGE:
            fit.is_done, fit.at = True, reached
            return
        change = reached.less(fit.reached)
        if self._curved(fit, step).times(change) < 0:  # momentum points uphill: restart it
            fit.momentum = 1.0
        following = 0.5 * (1 + np.sqrt(1 + 4 * fit.momentum**2))
        fit.trial = reached.plus(change, (fit.momentum - 1) / following)
        fit.reached, fit.momentum = reached, following

    def _bends_too_much(self, fit: StreamedFit, descent: _Point) -> bool:
        """Return whether the descent changed by more on the way to the trial than the bound allows."""
        if self._family_F[fit.inside].curvature_bound is not None or fit.at is None or fit.descent is None:
            return False
        way = fit.trial.less(fit.at)
        # Not finite: so long a step that the loss overflowed.
        return not fit.descent.less(descent).times(way) <= (1 + ROUNDING) * self._curved(fit, way).times(way)

    def _curved(self, fit: StreamedFit, way: _Point) -> _Point:
        """Return the bound on the curvature times a way."""
        curvature_k1 = (fit.bound * self._basis.squared_k + fit.penalty)[:, None]
        return _Point(curvature_k1 * way.theta_kK, fit.bound * len(self._design) * way.intercept_K)

    def _step(self, fit: StreamedFit, descent: _Point) -> _Point:
        """Return the way to the minimum of the bound."""
        curvature_k1 = (fit.bound * self._basis.squared_k + fit.penalty)[:, None]
        return _Point(descent.theta_kK / curvature_k1, descent.intercept_K / (fit.bound * len(self._design)))

    def _moved(self, step: _Point) -> float:
        """Return by how much a step moves linear predictors: the root of the mean square over samples."""
        square_K = (self._basis.squared_k @ step.theta_kK**2) / len(self._design) + step.intercept_K**2
        return float(np.sqrt(square_K.max(initial=0.0)))

    def _descents(self, fits: Sequence[StreamedFit]) -> list[_Point]:
        """Return minus the gradients at the trials: one pass, or two where a residual depends on other samples."""
        coefficients_JMK = np.stack([self._basis.vectors_Jk @ fit.trial.theta_kK for fit in fits], axis=1)
        level_MK = np.stack([fit.trial.intercept_K for fit in fits])
        level_MK = level_MK - np.einsum("j,jmk->mk", self._basis.mean_J, coefficients_JMK)
        flat_JM = coefficients_JMK.reshape(len(coefficients_JMK), -1)

        def predicted(chunk_BJ: Float) -> Float:
            return np.asarray((chunk_BJ @ flat_JM).reshape(-1, *level_MK.shape) + level_MK)

        gradient_JM, error_MK = np.zeros_like(flat_JM), np.zeros_like(level_MK)
        is_separable = self._family_F[0].has_intercept
        error_BMK = np.zeros((0, *level_MK.shape))
        if not is_separable:
            error_BMK = np.concatenate([predicted(chunk_BJ) for _, chunk_BJ in self._design.chunks()])
            self._to_residuals(error_BMK, fits, slice(0, len(self._design)))
        for rows, chunk_BJ in self._design.chunks():
            if is_separable:
                error_CMK = predicted(chunk_BJ)
                self._to_residuals(error_CMK, fits, rows)
            else:
                error_CMK = error_BMK[rows]
            gradient_JM += chunk_BJ.T @ error_CMK.reshape(len(error_CMK), -1)
            error_MK += error_CMK.sum(axis=0)
        gradient_JMK = gradient_JM.reshape(coefficients_JMK.shape) - self._basis.mean_J[:, None, None] * error_MK
        return [
            _Point(
                self._basis.vectors_Jk.T @ gradient_JMK[:, m] - fit.penalty * fit.trial.theta_kK,
                error_MK[m] * is_separable,  # else there is no intercept
            )
            for m, fit in enumerate(fits)
        ]

    def _to_residuals(self, eta_CMK: Float, fits: Sequence[StreamedFit], rows: slice) -> None:
        """Put residuals in the place of the linear predictors of samples `rows`: 0 of those outside a fit's set."""
        is_all = rows.stop - rows.start == len(self._design)
        for m, fit in enumerate(fits):
            inside_C = self._inside_FB[fit.inside, rows]
            # The same object at every step: some families remember what they worked out of it.
            y_C = self._y_F[fit.inside] if is_all else self._y[rows][inside_C]
            residual_CK = self._family_F[fit.inside].residual(eta_CMK[inside_C, m], y_C)
            eta_CMK[:, m] = 0.0
            eta_CMK[inside_C, m] = residual_CK

    def solution(self, fit: StreamedFit) -> tuple[Float, Float]:
        """Return coefficients (J, K) of the design's columns as they are, and intercepts (K,).

        Without an intercept the design stays centred at its set's mean, where the predictor is 0 by convention.
        """
        end = fit.at or fit.reached
        coefficients_JK = self._basis.vectors_Jk @ end.theta_kK
        has_intercept = self._family_F[fit.inside].has_intercept
        mean_J = self._basis.mean_J if has_intercept else self._basis.mean_FJ[fit.inside]
        return coefficients_JK, end.intercept_K * has_intercept - mean_J @ coefficients_JK

    def predictors(self, fits: Sequence[StreamedFit]) -> Float:
        """Return (M, B, K) linear predictors of all samples by each fit."""
        solutions = [self.solution(fit) for fit in fits]
        flat_JM = np.concatenate([coefficients_JK for coefficients_JK, _ in solutions], axis=1)
        eta_BM = np.empty((len(self._design), flat_JM.shape[1]))
        for rows, chunk_BJ in self._design.chunks():
            eta_BM[rows] = chunk_BJ @ flat_JM
        eta_MBK = eta_BM.reshape(len(eta_BM), len(fits), -1).transpose(1, 0, 2)
        return eta_MBK + np.stack([intercept_K for _, intercept_K in solutions])[:, None]
