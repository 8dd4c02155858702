"""The `edges:` of a hypothesis document: words, mappings, and files that hold edges."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

from hypomask.errors import HypothesisError, Problem, shortened
from hypomask.hypothesis.document_format import EDGE_FILE_KEYS, EDGE_KEYS
from hypomask.hypothesis.edge_files import COLUMN_ALIASES, DELIMITERS, EdgeFileOptions, parse_sign, read_edge_file
from hypomask.hypothesis.edge_syntax import build_edge, parse_edges
from hypomask.hypothesis.fields import Fields, kind_of
from hypomask.hypothesis.gene_names import gene_fault, name_fault
from hypomask.hypothesis.graph import Edge
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, LocatedScalar, problem_at

__all__ = ["PlacedEdge", "PlacedEdges", "read_edges"]


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """An edge, and the line of the document or edge file that says it."""

    edge: Edge
    file: str
    line: int


@dataclass
class PlacedEdges:
    """All edges of a hypothesis in order, genes that edge files name without an edge, and where the edges came from."""

    edges: list[PlacedEdge] = field(default_factory=list)
    lone_genes: list[str] = field(default_factory=list)
    provenance: list[str] = field(default_factory=list)


def read_edges(
    hypothesis: Fields, folder: Path, listed_genes: Container[str] | None, problems: list[Problem]
) -> PlacedEdges:
    """Read the `edges` field.

    Parameters
    ----------
    folder
        Where relative paths of edge files start.
    listed_genes
        The genes of an explicit `genes:` list, or None; what ``restrict_to_genes`` keeps.
    """
    found = PlacedEdges()
    for item in hypothesis.sequence("edges"):
        if isinstance(item, LocatedScalar):
            _place(_edges_in_words(item, problems), item, found)
        elif isinstance(item, LocatedMapping) and "file" in item.entries:
            _add_edge_file(item, folder, listed_genes, found, problems)
        elif isinstance(item, LocatedMapping):
            _place(_edges_of_mapping(item, problems), item, found)
        else:
            problems.append(
                problem_at(item, f"an edge must be a text such as 'A -> B' or a mapping, got {kind_of(item)}")
            )
    return found


def _place(edges: tuple[Edge, ...], node: Located, found: PlacedEdges) -> None:
    found.edges.extend(PlacedEdge(edge, node.file, node.line) for edge in edges)


def _edges_in_words(node: LocatedScalar, problems: list[Problem]) -> tuple[Edge, ...]:
    try:
        edges = parse_edges(node.text)
    except HypothesisError as fault:
        problems.append(problem_at(node, str(fault)))
        return ()
    faults = [gene_fault(gene) for gene in dict.fromkeys(gene for edge in edges for gene in (edge.source, edge.target))]
    problems.extend(problem_at(node, fault) for fault in faults if fault)
    return () if any(faults) else edges


def _edges_of_mapping(node: LocatedMapping, problems: list[Problem]) -> tuple[Edge, ...]:
    n_before = len(problems)
    fields = Fields(node, what="an edge", allowed=EDGE_KEYS, problems=problems)
    in_words = "edge" in fields
    ends = _ends_in_words(fields) if in_words else _ends(fields)
    sign_text = fields.text("sign", None)
    sign = None if sign_text is None else parse_sign(sign_text)
    if sign_text is not None and sign is None:
        fields.problem("sign", f"'sign' must be +1, -1 or 0, got {shortened(sign_text)!r}")
    relation = _relation(fields)
    directed = fields.flag("directed", None)
    weight = fields.number("weight", 1.0, above=0, maximum=1)
    evidence = fields.text("evidence", "")
    edges = []
    for end in ends:
        if in_words and directed not in (None, end.directed):
            fields.problem("directed", "'directed' contradicts the arrow; '->' and '-|' are directed, '--' is not")
        if end.sign and sign not in (None, end.sign):
            fields.problem("sign", f"'sign' {sign:+d} contradicts the arrow '-|', which says -1")
        try:
            edge = build_edge(
                end.source,
                end.target,
                relation=relation,
                sign=end.sign or sign,
                directed=end.directed if in_words else directed,
                weight=weight,
                evidence=evidence,
            )
        except HypothesisError as fault:
            problems.append(problem_at(node, str(fault)))
        else:
            edges.append(edge)
    return tuple(edges) if len(problems) == n_before else ()


def _relation(fields: Fields) -> str | None:
    relation = fields.text("relation", None)
    fault = None if relation is None else name_fault(relation)
    if fault:
        fields.problem("relation", f"relation: {fault}")
    return relation


def _ends_in_words(fields: Fields) -> tuple[Edge, ...]:
    for key in ("source", "target"):
        if key in fields:
            fields.problem(key, f"{key!r} and 'edge' are both given; keep one way of saying it")
    node = fields.scalar("edge")
    return () if node is None else _edges_in_words(node, fields.problems)


def _ends(fields: Fields) -> tuple[Edge, ...]:
    names = {key: fields.text(key, "") for key in ("source", "target") if fields.required(key)}
    for key, name in names.items():
        fault = gene_fault(name)
        if fault:
            fields.problem(key, f"{key!r}: {fault}")
    return (Edge(names["source"], names["target"]),) if len(names) == 2 else ()


def _add_edge_file(
    node: LocatedMapping,
    folder: Path,
    listed_genes: Container[str] | None,
    found: PlacedEdges,
    problems: list[Problem],
) -> None:
    n_before = len(problems)
    fields = Fields(node, what="an edge file", allowed=EDGE_FILE_KEYS, problems=problems)
    columns = _columns(fields)
    delimiter = fields.choice("delimiter", ("", *DELIMITERS), "") or None
    restrict = fields.flag("restrict_to_genes", False)
    if restrict and listed_genes is None:
        fields.problem("restrict_to_genes", "'restrict_to_genes' needs a list of 'genes' in the hypothesis")
    options = EdgeFileOptions(columns, _relation(fields), fields.flag("directed", None), delimiter)
    name = fields.text("file", "")
    if not name:
        fields.problem("file", "'file' must be the path of an edge file, relative to this document")
    if len(problems) > n_before:
        return
    path = folder / name
    try:
        content = read_edge_file(path, problems, options)
    except HypothesisError as fault:
        fields.problem("file", f"edge file {fault}")
        return
    placed = [PlacedEdge(edge, str(path), line) for edge, line in zip(content.edges, content.lines, strict=True)]
    if restrict and listed_genes is not None:
        placed = [item for item in placed if item.edge.source in listed_genes and item.edge.target in listed_genes]
    found.edges.extend(placed)
    found.lone_genes.extend(
        gene for gene in content.lone_genes if not restrict or listed_genes is None or gene in listed_genes
    )
    kept = f"{len(placed)} of {len(content.edges)} edges" if restrict else f"{len(placed)} edges"
    found.provenance.append(f"edge file {name}: {kept}, sha256 {content.sha256}")


def _columns(fields: Fields) -> dict[str, str]:
    node = fields.get("columns")
    if node is None:
        return {}
    columns = Fields(node, what="'columns'", allowed=tuple(COLUMN_ALIASES), problems=fields.problems)
    named = {role: columns.text(role, "") for role in COLUMN_ALIASES if role in columns}
    return {role: name for role, name in named.items() if name}
