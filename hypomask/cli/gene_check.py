"""What `hypomask genes` finds out about the gene names of a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hypomask.cli.table_peek import TablePeek, peek
from hypomask.errors import ConfigError, FetchError, HypothesisError, KnowledgeError
from hypomask.hypothesis.edge_files import COLUMN_ALIASES
from hypomask.hypothesis.text_files import kind_suffix
from hypomask.knowledge.fetching.store import fetched_path
from hypomask.knowledge.id_mapping import IdMapping
from hypomask.knowledge.identifiers import IdentifierTable, IdKind
from hypomask.knowledge.registry import read_hypotheses, reader_for
from hypomask.report.wording import count

__all__ = ["CheckedGenes", "check_genes", "write_mapping"]


@dataclass(frozen=True)
class CheckedGenes:
    """The names of a file, looked up; `in_data` counts those that a table of measurements knows."""

    mapping: IdMapping
    where: str
    in_data: tuple[int, int, int] | None = None

    def lines(self) -> list[str]:
        """Return what to print: the counts, then what needs a look."""
        lines = [f"{self.where}, looked up in {self.mapping.source.partition(', sha256')[0]}", *self.mapping.lines()]
        if self.in_data is not None:
            as_they_are, mapped, total = self.in_data
            lines.append(f"in the data: {as_they_are} of {total} as they are, {mapped} once both are mapped")
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "names": self.where,
            "table": self.mapping.source,
            "to": self.mapping.to,
            "counts": dict(self.mapping.counts),
            "merged": {target: list(names) for target, names in self.mapping.merged.items()},
            "in_data": None
            if self.in_data is None
            else dict(zip(("as_they_are", "once_mapped", "names"), self.in_data, strict=True)),
            "genes": [
                {
                    "id": item.id,
                    "status": item.status,
                    "target": item.target,
                    "how": item.how,
                    "candidates": list(item.candidates),
                    "note": item.note or None,
                }
                for item in self.mapping
            ],
        }


def check_genes(file: Path, table: Path | None, withdrawn: Path | None, to: str, data: Path | None) -> CheckedGenes:
    """Look up the gene names of a table of measurements or of a file of hypotheses.

    Raises
    ------
    HypomaskError
        If a file cannot be read, or there is no table of genes.
    """
    names = _identifier_table(table, withdrawn)
    kind = cast(IdKind, to)
    if _is_hypotheses(file):
        genes = tuple(dict.fromkeys(gene for hypothesis in read_hypotheses(file) for gene in hypothesis.genes))
        where = f"{count(len(genes), 'gene')} of the hypotheses in {file.name}"
    else:
        if data is not None:
            raise ConfigError(f"--data: {file.name} is a table of measurements itself; name hypotheses as FILE")
        genes, where = _measured(peek(file), names, file.name)
    mapping = names.map(genes, kind)
    in_data = None if data is None else _in_data(mapping, peek(data), names, kind)
    return CheckedGenes(mapping, where, in_data)


def write_mapping(mapping: IdMapping, path: Path) -> None:
    """Write the table of what maps to what, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        mapping.frame().to_csv(temporary, sep="\t", index=False, lineterminator="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _identifier_table(table: Path | None, withdrawn: Path | None) -> IdentifierTable:
    if table is not None:
        return IdentifierTable.read(table, withdrawn)
    try:
        table = fetched_path("hgnc")
    except FetchError as error:
        raise KnowledgeError(f"no table of genes: name one with --table, or get HGNC's. {error}") from error
    if withdrawn is None:
        try:
            withdrawn = fetched_path("hgnc-withdrawn")
        except FetchError:
            withdrawn = None  # retired entries are then unknown names, which is said too
    return IdentifierTable.read(table, withdrawn)


def _is_hypotheses(file: Path) -> bool:
    """Whether `file` holds hypotheses: by its ending, and of tables those that have a source and a target."""
    if kind_suffix(file) in (".tsv", ".csv", ".txt", ".tab"):
        header = {name.strip().lower() for name in peek(file).header}
        return all(not header.isdisjoint(COLUMN_ALIASES[role]) for role in ("source", "target"))
    try:
        reader_for(file)
    except HypothesisError:
        return False
    return True


def _measured(table: TablePeek, names: IdentifierTable, file: str) -> tuple[tuple[str, ...], str]:
    """Return the side of a table that more genes are on."""
    columns, rows = table.header[1:], table.ids
    by_columns, by_rows = (len(names.map(side).targets) for side in (columns, rows))
    if by_rows > by_columns:
        return tuple(dict.fromkeys(rows)), f"the row ids of {file}"
    return tuple(dict.fromkeys(columns)), f"the columns of {file}"


def _in_data(mapping: IdMapping, data: TablePeek, names: IdentifierTable, to: IdKind) -> tuple[int, int, int]:
    """Return how many of the names the data know, as they are and once both sides are mapped, of how many."""
    genes, _ = _measured(data, names, "")
    measured = set(genes)
    targets = set(names.map(genes, to).targets.values())
    mapped = sum(item.id in measured or item.target in targets for item in mapping)
    return sum(item.id in measured for item in mapping), mapped, len(mapping)
