"""`hypomask knockout`: what a gene, an edge or a pathway does in the models of a run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option, out_option

__all__ = ["SUBCOMMANDS", "command"]

SUBCOMMANDS = {"evaluate": "hypomask.cli.knockout_evaluate", "experiments": "hypomask.cli.knockout_experiments"}


class _KnockoutCommand(HypomaskCommand):
    """Takes a run folder, or one of two words that stand for commands of their own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Hand `knockout evaluate ...` and `knockout experiments ...` on to their commands."""
        if args and args[0] in SUBCOMMANDS:
            other: click.Command = import_module(SUBCOMMANDS[args[0]]).command
            return other.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(
    "knockout",
    cls=_KnockoutCommand,
    examples=(
        "hypomask knockout my-run --gene TP53",
        "hypomask knockout my-run --all-genes --hypothesis p53 --level q0.05",
        "hypomask knockout my-run --gene TP53 --dose 0.5 --by sex",
        "hypomask knockout my-run --pairs pairs.tsv --harm lower",
        "hypomask knockout evaluate my-run measured.tsv",
        "hypomask knockout experiments my-run",
    ),
)
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option("--gene", "genes", multiple=True, metavar="GENE", help="Knock out this gene; may be repeated.")
@click.option("--joint", is_flag=True, help="All --gene and --group together, as one intervention.")
@click.option("--all-genes", is_flag=True, help="Every gene of the models, one at a time.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="All members of a group or pathway together.")
@click.option("--pairs", type=FILE, metavar="FILE", help="Epistasis of the pairs in a table (gene_a, gene_b).")
@click.option("--all-pairs", is_flag=True, help="Epistasis of all pairs of --gene, or of all genes.")
@click.option("--top-pairs", type=click.IntRange(1), metavar="K", help="The K largest, without computing all.")
@click.option("--edges", is_flag=True, help="Every edge of the mask, one at a time.")
@click.option("--edge", "removed", multiple=True, metavar="'A -> B'", help="Remove this edge; may be repeated.")
@click.option("--add-edge", "added", multiple=True, metavar="'A -> B'", help="Add this edge; may be repeated.")
@click.option("--dose", type=float, help="Instead: reference + DOSE x (measured - reference), edges kept.")
@click.option("--keep-value", is_flag=True, help="Instead: cut the gene's edges and keep its value.")
@click.option(
    "--level",
    "levels",
    multiple=True,
    metavar="[CHANNEL=]LEVEL",
    help="minimum (default), maximum, zero, absent, q0.05 (a quantile), or a number: the level that 'gone' means.",
)
@click.option("--hypothesis", metavar="NAME", help="Hypothesis or reference. Default: the one that leads.")
@click.option("--phenotype", metavar="NAME", help="Which of several phenotypes.")
@click.option("--stratum", "strata", multiple=True, metavar="NAME=LEVEL", help="Average over these samples only.")
@click.option("--by", metavar="NAME", help="Once in every stratum of this covariate.")
@click.option("--sample", "samples", multiple=True, metavar="ID", help="Average over this sample; may be repeated.")
@click.option("--per-sample", is_flag=True, help="Write the effects in every single sample, too.")
@click.option("--harm", type=click.Choice(["lower", "higher"]), help="Look for synthetic-lethal pairs: what harms.")
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True), default=0.05, show_default=True)
@click.option("--no-nulls", is_flag=True, help="Do not ask the models of null masks, where some were kept.")
@out_option("table, JSON and page. Default: knockouts in the run folder")
@json_option
def command(run: Path, **options: Any) -> None:
    """Knock out genes, edges and groups in the models of a run.

    RUN is the folder of a finished run whose models were kept. A gene that is knocked out is at its reference level
    with all its edges cut; every model of the run is asked about the samples that it did not see. Formulas:
    docs/KNOCKOUT.md. Also: `hypomask knockout evaluate --help`, `hypomask knockout experiments --help`.
    """
    from hypomask.cli.knockout_running import run_knockout

    run_knockout(run, options)
