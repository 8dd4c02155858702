"""One layer of attention, forward and backward: by every back end, and Triton's kernels in other shapes."""

from __future__ import annotations

import torch
from bench import HEADS, Bench, Call, shown, table
from contenders import random_mask

from hypomask.model.attention import BACK_ENDS, attend, build_layout, triton

__all__ = ["attention_tables"]

WIDEST_DENSE = 2000  # genes up to which dense attention of this batch is tried
SHAPES = ((16, 8), (32, 4), (32, 8), (32, 16), (64, 8))  # samples per program, values per thread


def attention_tables(bench: Bench) -> list[str]:
    names = [name for name, back_end in BACK_ENDS.items() if back_end.unavailable(bench.device) is None]
    rows = []
    for genes, _ in bench.sizes:
        if bench.left <= 0:
            break
        able = [name for name in names if name != "dense" or genes <= WIDEST_DENSE]
        found = bench.take_turns({name: layer(bench, genes, name) for name in able})
        rows.append([str(genes), *(shown(found.get(name)) for name in names)])
    lines = table("Attention alone, forward and backward", f"Batch {bench.batch}.", ["genes", *names], rows)
    return lines + (shapes_table(bench) if "triton" in names else [])


def shapes_table(bench: Bench) -> list[str]:
    rows = []
    for genes, _ in bench.sizes:
        if bench.left <= 0:
            break
        calls = {str(shape): in_shape(layer(bench, genes, "triton"), shape) for shape in SHAPES}
        found = bench.take_turns(calls)
        rows.append([str(genes), *(shown(found.get(str(shape))) for shape in SHAPES)])
    used = (triton.SAMPLES_PER_PROGRAM, triton.VALUES_PER_THREAD)
    note = f"Samples per program, values per thread; {used} is what is used."
    return table("Triton's kernels in other shapes", note, ["genes", *map(str, SHAPES)], rows)


def in_shape(call: Call, shape: tuple[int, int]) -> Call:
    def shaped() -> None:
        used = triton.SAMPLES_PER_PROGRAM, triton.VALUES_PER_THREAD
        triton.SAMPLES_PER_PROGRAM, triton.VALUES_PER_THREAD = shape
        try:
            call()
        finally:
            triton.SAMPLES_PER_PROGRAM, triton.VALUES_PER_THREAD = used

    return shaped


def layer(bench: Bench, genes: int, back_end: str) -> Call:
    mask = random_mask(genes, bench.degree, seed=0)
    (layout,) = build_layout(mask, n_layers=1, n_heads=HEADS, back_end=back_end, device=bench.device)
    shape = (bench.batch, genes, HEADS, bench.width // HEADS)
    inputs = [torch.randn(shape, device=bench.device, requires_grad=True) for _ in range(4)]

    def call() -> None:
        q_BHND, k_BHND, v_BHND, grad_BHND = (x.transpose(1, 2) for x in inputs)
        out_BHND = attend(q_BHND, k_BHND, v_BHND, layout, own_value=False)
        torch.autograd.grad(out_BHND, inputs[:3], grad_BHND.detach())

    return call
