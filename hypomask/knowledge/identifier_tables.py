"""Genes with all their names, from HGNC's complete set, BioMart, NCBI or any table with a column of symbols."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, raise_problems, shortened
from hypomask.hypothesis.gene_names import damaged_symbol, name_fault
from hypomask.knowledge.column_tables import read_column_table

__all__ = ["GeneNames", "Withdrawn", "read_genes", "read_withdrawn"]

ROLES: Mapping[str, tuple[str, ...]] = {
    "symbol": ("symbol", "approved_symbol", "gene_symbol", "hgnc_symbol", "gene_name", "external_gene_name", "gene"),
    "hgnc": ("hgnc_id",),
    "ensembl": ("ensembl_gene_id", "gene_stable_id", "ensembl_id", "ensembl", "ensembl_gene"),
    "entrez": (
        "entrez_id",
        "ncbi_gene_id",
        "entrezgene_id",
        "ncbi_gene_(formerly_entrezgene)_id",
        "geneid",
        "entrez",
        "entrez_gene",
    ),
    "uniprot": (
        "uniprot_ids",
        "uniprot_id",
        "uniprotkb/swiss_prot_id",
        "uniprotswissprot",
        "uniprot_id(supplied_by_uniprot)",
        "uniprot_accession",
        "uniprot",
    ),
    "alias": ("alias_symbol", "alias_symbols", "aliases", "alias", "synonyms", "gene_synonym"),
    "previous": ("prev_symbol", "previous_symbols", "previous_symbol", "prev_symbols"),
    "status": ("status",),
}
"""Column names by role, folded; the first that is there counts."""
OTHER_IDS = ("hgnc", "ensembl", "entrez", "uniprot", "alias", "previous")
EXPECTED = (
    "a column of symbols (symbol, Gene name, ...) and at least one of identifiers (ensembl_gene_id, entrez_id, ...)"
)
_MERGED_INTO = re.compile(r"(HGNC:\d+)[|/]([^|/,]+)[|/]([^|,]+)")
_VERSION = re.compile(r"\.\d+$")
_NOTHING = frozenset({"", "-", "NA"})


@dataclass(slots=True)
class GeneNames:
    """One gene and what it is called."""

    symbol: str
    hgnc: tuple[str, ...] = ()
    ensembl: tuple[str, ...] = ()
    entrez: tuple[str, ...] = ()
    uniprot: tuple[str, ...] = ()
    alias: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()

    def ids(self, kind: str) -> tuple[str, ...]:
        """Return the ids of a kind."""
        if kind == "symbol":
            return (self.symbol,)
        found: tuple[str, ...] = getattr(self, kind)
        return found

    def add(self, kind: str, ids: tuple[str, ...]) -> None:
        """Add ids of a kind that are not there yet."""
        if ids:
            setattr(self, kind, tuple(dict.fromkeys((*self.ids(kind), *ids))))


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An entry that the nomenclature has given up, with the symbols of what it was merged into, if anything."""

    symbol: str
    hgnc: str
    successors: tuple[str, ...] = field(default=())


def read_genes(path: Path) -> tuple[tuple[GeneNames, ...], tuple[Withdrawn, ...], str]:
    """Read a table of genes; return the genes, withdrawn ones that it lists, and its SHA-256.

    Several rows of one symbol are one gene (BioMart writes a row per pair of ids), unless their HGNC ids differ. Rows
    without a symbol are left out.

    Raises
    ------
    KnowledgeError
        With every damaged line: another number of columns, a symbol that a spreadsheet has made a date, ids that are
        not of their kind, one symbol for two HGNC ids. Also if the file is no such table.
    """
    table = read_column_table(path, _is_gene_table, EXPECTED)
    columns = {role: table.column(names) for role, names in ROLES.items()}
    problems: list[Problem] = []
    genes: dict[str, GeneNames] = {}
    lines: dict[str, int] = {}
    withdrawn: list[Withdrawn] = []
    for line, cells in table.rows(list(columns.values()), problems):
        row = dict(zip(columns, cells, strict=True))
        symbol = row["symbol"]
        if symbol in _NOTHING:
            continue
        if "withdrawn" in row["status"].lower() or symbol.endswith("~withdrawn"):
            withdrawn.append(Withdrawn(symbol.removesuffix("~withdrawn"), row["hgnc"]))
            continue
        fault = name_fault(symbol) or damaged_symbol(symbol)
        ids = {role: _ids(row[role], role) for role in OTHER_IDS}
        fault = fault or next((text for role in OTHER_IDS if (text := _id_fault(role, ids[role]))), None)
        gene = genes.get(symbol)
        if fault is None and gene is not None and gene.hgnc and ids["hgnc"] and gene.hgnc != ids["hgnc"]:
            fault = f"symbol {symbol!r} has {ids['hgnc'][0]} here and {gene.hgnc[0]} on line {lines[symbol]}; keep one"
        if fault is not None:
            problems.append(table.problem(fault, line))
            continue
        if gene is None:
            gene = genes[symbol] = GeneNames(symbol)
            lines[symbol] = line
        for role, found in ids.items():
            gene.add(role, found)
    raise_problems(problems, KnowledgeError)
    if not genes:
        raise table.fail("no row has a symbol")
    return tuple(genes.values()), tuple(withdrawn), table.sha256


def read_withdrawn(path: Path) -> tuple[tuple[Withdrawn, ...], str]:
    """Read HGNC's table of withdrawn and merged entries; return them and its SHA-256.

    Raises
    ------
    KnowledgeError
        If it is no such table, or with every damaged line.
    """
    table = read_column_table(
        path,
        lambda names: "withdrawn_symbol" in names,
        "HGNC's columns HGNC_ID, STATUS, WITHDRAWN_SYMBOL, MERGED_INTO_...",
    )
    merged_into = next((i for i, name in enumerate(table.header) if name.lower().startswith("merged_into")), None)
    columns = [table.column(["withdrawn_symbol"]), table.column(["hgnc_id"]), merged_into]
    problems: list[Problem] = []
    found: list[Withdrawn] = []
    for line, (symbol, hgnc, merged) in table.rows(columns, problems):
        successors = tuple(dict.fromkeys(match[2].strip() for match in _MERGED_INTO.finditer(merged)))
        if not symbol or (merged and not successors):
            what = f"cannot be read as HGNC:id|symbol|status: {shortened(merged)!r}" if symbol else "has no symbol"
            problems.append(table.problem(what, line))
            continue
        found.append(Withdrawn(symbol, hgnc, successors))
    raise_problems(problems, KnowledgeError)
    return tuple(found), table.sha256


def _is_gene_table(names: set[str]) -> bool:
    return not names.isdisjoint(ROLES["symbol"]) and any(not names.isdisjoint(ROLES[role]) for role in OTHER_IDS)


def _ids(cell: str, role: str) -> tuple[str, ...]:
    if cell in _NOTHING:
        return ()
    separator = next((character for character in "|;," if character in cell), None)  # HGNC: '|', and commas within
    parts = [cell] if separator is None else [part.strip() for part in cell.split(separator)]
    ids = tuple(part for part in parts if part not in _NOTHING)
    return tuple(_VERSION.sub("", name) for name in ids) if role == "ensembl" else ids


def _id_fault(role: str, ids: tuple[str, ...]) -> str | None:
    for name in ids:
        if role == "entrez" and not (name.isascii() and name.isdigit()):
            way_out = "; a spreadsheet's or R's doing, export the column as text" if name.endswith(".0") else ""
            return f"Entrez id {shortened(name)!r} is not a number{way_out}"
        if role == "hgnc" and not re.fullmatch(r"(HGNC:)?\d+", name):
            return f"HGNC id {shortened(name)!r}: expected HGNC: and a number"
    return None
