"""What `hypomask fetch` shows: the list of sources, what is in the cache, progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypomask.cli.output import say
from hypomask.knowledge.cache import cache_folder
from hypomask.knowledge.fetching.manifest import Manifest, Resource
from hypomask.knowledge.fetching.store import Record, fetched_names, find_record, read_record, whats_wrong

__all__ = ["Listing", "ProgressLine", "Verified", "size_words", "verify_all"]

REFRESH_SECONDS = 0.2


def size_words(n_bytes: int | None) -> str:
    """Return a size as people say it."""
    if n_bytes is None:
        return "?"
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes >= 1e6 else f"{max(n_bytes // 1000, 1)} kB"


@dataclass(frozen=True)
class Listing:
    """All sources, each with what the cache holds of it."""

    rows: tuple[tuple[Resource, Record | None], ...]

    @classmethod
    def of(cls, manifest: Manifest, names: Sequence[str] = ()) -> Listing:
        """Look up every source, or those of `names`."""
        chosen = [resource for name, resource in manifest.resources.items() if not names or name in names]
        return cls(tuple((resource, find_record(resource.name, manifest=manifest)) for resource in chosen))

    def lines(self) -> list[str]:
        """Return a table, then the terms that have to be accepted."""
        cells = [("name", "version", "released", "size", "checksum", "licence", "in the cache", "what")]
        for resource, record in self.rows:
            cells.append(
                (
                    resource.name,
                    resource.version or "newest",
                    resource.released or "-",
                    size_words(resource.n_bytes),
                    "known" if resource.sha256 else "first use",
                    resource.licence + (" *" if resource.consent else ""),
                    self._state(record),
                    resource.title,
                )
            )
        widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]) - 1)]
        lines = [
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
            for row in cells
        ]
        if any(resource.consent for resource, _ in self.rows):
            lines.append("* has terms to accept: --accept-licence NAME, or answer when asked")
        return [*lines, f"cache: {cache_folder()}"]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types, addresses and citations included."""
        sources = []
        for resource, record in self.rows:
            sources.append(
                {
                    "name": resource.name,
                    "title": resource.title,
                    "version": resource.version,
                    "released": resource.released or None,
                    "url": resource.url,
                    "file": resource.file,
                    "bytes": resource.n_bytes,
                    "sha256": resource.sha256,
                    "licence": resource.licence,
                    "consent": resource.consent or None,
                    "page": resource.page,
                    "citation": resource.citation,
                    "fetched": record.fetched if record else None,
                    "path": str(record.path) if record else None,
                    "problem": (whats_wrong(record) or None) if record else None,
                }
            )
        return {"cache": str(cache_folder()), "sources": sources}

    @staticmethod
    def _state(record: Record | None) -> str:
        if record is None:
            return "no"
        return "damaged" if whats_wrong(record) else f"since {record.fetched}"


@dataclass(frozen=True)
class Verified:
    """One fetched file, compared with its checksum; `problem` is empty when it is sound."""

    name: str
    version: str
    problem: str
    checked: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}: {self.problem or f'ok (checksum {self.checked})'}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"name": self.name, "version": self.version, "ok": not self.problem, "problem": self.problem or None}


def verify_all(names: Sequence[str] = ()) -> tuple[Verified, ...]:
    """Compare every fetched file, or those of `names`, with its recorded checksum."""
    found = []
    for name, version in fetched_names():
        if names and name not in names:
            continue
        record = read_record(name, version)
        if record is None:
            found.append(Verified(name, version, "its record cannot be read", ""))
            continue
        checked = "of the manifest" if record.checked == "manifest" else "recorded at the first download"
        found.append(Verified(name, version, whats_wrong(record, thorough=True), checked))
    return tuple(found)


class ProgressLine:
    """A line on a terminal that says how far a download is; nothing where standard error is no terminal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown_at = 0.0
        self.is_open = False

    def show(self, done: int, total: int | None) -> None:
        """Redraw the line, not more often than can be read."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self.shown_at < REFRESH_SECONDS:
            return
        self.shown_at, self.is_open = now, True
        of = f" of {size_words(total)}" if total else ""
        sys.stderr.write(f"\r{self.name}: {size_words(done)}{of}   ")
        sys.stderr.flush()

    def tell(self, line: str) -> None:
        """Say a line, below the one that is being drawn."""
        self.end()
        say(line)

    def end(self) -> None:
        """Leave the drawn line as it is."""
        if self.is_open:
            sys.stderr.write("\n")
            self.is_open = False
