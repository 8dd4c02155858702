"""How time and memory grow with genes, edges and samples."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from contenders import Size, hypomask_step
from timing import take_turns

__all__ = ["growth_tables", "memory_table"]

HERE = Path(__file__).resolve().parent
MEASURE = """
import json, sys, torch
from pathlib import Path
torch.set_num_threads(1)
from contenders import Size, encoder_step, hypomask_step
genes, degree, batch, make = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), globals()[sys.argv[4]]
def held(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
make(Size(10, 2, batch, 32, 2))()  # libraries, and what they make on first use
size = Size(genes, degree, batch, 32, 2)
before = held("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # from here on the highest is counted anew
step = make(size)
step(); step()
print(json.dumps(held("VmHWM") - before))
"""


def growth_tables(rounds: int) -> list[str]:
    """Steps of two layers of width 32, one thing growing at a time."""
    lines = ["## Growth of a training step (two layers, width 32)", ""]
    for title, grown in (
        ("genes (degree 10, batch 16)", [Size(n, 10, 16, 32, 2) for n in (500, 1000, 2000, 5000, 10000, 20000)]),
        ("degree (1,000 genes, batch 64)", [Size(1000, d, 64, 32, 2) for d in (5, 10, 20, 40, 80)]),
        ("batch (1,000 genes, degree 10)", [Size(1000, 10, b, 32, 2) for b in (8, 16, 32, 64, 128, 256)]),
    ):
        what = title.split()[0]
        values = [str(getattr(size, what)) for size in grown]
        cells = [str(take_turns({"step": hypomask_step(size)}, rounds)["step"]) for size in grown]
        lines += [f"| {title} | {' | '.join(values)} |", "|---" * (len(values) + 1) + "|"]
        lines += [f"| step | {' | '.join(cells)} |", ""]
    return lines


def memory_table(rounds: int) -> list[str]:
    """Most memory of a new process beyond what it needed for a tiny model, as the system counts it."""
    del rounds
    lines = [
        "## Most memory of training (degree 10, two layers, width 32, batch 16)",
        "",
        "Model, masks, optimiser and two steps, beyond what the process held before (Linux).",
        "",
        "| genes | hypomask | per gene | nn.TransformerEncoder |",
        "|---|---|---|---|",
    ]
    for genes in (1000, 2000, 5000, 10000, 20000):
        ours = _megabytes(genes, 10, "hypomask_step")
        theirs = f"{_megabytes(genes, 10, 'encoder_step'):,.0f} MB" if genes <= 5000 else "not tried"
        lines.append(f"| {genes:,} | {ours:,.0f} MB | {1e3 * ours / genes:.0f} kB | {theirs} |")
    lines += ["", "With 5,000 genes and a growing number of edges:", "", "| degree | hypomask |", "|---|---|"]
    lines += [f"| {degree} | {_megabytes(5000, degree, 'hypomask_step'):,.0f} MB |" for degree in (5, 10, 20, 40)]
    return [*lines, ""]


def _megabytes(genes: int, degree: int, who: str) -> float:
    command = [sys.executable, "-c", MEASURE, str(genes), str(degree), "16", who]
    found = subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True)
    return float(json.loads(found.stdout))
