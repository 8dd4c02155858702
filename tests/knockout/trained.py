"""Small studies with real models, trained once for all tests that ask them."""

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
  covariates: [sex]
hypotheses: [rivals.yaml]
plan: {folds: 3, repeats: 2, nulls: 3, keep_null_models: 3}
training: {epochs: 2}
comparison: {monte_carlo_draws: 1000, bootstrap_draws: 50, null_stop_after: 3}
"""

RIVALS = """\
hypomask: 1
hypotheses:
  - name: truth
    edges: [G0 -> G1, G2 -> G3, G4 -> G5, G6 -> G7]
    groups:
      first: {members: [G0, G1, GX], expansion: none}
  - name: rival
    edges: [G0 -> G2, G1 -> G4, G3 -> G6, G5 -> G7]
"""

GENES = tuple(f"G{i}" for i in range(9))


def write_study(folder: Path, *, kind: str = "continuous", n: int = 150, seed: int = 0) -> Path:
    """Write data in which G8 matters by itself and products along the edges of `truth` do; return the study's path."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 9))
    signal = x[:, 8] + 1.5 * (x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3]) + 0.4 * rng.standard_normal(n)
    samples = [f"s{i:03d}" for i in range(n)]
    sex = rng.choice(["F", "M"], n)
    shown = {
        "binary": ["yes" if value > 0 else "no" for value in signal],
        "continuous": [f"{5 + 2 * value:.4f}" for value in signal],
        "classes": [("low", "mid", "high")[int(c)] for c in np.searchsorted([-1, 1], signal)],
        "counts": [str(int(c)) for c in rng.poisson(np.exp(0.3 * signal))],
    }[kind]
    rows = ["\t".join(["sample", *GENES])]
    rows += ["\t".join([samples[i], *(f"{value:.4f}" for value in x[i])]) for i in range(n)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expression.tsv").write_text("\n".join(rows) + "\n")
    lines = ["sample\tsex\tresponse", *(f"{s}\t{a}\t{r}" for s, a, r in zip(samples, sex, shown, strict=True))]
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    (folder / "rivals.yaml").write_text(RIVALS)
    study = folder / "study.yaml"
    study.write_text(STUDY.replace("KIND", kind))
    return study
