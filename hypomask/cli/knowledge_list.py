"""`hypomask knowledge list`: what is at hand, and which kinds of file are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypomask.cli.fetching import size_words
from hypomask.knowledge.fetching.manifest import shipped_manifest
from hypomask.knowledge.fetching.store import Record, find_record
from hypomask.knowledge.registry import READERS
from hypomask.knowledge.shipped import shipped_pathways

__all__ = ["FileKind", "KnowledgeList"]


@dataclass(frozen=True)
class FileKind:
    """A kind of file. `alone`: it is a hypothesis by itself; otherwise recipes draw on it."""

    kind: str
    suffixes: tuple[str, ...]
    description: str
    alone: bool = True


ONTOLOGY = FileKind(
    "ontology", (".obo",), "OBO ontology; its genes from GAF, gene2go or a table (--annotations)", False
)


@dataclass(frozen=True)
class KnowledgeList:
    """What is shipped (in words), what has been fetched, what could be, and what is read."""

    shipped: str
    fetched: tuple[Record, ...]
    not_fetched: tuple[str, ...]
    kinds: tuple[FileKind, ...]

    @classmethod
    def gather(cls) -> KnowledgeList:
        """Look into the cache and the registry."""
        records = {name: find_record(name) for name in shipped_manifest().resources}
        terms = shipped_pathways()
        kinds = [FileKind(reader.kind, reader.suffixes, reader.description) for reader in READERS.values()]
        return cls(
            f"curated subset of the Gene Ontology: {len(terms):,} terms, {len(terms.genes):,} genes",
            tuple(record for record in records.values() if record is not None),
            tuple(name for name, record in records.items() if record is None),
            (*kinds, ONTOLOGY),
        )

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        lines = ["shipped", f"  example-pathways  {self.shipped}", "", "fetched"]
        width = max((len(record.name) for record in self.fetched), default=0)
        lines += [
            f"  {record.name.ljust(width)}  {record.version}, {size_words(record.n_bytes)}, {record.title}"
            for record in self.fetched
        ] or ["  nothing yet"]
        if self.not_fetched:
            lines.append(f"  `hypomask fetch NAME` can bring: {', '.join(self.not_fetched)}")
        lines += ["", "kinds of file (the ending may be followed by .gz, but not of documents)"]
        widest = max(len(", ".join(kind.suffixes)) for kind in self.kinds)
        lines += [f"  {', '.join(kind.suffixes).ljust(widest)}  {kind.description}" for kind in self.kinds]
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "shipped": [{"name": "example-pathways", "title": self.shipped}],
            "fetched": [
                {
                    "name": record.name,
                    "title": record.title,
                    "version": record.version,
                    "released": record.released or None,
                    "path": str(record.path),
                    "licence": record.licence,
                }
                for record in self.fetched
            ],
            "not_fetched": list(self.not_fetched),
            "kinds": [{**vars(kind), "suffixes": list(kind.suffixes)} for kind in self.kinds],
        }
