"""Edges from a file: a table with a header (tab, comma or semicolon separated) or Cytoscape's SIF; gzipped or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypomask.errors import HypothesisError, Problem, did_you_mean, shortened
from hypomask.hypothesis.edge_syntax import ARROWS, build_edge
from hypomask.hypothesis.fields import parse_number
from hypomask.hypothesis.gene_names import gene_fault, name_fault
from hypomask.hypothesis.graph import Edge
from hypomask.hypothesis.text_files import kind_suffix, read_text

__all__ = [
    "COLUMN_ALIASES",
    "DELIMITERS",
    "EdgeFile",
    "EdgeFileOptions",
    "EdgeReader",
    "parse_sign",
    "read_edge_file",
    "role_of",
]

MAX_TABLE_BYTES = 500_000_000

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";"}
COLUMN_ALIASES: Mapping[str, tuple[str, ...]] = {
    "source": ("source", "from", "tf", "regulator", "gene_a", "gene1", "node1", "protein1"),
    "target": ("target", "to", "gene", "gene_b", "gene2", "node2", "protein2"),
    "relation": ("relation", "interaction", "interaction_type", "type"),
    "sign": ("sign", "effect"),
    "weight": ("weight", "confidence"),
    "signed_weight": ("mor", "mode_of_regulation", "signed_weight"),
    "evidence": ("evidence", "reference", "references", "pmid", "doi"),
    "directed": ("directed", "is_directed"),
}
"""Column names by role; letter case, spaces and hyphens do not matter. `mor` is a weight whose sign is the effect."""

_SIGNS = {
    **dict.fromkeys(("+", "+1", "1", "activates", "activation", "activating", "stimulation", "positive", "up"), 1),
    **dict.fromkeys(("-", "-1", "inhibits", "inhibition", "inhibiting", "repression", "negative", "down"), -1),
    **dict.fromkeys(("", "0", "?", "unknown", "unspecified"), 0),
}
_FLAGS = {**dict.fromkeys(("1", "true", "yes"), True), **dict.fromkeys(("0", "false", "no"), False)}


@dataclass(frozen=True)
class EdgeFileOptions:
    """How to read an edge table where its header does not say it.

    Parameters
    ----------
    columns
        Column name by role (see `COLUMN_ALIASES`), for roles that the aliases do not find.
    relation
        Relation of every edge, where the table has no column for it.
    directed
        Whether edges are directed, where the table has no column for it; None: as the relation says.
    delimiter
        ``tab``, ``comma`` or ``semicolon``; None: the only one of them that the header contains.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    relation: str | None = None
    directed: bool | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class EdgeFile:
    """What an edge file says: `lines` holds each edge's line; `lone_genes` are SIF's nodes without an edge."""

    edges: tuple[Edge, ...]
    lines: tuple[int, ...]
    lone_genes: tuple[str, ...]
    sha256: str


def parse_sign(text: str) -> int | None:
    """Return +1, -1 or 0 (not stated) for ``+``, ``-1``, ``activation``, ``0`` and the like; None for other texts."""
    sign = _SIGNS.get(text.strip().lower())
    if sign is not None:
        return sign
    number = parse_number(text)
    return int(number) if number in (-1.0, 0.0, 1.0) else None


def role_of(column: str) -> str | None:
    """Return the role that a column's or attribute's name gives away, or None."""
    folded = column.strip().lower().replace(" ", "_").replace("-", "_")
    return next((role for role, aliases in COLUMN_ALIASES.items() if folded in aliases), None)


def read_edge_file(path: Path, problems: list[Problem], options: EdgeFileOptions | None = None) -> EdgeFile:
    """Read the edges of a table or SIF file; what is wrong with a line is added to `problems` and the line left out.

    Raises
    ------
    HypothesisError
        If the file as a whole cannot be read (see `hypomask.hypothesis.text_files.read_text`).
    """
    content = read_text(path, error=HypothesisError, max_bytes=MAX_TABLE_BYTES, allow_gzip=True)
    options = options or EdgeFileOptions()
    reader = EdgeReader(str(path), options, problems)
    n_before = len(problems)
    rows = (_sif_rows if kind_suffix(path) == ".sif" else _table_rows)(content.text, reader)
    for line, cells in rows:
        reader.read(line, cells)
    if not reader.edges and not reader.lone_genes and len(problems) == n_before:
        problems.append(Problem("holds no edges", str(path)))
    return EdgeFile(tuple(reader.edges), tuple(reader.lines), tuple(reader.lone_genes), content.sha256)


@dataclass
class EdgeReader:
    """Turns texts by role (see `COLUMN_ALIASES`) into an edge, and collects edges and problems.

    Readers of other formats that attach attributes to edges (GraphML, CX2) hand theirs over in the same way.
    """

    file: str
    options: EdgeFileOptions
    problems: list[Problem]
    weight_is_signed: bool = False
    edges: list[Edge] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    lone_genes: list[str] = field(default_factory=list)

    def problem(self, message: str, line: int | None = None) -> None:
        """Add a problem of the file."""
        self.problems.append(Problem(message, self.file, line))

    def read(self, line: int, cells: Mapping[str, str]) -> None:
        """Add the edge that `cells` describe, or what is wrong with them."""
        n_before = len(self.problems)
        for role in ("source", "target"):
            fault = gene_fault(cells[role])
            if fault:
                self.problem(f"{role}: {fault}", line)
        relation = cells.get("relation") or self.options.relation
        fault = name_fault(relation) if relation else None
        if fault:
            self.problem(f"relation: {fault}", line)
        directed, sign = self._directed(cells, line), self._sign(cells, line)
        if relation in ARROWS:
            directed, arrow_sign = ARROWS[relation]
            relation, sign = None, arrow_sign or sign
        weight, sign = self._weight(cells, line, sign)
        if len(self.problems) > n_before:
            return
        try:
            edge = build_edge(
                cells["source"],
                cells["target"],
                relation=relation,
                sign=sign,
                directed=directed,
                weight=weight,
                evidence=cells.get("evidence", ""),
            )
        except HypothesisError as contradiction:
            self.problem(str(contradiction), line)
        else:
            self.edges.append(edge)
            self.lines.append(line)

    def _directed(self, cells: Mapping[str, str], line: int) -> bool | None:
        text = cells.get("directed", "")
        if text and text.lower() not in _FLAGS:
            self.problem(f"directed: expected true or false, got {shortened(text)!r}", line)
        return _FLAGS.get(text.lower(), self.options.directed)

    def _sign(self, cells: Mapping[str, str], line: int) -> int | None:
        if "sign" not in cells:
            return None
        sign = parse_sign(cells["sign"])
        if sign is None:
            self.problem(
                f"sign: expected +1, -1 or 0 (also activation, inhibition), got {shortened(cells['sign'])!r}", line
            )
        return sign

    def _weight(self, cells: Mapping[str, str], line: int, sign: int | None) -> tuple[float, int | None]:
        role = "signed_weight" if "signed_weight" in cells else "weight"
        if role not in cells:
            return 1.0, sign
        weight = parse_number(cells[role])
        is_signed = role == "signed_weight" or self.weight_is_signed
        if weight is None or not 0 < (abs(weight) if is_signed else weight) <= 1:
            bounds = "from -1 to 1, not 0" if is_signed else "above 0 and at most 1"
            largest = next((top for top in (100, 1000) if weight is not None and 1 < weight <= top), None)
            way_out = f"; divide by {largest}?" if largest else ""
            self.problem(f"weight: expected a number {bounds}, got {shortened(cells[role])!r}{way_out}", line)
            return 1.0, sign
        if is_signed and sign is None:
            sign = 1 if weight > 0 else -1
        return abs(weight), sign


def _sif_rows(text: str, reader: EdgeReader) -> Iterator[tuple[int, dict[str, str]]]:
    for line, content in enumerate(io.StringIO(text, newline=None), start=1):
        words = [word.strip() for word in (content.split("\t") if "\t" in content else content.split())]
        words = [word for word in words if word]
        if not words:
            continue
        if len(words) == 2:
            reader.problem("has two words; a SIF line is a gene, a relation and one or more genes", line)
        elif len(words) == 1:
            fault = gene_fault(words[0])
            if fault:
                reader.problem(fault, line)
            else:
                reader.lone_genes.append(words[0])
        for target in words[2:]:
            yield line, {"source": words[0], "relation": words[1], "target": target}


def _table_rows(text: str, reader: EdgeReader) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, cell by role); nothing after a problem with the header."""
    skipped = 0
    stream = io.StringIO(text, newline="")
    start = 0
    header_line = ""
    for content in stream:
        if content.strip() and not content.startswith("#"):
            header_line = content.rstrip("\r\n")
            break
        start += len(content)
        skipped += 1
    delimiter = _delimiter(header_line, skipped + 1, reader)
    if delimiter is None:
        return
    stream.seek(start)
    rows = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        roles = _roles(header, skipped + 1, reader)
        if roles is None:
            return
        if "weight" in roles and "sign" not in roles:
            # CollecTRI and others put +1 and -1 under "weight": one negative value makes the column signed.
            reader.weight_is_signed = _any_negative(text[start:], delimiter, roles["weight"])
        for row in rows:
            line = skipped + rows.line_num
            if len(row) == len(header):
                yield line, {role: row[column].strip() for role, column in roles.items()}
            elif any(cell.strip() for cell in row):
                reader.problem(f"has {len(row)} columns; the header has {len(header)}", line)
    except csv.Error as fault:
        reader.problem(f"is not a readable table: {fault}; check the quotes", skipped + rows.line_num)


def _any_negative(text: str, delimiter: str, column: int) -> bool:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return any(len(row) > column and row[column].strip().startswith("-") for row in rows)


def _delimiter(header: str, line: int, reader: EdgeReader) -> str | None:
    if reader.options.delimiter is not None:
        return DELIMITERS[reader.options.delimiter]
    found = [name for name, character in DELIMITERS.items() if character in header]
    if len(found) == 1:
        return DELIMITERS[found[0]]
    if found:
        reader.problem(
            f"the header contains {' and '.join(found)}; state which separates columns: 'delimiter: {found[0]}'", line
        )
    else:
        expected = (
            "expected a header with at least two columns, source and target, separated by tab, comma or semicolon"
        )
        reader.problem(f"the first line is {shortened(header)!r}; {expected}", line)
    return None


def _roles(header: Sequence[str], line: int, reader: EdgeReader) -> dict[str, int] | None:
    """Return the column number of each role; None, with problems added, if the header leaves it unclear."""
    n_before = len(reader.problems)
    implied = [role_of(name) for name in header]
    roles: dict[str, int] = {}
    for role in COLUMN_ALIASES:
        wanted = reader.options.columns.get(role)
        found = [i for i, name in enumerate(header) if name == wanted]
        if wanted is None:
            taken = set(reader.options.columns.values())
            found = [i for i, name in enumerate(implied) if name == role and header[i] not in taken]
        if len(found) == 1:
            roles[role] = found[0]
        elif found:
            names = ", ".join(repr(header[i]) for i in found)
            reader.problem(
                f"several columns could be the {role}: {names}; state one: 'columns: {{{role}: {header[found[0]]}}}'",
                line,
            )
        elif wanted is not None:
            reader.problem(
                f"has no column {wanted!r}.{did_you_mean(wanted, header)} Columns: {shortened(', '.join(header))}", line
            )
        elif role in ("source", "target"):
            way_out = f"name it '{role}' or state it in the document, e.g. 'columns: {{{role}: {header[-1]}}}'"
            reader.problem(f"no column is the {role}; columns: {shortened(', '.join(header))}; {way_out}", line)
    return roles if len(reader.problems) == n_before else None
