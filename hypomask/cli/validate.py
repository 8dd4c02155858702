"""`hypomask validate`: check files before anything is trained."""

from __future__ import annotations

from pathlib import Path

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, print_result, say

__all__ = ["command"]


@click.command("validate", cls=HypomaskCommand)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--data", type=FILE, metavar="FILE", help="Table of measurements to check hypothesis files against.")
@json_option
def command(files: tuple[Path, ...], data: Path | None, as_json: bool) -> None:
    """Check hypotheses, studies and the data they name.

    FILES are study files, hypothesis documents, gene sets or edge tables. Of a study everything is read that a run
    would read. All problems of all files are shown; the exit code is that of the first.
    """
    from hypomask.cli.validation import validate_file

    checked = [validate_file(file, data) for file in files]
    if as_json:
        print_json({"valid": not any(item.error for item in checked), "files": [item.as_dict() for item in checked]})
    else:
        for item in checked:
            for line in item.found:
                print_result(f"{item.file}: {line}")
            for line in item.warnings:
                print_result(f"{item.file}: note: {line}")
            if item.error is None:
                print_result(f"{item.file}: ok")
    failed = [item.error for item in checked if item.error is not None]
    for error in failed[1:]:
        say(f"error: {error}")
    if failed:
        raise failed[0]
