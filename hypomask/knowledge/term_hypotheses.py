"""Terms become a hypothesis: cliques, stars, or a hierarchy of group tokens, with an account of the edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hypomask.errors import KnowledgeError
from hypomask.hypothesis.gene_names import MAX_NAME_LENGTH
from hypomask.hypothesis.graph import Expansion, GeneGroup, Hypothesis, Scope
from hypomask.knowledge.term_weights import TermWeight, term_weights

if TYPE_CHECKING:
    from hypomask.knowledge.terms import Terms

__all__ = ["group_name", "terms_hypothesis"]


def group_name(terms: Terms, term: str) -> str:
    """Return a term's id and name as the name of a group; the id keeps it unique, since names need not be."""
    name = terms.name_of(term)
    return term if name in ("", term) else f"{term} {name}"[:MAX_NAME_LENGTH].rstrip()


def terms_hypothesis(
    terms: Terms,
    chosen: Sequence[str],
    *,
    expansion: Expansion,
    scope: Scope,
    name: str,
    relations: Sequence[str],
    weights: TermWeight = "none",
) -> Hypothesis:
    """Return the hypothesis of the `chosen` ids; see `Terms.as_hypothesis`."""
    if expansion == "hierarchy":
        heft = dict(zip(terms.ids, term_weights(terms, weights, relations).tolist(), strict=True))
        groups, account = _hierarchy(terms.subset(chosen, relations=relations), relations, heft)
    else:
        groups = list(terms.gene_sets(chosen, expansion=expansion, relations=relations, weights=weights))
        account = _flat_account(groups, expansion)
    genes = tuple(dict.fromkeys(gene for group in groups for gene in group.members))
    if not genes:
        raise KnowledgeError(
            f"{terms.source}: none of the {len(chosen):,} terms for hypothesis {name!r} has a gene; choose other "
            f"terms, or read the ontology together with annotations"
        )
    kept = f"{len(groups):,} of {len(chosen):,} chosen terms have genes, {len(genes):,} different ones"
    along = f"genes of descendants included, along {', '.join(relations)}"
    if weights != "none":
        along += f"; weights by {weights.replace('_', ' ')}"
    return Hypothesis(
        name=name,
        genes=genes,
        groups=tuple(groups),
        scope=scope,
        provenance=(*terms.provenance, *(f"note: {note}" for note in terms.notes), f"{kept}; {along}", account),
    )


def _flat_account(groups: Sequence[GeneGroup], expansion: Expansion) -> str:
    sizes = [len(group.members) for group in groups]
    if expansion == "clique":
        return f"clique: {sum(m * (m - 1) for m in sizes):,} edges between genes, repeats counted"
    if expansion == "star":
        return f"star: {len(groups):,} group tokens, {sum(sizes):,} edges from genes to them and as many back"
    return f"{len(groups):,} groups that only name genes, no edges"


def _hierarchy(terms: Terms, relations: Sequence[str], heft: Mapping[str, float]) -> tuple[list[GeneGroup], str]:
    counts = terms.propagated_counts(relations)
    filled = {term for term, count in zip(terms.ids, counts.tolist(), strict=True) if count}
    groups = [
        GeneGroup(
            group_name(terms, term),
            terms.genes_of(term, descendants=False),
            "hierarchy",
            tuple(group_name(terms, child) for child in terms.children(term, relations) if child in filled),
            heft[term],
        )
        for term in terms.ids
        if term in filled
    ]
    own = sum(len(group.members) for group in groups)
    nested = sum(len(group.children) for group in groups)
    account = (
        f"hierarchy: {len(groups):,} group tokens, {own:,} edges from genes to tokens, {nested:,} from tokens to the "
        f"tokens around them, {int(counts.sum()):,} from tokens to the genes inside"
    )
    return groups, account
