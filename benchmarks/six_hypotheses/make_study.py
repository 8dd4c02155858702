"""Write a study of usual size: six hypotheses of 60 genes, 500 samples, one of them true.

    python benchmarks/six_hypotheses/make_study.py

The rivals of the truth: its edges turned round, half of it, two rewirings of it, and another graph of the same size.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort, write_cohort
from hypomask.hypothesis.document import dump_hypotheses
from hypomask.hypothesis.edits import reverse
from hypomask.hypothesis.rewired import rewire

FOLDER = Path(__file__).resolve().parent / "made"
GENES, EDGES, SAMPLES, SEED = 60, 120, 500, 1


def main() -> None:
    truth = random_graph(GENES, EDGES, seed=SEED, name="truth")
    hypotheses = [
        truth,
        replace(reverse(truth), name="reversed"),
        replace(truth, name="half", edges=truth.edges[::2]),
        replace(rewire(truth, 1), name="rewired-1"),
        replace(rewire(truth, 2), name="rewired-2"),
        random_graph(GENES, EDGES, seed=SEED + 1, name="other"),
    ]
    config = SimulationConfig(n_samples=SAMPLES, kind="continuous", interaction_r2=0.4, main_r2=0.2, seed=SEED)
    FOLDER.mkdir(exist_ok=True)
    write_cohort(simulate_cohort(truth, config), FOLDER)
    (FOLDER / "hypotheses.yaml").write_text(dump_hypotheses(hypotheses), encoding="utf-8")


if __name__ == "__main__":
    main()
