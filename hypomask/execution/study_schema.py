"""JSON schema of study files, for editors and other programs."""

from __future__ import annotations

from typing import Any

from hypomask.comparison.config import ComparisonConfig
from hypomask.execution.config_fields import config_schema
from hypomask.execution.plan_config import PlanConfig
from hypomask.execution.study_reading import EXPANSIONS, KINDS, MASKED_GENES, ORIENTATIONS, SCOPES
from hypomask.model.config import ModelConfig
from hypomask.training.config import TrainingConfig

__all__ = ["study_schema"]

# An editor types YAML scalars before it validates: a column called 2024 or a level called no reaches us as it is.
_NAME: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_NAMES: dict[str, Any] = {"anyOf": [{"type": "array", "items": _NAME}, _NAME]}
_FILE: dict[str, Any] = {"type": "string", "minLength": 1}


def study_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of a study file."""
    sections = {
        "model": ModelConfig,
        "training": TrainingConfig,
        "plan": PlanConfig,
        "comparison": ComparisonConfig,
    }
    properties = {
        "hypomask": {"const": 1, "description": "version of the format"},
        "name": _NAME,
        "data": _data(),
        "hypotheses": _hypotheses(),
        "scope": {"enum": list(SCOPES), "description": "all: same genes, what do edges add; members: which genes"},
        **{name: config_schema(config) for name, config in sections.items()},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hypomask study",
        **_object(properties, "hypomask", "data", "hypotheses"),
    }


def _data() -> dict[str, Any]:
    column = {"column": _NAME, "kind": {"enum": list(KINDS)}, "event": _NAME, "positive": _NAME}
    phenotype = [
        _NAME,
        _object(column, "column"),
        _NAMES,
        _object({"columns": _NAMES}, "columns"),
        _object({"target": {"const": MASKED_GENES}}, "target"),
    ]
    properties = {
        "channels": {
            "description": "a file, or files by name of the channel",
            "anyOf": [_FILE, {"type": "object", "additionalProperties": _FILE, "minProperties": 1}],
        },
        "samples": {**_FILE, "description": "table with phenotype, covariates and groups"},
        "key": {**_NAME, "description": "column of the samples table that names rows of the channels"},
        "id": {**_NAME, "description": "column that names the observation"},
        "phenotype": {"anyOf": phenotype},
        "covariates": _NAMES,
        "groups": {**_NAME, "description": "column of what must stay together: patient, cell line, batch"},
        "orientation": {"enum": list(ORIENTATIONS)},
        "layers": _NAMES,
        "exclude": _NAMES,
        "transform": {"enum": ["none", "log", "log1p"]},
        "drop_missing_phenotype": {"type": "boolean"},
        "streaming": {
            "enum": ["auto", "always", "never"],
            "description": "measurements stay on the disk; auto: when they are too large for memory",
        },
    }
    return _object(properties, "channels", "phenotype")


def _hypotheses() -> dict[str, Any]:
    source = _object(
        {"file": _FILE, "scope": {"enum": list(SCOPES)}, "expansion": {"enum": list(EXPANSIONS)}, "only": _NAMES},
        "file",
    )
    return {"anyOf": [_FILE, {"type": "array", "minItems": 1, "items": {"anyOf": [_FILE, source]}}]}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
