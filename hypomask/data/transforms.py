"""Measurements on the scale on which they are modelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hypomask.data.tables import Findings
from hypomask.errors import Problem

__all__ = ["TRANSFORMS", "Transform", "Transformer", "transformed"]

Transform = Literal["none", "log", "log1p"]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)

LEAST: dict[str, float] = {"log": 0.0, "log1p": -1.0}
MAX_SHOWN = 10


class Transformer:
    """Takes the logarithm of measurements, or that of one more, some samples at a time; NaN stays NaN.

    Values that have no logarithm become problems, by sample and gene.

    Parameters
    ----------
    samples, genes
        Names of all samples, and of the genes in the order in which their values come.
    """

    def __init__(self, transform: Transform, samples: Sequence[str], genes: Sequence[str], findings: Findings) -> None:
        self._transform, self._samples, self._genes, self._findings = transform, samples, genes, findings
        self._n_wrong = 0

    def apply(self, samples: npt.NDArray[np.int64], values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the values (b, G) or (b, G, C) of some samples, given by position, transformed."""
        transform = self._transform
        if transform == "none":
            return values
        wrong = np.argwhere(values <= LEAST[transform])
        for b, g, *c in wrong[: max(MAX_SHOWN - self._n_wrong, 0)].tolist():
            found = values[b, g, *c]
            self._findings.problems.append(
                Problem(
                    f"transform {transform}: gene {self._genes[g]!r} of sample {self._samples[samples[b]]!r} is "
                    f"{found:g}, expected a number above {LEAST[transform]:g}; leave the cell of a missing value "
                    "empty, or use another transform"
                )
            )
        self._n_wrong += len(wrong)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(values) if transform == "log" else np.log1p(values)

    def finish(self) -> None:
        """Say how many values were wrong where not all were named."""
        if self._n_wrong > MAX_SHOWN:
            least = LEAST[self._transform]
            self._findings.problems.append(
                Problem(f"transform {self._transform}: {self._n_wrong} values are not above {least:g}")
            )


def transformed(
    values_BGC: npt.NDArray[np.float32],
    transform: Transform,
    samples: Sequence[str],
    genes: Sequence[str],
    findings: Findings,
) -> npt.NDArray[np.float32]:
    """Return all measurements (B, G, C) transformed; see `Transformer`."""
    transformer = Transformer(transform, samples, genes, findings)
    result_BGC = transformer.apply(np.arange(len(values_BGC)), values_BGC)
    transformer.finish()
    return result_BGC
