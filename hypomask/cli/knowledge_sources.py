"""Opens a source for `hypomask knowledge` the way recipes do, so that both know the same names and terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from hypomask.cli.knowledge_network import OpenedNetwork
from hypomask.cli.knowledge_terms import OpenedTerms
from hypomask.errors import FetchError, KnowledgeError, did_you_mean, shortened
from hypomask.knowledge.drawing import TermSource
from hypomask.knowledge.fetching.manifest import shipped_manifest
from hypomask.knowledge.recipe_sources import read_source
from hypomask.knowledge.shipped import SHIPPED_SOURCES
from hypomask.knowledge.source_specs import COMPANIONS, implied_spec

__all__ = ["NAMES_ONLY", "Answer", "OpenedSource", "open_source"]

NAMES_ONLY = ("hgnc", "hcop", "alliance", "goa", "string-human-info", "reactome-relations")
"""Resources, by how they begin, that name genes or go with another source: there is nothing to look into."""


class Answer(Protocol):
    """What was found, for people and for programs."""

    def lines(self) -> list[str]:
        """Return what a terminal shows."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""


class OpenedSource(Protocol):
    """A source that was read."""

    def overview(self) -> Answer:
        """Return what there is."""

    def show(self, term: str) -> Answer:
        """Return one term, or one gene of a network."""

    def search(self, text: str, limit: int) -> Answer:
        """Return what matches."""


def open_source(name: str, options: Mapping[str, str]) -> OpenedSource:
    """Read a file, a fetched resource or the shipped ontology.

    Parameters
    ----------
    options
        Texts of a source's declaration, such as ``annotations``. What a resource is read with (the human annotations
        of the Gene Ontology) is left out, and said, when it has not been fetched.

    Raises
    ------
    HypomaskError
        There is no such source, it has not been fetched, or it is damaged.
    """
    folder = Path()
    is_file = (folder / name).exists()
    resources = shipped_manifest().resources
    if not is_file and name.startswith(NAMES_ONLY) and name in resources:
        what = "gene names and orthologs are looked up by `hypomask genes`; the rest goes with another source"
        raise KnowledgeError(f"{name} ({resources[name].title}) holds no terms and no network: {what}")
    if not is_file and name not in resources and name not in SHIPPED_SOURCES:
        hint = did_you_mean(name, [*SHIPPED_SOURCES, *resources]) or " See `hypomask knowledge list`."
        raise KnowledgeError(f"{shortened(name)!r} is no file here, nor the name of a source.{hint}")
    spec = implied_spec(name, folder)
    spec = replace(spec, texts={**spec.texts, **options})
    notes = []
    for companion in COMPANIONS.get(name, {}):
        try:
            spec.path(companion)
        except FetchError as absent:
            spec = replace(spec, texts={key: text for key, text in spec.texts.items() if key != companion})
            notes.append(f"read without {companion}: {absent}")
    source = read_source(spec)
    if isinstance(source, TermSource):
        return OpenedTerms(name, source.terms.with_account(notes=notes))
    return OpenedNetwork(name, source.network.with_account(notes=notes))
