"""What became of identifiers that were looked up: found, ambiguous, retired, damaged, unknown; and the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from hypomask.errors import shortened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ID_STATUSES", "IdMapping", "IdStatus", "MappedId"]

IdStatus = Literal["mapped", "retired", "ambiguous", "damaged", "unmapped"]
ID_STATUSES: tuple[IdStatus, ...] = ("mapped", "retired", "ambiguous", "damaged", "unmapped")
MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class MappedId:
    """What became of one identifier.

    Parameters
    ----------
    id
        As it was given.
    status
        ``mapped``: one gene. ``retired``: an earlier name, or a withdrawn entry; it has a target where one gene took
        its place. ``ambiguous``: several genes, or several target ids. ``damaged``: a spreadsheet's doing; the likely
        genes are candidates. ``unmapped``: nothing, or a gene without an id of the target kind.
    target
        The id to use, or None: never one of several.
    how
        What it was recognised as: ``symbol``, ``Ensembl id``, ``previous symbol``, ``alias`` and so on.
    candidates
        The ids among which only the user can choose.
    note
        What was found and what to do, in words; empty where there is nothing to do.
    """

    id: str
    status: IdStatus
    target: str | None
    how: str
    candidates: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class IdMapping:
    """What became of a list of identifiers, in its order.

    Parameters
    ----------
    to
        Kind of the targets: ``symbol``, ``ensembl``, ``entrez``, ``uniprot`` or ``hgnc``.
    source
        The table that was used, in words, with its checksum.
    """

    items: tuple[MappedId, ...]
    to: str
    source: str

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[MappedId]:
        return iter(self.items)

    @cached_property
    def targets(self) -> dict[str, str]:
        """Target by id, for ids that have one: mapped, or retired with one successor."""
        return {item.id: item.target for item in self.items if item.target is not None}

    @cached_property
    def counts(self) -> dict[IdStatus, int]:
        """Number of ids of each status."""
        counted = Counter(item.status for item in self.items)
        return {status: counted[status] for status in ID_STATUSES}

    @cached_property
    def merged(self) -> dict[str, tuple[str, ...]]:
        """Targets that several different ids lead to, with these ids."""
        by_target: dict[str, dict[str, None]] = {}
        for name, target in self.targets.items():
            by_target.setdefault(target, {})[name] = None
        return {target: tuple(names) for target, names in by_target.items() if len(names) > 1}

    def with_status(self, *statuses: IdStatus) -> tuple[MappedId, ...]:
        """Return the ids of these statuses."""
        return tuple(item for item in self.items if item.status in statuses)

    def frame(self) -> pd.DataFrame:
        """Return a table: one row per id, with id, status, target, how, candidates (joined by ``|``) and note."""
        import pandas as pd

        columns = {
            "id": [item.id for item in self.items],
            "status": [item.status for item in self.items],
            "target": [item.target or "" for item in self.items],
            "how": [item.how for item in self.items],
            "candidates": ["|".join(item.candidates) for item in self.items],
            "note": [item.note for item in self.items],
        }
        return pd.DataFrame(columns, dtype=object)

    def summary(self) -> str:
        """Return the counts in words."""
        kinds = Counter(item.how for item in self.items if item.status == "mapped")
        mapped = f" ({', '.join(f'{n} by {how}' for how, n in kinds.most_common())})" if kinds else ""
        others = ", ".join(f"{self.counts[status]} {status}" for status in ID_STATUSES[1:])
        return f"{len(self.items)} ids: {self.counts['mapped']} mapped{mapped}, {others}"

    def lines(self) -> tuple[str, ...]:
        """Return the summary, what needs a look (20 at most) and ids that have become one, for reports."""
        noted = [item for item in self.items if item.note]
        shown = [f"{item.status}: {item.note}" for item in noted[:MAX_LISTED]]
        if len(noted) > MAX_LISTED:
            shown.append(f"... and {len(noted) - MAX_LISTED} more")
        merged = [f"{', '.join(names)} are one gene: {target}" for target, names in self.merged.items()]
        if len(merged) > MAX_LISTED:
            merged[MAX_LISTED:] = [f"... and {len(merged) - MAX_LISTED} more"]
        return (self.summary(), *shown, *(shortened(line, 300) for line in merged))
