"""Where fetched files lie, what is known about each, and how readers and reports get at both.

A file lies at ``<cache>/fetched/<name>/<version>/<file>`` with a ``record.json`` beside it: what it is, where it came
from, when, its checksum. Reading needs no lock and writes nothing, so a shared cache may be read-only.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from hypomask.errors import FetchError
from hypomask.knowledge.cache import cache_folder
from hypomask.knowledge.fetching.manifest import Manifest, shipped_manifest

__all__ = [
    "Record",
    "fetched_names",
    "fetched_path",
    "file_sha256",
    "find_record",
    "provenance_lines",
    "read_record",
    "resource_folder",
    "version_folder",
    "whats_wrong",
    "write_record",
]

RECORD_FILE = "record.json"


@dataclass(frozen=True)
class Record:
    """What is known about a fetched file.

    Parameters
    ----------
    version
        Of the release; for an address that serves whatever is newest, the day of the download.
    file
        The file that readers read.
    sha256, n_bytes
        Of that file.
    download_sha256
        Of what was downloaded; differs where that was an archive.
    checked
        ``manifest``: the checksum was known before; ``first use``: it was recorded at the first download.
    origin
        The address, or the folder it was taken from.
    fetched
        Day of the download (UTC), ``2026-11-21``.
    accepted
        Day on which the user accepted the terms; empty where none were asked.
    """

    name: str
    title: str
    version: str
    released: str
    file: str
    sha256: str
    n_bytes: int
    download_sha256: str
    checked: str
    origin: str
    fetched: str
    licence: str
    citation: str
    accepted: str = ""

    @property
    def path(self) -> Path:
        """Where the file is, or should be."""
        return version_folder(self.name, self.version) / self.file


def resource_folder(name: str) -> Path:
    """Return the folder of all versions of a resource."""
    return cache_folder() / "fetched" / name


def version_folder(name: str, version: str) -> Path:
    """Return the folder of one version of a resource."""
    return resource_folder(name) / version


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_record(record: Record) -> None:
    """Write a record, whole or not at all."""
    path = version_folder(record.name, record.version) / RECORD_FILE
    temporary = path.with_name(f".{RECORD_FILE}.{os.getpid()}")
    temporary.write_text(json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def read_record(name: str, version: str) -> Record | None:
    """Return the record of one version, or None where there is none that can be read."""
    path = version_folder(name, version) / RECORD_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        record = Record(**{field.name: values[field.name] for field in fields(Record)})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # A record moved or edited by hand must not lead out of the cache.
    same_place = (record.name, record.version) == (name, version) and Path(record.file).name == record.file
    return record if same_place else None


def find_record(name: str, *, version: str | None = None, manifest: Manifest | None = None) -> Record | None:
    """Return the record of `version`, by default the manifest's, or the newest one of a moving address; or None."""
    if version is not None:
        return read_record(name, version)
    resources = (manifest or shipped_manifest()).resources
    if name in resources and resources[name].version is not None:
        return read_record(name, str(resources[name].version))
    records = filter(None, (read_record(name, folder) for folder in _folders(name)))
    return max(records, key=lambda record: (record.fetched, record.version), default=None)


def fetched_names() -> tuple[tuple[str, str], ...]:
    """Return (name, version) of everything that has a place in the cache."""
    root = cache_folder() / "fetched"
    try:
        names = sorted(folder.name for folder in root.iterdir() if folder.is_dir())
    except OSError:
        return ()
    return tuple((name, version) for name in names for version in _folders(name))


def whats_wrong(record: Record, *, thorough: bool = False) -> str:
    """Return what is wrong with a fetched file, in words; empty if nothing is.

    Parameters
    ----------
    thorough
        Compare the checksum too, which reads the whole file; otherwise presence and size.
    """
    try:
        size = record.path.stat().st_size
    except OSError as fault:
        return f"{record.path} is not there" if isinstance(fault, FileNotFoundError) else f"{record.path}: {fault}"
    if size != record.n_bytes:
        return f"{record.path} has {size:,} bytes, was fetched with {record.n_bytes:,}"
    if thorough and file_sha256(record.path) != record.sha256:
        return f"{record.path} has been changed: its sha256 is not the recorded one"
    return ""


def fetched_path(name: str, version: str | None = None) -> Path:
    """Return where a fetched file lies, for whoever reads it. Nothing is downloaded.

    Parameters
    ----------
    name
        As in the manifest, e.g. ``go``, ``reactome``, ``hgnc``.
    version
        One that was fetched earlier; None: the manifest's, or the newest one of a moving address.

    Raises
    ------
    FetchError
        With the command to run: it has not been fetched, or is damaged.
    """
    record = _record_or_raise(name, version)
    problem = whats_wrong(record)
    if problem:
        raise FetchError(f"{name}: {problem}; run: hypomask fetch {name}")
    return record.path


def provenance_lines(name: str, version: str | None = None) -> tuple[str, ...]:
    """Return what a report has to say about a fetched file: version, dates, checksum; licence and citation.

    Raises
    ------
    FetchError
        If it has not been fetched.
    """
    record = _record_or_raise(name, version)
    released = f", released {record.released}" if record.released else ""
    checked = "as in the manifest" if record.checked == "manifest" else "recorded at the first download"
    return (
        f"{record.name}: {record.title}, version {record.version}{released}, fetched {record.fetched} "
        f"from {record.origin}, sha256 {record.sha256} ({checked})",
        f"{record.name}: licence {record.licence}; cite {record.citation}",
    )


def _record_or_raise(name: str, version: str | None) -> Record:
    record = find_record(name, version=version)
    if record is not None:
        return record
    here = _folders(name)
    if not here:
        shipped_manifest().resource(name)  # an unknown name: raises, with the nearest one
    others = f" (here are: {', '.join(here)})" if here else ""
    if version is not None:
        raise FetchError(f"{name}: version {version} has not been fetched{others}; name one that is here")
    raise FetchError(f"{name} has not been fetched{others}; run: hypomask fetch {name}")


def _folders(name: str) -> tuple[str, ...]:
    """Return the versions of a resource that have a record."""
    try:
        folders = sorted(resource_folder(name).iterdir())
    except OSError:
        return ()
    return tuple(folder.name for folder in folders if (folder / RECORD_FILE).is_file())
