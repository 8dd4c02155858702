"""Write what a run answered, and where it ran, as a page to commit.

python benchmarks/record.py hypomask-palbociclib benchmarks/palbociclib
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from hypomask.comparison.result import Comparison
from hypomask.execution.run import open_run

SHOWN = 12
SCORES = ("auc", "r2")


def table(frame: pd.DataFrame) -> list[str]:
    """A frame as Markdown."""
    cells = frame.map(lambda value: f"{value:.3g}" if isinstance(value, float) else str(value))
    rows = ["| " + " | ".join(row) + " |" for row in cells.to_numpy().tolist()]
    return ["| " + " | ".join(cells.columns) + " |", "|" + "---|" * len(cells.columns), *rows]


def subgroups(comparison: Comparison) -> list[str]:
    """The leading hypotheses within levels of the covariates, where there are any."""
    if comparison.subgroups is None or not comparison.subgroups.rows:
        return []
    frame = comparison.subgroup_frame().reset_index()
    return ["Within subgroups:", "", *table(frame), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    result = open_run(options.run)
    comparison, where = result.comparison, result.environment
    ranking = comparison.ranking().reset_index(names="hypothesis")
    columns = ["hypothesis", "skill", "skill_low", "skill_high", "additive_skill", "gain", "gain_p", "null_draws"]
    columns += ["null_p_rank", "null_p_holm", *(score for score in SCORES if score in ranking), "code"]
    trained = ", ".join(f"{what} {count}" for what, count in comparison.trainings.items())
    packages = ", ".join(f"{name} {version}" for name, version in where["packages"].items())
    seconds = where["seconds"]["in all"]
    lines = [
        f"# {result.study.name}",
        "",
        comparison.verdict.sentence,
        "",
        *(f"- {reason.sentence}" for reason in comparison.verdict.reasons),
        "",
        *table(ranking[columns].head(SHOWN)),
        "",
        f"{len(ranking)} models" + (f", the first {SHOWN} shown" if len(ranking) > SHOWN else "") + ". "
        "skill: share of the gene-free loss saved; additive_skill: of the model's own additive part; gain: loss saved "
        "against no interactions; null_p_holm: against null masks, for all hypotheses.",
        "",
        *subgroups(comparison),
        f"Trainings: {trained}. {seconds:.0f} s with {where['workers']} workers on {where['processors']} processors "
        f"({where['platform']}), {where['device']}, Python {where['python']}, {packages}; commit "
        f"{where['git_commit'] or 'unknown'}, seed {where['seed']}. The machine was shared with other work.",
        "",
    ]
    (options.folder / "RESULTS.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
