"""Some of the terms of a source, with paths and genes of the terms left out handed to those that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hypomask.knowledge.term_links import IntArray, TermLinks

if TYPE_CHECKING:
    from hypomask.knowledge.terms import Terms

__all__ = ["subset_of"]


def subset_of(terms: Terms, kept: IntArray, relations: Sequence[str]) -> Terms:
    """Return `terms` with those at the positions `kept` alone; see `Terms.subset`."""
    kept = np.unique(kept)
    position = np.full(len(terms), -1, dtype=np.int32)
    position[kept] = np.arange(len(kept), dtype=np.int32)
    below = np.union1d(kept, terms.links.downward(relations).reached(kept)).astype(np.int32)
    homes = _homes(terms, position, below, relations)

    links = _direct_links(terms.links, position)
    for child in kept.tolist():
        links |= _bridges(terms, child, homes, position, relations)
    owners, genes = [], []
    for term in below.tolist():
        own = terms.gene_index[terms.gene_start[term] : terms.gene_start[term + 1]]
        for home in homes[term]:
            owners.append(np.full(len(own), position[home], dtype=np.int32))
            genes.append(own)
    narrowed = replace(
        terms,
        ids=tuple(terms.ids[i] for i in kept),
        names=tuple(terms.names[i] for i in kept),
        namespaces=tuple(terms.namespaces[i] for i in kept),
        links=TermLinks.build(len(kept), links),
        alt_ids={old: new for old, new in terms.alt_ids.items() if new in terms and position[terms.index(new)] >= 0},
        gene_start=np.zeros(len(kept) + 1, dtype=np.int64),
        gene_index=np.zeros(0, dtype=np.int32),
        notes=(*terms.notes, f"{len(kept):,} of {len(terms):,} terms chosen"),
    )
    empty = np.zeros(0, dtype=np.int32)
    return narrowed.with_annotations(
        terms.genes, np.concatenate(owners) if owners else empty, np.concatenate(genes) if genes else empty
    )


def _homes(terms: Terms, position: IntArray, below: IntArray, relations: Sequence[str]) -> dict[int, frozenset[int]]:
    """Return, for each term in `below`, the nearest kept terms upwards: itself if it is kept."""
    upward = terms.links.upward(relations)
    inside = frozenset(below.tolist())
    homes: dict[int, frozenset[int]] = {}
    waiting = list(inside)
    while waiting:  # depth first without recursion: a hierarchy may be deeper than Python's stack
        term = waiting[-1]
        if term in homes:
            waiting.pop()
            continue
        if position[term] >= 0:
            homes[term] = frozenset([term])
            continue
        parents = [parent for parent in upward.of(term).tolist() if parent in inside]
        unknown = [parent for parent in parents if parent not in homes]
        if unknown:
            waiting.extend(unknown)
        else:
            homes[term] = frozenset().union(*(homes[parent] for parent in parents))
    return homes


def _direct_links(links: TermLinks, position: IntArray) -> set[tuple[int, int, str]]:
    """Return the links of every relation between two kept terms."""
    children, parents = position[links.children], position[links.parents]
    both = (children >= 0) & (parents >= 0)
    names = [links.relations[i] for i in links.relation[both].tolist()]
    return set(zip(children[both].tolist(), parents[both].tolist(), names, strict=True))


def _bridges(
    terms: Terms, child: int, homes: dict[int, frozenset[int]], position: IntArray, relations: Sequence[str]
) -> set[tuple[int, int, str]]:
    """Return links from a kept child to the nearest kept terms above it that only paths through others reach.

    The link is ``is_a`` if a path of nothing else leads there; with one ``part_of`` on the way the child is a part.
    """
    pure = [name for name in terms.links.resolved(relations) if name == "is_a"]
    through = [parent for parent in terms.links.upward(relations).of(child).tolist() if position[parent] < 0]
    ends = frozenset[int]().union(*(homes.get(parent, frozenset()) for parent in through))
    if not ends:
        return set()
    by_is_a = set(terms.links.upward(pure).reached(np.array([child], dtype=np.int32)).tolist()) if pure else set()
    only = terms.links.resolved(relations)
    mixed = "part_of" if "part_of" in only or not only else only[-1]
    return {
        (int(position[child]), int(position[end]), "is_a" if end in by_is_a else mixed) for end in ends if end != child
    }
