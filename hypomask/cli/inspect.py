"""`hypomask inspect`: what hypotheses become, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, print_result

if TYPE_CHECKING:
    from hypomask.cli.inspection import InspectedHypothesis

__all__ = ["command"]

MAX_OVERLAPS_SHOWN = 15


@click.command("inspect", cls=HypomaskCommand)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--data", type=FILE, metavar="FILE", help="Table of measurements, for coverage.")
@click.option("--scope", type=click.Choice(["all", "members"]), help="Instead of the scope that the files state.")
@click.option("--expansion", type=click.Choice(["none", "clique", "star"]), help="How gene sets become edges.")
@click.option("--layers", type=click.IntRange(1), help="Layers of the model. Default: as many as needed.")
@json_option
def command(
    files: tuple[Path, ...],
    data: Path | None,
    scope: str | None,
    expansion: str | None,
    layers: int | None,
    as_json: bool,
) -> None:
    """Show what hypotheses become: tokens, edges, coverage, overlap.

    FILES are hypothesis documents (YAML), gene sets (GMT), SIF or edge tables. Without --data every gene that any of
    the hypotheses names counts as measured.
    """
    from hypomask.cli.inspection import inspect_hypotheses

    inspected = inspect_hypotheses(files, data, scope, expansion, layers)
    if as_json:
        print_json(inspected.as_dict())
        return
    for item in inspected.hypotheses:
        for line in _lines(item):
            print_result(line)
    if len(inspected.hypotheses) > 1:
        print_result("shared edges:" if inspected.overlaps else "no two hypotheses share an edge")
        for overlap in inspected.overlaps[:MAX_OVERLAPS_SHOWN]:
            print_result(f"  {overlap.jaccard:.2f}  {overlap.a} / {overlap.b}: {overlap.shared} in both")
        if len(inspected.overlaps) > MAX_OVERLAPS_SHOWN:
            print_result(f"  ... and {len(inspected.overlaps) - MAX_OVERLAPS_SHOWN} more pairs (see --json)")
    for warning in inspected.warnings:
        print_result(f"note: {warning}")


def _lines(item: InspectedHypothesis) -> list[str]:
    coverage, mask = item.coverage, item.mask
    groups = f", {mask.n_group_tokens} of them for groups" if mask.n_group_tokens else ""
    reads, read_by = (
        f"{least:g} to {most:g} others (median {median:g})" for least, _, median, _, most in (mask.reads, mask.read_by)
    )
    lines = [
        f"{item.hypothesis.name}  (scope {item.hypothesis.scope}, {item.hypothesis.prior.kind} prior)",
        f"  genes    {coverage.genes_found} of {coverage.genes_named} found; {coverage.n_tokens} tokens{groups}",
        f"  edges    {coverage.edges_kept} of {coverage.edges_named} written edges kept; "
        f"the mask allows {mask.n_edges} pairs, {100 * mask.density:.1f} % of all with the diagonal",
        f"  degrees  a gene reads {reads}, is read by {read_by}",
    ]
    if item.hubs:
        lines.append(f"  hubs     {', '.join(f'{gene} ({degree})' for gene, degree in item.hubs)}")
    return [*lines, *(f"  note: {warning}" for warning in coverage.warnings)]
