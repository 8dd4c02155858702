"""Ridge-penalised generalised linear models over a whole path of penalties, in the basis where they are cheap.

The design is rotated once into orthogonal columns (by the smaller of its two Gram matrices), after which every penalty
of the path costs O(n k): closed form for the squared error, iterations of `likelihood_path` for every other loss.

References
----------
Hastie & Tibshirani 2004 (10.1093/biostatistics/kxh010), the rotation for p > n.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from hypomask.outcomes.family import Family, Float
from hypomask.training.likelihood_path import LikelihoodPath
from hypomask.training.ridge_on_device import RidgeProblem, is_elsewhere, ridge_paths

__all__ = ["LEAST_WEIGHT", "PENALTIES", "RidgePath", "Rotation", "has_closed_form", "penalised_path"]

# Relative to n times the total variance of the design: from "no penalty to speak of" to "nothing but the intercept".
PENALTIES: Float = np.logspace(1.0, -4.0, 11)

ONE_STEP_FROM = 160  # columns; below it the whole path costs next to nothing
LEAST_WEIGHT = 1e-3  # of a sample in one step


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

    def predict(self, x_new: Float | Tensor, offset_new: Float | None = None) -> Float:
        """Return (P, B_new, K) linear predictors of new rows, offset included."""
        if is_elsewhere(x_new):
            coefficients_PJK = torch.from_numpy(self.coefficients_PJK).to(x_new)
            eta_PBK = torch.einsum("bj,pjk->pbk", x_new, coefficients_PJK).cpu().numpy()
        else:
            eta_PBK = np.einsum("bj,pjk->pbk", np.asarray(x_new), self.coefficients_PJK, optimize=True)
        eta_PBK = eta_PBK + self.intercept_PK[:, None]
        return np.asarray(eta_PBK if offset_new is None else eta_PBK + offset_new, dtype=np.float64)


def penalised_path(
    x: Float | Tensor,
    y: Float,
    *,
    family: Family,
    offset: Float | None = None,
    penalties: Float = PENALTIES,
    one_step: bool = False,
) -> RidgePath:
    """Fit a ridge-penalised GLM, with unpenalised intercept where the family has one, for every penalty.

    Parameters
    ----------
    x
        (B, J) design on a common scale; columns are centred first. A column's scale is its prior: a column multiplied
        by 3 is penalised 9 times less. A tensor (float64) on a GPU is worked on there where there is a closed form.
    y
        (B,) response in the family's coding.
    offset
        (B, K) known part of the linear predictor.
    penalties
        Relative penalties; the absolute one is `penalty * B * total variance of the columns`.
    one_step
        For log losses with many columns: one Newton step from the offset, closed form for the whole path. Meant as a
        start for further training.
    """
    known = np.zeros((len(x), family.n_outputs)) if offset is None else offset
    if is_elsewhere(x) and has_closed_form(family, *x.shape, one_step=one_step):
        there = x
        problem = RidgeProblem(lambda: there, (len(x), x.shape[1]), y, known, family, penalties, LEAST_WEIGHT)
        return RidgePath(penalties, *ridge_paths([problem])[0])
    if isinstance(x, Tensor):
        x = x.numpy(force=True)
    if not family.is_quadratic and has_closed_form(family, *x.shape, one_step=one_step):
        return _one_step_path(x, y, known, family, penalties)
    mean = x.mean(axis=0)
    rotation = Rotation(x - mean)
    fit: _GaussianPath | LikelihoodPath
    if family.is_quadratic:
        fit = _GaussianPath(rotation, y[:, None] - known)
    else:
        fit = LikelihoodPath(rotation.z, rotation.squared, y, known, family)
    scale = float(rotation.squared.sum())
    coefficients, intercepts = [], []
    for penalty in penalties:
        rotated, intercept = fit.solve(max(float(penalty) * scale, 1e-12))
        coefficients.append(rotation.back(rotated))
        # Without an intercept the design stays centred at the training mean, where the predictor is 0 by convention.
        intercepts.append(intercept - mean @ coefficients[-1])
    return RidgePath(np.asarray(penalties, dtype=np.float64), np.stack(coefficients), np.stack(intercepts))


def has_closed_form(family: Family, n: int, n_columns: int, *, one_step: bool) -> bool:
    """Return whether the path of a design (n, n_columns) takes no iterations."""
    return family.is_quadratic or (one_step and min(n, n_columns) >= ONE_STEP_FROM)


def _one_step_path(x: Float, y: Float, offset: Float, family: Family, penalties: Float) -> RidgePath:
    """Weighted least squares on the working response at the offset, output by output."""
    residual, curvature = family.residual(offset, y), family.curvature(offset, y)
    n_columns, n_outputs = x.shape[1], family.n_outputs
    coefficients = np.zeros((len(penalties), n_columns, n_outputs))
    intercepts = np.zeros((len(penalties), n_outputs))
    for k in range(n_outputs):
        weight = np.maximum(curvature[:, k], LEAST_WEIGHT)
        working = residual[:, k] / weight
        root = np.sqrt(weight)[:, None]
        mean, level = np.average(x, axis=0, weights=weight), float(np.average(working, weights=weight))
        rotation = Rotation(root * (x - mean))
        fit = _GaussianPath(rotation, root * (working - level)[:, None], centred=True)
        scale = float(rotation.squared.sum())
        for i, penalty in enumerate(penalties):
            coefficients[i, :, k] = rotation.back(fit.solve(max(float(penalty) * scale, 1e-12))[0])[:, 0]
            intercepts[i, k] = level - mean @ coefficients[i, :, k]
    return RidgePath(np.asarray(penalties, dtype=np.float64), coefficients, intercepts)


class Rotation:
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

    def __init__(self, rotation: Rotation, response: Float, *, centred: bool = False) -> None:
        self._intercept = np.zeros(response.shape[1]) if centred else response.mean(axis=0)
        self._squared = rotation.squared
        self._inner = rotation.inner(response - self._intercept)

    def solve(self, penalty: float) -> tuple[Float, Float]:
        return self._inner / (self._squared + penalty)[:, None], self._intercept
