"""Boolean networks in BNet format (BoolNet, PyBoolNet, CoLoMoTo): each line ``target, rule``.

A regulator acts on a target if its state can change the rule's outcome; whether it raises or lowers it is the sign.

References
----------
Müssel, Hopfensitz and Kestler (2010), doi:10.1093/bioinformatics/btq124
"""

from __future__ import annotations

from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, raise_problems, shortened
from hypomask.hypothesis.edge_syntax import build_edge
from hypomask.hypothesis.gene_names import gene_fault
from hypomask.hypothesis.graph import Edge
from hypomask.hypothesis.text_files import read_text
from hypomask.knowledge.boolean_rules import parse_rule, regulator_signs
from hypomask.knowledge.edge_tables import hypothesis_name
from hypomask.knowledge.network import GeneNetwork

__all__ = ["read_bnet"]

HEADER = ("targets", "factors")


def read_bnet(path: Path) -> GeneNetwork:
    """Read a BNet file; the rule of each edge's target is its evidence.

    Raises
    ------
    KnowledgeError
        If the file is missing or damaged, with every faulty line.
    """
    content = read_text(path, error=KnowledgeError, allow_gzip=True)
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    edges: list[Edge] = []
    without_effect: list[str] = []
    for line, text in enumerate(content.text.splitlines(), start=1):
        target, comma, rule = (part.strip() for part in text.partition("#")[0].partition(","))
        if (not target and not comma) or (not lines and (target.lower(), rule.lower()) == HEADER):
            continue
        try:
            edges.extend(_edges(target, rule if comma else None, lines, line, without_effect))
        except KnowledgeError as fault:
            problems.append(Problem(str(fault), str(path), line))
    raise_problems(problems, KnowledgeError)
    if not lines:
        raise KnowledgeError(str(Problem("holds no rules; expected lines such as 'CASP3, CASP9 & !XIAP'", str(path))))
    notes = []
    if without_effect:
        shown = ", ".join(without_effect[:5]) + (" ..." if len(without_effect) > 5 else "")
        notes.append(f"{len(without_effect):,} regulators are mentioned but cannot change the outcome: {shown}")
    return GeneNetwork.from_edges(
        hypothesis_name(path),
        edges,
        lone_genes=tuple(lines),
        provenance=(f"Boolean network {path.name}: {len(lines)} rules, {len(edges)} edges, sha256 {content.sha256}",),
        notes=notes,
    )


def _edges(target: str, rule: str | None, lines: dict[str, int], line: int, without_effect: list[str]) -> list[Edge]:
    if rule is None:
        raise KnowledgeError(f"{shortened(target)!r} has no comma; a line is a target, a comma and a rule")
    fault = gene_fault(target)
    if fault:
        raise KnowledgeError(f"target: {fault}")
    if target in lines:
        raise KnowledgeError(f"{target!r} has a rule on line {lines[target]} already; join them with '|'")
    lines[target] = line
    edges = []
    evidence = f"{target} = {rule}"
    for regulator, sign in regulator_signs(parse_rule(rule)).items():
        fault = gene_fault(regulator)
        if fault:
            raise KnowledgeError(f"rule: {fault}")
        if sign is None:
            without_effect.append(f"{regulator} on {target}")
        else:
            edges.append(build_edge(regulator, target, sign=sign, evidence=evidence))
    return edges
