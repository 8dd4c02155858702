"""The compact ontology that comes with hypomask, for examples, tests and trials without a download."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from hypomask.errors import KnowledgeError, did_you_mean
from hypomask.knowledge.term_sources import read_terms
from hypomask.knowledge.terms import Terms

__all__ = ["SHIPPED", "SHIPPED_SOURCES", "shipped_file", "shipped_pathways"]

SHIPPED = ("pathways.obo", "pathways.tsv")
SHIPPED_SOURCES = {"example-pathways": "pathways.obo", "example-pathways-genes": "pathways.tsv"}
"""What recipes and commands call the shipped files, wherever they are installed."""


def shipped_file(name: str) -> Path:
    """Return the path of a shipped file, in an installed wheel or in a checkout.

    Raises
    ------
    KnowledgeError
        There is no such file.
    """
    package = Path(str(files("hypomask")))
    for place in (package / "_shipped" / "ontologies" / name, package.parent / "ontologies" / name):
        if name in SHIPPED and place.is_file():
            return place
    raise KnowledgeError(
        f"{name!r} does not come with hypomask; {' and '.join(SHIPPED)} do.{did_you_mean(name, SHIPPED)}"
    )


def shipped_pathways() -> Terms:
    """Return the shipped subset of the Gene Ontology with its genes (symbols)."""
    return read_terms(shipped_file("pathways.obo"), annotations=shipped_file("pathways.tsv"))
