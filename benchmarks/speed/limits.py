"""How far a training step is from what the processor and its memory could do at best."""

from __future__ import annotations

import torch
from contenders import Size, hypomask_step
from timing import take_turns

__all__ = ["limits_table"]

SQUARE = 1024
COPIED = 1 << 26  # floats: far more than the caches hold
MATRICES = 8  # width x width, in a layer


def limits_table(rounds: int) -> list[str]:
    """Share of the arithmetic limit, from this machine's best product of matrices and its copying of memory."""
    a, b = torch.randn(SQUARE, SQUARE), torch.randn(SQUARE, SQUARE)
    source, target = torch.randn(COPIED), torch.empty(COPIED)
    calls = {"product": lambda: torch.mm(a, b), "copy": lambda: target.copy_(source)}
    found = take_turns(calls, rounds)
    per_second = SQUARE**3 / found["product"].median
    bytes_per_second = 2 * 4 * COPIED / found["copy"].median
    lines = [
        "## Distance from the machine's limits",
        "",
        f"One thread: {2e-9 * per_second:.0f} GFLOP/s in a product of {SQUARE} x {SQUARE} matrices, "
        f"{1e-9 * bytes_per_second:.1f} GB/s read and written in a copy. Floors of the step: the multiply-adds of its "
        "width x width products and of its edges, forward once and backward twice, at the speed of the large product; "
        "and states, queries, keys, values and what was heard of both layers written once and read once.",
        "",
        "| genes, batch | step | arithmetic floor | share of the limit | memory floor |",
        "|---|---|---|---|---|",
    ]
    for genes, batch in ((200, 64), (1000, 64), (2000, 64), (5000, 16)):
        size = Size(genes, 10, batch, 32, 2)
        step = take_turns({"step": hypomask_step(size)}, rounds)["step"]
        by_token = size.layers * (MATRICES * size.width**2 + 2 * (size.degree + 1) * size.width)
        arithmetic = 3 * genes * batch * by_token / per_second
        memory = 2 * 4 * genes * batch * size.width * 5 * size.layers / bytes_per_second
        lines.append(
            f"| {genes}, {batch} | {step} | {1e3 * arithmetic:.3g} ms | {arithmetic / step.median:.0%} | "
            f"{1e3 * memory:.3g} ms |"
        )
    return [*lines, ""]
