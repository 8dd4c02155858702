"""Tables of training steps and of the attention operator alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from contenders import HEADS, Size, Step, encoder_step, graph_step, hypomask_step
from timing import take_turns, with_ratios

from hypomask.model.attention import BACK_ENDS, attend, build_layout

__all__ = ["dropout_table", "models_table", "operator_table", "step_table", "without_compiler_table"]

WANTED = ("3.5x / 5x", "7x / 10x", "12x / 17x", "25x / 35x")
WITHOUT_COMPILER = ("1.3x", "3x", "5.5x")
N_MODELS = 16
OPERATORS = ((100, 5, 64), (200, 10, 64), (500, 20, 64), (1000, 10, 64), (2000, 20, 64), (5000, 10, 32))


def sizes() -> tuple[Size, ...]:
    return tuple(Size(genes, 10, batch, 32, 2) for genes, batch in ((200, 64), (1000, 64), (2000, 64), (5000, 16)))


def step_table(rounds: int) -> list[str]:
    """Whole training steps against torch's encoder, our blocks on SDPA, and graph convolutions."""
    lines = [
        "## Training step: two layers, width 32, degree 10, dropout 0 in all",
        "",
        "In brackets: how many times as fast as nn.TransformerEncoder with its usual feed-forward part (4 x width).",
        "",
        "| genes, batch | wanted / hoped for | nn.TransformerEncoder | hypomask | nn.TransformerEncoder, feed-forward "
        "1 x width | hypomask's blocks on SDPA | PyG TransformerConv |",
        "|---|---|---|---|---|---|---|",
    ]
    for size, wanted in zip(sizes(), WANTED, strict=True):
        contenders: dict[str, Step | None] = {
            "encoder": encoder_step(size),
            "hypomask": hypomask_step(size),
            "slim": encoder_step(size, feedforward=size.width),
            "sdpa": hypomask_step(size, "dense"),
            "graph": graph_step(size),
        }
        found = take_turns({name: step for name, step in contenders.items() if step}, rounds)
        missing = "" if contenders["graph"] else " not installed |"
        lines.append(f"| {size.genes}, {size.batch} | {wanted} | {with_ratios(found, 'encoder')} |{missing}")
    return [*lines, ""]


def dropout_table(rounds: int) -> list[str]:
    """The same with dropout, which sends torch's encoder off its fast path."""
    size = Size(1000, 10, 64, 32, 2)
    calls = {"encoder": encoder_step(size, dropout=0.1), "hypomask": hypomask_step(size, dropout=0.1)}
    cells = with_ratios(take_turns(calls, rounds), "encoder")
    return [
        "With dropout 0.1 in both:",
        "",
        "| genes, batch | nn.TransformerEncoder | hypomask |",
        "|---|---|---|",
        f"| 1000, 64 | {cells} |",
        "",
    ]


def without_compiler_table(rounds: int) -> list[str]:
    """The same where the kernel was not compiled."""
    lines = ["## The same without the compiled kernel", ""]
    lines += ["| genes, batch | wanted | nn.TransformerEncoder | hypomask |", "|---|---|---|---|"]
    for size, wanted in zip(sizes(), WITHOUT_COMPILER, strict=False):
        calls = {"encoder": encoder_step(size), "hypomask": hypomask_step(size, "sparse")}
        cells = with_ratios(take_turns(calls, rounds), "encoder")
        lines.append(f"| {size.genes}, {size.batch} | {wanted} | {cells} |")
    return [*lines, ""]


def models_table(rounds: int) -> list[str]:
    """Many small models, one after the other in one process, as a worker trains them."""

    def of_all(make: Callable[[Size], Step]) -> Step:
        steps = [make(Size(100, 10, 64, 16, 1, seed)) for seed in range(N_MODELS)]

        def step() -> None:
            for one in steps:
                one()

        return step

    found = take_turns({"encoder": of_all(encoder_step), "hypomask": of_all(hypomask_step)}, rounds)
    return [
        f"## {N_MODELS} models: 100 genes, width 16, one layer, degree 10, batch 64; a step of each",
        "",
        "| wanted / hoped for | nn.TransformerEncoder | hypomask |",
        "|---|---|---|",
        f"| 5x / 8x | {with_ratios(found, 'encoder')} |",
        "",
    ]


def operator_table(rounds: int) -> list[str]:
    """One attention layer, forward and backward, by back end."""
    device = torch.device("cpu")
    names = ["dense", *(n for n, b in BACK_ENDS.items() if n != "dense" and b.unavailable(device) is None)]
    lines = [
        "## The attention operator alone: forward and backward, two heads of 16",
        "",
        f"| genes, degree, batch | {' | '.join(names)} |",
        "|---" * (len(names) + 1) + "|",
    ]
    for genes, degree, batch in OPERATORS:
        size = Size(genes, degree, batch, 16 * HEADS, 1)
        found = take_turns({name: _attention(size, name) for name in names}, rounds)
        lines.append(f"| {genes}, {degree}, {batch} | {with_ratios(found, 'dense')} |")
    return [*lines, ""]


def _attention(size: Size, back_end: str) -> Callable[[], object]:
    (layout,) = build_layout(size.mask, n_layers=1, n_heads=HEADS, back_end=back_end, batch=size.batch)
    shape = (size.batch, size.genes, HEADS, size.width // HEADS)
    generator = torch.Generator().manual_seed(0)
    # Stored (B, N, H, D) as a projection leaves them, so that turning them is part of what is timed.
    inputs = [torch.randn(shape, generator=generator, requires_grad=True) for _ in range(4)]

    def call() -> object:
        q_BHND, k_BHND, v_BHND, grad_BHND = (x.transpose(1, 2) for x in inputs)
        return torch.autograd.grad(attend(q_BHND, k_BHND, v_BHND, layout), inputs[:3], grad_BHND.detach())

    return call
