"""How fast are stacks of models trained on a GPU, against what, and how far from what the GPU can do?

    python benchmarks/gpu/run.py                            # on a machine with a CUDA device; writes RESULTS.md
    python benchmarks/gpu/run.py --device cpu --smallest    # tries the script itself out; the figures mean nothing

Float32 unless a column says bf16, dropout 0, width 32, two layers, degree 10, batches of 64; wall time with the device
waited for, contenders take turns, medians of several rounds and in brackets the spread.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "speed"))

from contenders import Encoder, Size, random_mask  # noqa: E402

from hypomask.model.attention import BACK_ENDS, attend, build_layout  # noqa: E402
from hypomask.model.config import ModelConfig  # noqa: E402
from hypomask.model.transformer import MaskedGeneTransformer  # noqa: E402
from hypomask.outcomes.classes import Binary  # noqa: E402
from hypomask.training.config import TrainingConfig  # noqa: E402
from hypomask.training.fine_tuning import Samples  # noqa: E402
from hypomask.training.stacked import tune_stacked  # noqa: E402
from hypomask.training.tuning import Tuning  # noqa: E402

Call = Callable[[], object]

HEADS, STEPS = 2, 8
MATRICES = 8  # width x width, in a layer of hypomask
SIZES = ((100, 64), (200, 64), (1000, 64), (5000, 8))  # genes, models
WIDEST_DENSE = 2000  # genes up to which dense attention of this batch is tried


class Bench:
    """The device, how often things are timed, and how large they are."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.device = torch.device(options.device)
        self.rounds = 1 if options.smallest else options.rounds
        self.compile = options.compile
        self.sizes = ((12, 3),) if options.smallest else SIZES
        self.batch, self.degree, self.width, self.layers = (8, 2, 8, 1) if options.smallest else (64, 10, 32, 2)
        self.square, self.copied = (64, 1 << 12) if options.smallest else (8192, 1 << 28)

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self, call: Call) -> float:
        self.wait()
        before = time.perf_counter()
        call()
        self.wait()
        return time.perf_counter() - before

    def take_turns(self, calls: Mapping[str, Call]) -> dict[str, list[float]]:
        """Time every call after two that do not count: the first compiles, the second fills the allocator."""
        for call in calls.values():
            self.seconds(call)
            self.seconds(call)
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(self.rounds):
            for name, call in calls.items():
                times[name].append(self.seconds(call))
        return times


def shown(times: list[float], divisor: float = 1.0) -> str:
    median, least, most = (1e3 * value / divisor for value in (statistics.median(times), min(times), max(times)))
    return f"{median:.3g} ms [{least:.3g}, {most:.3g}]"


def operator_table(bench: Bench) -> list[str]:
    """One layer of attention, forward and backward, by every back end that can run here."""
    names = [name for name, back_end in BACK_ENDS.items() if back_end.unavailable(bench.device) is None]
    lines = ["## Attention alone, forward and backward", "", f"| genes | {' | '.join(names)} |"]
    lines.append("|---" * (1 + len(names)) + "|")
    for genes, _ in bench.sizes:
        mask = random_mask(genes, bench.degree, seed=0)
        calls: dict[str, Call] = {}
        for name in names:
            if name == "dense" and genes > WIDEST_DENSE:
                continue
            (layout,) = build_layout(mask, n_layers=1, n_heads=HEADS, back_end=name, device=bench.device)
            shape = (bench.batch, genes, HEADS, bench.width // HEADS)
            inputs = [torch.randn(shape, device=bench.device, requires_grad=True) for _ in range(4)]

            def call(layout: object = layout, inputs: list[torch.Tensor] = inputs) -> None:
                q_BHND, k_BHND, v_BHND, grad_BHND = (x.transpose(1, 2) for x in inputs)
                out_BHND = attend(q_BHND, k_BHND, v_BHND, layout, own_value=False)
                torch.autograd.grad(out_BHND, inputs[:3], grad_BHND.detach())

            calls[name] = call
        found = bench.take_turns(calls)
        lines.append(f"| {genes} | " + " | ".join(shown(found[n]) if n in found else "-" for n in names) + " |")
    return [*lines, ""]


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
    made = []
    for m in range(n_models):
        mask = random_mask(genes, bench.degree, seed=m)
        back_end = "sparse" if bench.device.type == "cpu" else "auto"
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


def stack_table(bench: Bench, multiply_adds_per_second: float, bytes_per_second: float) -> list[str]:
    """A training step of all models: a loop of encoders, a loop of our models, our models in one stack."""
    loops = {"eager": (False, False), "bf16": (False, True)}
    if bench.compile:
        loops |= {"compiled": (True, False), "compiled, bf16": (True, True)}
    lines = [
        "## A training step of all models",
        "",
        "Loops: the step of one `nn.TransformerEncoder` times the number of models. Share of a limit: time that the "
        "stack's multiply-adds, or the reading and writing of its states, would take at the speeds above.",
        "",
        "| genes, models | "
        + " | ".join(f"loop, {name}" for name in loops)
        + " | hypomask, one by one | hypomask, stack "
        "| against the fastest loop | share of arithmetic | share of memory | device memory |",
        "|---" * (len(loops) + 7) + "|",
    ]
    for genes, n_models in bench.sizes:
        calls: dict[str, Call] = {}
        if genes <= WIDEST_DENSE:
            calls = {
                name: encoder_step(bench, genes, compiled=compiled, bf16=bf16)
                for name, (compiled, bf16) in loops.items()
            }
        members = tunings(bench, genes, n_models)
        calls["one by one"] = lambda members=members: members[0].run()
        calls["stack"] = lambda members=members: tune_stacked(members)
        if bench.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(bench.device)
        found = bench.take_turns(calls)
        times = {name: [n_models * value for value in values] for name, values in found.items() if name in loops}
        times["one by one"] = [n_models * value / STEPS for value in found["one by one"]]
        times["stack"] = [value / STEPS for value in found["stack"]]
        stack = statistics.median(times["stack"])
        fastest = min((statistics.median(times[name]) for name in loops if name in times), default=None)
        by_token = bench.layers * (MATRICES * bench.width**2 + 2 * (bench.degree + 1) * bench.width)
        tokens = n_models * genes * bench.batch
        arithmetic = 3 * tokens * by_token / multiply_adds_per_second
        memory = 2 * 4 * tokens * bench.width * 5 * bench.layers / bytes_per_second
        held = (
            f"{torch.cuda.max_memory_allocated(bench.device) / 2**30:.1f} GiB" if bench.device.type == "cuda" else "-"
        )
        cells = [shown(times[name]) if name in times else "-" for name in (*loops, "one by one", "stack")]
        ratio = "-" if fastest is None else f"{fastest / stack:.1f}x"
        shares = f"{arithmetic / stack:.0%} | {memory / stack:.0%}"
        lines.append(f"| {genes}, {n_models} | {' | '.join(cells)} | {ratio} | {shares} | {held} |")
    return [*lines, ""]


def limits(bench: Bench) -> tuple[float, float, list[str]]:
    """Measure multiply-adds a second of a large product in float32, and bytes a second read and written by a copy."""
    a, b = (torch.randn(bench.square, bench.square, device=bench.device) for _ in range(2))
    source, target = (torch.empty(bench.copied, device=bench.device) for _ in range(2))
    found = bench.take_turns({"product": lambda: torch.mm(a, b), "copy": lambda: target.copy_(source)})
    per_second = bench.square**3 / statistics.median(found["product"])
    bytes_per_second = 2 * 4 * bench.copied / statistics.median(found["copy"])
    line = (
        f"{2e-12 * per_second:.3g} TFLOP/s in a product of {bench.square} x {bench.square} matrices (float32, TF32 "
        f"{'on' if torch.backends.cuda.matmul.allow_tf32 else 'off'}), {1e-9 * bytes_per_second:.3g} GB/s in a copy."
    )
    return per_second, bytes_per_second, [line, ""]


def machine(device: torch.device) -> str:
    """Return what the figures belong to."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    packages = [f"{package} {importlib.metadata.version(package)}" for package in ("torch", "hypomask")]
    triton = BACK_ENDS["triton"].unavailable(device)
    if triton is None:
        packages.append(f"triton {importlib.metadata.version('triton')}")
    note = "" if triton is None else f" Without the Triton back end: {triton}."
    return f"{name}, {platform.platform()}, Python {platform.python_version()}, {', '.join(packages)}.{note}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--smallest", action="store_true", help="sizes that take seconds, to try the script out")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="try torch.compile too")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit(
            "This benchmark is about GPUs, and torch finds no CUDA device here. "
            "To try the script itself: --device cpu --smallest"
        )
    if not options.device.startswith("cuda") and not options.smallest:
        raise SystemExit("This benchmark is about GPUs; elsewhere it only runs with --smallest, to be tried out.")
    warnings.simplefilter("ignore")
    bench = Bench(options)
    per_second, bytes_per_second, said = limits(bench)
    lines = [
        "# Speed on a GPU",
        "",
        "`python benchmarks/gpu/run.py`: " + " ".join((__doc__ or "").split("\n\n")[2].split()),
    ]
    lines += ["", machine(bench.device), "", *said, *operator_table(bench)]
    lines += stack_table(bench, per_second, bytes_per_second)
    print("\n".join(lines))
    if bench.device.type == "cuda" and not options.smallest:
        (HERE / "RESULTS.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
