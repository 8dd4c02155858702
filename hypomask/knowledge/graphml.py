"""GraphML, as Cytoscape, yEd, igraph and networkx write it: a graph with attributes of nodes and edges.

Attributes are understood by their names, like the columns of an edge table: ``interaction``, ``sign``, ``weight`` and
so on. Read here and not with networkx, so that what is wrong has a line, and entities are refused.

References
----------
http://graphml.graphdrawing.org/specification.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, raise_problems, shortened
from hypomask.hypothesis.edge_files import EdgeFileOptions, EdgeReader
from hypomask.hypothesis.gene_names import gene_fault
from hypomask.knowledge.edge_tables import hypothesis_name
from hypomask.knowledge.graph_attributes import NodeNames, any_signed_weight, edge_cells
from hypomask.knowledge.located_xml import XmlElement, read_xml
from hypomask.knowledge.network import GeneNetwork

__all__ = ["read_graphml"]


def read_graphml(path: Path, *, label: str | None = None) -> GeneNetwork:
    """Read a GraphML file, gzipped or not.

    An edge is undirected where the file says so, or where its relation is (``binds``, ``pp``) and the file does not
    say it of this edge: Cytoscape calls every graph directed.

    Parameters
    ----------
    label
        Attribute of nodes that names the gene; see `NodeNames.of`.

    Raises
    ------
    KnowledgeError
        If the file is missing, damaged or no GraphML, with every faulty node and edge by line.
    """
    file = read_xml(path, root="graphml")
    graphs = list(file.root.all("graph"))
    if len(graphs) != 1:
        file.fail(f"holds {len(graphs)} graphs, expected one", graphs[1].line if graphs else None)
    parts = _Parts(str(path), {key.get("id"): _key(key) for key in file.root.all("key")}, [])
    names = parts.node_names(graphs[0], label)
    edges = [(edge, parts.data(edge, "edge")) for edge in graphs[0].all("edge")]
    signed = any_signed_weight(data for _, data in edges)
    reader = EdgeReader(str(path), EdgeFileOptions(), parts.problems, weight_is_signed=signed)
    by_default = {} if graphs[0].get("edgedefault") != "undirected" else {"directed": "false"}
    for edge, data in edges:
        _read_edge(edge, {**by_default, **edge_cells(data)}, names.by_id, reader)
    raise_problems(parts.problems, KnowledgeError)
    return GeneNetwork.from_edges(
        hypothesis_name(path),
        reader.edges,
        lone_genes=tuple(names.by_id.values()),
        provenance=(f"GraphML {path.name}: {len(reader.edges)} edges, sha256 {file.sha256}",),
        notes=names.notes,
    )


@dataclass(frozen=True)
class _Key:
    """A declared attribute: its name, whose it is (node, edge, graph or all) and its default."""

    name: str
    domain: str
    default: str | None


def _key(element: XmlElement) -> _Key:
    default = next((child.text for child in element.all("default")), None)
    return _Key(element.get("attr.name") or element.get("id"), element.get("for", "all"), default)


@dataclass(frozen=True)
class _Parts:
    """Reads elements with their declared attributes, and collects problems."""

    file: str
    keys: Mapping[str, _Key]
    problems: list[Problem]

    def problem(self, message: str, line: int) -> None:
        self.problems.append(Problem(message, self.file, line))

    def data(self, element: XmlElement, domain: str) -> dict[str, str]:
        """Return an element's attributes by name, defaults included."""
        fitting = {identity: key for identity, key in self.keys.items() if key.domain in (domain, "all")}
        values = {key.name: key.default for key in fitting.values() if key.default is not None}
        for data in element.all("data"):
            key = fitting.get(data.get("key"))
            if key is None:
                self.problem(f"{domain}: no <key> of a {domain} declares {shortened(data.get('key'))!r}", data.line)
            elif not data.children:  # yEd draws its shapes in elements inside
                values[key.name] = data.text
        return values

    def node_names(self, graph: XmlElement, label: str | None) -> NodeNames:
        attributes: dict[str, dict[str, str]] = {}
        lines: dict[str, int] = {}
        for node in graph.all("node"):
            identity = node.get("id")
            if not identity or identity in lines:
                taken = (
                    f"its id {identity!r} is taken by the node on line {lines[identity]}" if identity else "has no id"
                )
                self.problem(f"node: {taken}", node.line)
                continue
            if any(node.all("graph")):
                self.problem("node: holds a graph of its own; nested graphs are not read", node.line)
            attributes[identity] = self.data(node, "node")
            lines[identity] = node.line
        for hyperedge in graph.all("hyperedge"):
            self.problem("hyperedges are not read; write an edge for each pair", hyperedge.line)
        names = NodeNames.of(attributes, label, self.file)
        for identity, name in names.by_id.items():
            fault = gene_fault(name)
            if fault:
                self.problem(f"node {shortened(identity)!r}: {fault}", lines[identity])
        return names


def _read_edge(edge: XmlElement, cells: dict[str, str], names: Mapping[str, str], reader: EdgeReader) -> None:
    if edge.get("directed"):
        cells["directed"] = edge.get("directed")
    unknown = [role for role in ("source", "target") if edge.get(role) not in names]
    for role in unknown:
        reader.problem(f"edge: its {role} {shortened(edge.get(role))!r} is no node", edge.line)
    if not unknown:
        ends = {role: names[edge.get(role)] for role in ("source", "target")}
        reader.read(edge.line, {**cells, **ends})
