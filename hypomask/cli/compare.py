"""`hypomask compare`: from data and hypotheses to a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hypomask.cli.options import (
    FILE,
    HypomaskCommand,
    device_option,
    jobs_option,
    json_option,
    out_option,
    resume_option,
    seed_option,
)
from hypomask.cli.study_options import study_options

__all__ = ["command"]


@click.command(
    "compare",
    cls=HypomaskCommand,
    examples=(
        "hypomask compare study.yaml",
        "hypomask compare --data expression.tsv --samples samples.tsv --phenotype status --hypotheses rivals.yaml",
    ),
)
@click.argument("study", required=False, type=FILE)
@study_options
@seed_option
@device_option
@jobs_option
@out_option("the run: report, results, predictions. Default: hypomask-NAME")
@resume_option
@click.option("--dry-run", is_flag=True, help="Show jobs, sizes and memory, and train nothing.")
@json_option
def command(
    study: Path | None,
    device: str,
    jobs: int | None,
    out: Path | None,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare hypotheses on data and give a verdict.

    STUDY is a study file (`hypomask init` writes one); or describe the study by options. The answer goes to standard
    output, progress to standard error. A run that was stopped goes on when the same command is given again.
    """
    from hypomask.cli.study_options import study_from

    described = study_from(study, options)
    if dry_run:
        from hypomask.cli.dry_run import show_dry_run

        show_dry_run(described, device=device, jobs=jobs, as_json=as_json)
        return
    from hypomask.cli.running import RunOptions, run_study, show_result
    from hypomask.execution.run import default_folder

    result = run_study(described, RunOptions(out or default_folder(described), device, jobs, fresh))
    show_result(result, as_json=as_json)
