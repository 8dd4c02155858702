from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from hypomask.hypothesis import document_format
from hypomask.hypothesis.schema import hypothesis_schema

VALIDATOR = jsonschema.Draft202012Validator(hypothesis_schema())


def is_valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(yaml.safe_load(text)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(hypothesis_schema())


def test_the_schema_knows_the_keys_that_the_reader_knows() -> None:
    schema: dict[str, Any] = hypothesis_schema()
    keys = {name: tuple(part["properties"]) for name, part in schema["$defs"].items() if "properties" in part}
    keys["source"] = tuple(schema["$defs"]["source"]["anyOf"][1]["properties"])
    keys["step"] = tuple(schema["$defs"]["step"]["anyOf"][1]["properties"])
    assert keys == {
        "hypothesis": document_format.HYPOTHESIS_KEYS,
        "edge": document_format.EDGE_KEYS,
        "edge_file": document_format.EDGE_FILE_KEYS,
        "group": document_format.GROUP_KEYS,
        "prior": document_format.PRIOR_KEYS,
        "source": document_format.SOURCE_KEYS,
        "reference": document_format.REFERENCE_KEYS,
        "step": document_format.STEPS,
        "lift": document_format.LIFT_KEYS,
    }
    assert set(schema["then"]["properties"]) == {"hypomask", "sources", "hypotheses", *document_format.SHARED_KEYS}


def test_names_may_be_any_scalar() -> None:
    assert is_valid("{hypomask: 1, name: h, genes: [NO, 1E5, null, 007], edges: [NO -> 1E5]}")
    assert is_valid("{hypomask: 1, name: h, edges: [{source: NO, target: 1.0e+5}]}")


@pytest.mark.parametrize(
    "text",
    [
        "{name: h, edges: [A -> B]}",
        "{hypomask: 1, edges: [A -> B]}",
        "{hypomask: 2, name: h, edges: [A -> B]}",
        "{hypomask: 1, name: h, edgs: [A -> B]}",
        "{hypomask: 1, name: h, edges: [{source: A}]}",
        "{hypomask: 1, name: h, edges: [{source: A, target: B, weight: 2}]}",
        "{hypomask: 1, name: h, scope: some}",
        "{hypomask: 1, name: h, groups: {G: {members: [A], expansion: ring}}}",
        "{hypomask: 1, hypotheses: []}",
        "{hypomask: 1, edges: [A -> B], hypotheses: [{name: h}]}",
        "[A -> B]",
    ],
)
def test_wrong_documents_are_not_valid(text: str) -> None:
    assert not is_valid(text)
