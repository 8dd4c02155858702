"""Compile a hypothesis against a cohort's genes into a mask, with an account of what was kept.

Which layer holds which entries
-------------------------------
Edges between genes stand in every layer. Group tokens work in three phases, so that a token carries influence between
the members of its own group and to nobody else, however many layers there are:

- first layer: group tokens read their member genes, as measured;
- middle layers: group tokens read the tokens of the groups inside them;
- last layer: genes read the tokens of the groups they belong to, directly or by nesting.

Were all entries present in every layer, a gene in two groups would hand one group's content to the other from the
fourth layer on. A star needs 2 layers, a hierarchy of d levels d + 1; with fewer, the upper tokens know less than they
should, and with 1 layer group tokens carry nothing at all: both are said in `Coverage.warnings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hypomask.errors import DataError, HypothesisError, did_you_mean
from hypomask.hypothesis.graph import Edge, Hypothesis
from hypomask.masks.coverage import Coverage, counted
from hypomask.masks.expansions import GroupEntries, Pairs, expand_groups
from hypomask.masks.gene_matching import GeneMatch, match_genes, refuse_low_coverage
from hypomask.masks.mask import EdgeTable, Mask

__all__ = ["CO_MEMBER", "MEMBER_OF", "SUBGROUP_OF", "compile_mask"]

CO_MEMBER = "co_member"  # gene - gene of one clique
MEMBER_OF = "member_of"  # gene - group token
SUBGROUP_OF = "subgroup_of"  # group token - group token
MAX_RELATIONS = np.iinfo(np.int16).max
MAX_GENES_LISTED = 10


@dataclass(frozen=True)
class _Entries:
    """Mask entries of one relation, before sorting."""

    pairs: Pairs
    relation: str


def compile_mask(
    hypothesis: Hypothesis, genes: Sequence[str], *, n_layers: int, min_coverage: float = 0.5
) -> tuple[Mask, Coverage]:
    """Turn a hypothesis into the mask of a model with `n_layers` layers.

    Parameters
    ----------
    genes
        The cohort's gene ids, unique. Scope ``all``: all of them become tokens. Scope ``members``: those that the
        hypothesis names, in the cohort's order.
    n_layers
        Layers of the model; decides the schedule of group tokens (see the head of this file).
    min_coverage
        Least share of the named genes that must be in the data, 0 to 1.

    Returns
    -------
    tuple
        The mask, and the account of how it came about.

    Raises
    ------
    HypothesisError
        No gene in common, coverage below `min_coverage`, or groups that cannot be expanded.
    DataError
        `genes` holds an id twice.
    """
    if n_layers < 1:
        raise HypothesisError(f"hypothesis {hypothesis.name!r}: got {n_layers} layers, expected at least 1")
    if not hypothesis.genes:
        raise HypothesisError(f"hypothesis {hypothesis.name!r} names no gene: give it edges or groups")
    if len(set(genes)) < len(genes):
        repeated = next(gene for i, gene in enumerate(genes) if gene in genes[:i])
        raise DataError(f"gene {repeated!r} occurs twice in the data: expected unique gene ids")
    match = match_genes(hypothesis.genes, genes)
    refuse_low_coverage(hypothesis.name, match, genes, min_coverage)

    found = set(match.found)
    tokens = tuple(genes) if hypothesis.scope == "all" else tuple(gene for gene in genes if gene in found)
    position = {gene: i for i, gene in enumerate(tokens)}
    try:
        groups = expand_groups(hypothesis.groups, position)
    except HypothesisError as error:
        raise HypothesisError(f"hypothesis {hypothesis.name!r}: {error}") from error
    entries, n_kept, edge_steps = _edge_entries(hypothesis.edges, position)
    relations = _relations(hypothesis, groups)
    mask = Mask(
        name=hypothesis.name,
        genes=tokens,
        layers=_layers(entries, groups, relations, n_layers),
        group_tokens=groups.tokens,
        relations=relations,
        prior=hypothesis.prior,
        heads=dict(hypothesis.heads),
    )
    n_genes = len(match.found) + len(match.missing)
    steps = (
        f"{len(match.found)} of {n_genes} named genes are in the data",
        f"scope {hypothesis.scope}: {counted(len(tokens), 'gene token')}",
        *edge_steps,
        *groups.steps,
        *_schedule_steps(groups, n_layers),
        f"in all {counted(mask.n_edges, 'entry')} beside the diagonal, relations and repeats merged",
    )
    coverage = Coverage(
        hypothesis=hypothesis.name,
        genes_named=n_genes,
        genes_found=len(match.found),
        missing=match.missing,
        edges_named=len(hypothesis.edges),
        edges_kept=n_kept,
        n_tokens=mask.n_tokens,
        steps=steps,
        n_edges=mask.n_edges,
        near_matches=match.near,
        warnings=(*_missing_warnings(match), *groups.warnings, *_mask_warnings(mask, groups, n_layers)),
        provenance=hypothesis.provenance,
    )
    return mask, coverage


def _edge_entries(edges: Sequence[Edge], position: Mapping[str, int]) -> tuple[list[_Entries], int, list[str]]:
    """Return each relation's entries, the number of edges kept, and a line per relation."""
    by_relation: dict[str, list[Edge]] = {}
    for edge in edges:
        by_relation.setdefault(edge.relation, []).append(edge)
    entries, n_kept, steps = [], 0, []
    for relation, named in by_relation.items():
        found = [edge for edge in named if edge.source in position and edge.target in position]
        kept = [edge for edge in found if edge.source != edge.target]
        mirrored = [edge for edge in kept if not edge.directed]
        sources = [edge.source for edge in kept] + [edge.target for edge in mirrored]
        targets = [edge.target for edge in kept] + [edge.source for edge in mirrored]
        pairs = Pairs(
            np.array([position[gene] for gene in targets], dtype=np.int64),
            np.array([position[gene] for gene in sources], dtype=np.int64),
            np.array([edge.weight for edge in kept + mirrored], dtype=np.float64),
        )
        entries.append(_Entries(pairs, relation))
        n_kept += len(kept)
        step = f"relation {relation!r}: {len(kept)} of {len(named)} edges kept"
        if len(named) > len(found):
            step += f", {len(named) - len(found)} with a gene that is not in the data"
        if len(found) > len(kept):
            step += f", {len(found) - len(kept)} from a gene to itself (the diagonal is always on)"
        if mirrored:
            step += f"; {len(mirrored)} undirected, set both ways"
        n_entries = len(EdgeTable.build(pairs.rows, pairs.cols).rows)
        repeats = f" ({counted(len(pairs) - n_entries, 'repeat')} merged)" if len(pairs) > n_entries else ""
        steps.append(f"{step} -> {counted(n_entries, 'entry')}{repeats}")
    return entries, n_kept, steps


def _relations(hypothesis: Hypothesis, groups: GroupEntries) -> tuple[str, ...]:
    """Name every relation of the hypothesis, also one that lost all its edges: heads may be reserved for it."""
    made = [
        (CO_MEMBER, any(group.expansion == "clique" for group in hypothesis.groups)),
        (MEMBER_OF, bool(groups.tokens)),
        (SUBGROUP_OF, len(groups.nest) > 0),
    ]
    relations = tuple(dict.fromkeys([*hypothesis.relations, *(name for name, used in made if used)]))
    if len(relations) > MAX_RELATIONS:
        raise HypothesisError(
            f"hypothesis {hypothesis.name!r}: got {len(relations):,} relations, expected at most {MAX_RELATIONS:,}. "
            f"Is a column of edge names given as the relation?"
        )
    for relation in hypothesis.heads:
        if relation not in relations:
            raise HypothesisError(
                f"hypothesis {hypothesis.name!r}: heads are reserved for {relation!r}, which is none of its relations "
                f"({', '.join(relations) or 'there are none'}).{did_you_mean(relation, relations)}"
            )
    return relations or ("acts_on",)


def _layers(
    entries: Sequence[_Entries], groups: GroupEntries, relations: tuple[str, ...], n_layers: int
) -> tuple[EdgeTable, ...]:
    """Build one table for all layers, or one per layer when there are group tokens to schedule."""
    everywhere = [*entries, _Entries(groups.cliques, CO_MEMBER)]
    gather, spread = _Entries(groups.gather, MEMBER_OF), _Entries(groups.spread, MEMBER_OF)
    nest = _Entries(groups.nest, SUBGROUP_OF)
    if not groups.tokens:
        return (_table(everywhere, relations),)
    if n_layers == 1:
        return (_table([*everywhere, gather, nest, spread], relations),)
    middle = _table([*everywhere, nest], relations)
    return (
        _table([*everywhere, gather], relations),
        *([middle] * (n_layers - 2)),
        _table([*everywhere, spread], relations),
    )


def _table(entries: Sequence[_Entries], relations: tuple[str, ...]) -> EdgeTable:
    filled = [part for part in entries if len(part.pairs)]
    if not filled:
        return EdgeTable.build([], [])
    return EdgeTable.build(
        np.concatenate([part.pairs.rows for part in filled]),
        np.concatenate([part.pairs.cols for part in filled]),
        np.concatenate([np.full(len(part.pairs), relations.index(part.relation)) for part in filled]),
        np.concatenate(
            [np.ones(len(part.pairs)) if part.pairs.weight is None else part.pairs.weight for part in filled]
        ),
    )


def _schedule_steps(groups: GroupEntries, n_layers: int) -> list[str]:
    if not groups.tokens:
        return []
    if n_layers == 1:
        return [
            f"{counted(len(groups.tokens), 'group token')}, all entries in the only layer; "
            f"they need {groups.levels + 1} layers to carry influence"
        ]
    n_tokens = counted(len(groups.tokens), "group token")
    steps = [f"layer 1: {n_tokens} reading genes -> {counted(len(groups.gather), 'entry')}"]
    if len(groups.nest):
        layers = {2: "no layer", 3: "layer 2"}.get(n_layers, f"layers 2 to {n_layers - 1}")
        steps.append(f"{layers}: group tokens reading the groups inside them -> {counted(len(groups.nest), 'entry')}")
    steps.append(
        f"layer {n_layers}: genes reading the tokens of their groups -> {counted(len(groups.spread), 'entry')}; "
        f"carrying influence between members takes {groups.levels + 1} layers"
    )
    return steps


def _missing_warnings(match: GeneMatch) -> list[str]:
    if not match.missing:
        return []
    shown = ", ".join(match.missing[:MAX_GENES_LISTED])
    more = f" and {len(match.missing) - MAX_GENES_LISTED} more" if len(match.missing) > MAX_GENES_LISTED else ""
    warnings = [f"not in the data and left out: {counted(len(match.missing), 'named gene')} ({shown}{more})"]
    if match.near:
        listed = ", ".join(f"{gene} (data: {twin})" for gene, twin in list(match.near.items())[:MAX_GENES_LISTED])
        warnings.append(f"near matches that were not used (rename if meant): {listed}")
    return warnings


def _mask_warnings(mask: Mask, groups: GroupEntries, n_layers: int) -> list[str]:
    warnings = []
    if groups.tokens and n_layers == 1:
        warnings.append(
            f"group tokens need {groups.levels + 1} layers to carry influence and the model has 1: groups expanded as "
            f"star or hierarchy have no effect. Set model.layers to {groups.levels + 1}, or use expansion: clique."
        )
    elif groups.levels + 1 > n_layers:
        warnings.append(
            f"groups are nested {groups.levels} deep, which takes {groups.levels + 1} layers; with {n_layers} a group "
            f"token hears of members at most {n_layers - 2} levels inside it. Set model.layers to {groups.levels + 1}."
        )
    if not mask.n_edges:
        warnings.append("no edge is left: the model under this hypothesis is the one without interactions")
    used = {mask.relations[i] for i in np.unique(mask.layers[0].relation)}
    warnings.extend(
        f"heads are reserved for relation {relation!r}, of which no edge is left"
        for relation in mask.heads
        if relation not in (MEMBER_OF, SUBGROUP_OF) and relation not in used
    )
    return warnings
