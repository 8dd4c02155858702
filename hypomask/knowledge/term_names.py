"""Which term a text means: by id, former id or name, with a way out for texts that mean none or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypomask.errors import KnowledgeError, did_you_mean, shortened

__all__ = ["ObsoleteTerm", "TermNames"]

MAX_LISTED = 5


@dataclass(frozen=True)
class ObsoleteTerm:
    """A term that its makers withdrew. `replaced_by` takes its place exactly; `consider` might."""

    name: str
    replaced_by: tuple[str, ...] = ()
    consider: tuple[str, ...] = ()


class TermNames:
    """Look-up tables of the names of one source's terms."""

    def __init__(
        self,
        source: str,
        ids: Sequence[str],
        names: Sequence[str],
        alt_ids: Mapping[str, str],
        obsolete: Mapping[str, ObsoleteTerm],
    ) -> None:
        self.position = {term: i for i, term in enumerate(ids)}
        self._source, self._ids, self._names = source, ids, names
        self._alt_ids, self._obsolete = alt_ids, obsolete
        self._by_name: dict[str, int] | None = None

    def find(self, text: str) -> str:
        """Return the id that `text` means; see `Terms.find`."""
        wanted = text.strip()
        if wanted in self.position:
            return wanted
        if wanted in self._alt_ids:
            return self._alt_ids[wanted]
        if wanted in self._obsolete:
            raise KnowledgeError(f"{self._source}: {self.fate(wanted)}")
        folded = wanted.casefold()
        found = self._called(folded)
        if len(found) > 1:
            listed = ", ".join(found[:MAX_LISTED]) + (" ..." if len(found) > MAX_LISTED else "")
            raise KnowledgeError(
                f"{self._source}: {len(found)} terms are called {wanted!r} ({listed}); name one by its id"
            )
        if found:
            return found[0]
        for term, gone in self._obsolete.items():
            if folded == gone.name.casefold():
                raise KnowledgeError(f"{self._source}: {self.fate(term)}")
        hint = did_you_mean(wanted, self._likely(wanted))
        raise KnowledgeError(f"{self._source}: no term has the id or name {shortened(wanted)!r}.{hint}")

    def search(self, text: str, limit: int) -> tuple[str, ...]:
        """Return ids of terms whose id or name holds every word; see `Terms.search`."""
        words = text.casefold().split()
        hits = {
            i: len(name)
            for i, name in enumerate(self._names)
            if all(word in name.casefold() or word in self._ids[i].casefold() for word in words)
        }
        wanted = text.strip()
        former = self._alt_ids.get(wanted, self._alt_ids.get(wanted.upper()))
        if former is not None:
            hits.setdefault(self.position[former], 0)
        return tuple(self._ids[i] for i in sorted(hits, key=lambda i: (hits[i], i))[:limit])

    def search_obsolete(self, text: str, limit: int) -> tuple[str, ...]:
        """Return obsolete ids that hold, or whose name held, every word; see `Terms.search_obsolete`."""
        words = text.casefold().split()
        hits = [
            (len(gone.name), term)
            for term, gone in self._obsolete.items()
            if all(word in gone.name.casefold() or word in term.casefold() for word in words)
        ]
        return tuple(term for _, term in sorted(hits)[:limit])

    def fate(self, term: str) -> str:
        """Return in words that a term is obsolete, and what to write instead."""
        gone = self._obsolete[term]
        named, maybe = (
            [f"{other} ({self._names[self.position[other]]})" for other in others if other in self.position]
            for others in (gone.replaced_by, gone.consider)
        )
        message = f"{term} ({gone.name}) is obsolete"
        if named:
            return f"{message}; it was replaced by {', '.join(named)}"
        if maybe:
            return f"{message}; instead consider {', '.join(maybe[:MAX_LISTED])}"
        return f"{message} and was not replaced; choose another term"

    def _called(self, folded: str) -> list[str]:
        """Return the ids of all terms whose id or name is `folded` in lower case."""
        if self._by_name is None:
            self._by_name = {name.casefold(): i for names in (self._names, self._ids) for i, name in enumerate(names)}
        last = self._by_name.get(folded)
        if last is None:
            return []
        if self._ids[last].casefold() == folded:
            return [self._ids[last]]
        return [term for term, name in zip(self._ids, self._names, strict=True) if name.casefold() == folded]

    def _likely(self, wanted: str) -> list[str]:
        """Return names to compare `wanted` with: those that share its first letters or a word.

        difflib against all 48,000 names of the Gene Ontology takes a second.
        """
        words = {word for word in wanted.casefold().split() if len(word) > 2}
        start = wanted[:3].casefold()
        pool = (*self._names, *self._ids, *self._alt_ids)
        return [name for name in pool if name.casefold().startswith(start) or words & set(name.casefold().split())]
