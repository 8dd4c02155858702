"""Convert the fields of a located mapping to text, numbers and choices, collecting every problem on the way."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from hypomask.errors import Problem, did_you_mean, shortened
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, LocatedScalar, LocatedSequence, problem_at

__all__ = ["Fields", "kind_of", "parse_number"]

T = TypeVar("T")
C = TypeVar("C", bound=str)

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NOTHING = frozenset({"", "~", "null"})


def kind_of(node: Located) -> str:
    """Return what a node is in words, for messages."""
    if isinstance(node, LocatedScalar):
        return f"the text {shortened(node.text)!r}" if node.text or not node.plain else "nothing"
    return "a list" if isinstance(node, LocatedSequence) else "a mapping (key: value)"


def parse_number(text: str) -> float | None:
    """Return a finite decimal number, or None. Python's own `float` also takes ``nan``, ``1_000`` and other digits."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


class Fields:
    """The fields of one mapping.

    Every method returns the field's value, or `default` where the field is absent or wrong; what is wrong is added to
    `problems`. So a reader asks for all its fields, and raises once at the end (`hypomask.errors.raise_problems`).
    A value left out (``key:``), and ``null`` or ``~`` where no text is asked for, counts as absent.

    Parameters
    ----------
    node
        Where to read; anything but a mapping is itself a problem.
    what
        Name of the thing in messages, e.g. ``"a hypothesis"``.
    allowed
        Every key that may occur; others are named, with the nearest allowed key.
    problems
        List that problems are added to.
    elsewhere
        Keys of other mappings, with the key under which they belong.
    """

    def __init__(
        self,
        node: Located,
        *,
        what: str,
        allowed: Sequence[str],
        problems: list[Problem],
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        self.node = node
        self.what = what
        self.problems = problems
        self.entries: Mapping[str, Located] = {}
        if not isinstance(node, LocatedMapping):
            problems.append(problem_at(node, f"{what} must be a mapping (key: value), got {kind_of(node)}"))
            return
        self.entries = node.entries
        for key in node.entries:
            if key not in allowed:
                hint = did_you_mean(key, allowed)
                if not hint and elsewhere and key in elsewhere:
                    hint = f" It belongs under {elsewhere[key]!r}."
                message = f"unknown key {shortened(key)!r} in {what}.{hint} Keys: {', '.join(allowed)}."
                problems.append(Problem(message, node.file, node.key_lines.get(key, node.line)))

    def __contains__(self, key: str) -> bool:
        """Return whether `key` is given, rightly or wrongly."""
        return key in self.entries

    def get(self, key: str) -> Located | None:
        """Return the node of `key`, or None."""
        return self.entries.get(key)

    def place(self, key: str) -> Located:
        """Return the node of `key`, or the whole mapping where it is absent: where to say that something is wrong."""
        return self.entries.get(key, self.node)

    def problem(self, key: str, message: str) -> None:
        """Add a problem at the value of `key`."""
        self.problems.append(problem_at(self.place(key), message))

    def required(self, key: str) -> bool:
        """Return whether `key` is given; add a problem if not."""
        if key not in self.entries and isinstance(self.node, LocatedMapping):
            self.problems.append(problem_at(self.node, f"{self.what} needs {key!r}"))
        return key in self.entries

    def scalar(self, key: str, expected: str = "a text") -> LocatedScalar | None:
        """Return the scalar of `key`, or None where it is absent, empty or (a problem) no scalar."""
        node = self.entries.get(key)
        if node is None:
            return None
        if not isinstance(node, LocatedScalar):
            self.problem(key, f"{key!r} must be {expected}, got {kind_of(node)}")
            return None
        return None if node.plain and not node.text else node

    def text(self, key: str, default: T) -> str | T:
        """Return a text exactly as written."""
        node = self.scalar(key)
        return default if node is None else node.text

    def integer(self, key: str, default: T, *, minimum: int | None = None, maximum: int | None = None) -> int | T:
        """Return a whole number in [minimum, maximum]."""
        expected = "a whole number" + _bounds(minimum, maximum)
        node = self._value(key, expected)
        if node is None:
            return default
        if _INTEGER.fullmatch(node.text):
            value = int(node.text)
            if (minimum is None or value >= minimum) and (maximum is None or value <= maximum):
                return value
        self._wrong(key, expected, node)
        return default

    def number(
        self,
        key: str,
        default: T,
        *,
        above: float | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> float | T:
        """Return a finite number in [minimum, maximum] and greater than `above`."""
        expected = "a number" + _bounds(minimum, maximum, above)
        node = self._value(key, expected)
        if node is None:
            return default
        value = parse_number(node.text)
        if (
            value is not None
            and (above is None or value > above)
            and (minimum is None or value >= minimum)
            and (maximum is None or value <= maximum)
        ):
            return value
        self._wrong(key, expected, node)
        return default

    def flag(self, key: str, default: T) -> bool | T:
        """Return True for true, yes, on; False for false, no, off (any letter case)."""
        node = self._value(key, "true or false")
        if node is None:
            return default
        if node.text.lower() in _FLAGS:
            return _FLAGS[node.text.lower()]
        self._wrong(key, "true or false", node)
        return default

    def choice(self, key: str, choices: Sequence[C], default: C) -> C:
        """Return one of `choices`."""
        expected = f"one of {', '.join(choices)}"
        node = self.scalar(key, expected)
        if node is None:
            return default
        for choice in choices:
            if choice == node.text:
                return choice
        self.problem(
            key, f"{key!r} must be {expected}, got {shortened(node.text)!r}.{did_you_mean(node.text, choices)}"
        )
        return default

    def sequence(self, key: str) -> tuple[Located, ...]:
        """Return the items of a list; an absent field has none."""
        node = self.entries.get(key)
        if isinstance(node, LocatedSequence):
            return node.items
        if node is not None and not _is_nothing(node):
            self.problem(key, f"{key!r} must be a list, got {kind_of(node)}")
        return ()

    def mapping(self, key: str) -> Mapping[str, Located]:
        """Return the entries of a mapping; an absent field has none."""
        node = self.entries.get(key)
        if isinstance(node, LocatedMapping):
            return node.entries
        if node is not None and not _is_nothing(node):
            self.problem(key, f"{key!r} must be a mapping (key: value), got {kind_of(node)}")
        return {}

    def texts(self, key: str) -> tuple[LocatedScalar, ...]:
        """Return the texts of a list; one text alone is a list of one."""
        node = self.entries.get(key)
        if isinstance(node, LocatedScalar):
            return () if _is_nothing(node) else (node,)
        scalars = []
        for item in self.sequence(key):
            if isinstance(item, LocatedScalar):
                scalars.append(item)
            else:
                self.problems.append(problem_at(item, f"{key!r} must list texts, got {kind_of(item)}"))
        return tuple(scalars)

    def _value(self, key: str, expected: str) -> LocatedScalar | None:
        node = self.scalar(key, expected)
        return None if node is None or _is_nothing(node) else node

    def _wrong(self, key: str, expected: str, node: LocatedScalar) -> None:
        self.problem(key, f"{key!r} must be {expected}, got {shortened(node.text)!r}")


def _is_nothing(node: Located) -> bool:
    return isinstance(node, LocatedScalar) and node.plain and node.text in _NOTHING


def _bounds(minimum: float | None, maximum: float | None, above: float | None = None) -> str:
    """Return the limits in words, with a space before them."""
    limits = (("above", above), ("at least", minimum), ("at most", maximum))
    said = [f"{words} {limit:g}" for words, limit in limits if limit is not None]
    return f" {' and '.join(said)}" if said else ""
