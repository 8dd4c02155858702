"""Write a study of usual size: six hypotheses of 60 genes, 500 samples, one of them true.

    python benchmarks/six_hypotheses/make_study.py

The rivals of the truth: its edges turned round, half of it, two rewirings of it, and another graph of the same size.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort, write_cohort
from hypomask.hypothesis.document import dump_hypotheses
from hypomask.hypothesis.edits import reverse
from hypomask.hypothesis.graph import Edge, Hypothesis
from hypomask.hypothesis.rewiring import rewire_directed

FOLDER = Path(__file__).resolve().parent / "made"
GENES, EDGES, SAMPLES, SEED = 60, 120, 500, 1


def rewired(truth: Hypothesis, name: str, seed: int) -> Hypothesis:
    place = {gene: i for i, gene in enumerate(truth.genes)}
    ends = [np.array([place[getattr(edge, end)] for edge in truth.edges]) for end in ("source", "target")]
    new = rewire_directed(*ends, GENES, np.random.default_rng(seed))
    pairs = zip(new.sources, new.targets, strict=True)
    return replace(truth, name=name, edges=tuple(Edge(truth.genes[s], truth.genes[t]) for s, t in pairs))


def main() -> None:
    truth = random_graph(GENES, EDGES, seed=SEED, name="truth")
    hypotheses = [
        truth,
        replace(reverse(truth), name="reversed"),
        replace(truth, name="half", edges=truth.edges[::2]),
        rewired(truth, "rewired-1", 1),
        rewired(truth, "rewired-2", 2),
        random_graph(GENES, EDGES, seed=SEED + 1, name="other"),
    ]
    config = SimulationConfig(n_samples=SAMPLES, kind="continuous", interaction_r2=0.4, main_r2=0.2, seed=SEED)
    FOLDER.mkdir(exist_ok=True)
    write_cohort(simulate_cohort(truth, config), FOLDER)
    (FOLDER / "hypotheses.yaml").write_text(dump_hypotheses(hypotheses), encoding="utf-8")


if __name__ == "__main__":
    main()
