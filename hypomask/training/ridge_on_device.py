"""Ridge paths in closed form on a GPU, in float64: what `hypomask.training.penalised` does there.

On a processor the design is rotated once, and every penalty is cheap after that. A GPU is slow at eigenvalues and fast
at products and Cholesky factors, so here every penalty has a factor of its own. Small factors, of one path or of many,
are computed at the same time: one of them alone leaves a GPU idle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor

from hypomask.outcomes.family import Family, Float

__all__ = ["RidgeProblem", "is_elsewhere", "ridge_paths"]

FACTORS_AT_ONCE = 1e8  # values of the matrices that are factored at once, 0.8 GB
LARGEST_AT_ONCE = 768  # rows; larger ones keep a GPU busy one by one, for which its library is faster. A guess
LEAST_ALIKE = 0.8  # share of the rows of the largest of those at once that the smallest has: the rest is filled up

Found = tuple[Float, Float]


def is_elsewhere(x: Float | Tensor) -> TypeGuard[Tensor]:
    """Return whether an array is on a device of its own, and should stay there."""
    return isinstance(x, Tensor) and x.device.type != "cpu"


@dataclass(frozen=True, eq=False)
class RidgeProblem:
    """One Newton step from an offset, which is exact for squared errors, for every penalty.

    Parameters
    ----------
    design, shape
        What returns the design in float64, on the device that is to do the work, when it is its turn; and (B, J).
    y, offset_BK
        Response in the family's coding, and known part of the linear predictor.
    penalties
        Relative to the total variance of the weighted design.
    least_weight
        Of a sample.
    """

    design: Callable[[], Tensor]
    shape: tuple[int, int]
    y: Float
    offset_BK: Float
    family: Family
    penalties: Float
    least_weight: float

    @property
    def n_rows(self) -> int:
        """Rows of the smaller Gram matrix."""
        return min(self.shape)

    @property
    def n_factors(self) -> int:
        """Matrices to be factored."""
        return len(self.penalties) * int(self.offset_BK.shape[1])

    def systems(self) -> list[_System]:
        """Return linear systems, one for each output."""
        x_BJ, residual_BK = self.design(), self.family.residual(self.offset_BK, self.y)
        weight_BK = np.maximum(self.family.curvature(self.offset_BK, self.y), self.least_weight)
        by_output = zip(residual_BK.T, weight_BK.T, strict=True)
        return [_System(x_BJ, residual_B, weight_B, self.penalties) for residual_B, weight_B in by_output]


class _System:
    """Weighted least squares on one working response, as the smaller of its two systems of equations."""

    def __init__(self, x_BJ: Tensor, residual_B: Float, weight_B: Float, penalties: Float) -> None:
        working_B = residual_B / weight_B
        self._level = float(np.average(working_B, weights=weight_B))
        response_B = np.sqrt(weight_B) * (working_B - self._level)
        w_B, y_B = (torch.from_numpy(np.ascontiguousarray(of_B)).to(x_BJ) for of_B in (weight_B, response_B))
        self._mean_J = (w_B @ x_BJ) / w_B.sum()
        self._x_BJ = w_B.sqrt()[:, None] * (x_BJ - self._mean_J)
        self._from_rows = x_BJ.shape[1] > x_BJ.shape[0]
        self.gram_SS = self._x_BJ @ self._x_BJ.mT if self._from_rows else self._x_BJ.mT @ self._x_BJ
        self.right_S = y_B if self._from_rows else self._x_BJ.mT @ y_B
        self.shift_P = (torch.from_numpy(penalties).to(x_BJ) * self.gram_SS.diagonal().sum()).clamp(min=1e-12)

    def found(self, solution_PS: Tensor) -> Found:
        """Return coefficients (P, J) and intercepts (P,) of solutions, which may be filled up."""
        solution_PS = solution_PS[:, : len(self.right_S)]
        coefficients_PJ = solution_PS @ self._x_BJ if self._from_rows else solution_PS
        return coefficients_PJ.cpu().numpy(), (self._level - coefficients_PJ @ self._mean_J).cpu().numpy()


def ridge_paths(problems: Sequence[RidgeProblem]) -> list[Found]:
    """Return for each problem coefficients (P, J, K) and intercepts (P, K)."""
    found: dict[int, Found] = {}
    for numbers in _at_once(problems):
        systems = {number: problems[number].systems() for number in numbers}
        solutions = iter(_solutions([system for of_one in systems.values() for system in of_one]))
        for number, of_one in systems.items():
            coefficients, intercepts = zip(*(system.found(next(solutions)) for system in of_one), strict=True)
            found[number] = (np.stack(coefficients, axis=-1), np.stack(intercepts, axis=-1))
    return [found[number] for number in range(len(problems))]


def _at_once(problems: Sequence[RidgeProblem]) -> Iterator[list[int]]:
    """Yield positions of problems that are solved together: of about the same size, and not too many."""
    some: list[int] = []
    n_factors = 0
    for number in sorted(range(len(problems)), key=lambda number: -problems[number].n_rows):
        problem = problems[number]
        if some:
            rows = problems[some[0]].n_rows
            full = rows**2 * (n_factors + problem.n_factors) > FACTORS_AT_ONCE
            if full or rows > LARGEST_AT_ONCE or problem.n_rows < LEAST_ALIKE * rows:
                yield some
                some, n_factors = [], 0
        some.append(number)
        n_factors += problem.n_factors
    if some:
        yield some


def _solutions(systems: Sequence[_System]) -> list[Tensor]:
    """Return (P, S) for each system; smaller ones are filled up with zeros, which have no part in the rest."""
    size = max(len(system.gram_SS) for system in systems)
    if size > LARGEST_AT_ONCE:
        return [torch.cat([_solved(s.gram_SS[None], s.right_S[None], shift) for shift in s.shift_P]) for s in systems]
    first = systems[0].gram_SS
    gram_MSS, right_MS = first.new_zeros(len(systems), size, size), first.new_zeros(len(systems), size)
    for m, system in enumerate(systems):
        n = len(system.gram_SS)
        gram_MSS[m, :n, :n], right_MS[m, :n] = system.gram_SS, system.right_S
    n_penalties = [len(system.shift_P) for system in systems]
    of_system = np.repeat(np.arange(len(systems)), n_penalties)
    shift_T = torch.cat([system.shift_P for system in systems])
    found = []
    at_once = max(1, int(FACTORS_AT_ONCE / max(size, 1) ** 2))
    for start in range(0, len(of_system), at_once):
        rows = torch.from_numpy(of_system[start : start + at_once]).to(first.device)
        found.append(_solved(gram_MSS[rows], right_MS[rows], shift_T[start : start + at_once, None, None]))
    return list(torch.split(torch.cat(found), n_penalties))


def _solved(gram_TSS: Tensor, right_TS: Tensor, shift: Tensor) -> Tensor:
    """Return (T, S): solutions with `shift` added to the diagonals."""
    unit_SS = torch.eye(gram_TSS.shape[-1], dtype=gram_TSS.dtype, device=gram_TSS.device)
    factor_TSS = torch.linalg.cholesky(gram_TSS + shift * unit_SS)
    return torch.cholesky_solve(right_TS[:, :, None], factor_TSS)[:, :, 0]
