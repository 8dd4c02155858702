"""Gene sets in the formats they come in: GMT, GMX, grp and MSigDB's JSON. What is wrong comes out as text, by line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypomask.errors import shortened
from hypomask.hypothesis.gene_names import name_fault

__all__ = ["FORMATS", "Fault", "GeneSetRow"]


@dataclass(frozen=True)
class GeneSetRow:
    """A gene set as a file states it; `id` where the format has one beside the name."""

    name: str
    description: str
    genes: tuple[str, ...]
    line: int
    id: str = ""


@dataclass(frozen=True)
class Fault:
    """What is wrong, and in which line (None: in the whole file)."""

    message: str
    line: int | None


Rows = Iterator[GeneSetRow | Fault]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)


def gmt_rows(text: str, stem: str) -> Rows:
    """One set in a line: name, description, genes. Only tabs separate: names and even genes hold spaces."""
    for line, row in _lines(text):
        if not row.strip():
            continue
        cells = [cell.strip() for cell in row.rstrip("\t ").split("\t")]
        name, genes = cells[0], cells[2:]
        fault = _gmt_fault(row, name, genes)
        yield Fault(fault, line) if fault else GeneSetRow(name, cells[1], tuple(genes), line)


def _gmt_fault(row: str, name: str, genes: list[str]) -> str | None:
    if "\t" not in row.strip():
        return "has no tab; a GMT line is a name, a description and genes, separated by tabs (not commas or spaces)"
    if name_fault(name):
        return f"the gene set's name: {name_fault(name)}"
    if not genes:
        return f"gene set {name!r} has no genes; the first two columns are the name and a description"
    if "" in genes:
        return f"gene set {name!r} has an empty cell before gene {genes[genes.index('') :][1]!r}; delete it"
    return None


def gmx_rows(text: str, stem: str) -> Rows:
    """One set in a column: name, description, genes downwards; short columns end in empty cells."""
    table = [(line, [cell.strip() for cell in row.split("\t")]) for line, row in _lines(text) if row.strip()]
    if len(table) < 3:
        yield Fault("has fewer than three rows; a GMX file has a row of names, one of descriptions, then genes", None)
        return
    (first, names), (_, descriptions) = table[:2]
    for line, cells in table[1:]:
        if len(cells) > len(names):
            yield Fault(f"has {len(cells)} columns, but the first row names {len(names)} gene sets", line)
    for column, name in enumerate(names):
        genes = [cells[column] for _, cells in table[2:] if column < len(cells)]
        while genes and not genes[-1]:
            genes.pop()
        if name_fault(name):
            yield Fault(f"the name of gene set {column + 1}: {name_fault(name)}", first)
        elif not genes:
            yield Fault(f"gene set {name!r} has no genes below its name and description", first)
        elif "" in genes:
            hole = table[2 + genes.index("")][0]
            yield Fault(f"gene set {name!r} has an empty cell between genes; delete it", hole)
        else:
            description = descriptions[column] if column < len(descriptions) else ""
            yield GeneSetRow(name, description, tuple(genes), first)


def grp_rows(text: str, stem: str) -> Rows:
    """One gene in a line; the set is named after the file. Lines that begin with # are comments."""
    genes, comments = [], []
    for line, row in _lines(text):
        gene = row.strip()
        if gene.startswith("#"):
            comments.append(gene.lstrip("# "))
        elif "\t" in gene:
            yield Fault(f"{shortened(gene)!r} has several columns, expected one gene in a line (a grp file)", line)
        elif gene:
            genes.append(gene)
    if genes:
        yield GeneSetRow(stem, " ".join(comments), tuple(genes), 1)
    else:
        yield Fault("holds no gene; expected one in a line", None)


def msigdb_rows(text: str, stem: str) -> Rows:
    """MSigDB's JSON: an object of gene sets by name, each an object with `geneSymbols`."""
    repeated: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(name for name in found if names.count(name) > 1)
        return found

    try:
        content = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as fault:
        yield Fault(f"is not JSON: {fault.msg}; is the file cut off?", fault.lineno)
        return
    except RecursionError:
        yield Fault("is nested too deeply for a file of gene sets", None)
        return
    for name in repeated:
        yield Fault(f"key {shortened(name)!r} occurs twice in one object; names are unique", None)
    if not isinstance(content, dict) or not content:
        yield Fault("expected an object of gene sets by name, as MSigDB writes it", None)
        return
    for name, entry in content.items():
        yield _msigdb_row(name, entry, _line_of(text, name))


def _msigdb_row(name: str, entry: object, line: int) -> GeneSetRow | Fault:
    genes = entry.get("geneSymbols") if isinstance(entry, dict) else None
    if name_fault(name):
        return Fault(f"the gene set's name: {name_fault(name)}", line)
    if not isinstance(entry, dict) or not isinstance(genes, list):
        return Fault(f"gene set {name!r} has no list 'geneSymbols', as MSigDB writes it", line)
    wrong = [gene for gene in genes if not isinstance(gene, str) or not gene.strip()]
    if wrong or not genes:
        return Fault(f"gene set {name!r} has {'no genes' if not genes else f'the gene {wrong[0]!r}'}", line)
    details = {key: str(entry[key]) for key in ("systematicName", "msigdbURL", "pmid") if entry.get(key)}
    described = ", ".join(details.values())
    return GeneSetRow(name, described, tuple(gene.strip() for gene in genes), line, details.get("systematicName", ""))


def _line_of(text: str, name: str) -> int:
    """Return the line of a key: JSON parsers do not tell."""
    return text.count("\n", 0, max(text.find(json.dumps(name, ensure_ascii=False)), 0)) + 1


FORMATS: dict[str, Callable[[str, str], Rows]] = {
    ".gmt": gmt_rows,
    ".gmx": gmx_rows,
    ".grp": grp_rows,
    ".json": msigdb_rows,
}
"""By the file's ending: takes the text and the file's name without ending."""
