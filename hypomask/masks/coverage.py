"""What became of a hypothesis when it met a cohort's genes: found, missing, kept, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Coverage", "counted"]


def counted(number: int, noun: str) -> str:
    """Return e.g. ``1 gene``, ``2,000 entries``."""
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun}"


@dataclass(frozen=True)
class Coverage:
    """Account of one compilation, for people.

    Parameters
    ----------
    hypothesis
        Its name.
    genes_named, genes_found
        Genes that the hypothesis names, and how many of them the cohort measures under exactly that id.
    missing
        The genes that were not found, in the order of the hypothesis.
    edges_named, edges_kept
        Edges written in the hypothesis (an undirected one counts once), and how many have both ends among the tokens.
    n_tokens, n_edges
        Gene and group tokens of the mask, and its off-diagonal (row, column) pairs, groups' edges included.
    steps
        How many mask entries every edge list, group and layer made, one sentence each.
    near_matches
        Missing gene -> a cohort gene that differs only in letter case, punctuation or Ensembl version. Such genes
        are reported and never taken: ``Tp53`` and ``TP53`` are genes of two species.
    warnings
        What a reader of the result must know.
    provenance
        Where the hypothesis came from: files with hashes, releases with dates, what each step drew.
    """

    hypothesis: str
    genes_named: int
    genes_found: int
    missing: tuple[str, ...]
    edges_named: int
    edges_kept: int
    n_tokens: int
    steps: tuple[str, ...]
    n_edges: int = 0
    near_matches: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    provenance: tuple[str, ...] = ()

    @property
    def fraction(self) -> float:
        """Share of the named genes that were found, 0 to 1."""
        return self.genes_found / self.genes_named if self.genes_named else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the account as plain values, ready for JSON."""
        return {
            "hypothesis": self.hypothesis,
            "genes_named": self.genes_named,
            "genes_found": self.genes_found,
            "fraction": self.fraction,
            "missing": list(self.missing),
            "near_matches": dict(self.near_matches),
            "edges_named": self.edges_named,
            "edges_kept": self.edges_kept,
            "n_tokens": self.n_tokens,
            "n_edges": self.n_edges,
            "steps": list(self.steps),
            "warnings": list(self.warnings),
            "provenance": list(self.provenance),
        }
