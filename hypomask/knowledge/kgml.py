"""KEGG pathways, from a KGML file that the user holds a licence for; hypomask never downloads one.

An entry may stand for several genes (a family, drawn as one box) or for a complex of other entries: a relation between
two entries is one between all their genes. Compounds and other maps are no genes, so relations with them are left out.

References
----------
KGML, https://www.kegg.jp/kegg/xml/docs/. Kanehisa et al. (2023), doi:10.1093/nar/gkac963.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, raise_problems, shortened
from hypomask.hypothesis.gene_names import name_fault
from hypomask.hypothesis.graph import Edge, GeneGroup
from hypomask.knowledge.located_xml import XmlElement, XmlFile, read_xml
from hypomask.knowledge.network import GeneNetwork

__all__ = ["read_kgml"]

GENE_TYPES = ("gene", "ortholog")
MAX_EDGES = 2_000_000  # families of 1,000 genes each would be a million edges for one arrow


@dataclass(frozen=True)
class _Effect:
    """What a relation's subtype says of an edge; a subtype without a relation only adds to the evidence."""

    relation: str = ""
    sign: int = 0
    directed: bool = True


_EFFECTS = {
    "activation": _Effect("activates", 1),
    "inhibition": _Effect("inhibits", -1),
    "expression": _Effect("induces", 1),
    "repression": _Effect("represses", -1),
    "binding/association": _Effect("binds", directed=False),
    "dissociation": _Effect("dissociates"),
    "phosphorylation": _Effect("phosphorylates"),
    "dephosphorylation": _Effect("dephosphorylates"),
    "glycosylation": _Effect("glycosylates"),
    "ubiquitination": _Effect("ubiquitinates"),
    "ubiquination": _Effect("ubiquitinates"),
    "methylation": _Effect("methylates"),
    "compound": _Effect("shares_compound", directed=False),
    "hidden compound": _Effect("shares_compound", directed=False),
    "state change": _Effect(),
    "indirect effect": _Effect(),
}
"""In order of what counts first where a relation has several subtypes: the effect before how it comes about."""
MISSING = "missing interaction"  # lost by mutation in the disease that the map is about


def read_kgml(path: Path) -> GeneNetwork:
    """Read a KGML file; genes are named by KEGG's ids without the species (NCBI Gene ids in human and mouse).

    Raises
    ------
    KnowledgeError
        If the file is missing, damaged, no KGML or holds no relation between genes; with the lines of faulty entries.
    """
    file = read_xml(path, root="pathway")
    problems: list[Problem] = []
    genes = _genes_by_entry(file, problems)
    edges: list[Edge] = []
    left_out: Counter[str] = Counter()
    for element in file.root.all("relation"):
        edges.extend(_edges(element, genes, file, problems, left_out))
        if len(edges) > MAX_EDGES:
            file.fail(f"makes more than {MAX_EDGES:,} edges; are these entries single genes?", element.line)
    raise_problems(problems, KnowledgeError)
    if not edges:
        file.fail("holds no relation between genes; metabolic maps often have none: take one of signalling")
    notes = [f"{n:,} {what}" for what, n in left_out.items()]
    families = sum(len(members) > 1 for members in genes.values())
    notes.append(f"{families:,} entries stand for several genes; their relations hold for each of them")
    title = " ".join(filter(None, [file.root.get("name").removeprefix("path:"), file.root.get("title")]))
    named = (gene for entry in file.root.all("entry") if entry.get("type") in GENE_TYPES for gene in _ids(entry))
    return GeneNetwork.from_edges(
        path.name.removesuffix(".gz").rsplit(".", 1)[0],
        edges,
        lone_genes=tuple(named),
        groups=_complexes(file, genes),
        provenance=(f"KEGG pathway {title} from {path.name}: {len(edges)} edges, sha256 {file.sha256}",),
        notes=notes,
    )


def _ids(entry: XmlElement) -> list[str]:
    return [word.rpartition(":")[2] for word in entry.get("name").split()]


def _genes_by_entry(file: XmlFile, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    """Return the genes of every entry, those of a complex included; compounds and maps have none."""
    genes: dict[str, tuple[str, ...]] = {}
    for entry in file.root.all("entry"):
        number = entry.get("id")
        fault = "has no id" if not number else f"id {number!r} is taken by another entry" if number in genes else None
        ids = _ids(entry) if entry.get("type") in GENE_TYPES else []
        fault = fault or next(filter(None, map(name_fault, ids)), None)
        if fault:
            problems.append(Problem(f"entry: {fault}", file.file, entry.line))
        genes[number] = tuple(dict.fromkeys(ids))
    for entry in file.root.all("entry"):
        if entry.get("type") != "group":
            continue
        members: list[str] = []
        for component in entry.all("component"):
            if component.get("id") not in genes:
                message = f"component {component.get('id')!r} of entry {entry.get('id')!r} is not an entry"
                problems.append(Problem(message, file.file, component.line))
            members.extend(genes.get(component.get("id"), ()))
        genes[entry.get("id")] = tuple(dict.fromkeys(members))
    return genes


def _complexes(file: XmlFile, genes: Mapping[str, tuple[str, ...]]) -> list[GeneGroup]:
    groups = [entry for entry in file.root.all("entry") if entry.get("type") == "group"]
    return [
        GeneGroup(f"complex {entry.get('id')}", genes[entry.get("id")])
        for entry in groups
        if len(genes[entry.get("id")]) > 1
    ]


def _edges(
    element: XmlElement,
    genes: Mapping[str, tuple[str, ...]],
    file: XmlFile,
    problems: list[Problem],
    left_out: Counter[str],
) -> list[Edge]:
    ends = [element.get("entry1"), element.get("entry2")]
    unknown = [end for end in ends if end not in genes]
    if unknown:
        problems.append(Problem(f"relation: {shortened(unknown[0])!r} is not an entry", file.file, element.line))
        return []
    sources, targets = (genes[end] for end in ends)
    if not sources or not targets:
        left_out["relations with a compound or another map left out"] += 1
        return []
    names = [subtype.get("name") for subtype in element.all("subtype")]
    if MISSING in names:
        left_out["missing interactions (lost in the disease) left out"] += 1
        return []
    for name in names:
        if name not in _EFFECTS:
            left_out[f"relations of the unknown subtype {shortened(name)!r}, read as 'acts_on'"] += 1
    effect, contradicts = _effect(names)
    if contradicts:
        left_out["relations that both raise and lower their target; their sign is left open"] += 1
    evidence = f"KEGG {element.get('type')}: {', '.join(names)}" if names else f"KEGG {element.get('type')}"
    return [
        Edge(source, target, effect.relation or "acts_on", effect.directed, effect.sign, evidence=evidence)
        for source in sources
        for target in targets
    ]


def _effect(names: list[str]) -> tuple[_Effect, bool]:
    """Return what the subtypes say together, and whether they contradict each other."""
    stated = [effect for name, effect in _EFFECTS.items() if name in names and effect.relation]
    signs = {effect.sign for effect in stated if effect.sign}
    if len(signs) > 1:
        return _Effect(), True
    return (stated[0] if stated else _Effect()), False
