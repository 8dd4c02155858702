"""Hypothesis documents: YAML text to hypotheses and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hypomask.errors import HypothesisError, Problem, did_you_mean, raise_problems
from hypomask.hypothesis.document_format import (
    FORMAT_VERSION,
    HYPOTHESIS_KEYS,
    PRIOR_KEYS,
    PRIOR_KINDS,
    RESERVED_NAMES,
    SCOPES,
    SHARED_KEYS,
)
from hypomask.hypothesis.document_writing import dump_hypotheses
from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.edge_reading import PlacedEdges, read_edges
from hypomask.hypothesis.edits import add
from hypomask.hypothesis.fields import Fields, kind_of
from hypomask.hypothesis.gene_names import name_fault
from hypomask.hypothesis.gene_selection import GeneSelector
from hypomask.hypothesis.graph import GeneGroup, Hypothesis, Prior, Scope
from hypomask.hypothesis.group_reading import read_groups
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, LocatedScalar, load_yaml, parse_yaml, problem_at
from hypomask.hypothesis.recipe_sources import OpenSources, Sources, UnreadSources
from hypomask.hypothesis.recipes import Recipe

__all__ = ["dump_hypotheses", "load_hypotheses", "parse_hypotheses"]

# difflib takes about 10 ms against 20,000 names; more suggestions than are shown would make a bad file take minutes.
MAX_SUGGESTIONS = 20


def load_hypotheses(
    path: Path, *, scope: Scope | None = None, open_sources: OpenSources | None = None
) -> tuple[Hypothesis, ...]:
    """Read all hypotheses of a YAML document.

    Parameters
    ----------
    path
        The document; edge files that it names are relative to its folder.
    scope
        Scope to use instead of the document's own.
    open_sources
        Makes the sources that recipes draw on; None: a document that draws on any is refused. With those of
        hypomask: `hypomask.knowledge.documents.load_hypotheses`.

    Raises
    ------
    HypothesisError
        With every problem of the document and its edge files, by file and line.
    """
    return _read_document(load_yaml(path), path.parent, scope, open_sources)


def parse_hypotheses(
    text: str,
    *,
    file: str = "<text>",
    folder: Path | None = None,
    scope: Scope | None = None,
    open_sources: OpenSources | None = None,
) -> tuple[Hypothesis, ...]:
    """Read all hypotheses of a YAML text; `file` names it in messages, edge files are relative to `folder`."""
    return _read_document(parse_yaml(text, file), folder or Path(), scope, open_sources)


def _read_document(
    root: Located, folder: Path, scope: Scope | None, open_sources: OpenSources | None
) -> tuple[Hypothesis, ...]:
    if isinstance(root, LocatedMapping) and "data" in root.entries:
        message = "this is a study, expected a document of hypotheses; name one of those that the study lists"
        raise_problems([problem_at(root, message)], HypothesisError)
    problems: list[Problem] = []
    several = isinstance(root, LocatedMapping) and "hypotheses" in root.entries
    keys = ("hypotheses", *SHARED_KEYS) if several else HYPOTHESIS_KEYS
    document = Fields(root, what="a hypothesis document", allowed=("hypomask", "sources", *keys), problems=problems)
    hypotheses: dict[str, Hypothesis] = {}
    if document.entries:
        _check_version(document)
        declared = document.mapping("sources")
        sources: Sources = (
            UnreadSources(tuple(declared)) if open_sources is None else open_sources(declared, folder, problems)
        )
        parts = list(_parts(document, problems)) if several else [document]
        for fields in parts:
            hypothesis = _read_hypothesis(fields, folder, scope, sources, hypotheses)
            hypotheses.setdefault(hypothesis.name, hypothesis)
        _check_names(parts, problems)
    elif isinstance(root, LocatedMapping):
        document.problem("", "is an empty mapping; expected 'hypomask: 1' and a hypothesis")
    # A faulty field that several hypotheses share is found once for each of them.
    raise_problems(list(dict.fromkeys(problems)), HypothesisError)
    return tuple(hypotheses.values())


def _check_version(document: Fields) -> None:
    if "hypomask" not in document:
        document.problem(
            "hypomask", f"the format's version is missing; begin the document with 'hypomask: {FORMAT_VERSION}'"
        )
    version = document.integer("hypomask", FORMAT_VERSION, minimum=1)
    if version > FORMAT_VERSION:
        document.problem("hypomask", f"is of format {version}; this hypomask reads {FORMAT_VERSION}. Update hypomask")


def _parts(document: Fields, problems: list[Problem]) -> Iterator[Fields]:
    """Yield the fields of every item of `hypotheses`, with the shared fields that it does not give itself."""
    shared = {key: node for key, node in document.entries.items() if key in SHARED_KEYS}
    items = document.sequence("hypotheses")
    if not items:
        document.problem("hypotheses", "'hypotheses' must list at least one hypothesis")
    for item in items:
        fields = Fields(item, what="a hypothesis", allowed=HYPOTHESIS_KEYS, problems=problems)
        if isinstance(item, LocatedMapping):
            fields.entries = {**shared, **fields.entries}
            yield fields


def _check_names(parts: Sequence[Fields], problems: list[Problem]) -> None:
    lines: dict[str, int] = {}
    for fields in parts:
        name = fields.text("name", "")
        if name in lines:
            fields.problem("name", f"name {name!r} is taken by the hypothesis on line {lines[name]}; names are unique")
        elif name:
            lines[name] = fields.place("name").line


def _read_hypothesis(
    fields: Fields, folder: Path, scope: Scope | None, sources: Sources, earlier: Mapping[str, Hypothesis]
) -> Hypothesis:
    problems = fields.problems
    n_before = len(problems)
    name = _name(fields)
    selector = GeneSelector(sources, problems)
    recipe = Recipe(fields, sources, earlier, folder, selector)
    listed = dict.fromkeys(selector.listed(fields, "genes"))
    drawn = recipe.wiring(tuple(listed))
    placed = read_edges(fields, folder, listed or None, problems)
    groups = read_groups(fields, problems, selector)
    _check_ends(fields, name, listed, placed, groups, problems)
    edges, notes = merge_edges(item.edge for item in placed.edges)
    ends = (gene for item in placed.edges for gene in (item.edge.source, item.edge.target))
    members = (gene for group in groups for gene in group.members)
    genes = tuple(dict.fromkeys([*listed, *ends, *placed.lone_genes, *members]))
    graph = Hypothesis(name=name, genes=genes, edges=edges, groups=groups)
    if drawn is not None:
        graph = add(drawn, edges, genes, groups) if edges or groups or placed.lone_genes else drawn
    graph = recipe.changed(replace(graph, name=name, heads={}))
    hypothesis = replace(
        graph,
        scope=scope or fields.choice("scope", SCOPES, "all"),
        prior=_prior(fields),
        heads=_heads(fields),
        description=fields.text("description", ""),
        provenance=tuple(
            dict.fromkeys((*_provenance(fields), *selector.provenance, *graph.provenance, *placed.provenance, *notes))
        ),
    )
    if len(problems) == n_before:
        _check_content(fields, hypothesis)
    return hypothesis


def _name(fields: Fields) -> str:
    name = fields.text("name", "")
    fault = name_fault(name)
    if not name:
        fields.problem("name", "a hypothesis needs a 'name'")
    elif fault:
        fields.problem("name", f"name: {fault}")
    elif name in RESERVED_NAMES:
        fields.problem("name", f"name {name!r} belongs to the reference that every study has; choose another")
    return name


def _check_ends(
    fields: Fields,
    name: str,
    listed: dict[str, None],
    placed: PlacedEdges,
    groups: Sequence[GeneGroup],
    problems: list[Problem],
) -> None:
    """Find genes that an explicit `genes` list lacks, and edges that end in a group."""
    members = {gene for group in groups for gene in group.members}
    group_names = {group.name for group in groups} - members - set(listed)
    for item in placed.edges:
        for role, gene in (("source", item.edge.source), ("target", item.edge.target)):
            if gene in group_names:
                message = (
                    f"edge {role} {gene!r} is a group; an edge joins two genes, a group's members act on each other"
                )
            elif listed and gene not in listed:
                message = f"edge {role} {gene!r} is not among the genes of {name!r}.{_nearest(gene, listed, problems)}"
            else:
                continue
            problems.append(Problem(message, item.file, item.line))
    for group in groups:
        for gene in group.members:
            if listed and gene not in listed:
                message = f"member {gene!r} of group {group.name!r} is not among the genes of {name!r}."
                fields.problem("groups", message + _nearest(gene, listed, problems))


def _nearest(gene: str, listed: dict[str, None], problems: list[Problem]) -> str:
    return did_you_mean(gene, listed) if len(problems) < MAX_SUGGESTIONS else ""


def _check_content(fields: Fields, hypothesis: Hypothesis) -> None:
    """Find what is wrong with a hypothesis as a whole, once its parts are sound."""
    if not hypothesis.genes:
        fields.problem("name", f"{hypothesis.name!r} names no genes; give 'edges', 'groups' or 'genes'")
        return
    connects = hypothesis.edges or any(group.expansion != "none" for group in hypothesis.groups)
    if hypothesis.scope == "all" and not connects:
        reason = "under scope 'all' that is the no-interaction reference, which every study has"
        fields.problem(
            "name", f"{hypothesis.name!r} has no edges and no groups; {reason}. Give edges, or 'scope: members'"
        )
    unused = [relation for relation in hypothesis.heads if relation not in hypothesis.relations]
    if unused and not hypothesis.groups:
        relations = ", ".join(hypothesis.relations) or "none"
        fields.problem("heads", f"heads: no edge has the relation {unused[0]!r}; relations here: {relations}")


def _prior(fields: Fields) -> Prior:
    node = fields.get("prior")
    if node is None:
        return Prior()
    if isinstance(node, LocatedScalar):
        return Prior(kind=fields.choice("prior", PRIOR_KINDS, "hard"))
    prior = Fields(node, what="'prior'", allowed=PRIOR_KEYS, problems=fields.problems)
    default = Prior()
    return Prior(
        kind=prior.choice("kind", PRIOR_KINDS, default.kind),
        strength=prior.number("strength", default.strength, above=0),
        floor=prior.number("floor", default.floor, above=0, maximum=1),
    )


def _heads(fields: Fields) -> dict[str, int]:
    nodes = fields.mapping("heads")
    node = fields.get("heads")
    if node is None or not nodes:
        return {}
    heads = Fields(node, what="'heads'", allowed=tuple(nodes), problems=fields.problems)
    return {relation: heads.integer(relation, 1, minimum=1, maximum=64) for relation in nodes}


def _provenance(fields: Fields) -> tuple[str, ...]:
    """Return lines: the texts of a list, or ``key: text`` for each entry of a mapping."""
    node = fields.get("provenance")
    if not isinstance(node, LocatedMapping):
        return tuple(item.text for item in fields.texts("provenance") if item.text)
    lines = []
    for key, value in node.entries.items():
        if isinstance(value, LocatedScalar):
            lines.append(f"{key}: {value.text}")
        else:
            fields.problems.append(problem_at(value, f"provenance {key!r} must be a text, got {kind_of(value)}"))
    return tuple(lines)
