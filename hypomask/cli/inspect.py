"""`hypomask inspect`: what hypotheses become, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from hypomask.cli.inspection import InspectedHypothesis, Inspection

__all__ = ["command"]

MAX_HYPOTHESES_SHOWN = 60
MAX_OVERLAPS_SHOWN = 15
MAX_WARNINGS_SHOWN = 20


@click.command(
    "inspect",
    cls=HypomaskCommand,
    examples=("hypomask inspect rivals.yaml --data expression.tsv.gz --out rivals.html",),
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--data", type=FILE, metavar="FILE", help="Table of measurements, for coverage.")
@click.option("--scope", type=click.Choice(["all", "members"]), help="Instead of the scope that the files state.")
@click.option("--expansion", type=click.Choice(["none", "clique", "star"]), help="How gene sets become edges.")
@click.option("--layers", type=click.IntRange(1), help="Layers of the model. Default: as many as needed.")
@click.option("--out", type=FILE, metavar="PAGE.html", help="Write a page with pictures: graphs, masks, overlap.")
@json_option
def command(
    files: tuple[Path, ...],
    data: Path | None,
    scope: str | None,
    expansion: str | None,
    layers: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show what hypotheses become: tokens, edges, coverage, overlap.

    FILES are hypothesis documents (YAML), gene sets (GMT), SIF or edge tables. Without --data every gene that any of
    the hypotheses names counts as measured.
    """
    from hypomask.cli.inspection import inspect_hypotheses

    inspected = inspect_hypotheses(files, data, scope, expansion, layers)
    if out is not None:
        from hypomask.cli.inspection_page import page_of_inspection
        from hypomask.report.inspection_page import write_inspection

        write_inspection(page_of_inspection(inspected, files, data), out)
    if as_json:
        print_json(inspected.as_dict())
    else:
        _print(inspected)
    if out is not None:
        say(f"page: {out}")


def _print(inspected: Inspection) -> None:
    said: set[str] = set()  # hypotheses drawn from one source share its notes
    for item in inspected.hypotheses[:MAX_HYPOTHESES_SHOWN]:
        for line in _lines(item):
            print_result(line)
        for note in item.drawing_notes:
            if note not in said:
                print_result(f"  note: {note}")
        said.update(item.drawing_notes)
    if len(inspected.hypotheses) > MAX_HYPOTHESES_SHOWN:
        print_result(f"... and {len(inspected.hypotheses) - MAX_HYPOTHESES_SHOWN:,} more hypotheses (see --json)")
    if len(inspected.hypotheses) > 1:
        print_result("shared edges:" if inspected.overlaps else "no two hypotheses share an edge")
        for overlap in inspected.overlaps[:MAX_OVERLAPS_SHOWN]:
            print_result(f"  {overlap.jaccard:.2f}  {overlap.a} / {overlap.b}: {overlap.shared} in both")
        if len(inspected.overlaps) > MAX_OVERLAPS_SHOWN:
            print_result(f"  ... and {len(inspected.overlaps) - MAX_OVERLAPS_SHOWN:,} more pairs (see --json)")
    for warning in inspected.warnings[:MAX_WARNINGS_SHOWN]:
        print_result(f"note: {warning}")
    if len(inspected.warnings) > MAX_WARNINGS_SHOWN:
        print_result(f"... and {len(inspected.warnings) - MAX_WARNINGS_SHOWN:,} more such notes (see --json)")


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
