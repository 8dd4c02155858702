"""A training step of many models: loops of `nn.TransformerEncoder`, a loop of our models, our models in a stack."""

from __future__ import annotations

import os
import statistics

import numpy as np
import torch
from bench import HEADS, Bench, Call, shown, table
from contenders import Encoder, Size, random_mask
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hypomask.model.attention import build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.classes import Binary
from hypomask.training.config import TrainingConfig
from hypomask.training.cuda_graph import FORBIDDEN_BY
from hypomask.training.fine_tuning import Samples
from hypomask.training.stacked_models import StackedModels
from hypomask.training.tuning import Tuning

__all__ = ["steps_table"]

STEPS = 8  # of an epoch
MANY = 10**6  # steps in view, so that a capture pays
MATRICES = 8  # width x width, in a layer of hypomask
STATES_OF_ATTENTION = 16  # (batch, genes, width) tensors that Triton's kernels read or write in a layer, at the least
LOOPS = {"eager": (False, False), "bf16": (False, True)}
COMPILED = {"compiled": (True, False), "compiled, bf16": (True, True)}
WIDEST_DENSE, WIDEST_COMPILED = 2000, 1000  # genes up to which loops are tried
SECONDS_TO_COMPILE = 90.0


class Moved(TorchDispatchMode):
    """Adds up the bytes that operations read and write; views and empty tensors are free."""

    bytes_moved = 0

    def __torch_dispatch__(self, function: object, types: object, arguments: tuple = (), named: dict | None = None):
        out = function(*arguments, **(named or {}))
        is_view = any(
            value.alias_info is not None and not value.alias_info.is_write for value in function._schema.returns
        )
        if not is_view and "empty" not in str(function) and "_unsafe_view" not in str(function):
            tensors = {
                id(leaf): leaf for leaf in tree_leaves((arguments, named, out)) if isinstance(leaf, torch.Tensor)
            }
            strided = [tensor for tensor in tensors.values() if tensor.layout == torch.strided]
            self.bytes_moved += sum(tensor.numel() * tensor.element_size() for tensor in strided)
        return out


def tunings(bench: Bench, genes: int, n_models: int) -> list[Tuning]:
    """Models of different masks, each with batches of its own."""
    n_samples = STEPS * bench.batch
    generator = torch.Generator().manual_seed(0)
    samples = Samples(
        torch.randn(n_samples, genes, 1, generator=generator).to(bench.device),
        torch.zeros(n_samples, 1, device=bench.device),
        (torch.rand(n_samples, generator=generator) > 0.5).float().to(bench.device),
    )
    config = ModelConfig(width=bench.width, heads=HEADS, layers=bench.layers)
    training = TrainingConfig(epochs=1, batch_size=bench.batch)
    back_end = "auto" if bench.is_gpu else "sparse"
    made = []
    for m in range(n_models):
        mask = random_mask(genes, bench.degree, seed=m)
        layouts = build_layout(
            mask, n_layers=bench.layers, n_heads=HEADS, back_end=back_end, device=bench.device, batch=bench.batch
        )
        model = MaskedGeneTransformer(genes, 0, 1, 1, config, torch.Generator().manual_seed(m)).to(bench.device)
        made.append(Tuning(model, layouts, samples, np.arange(n_samples), None, Binary(), training, seed=m, epochs=1))
    return made


def encoder_step(bench: Bench, genes: int, *, compiled: bool, bf16: bool) -> Call:
    """A step of `nn.TransformerEncoder` with a boolean mask and fused AdamW."""
    size = Size(genes, bench.degree, bench.batch, bench.width, bench.layers)
    model = Encoder(size, 4 * bench.width, 0.0).to(bench.device)
    blocked_GG = torch.from_numpy(~(size.mask.csr().toarray() > 0)).fill_diagonal_(False).to(bench.device)
    x_BG, y_B = size.x_BG.to(bench.device), size.y_B.to(bench.device)
    forward = torch.compile(model) if compiled else model
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(bench.device.type, torch.bfloat16, enabled=bf16):
            eta_B = forward(x_BG, blocked_GG)
        binary_cross_entropy_with_logits(eta_B.float(), y_B).backward()
        optimiser.step()

    return step


def epoch(members: list[Tuning], *, graph: bool) -> tuple[Call, StackedModels]:
    """An epoch of a stack, as single launches or as replays of a CUDA graph."""
    os.environ[FORBIDDEN_BY] = "1" if graph else "0"
    models = StackedModels(members, MANY)
    orders = [np.random.default_rng(row).permutation(member.inside) for row, member in enumerate(members)]
    return lambda: models.train(orders, [1e-3] * STEPS), models


def steps_table(bench: Bench, multiply_adds: float, bandwidth: float) -> list[str]:
    loops = LOOPS | (COMPILED if bench.compile else {})
    ours = ("one by one", "stack", "stack, CUDA graph")
    head = [
        *("genes, models", *(f"loop, {name}" for name in loops), *(f"hypomask, {name}" for name in ours)),
        *("against the fastest loop", "share of arithmetic", "share of bandwidth", "device memory"),
    ]
    note = (
        "Loops: the step of one `nn.TransformerEncoder` times the number of models. Shares, of the faster stack: the "
        "time that its multiply-adds, or the bytes that its operations read and write, would take at the speeds above."
    )
    rows = []
    for genes, n_models in bench.sizes:
        if bench.left <= 0:
            break
        rows.append(steps_row(bench, genes, n_models, loops, ours, multiply_adds, bandwidth))
        print(rows[-1], flush=True)
    return table("A training step of all models", note, head, rows)


def steps_row(
    bench: Bench,
    genes: int,
    n_models: int,
    loops: dict[str, tuple[bool, bool]],
    ours: tuple[str, ...],
    multiply_adds: float,
    bandwidth: float,
) -> list[str]:
    calls: dict[str, Call] = {}
    for name, (compiled, bf16) in loops.items():
        has_time = genes <= WIDEST_COMPILED and bench.left > SECONDS_TO_COMPILE
        if genes <= WIDEST_DENSE and (has_time or not compiled):
            calls[name] = encoder_step(bench, genes, compiled=compiled, bf16=bf16)
    members = tunings(bench, genes, n_models)
    if bench.is_gpu:
        torch.cuda.reset_peak_memory_stats(bench.device)
    calls["one by one"] = members[0].run
    calls["stack"], _ = epoch(members, graph=False)
    calls["stack, CUDA graph"], captured = epoch(members, graph=True)
    found = bench.take_turns(calls)
    if bench.is_gpu and not captured.is_captured:
        print(f"no graph: {captured.how}", flush=True)
        found.pop("stack, CUDA graph", None)
    with Moved() as moved:
        calls["stack"]()
    factors = dict.fromkeys(loops, float(n_models)) | {"one by one": n_models / STEPS}
    cells = [shown(found.get(name), factors.get(name, 1 / STEPS)) for name in (*loops, *ours)]
    fastest = min((statistics.median(found[name]) * n_models for name in loops if name in found), default=None)
    stack = min((statistics.median(found[name]) / STEPS for name in ours[1:] if name in found), default=None)
    if stack is None:
        return [f"{genes}, {n_models}", *cells, "-", "-", "-", "-"]
    states = n_models * genes * bench.batch
    by_token = bench.layers * (MATRICES * bench.width**2 + 2 * (bench.degree + 1) * bench.width)
    arithmetic = 3 * states * by_token / multiply_adds
    in_kernels = 4 * STATES_OF_ATTENTION * bench.layers * states * bench.width if bench.is_gpu else 0
    memory = (moved.bytes_moved / STEPS + in_kernels) / bandwidth
    held = f"{torch.cuda.max_memory_allocated(bench.device) / 2**30:.1f} GiB" if bench.is_gpu else "-"
    ratio = "-" if fastest is None else f"{fastest / stack:.1f}x"
    return [f"{genes}, {n_models}", *cells, ratio, f"{arithmetic / stack:.0%}", f"{memory / stack:.0%}", held]
