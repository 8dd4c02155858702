"""Measurements on the scale on which they are modelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hypomask.data.tables import Findings
from hypomask.errors import Problem

__all__ = ["TRANSFORMS", "Transform", "transformed"]

Transform = Literal["none", "log", "log1p"]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)

LEAST: dict[str, float] = {"log": 0.0, "log1p": -1.0}
MAX_SHOWN = 10


def transformed(
    values_BGC: npt.NDArray[np.float32],
    transform: Transform,
    samples: Sequence[str],
    genes: Sequence[str],
    findings: Findings,
) -> npt.NDArray[np.float32]:
    """Return the measurements (B, G, C) with their logarithm taken, or that of one more; NaN stays NaN.

    Values that have no logarithm become problems, by sample and gene.
    """
    if transform == "none":
        return values_BGC
    least = LEAST[transform]
    wrong = np.argwhere(values_BGC <= least)
    for b, g, c in wrong[:MAX_SHOWN].tolist():
        findings.problems.append(
            Problem(
                f"transform {transform}: gene {genes[g]!r} of sample {samples[b]!r} is {values_BGC[b, g, c]:g}, "
                f"expected a number above {least:g}; leave the cell of a missing value empty, or use another transform"
            )
        )
    if len(wrong) > MAX_SHOWN:
        findings.problems.append(Problem(f"transform {transform}: {len(wrong)} values are not above {least:g}"))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(values_BGC) if transform == "log" else np.log1p(values_BGC)
