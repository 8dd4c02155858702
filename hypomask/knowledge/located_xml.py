"""XML with line numbers, safe to read from strangers.

Entities are how an XML file of a kilobyte fills a machine's memory ("billion laughs") or reads its other files, and no
format read here needs them: a file that declares one is refused. External document types, which KEGG's files name, are
never fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from hypomask.errors import KnowledgeError, Problem
from hypomask.hypothesis.text_files import read_text

__all__ = ["XmlElement", "XmlFile", "read_xml"]

MAX_XML_BYTES = 200_000_000
MAX_DEPTH = 200
MAX_ELEMENTS = 5_000_000


@dataclass(slots=True)
class XmlElement:
    """An element: its name without namespace, attributes likewise, text directly inside, and where it begins."""

    tag: str
    attributes: Mapping[str, str]
    line: int
    text: str = ""
    children: list[XmlElement] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[XmlElement]:
        """Yield the direct children of this name."""
        return (child for child in self.children if child.tag == tag)

    def get(self, attribute: str, default: str = "") -> str:
        """Return an attribute's text without white space around it."""
        return self.attributes.get(attribute, default).strip()


@dataclass(frozen=True)
class XmlFile:
    """The root element of a file, its text and the SHA-256 of its bytes."""

    file: str
    root: XmlElement
    text: str
    sha256: str

    def fail(self, message: str, line: int | None = None) -> NoReturn:
        """Raise a `KnowledgeError` at this file."""
        raise KnowledgeError(str(Problem(message, self.file, line)))


def read_xml(path: Path, root: str | None = None) -> XmlFile:
    """Read an XML file, gzipped or not.

    Parameters
    ----------
    root
        Name that the root element must have.

    Raises
    ------
    KnowledgeError
        If the file is missing, damaged, declares entities, is nested too deep, or has another root element.
    """
    content = read_text(path, error=KnowledgeError, max_bytes=MAX_XML_BYTES, allow_gzip=True)
    read = XmlFile(str(path), _Tree(str(path)).parse(content.text), content.text, content.sha256)
    if root is not None and read.root.tag != root:
        read.fail(f"its root element is <{read.root.tag}>, expected <{root}>; is it the right file?", read.root.line)
    return read


class _Tree:
    """Builds elements from the parser's events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._entity
        self.parser.SkippedEntityHandler = self._unknown_entity
        self.open: list[XmlElement] = []
        self.texts: list[list[str]] = []
        self.root: XmlElement | None = None
        self.n_elements = 0

    def parse(self, text: str) -> XmlElement:
        try:
            self.parser.Parse(text, True)
        except expat.ExpatError as fault:
            reason = expat.errors.messages[fault.code]
            hint = "; the file ends too early" if reason in ("no element found", "unclosed token") else ""
            self._fail(f"is not sound XML: {reason}{hint}. Copy or download it again", fault.lineno)
        if self.root is None:
            self._fail("holds no XML element")
        return self.root

    def _fail(self, message: str, line: int | None = None) -> NoReturn:
        raise KnowledgeError(str(Problem(message, self.file, line)))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self.n_elements += 1
        if len(self.open) >= MAX_DEPTH or self.n_elements > MAX_ELEMENTS:
            self._fail(f"is nested more than {MAX_DEPTH} deep, or has over {MAX_ELEMENTS:,} elements", line)
        element = XmlElement(_local(tag), {_local(name): value for name, value in attributes.items()}, line)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self.texts.append([])

    def _end(self, tag: str) -> None:
        self.open.pop().text = "".join(self.texts.pop()).strip()

    def _characters(self, text: str) -> None:
        self.texts[-1].append(text)

    def _entity(self, name: str, *_: object) -> None:
        message = f"declares the entity {name!r}, which can fill memory or read other files; no such file is read"
        self._fail(message, self.parser.CurrentLineNumber)

    def _unknown_entity(self, name: str, is_parameter: bool) -> None:
        self._fail(f"uses the entity {name!r}, which it does not define", self.parser.CurrentLineNumber)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
