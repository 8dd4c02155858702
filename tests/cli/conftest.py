"""Run commands in this process, and small files for them to work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hypomask.cli.main import run

HYPOTHESES = """\
hypomask: 1
hypotheses:
  - name: cascade
    edges: [A -> B, B -> C, C -> D]
  - name: hub
    edges: [A -> B, A -> C, A -> D]
"""
STUDY = """\
hypomask: 1
name: small
data:
  channels: expression.tsv
  samples: samples.tsv
  phenotype: status
hypotheses: [hypotheses.yaml]
plan: {folds: 2, repeats: 1, nulls: 2, seed: 1}
training: {replicates: 1, inner_folds: 2, epochs: 1}
"""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def hypomask(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Return a function that runs `hypomask ARGUMENTS`."""

    def call(*arguments: object) -> Ran:
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small study: 60 samples, 5 genes, a binary phenotype that depends on A times B."""
    rng = np.random.default_rng(3)
    values = rng.standard_normal((60, 5))
    status = values[:, 0] * values[:, 1] + 0.3 * rng.standard_normal(60) > 0
    lines = ["sample\tA\tB\tC\tD\tE"]
    lines += ["\t".join([f"s{i}", *(f"{x:.4f}" for x in row)]) for i, row in enumerate(values)]
    (tmp_path / "expression.tsv").write_text("\n".join(lines) + "\n")
    rows = [f"s{i}\t{'case' if case else 'control'}\tp{i // 2}" for i, case in enumerate(status)]
    (tmp_path / "samples.tsv").write_text("\n".join(["sample\tstatus\tpatient", *rows]) + "\n")
    (tmp_path / "hypotheses.yaml").write_text(HYPOTHESES)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path
