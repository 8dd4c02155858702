"""Hashes of samples' measurements: which are the same, and whether a cohort is the one that a run was made from."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

__all__ = ["WORDS", "codes_of_digests", "digest_rows", "row_digests"]

WORDS = 2  # of 8 bytes: two different rows of a million share a digest with a chance of 1e-27


def digest_rows(values_BG: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """Return (B, 2): a hash of the values of one channel by sample.

    Missing values are equal to one another, and -0.0 equals 0.0.
    """
    digests_BH = np.empty((len(values_BG), WORDS), np.uint64)
    for i, values in enumerate(values_BG):
        row = values + np.float32(0.0)  # -0.0 + 0.0 is 0.0
        row[np.isnan(row)] = np.nan  # one bit pattern for every NaN
        digests_BH[i] = np.frombuffer(hashlib.blake2b(row, digest_size=8 * WORDS).digest(), np.uint64)
    return digests_BH


def row_digests(values_BGC: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """Return (B, C, 2): a hash of the values of every sample in every channel."""
    digests_BCH = np.empty((len(values_BGC), values_BGC.shape[2], WORDS), np.uint64)
    for channel in range(values_BGC.shape[2]):
        digests_BCH[:, channel] = digest_rows(values_BGC[:, :, channel])
    return digests_BCH


def codes_of_digests(digests_BCH: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return (B,) int64: a code per distinct row, in order of first appearance."""
    codes: dict[bytes, int] = {}
    return np.array([codes.setdefault(digest.tobytes(), len(codes)) for digest in digests_BCH], dtype=np.int64)
