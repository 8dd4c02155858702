"""Bring a public file into the cache: from its publisher, or from a folder where there is no network."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pooch

from hypomask.errors import FetchError
from hypomask.knowledge.fetching.content import refuse_wrong_content, unpack_member
from hypomask.knowledge.fetching.download import Patience, ResumingDownloader
from hypomask.knowledge.fetching.lock import locked
from hypomask.knowledge.fetching.manifest import Manifest, Resource, shipped_manifest
from hypomask.knowledge.fetching.store import (
    Record,
    file_sha256,
    find_record,
    read_record,
    resource_folder,
    version_folder,
    whats_wrong,
    write_record,
)

__all__ = ["FetchOptions", "fetch"]

MAX_BYTES = 4 * 1024**3
LOCK_WAIT_SECONDS = 3600.0


def _say_nothing(line: str) -> None:
    pass


def _show_nothing(done: int, total: int | None) -> None:
    pass


@dataclass(frozen=True)
class FetchOptions:
    """How to fetch.

    Parameters
    ----------
    offline
        Use no network: what is in the cache, or in `folder`, or nothing.
    folder
        Take files from here, by the name their address ends with, instead of downloading them.
    update
        Of a moving address, get what it serves now, though an earlier download is there.
    accept
        Called with a resource whose terms have to be accepted; returns whether the user does.
    tell, progress
        Called with a line for the user, and with (bytes so far, bytes in all or None).
    """

    offline: bool = False
    folder: Path | None = None
    update: bool = False
    accept: Callable[[Resource], bool] = field(default=lambda resource: False)
    tell: Callable[[str], None] = _say_nothing
    progress: Callable[[int, int | None], None] = _show_nothing
    patience: Patience = field(default_factory=Patience)
    lock_wait_seconds: float = LOCK_WAIT_SECONDS


def fetch(name: str, options: FetchOptions | None = None, manifest: Manifest | None = None) -> Record:
    """Make sure that a resource is in the cache, whole and unchanged, and return its record.

    What is there already is checked against its recorded checksum, and fetched again if it does not fit.

    Raises
    ------
    FetchError
        If it cannot be had: unknown or never fetched, terms not accepted, no connection, wrong content, a checksum that
        differs, a cache that cannot be written to. Nothing of a failed download is ever seen by readers.
    """
    options = options or FetchOptions()
    manifest = manifest or shipped_manifest()
    resource = manifest.resource(name)
    found = _sound_record(resource, manifest, options, options.tell)
    if found is not None:
        return found
    if options.offline and options.folder is None:
        raise FetchError(
            f"{name} is not in the cache, and --offline allows no download. On a machine with a connection download "
            f"{resource.url}, and give the folder that holds {resource.file} with --from"
        )
    accepted = _consent(resource, manifest, options)
    lock = resource_folder(name) / ".lock"
    with locked(lock, name=name, wait_seconds=options.lock_wait_seconds, tell=options.tell):
        # Somebody else may have fetched it while we waited.
        found = _sound_record(resource, manifest, options, _say_nothing)
        if found is not None:
            return found
        try:
            return _bring(resource, manifest, options, accepted)
        except OSError as fault:
            place = fault.filename or resource_folder(name)
            raise FetchError(f"{name}: cannot write {place}: {fault.strerror or fault}") from fault


def _sound_record(
    resource: Resource, manifest: Manifest, options: FetchOptions, tell: Callable[[str], None]
) -> Record | None:
    """Return the record of what is there and fits; say what does not."""
    if options.update and resource.version is None:
        return None
    record = find_record(resource.name, manifest=manifest)
    if record is None:
        return None
    problem = whats_wrong(record, thorough=True)
    if problem:
        tell(f"{resource.name}: {problem}; fetching it again")
        return None
    if resource.sha256 is not None and record.download_sha256 != resource.sha256:
        tell(f"{resource.name}: what is in the cache is not what the manifest states; fetching it again")
        return None
    return record


def _consent(resource: Resource, manifest: Manifest, options: FetchOptions) -> str:
    """Return the day of the consent, or nothing where none is needed."""
    if not resource.consent:
        return ""
    earlier = find_record(resource.name, manifest=manifest)
    if earlier is not None and earlier.accepted:
        return earlier.accepted
    if not options.accept(resource):
        raise FetchError(
            f"{resource.name}: its terms have to be accepted first ({resource.licence}). {resource.consent} "
            f"If you agree: hypomask fetch {resource.name} --accept-licence {resource.name}"
        )
    return _today()


def _bring(resource: Resource, manifest: Manifest, options: FetchOptions, accepted: str) -> Record:
    today = _today()
    version = resource.version or today
    folder = version_folder(resource.name, version)
    earlier = read_record(resource.name, version) if resource.version is not None else None
    known = resource.sha256 or (earlier.download_sha256 if earlier is not None else None)
    source, origin = _source(resource, manifest, options, folder, has_checksum=known is not None)
    incoming = folder / ".incoming"
    shutil.rmtree(incoming, ignore_errors=True)  # of a process that was killed
    incoming.mkdir(parents=True)

    def checked_source(url: str, output_file: str, pooch_: object, check_only: bool = False) -> None:
        source(url, output_file)
        _refuse_wrong_file(resource, Path(output_file), origin)

    try:
        with _quiet_pooch():
            pooch.retrieve(resource.url, known, fname=resource.file, path=incoming, downloader=checked_source)
        record = _record(resource, version, incoming / resource.file, origin, today, accepted)
        os.replace(incoming / record.file, record.path)
        write_record(record)
    except ValueError as mismatch:  # pooch's word for a checksum that differs
        raise _wrong_checksum(resource, earlier, origin, folder, str(mismatch)) from mismatch
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return record


def _source(
    resource: Resource, manifest: Manifest, options: FetchOptions, folder: Path, *, has_checksum: bool
) -> tuple[Callable[[str, str], None], str]:
    """Return what puts the file into place, and where it comes from in words."""
    if options.folder is not None:
        found = options.folder / resource.file
        if not found.is_file():
            raise FetchError(
                f"{resource.name}: no file {resource.file!r} in {options.folder}; download {resource.url} on a machine "
                "with a connection and put it there under this name"
            )
        return lambda url, output_file: _copy(found, output_file, resource.name), str(found.absolute())
    options.tell(f"{resource.name}: downloading {resource.url}")
    downloader = ResumingDownloader(
        name=resource.name,
        # Beside the versions' folders, so that a moving address resumes on the next day too.
        part=folder.parent / f".{resource.version or 'moving'}-{resource.file}.part",
        refuse_address=manifest.refuse_address,
        has_checksum=has_checksum,
        max_bytes=resource.n_bytes or MAX_BYTES,
        tell=options.tell,
        progress=options.progress,
        patience=options.patience,
    )
    return downloader, resource.url


def _copy(found: Path, output_file: str, name: str) -> None:
    part = Path(f"{output_file}.copy")
    try:
        shutil.copyfile(found, part)
        os.replace(part, output_file)  # not over pooch's own file, which only its owner may read
    except OSError as fault:
        part.unlink(missing_ok=True)
        raise FetchError(f"{name}: cannot copy {found}: {fault.strerror or fault}") from fault


def _refuse_wrong_file(resource: Resource, path: Path, origin: str) -> None:
    refuse_wrong_content(path, name=resource.name, file=resource.file, begins=resource.begins)
    size = path.stat().st_size
    if resource.n_bytes is not None and size != resource.n_bytes:
        raise FetchError(
            f"{resource.name}: {origin} has {size:,} bytes, expected {resource.n_bytes:,} of version "
            f"{resource.version}; it is cut short or another version"
        )


def _wrong_checksum(resource: Resource, earlier: Record | None, origin: str, folder: Path, mismatch: str) -> FetchError:
    said = mismatch.partition(" Deleted download")[0]
    if resource.sha256 is not None:
        way_out = "it is damaged or another version; try again, and do not use it otherwise"
    else:
        when = earlier.fetched if earlier is not None else "earlier"
        way_out = (
            f"it is not what was fetched on {when}, so results would differ from earlier ones; if you want the new "
            f"file, delete {folder} and fetch again"
        )
    return FetchError(f"{resource.name}: {origin} is not version {resource.version}: {said} {way_out}")


def _record(resource: Resource, version: str, download: Path, origin: str, today: str, accepted: str) -> Record:
    download_sha256 = file_sha256(download)
    content = download
    if resource.member is not None:
        content = download.with_name(resource.member)
        unpack_member(download, resource.member, content, name=resource.name)
        refuse_wrong_content(content, name=resource.name, file=resource.member, begins=resource.begins)
    return Record(
        name=resource.name,
        title=resource.title,
        version=version,
        released=resource.released,
        file=content.name,
        sha256=file_sha256(content),
        n_bytes=content.stat().st_size,
        download_sha256=download_sha256,
        checked="manifest" if resource.sha256 is not None else "first use",
        origin=origin,
        fetched=today,
        licence=resource.licence,
        citation=resource.citation,
        accepted=accepted,
    )


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch's own lines off the terminal; what matters is told in ours."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
