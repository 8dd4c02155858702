"""Networks stored in one file, and kept in the cache: the human links of STRING are 13.7 million rows of text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hypomask.hypothesis.graph import GeneGroup
from hypomask.knowledge.network import EdgeColumns, GeneNetwork, Words
from hypomask.knowledge.read_cache import ReadCache
from hypomask.knowledge.stored_arrays import load_arrays, positions, save_arrays

__all__ = ["FILE_FORMAT", "NETWORK_CACHE", "load_network", "save_network"]

FILE_FORMAT = 1


def save_network(network: GeneNetwork, path: Path) -> None:
    """Write `network` to ``path``; a reader never sees half a file."""
    edges = network.edges
    texts = {
        "format": FILE_FORMAT,
        "name": network.name,
        "genes": network.genes,
        "relations": edges.relation.texts,
        "evidence": edges.evidence.texts,
        "groups": [asdict(group) for group in network.groups],
        "provenance": network.provenance,
        "notes": network.notes,
    }
    arrays = {
        "source": edges.source,
        "target": edges.target,
        "relation": edges.relation.codes,
        "directed": edges.directed,
        "sign": edges.sign,
        "weight": edges.weight,
        "evidence": edges.evidence.codes,
    }
    save_arrays(path, texts, arrays)


def load_network(path: Path) -> GeneNetwork:
    """Read what `save_network` wrote.

    Raises
    ------
    KnowledgeError
        It is missing, damaged, or of another version of the format.
    """
    return load_arrays(path, "network", _network)


def _network(texts: dict[str, Any], arrays: dict[str, Any]) -> GeneNetwork:
    if texts["format"] != FILE_FORMAT:
        raise ValueError(f"format {texts['format']}, expected {FILE_FORMAT}")
    genes, relations, evidence = (tuple(texts[name]) for name in ("genes", "relations", "evidence"))
    edges = EdgeColumns(
        source=positions(arrays["source"], len(genes), np.int32),
        target=positions(arrays["target"], len(genes), np.int32),
        relation=Words(relations, positions(arrays["relation"], len(relations), np.int32)),
        directed=np.asarray(arrays["directed"], dtype=np.bool_).reshape(-1),
        sign=np.asarray(arrays["sign"], dtype=np.int8).reshape(-1),
        weight=np.asarray(arrays["weight"], dtype=np.float64).reshape(-1),
        evidence=Words(evidence, positions(arrays["evidence"], len(evidence), np.int32)),
    )
    lengths = {len(edges.target), len(edges.relation.codes), len(edges.directed), len(edges.sign), len(edges.weight)}
    if lengths | {len(edges.evidence.codes)} != {len(edges)}:
        raise ValueError("its parts do not fit each other")
    groups = tuple(
        GeneGroup(**{**group, "members": tuple(group["members"]), "children": tuple(group["children"])})
        for group in texts["groups"]
    )
    return GeneNetwork(texts["name"], genes, edges, groups, tuple(texts["provenance"]), tuple(texts["notes"]))


NETWORK_CACHE = ReadCache("networks", FILE_FORMAT, save_network, load_network)
