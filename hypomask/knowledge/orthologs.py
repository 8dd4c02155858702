"""Lift a hypothesis to another species, so that what is known of human can be tested in mouse or yeast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from hypomask.errors import ConfigError, did_you_mean
from hypomask.hypothesis.graph import Hypothesis
from hypomask.knowledge.gene_renaming import Renaming, rename_genes
from hypomask.knowledge.ortholog_tables import Ids, OrthologPair, read_pairs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ORTHOLOG_RULES", "LiftReport", "OrthologRule", "OrthologTable", "read_orthologs"]

OrthologRule = Literal["drop", "all", "best-supported"]
ORTHOLOG_RULES: tuple[OrthologRule, ...] = get_args(OrthologRule)
RULE_WORDS = {
    "drop": "one-to-one orthologs only",
    "all": "all orthologs of a gene",
    "best-supported": "the one ortholog with most support; none where several have as much",
}


@dataclass(frozen=True)
class LiftReport:
    """What became of the genes of a hypothesis in another species.

    Parameters
    ----------
    fates
        By gene: ``lifted``, ``no ortholog``, ``one-to-many``, ``many-to-one``, ``tie`` or ``too little support``.
    targets
        New names by gene.
    """

    fates: dict[str, str]
    targets: dict[str, tuple[str, ...]]
    renaming: Renaming
    rule: OrthologRule
    source: str
    target: str

    @property
    def coverage(self) -> float:
        """Part of the genes that were lifted."""
        return self.renaming.coverage

    def frame(self) -> pd.DataFrame:
        """Return a table: gene, fate, orthologs (joined by ``|``)."""
        import pandas as pd

        rows = [(gene, fate, "|".join(self.targets.get(gene, ()))) for gene, fate in self.fates.items()]
        return pd.DataFrame(rows, columns=["gene", "fate", "orthologs"], dtype=object)

    def lines(self) -> tuple[str, ...]:
        """Return the account in words."""
        lost = Counter(fate for fate in self.fates.values() if fate != "lifted")
        why = f" ({', '.join(f'{n} {fate}' for fate, n in lost.most_common())})" if lost else ""
        n_lifted = len(self.fates) - sum(lost.values())
        return (
            f"lifted from {self.source} to {self.target} by {RULE_WORDS[self.rule]}: {n_lifted} of {len(self.fates)} "
            f"genes ({self.coverage:.0%}){why}",
            *self.renaming.lines()[1:],
        )


class OrthologTable:
    """Pairs of orthologous genes of two species.

    Parameters
    ----------
    pairs
        Every pair once.
    source, target
        The two species.
    min_support
        Pairs with less support are not used, and do not make another pair one of several.
    origin
        Where the pairs come from, with checksum and rule, for reports.
    """

    def __init__(
        self, pairs: Iterable[OrthologPair], *, source: str, target: str, min_support: float = 0.0, origin: str = ""
    ) -> None:
        self.source, self.target, self.min_support, self.origin = source, target, min_support, origin
        self.pairs = tuple(pairs)

    @cached_property
    def _targets(self) -> dict[str, list[OrthologPair]]:
        found: dict[str, list[OrthologPair]] = {}
        for pair in self.pairs:
            if pair.support >= self.min_support:
                found.setdefault(pair.source, []).append(pair)
        return found

    @cached_property
    def _n_sources(self) -> Counter[str]:
        return Counter(pair.target for pairs in self._targets.values() for pair in pairs)

    @cached_property
    def _all_sources(self) -> frozenset[str]:
        return frozenset(pair.source for pair in self.pairs)

    def reversed(self) -> OrthologTable:
        """Return the table for the other direction."""
        pairs = [OrthologPair(pair.target, pair.source, pair.support, pair.one_to_one) for pair in self.pairs]
        return OrthologTable(
            pairs, source=self.target, target=self.source, min_support=self.min_support, origin=self.origin
        )

    def orthologs(self, gene: str, one_to_many: OrthologRule = "drop") -> tuple[tuple[str, ...], str]:
        """Return the orthologs to use for a gene, and its fate (see `LiftReport`).

        Whether a pair is one-to-one is counted in the table, over pairs with enough support. Where the source says
        itself that it is not, as Ensembl does, that holds too: a table may have been exported for some genes only.
        """
        pairs = self._targets.get(gene, [])
        if not pairs:
            return (), "too little support" if gene in self._all_sources else "no ortholog"
        if one_to_many == "all":
            return tuple(pair.target for pair in pairs), "lifted"
        if one_to_many == "best-supported":
            most = max(pair.support for pair in pairs)
            best = [pair.target for pair in pairs if pair.support == most]
            return (tuple(best), "lifted") if len(best) == 1 else ((), "tie")
        if len(pairs) > 1:
            return (), "one-to-many"
        pair = pairs[0]
        if self._n_sources[pair.target] > 1:
            return (), "many-to-one"
        return ((), "one-to-many") if pair.one_to_one is False else ((pair.target,), "lifted")

    def lift(self, hypothesis: Hypothesis, one_to_many: OrthologRule = "drop") -> tuple[Hypothesis, LiftReport]:
        """Return the hypothesis with the genes of the other species, and what became of each.

        Parameters
        ----------
        one_to_many
            ``drop``: only genes with one ortholog that has no other partner. ``all``: every ortholog, so that an edge
            becomes one for each pair. ``best-supported``: the one with most support, none where several have as much.
            With the last two, several genes may become one, which the report says.

        Raises
        ------
        ConfigError
            For another rule.
        """
        if one_to_many not in ORTHOLOG_RULES:
            hint = did_you_mean(one_to_many, ORTHOLOG_RULES)
            raise ConfigError(f"one_to_many={one_to_many!r}: expected one of {', '.join(ORTHOLOG_RULES)}.{hint}")
        found = {gene: self.orthologs(gene, one_to_many) for gene in hypothesis.genes}
        targets = {gene: names for gene, (names, _) in found.items()}
        lifted, renaming = rename_genes(hypothesis, targets)
        fates = {gene: fate for gene, (_, fate) in found.items()}
        report = LiftReport(fates, targets, renaming, one_to_many, self.source, self.target)
        account = [f"note: {line}" for line in report.lines()]
        origin = (f"orthologs: {self.origin}",) if self.origin else ()
        return replace(lifted, provenance=(*hypothesis.provenance, *origin, *account)), report


def read_orthologs(
    path: Path,
    *,
    source: str | None = None,
    target: str | None = None,
    ids: Ids = "symbol",
    min_support: float | None = None,
) -> OrthologTable:
    """Read orthologs from a table of HCOP, the Alliance or BioMart; its kind is told by its header.

    Parameters
    ----------
    source, target
        Species to lift from and to: ``human``, ``mouse``, ``yeast``, a Latin name or a taxon id. None: as the file has
        them, where it holds two species only.
    min_support
        Least number of databases (HCOP) or methods (Alliance) that agree on a pair; for BioMart the confidence, 0 or 1.
        None: 3 for HCOP; all of the Alliance's, which has filtered them; 1 for BioMart, where it has the column.

    Raises
    ------
    KnowledgeError
        If the file is no such table, has no pair of these species, or with every damaged line.
    """
    found = read_pairs(path, source, target, ids)
    least = found.usual_support if min_support is None else min_support
    origin = (
        f"{found.file} ({found.kind}, {found.source} and {found.target}, {found.support_word}: at least {least:g}), "
        f"sha256 {found.sha256}"
    )
    return OrthologTable(found.pairs, source=found.source, target=found.target, min_support=least, origin=origin)
