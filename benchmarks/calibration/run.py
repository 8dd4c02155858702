"""How often is hypomask wrong? Simulated cohorts of small studies, judged by the real masked transformer.

    python benchmarks/calibration/run.py [--cohorts 60] [--jobs 2] [--only a,b] [--out DIR]

The losses of every cohort are kept in DIR (a file each): started again, the command trains what is missing and judges
all cohorts anew by the comparator as it is now. The table goes to RESULTS.md beside this file.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import argparse
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from judging import judge, train  # noqa: E402
from scenarios import SCENARIOS, Scenario  # noqa: E402
from table import write_table  # noqa: E402

from hypomask.execution.plan_config import PlanConfig  # noqa: E402

# 59 draws are enough for the exact rank p to reach 5 % after Holm over three hypotheses.
PLAN = PlanConfig(nulls=59)
POWER_SHARE = 3  # of the cohorts, one in so many is enough for a power curve


def file_of(folder: Path, scenario: Scenario, number: int, learner: str) -> Path:
    return folder / f"{scenario.key.replace(' ', '_')}-{learner}-{number}.npz"


def kept(scenario: Scenario, number: int, learner: str, file: Path) -> Path:
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    arrays = train(scenario, number, learner, PLAN)
    unfinished = file.with_suffix(".part.npz")
    np.savez(unfinished, **arrays)
    unfinished.replace(file)
    return file


def wanted(cohorts: int, only: str) -> list[tuple[Scenario, int, str]]:
    """Cohort by cohort through all scenarios, so that the table is useful whenever it is stopped."""
    chosen = [s for s in SCENARIOS if not only or s.name in only.split(",")]
    return [
        (s, number, learner)
        for number in range(cohorts)
        for s in chosen
        for learner in (("transformer", "oracle") if s.name == "c" else ("transformer",))
        if s.name != "c" or number % POWER_SHARE == 0
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="letters of scenarios, comma between")
    parser.add_argument("--out", type=Path, default=HERE / "losses", help="where losses are kept")
    parser.add_argument("--judge-only", action="store_true", help="train nothing; judge what is there")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tasks = wanted(options.cohorts, options.only)
    todo = [task for task in tasks if not file_of(options.out, *task).exists()]
    if not options.judge_only:
        with ProcessPoolExecutor(options.jobs) as pool:
            futures = [pool.submit(kept, *task, file_of(options.out, *task)) for task in todo]
            for i, future in enumerate(as_completed(futures)):
                print(f"{i + 1} of {len(todo)}: {future.result().stem}", flush=True)
    rows: list[dict[str, Any]] = []
    for scenario, number, learner in tasks:
        file = file_of(options.out, scenario, number, learner)
        if file.exists():
            with np.load(file) as arrays:
                said = judge(dict(arrays), PLAN)
            rows.append({"scenario": scenario.key, "cohort": number, "learner": learner, **said})
    write_table(rows, HERE / "RESULTS.md", options)


if __name__ == "__main__":
    main()
