"""Run a study for the command line: progress to standard error, the answer to standard output, the report last."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hypomask.cli.output import print_result, say

if TYPE_CHECKING:
    from hypomask.execution.study import Study
    from hypomask.execution.study_result import StudyResult

__all__ = ["RunOptions", "run_study", "show_result"]


@dataclass(frozen=True)
class RunOptions:
    """How to run a study; nothing here changes its numbers."""

    out: Path
    device: str = "auto"
    jobs: int | None = None
    fresh: bool = False


def run_study(study: Study, options: RunOptions) -> StudyResult:
    """Run `study`, or go on with it, and write its report.

    Raises
    ------
    HypomaskError
        As `hypomask.compare` does.
    KeyboardInterrupt
        When interrupted, after saying how to go on.
    """
    from hypomask.execution.progress import progress_for
    from hypomask.execution.run import compare
    from hypomask.report.render import render_report

    try:
        result = compare(
            study,
            options.out,
            jobs=options.jobs,
            device=options.device,
            fresh=options.fresh,
            progress=progress_for(sys.stderr),
        )
    except KeyboardInterrupt:
        say(f"Finished jobs are kept in {options.out}; the same command (without --fresh) goes on from there.")
        raise
    render_report(result)
    return result


def show_result(result: StudyResult, *, as_json: bool, page: Path | None = None) -> None:
    """Print the answer: the content of ``results.json``, or verdict, table, notes and where the report is."""
    if as_json:
        click.echo((result.folder / "results.json").read_text(encoding="utf-8"), nl=False)
        return
    from hypomask.report.terminal import console_for, print_comparison

    print_comparison(result.comparison, console_for(sys.stdout), notes=result.warnings)
    print_result(f"report: {page or result.folder / 'report.html'}")
