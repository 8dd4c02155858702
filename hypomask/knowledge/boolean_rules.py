"""Boolean rules such as ``A & !(B | C)``: parsed, and asked which regulator raises and which lowers the outcome."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from hypomask.errors import KnowledgeError, shortened

__all__ = ["Rule", "parse_rule", "regulator_signs"]

MAX_EXACT = 12  # regulators whose 4,096 combinations are all tried; beyond, the rule's own negations decide
MAX_DEPTH = 100
_TOKEN = re.compile(r"\s*(?:(?P<sign>[!~&|()])|(?P<name>[^\s!~&|(),]+))")
_CONSTANTS = {"0": False, "1": True, "false": False, "true": True}
Column = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """A node of a rule: a regulator, a constant, or ``!``, ``&``, ``|`` over other rules."""

    operator: str
    name: str = ""
    parts: tuple[Rule, ...] = ()

    def values(self, columns: Mapping[str, Column], n: int) -> Column:
        """Return (n,) the outcome for `n` combinations of the regulators' states."""
        if self.operator == "name":
            return columns[self.name]
        if self.operator == "constant":
            return np.full(n, _CONSTANTS[self.name], dtype=np.bool_)
        parts = [part.values(columns, n) for part in self.parts]
        if self.operator == "!":
            return ~parts[0]
        outcome: Column = (np.logical_and if self.operator == "&" else np.logical_or).reduce(parts)
        return outcome

    def polarities(self, positive: bool = True) -> list[tuple[str, int]]:
        """Return each mention of a regulator with the sign that the negations around it leave."""
        if self.operator == "name":
            return [(self.name, 1 if positive else -1)]
        return [mention for part in self.parts for mention in part.polarities(positive != (self.operator == "!"))]


def parse_rule(text: str) -> Rule:
    """Parse a rule of names, ``!`` (or ``~``), ``&``, ``|``, brackets, 0 and 1.

    Raises
    ------
    KnowledgeError
        If it is none; the message says at which character.
    """
    return _Parser(text).rule()


def regulator_signs(rule: Rule) -> dict[str, int | None]:
    """Return what each regulator does: +1 raises, -1 lowers, 0 either depending on the others, None nothing at all.

    Found by trying all combinations; for more than `MAX_EXACT` regulators from the rule's negations.
    """
    mentioned: dict[str, set[int]] = {}
    for name, sign in rule.polarities():
        mentioned.setdefault(name, set()).add(sign)
    if len(mentioned) > MAX_EXACT:
        return {name: signs.pop() if len(signs) == 1 else 0 for name, signs in mentioned.items()}
    n = 1 << len(mentioned)
    combination = np.arange(n)
    columns = {name: (combination >> i & 1).astype(np.bool_) for i, name in enumerate(mentioned)}
    outcome = rule.values(columns, n)
    found: dict[str, int | None] = {}
    for name, column in columns.items():
        off, on = outcome[~column], outcome[column]  # the other regulators' combinations in the same order
        raises, lowers = bool((on & ~off).any()), bool((off & ~on).any())
        found[name] = 0 if raises and lowers else 1 if raises else -1 if lowers else None
    return found


class _Parser:
    """Recursive descent: or, and, not, in order of how loosely they bind."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.depth = 0
        self.tokens: list[tuple[str, int]] = []
        end = len(text.rstrip())
        while self.place < end:
            match = _TOKEN.match(text, self.place)
            if match is None:
                self._fail(self.place, f"unexpected {text[self.place :].strip()[0]!r}")
            self.place = match.end()
            self.tokens.append((match["sign"] or match["name"], match.start("sign" if match["sign"] else "name")))
        self.next = 0

    def rule(self) -> Rule:
        rule = self._chain("|")
        if self.next < len(self.tokens):
            word, place = self.tokens[self.next]
            self._fail(place, f"{shortened(word)!r} where '&', '|' or the end was expected")
        return rule

    def _fail(self, place: int, what: str) -> NoReturn:
        raise KnowledgeError(f"rule {shortened(self.text.strip())!r}: {what} at character {place + 1}")

    def _chain(self, operator: str) -> Rule:
        parts = [self._chain("&") if operator == "|" else self._unary()]
        while self.next < len(self.tokens) and self.tokens[self.next][0] == operator:
            self.next += 1
            if self.next < len(self.tokens) and self.tokens[self.next][0] == operator:
                self.next += 1  # && and ||
            parts.append(self._chain("&") if operator == "|" else self._unary())
        return parts[0] if len(parts) == 1 else Rule(operator, parts=tuple(parts))

    def _unary(self) -> Rule:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(self.tokens[self.next - 1][1], f"brackets or negations more than {MAX_DEPTH} deep")
        try:
            return self._atom()
        finally:
            self.depth -= 1

    def _atom(self) -> Rule:
        if self.next >= len(self.tokens):
            self._fail(len(self.text), "a name is missing")
        word, place = self.tokens[self.next]
        self.next += 1
        if word in "!~":
            return Rule("!", parts=(self._unary(),))
        if word == "(":
            inside = self._chain("|")
            if self.next >= len(self.tokens) or self.tokens[self.next][0] != ")":
                self._fail(place, "a bracket that is not closed")
            self.next += 1
            return inside
        if word in "&|)":
            self._fail(place, f"{shortened(word)!r} where a name was expected")
        return Rule("constant", word.lower()) if word.lower() in _CONSTANTS else Rule("name", word)
