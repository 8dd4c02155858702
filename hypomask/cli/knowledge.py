"""`hypomask knowledge`: what is in the sources that hypotheses are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, print_result

if TYPE_CHECKING:
    from hypomask.cli.knowledge_sources import OpenedSource

__all__ = ["command"]

F = TypeVar("F", bound=Callable[..., Any])


class _KnowledgeGroup(click.Group):
    """The three questions; each has its own examples."""

    examples: tuple[str, ...] = ()


@click.group("knowledge", cls=_KnowledgeGroup, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Look into ontologies, gene sets and networks: list, show, search.

    SOURCE is a file, a name that `hypomask fetch` knows, or `example-pathways`, the small ontology that comes with
    hypomask. Recipes in hypothesis documents use the same names and terms.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _source_options(function: F) -> F:
    """Add the options that say how a source is read."""
    for option in (
        click.option("--annotations", type=FILE, metavar="FILE", help="Genes of an ontology: GAF, gene2go or a table."),
        click.option(
            "--hierarchy", type=FILE, metavar="FILE", help="Which pathway is in which (Reactome's relations)."
        ),
        click.option("--species", metavar="NAME", help="Of Reactome's files. Default: Homo sapiens."),
    ):
        function = option(function)
    return function


@command.command("list", cls=HypomaskCommand, examples=("hypomask knowledge list",))
@json_option
def list_command(as_json: bool) -> None:
    """List what is shipped and fetched, and which kinds of file are read."""
    from hypomask.cli.knowledge_list import KnowledgeList

    found = KnowledgeList.gather()
    if as_json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        print_result(line)


@command.command(
    "show",
    cls=HypomaskCommand,
    examples=(
        "hypomask knowledge show example-pathways",
        "hypomask knowledge show go GO:0006281",
        'hypomask knowledge show ReactomePathways.gmt "DNA Repair" --hierarchy ReactomePathwaysRelation.txt',
        "hypomask knowledge show collectri TP53",
    ),
)
@click.argument("source")
@click.argument("term", required=False)
@_source_options
@json_option
def show_command(
    source: str,
    term: str | None,
    annotations: Path | None,
    hierarchy: Path | None,
    species: str | None,
    as_json: bool,
) -> None:
    """Show a term with its parents, children and genes, or a gene of a network with what it acts on.

    TERM is an id, a former id, or a name in any letter case; in a network, a gene. Without it, the source as a whole.
    """
    opened = _opened(source, annotations, hierarchy, species)
    shown = opened.overview() if term is None else opened.show(term)
    if as_json:
        print_json(shown.as_dict())
        return
    for line in shown.lines():
        print_result(line)


@command.command(
    "search",
    cls=HypomaskCommand,
    examples=(
        "hypomask knowledge search example-pathways repair",
        'hypomask knowledge search go "dna repair" --limit 50',
        "hypomask knowledge search reactome BRCA1",
    ),
)
@click.argument("source")
@click.argument("text")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many hits to show.")
@_source_options
@json_option
def search_command(
    source: str,
    text: str,
    limit: int,
    annotations: Path | None,
    hierarchy: Path | None,
    species: str | None,
    as_json: bool,
) -> None:
    """Search a source: terms by the words of their names, or by a gene; genes of a network by a part of the name."""
    hits = _opened(source, annotations, hierarchy, species).search(text, limit)
    if as_json:
        print_json(hits.as_dict())
        return
    for line in hits.lines():
        print_result(line)


def _opened(source: str, annotations: Path | None, hierarchy: Path | None, species: str | None) -> OpenedSource:
    from hypomask.cli.knowledge_sources import open_source

    files = {"annotations": annotations, "hierarchy": hierarchy}
    given = {option: str(path) for option, path in files.items() if path is not None}
    return open_source(source, {**given, **({"species": species} if species else {})})
