"""Time every attention back end by tokens and density: the figures behind `choose_back_end`.

    python benchmarks/attention_crossover.py [--device cuda] [--batch 64] [--heads 2] [--head-width 8] [--seconds 1.5]

One layer, forward and backward, float32, one thread, CPU time (wall time on a GPU), alternating, medians in ms.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import BACK_ENDS, attend, build_layout

TOKENS = (20, 50, 100, 200, 500, 1000, 2000)
DENSITIES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


def random_mask(n_tokens: int, density: float) -> Mask:
    """Draw a directed mask with hubs: lognormal weights decide who is read and who reads."""
    rng = np.random.default_rng(0)
    hub_N = rng.lognormal(0, 0.8, n_tokens)
    appeal_NN = np.log(np.outer(hub_N, hub_N)) + rng.gumbel(size=(n_tokens, n_tokens))
    np.fill_diagonal(appeal_NN, -np.inf)
    n_edges = max(0, round(density * n_tokens**2) - n_tokens)
    flat = np.argsort(-appeal_NN, axis=None)[:n_edges]
    genes = tuple(f"g{i}" for i in range(n_tokens))
    return Mask("random", genes, (EdgeTable.build(flat // n_tokens, flat % n_tokens),))


def one_pass(mask: Mask, back_end: str, options: argparse.Namespace) -> Callable[[], None]:
    """Return a call that goes forward and backward through one layer."""
    (layout,) = build_layout(mask, n_layers=1, n_heads=options.heads, back_end=back_end, device=options.device)
    generator = torch.Generator(options.device).manual_seed(0)
    shape = (options.batch, mask.n_tokens, options.heads, options.head_width)
    # Stored (B, N, H, D) as a projection leaves them, so that the transposition is part of what is timed.
    inputs = [torch.randn(shape, generator=generator, device=options.device, requires_grad=True) for _ in range(4)]

    def call() -> None:
        q_BHND, k_BHND, v_BHND, grad_BHND = (x.transpose(1, 2) for x in inputs)
        out_BHND = attend(q_BHND, k_BHND, v_BHND, layout)
        torch.autograd.grad(out_BHND, inputs[:3], grad_BHND.detach())
        if options.device != "cpu":
            torch.cuda.synchronize()

    return call


def medians(calls: dict[str, Callable[[], None]], options: argparse.Namespace) -> dict[str, float]:
    """Return the median time of each call in ms; calls take turns, so that noise of the machine falls on all."""
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    started = time.perf_counter()
    while time.perf_counter() - started < options.seconds or len(times[next(iter(calls))]) < 3:
        for name, call in calls.items():
            before = clock()
            call()
            times[name].append(clock() - before)
    return {name: 1e3 * statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--head-width", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--tokens", type=int, nargs="*", default=TOKENS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(options.device)
    names = [name for name, back_end in BACK_ENDS.items() if back_end.unavailable(device) is None]
    print("tokens  density  " + "".join(f"{name:>10}" for name in names) + "   fastest  chosen")
    for n_tokens in options.tokens:
        for density in DENSITIES:
            if density * n_tokens < 1 or n_tokens**2 * density > 4e5:
                continue
            mask = random_mask(n_tokens, density)
            found = medians({name: one_pass(mask, name, options) for name in names}, options)
            (layout,) = build_layout(mask, n_layers=1, n_heads=1, device=device, batch=options.batch)
            cells = "".join(f"{found[name]:10.2f}" for name in names)
            print(
                f"{n_tokens:6}  {density:7.3f}  {cells}   {min(found, key=found.__getitem__):8} {layout.back_end}",
                flush=True,
            )


if __name__ == "__main__":
    main()
