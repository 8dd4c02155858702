"""How fast are stacks of models trained on a GPU, against what, and how far from what the GPU can do?

    python benchmarks/gpu/run.py                            # on a machine with a CUDA device; writes RESULTS.md
    python benchmarks/gpu/run.py --device cpu --smallest    # tries the script itself out; the figures mean nothing

It runs the tests that need a GPU and then measures, nine minutes at most; what was found is written after every part.
Needs the checkout only, installed or not.

Float32 unless a column says bf16, dropout 0, width 32, two layers, degree 10, batches of 64; wall time with the device
waited for, contenders take turns, medians of several rounds and in brackets the spread.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE.parent / "speed"), str(HERE)]

from attention import attention_tables  # noqa: E402
from bench import Bench  # noqa: E402
from jobs import jobs_table  # noqa: E402
from stacks import steps_table  # noqa: E402

from hypomask.model.attention import BACK_ENDS  # noqa: E402
from hypomask.version import __version__  # noqa: E402

SECONDS = 470.0  # the last table may take another minute
SECONDS_OF_TESTS = 150.0
LINES_OF_TESTS = 25
TESTS = (
    "tests/model/test_attention_back_ends.py",
    "tests/model/test_stacked_attention.py",
    "tests/training/test_cuda_graph.py",
    "tests/training/test_ridge_on_device.py",
    "tests/training/test_stacked.py",
    "tests/training/test_stacked_jobs.py",
)


def limits(bench: Bench) -> tuple[float, float, str]:
    """Measure multiply-adds a second of a large product in float32, and bytes a second read and written by a copy."""
    a, b = (torch.randn(bench.square, bench.square, device=bench.device) for _ in range(2))
    source, target = (torch.randn(bench.copied, device=bench.device) for _ in range(2))
    found = bench.take_turns({"product": lambda: torch.mm(a, b), "copy": lambda: target.copy_(source)})
    multiply_adds = bench.square**3 / statistics.median(found["product"])
    bandwidth = 2 * 4 * bench.copied / statistics.median(found["copy"])
    line = (
        f"{2e-12 * multiply_adds:.3g} TFLOP/s in a product of {bench.square} x {bench.square} matrices (float32, TF32 "
        f"{'on' if torch.backends.cuda.matmul.allow_tf32 else 'off'}), {1e-9 * bandwidth:.3g} GB/s in a copy."
    )
    return multiply_adds, bandwidth, line


def machine(device: torch.device) -> str:
    """Return what the figures belong to."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    packages = [f"torch {torch.__version__}", f"hypomask {__version__}"]
    triton = BACK_ENDS["triton"].unavailable(device)
    if triton is None:
        packages.append(f"triton {importlib.metadata.version('triton')}")
    note = "" if triton is None else f" Without the Triton back end: {triton}."
    return f"{name}, {platform.platform()}, Python {platform.python_version()}, {', '.join(packages)}.{note}"


def tests(bench: Bench) -> list[str]:
    """Run the tests that need a GPU; without one they are skipped."""
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "--tb=line", "-p", "no:cacheprovider"]
    command += ["-o", "addopts=--import-mode=importlib", *TESTS]
    command += ["-o", "filterwarnings=default"]  # what another torch warns of is none of these tests' business
    if importlib.util.find_spec("xdist") is not None:
        command += ["-n", "6"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=min(SECONDS_OF_TESTS, bench.left),
        )
        said = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        said = f"{(late.stdout or b'').decode()[-2000:]}\nnot done after {late.timeout:.0f} s"
    return ["## Tests that need a GPU", "", "```", *said.strip().splitlines()[-LINES_OF_TESTS:], "```", ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="no table or row is begun after this time")
    parser.add_argument("--smallest", action="store_true", help="sizes that take seconds, to try the script out")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="try torch.compile too")
    parser.add_argument("--tests", action=argparse.BooleanOptionalAction, default=True, help="run the tests first")
    parser.add_argument("--out", type=Path, default=None, help="where to write; RESULTS.md beside this script")
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
    multiply_adds, bandwidth, said = limits(bench)
    intro = " ".join((__doc__ or "").split("\n\n")[3].split())
    lines = [
        "# Speed on a GPU",
        "",
        f"`python benchmarks/gpu/run.py`: {intro}",
        "",
        machine(bench.device),
        "",
        said,
        "",
    ]
    parts: dict[str, Callable[[], list[str]]] = {
        "steps": lambda: steps_table(bench, multiply_adds, bandwidth),
        "jobs": lambda: jobs_table(bench),
        "attention": lambda: attention_tables(bench),
    }
    if options.tests:
        parts = {"tests": lambda: tests(bench)} | parts
    out = options.out or (None if options.smallest else HERE / "RESULTS.md")
    for name, part in parts.items():
        try:
            lines += part() if bench.left > 0 else [f"{name}: left out, no time was left.", ""]
        except Exception as error:  # noqa: BLE001 (what the other parts find must not be lost)
            lines += [f"{name}: failed, {type(error).__name__}: {error}", ""]
        print(f"{name} done, {bench.left:.0f} s left", flush=True)
        if out is not None:
            out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
