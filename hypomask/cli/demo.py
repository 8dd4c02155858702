"""`hypomask demo`: the whole path, on a cohort in which one shipped hypothesis is true."""

from __future__ import annotations

from pathlib import Path

import click

from hypomask.cli.options import (
    HypomaskCommand,
    device_option,
    jobs_option,
    json_option,
    out_option,
    resume_option,
    seed_option,
)
from hypomask.cli.output import print_result, say

__all__ = ["command"]

DOCUMENT = "p53_damage_response.yaml"
# Half a minute on two cores; large enough that the planted wiring is found.
SAMPLES, FOLDS, REPEATS, NULLS = 1200, 5, 2, 19
INTERACTIONS, MAIN_EFFECTS = 0.35, 0.15


@click.command("demo", cls=HypomaskCommand)
@click.option("--plant", metavar="NAME", help="Hypothesis that is true. Default: the first shipped one.")
@seed_option
@device_option
@jobs_option
@out_option("data and run", Path("hypomask-demo"))
@resume_option
@json_option
def command(
    plant: str | None, seed: int | None, device: str, jobs: int | None, out: Path, fresh: bool, as_json: bool
) -> None:
    """Run the whole path on a simulated cohort.

    Simulates a cohort over the shipped p53 hypotheses, one of which is true, and asks which one it is.
    Takes less than a minute on two cores.
    """
    from hypomask.cli.planting import plant_cohort
    from hypomask.cli.running import RunOptions, run_study, show_result
    from hypomask.cli.shipped import shipped_hypotheses
    from hypomask.data.simulated_files import write_cohort
    from hypomask.data.simulation_config import SimulationConfig
    from hypomask.execution.study import study_from_options
    from hypomask.knowledge.registry import read_hypotheses

    document = shipped_hypotheses(DOCUMENT)
    config = SimulationConfig(
        n_samples=SAMPLES, interaction_r2=INTERACTIONS, main_r2=MAIN_EFFECTS, kind="continuous", seed=seed or 0
    )
    simulated = plant_cohort(read_hypotheses(document), plant, config)
    planted = simulated.hypothesis.name
    expression, samples, _ = write_cohort(simulated, out / "data")
    say(f"Simulated {SAMPLES} samples in {out / 'data'}; true is the hypothesis {planted!r}. Now to find it.")
    study = study_from_options(
        {
            "name": "demo",
            "data": {
                "channels": {"expression": str(expression)},
                "samples": str(samples),
                "phenotype": simulated.cohort.phenotype.name,
            },
            "hypotheses": [str(document)],
            "plan": {"folds": FOLDS, "repeats": REPEATS, "nulls": NULLS, "seed": seed or 0},
        }
    )
    result = run_study(study, RunOptions(out / "run", device, jobs, fresh))
    if not as_json:
        found = result.comparison.winner == planted and result.comparison.verdict.code == "best"
        print_result(f"planted: {planted}; the verdict {'names it' if found else 'does not single it out'}.")
    show_result(result, as_json=as_json)
