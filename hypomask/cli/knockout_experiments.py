"""`hypomask knockout experiments`: which knockouts would tell the leading hypotheses apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hypomask.cli.options import HypomaskCommand, json_option, out_option
from hypomask.cli.output import print_result

__all__ = ["command"]


@click.command(
    "experiments",
    cls=HypomaskCommand,
    examples=(
        "hypomask knockout experiments my-run",
        "hypomask knockout experiments my-run --hypothesis p53 --hypothesis rb --replicate-sd 0.2",
    ),
)
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--hypothesis",
    "names",
    multiple=True,
    metavar="NAME",
    help="Tell these apart. Default: those that may be the best.",
)
@click.option("--gene", "genes", multiple=True, metavar="GENE", help="Only knockouts of these. Default: all genes.")
@click.option("--power", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.8, show_default=True)
@click.option(
    "--replicate-sd",
    type=click.FloatRange(0, min_open=True),
    help="Standard deviation of the phenotype among replicates. Default: what the models leave unexplained.",
)
@click.option("--dose", type=float, help="Instead: reference + DOSE x (measured - reference), edges kept.")
@click.option("--keep-value", is_flag=True, help="Instead: cut the gene's edges and keep its value.")
@click.option("--level", "levels", multiple=True, metavar="[CHANNEL=]LEVEL", help="The level that 'gone' means.")
@click.option("--phenotype", metavar="NAME", help="Which of several phenotypes.")
@click.option("--stratum", "strata", multiple=True, metavar="NAME=LEVEL", help="Average over these samples only.")
@click.option("--sample", "samples", multiple=True, metavar="ID", help="Average over this sample; may be repeated.")
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True), default=0.05, show_default=True)
@out_option("table and JSON. Default: knockouts in the run folder")
@json_option
def command(run: Path, out: Path | None, as_json: bool, **options: Any) -> None:
    """Rank the knockouts that would tell the leading hypotheses apart.

    For every gene that the hypotheses share, what each predicts of its knockout, and how many replicates with and
    without it would show who is right.
    """
    from hypomask.cli.knockout_choice import intervention_maker, name_of_experiments, scan_options
    from hypomask.cli.knockout_reports import show_experiments
    from hypomask.cli.knockout_running import progress_on_stderr
    from hypomask.knockout.experiments import experiments
    from hypomask.knockout.trained_run import open_trained
    from hypomask.report.knockout_section import update_report

    trained = open_trained(run)
    names = options["names"] or trained.contenders
    for name in names:
        trained.model(name)
    shared = [gene for gene in trained.mask(names[0]).genes if all(gene in trained.mask(n).genes for n in names[1:])]
    make = intervention_maker(options)
    sd = options["replicate_sd"]
    settings = scan_options(trained, options)
    with progress_on_stderr() as progress:
        found = experiments(
            trained,
            [make(gene) for gene in (options["genes"] or shared)],
            names,
            settings,
            progress,
            power=options["power"],
            variance=None if sd is None else sd**2,
        )
    name_of_files = name_of_experiments(options, settings.where)
    show_experiments(found, (out or trained.folder.knockouts) / name_of_files, as_json)
    if update_report(trained.folder) and not as_json:
        print_result(f"report: {trained.folder.report}")
