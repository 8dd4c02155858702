"""Who may read whom in one layer, as compressed rows and their transpose: what kernels see of a `Mask`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

__all__ = ["EdgePattern"]


@dataclass(frozen=True, eq=False)
class EdgePattern:
    """Compressed rows of allowed (query, key) pairs; the diagonal is always among them, so no row is empty.

    Entries are ordered by (row, column); "entry e" below means the e-th of them.

    Parameters
    ----------
    n_tokens
        N; the pattern is (N, N).
    row_start
        (N + 1,) int32: entries of row i are ``row_start[i]`` up to ``row_start[i + 1]``.
    cols
        (E,) int32: the token that entry e reads.
    """

    n_tokens: int
    row_start: Tensor
    cols: Tensor

    @classmethod
    def from_csr(cls, allowed: sp.csr_array, device: torch.device) -> EdgePattern:
        """Build from a (N, N) SciPy pattern whose diagonal is set."""
        allowed = sp.csr_array(allowed)
        allowed.sort_indices()
        row_start = torch.as_tensor(allowed.indptr, dtype=torch.int32)
        cols = torch.as_tensor(allowed.indices, dtype=torch.int32)
        return cls(int(allowed.shape[0]), row_start.to(device), cols.to(device))

    @classmethod
    def full(cls, n_tokens: int, device: torch.device) -> EdgePattern:
        """Every token may read every token."""
        row_start = torch.arange(0, n_tokens * n_tokens + 1, n_tokens, dtype=torch.int32, device=device)
        return cls(n_tokens, row_start, torch.arange(n_tokens, dtype=torch.int32, device=device).repeat(n_tokens))

    @property
    def n_entries(self) -> int:
        """E: allowed pairs, diagonal included."""
        return len(self.cols)

    @property
    def is_full(self) -> bool:
        """Whether every pair is allowed."""
        return self.n_entries == self.n_tokens**2

    @cached_property
    def rows(self) -> Tensor:
        """(E,) int64: the token that receives by entry e."""
        tokens = torch.arange(self.n_tokens, device=self.cols.device)
        return torch.repeat_interleave(tokens, self.row_start.diff(), output_size=self.n_entries)

    @cached_property
    def flat(self) -> Tensor:
        """(E,) int64: place of entry e in a row-major (N, N) matrix."""
        return self.rows * self.n_tokens + self.cols

    @cached_property
    def by_key(self) -> Tensor:
        """(E,) int64: entries ordered by (column, row), as a pass that goes by key needs them."""
        return torch.argsort(self.cols, stable=True)

    @cached_property
    def transpose(self) -> EdgePattern:
        """The pattern by key: its entry e is entry ``by_key[e]`` of this one."""
        start = torch.zeros(self.n_tokens + 1, dtype=torch.int32, device=self.cols.device)
        start[1:] = torch.bincount(self.cols, minlength=self.n_tokens).cumsum(0)
        return EdgePattern(self.n_tokens, start, self.rows[self.by_key].to(torch.int32))

    def repeat(self, times: int) -> EdgePattern:
        """Return `times` copies along the diagonal: one pattern of ``times * N`` tokens that do not meet."""
        copies = torch.arange(times, dtype=torch.int32, device=self.cols.device)[:, None]
        row_start = torch.cat([self.row_start[:1], (copies * self.n_entries + self.row_start[1:]).flatten()])
        return EdgePattern(times * self.n_tokens, row_start, (copies * self.n_tokens + self.cols).flatten())

    @classmethod
    def side_by_side(cls, patterns: Sequence[EdgePattern]) -> EdgePattern:
        """Return several patterns along one diagonal: tokens, and entries, of each after those of the one before."""
        tokens = np.cumsum([0, *(pattern.n_tokens for pattern in patterns)])
        entries = np.cumsum([0, *(pattern.n_entries for pattern in patterns)])
        row_start = [pattern.row_start[1:] + int(first) for pattern, first in zip(patterns, entries[:-1], strict=True)]
        cols = [pattern.cols + int(first) for pattern, first in zip(patterns, tokens[:-1], strict=True)]
        return cls(int(tokens[-1]), torch.cat([patterns[0].row_start[:1], *row_start]), torch.cat(cols))

    def restrict(self, allowed_E: Tensor) -> EdgePattern:
        """Return the pattern of the entries where `allowed_E` (bool, diagonal included) is True."""
        start = torch.zeros_like(self.row_start)
        start[1:] = torch.bincount(self.rows[allowed_E], minlength=self.n_tokens).cumsum(0)
        return EdgePattern(self.n_tokens, start, self.cols[allowed_E])
