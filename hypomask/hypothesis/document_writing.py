"""Write hypotheses as a YAML document that reads back as the same hypotheses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from hypomask.hypothesis.document_format import FORMAT_VERSION
from hypomask.hypothesis.edge_syntax import build_edge, edge_text
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis, Prior

__all__ = ["dump_hypotheses"]


def dump_hypotheses(hypotheses: Sequence[Hypothesis]) -> str:
    """Return a YAML document that `hypomask.hypothesis.document.load_hypotheses` reads as `hypotheses`.

    Edges drawn from files are written out; the files and their hashes stay in `provenance`.
    """
    bodies = [_hypothesis(hypothesis) for hypothesis in hypotheses]
    content = bodies[0] if len(bodies) == 1 else {"hypotheses": bodies}
    document = {"hypomask": FORMAT_VERSION, **content}
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


_SAFE_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_SAFE_DUMPER):  # type: ignore[misc]
    """Writes equal texts out each time: an alias saves nothing here and reads badly."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    body: dict[str, Any] = {"name": hypothesis.name}
    if hypothesis.description:
        body["description"] = hypothesis.description
    body["scope"] = hypothesis.scope
    body["genes"] = list(hypothesis.genes)
    if hypothesis.edges:
        body["edges"] = [_edge(edge) for edge in hypothesis.edges]
    if hypothesis.groups:
        body["groups"] = {group.name: _group(group) for group in hypothesis.groups}
    if hypothesis.prior != Prior():
        prior = hypothesis.prior
        body["prior"] = {"kind": prior.kind, "strength": prior.strength, "floor": prior.floor}
    if hypothesis.heads:
        body["heads"] = dict(hypothesis.heads)
    if hypothesis.provenance:
        body["provenance"] = list(hypothesis.provenance)
    return body


def _edge(edge: Edge) -> str | dict[str, Any]:
    text = edge_text(edge)
    if text is not None:
        return text
    body: dict[str, Any] = {"source": edge.source, "target": edge.target, "relation": edge.relation}
    if build_edge(edge.source, edge.target, relation=edge.relation).directed != edge.directed:
        body["directed"] = edge.directed
    if build_edge(edge.source, edge.target, relation=edge.relation).sign != edge.sign:
        body["sign"] = edge.sign
    if edge.weight != 1:
        body["weight"] = edge.weight
    if edge.evidence:
        body["evidence"] = edge.evidence
    return body


def _group(group: GeneGroup) -> dict[str, Any]:
    body: dict[str, Any] = {"members": list(group.members), "expansion": group.expansion}
    if group.children:
        body["children"] = list(group.children)
    if group.weight != 1:
        body["weight"] = group.weight
    return body
