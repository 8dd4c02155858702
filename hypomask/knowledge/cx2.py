"""CX2, the exchange format of NDEx and Cytoscape: a JSON list of parts ("aspects") of a network.

References
----------
https://cytoscape.org/cx/cx2/specification/cytoscape-exchange-format-specification-(version-2)/
Pratt et al. (2015), NDEx, doi:10.1016/j.cels.2015.10.001
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from hypomask.errors import KnowledgeError, Problem, raise_problems, shortened
from hypomask.hypothesis.edge_files import EdgeFileOptions, EdgeReader
from hypomask.hypothesis.gene_names import gene_fault
from hypomask.hypothesis.text_files import TextFile, read_text
from hypomask.knowledge.edge_tables import hypothesis_name
from hypomask.knowledge.graph_attributes import NodeNames, any_signed_weight, edge_cells
from hypomask.knowledge.network import GeneNetwork

__all__ = ["read_cx2"]

MAX_CX2_BYTES = 300_000_000


def read_cx2(path: Path, *, label: str | None = None) -> GeneNetwork:
    """Read a CX2 file. JSON has no lines worth naming: a faulty node or edge is named by its number in the file.

    Parameters
    ----------
    label
        Attribute of nodes that names the gene; see `NodeNames.of`.

    Raises
    ------
    KnowledgeError
        If the file is missing, damaged, incomplete or no CX2, with every faulty node and edge.
    """
    file = read_text(path, error=KnowledgeError, max_bytes=MAX_CX2_BYTES, allow_gzip=True)
    aspects = _aspects(file)
    problems: list[Problem] = []
    declared = _Declarations(aspects.get("attributeDeclarations", []))
    nodes: dict[str, dict[str, str]] = {}
    for place, node in _numbered(aspects, "nodes", file, problems):
        identity = _text(node.get("id"))
        if not identity or identity in nodes:
            problems.append(Problem(f"{place}: id {shortened(identity)!r} is missing or taken", str(path)))
        nodes[identity] = declared.attributes("nodes", node)
    names = NodeNames.of(nodes, label, str(path))
    faults = ((identity, gene_fault(name)) for identity, name in names.by_id.items())
    problems += [Problem(f"node {identity!r}: {fault}", str(path)) for identity, fault in faults if fault]
    edges = [
        (place, edge, declared.attributes("edges", edge)) for place, edge in _numbered(aspects, "edges", file, problems)
    ]
    reader = EdgeReader(str(path), EdgeFileOptions(), problems, any_signed_weight(data for _, _, data in edges))
    for place, edge, data in edges:
        ends = {"source": _text(edge.get("s")), "target": _text(edge.get("t"))}
        unknown = [f"{role} {shortened(end)!r}" for role, end in ends.items() if end not in names.by_id]
        if unknown:
            problems.append(Problem(f"{place}: its {' and '.join(unknown)} is no node", str(path)))
            continue
        n_before = len(problems)
        reader.read(0, {**edge_cells(data), **{role: names.by_id[end] for role, end in ends.items()}})
        problems[n_before:] = [Problem(f"{place}: {problem.message}", str(path)) for problem in problems[n_before:]]
    raise_problems(problems, KnowledgeError)
    return GeneNetwork.from_edges(
        hypothesis_name(path),
        reader.edges,
        lone_genes=tuple(names.by_id.values()),
        provenance=(f"CX2 {path.name}: {len(reader.edges)} edges, sha256 {file.sha256}",),
        notes=names.notes,
    )


def _fail(file: TextFile, message: str, line: int | None = None) -> NoReturn:
    raise KnowledgeError(str(Problem(message, str(file.path), line)))


def _aspects(file: TextFile) -> dict[str, list[Any]]:
    """Return the items of each aspect; an aspect may come in several pieces."""
    try:
        content = json.loads(file.text)
    except json.JSONDecodeError as fault:
        _fail(file, f"is not sound JSON: {fault.msg}. Is it complete? Copy or download it again", fault.lineno)
    except (RecursionError, ValueError) as fault:  # a million brackets; a number of a million digits
        _fail(file, f"is not a network: {type(fault).__name__} while reading its JSON")
    version = (
        content[0].get("CXVersion") if isinstance(content, list) and content and isinstance(content[0], dict) else None
    )
    if version is None or not _text(version).startswith("2"):
        found = f"CX version {version}; export it as CX2" if version else "no CX2: it begins with no 'CXVersion'"
        _fail(file, f"is {found}")
    aspects: dict[str, list[Any]] = {}
    for part in content[1:]:
        for name, items in part.items() if isinstance(part, dict) else ():
            aspects.setdefault(name, []).extend(items if isinstance(items, list) else [items])
    status = aspects.get("status", [])
    if not status or not isinstance(status[-1], dict) or status[-1].get("success") is not True:
        error = _text(status[-1].get("error")) if status and isinstance(status[-1], dict) else ""
        _fail(file, f"ends without 'status: success': the export failed or was cut off. {error}".strip())
    return aspects


def _numbered(
    aspects: Mapping[str, list[Any]], name: str, file: TextFile, problems: list[Problem]
) -> list[tuple[str, dict[str, Any]]]:
    """Return an aspect's items, each with its place in words; items that are no objects become problems."""
    sound = []
    for number, item in enumerate(aspects.get(name, []), start=1):
        place = f"{name} item {number}"
        if isinstance(item, dict):
            sound.append((place, item))
        else:
            problems.append(Problem(f"{place}: expected an object, got {shortened(repr(item))}", str(file.path)))
    return sound


class _Declarations:
    """Names and defaults of attributes, which CX2 declares once and then abbreviates."""

    def __init__(self, parts: list[Any]) -> None:
        self.full_names: dict[str, dict[str, str]] = {"nodes": {}, "edges": {}}
        self.defaults: dict[str, dict[str, str]] = {"nodes": {}, "edges": {}}
        for part in parts:
            for domain in self.full_names:
                declared = part.get(domain) if isinstance(part, dict) else None
                for name, about in declared.items() if isinstance(declared, dict) else ():
                    about = about if isinstance(about, dict) else {}
                    self.full_names[domain][_text(about.get("a")) or name] = name
                    if "v" in about:
                        self.defaults[domain][name] = _text(about["v"])

    def attributes(self, domain: str, item: Mapping[str, Any]) -> dict[str, str]:
        """Return the attributes of a node or edge as texts, under their full names."""
        values = item.get("v")
        own = values if isinstance(values, dict) else {}
        named: dict[str, str] = {self.full_names[domain].get(key, str(key)): _text(value) for key, value in own.items()}
        return {**self.defaults[domain], **named}


def _text(value: Any) -> str:
    """Return a JSON value as an edge table would hold it; lists joined, as with several references."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(item if isinstance(item, str) else json.dumps(item) for item in value)
    return value.strip() if isinstance(value, str) else json.dumps(value)
