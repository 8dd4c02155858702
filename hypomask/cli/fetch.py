"""`hypomask fetch`: public knowledge into the cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option
from hypomask.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from hypomask.knowledge.fetching.manifest import Manifest, Resource

__all__ = ["command"]


@click.command(
    "fetch",
    cls=HypomaskCommand,
    examples=(
        "hypomask fetch --list",
        "hypomask fetch go goa-human hgnc",
        "hypomask fetch collectri --accept-licence collectri",
        "hypomask fetch go --from downloads/",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAMES]...")
@click.option("--list", "list_all", is_flag=True, help="Show what can be fetched, and what is in the cache.")
@click.option("--verify", is_flag=True, help="Compare what is in the cache with its checksums.")
@click.option("--offline", is_flag=True, help="Use no network: say what is missing instead.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="Take the files from a folder (a cluster without network).",
)
@click.option("--update", is_flag=True, help="Get the newest of sources that have no versions.")
@click.option("--accept-licence", multiple=True, metavar="NAME", help="Accept the terms of NAME; may be repeated.")
@click.option("--manifest", "manifest_file", type=FILE, metavar="FILE", help="Another list of sources (a mirror).")
@json_option
def command(
    names: tuple[str, ...],
    list_all: bool,
    verify: bool,
    offline: bool,
    folder: Path | None,
    update: bool,
    accept_licence: tuple[str, ...],
    manifest_file: Path | None,
    as_json: bool,
) -> None:
    """Fetch public knowledge: ontologies, pathways, regulons, gene names.

    Files go into the cache (HYPOMASK_CACHE, else the platform's place) by name and version, are checked, and are
    fetched once. Where no checksum is known, that of the first download is recorded and holds from then on.
    """
    from hypomask.knowledge.fetching.manifest import load_manifest, shipped_manifest

    manifest = load_manifest(manifest_file) if manifest_file is not None else shipped_manifest()
    if list_all and verify:
        raise click.UsageError("--list and --verify are two questions; ask one of them")
    if list_all:
        _list(names, manifest, as_json)
        return
    if verify:
        _verify(names, as_json)
        return
    if not names:
        raise click.UsageError(f"name what to fetch: {', '.join(manifest.resources)}; or --list")
    unknown = [name for name in accept_licence if name not in names]
    if unknown:
        raise click.UsageError(f"--accept-licence {unknown[0]}: it is not among what is to be fetched")
    _fetch_all(names, manifest, offline, folder, update, accept_licence, as_json)


def _list(names: tuple[str, ...], manifest: Manifest, as_json: bool) -> None:
    from hypomask.cli.fetching import Listing

    for name in names:
        manifest.resource(name)
    listing = Listing.of(manifest, names)
    if as_json:
        print_json(listing.as_dict())
        return
    for line in listing.lines():
        print_result(line)


def _verify(names: tuple[str, ...], as_json: bool) -> None:
    from hypomask.cli.fetching import verify_all
    from hypomask.errors import FetchError

    found = verify_all(names)
    absent = [name for name in names if name not in {item.name for item in found}]
    if as_json:
        print_json([item.as_dict() for item in found])
    else:
        for item in found:
            print_result(str(item))
        if not found and not names:
            print_result("nothing has been fetched yet")
    wrong = [*dict.fromkeys(item.name for item in found if item.problem), *absent]
    if wrong:
        raise FetchError(f"damaged or not there: {', '.join(wrong)}; run: hypomask fetch {' '.join(wrong)}")


def _fetch_all(
    names: tuple[str, ...],
    manifest: Manifest,
    offline: bool,
    folder: Path | None,
    update: bool,
    accepted: tuple[str, ...],
    as_json: bool,
) -> None:
    """Fetch everything that can be had, then fail with the first of what could not."""
    from dataclasses import asdict

    from hypomask.cli.fetching import ProgressLine
    from hypomask.errors import FetchError
    from hypomask.knowledge.fetching.fetch import FetchOptions, fetch

    failed: list[FetchError] = []
    fetched = []
    for name in dict.fromkeys(names):
        progress = ProgressLine(name)
        options = FetchOptions(
            offline=offline,
            folder=folder,
            update=update,
            accept=lambda resource: _accepts(resource, accepted),
            tell=progress.tell,
            progress=progress.show,
        )
        try:
            record = fetch(name, options, manifest)
        except FetchError as error:
            failed.append(error)
        else:
            fetched.append(record)
            if not as_json:
                released = f" (released {record.released})" if record.released else ""
                print_result(f"{name} {record.version}{released}: {record.path}")
        finally:
            progress.end()
    if as_json:
        print_json([{**asdict(record), "path": str(record.path)} for record in fetched])
    for failure in failed[1:]:
        say(f"error: {failure}")
    if failed:
        raise failed[0]


def _accepts(resource: Resource, accepted: tuple[str, ...]) -> bool:
    """Whether the user accepts the terms: said in advance, or asked where somebody can answer."""
    import sys

    if resource.name in accepted:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    say(f"{resource.name}: {resource.title}\nlicence: {resource.licence}\n{resource.consent}")
    return click.confirm("Do you accept these terms?", default=False, err=True)
