"""A study of 60 samples and 5 genes that is sound until a test spoils it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

N_SAMPLES = 60
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
plan: {folds: 2, repeats: 1, nulls: 0, seed: 1}
training: {replicates: 1, inner_folds: 2, epochs: 1}
"""


def make_study(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files of the study into `path` and go there."""
    rng = np.random.default_rng(3)
    values = rng.standard_normal((N_SAMPLES, 5))
    status = values[:, 0] * values[:, 1] + 0.3 * rng.standard_normal(N_SAMPLES) > 0
    lines = ["sample\tA\tB\tC\tD\tE"]
    lines += ["\t".join([f"s{i}", *(f"{x:.4f}" for x in row)]) for i, row in enumerate(values)]
    (path / "expression.tsv").write_text("\n".join(lines) + "\n")
    rows = [f"s{i}\t{'case' if case else 'control'}\tp{i // 2}" for i, case in enumerate(status)]
    (path / "samples.tsv").write_text("\n".join(["sample\tstatus\tpatient", *rows]) + "\n")
    (path / "hypotheses.yaml").write_text(HYPOTHESES)
    (path / "study.yaml").write_text(STUDY)
    monkeypatch.chdir(path)
    return path
