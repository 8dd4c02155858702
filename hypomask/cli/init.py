"""`hypomask init`: a starter study that already fits the user's files."""

from __future__ import annotations

from pathlib import Path

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, print_result

__all__ = ["command"]


@click.command(
    "init",
    cls=HypomaskCommand,
    examples=["hypomask init my-study --data expression.tsv --samples samples.tsv"],
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--data", type=FILE, metavar="FILE", help="Table of measurements.")
@click.option("--channel", "channels", multiple=True, metavar="NAME=FILE", help="One layer of measurement; repeat.")
@click.option("--samples", type=FILE, metavar="FILE", help="Table with the phenotype.")
@click.option("--phenotype", metavar="COLUMN", help="What is to be explained.")
@click.option("--groups", metavar="COLUMN", help="What must not be parted: patient, cell line, batch.")
@json_option
def command(
    folder: Path,
    data: Path | None,
    channels: tuple[str, ...],
    samples: Path | None,
    phenotype: str | None,
    groups: str | None,
    as_json: bool,
) -> None:
    """Write a starter study and hypotheses into a folder.

    Files you name are looked at, so that columns and genes in the starter are yours. Nothing is overwritten.
    """
    from hypomask.cli.starter import write_starter
    from hypomask.cli.study_options import named_files

    if data is not None and channels:
        raise click.UsageError("give --data for one table, or --channel NAME=FILE for each of several, not both")
    tables = {"": data} if data is not None else {name: Path(file) for name, file in named_files(channels).items()}
    try:
        starter = write_starter(folder, tables, samples, phenotype, groups)
    except FileExistsError as error:
        raise click.UsageError(f"{error.filename} is there already and stays as it is; choose another folder") from None
    if as_json:
        print_json({"study": str(starter.study), "hypotheses": str(starter.hypotheses), "notes": list(starter.notes)})
        return
    for note in starter.notes:
        print_result(note)
    print_result(f"wrote {starter.study} and {starter.hypotheses}")
    print_result("Next: write your hypotheses, then")
    print_result(f"  hypomask validate {starter.study}")
    print_result(f"  hypomask compare {starter.study}")
