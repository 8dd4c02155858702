"""Ridge paths in closed form on a GPU, in float64: what `hypomask.training.penalised` does there.

On a processor the design is rotated once, and every penalty is cheap after that. A GPU is slow at eigenvalues and fast
at products and Cholesky factors, so here every penalty has a factor of its own.
"""

from __future__ import annotations

from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor

from hypomask.outcomes.family import Family, Float

__all__ = ["is_elsewhere", "ridge_path"]

FACTORS_AT_ONCE = 5e7  # values of the matrices that are factored at once, 400 MB


def is_elsewhere(x: Float | Tensor) -> TypeGuard[Tensor]:
    """Return whether an array is on a device of its own, and should stay there."""
    return isinstance(x, Tensor) and x.device.type != "cpu"


def ridge_path(
    x_BJ: Tensor, y: Float, offset_BK: Float, family: Family, penalties: Float, least_weight: float
) -> tuple[Float, Float]:
    """Return coefficients (P, J, K) and intercepts (P, K) of one Newton step from the offset; exact for squared errors.

    Parameters
    ----------
    x_BJ
        Design in float64, on the device that is to do the work.
    y, offset_BK
        Response in the family's coding, and known part of the linear predictor.
    penalties
        Relative to the total variance of the weighted design.
    least_weight
        Of a sample.
    """
    residual_BK, curvature_BK = family.residual(offset_BK, y), family.curvature(offset_BK, y)
    coefficients, intercepts = [], []
    for residual_B, curvature_B in zip(residual_BK.T, curvature_BK.T, strict=True):
        weight_B = np.maximum(curvature_B, least_weight)
        working_B = residual_B / weight_B
        level = np.average(working_B, weights=weight_B)
        response_B = np.sqrt(weight_B) * (working_B - level)
        w_B, r_B = (torch.from_numpy(np.ascontiguousarray(of_B)).to(x_BJ) for of_B in (weight_B, response_B))
        mean_J = (w_B @ x_BJ) / w_B.sum()
        found_PJ = _solutions(w_B.sqrt()[:, None] * (x_BJ - mean_J), r_B, torch.from_numpy(penalties).to(x_BJ))
        coefficients.append(found_PJ.cpu().numpy())
        intercepts.append((level - found_PJ @ mean_J).cpu().numpy())
    return np.stack(coefficients, axis=-1), np.stack(intercepts, axis=-1)


def _solutions(x_BJ: Tensor, y_B: Tensor, penalties_P: Tensor) -> Tensor:
    """Return (P, J) ridge coefficients of a centred design, by its smaller Gram matrix."""
    from_rows = x_BJ.shape[1] > x_BJ.shape[0]
    gram = x_BJ @ x_BJ.mT if from_rows else x_BJ.mT @ x_BJ
    right = y_B if from_rows else x_BJ.mT @ y_B
    size = len(gram)
    shift_P = (penalties_P * gram.diagonal().sum()).clamp(min=1e-12)
    found = []
    for part in torch.split(shift_P, max(1, int(FACTORS_AT_ONCE / max(size, 1) ** 2))):
        shifted = gram + part[:, None, None] * torch.eye(size, dtype=gram.dtype, device=gram.device)
        factor = torch.linalg.cholesky(shifted)
        found.append(torch.cholesky_solve(right.expand(len(part), -1)[:, :, None], factor)[:, :, 0])
    solution_P = torch.cat(found)
    return solution_P @ x_BJ if from_rows else solution_P
