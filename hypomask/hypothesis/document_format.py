"""The format of hypothesis documents: version and keys, which the reader, the writer and the JSON schema share."""

from __future__ import annotations

from typing import get_args

from hypomask.hypothesis.graph import Expansion, PriorKind, Scope

__all__ = [
    "EDGE_FILE_KEYS",
    "EDGE_KEYS",
    "EXPANSIONS",
    "FORMAT_VERSION",
    "GROUP_KEYS",
    "HYPOTHESIS_KEYS",
    "PRIOR_KEYS",
    "PRIOR_KINDS",
    "RESERVED_NAMES",
    "SCOPES",
    "SHARED_KEYS",
]

FORMAT_VERSION = 1
HYPOTHESIS_KEYS = ("name", "description", "scope", "genes", "edges", "groups", "prior", "heads", "provenance")
SHARED_KEYS = ("description", "scope", "genes", "prior", "heads", "provenance")
"""Fields that may stand beside `hypotheses:`, for every hypothesis that does not give its own."""
EDGE_KEYS = ("edge", "source", "target", "relation", "sign", "weight", "evidence", "directed")
EDGE_FILE_KEYS = ("file", "columns", "relation", "directed", "delimiter", "restrict_to_genes")
GROUP_KEYS = ("members", "expansion", "children")
PRIOR_KEYS = ("kind", "strength", "floor")

SCOPES: tuple[Scope, ...] = get_args(Scope)
EXPANSIONS: tuple[Expansion, ...] = get_args(Expansion)
PRIOR_KINDS: tuple[PriorKind, ...] = get_args(PriorKind)
RESERVED_NAMES = ("no-interaction", "unconstrained")
"""References that every study has; a hypothesis of that name would be confused with them."""
