"""`hypomask knockout evaluate`: predicted knockouts against measured ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option, out_option

__all__ = ["command"]


@click.command(
    "evaluate",
    cls=HypomaskCommand,
    examples=(
        "hypomask knockout evaluate my-run measured.tsv",
        "hypomask knockout evaluate my-run screen.csv --dose 0",
    ),
)
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.argument("measured", type=FILE)
@click.option("--column", metavar="NAME", help="Column of the measured effects. Default: found by its name.")
@click.option("--hypothesis", "names", multiple=True, metavar="NAME", help="Only these; may be repeated.")
@click.option("--dose", type=float, help="What was done: reference + DOSE x (measured - reference), edges kept.")
@click.option("--keep-value", is_flag=True, help="What was done: the gene's edges cut, its value kept.")
@click.option("--level", "levels", multiple=True, metavar="[CHANNEL=]LEVEL", help="The level that 'gone' means.")
@click.option("--phenotype", metavar="NAME", help="Which of several phenotypes.")
@click.option("--stratum", "strata", multiple=True, metavar="NAME=LEVEL", help="Average over these samples only.")
@click.option("--sample", "samples", multiple=True, metavar="ID", help="Average over this sample; may be repeated.")
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True), default=0.05, show_default=True)
@click.option("--no-nulls", is_flag=True, help="Do not ask the models of null masks, where some were kept.")
@out_option("table and JSON. Default: knockouts in the run folder")
@json_option
def command(run: Path, measured: Path, out: Path | None, as_json: bool, **options: Any) -> None:
    """Compare predicted with measured effects of knockouts.

    MEASURED is a table with a column 'gene' (or 'gene_a' and 'gene_b'), one of effects, and if you like one called
    'hit'. Rank correlation, direction of hits and area under precision-recall are shown for every hypothesis, beside
    the models without interactions and, where models of null masks were kept, those.
    """
    from hypomask.cli.knockout_choice import intervention_maker, scan_options
    from hypomask.cli.knockout_reports import show_evaluation
    from hypomask.cli.knockout_running import progress_on_stderr
    from hypomask.knockout.evaluate import evaluate
    from hypomask.knockout.measured_effects import read_measured
    from hypomask.knockout.trained_run import open_trained

    trained = open_trained(run)
    table = read_measured(measured, column=options["column"])
    with progress_on_stderr() as progress:
        found = evaluate(
            trained,
            table,
            options["names"],
            scan_options(trained, options),
            progress,
            make=intervention_maker(options),
        )
    show_evaluation(found, (out or trained.folder.knockouts) / f"evaluate.{measured.name.partition('.')[0]}", as_json)
