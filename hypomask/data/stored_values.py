"""Numbers of a table that stay in their file and are read some samples at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["CHUNK_VALUES", "Chunk", "StoredValues", "at_once", "chunks_of"]

CHUNK_VALUES = 8_000_000
"""Values read at once: 32 MB as float32. What is worked out of a chunk takes several times as much for a moment."""

Chunk = tuple[int, npt.NDArray[np.float32]]
"""The position of the first sample, and (b, G) values of it and those after it."""


class StoredValues(Protocol):
    """The (R, C) numbers of one table; NaN where missing. May be gone through any number of times."""

    def by_sample(self, *, samples_in_rows: bool) -> Iterator[Chunk]:
        """Yield all samples in the order of the file, in chunks of about `CHUNK_VALUES`.

        Raises
        ------
        DataError
            The file cannot be read to its end.
        """


def at_once(values_each: int) -> int:
    """Return how many samples of so many values make a chunk; at least one."""
    return max(1, CHUNK_VALUES // max(values_each, 1))


def chunks_of(values_BG: npt.NDArray[np.float32]) -> Iterator[Chunk]:
    """Yield the chunks of an array that is in memory, as views."""
    step = at_once(values_BG.shape[1])
    for first in range(0, len(values_BG), step):
        yield first, values_BG[first : first + step]
