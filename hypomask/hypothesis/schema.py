"""JSON schema of hypothesis documents, for editors and other programs.

An editor types YAML scalars before it validates, so the gene ``1E5`` reaches the schema as a number and ``NO`` may
reach it as a boolean: wherever a name may stand, the schema takes any scalar. What a schema cannot say (cycles of
groups, edges to unlisted genes, the content of edge files) only `hypomask.hypothesis.document` finds.
"""

from __future__ import annotations

from typing import Any

from hypomask.hypothesis.document_format import (
    ADD_KEYS,
    EXPANSIONS,
    FORMAT_VERSION,
    OPERATIONS,
    PRIOR_KINDS,
    REMOVE_KEYS,
    SCOPES,
    SHARED_KEYS,
)
from hypomask.hypothesis.edge_files import COLUMN_ALIASES, DELIMITERS

__all__ = ["hypothesis_schema"]

_NAME: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_NAMES: dict[str, Any] = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/name"}}, {"$ref": "#/$defs/name"}]}
_WEIGHT: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}


def hypothesis_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of a document with one hypothesis or several."""
    version = {"type": "integer", "minimum": 1, "maximum": FORMAT_VERSION, "description": "version of the format"}
    sources = {"type": "object", "additionalProperties": _ref("source"), "description": "what recipes draw on"}
    several = {
        "hypomask": version,
        "sources": sources,
        **{key: field for key, field in _hypothesis_fields().items() if key in SHARED_KEYS},
        "hypotheses": {"type": "array", "minItems": 1, "items": _ref("hypothesis")},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hypomask hypothesis document",
        "type": "object",
        "if": {"required": ["hypotheses"]},
        "then": _object(several, "hypomask", "hypotheses"),
        "else": _object({"hypomask": version, "sources": sources, **_hypothesis_fields()}, "hypomask", "name"),
        "$defs": {
            "name": _NAME,
            "names": _NAMES,
            "source": {"anyOf": [{"type": "string", "description": "a file, or a fetched resource"}, _source()]},
            "genes": {
                "anyOf": [{"type": "array", "items": _ref("genes")}, _ref("name"), _ref("reference"), _set_of("genes")],
                "description": "genes; or terms such as 'go:GO:0006281'; or set operations on such selections",
            },
            "wiring": {
                "anyOf": [
                    {"type": "string", "description": "a source, one of its terms, or a hypothesis above"},
                    {"type": "array", "items": _ref("wiring")},
                    _ref("reference"),
                    _set_of("wiring"),
                ],
            },
            "reference": _reference(),
            "step": _step(),
            "lift": _lift(),
            "hypothesis": _object(_hypothesis_fields(), "name"),
            "edge": _edge(),
            "edge_file": _edge_file(),
            "group": _group(),
            "prior": _prior(),
        },
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _object(fields: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}


def _set_of(what: str) -> dict[str, Any]:
    """Return one set operation over two or more of `what`."""
    items = {"type": "array", "minItems": 2, "items": _ref(what)}
    return {**_object(dict.fromkeys(OPERATIONS, items)), "minProperties": 1, "maxProperties": 1}


def _hypothesis_fields() -> dict[str, Any]:
    edge = {"anyOf": [{"type": "string"}, _ref("edge"), _ref("edge_file")]}
    group = {"anyOf": [_ref("genes"), _ref("group")]}
    return {
        "name": {**_NAME, "description": "unique in a study"},
        "description": {"type": "string"},
        "scope": {"enum": list(SCOPES), "description": "all: every gene of the study is a token; members: only these"},
        "genes": {**_ref("genes"), "description": "a list, a text with spaces or commas between genes, or a term"},
        "wiring": _ref("wiring"),
        "expansion": {"enum": list(EXPANSIONS), "description": "how drawn groups become edges"},
        "edges": {"type": "array", "items": edge, "description": "'A -> B', 'A -| B', 'A -- B', a mapping, or a file"},
        "groups": {"type": "object", "additionalProperties": group},
        "steps": {"type": "array", "items": _ref("step"), "description": "changes of the graph, in their order"},
        "prior": {"anyOf": [{"enum": list(PRIOR_KINDS)}, _ref("prior")]},
        "heads": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 64}},
        "provenance": {"anyOf": [_ref("names"), {"type": "object", "additionalProperties": _ref("name")}]},
    }


def _edge() -> dict[str, Any]:
    fields = {
        "edge": {"type": "string"},
        "source": _ref("name"),
        "target": _ref("name"),
        "relation": {"type": "string", "minLength": 1},
        "sign": {"enum": [-1, 0, 1, "+", "-", "+1", "activation", "inhibition"]},
        "weight": _WEIGHT,
        "evidence": {"type": ["string", "number"]},
        "directed": {"type": "boolean"},
    }
    return {**_object(fields), "oneOf": [{"required": ["edge"]}, {"required": ["source", "target"]}]}


def _edge_file() -> dict[str, Any]:
    fields = {
        "file": {"type": "string", "minLength": 1, "description": "TSV, CSV or SIF, relative to this document"},
        "columns": _object({role: _ref("name") for role in COLUMN_ALIASES}),
        "relation": {"type": "string", "minLength": 1},
        "directed": {"type": "boolean"},
        "delimiter": {"enum": list(DELIMITERS)},
        "restrict_to_genes": {"type": "boolean"},
    }
    return _object(fields, "file")


def _group() -> dict[str, Any]:
    fields = {
        "members": _ref("genes"),
        "expansion": {"enum": list(EXPANSIONS)},
        "children": _ref("names"),
        "weight": _WEIGHT,
    }
    return _object(fields)


def _source() -> dict[str, Any]:
    text, flag, count = {"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": 1}
    fields = {
        "file": {"type": "string", "minLength": 1, "description": "relative to this document, or a fetched resource"},
        "annotations": {**text, "description": "genes of an ontology: GAF, gene2go or a plain table"},
        "evidence": {**_ref("names"), "description": "only these evidence codes"},
        "exclude_evidence": {**_ref("names"), "description": "not these evidence codes, e.g. [IEA]"},
        "aspect": text,
        "taxon": count,
        "relations": {**_ref("names"), "description": "relations between terms that pass genes on: is_a, part_of"},
        "hierarchy": {**text, "description": "ReactomePathwaysRelation.txt"},
        "names": text,
        "species": text,
        "min_size": {**count, "description": "leave smaller terms out of wiring"},
        "max_size": {**count, "description": "leave larger terms out of wiring"},
        "weights": {
            "enum": ["none", "inverse_size", "information_content"],
            "description": "of terms, for soft priors",
        },
        "levels": {**_ref("names"), "description": "confidence letters of DoRothEA"},
        "signed": {**flag, "description": "only edges that activate or inhibit"},
        "label": {**text, "description": "attribute of nodes that names the gene"},
        "min_score": {"type": "integer", "minimum": 0, "maximum": 1000, "description": "of STRING links"},
        "channels": {**_ref("names"), "description": "kinds of evidence of STRING links"},
        "info": {**text, "description": "STRING's protein.info"},
        "alias_source": text,
        "identifiers": {**text, "description": "a table such as HGNC's, to have gene symbols"},
        "rename": {"type": "object", "additionalProperties": _ref("name"), "description": "old name: new name"},
    }
    return _object(fields, "file")


def _reference() -> dict[str, Any]:
    return _object({"source": {"type": "string"}, "term": _ref("name"), "descendants": {"type": "boolean"}}, "source")


def _step() -> dict[str, Any]:
    fields = _hypothesis_fields()
    edits = {key: fields[key] for key in ADD_KEYS}
    steps = {
        "restrict": {**_ref("genes"), "description": "keep only these genes"},
        "induce": {**_ref("genes"), "description": "keep only these genes, and all of them"},
        "add": _object(edits),
        "remove": _object({key: edits[key] for key in REMOVE_KEYS}),
        "reverse": {"type": "null"},
        "lift": {"anyOf": [{"type": "string"}, _ref("lift")], "description": "to another species, by orthologs"},
        "rewire": {"type": "integer", "minimum": 0, "description": "a seed; every degree is kept"},
    }
    return {"anyOf": [{"const": "reverse"}, {**_object(steps), "minProperties": 1, "maxProperties": 1}]}


def _lift() -> dict[str, Any]:
    text = {"type": "string"}
    fields = {
        "orthologs": {**text, "description": "a source"},
        "from": {**text, "description": "a species"},
        "to": {**text, "description": "a species"},
        "one_to_many": {"enum": ["drop", "all", "best-supported"]},
        "min_support": {"type": "number"},
    }
    return _object(fields, "orthologs")


def _prior() -> dict[str, Any]:
    fields = {
        "kind": {"enum": list(PRIOR_KINDS)},
        "strength": {"type": "number", "exclusiveMinimum": 0},
        "floor": _WEIGHT,
    }
    return _object(fields)
