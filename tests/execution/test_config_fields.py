"""Configuration classes from text: every type, every fault at its line, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import jsonschema
import pytest
import yaml

from hypomask.errors import ConfigError, Problem
from hypomask.execution.config_fields import config_as_dict, config_schema, read_config
from hypomask.hypothesis.located_yaml import parse_yaml


@dataclass(frozen=True)
class Example:
    count: int = 3
    rate: float = 0.1
    name: str = "x"
    on: bool = True
    choice: Literal["a", "b"] = "a"
    limit: int | None = 5
    numbers: tuple[int, ...] = (1, 2)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ConfigError(f"example.count: got {self.count}, expected at least 0")


def read(text: str, defaults: Example | None = None) -> tuple[Example, list[Problem]]:
    problems: list[Problem] = []
    node = parse_yaml(text, "example.yaml")
    return read_config(node, Example, "example", problems, defaults or Example()), problems


def test_every_type_is_read() -> None:
    text = "count: 4\nrate: 2e-1\nname: NO\non: off\nchoice: b\nlimit: none\nnumbers: [3]\nnames: [1, NO]\n"
    made, problems = read(text)
    assert problems == []
    assert made == Example(4, 0.2, "NO", False, "b", None, (3,), ("1", "NO"))
    assert read("limit: 7")[0].limit == 7


def test_what_is_left_out_keeps_the_default_given() -> None:
    assert read("count: 4", Example(rate=0.5))[0] == Example(count=4, rate=0.5)
    assert read_config(None, Example, "example", [], Example(rate=0.5)) == Example(rate=0.5)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("rate: 1\ncount: many", 2, "'count' must be a whole number, got 'many'"),
        ("rate: nan", 1, "'rate' must be a number, got 'nan'"),
        ("on: 1", 1, "'on' must be true or false"),
        ("choice: c", 1, "'choice' must be one of a, b, got 'c'"),
        ("numbers: [1, 2.5]", 1, "'numbers' must list numbers"),
        ("rate: 1\ncount: -1", 2, "example.count: got -1, expected at least 0"),
        ("cuont: 1", 1, "unknown key 'cuont' in 'example'. Did you mean 'count'?"),
        ("[1]", 1, "'example' must be a mapping"),
    ],
)
def test_a_fault_is_named_at_its_line(text: str, line: int, message: str) -> None:
    made, problems = read(text)
    assert made == Example()
    assert [problem.line for problem in problems] == [line]
    assert message in problems[0].message


def test_a_configuration_written_as_yaml_is_read_as_the_same() -> None:
    example = Example(7, 1e-5, "null", False, "b", None, (4, 5), ("NO", "1E5"))
    text = yaml.safe_dump(config_as_dict(example))
    assert read(text) == (example, [])
    jsonschema.validate(yaml.safe_load(text), config_schema(Example))


def test_a_type_that_text_cannot_hold_is_a_fault_of_the_program() -> None:
    @dataclass(frozen=True)
    class Wrong:
        mapping: dict[str, int] | None = None

    Wrong.__annotations__["mapping"] = dict[str, int]
    with pytest.raises(TypeError, match="cannot hold a field of type"):
        read_config(parse_yaml("mapping: {a: 1}", "x"), Wrong, "wrong", [], Wrong())
