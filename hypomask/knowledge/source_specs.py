"""The `sources:` of a hypothesis document: which file, and what to take from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hypomask.errors import FetchError, KnowledgeError, Problem, did_you_mean, shortened
from hypomask.hypothesis.document_format import SOURCE_KEYS
from hypomask.hypothesis.fields import Fields
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, LocatedScalar, LocatedSequence
from hypomask.knowledge.annotations import AnnotationFilter
from hypomask.knowledge.edge_tables import EdgeTableOptions
from hypomask.knowledge.fetching.manifest import shipped_manifest
from hypomask.knowledge.fetching.store import fetched_path, find_record, provenance_lines
from hypomask.knowledge.network_files import NetworkOptions
from hypomask.knowledge.shipped import SHIPPED_SOURCES, shipped_file
from hypomask.knowledge.string_links import StringOptions
from hypomask.knowledge.term_links import PROPAGATING

__all__ = ["NETWORK_OPTIONS", "TERM_OPTIONS", "SourceSpec", "declared_spec", "implied_spec"]

ANY_OPTIONS = ("file", "identifiers", "rename")
TERM_OPTIONS = (
    *("annotations", "evidence", "exclude_evidence", "aspect", "taxon", "relations"),
    *("hierarchy", "names", "species", "min_size", "max_size", "weights"),
)
NETWORK_OPTIONS = ("levels", "signed", "label", "min_score", "channels", "info", "alias_source")
COMPANIONS = {
    "go": {"annotations": "goa-human"},
    "string-human": {"info": "string-human-info"},
    "example-pathways": {"annotations": "example-pathways-genes"},
}
"""What a fetched or shipped resource that nobody declared is read with."""
LIST_OPTIONS = ("evidence", "exclude_evidence", "relations", "levels", "channels")
NUMBER_OPTIONS = ("taxon", "min_size", "max_size", "min_score")


@dataclass(frozen=True)
class SourceSpec:
    """One source as it is asked for; nothing has been read yet.

    Parameters
    ----------
    name
        What the document calls it.
    folder
        Where its files are looked for.
    texts, lists, numbers, signed, rename
        What is given, by option.
    """

    name: str
    folder: Path
    texts: dict[str, str]
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    signed: bool = False
    rename: dict[str, str] = field(default_factory=dict)

    @property
    def given(self) -> tuple[str, ...]:
        """Options that are given, those that any source may have left out."""
        flags = ("signed",) if self.signed else ()
        return tuple(key for key in (*self.texts, *self.lists, *self.numbers, *flags) if key not in ANY_OPTIONS)

    def path(self, option: str = "file") -> Path | None:
        """Return the file of an option, or None where it is not given: beside the document, or else shipped or fetched.

        Raises
        ------
        KnowledgeError
            Neither is there.
        FetchError
            It can be fetched but has not been; or it is damaged.
        """
        text = self.texts.get(option)
        if text is None:
            return None
        path = self.folder / text
        if path.exists():
            return path
        if text in SHIPPED_SOURCES:
            return shipped_file(SHIPPED_SOURCES[text])
        resources = shipped_manifest().resources
        if text in resources:
            self._refuse_unfetched()
            return fetched_path(text)
        beside = [entry.name for entry in self.folder.iterdir()] if self.folder.is_dir() else []
        hint = did_you_mean(text, [*beside, *SHIPPED_SOURCES, *resources])
        raise KnowledgeError(f"{shortened(text)!r} is no file beside the document, nor a resource to fetch.{hint}")

    def fetched(self) -> tuple[str, ...]:
        """Return the lines of provenance of the files that were fetched."""
        return tuple(line for name in self._resources() for line in provenance_lines(name))

    def _resources(self) -> tuple[str, ...]:
        """Return which of the files are resources to fetch."""
        known = shipped_manifest().resources
        return tuple(text for text in self.texts.values() if text in known and not (self.folder / text).exists())

    def _refuse_unfetched(self) -> None:
        """Name all that has to be fetched at once: the Gene Ontology is of no use without its annotations."""
        missing = [name for name in self._resources() if find_record(name) is None]
        if len(missing) > 1:
            listed = f"{', '.join(missing[:-1])} and {missing[-1]}"
            raise FetchError(f"{listed} have not been fetched; run: hypomask fetch {' '.join(missing)}")

    @property
    def annotation_filter(self) -> AnnotationFilter:
        """Which annotations count."""
        return AnnotationFilter(
            evidence=self.lists.get("evidence", ()),
            without_evidence=self.lists.get("exclude_evidence", ()),
            aspect=self.texts.get("aspect", ""),
            taxon=self.numbers.get("taxon"),
        )

    @property
    def relations(self) -> tuple[str, ...]:
        """Relations that hand a term's genes to the terms above."""
        return self.lists.get("relations", PROPAGATING)

    @property
    def network_options(self) -> NetworkOptions:
        """How to read a network."""
        string = StringOptions(
            min_score=self.numbers.get("min_score", StringOptions().min_score),
            channels=self.lists.get("channels", ()),
            info=self.path("info"),
            alias_source=self.texts.get("alias_source"),
        )
        table = EdgeTableOptions(levels=self.lists.get("levels", ()), signed=self.signed)
        return NetworkOptions(self.texts.get("label"), table, string, given=self.given)


def declared_spec(name: str, node: Located, folder: Path, problems: list[Problem]) -> SourceSpec:
    """Read what a document declares: a file, or a mapping of a file and options."""
    if isinstance(node, LocatedScalar):
        node = LocatedMapping({"file": node}, node.file, node.line)
    fields = Fields(node, what=f"source {name!r}", allowed=SOURCE_KEYS, problems=problems)
    if ":" in name or not name.strip():
        fields.problem("file", f"a source's name {name!r} must not be empty or hold ':', which stands before a term")
    if fields.required("file") and not fields.text("file", ""):
        fields.problem("file", f"source {name!r} needs the name of a file, or of a resource that was fetched")
    other = ("signed", "rename", *LIST_OPTIONS, *NUMBER_OPTIONS)
    numbers = {key: fields.integer(key, None, minimum=0) for key in NUMBER_OPTIONS}
    return SourceSpec(
        name,
        folder,
        texts={key: fields.text(key, "") for key in SOURCE_KEYS if key in fields and key not in other},
        lists={key: _words(fields, key) for key in LIST_OPTIONS if key in fields},
        numbers={key: number for key, number in numbers.items() if number is not None},
        signed=bool(fields.flag("signed", False)),
        rename=_renaming(fields),
    )


def implied_spec(name: str, folder: Path) -> SourceSpec:
    """Return the source that a file's or a fetched resource's own name stands for."""
    return SourceSpec(name, folder, texts={"file": name, **COMPANIONS.get(name, {})})


def _words(fields: Fields, key: str) -> tuple[str, ...]:
    """Return a list of words, or a text in which spaces or commas separate them."""
    node = fields.get(key)
    if isinstance(node, LocatedSequence):
        return tuple(item.text for item in fields.texts(key))
    return tuple(fields.text(key, "").replace(",", " ").split())


def _renaming(fields: Fields) -> dict[str, str]:
    entries = fields.mapping("rename")
    node = fields.get("rename")
    if node is None or not entries:
        return {}
    names = Fields(node, what="'rename'", allowed=tuple(entries), problems=fields.problems)
    return {old: new for old in entries if (new := names.text(old, ""))}
