from __future__ import annotations

import pytest

from hypomask.errors import Problem
from hypomask.hypothesis.fields import Fields, parse_number
from hypomask.hypothesis.located_yaml import LocatedMapping, LocatedScalar, parse_yaml

KEYS = ("text", "count", "number", "flag", "choice", "items", "mapping")


def fields_of(text: str) -> tuple[Fields, list[Problem]]:
    problems: list[Problem] = []
    return Fields(parse_yaml(text, "s.yaml"), what="a study", allowed=KEYS, problems=problems), problems


def test_fields_convert_by_what_is_asked_for() -> None:
    fields, problems = fields_of(
        "text: 1E5\ncount: 012\nnumber: 1e-3\nflag: Yes\nchoice: b\nitems: [NO, null]\nmapping: {x: 1}\n"
    )
    assert fields.text("text", "") == "1E5"
    assert fields.integer("count", 0) == 12
    assert fields.number("number", 0.0) == 1e-3
    assert fields.flag("flag", False) is True
    assert fields.choice("choice", ("a", "b"), "a") == "b"
    assert [item.text for item in fields.texts("items")] == ["NO", "null"]
    assert list(fields.mapping("mapping")) == ["x"]
    assert problems == []


@pytest.mark.parametrize("text", ["{}", "text:\ncount:\nnumber: null\nflag: ~\nchoice:\nitems:\nmapping: null\n"])
def test_absent_and_empty_fields_take_the_default(text: str) -> None:
    fields, problems = fields_of(text)
    assert fields.text("text", None) is None
    assert fields.integer("count", 3) == 3
    assert fields.number("number", None) is None
    assert fields.flag("flag", True) is True
    assert fields.choice("choice", ("a", "b"), "b") == "b"
    assert fields.texts("items") == ()
    assert fields.mapping("mapping") == {}
    assert problems == []


def test_every_wrong_field_is_a_problem_with_its_line() -> None:
    fields, problems = fields_of(
        "text: [a]\ncount: 1.5\nnumber: .nan\nflag: maybe\nchoice: hrad\nitems: {a: 1}\nmapping: [a]\nchioce: x\n"
    )
    fields.text("text", "")
    fields.integer("count", 0, minimum=1)
    fields.number("number", 0.0, above=0, maximum=1)
    fields.flag("flag", False)
    fields.choice("choice", ("hard", "soft"), "hard")
    fields.texts("items")
    fields.mapping("mapping")
    assert [str(problem) for problem in problems] == [
        "s.yaml:8: unknown key 'chioce' in a study. Did you mean 'choice'? Keys: " + ", ".join(KEYS) + ".",
        "s.yaml:1: 'text' must be a text, got a list",
        "s.yaml:2: 'count' must be a whole number at least 1, got '1.5'",
        "s.yaml:3: 'number' must be a number above 0 and at most 1, got '.nan'",
        "s.yaml:4: 'flag' must be true or false, got 'maybe'",
        "s.yaml:5: 'choice' must be one of hard, soft, got 'hrad'. Did you mean 'hard'?",
        "s.yaml:6: 'items' must be a list, got a mapping (key: value)",
        "s.yaml:7: 'mapping' must be a mapping (key: value), got a list",
    ]


@pytest.mark.parametrize(("text", "is_fine"), [("0", False), ("1", True), ("5", True), ("6", False), ("9" * 30, False)])
def test_bounds_of_whole_numbers_hold(text: str, is_fine: bool) -> None:
    fields, problems = fields_of(f"count: {text}")
    fields.integer("count", 1, minimum=1, maximum=5)
    assert (problems == []) is is_fine


def test_a_list_in_place_of_a_mapping_is_one_problem() -> None:
    fields, problems = fields_of("[a, b]")
    assert fields.text("text", "x") == "x"
    assert not fields.required("text")
    assert [str(problem) for problem in problems] == ["s.yaml:1: a study must be a mapping (key: value), got a list"]


def test_required_names_the_mapping_that_lacks_the_key() -> None:
    fields, problems = fields_of("count: 1")
    assert fields.required("count")
    assert not fields.required("text")
    assert [str(problem) for problem in problems] == ["s.yaml:1: a study needs 'text'"]


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "1e999", "", "1,5", "٣", "0x10", " 1"])
def test_what_is_no_plain_decimal_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("-.5", -0.5), ("2.", 2.0), ("+1E-3", 0.001)])
def test_decimals_are_numbers(text: str, value: float) -> None:
    assert parse_number(text) == value


def test_a_very_long_value_is_cut_in_messages() -> None:
    node = LocatedMapping({"count": LocatedScalar("x" * 10_000, "s.yaml", 1)}, "s.yaml", 1)
    problems: list[Problem] = []
    Fields(node, what="a study", allowed=KEYS, problems=problems).integer("count", 0)
    assert len(problems[0].message) < 200
