"""Is a planted wiring found, and is nothing found when it is not among the hypotheses?

    python benchmarks/planted_wiring/run.py [--cohorts 10] [--jobs 2] [--out FILE]

Every cohort: 60 genes, a random directed graph of 120 edges, 4,000 samples, half of the phenotype's variance from
products along the edges, a tenth from single genes. Two studies on it: the truth against two rewirings of it, and the
same without the truth (three rewirings).
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

import hypomask
from hypomask.comparison.result import Comparison
from hypomask.data.simulated import SimulatedCohort, SimulationConfig, random_graph, simulate_cohort, write_cohort
from hypomask.execution.run import compare
from hypomask.execution.study import load_study
from hypomask.hypothesis.document import dump_hypotheses
from hypomask.hypothesis.graph import Hypothesis
from hypomask.hypothesis.rewired import rewire

GENES, EDGES, SAMPLES = 60, 120, 4000


def judge(simulated: SimulatedCohort, hypotheses: Sequence[Hypothesis], seed: int, jobs: int) -> Comparison:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cohort(simulated, folder)
        (folder / "hypotheses.yaml").write_text(dump_hypotheses(hypotheses), encoding="utf-8")
        (folder / "study.yaml").write_text(
            "hypomask: 1\nname: planted\n"
            "data: {channels: expression.tsv.gz, samples: samples.tsv, phenotype: {column: phenotype}}\n"
            "hypotheses: [hypotheses.yaml]\nscope: all\n"
            f"plan: {{folds: 5, repeats: 3, nulls: 99, seed: {seed}}}\n",
            encoding="utf-8",
        )
        return compare(load_study(folder / "study.yaml"), folder / "run", jobs=jobs).comparison


def beats_nulls(comparison: Comparison) -> list[str]:
    return [h.name for h in comparison.hypotheses if h.null_p_holm is not None and h.null_p_holm <= 0.05]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first cohort: a part of the table")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args()
    lines = [
        "# Planted wiring",
        "",
        f"`python benchmarks/planted_wiring/run.py --cohorts {options.cohorts} --jobs {options.jobs}`: "
        f"{GENES} genes, {EDGES} directed edges, {SAMPLES} samples, interaction R2 0.5, main effects R2 0.1; "
        f"hypomask {hypomask.__version__}, torch {torch.__version__}, {platform.machine()}, "
        f"Python {platform.python_version()}.",
        "",
        "| cohort | verdict with the truth | skill: truth | best rival | best null draw | s | verdict without it | "
        "beat their nulls | s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    found = nothing = 0
    for seed in range(options.first, options.cohorts):
        graph = random_graph(GENES, EDGES, seed=seed)
        truth = replace(graph, name="truth")
        rivals = [replace(rewire(truth, 1000 * seed + i), name=f"rewired-{i}") for i in range(3)]
        config = SimulationConfig(n_samples=SAMPLES, interaction_r2=0.5, main_r2=0.1, seed=seed)
        simulated = simulate_cohort(truth, config)
        started = time.perf_counter()
        with_truth = judge(simulated, [truth, *rivals[:2]], seed, options.jobs)
        middle = time.perf_counter()
        without = judge(simulated, rivals, seed, options.jobs)
        ended = time.perf_counter()
        skill = {h.name: h.skill for h in with_truth.hypotheses}
        null = next(n for n in with_truth.nulls if n.hypothesis == "truth")
        best_null = 1 - min(null.losses) / with_truth.gene_free_loss
        by_chance = beats_nulls(without)
        found += with_truth.verdict.code == "best" and with_truth.winner == "truth"
        nothing += not by_chance
        lines.append(
            f"| {seed} | {with_truth.verdict.code}: {with_truth.winner} | {skill['truth']:.3f} | "
            f"{max(skill['rewired-0'], skill['rewired-1']):.3f} | {best_null:.3f} | {middle - started:.0f} | "
            f"{without.verdict.code} | {', '.join(by_chance) or 'none'} | {ended - middle:.0f} |"
        )
        print(lines[-1], flush=True)
    lines += [
        "",
        f"Truth called best in {found} of {options.cohorts - options.first} cohorts; with the truth removed, no "
        f"hypothesis beat its nulls in {nothing} of {options.cohorts - options.first}.",
        "",
    ]
    options.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines[-2:]))


if __name__ == "__main__":
    main()
