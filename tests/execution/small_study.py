"""A study on disk that the fast learner finishes in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np

STUDY = """\
hypomask: 1
name: small
data:
  channels: {expression: expression.tsv}
  samples: samples.tsv
  phenotype: {column: response, kind: KIND}
hypotheses: [rivals.yaml]
plan: {folds: 3, repeats: 2, nulls: 4}
comparison: {monte_carlo_draws: 1000, bootstrap_draws: 50, null_stop_after: 2}
"""

RIVALS = """\
hypomask: 1
hypotheses:
  - name: truth
    edges: [G0 -> G1, G2 -> G3, G4 -> G5, G6 -> G7]
  - name: rival
    edges: [G0 -> G2, G1 -> G4, G3 -> G6, G5 -> G7]
"""


def write_study(folder: Path, *, kind: str = "binary", n: int = 90, seed: int = 0) -> Path:
    """Write data in which products along the edges of `truth` matter, two hypotheses and a study; return its path."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 8))
    signal = 0.5 * x[:, 0] + 1.5 * (x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3] + x[:, 4] * x[:, 5] + x[:, 6] * x[:, 7])
    signal += 0.3 * rng.standard_normal(n)
    samples = [f"s{i:03d}" for i in range(n)]
    response = ["yes" if value > 0 else "no" for value in signal] if kind == "binary" else [f"{v:.4f}" for v in signal]
    rows = ["\t".join(["sample", *(f"G{j}" for j in range(8))])]
    rows += ["\t".join([samples[i], *(f"{value:.4f}" for value in x[i])]) for i in range(n)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expression.tsv").write_text("\n".join(rows) + "\n")
    lines = ["sample\tresponse", *(f"{s}\t{r}" for s, r in zip(samples, response, strict=True))]
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    (folder / "rivals.yaml").write_text(RIVALS)
    study = folder / "study.yaml"
    study.write_text(STUDY.replace("KIND", kind))
    return study
