"""Do knockouts find the truth, and do their intervals cover it? Small simulated cohorts through the real pipeline.

    python benchmarks/knockout_truth/run.py [--minutes 7] [--only auto] [--out FOLDER]

Every cohort is compared (`hypomask compare`, all defaults but no null masks: 5 folds, 3 repeats, 2 replicates), with
genes' own curves (`auto`, the default) and without them (`never`), and the models are asked what every gene's knockout
does. What they say is kept in FOLDER, a file per cohort: started again, the command goes on, and writes RESULTS.md from
all cohorts that are there. The populations are described in population.py.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Literal, get_args

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from population import GENES, LEVEL, Float, Population  # noqa: E402
from table import write_table  # noqa: E402

from hypomask.execution.plan_config import PlanConfig  # noqa: E402
from hypomask.execution.run import compare  # noqa: E402
from hypomask.execution.study import Study  # noqa: E402
from hypomask.knockout.asking import ScanOptions  # noqa: E402
from hypomask.knockout.interventions import dose, knockout  # noqa: E402
from hypomask.knockout.levels import Levels  # noqa: E402
from hypomask.knockout.scan import scan  # noqa: E402
from hypomask.knockout.scan_result import Scan  # noqa: E402
from hypomask.knockout.trained_run import open_trained  # noqa: E402
from hypomask.training.config import TrainingConfig  # noqa: E402

Curves = Literal["auto", "never"]
POPULATIONS = 4
# Cohorts of each population by number of samples; the second is where coverage is measured.
COHORTS = {100: 4, 200: 50, 400: 4, 800: 2, 1600: 1}
PLAN = PlanConfig(nulls=0, unconstrained=False, keep_models="all")
STUDIES = {
    curves: Study("knockout truth", plan=PLAN, training=TrainingConfig(own_gene_curves=curves))
    for curves in get_args(Curves)
}


def asked(study: Study, population: Population, n: int, number: int) -> dict[str, Float]:
    """Train on one cohort and ask about all genes; arrays by name."""
    cohort = population.cohort(n, number)
    x_BG = cohort.values_BGC[:, :, 0].astype(np.float64)
    found: dict[str, Float] = {}
    with tempfile.TemporaryDirectory() as folder:
        given = {"cohort": cohort, "hypotheses": [population.hypothesis]}
        compare(study, folder, jobs=1, device="cpu", **given)
        run = open_trained(folder, **given)
        options = ScanOptions(levels=Levels(f"{LEVEL:g}"))
        for way, make in (("knockout", knockout), ("silenced", lambda gene: dose(gene, 0.0))):
            answer = scan(run, [make(gene) for gene in GENES], "truth", options)
            found |= {f"{way}_{name}": values for name, values in _numbers(answer).items()}
            true_GB = population.effects(x_BG, silenced=way == "silenced")
            found[f"{way}_by_sample"] = _correlations(answer.summary.unit_by_sample_JB.astype(np.float64), true_GB)
    return found


def _numbers(answer: Scan) -> dict[str, Float]:
    summary = answer.summary
    parts = {"effect": summary.effect, "unit": summary.unit, "mediated": summary.mediated}
    numbers = {f"{part}_{name}": getattr(one, name) for part, one in parts.items() for name in ("mean", "se")}
    return numbers | {
        "df": np.array([summary.effect.df]),
        "p": summary.effect.p,
        "mediated_p": summary.mediated.p,
        "direct": summary.direct_J,
        "consistency": summary.consistency_J,
        "mediated_rms": summary.mediated_rms_J,
    }


def _correlations(said_GB: Float, true_GB: Float) -> Float:
    """Return (G,) correlations between samples; NaN where the truth does not vary."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([np.corrcoef(said, true)[0, 1] for said, true in zip(said_GB, true_GB, strict=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=7.0, help="start no cohort after this")
    parser.add_argument("--only", choices=tuple(STUDIES), help="with these curves alone, for two processes at once")
    parser.add_argument("--out", type=Path, default=HERE / "cohorts", help="where answers are kept")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    # First a quarter of everything, so that the table is useful whenever this is stopped.
    tasks = [
        (k, n, p, curves)
        for n, most in COHORTS.items()
        for k in range(most)
        for p in range(POPULATIONS)
        for curves in ([options.only] if options.only else STUDIES)
    ]
    tasks.sort(key=lambda task: task[0] / COHORTS[task[1]])
    for number, n, p, curves in tasks:
        file = options.out / f"{curves}-{p}-{n}-{number}.npz"
        if file.exists() or time.perf_counter() - started > 60 * options.minutes:
            continue
        before = time.perf_counter()
        arrays = asked(STUDIES[curves], Population.draw(p), n, number)
        unfinished = file.with_suffix(".part")
        with unfinished.open("wb") as handle:
            np.savez(handle, **arrays)
        unfinished.replace(file)
        print(f"{file.stem}: {time.perf_counter() - before:.1f} s", flush=True)
    write_table(options.out, HERE / "RESULTS.md")


if __name__ == "__main__":
    main()
