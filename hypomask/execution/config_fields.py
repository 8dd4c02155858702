"""Frozen configuration classes to and from the text of a study file.

The keys of a section are the fields of its class, so that a field exists in one place only: its type says how the text
is read, its default is the default, and `__post_init__` checks the values.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hypomask.errors import ConfigError, Problem
from hypomask.hypothesis.fields import Fields, kind_of, parse_number
from hypomask.hypothesis.located_yaml import Located, LocatedScalar, problem_at

__all__ = ["config_as_dict", "config_keys", "config_schema", "read_config"]

T = TypeVar("T")


def read_config(node: Located | None, config: type[T], section: str, problems: list[Problem], defaults: T) -> T:
    """Return a `config` from the mapping `node`; fields that are absent keep the value they have in `defaults`.

    What is wrong is added to `problems`, and `defaults` returned.
    """
    if node is None or (isinstance(node, LocatedScalar) and node.plain and not node.text):
        return defaults
    read = Fields(node, what=f"{section!r}", allowed=tuple(_field_types(config)), problems=problems)
    n_before = len(problems)
    values = {
        name: _read_field(read, name, annotation, getattr(defaults, name))
        for name, annotation in _field_types(config).items()
    }
    if len(problems) > n_before:
        return defaults
    try:
        return config(**values)
    except ConfigError as error:
        problems += [problem_at(_place_of(read, message, section), message) for message in str(error).splitlines()]
        return defaults


def config_keys(config: type[Any]) -> tuple[str, ...]:
    """Return the keys of a section of a study file."""
    return tuple(_field_types(config))


def config_as_dict(config: Any) -> dict[str, Any]:
    """Return the fields of a configuration in JSON's types, in the order of the class."""
    return {name: _plain(getattr(config, name)) for name in _field_types(type(config))}


def config_schema(config: type[Any]) -> dict[str, Any]:
    """Return the JSON schema of a section of a study file."""
    properties = {}
    by_name: dict[str, Field[Any]] = {field.name: field for field in fields(config)}
    for name, annotation in _field_types(config).items():
        properties[name] = _type_schema(annotation)
        default = by_name[name].default
        if default is not MISSING and default is not None:
            properties[name]["default"] = _plain(default)
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _field_types(config: type[Any]) -> Mapping[str, Any]:
    hints = get_type_hints(config)
    return {field.name: hints[field.name] for field in fields(config) if field.init}


def _read_field(read: Fields, name: str, annotation: Any, default: Any) -> Any:
    annotation, optional = _without_none(annotation)
    if name not in read:
        return default
    node = read.get(name)
    if optional and isinstance(node, LocatedScalar) and node.plain and node.text in ("null", "~", "none"):
        return None
    if get_origin(annotation) is Literal:
        return read.choice(name, get_args(annotation), default)
    if annotation is bool:
        return read.flag(name, default)
    if annotation is int:
        return read.integer(name, default)
    if annotation is float:
        return read.number(name, default)
    if annotation is str:
        return read.text(name, default)
    if get_origin(annotation) is tuple:
        return _read_tuple(read, name, get_args(annotation)[0])
    raise TypeError(f"a study file cannot hold a field of type {annotation!r} ({name})")


def _read_tuple(read: Fields, name: str, item: Any) -> tuple[Any, ...]:
    scalars: Sequence[LocatedScalar] = read.texts(name)
    if item is str:
        return tuple(scalar.text for scalar in scalars)
    numbers = []
    for scalar in scalars:
        number = parse_number(scalar.text)
        if number is None or (item is int and number != int(number)):
            read.problems.append(problem_at(scalar, f"{name!r} must list numbers, got {kind_of(scalar)}"))
        else:
            numbers.append(item(number))
    return tuple(numbers)


def _place_of(read: Fields, message: str, section: str) -> Located:
    """Return the node of the field that a message such as ``model.width: got 0`` begins with."""
    field, _, _ = message.removeprefix(f"{section}.").partition(":")
    return read.place(field)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        others = [option for option in get_args(annotation) if option is not type(None)]
        if len(others) == 1:
            return others[0], True
    return annotation, False


def _type_schema(annotation: Any) -> dict[str, Any]:
    annotation, optional = _without_none(annotation)
    if get_origin(annotation) is Literal:
        return {"enum": [*get_args(annotation), *([None] if optional else [])]}
    if get_origin(annotation) is tuple:
        return {"type": "array", "items": _type_schema(get_args(annotation)[0])}
    name = {bool: "boolean", int: "integer", float: "number", str: "string"}[annotation]
    return {"type": [name, "null"] if optional else name}


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
