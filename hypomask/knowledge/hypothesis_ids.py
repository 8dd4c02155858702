"""Bring the gene names of a hypothesis to those of the data: Ensembl ids to symbols, old symbols to current ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypomask.hypothesis.graph import Hypothesis
from hypomask.knowledge.gene_renaming import Renaming, rename_genes
from hypomask.knowledge.id_mapping import IdMapping
from hypomask.knowledge.identifiers import IdentifierTable, IdKind

__all__ = ["HypothesisIds", "map_hypothesis"]


@dataclass(frozen=True)
class HypothesisIds:
    """What became of each gene name, and of the graph."""

    mapping: IdMapping
    renaming: Renaming

    def lines(self) -> tuple[str, ...]:
        """Return both in words."""
        return (*self.mapping.lines(), *self.renaming.lines())


def map_hypothesis(
    hypothesis: Hypothesis, table: IdentifierTable, to: IdKind = "symbol", *, keep_unmapped: bool = True
) -> tuple[Hypothesis, HypothesisIds]:
    """Return the hypothesis with gene names of one kind, and what became of each.

    Genes that become one, such as an old and a current symbol, become one node; that is in the account and in the
    provenance. Names without a target (ambiguous, damaged, unknown) stay as they are, where the data may know them.

    Parameters
    ----------
    keep_unmapped
        False: drop genes without a target instead.
    """
    mapping = table.map(hypothesis.genes, to)
    targets = mapping.targets
    names = {gene: (targets[gene],) for gene in targets}
    if keep_unmapped:
        names |= {gene: (gene,) for gene in hypothesis.genes if gene not in targets}
    renamed, renaming = rename_genes(hypothesis, names)
    result = HypothesisIds(mapping, renaming)
    account = (f"gene names brought to {to}s of {table.source}", *(f"note: {line}" for line in result.lines()))
    return replace(renamed, provenance=(*hypothesis.provenance, *account)), result
