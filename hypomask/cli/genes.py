"""`hypomask genes`: which gene each name is, and whether it is current."""

from __future__ import annotations

from pathlib import Path

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, print_result, say

__all__ = ["command"]


@click.command(
    "genes",
    cls=HypomaskCommand,
    examples=(
        "hypomask genes expression.tsv --table hgnc_complete_set.txt",
        "hypomask genes rivals.yaml --to ensembl --out names.tsv",
        "hypomask genes rivals.yaml --data expression.tsv",
    ),
)
@click.argument("file", type=FILE)
@click.option(
    "--table",
    type=FILE,
    metavar="FILE",
    help="HGNC's complete set, or a table with a column of symbols. Default: what `hypomask fetch hgnc` brought.",
)
@click.option("--withdrawn", type=FILE, metavar="FILE", help="HGNC's withdrawn.txt: what became of retired entries.")
@click.option(
    "--to",
    type=click.Choice(["symbol", "ensembl", "entrez", "uniprot", "hgnc"]),
    default="symbol",
    show_default=True,
    help="Kind of the names to map to.",
)
@click.option("--data", type=FILE, metavar="FILE", help="Table of measurements that should know the names of FILE.")
@click.option("--out", type=FILE, metavar="FILE", help="Write the table of what maps to what (tab-separated).")
@json_option
def command(
    file: Path, table: Path | None, withdrawn: Path | None, to: str, data: Path | None, out: Path | None, as_json: bool
) -> None:
    """Check gene names: what each is, and what needs a look.

    FILE is a table of measurements or a file of hypotheses. Names may be symbols old and new, aliases, Ensembl,
    Entrez, UniProt and HGNC ids, mixed. Nothing is changed and nothing is guessed.
    """
    from hypomask.cli.gene_check import check_genes, write_mapping

    checked = check_genes(file, table, withdrawn, to, data)
    if out is not None:
        write_mapping(checked.mapping, out)
        say(f"written: {out}")
    if as_json:
        print_json(checked.as_dict())
        return
    for line in checked.lines():
        print_result(line)
