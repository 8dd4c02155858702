"""JSON schema of hypothesis documents, for editors and other programs.

An editor types YAML scalars before it validates, so the gene ``1E5`` reaches the schema as a number and ``NO`` may
reach it as a boolean: wherever a name may stand, the schema takes any scalar. What a schema cannot say (cycles of
groups, edges to unlisted genes, the content of edge files) only `hypomask.hypothesis.document` finds.
"""

from __future__ import annotations

from typing import Any

from hypomask.hypothesis.document_format import EXPANSIONS, FORMAT_VERSION, PRIOR_KINDS, SCOPES
from hypomask.hypothesis.edge_files import COLUMN_ALIASES, DELIMITERS

__all__ = ["hypothesis_schema"]

_NAME: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_NAMES: dict[str, Any] = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/name"}}, {"$ref": "#/$defs/name"}]}
_WEIGHT: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}


def hypothesis_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of a document with one hypothesis or several."""
    version = {"type": "integer", "minimum": 1, "maximum": FORMAT_VERSION, "description": "version of the format"}
    shared = {key: field for key, field in _hypothesis_fields().items() if key not in ("name", "edges", "groups")}
    several = {
        "hypomask": version,
        **shared,
        "hypotheses": {"type": "array", "minItems": 1, "items": _ref("hypothesis")},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hypomask hypothesis document",
        "type": "object",
        "if": {"required": ["hypotheses"]},
        "then": _object(several, "hypomask", "hypotheses"),
        "else": _object({"hypomask": version, **_hypothesis_fields()}, "hypomask", "name"),
        "$defs": {
            "name": _NAME,
            "names": _NAMES,
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


def _hypothesis_fields() -> dict[str, Any]:
    edge = {"anyOf": [{"type": "string"}, _ref("edge"), _ref("edge_file")]}
    group = {"anyOf": [_ref("names"), _ref("group")]}
    return {
        "name": {**_NAME, "description": "unique in a study"},
        "description": {"type": "string"},
        "scope": {"enum": list(SCOPES), "description": "all: every gene of the study is a token; members: only these"},
        "genes": {**_ref("names"), "description": "a list, or a text with spaces or commas between genes"},
        "edges": {"type": "array", "items": edge, "description": "'A -> B', 'A -| B', 'A -- B', a mapping, or a file"},
        "groups": {"type": "object", "additionalProperties": group},
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
    return _object({"members": _ref("names"), "expansion": {"enum": list(EXPANSIONS)}, "children": _ref("names")})


def _prior() -> dict[str, Any]:
    fields = {
        "kind": {"enum": list(PRIOR_KINDS)},
        "strength": {"type": "number", "exclusiveMinimum": 0},
        "floor": _WEIGHT,
    }
    return _object(fields)
