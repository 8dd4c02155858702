"""Networks written in every format that is read, in the plainest way: what the readers are asked to give back."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from hypomask.hypothesis.graph import Edge

SIGN_WORDS = {1: "positive", -1: "negative", 0: "unknown"}


def as_table(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    rows = [
        (e.source, e.target, e.relation, str(e.directed).lower(), str(e.sign), repr(e.weight), e.evidence)
        for e in edges
    ]
    header = ("source", "target", "relation", "directed", "sign", "weight", "evidence")
    return "".join("\t".join(row) + "\n" for row in (header, *rows))


def as_sif(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    connected = {gene for e in edges for gene in (e.source, e.target)}
    alone = [f"{gene}\n" for gene in genes if gene not in connected]
    return "".join([*(f"{e.source}\t{e.relation}\t{e.target}\n" for e in edges), *alone])


def as_graphml(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    keys = ("relation", "sign", "weight", "evidence")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [f'<key id="k_{key}" for="edge" attr.name="{key}" attr.type="string"/>' for key in keys]
    lines += ['<key id="n" for="node" attr.name="name" attr.type="string"/>', '<graph edgedefault="directed">']
    for number, gene in enumerate(genes):
        lines.append(f'<node id="n{number}"><data key="n">{quoteattr(gene)[1:-1]}</data></node>')
    for e in edges:
        ends = f'source="n{genes.index(e.source)}" target="n{genes.index(e.target)}"'
        data = "".join(f'<data key="k_{key}">{quoteattr(str(getattr(e, key)))[1:-1]}</data>' for key in keys)
        lines.append(f'<edge {ends} directed="{str(e.directed).lower()}">{data}</edge>')
    return "\n".join([*lines, "</graph>", "</graphml>"])


def as_cx2(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    declared = {"nodes": {"name": {"a": "n", "d": "string"}}, "edges": {"interaction": {"a": "i", "d": "string"}}}
    nodes = [{"id": number, "v": {"n": gene}} for number, gene in enumerate(genes)]
    written = [
        {
            "id": number,
            "s": genes.index(e.source),
            "t": genes.index(e.target),
            "v": {"i": e.relation, "sign": e.sign, "weight": e.weight, "evidence": e.evidence, "directed": e.directed},
        }
        for number, e in enumerate(edges)
    ]
    parts = [
        {"CXVersion": "2.0", "hasFragments": False},
        {"attributeDeclarations": [declared]},
        {"nodes": nodes},
        {"edges": written},
        {"status": [{"success": True}]},
    ]
    return json.dumps(parts)


def as_bnet(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    """Signs only: a raised target needs any of its activators and none of its inhibitors."""
    lines = ["targets, factors"]
    for gene in genes:
        raised = [e.source for e in edges if e.target == gene and e.sign > 0]
        lowered = [f"!{e.source}" for e in edges if e.target == gene and e.sign < 0]
        rule = " & ".join([*([f"({' | '.join(raised)})"] if raised else []), *lowered])
        lines.append(f"{gene}, {rule or 1}")
    return "\n".join(lines)


def as_kgml(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    words = {"activates": "activation", "inhibits": "inhibition", "binds": "binding/association"}
    lines = ['<?xml version="1.0"?>', '<!DOCTYPE pathway SYSTEM "https://www.kegg.jp/kegg/xml/KGML_v0.7.2_.dtd">']
    lines.append('<pathway name="path:hsa00001" org="hsa" number="00001" title="test">')
    lines += [f'<entry id="{i}" name={quoteattr("hsa:" + gene)} type="gene"/>' for i, gene in enumerate(genes, start=1)]
    for e in edges:
        ends = f'entry1="{genes.index(e.source) + 1}" entry2="{genes.index(e.target) + 1}"'
        lines.append(f'<relation {ends} type="PPrel"><subtype name="{words[e.relation]}" value="x"/></relation>')
    return "\n".join([*lines, "</pathway>"])


def as_sbml(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    space = "http://www.sbml.org/sbml/level3/version1"
    about = 'qual:compartment="c" qual:constant="false" qual:maxLevel="1"'
    species = [
        f'<qual:qualitativeSpecies qual:id="s{i}" qual:name={quoteattr(gene)} {about}/>' for i, gene in enumerate(genes)
    ]
    transitions = []
    for number, e in enumerate(edges):
        source = f'qual:qualitativeSpecies="s{genes.index(e.source)}" qual:transitionEffect="none"'
        target = f'qual:qualitativeSpecies="s{genes.index(e.target)}" qual:transitionEffect="assignmentLevel"'
        transitions.append(
            f'<qual:transition qual:id="t{number}"><qual:listOfInputs><qual:input qual:id="i{number}" {source} '
            f'qual:sign="{SIGN_WORDS[e.sign]}"/></qual:listOfInputs><qual:listOfOutputs><qual:output '
            f'qual:id="o{number}" {target}/></qual:listOfOutputs></qual:transition>'
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<sbml xmlns="{space}/core" xmlns:qual="{space}/qual/version1" '
        'level="3" version="1" qual:required="true"><model id="m">'
        '<listOfCompartments><compartment id="c" constant="true"/></listOfCompartments>'
        f"<qual:listOfQualitativeSpecies>{''.join(species)}</qual:listOfQualitativeSpecies>"
        f"<qual:listOfTransitions>{''.join(transitions)}</qual:listOfTransitions></model></sbml>"
    )


def as_string(edges: Sequence[Edge], genes: Sequence[str]) -> str:
    """Both directions of every link, as STRING has them."""
    rows = [(e.source, e.target, e.weight) for e in edges] + [(e.target, e.source, e.weight) for e in edges]
    lines = [f"9606.{a} 9606.{b} {round(1000 * weight)}" for a, b, weight in rows]
    return "\n".join(["protein1 protein2 combined_score", *lines]) + "\n"


WRITERS: dict[str, tuple[str, Callable[[Sequence[Edge], Sequence[str]], str]]] = {
    "edge-table": (".tsv", as_table),
    "sif": (".sif", as_sif),
    "graphml": (".graphml", as_graphml),
    "cx2": (".cx2", as_cx2),
    "bnet": (".bnet", as_bnet),
    "kgml": (".kgml", as_kgml),
    "sbml": (".sbml", as_sbml),
    "string-links": (".txt", as_string),
    "xml-model": (".xml", as_kgml),
}


def write_network(
    folder: Path, kind: str, edges: Sequence[Edge], genes: Sequence[str], *, packed: bool = False
) -> Path:
    """Write edges in the format of a kind; return the file."""
    suffix, writer = WRITERS[kind]
    data = writer(edges, genes).encode()
    path = folder / f"net{suffix}{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(data, compresslevel=1) if packed else data)
    return path
