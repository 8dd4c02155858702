"""What a recipe draws on, seen from here: named sources of genes and wiring, which `hypomask.knowledge` can read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from hypomask.errors import HypothesisError, Problem
from hypomask.hypothesis.graph import Expansion, Hypothesis
from hypomask.hypothesis.located_yaml import Located

__all__ = ["DrawnGenes", "OpenSources", "Reference", "Sources", "UnreadSources"]


@dataclass(frozen=True)
class Reference:
    """A source, or one of its terms: ``reactome``, ``go:GO:0006281``, ``reactome:DNA Repair``, ``collectri:TP53``.

    Parameters
    ----------
    term
        Id or name of a term, or a gene of a network: then its regulon is meant. None: the whole source.
    descendants
        Whether the genes of the terms below `term` are meant too.
    """

    source: str
    term: str | None = None
    descendants: bool = True

    def __str__(self) -> str:
        text = self.source if self.term is None else f"{self.source}:{self.term}"
        return text if self.descendants else f"{text} without descendants"


@dataclass(frozen=True)
class DrawnGenes:
    """Genes that a source gave, and where they come from in words."""

    genes: tuple[str, ...]
    provenance: tuple[str, ...]


class Sources(Protocol):
    """Named sources. Every method raises a `HypomaskError` where a source or term cannot be had."""

    def __contains__(self, name: str) -> bool:
        """Return whether there is a source of this name: declared, fetched, or a file whose kind is known."""

    @property
    def declared(self) -> Collection[str]:
        """Names that the document declares."""

    @property
    def names(self) -> Iterable[str]:
        """Names to suggest for one that is not there, those of fetched resources too."""

    def genes(self, reference: Reference) -> DrawnGenes:
        """Return the genes of a source or term."""

    def wiring(self, reference: Reference, genes: Sequence[str] | None, expansion: Expansion | None) -> Hypothesis:
        """Return what acts on what, among `genes` only if they are given; `expansion` says how groups become edges."""

    def lift(self, hypothesis: Hypothesis, source: str, options: Mapping[str, str]) -> Hypothesis:
        """Return the hypothesis in another species, by the orthologs of `source`."""


OpenSources = Callable[[Mapping[str, Located], Path, list[Problem]], Sources]
"""Makes the sources of the `sources:` of a document in a folder; what is wrong with them is added to the problems."""


@dataclass(frozen=True)
class UnreadSources:
    """Sources that a document declares, for those who read documents without knowledge files."""

    declared: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What is declared."""
        return self.declared

    def __contains__(self, name: object) -> bool:
        return name in self.declared

    def genes(self, reference: Reference) -> DrawnGenes:
        """Refuse."""
        self._refuse(reference.source)

    def wiring(self, reference: Reference, genes: Sequence[str] | None, expansion: Expansion | None) -> Hypothesis:
        """Refuse."""
        self._refuse(reference.source)

    def lift(self, hypothesis: Hypothesis, source: str, options: Mapping[str, str]) -> Hypothesis:
        """Refuse."""
        self._refuse(source)

    def _refuse(self, source: str) -> NoReturn:
        raise HypothesisError(
            f"source {source!r} is a file of knowledge, which is not read here; read the document with "
            "hypomask.knowledge.registry.read_hypotheses"
        )
