"""`hypomask report`: the page of a run, made again from what the run stored."""

from __future__ import annotations

from pathlib import Path

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option

__all__ = ["command"]


@click.command("report", cls=HypomaskCommand)
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="Where the page goes. Default: report.html in the run folder.",
)
@json_option
def command(run: Path, out: Path | None, as_json: bool) -> None:
    """Make the report of a run again.

    RUN is the folder of a finished run. Everything is worked out anew from the stored predictions; nothing is trained.
    """
    from hypomask.cli.running import show_result
    from hypomask.execution.run import open_run
    from hypomask.report.render import render_report

    result = open_run(run)
    page = render_report(result, out)
    show_result(result, as_json=as_json, page=page)
