"""The format of hypothesis documents: version and keys, which the reader, the writer and the JSON schema share."""

from __future__ import annotations

from typing import get_args

from hypomask.hypothesis.graph import Expansion, PriorKind, Scope

__all__ = [
    "ADD_KEYS",
    "EDGE_FILE_KEYS",
    "EDGE_KEYS",
    "EXPANSIONS",
    "FORMAT_VERSION",
    "GROUP_KEYS",
    "HYPOTHESIS_KEYS",
    "LIFT_KEYS",
    "OPERATIONS",
    "PRIOR_KEYS",
    "PRIOR_KINDS",
    "REFERENCE_KEYS",
    "REMOVE_KEYS",
    "RESERVED_NAMES",
    "SCOPES",
    "SHARED_KEYS",
    "SOURCE_KEYS",
    "STEPS",
]

FORMAT_VERSION = 1
HYPOTHESIS_KEYS = (
    *("name", "description", "scope", "genes", "wiring", "expansion", "edges", "groups", "steps"),
    *("prior", "heads", "provenance"),
)
SHARED_KEYS = ("description", "scope", "genes", "wiring", "expansion", "steps", "prior", "heads", "provenance")
"""Fields that may stand beside `hypotheses:`, for every hypothesis that does not give its own."""
EDGE_KEYS = ("edge", "source", "target", "relation", "sign", "weight", "evidence", "directed")
EDGE_FILE_KEYS = ("file", "columns", "relation", "directed", "delimiter", "restrict_to_genes")
GROUP_KEYS = ("members", "expansion", "children", "weight")
PRIOR_KEYS = ("kind", "strength", "floor")

REFERENCE_KEYS = ("source", "term", "descendants")
OPERATIONS = ("union", "intersection", "difference")
STEPS = ("restrict", "induce", "add", "remove", "reverse", "lift", "rewire")
ADD_KEYS = ("genes", "edges", "groups")
REMOVE_KEYS = ("genes", "edges")
LIFT_KEYS = ("orthologs", "from", "to", "one_to_many", "min_support")
SOURCE_KEYS = (
    "file",
    *("annotations", "evidence", "exclude_evidence", "aspect", "taxon", "relations"),  # ontologies
    *("hierarchy", "names", "species"),  # Reactome
    *("min_size", "max_size", "weights"),  # terms of any kind
    *("levels", "signed", "label", "min_score", "channels", "info", "alias_source"),  # networks
    *("identifiers", "rename"),  # anything with genes
)
"""Options of sources; which of them a kind of file knows, `hypomask.knowledge.recipe_sources` says."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
EXPANSIONS: tuple[Expansion, ...] = get_args(Expansion)
PRIOR_KINDS: tuple[PriorKind, ...] = get_args(PriorKind)
RESERVED_NAMES = ("no-interaction", "unconstrained")
"""References that every study has; a hypothesis of that name would be confused with them."""
