"""Which back end is fastest for a pattern, as measured by ``benchmarks/attention_crossover.py``.

All figures: forward and backward in float32 on one x86-64 thread with AVX-512, heads of 8.
"""

from __future__ import annotations

import torch

from hypomask.model.attention.registry import BACK_ENDS
from hypomask.model.compiled import library

__all__ = ["choose_back_end"]

# The compiled kernel treats up to 16 samples for the price of one: with 1, 4 and 8 of them at 100 tokens and density
# 0.05 a step takes 0.8, 0.8 and 0.9 ms, the dense back end 0.9, 1.7 and 2.4 ms.
COMPILED_MIN_BATCH = 8

# Where nearly all pairs are allowed, large products beat going along edges: at density 1 compiled against dense takes
# 6 / 15 ms at 100 tokens (B=64), 121 / 125 at 600 and 412 / 339 at 1,000 (B=32); at density 0.5 it is 202 / 335.
COMPILED_MAX_DENSITY = 0.8
COMPILED_ANY_DENSITY_TOKENS = 500

# Without the compiled kernel, at B=64 and density 0.2 sparse against dense takes 2.1 / 3.1 ms at 50 tokens, 6.4 / 9.1
# at 100, 127 / 137 at 500; at density 0.3 dense wins from 200 tokens on (heads of 16 and 32: from 0.15).
SPARSE_MAX_DENSITY = 0.2

# The sparse back end calls more and smaller operations. With fewer pairs in a batch than this they cost more than
# they save: 0.46 against 0.33 ms at 1 x 100**2 pairs, 0.60 against 0.68 at 4 x 100**2, whatever the density.
SPARSE_MIN_PAIRS = 30_000

# On a GPU nothing has been measured yet. Triton's kernels read a key once per edge where dense products read blocks of
# keys from fast memory, so fuller masks are left to those, unless they are of few tokens: those cost little either way,
# and only what goes along edges can be stacked, which is worth more. The bounds are guesses.
GPU_TRITON_MAX_DENSITY = 0.2
GPU_TRITON_ANY_DENSITY_TOKENS = 256

# Without Triton: cuSPARSE gains little on small matrices, but above this many tokens sparse masks must not become
# N x N, whatever the speed: at 5,000 tokens a float32 mask takes 100 MB per head.
GPU_SPARSE_MIN_TOKENS = 5_000


def choose_back_end(n_tokens: int, density: float, batch: int, device: torch.device) -> str:
    """Return the name of the back end to use, a key of `BACK_ENDS`.

    Parameters
    ----------
    density
        Share of all (query, key) pairs that are allowed, diagonal included, averaged over heads.
    batch
        Samples per step.
    """
    if device.type == "cpu" and library.unavailable() is None and batch >= COMPILED_MIN_BATCH:
        nearly_full = density > COMPILED_MAX_DENSITY and n_tokens > COMPILED_ANY_DENSITY_TOKENS
        return "dense" if nearly_full else "compiled"
    along_edges = density <= GPU_TRITON_MAX_DENSITY or n_tokens <= GPU_TRITON_ANY_DENSITY_TOKENS
    if device.type == "cuda" and along_edges and BACK_ENDS["triton"].unavailable(device) is None:
        return "triton"
    if density > SPARSE_MAX_DENSITY:
        return "dense"
    if device.type == "cpu":
        return "sparse" if batch * n_tokens**2 >= SPARSE_MIN_PAIRS else "dense"
    return "sparse" if device.type == "cuda" and n_tokens > GPU_SPARSE_MIN_TOKENS else "dense"
