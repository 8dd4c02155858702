"""What attributes of nodes and edges mean, in formats where everybody names them as they like (GraphML, CX2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hypomask.errors import KnowledgeError, Problem, did_you_mean
from hypomask.hypothesis.edge_files import role_of
from hypomask.hypothesis.fields import parse_number

__all__ = ["LABELS", "NodeNames", "any_signed_weight", "edge_cells"]

LABELS = ("gene", "gene_symbol", "genesymbol", "symbol", "gene name", "gene_name", "name", "n", "label", "shared name")
"""Attributes of nodes that name a gene, the most telling first; letter case does not matter."""
MAX_LISTED = 12


@dataclass(frozen=True)
class NodeNames:
    """The gene that each node is, by the node's id, and how that was decided."""

    by_id: Mapping[str, str]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, attributes: Mapping[str, Mapping[str, str]], label: str | None, file: str) -> NodeNames:
        """Name nodes by an attribute.

        Parameters
        ----------
        attributes
            Of each node by its id.
        label
            The attribute; None: the first of `LABELS` that every node has, else the id.

        Raises
        ------
        KnowledgeError
            No node has the attribute `label`.
        """
        known = dict.fromkeys(name for node in attributes.values() for name in node)
        if label is not None and label not in known:
            listed = ", ".join(list(known)[:MAX_LISTED]) or "none"
            message = f"no node has the attribute {label!r}.{did_you_mean(label, known)} Attributes: {listed}"
            raise KnowledgeError(str(Problem(message, file)))
        chosen = label or _label(attributes)
        if chosen is None:
            return cls({node: node for node in attributes}, ())
        names = {node: values.get(chosen) or node for node, values in attributes.items()}
        notes = [f"genes are named by the nodes' attribute {chosen!r}"]
        merged = len(names) - len(set(names.values()))
        if merged:
            notes.append(f"{merged:,} nodes have the name of another and are taken for the same gene")
        unnamed = sum(not values.get(chosen) for values in attributes.values())
        if unnamed:
            notes.append(f"{unnamed:,} nodes without that attribute keep their id")
        return cls(names, tuple(notes))


def _label(attributes: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the attribute that names the genes, spelled as in the file."""
    spelled = {name.casefold(): name for node in attributes.values() for name in node}
    for wanted in LABELS:
        name = spelled.get(wanted)
        if name is not None and all(values.get(name) for values in attributes.values()):
            return name
    return None


def edge_cells(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return an edge's attributes by role (see `hypomask.hypothesis.edge_files.COLUMN_ALIASES`), without the ends.

    Of several attributes with one role the first counts, and empty ones say nothing.
    """
    cells: dict[str, str] = {}
    for name, value in attributes.items():
        role = role_of(name)
        if role not in (None, "source", "target") and value != "":
            cells.setdefault(str(role), value)
    return cells


def any_signed_weight(edges: Iterable[Mapping[str, str]]) -> bool:
    """Return whether any edge has a negative weight: then the sign of weights is the effect, as in edge tables."""
    return any((parse_number(edge_cells(edge).get("weight", "")) or 0) < 0 for edge in edges)
