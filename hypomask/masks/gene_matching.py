"""Find a hypothesis' genes among a cohort's: by exact id, with hints where ids only look alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypomask.errors import HypothesisError

__all__ = ["GeneMatch", "match_genes", "refuse_low_coverage"]

N_EXAMPLES = 5
N_IDS_CLASSIFIED = 500  # enough to tell what kind of ids a list holds
ENSEMBL_VERSION = re.compile(r"^(ens[a-z]*\d{6,})\.\d+$")
ID_KINDS = (
    ("Ensembl ids", re.compile(r"^ENS[A-Z]*\d{6,}(\.\d+)?$")),
    ("numeric (Entrez) ids", re.compile(r"^\d+$")),
    ("array probe ids", re.compile(r"_at$")),
)


@dataclass(frozen=True)
class GeneMatch:
    """Named genes that are in the data, those that are not, and look-alikes of the latter (missing -> cohort gene)."""

    found: tuple[str, ...]
    missing: tuple[str, ...]
    near: Mapping[str, str]

    @property
    def fraction(self) -> float:
        """Share of the named genes that were found, 0 to 1."""
        named = len(self.found) + len(self.missing)
        return len(self.found) / named if named else 0.0


def match_genes(named: Sequence[str], available: Sequence[str]) -> GeneMatch:
    """Match by exact id; look for near matches of what is missing."""
    present = set(available)
    found = tuple(gene for gene in named if gene in present)
    missing = tuple(gene for gene in named if gene not in present)
    near: dict[str, str] = {}
    if missing:
        by_folded: dict[str, str] = {}
        for gene in available:
            by_folded.setdefault(_folded(gene), gene)
        near = {gene: by_folded[_folded(gene)] for gene in missing if _folded(gene) in by_folded}
    return GeneMatch(found, missing, near)


def refuse_low_coverage(hypothesis: str, match: GeneMatch, available: Sequence[str], min_coverage: float) -> None:
    """Raise `HypothesisError` when no named gene, or less than `min_coverage` of them, is in the data."""
    n_named = len(match.found) + len(match.missing)
    if match.found and match.fraction >= min_coverage:
        return
    if not match.found:
        what = f"none of its {n_named} genes is among the {len(available)} genes of the data"
        way_out = "Use the same kind of gene ids in both."
    else:
        what = (
            f"{len(match.found)} of its {n_named} genes ({match.fraction:.0%}) are in the data, "
            f"expected at least {min_coverage:.0%}"
        )
        way_out = "Rename the genes, or lower min_coverage if the rest is enough for your question."
    raise HypothesisError(
        f"hypothesis {hypothesis!r}: {what}. Missing: {_examples(match.missing)}. "
        f"The data have: {_examples(available)}.{_hint(match, available)} {way_out}"
    )


def _folded(gene: str) -> str:
    """Fold what tables and tools change on the way: letter case, Ensembl version, ``-`` to ``.`` (R), spaces."""
    folded = gene.strip().casefold()
    versioned = ENSEMBL_VERSION.match(folded)
    return versioned.group(1) if versioned else re.sub(r"[\s._-]", "", folded)


def _hint(match: GeneMatch, available: Sequence[str]) -> str:
    if match.near:
        gene, twin = next(iter(match.near.items()))
        return (
            f" {len(match.near)} of the missing genes differ from a gene of the data only in letter case, punctuation "
            f"or version, e.g. {gene!r} is {twin!r} there."
        )
    ours, theirs = _id_kind(match.missing), _id_kind(available)
    if ours == theirs:
        return ""
    return (
        f" The hypothesis uses {ours}, the data {theirs}: `hypomask genes` looks up which is which, after "
        "`hypomask fetch hgnc`."
    )


def _id_kind(genes: Sequence[str]) -> str:
    """Name the kind of id that most of `genes` have."""
    sample = genes[:N_IDS_CLASSIFIED]
    kinds = Counter(
        next((kind for kind, pattern in ID_KINDS if pattern.search(gene)), "gene symbols or other names")
        for gene in sample
    )
    return kinds.most_common(1)[0][0] if kinds else "no genes"


def _examples(genes: Sequence[str]) -> str:
    shown = ", ".join(repr(gene) for gene in genes[:N_EXAMPLES])
    return f"{shown} and {len(genes) - N_EXAMPLES} more" if len(genes) > N_EXAMPLES else shown or "none"
