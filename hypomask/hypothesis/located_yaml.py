"""YAML in which every scalar stays the text it is, with file and line.

YAML's own typing turns the gene ``NO`` into false, ``1E5`` into a number and ``null`` into nothing. So nothing is typed
here: a scalar is text, and whoever reads a field converts it (see `hypomask.hypothesis.fields`). What makes YAML
surprising or dangerous is refused: tags, duplicate keys, merge keys, several documents, aliases that contain themselves
or expand to very many nodes, and nesting deeper than anybody writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from hypomask.errors import HypomaskError, HypothesisError, Problem, raise_problems
from hypomask.hypothesis.text_files import read_text

__all__ = ["Located", "LocatedMapping", "LocatedScalar", "LocatedSequence", "load_yaml", "parse_yaml", "problem_at"]

MAX_DEPTH = 50
MAX_ALIASED_NODES = 1_000_000  # one list of 20,000 genes shared by 50 hypotheses; a second to walk
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class LocatedScalar:
    """A scalar's text. `plain` is False when it was quoted or a block, so that an empty value differs from ``""``."""

    text: str
    file: str
    line: int
    plain: bool = True


@dataclass(frozen=True, slots=True)
class LocatedSequence:
    """A list of nodes."""

    items: tuple[Located, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class LocatedMapping:
    """Nodes by key, in the order of the file. `key_lines` says where each key stands."""

    entries: Mapping[str, Located]
    file: str
    line: int
    key_lines: Mapping[str, int] = field(default_factory=dict)


Located = LocatedScalar | LocatedSequence | LocatedMapping


def problem_at(node: Located, message: str) -> Problem:
    """Return a `Problem` at the place of `node`."""
    return Problem(message, node.file, node.line)


def load_yaml(path: Path, *, error: type[HypomaskError] = HypothesisError) -> Located:
    """Read one YAML document from `path`; see `parse_yaml`. A byte order mark is fine, another encoding is not."""
    return parse_yaml(read_text(path, error=error).text, str(path), error=error)


def parse_yaml(text: str, file: str, *, error: type[HypomaskError] = HypothesisError) -> Located:
    """Return the root node of the YAML document in `text`.

    Parameters
    ----------
    file
        Name to give in messages.

    Raises
    ------
    HypomaskError
        Of class `error`, with file and line: broken syntax (the first fault only, as YAML cannot be read past it), or
        every use of what the module refuses.
    """
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        line = text.count("\n", 0, unprintable.start()) + 1
        message = f"contains the control character U+{ord(unprintable.group()):04X}; delete it"
        raise_problems([Problem(message, file, line)], error)
    composer = _Composer(file, error)
    try:
        root = composer.compose(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as fault:
        composer.fail_with(_syntax_problem(fault, text, file))
    except HypomaskError:
        raise
    except (ValueError, OverflowError) as fault:  # the pure Python scanner on an escape beyond Unicode
        composer.fail_with(Problem(f"is not valid YAML: {fault}", file))
    raise_problems(composer.problems, error)
    return root


def _syntax_problem(fault: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(fault, "problem_mark", None)
    if mark is None:
        return Problem(f"is not valid YAML: {str(fault).splitlines()[0]}", file)
    lines = text.split("\n")
    found = lines[mark.line] if mark.line < len(lines) else ""
    indent = found[: len(found) - len(found.lstrip())]
    if "\t" in indent or found[mark.column : mark.column + 1] == "\t":
        return Problem("is indented with a tab; YAML wants spaces", file, mark.line + 1)
    said = ", ".join(part for part in (getattr(fault, "context", None), getattr(fault, "problem", None)) if part)
    hint = "check indentation, brackets and quotes; a text with ': ' or a leading [ { * & ! @ % needs quotes"
    return Problem(f"is not valid YAML: {said} at column {mark.column + 1}; {hint}", file, mark.line + 1)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet; a mapping's children are its keys and values in turn."""

    line: int
    anchor: str | None
    is_mapping: bool
    children: list[Located] = field(default_factory=list)
    size: int = 1


class _Composer:
    """Builds nodes from parser events in a loop, not by recursion: depth cannot exhaust the stack.

    A node that aliases share is one object, so `size` (nodes after expansion) is what bounds any later walk.
    """

    def __init__(self, file: str, error: type[HypomaskError]) -> None:
        self.file = file
        self.error = error
        self.problems: list[Problem] = []
        self.open: list[_Open] = []
        self.anchored: dict[str, tuple[Located, int]] = {}
        self.aliased_nodes = 0
        self.root: Located | None = None

    def fail_with(self, problem: Problem) -> NoReturn:
        """Raise with `problem` and what was found before it."""
        self.problems.append(problem)
        raise_problems(self.problems, self.error)
        raise AssertionError("unreachable: there is at least one problem")

    def compose(self, events: Iterator[Any]) -> Located:
        """Return the root of the only document in `events`."""
        for event in events:
            line = event.start_mark.line + 1
            if getattr(event, "tag", None) is not None:
                self.problems.append(
                    Problem(f"tag {event.tag!r} is not allowed; every value is plain text", self.file, line)
                )
            if isinstance(event, yaml.ScalarEvent):
                self._add(LocatedScalar(event.value, self.file, line, event.style in (None, "")), 1, event.anchor)
            elif isinstance(event, yaml.AliasEvent):
                self._add_alias(event.anchor or "", line)
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(self.open) >= MAX_DEPTH:
                    self.fail_with(Problem(f"is nested more than {MAX_DEPTH} levels deep", self.file, line))
                self.open.append(_Open(line, event.anchor, isinstance(event, yaml.MappingStartEvent)))
            elif isinstance(event, yaml.CollectionEndEvent):
                closed = self.open.pop()
                self._add(self._close(closed), closed.size, closed.anchor)
            elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                self.fail_with(Problem("a second document begins here ('---'); expected one document", self.file, line))
        if self.root is None:
            self.fail_with(Problem("is empty (only comments or white space)", self.file))
        return self.root

    def _add(self, node: Located, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self.anchored[anchor] = (node, size)
        if self.open:
            self.open[-1].children.append(node)
            self.open[-1].size += size
        else:
            self.root = node

    def _add_alias(self, anchor: str, line: int) -> None:
        if any(parent.anchor == anchor for parent in self.open):
            self.fail_with(Problem(f"alias '*{anchor}' stands inside what it names", self.file, line))
        if anchor not in self.anchored:
            self.fail_with(Problem(f"alias '*{anchor}' has no anchor '&{anchor}' before it", self.file, line))
        node, size = self.anchored[anchor]
        self.aliased_nodes += size
        if self.aliased_nodes > MAX_ALIASED_NODES:
            self.fail_with(Problem(f"aliases expand to more than {MAX_ALIASED_NODES:,} nodes", self.file, line))
        self._add(node, size, None)

    def _close(self, closed: _Open) -> Located:
        if not closed.is_mapping:
            return LocatedSequence(tuple(closed.children), self.file, closed.line)
        entries: dict[str, Located] = {}
        key_lines: dict[str, int] = {}
        for key, value in zip(closed.children[::2], closed.children[1::2], strict=True):
            if not isinstance(key, LocatedScalar):
                self.problems.append(problem_at(key, "a key must be a plain text, not a list or mapping"))
            elif key.plain and key.text == "<<":
                self.problems.append(problem_at(key, "merge key '<<' is not supported; write the fields out"))
            elif key.text in entries:
                first = key_lines[key.text]
                self.problems.append(
                    problem_at(key, f"key {key.text!r} is given twice (first on line {first}); keep one")
                )
            else:
                entries[key.text] = value
                key_lines[key.text] = key.line
        return LocatedMapping(entries, self.file, closed.line, key_lines)
