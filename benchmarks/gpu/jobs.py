"""Whole jobs of a study side by side: additive part, closed-form start, fine-tuning, predictions, and their shares."""

from __future__ import annotations

import cProfile
import pstats

from bench import Bench, table

from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort
from hypomask.data.splits import make_folds
from hypomask.masks.compile import compile_mask
from hypomask.masks.null_masks import draw_null
from hypomask.model.config import ModelConfig
from hypomask.training.config import TrainingConfig
from hypomask.training.job import FoldFit, fit_folds

__all__ = ["jobs_table"]

PARTS = {
    "additive part": ("additive.py", "fit_additive"),
    "features of tokens": ("closed_form.py", "token_features"),
    "ridge paths": ("readouts.py", "fit_readouts"),
    "fine-tuning": ("stacked.py", "tune_stacked"),
}


def jobs_table(bench: Bench) -> list[str]:
    rows = []
    for genes, samples, n_jobs, kind in bench.jobs:
        if bench.left > 0:
            rows.append(jobs_row(bench, genes, samples, n_jobs, kind))
            print(rows[-1], flush=True)
    note = "A hypothesis and rewirings of it on one fold, in one process. Shares of the time, as Python sees them."
    return table("Jobs", note, ["genes, samples, jobs", "kind", "seconds per job", "steps", *PARTS], rows)


def jobs_row(bench: Bench, genes: int, samples: int, n_jobs: int, kind: str) -> list[str]:
    graph = random_graph(genes, 5 * genes, seed=2)
    config = SimulationConfig(n_samples=samples, interaction_r2=0.4, main_r2=0.2, kind=kind, seed=5)
    cohort = simulate_cohort(graph, config).cohort
    mask, _ = compile_mask(graph, cohort.genes, n_layers=1)
    nulls = [draw_null(mask, kind="rewired", draw=draw, seed=0, gene_pool=None).mask for draw in range(n_jobs - 1)]
    folds = make_folds(cohort, n_folds=5, n_repeats=1, seed=0)
    model = ModelConfig(attention="auto" if bench.is_gpu else "sparse")
    found: list[FoldFit | Exception] = []

    def run() -> None:
        found[:] = fit_folds(
            cohort,
            [mask, *nulls],
            folds,
            [(0, 0)] * n_jobs,
            model=model,
            training=TrainingConfig(),
            study_seed=1,
            device=str(bench.device),
        )

    run()  # compiles
    profile = cProfile.Profile()
    profile.enable()
    seconds = bench.seconds(run)
    profile.disable()
    failed = next((fit for fit in found if isinstance(fit, Exception)), None)
    if failed is not None:
        raise failed
    spent = {
        (file.rsplit("/", 1)[-1], name): times[3] for (file, _, name), times in pstats.Stats(profile).stats.items()
    }
    shares = [f"{spent.get(part, 0.0) / seconds:.0%}" for part in PARTS.values()]
    how = sorted({str(fit.numbers.get("tuning")) for fit in found if isinstance(fit, FoldFit)})
    return [f"{genes}, {samples}, {n_jobs}", kind, f"{seconds / n_jobs:.3g}", "; ".join(how), *shares]
