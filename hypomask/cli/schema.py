"""`hypomask schema`: JSON schemas, for editors and for programs that write our files."""

from __future__ import annotations

import click

from hypomask.cli.options import HypomaskCommand
from hypomask.cli.output import print_json

__all__ = ["command"]


@click.command("schema", cls=HypomaskCommand, examples=["hypomask schema study > study.schema.json"])
@click.argument("what", type=click.Choice(["hypothesis", "study"]), default="hypothesis")
def command(what: str) -> None:
    """Print the JSON schema of a hypothesis document or a study."""
    if what == "hypothesis":
        from hypomask.hypothesis.schema import hypothesis_schema

        print_json(hypothesis_schema())
    else:
        from hypomask.execution.study import study_schema

        print_json(study_schema())
