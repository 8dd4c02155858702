"""How much faster is the scan than the whole model once per gene?

    python benchmarks/knockout_scan/run.py [--threads 2] [--rounds 5] [--out FILE]

Every gene knocked out (value at a reference level, all its edges cut), 16 samples, width 16, 2 heads. A full pass is
the model's own forward, as in training and inference: the compiled kernel on a layout made beforehand; n of them are n
times one, for one knockout's pass costs what another's does (the layout of the edited mask, which each of them would
need, is not counted). The scan is what `hypomask knockout` does, in the same kernel: pass over the samples as measured,
plan of what is touched, and what is touched computed again. Same precision on both sides. Scan and passes alternate,
and medians over rounds are compared: a machine that is busy with something else slows both.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from hypomask.knockout.edits import CUT, Edits
from hypomask.knockout.graph import LayerGraph
from hypomask.knockout.incremental import measured, plans
from hypomask.knockout.network import layouts_of, network_of
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer

SAMPLES, PASSES = 16, 10
CASES = [(1000, 10, 1), (1000, 10, 2), (5000, 5, 1), (5000, 5, 2), (5000, 10, 1), (5000, 10, 2), (500, 200, 1)]
PRECISIONS = {torch.float32: "float32", torch.float64: "float64"}


def random_network(n: int, degree: int, seed: int = 0) -> Mask:
    """An undirected network of mean degree `degree` whose degrees are uneven, as those of gene networks are."""
    rng = np.random.default_rng(seed)
    weight = rng.pareto(2.5, n) + 0.5
    ends = rng.choice(n, size=(2, n * degree // 2), p=weight / weight.sum())
    rows, cols = np.concatenate([ends, ends[::-1]], axis=1)
    return Mask("network", tuple(f"g{i}" for i in range(n)), (EdgeTable.build(rows, cols),))


def knockouts(mask: Mask) -> Edits:
    n, table = mask.n_genes, mask.edges()
    pairs = np.concatenate(
        [np.stack([table.rows, table.rows, table.cols], 1), np.stack([table.cols, table.rows, table.cols], 1)]
    ).astype(np.int64)
    genes = np.arange(n)
    return Edits.build(n, np.stack([genes, genes], 1), pairs, np.full(len(pairs), CUT))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def case(n: int, degree: int, layers: int, precision: torch.dtype, rounds: int) -> str:
    mask, config = random_network(n, degree), ModelConfig(layers=layers)
    generator = torch.Generator().manual_seed(0)
    model = MaskedGeneTransformer(n, 0, 1, 1, config, generator).to(precision).eval()
    with torch.no_grad():
        model.readout_GFK.normal_(generator=generator)
        for block in model.blocks:
            block.query_DD.normal_(std=0.2, generator=generator)
    layouts = layouts_of(mask, config, precision)
    x_BGC = torch.randn(SAMPLES, n, 1, generator=generator).to(precision)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts)
    network = network_of(model, layouts, graphs, dtype=precision)
    edits = knockouts(mask)
    at_reference_VCB = torch.full((len(edits.value_gene), 1, SAMPLES), -2.0, dtype=precision)
    touched: list[int] = []

    def scan() -> None:
        as_measured = measured(network, x_BGC.permute(1, 2, 0).contiguous())
        touched.clear()
        for first, plan in plans(edits, graphs, width=config.width, n_heads=config.heads, n_batch=SAMPLES):
            as_measured.effects(plan, at_reference_VCB[first : first + plan.edits.n_items])
            touched.append(plan.n_touched)

    @torch.no_grad()
    def whole() -> None:
        for _ in range(PASSES):
            model(x_BGC, layouts)

    scan(), whole()
    scans, passes = [], []
    for _ in range(rounds):
        passes.append(seconds(whole) / PASSES)
        scans.append(seconds(scan))
    one, all_genes = statistics.median(passes), statistics.median(scans)
    return (
        f"| {n:,} | {degree} | {layers} | {PRECISIONS[precision]} | {sum(touched) / n:,.0f} | {1e3 * one:.1f} ms | "
        f"{n * one:,.1f} s | "
        f"{1e3 * all_genes:,.0f} ms | **{n * one / all_genes:,.0f}** |"
    )


def genome(layers: int) -> str:
    """20,000 genes, 200 samples, float64 as the product has it: how long for one model?"""
    n, config, samples = 20_000, ModelConfig(layers=layers), 200
    mask = random_network(n, 10)
    model = MaskedGeneTransformer(n, 0, 1, 1, config, torch.Generator().manual_seed(0)).eval()
    layouts = layouts_of(mask, config)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts)
    network, edits = network_of(model, layouts, graphs), knockouts(mask)
    x_GCB = torch.randn(n, 1, samples, dtype=torch.float64)
    started = time.perf_counter()
    planned = list(plans(edits, graphs, width=config.width, n_heads=config.heads, n_batch=16))
    for block in torch.split(x_GCB, 16, dim=2):
        as_measured = measured(network, block.contiguous())
        for first, plan in planned:
            as_measured.effects(plan, -block[first : first + plan.edits.n_items])
    return f"{time.perf_counter() - started:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    lines = [
        "# Knockouts of all genes: scan against n full passes",
        "",
        f"`python benchmarks/knockout_scan/run.py --threads {options.threads} --rounds {options.rounds}`: "
        f"torch {torch.__version__}, {platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} "
        f"processors. Undirected networks of uneven degree; {SAMPLES} samples, width 16, 2 heads. Alternating, "
        "medians; full passes and scan both in the compiled kernel (see the head of run.py for what each does).",
        "",
        "| genes | mean degree | layers | precision | tokens touched per gene | one full pass | n of them | scan | "
        "times faster |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for n, degree, layers in CASES:
        for precision in PRECISIONS:
            lines.append(case(n, degree, layers, precision, options.rounds))
            print(lines[-1], flush=True)
    lines.append("")
    for layers in (1, 2):
        lines.append(
            f"All of 20,000 genes, degree 10, {layers} layer{'s' * (layers > 1)}, 200 samples, float64, one model: "
            f"{genome(layers)}. A run has folds x repeats x replicates models, each of which is asked about the "
            "samples it held out: replicates x repeats times this for a cohort of 200."
        )
        print(lines[-1], flush=True)
    lines += [
        "",
        "Of networks of degree 200, repeated draws leave 131 neighbours on average. 16 samples are one tile of the "
        "kernel in float32, and run on one thread, two in float64. The machine was shared with other work, which is "
        "why passes of the same size differ; scan and passes suffer alike.",
        "",
    ]
    options.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
