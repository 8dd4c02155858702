"""The benchmark of GPUs on a machine that may have none: it runs in the smallest size, or says what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu" / "run.py"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *options], capture_output=True, text=True, cwd=SCRIPT.parent)


@pytest.mark.slow
def test_its_smallest_size_runs_on_a_processor_and_writes_nothing() -> None:
    before = sorted(SCRIPT.parent.iterdir())
    done = run("--device", "cpu", "--smallest", "--no-compile", "--no-tests")
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout
    stack, continuous, binary, attention = (line for line in done.stdout.splitlines() if line.startswith("| 12"))
    assert stack.startswith("| 12, 3 |")
    assert stack.count(" ms [") == 5
    assert continuous.startswith("| 12, 90, 2 | continuous |")
    assert binary.startswith("| 12, 90, 2 | binary |")
    assert " ms [" in attention
    assert [path for path in sorted(SCRIPT.parent.iterdir()) if path.name != "__pycache__"] == [
        path for path in before if path.name != "__pycache__"
    ]


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_without_a_gpu_it_says_so() -> None:
    done = run()
    assert done.returncode == 1
    assert "torch finds no CUDA device here" in done.stderr
    assert "Traceback" not in done.stderr
    assert "only runs with --smallest" in run("--device", "cpu").stderr
