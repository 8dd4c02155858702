"""Is a downloaded file what it should be? Servers answer with pages, pointers and messages, and call that success."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

from hypomask.errors import FetchError

__all__ = ["refuse_wrong_content", "unpack_member"]

START_BYTES = 65_536
MAX_LINES_BEFORE_START = 40  # Alliance tables have 15 lines of comments
MAX_UNPACKED_BYTES = 8 * 1024**3
BLOCK_BYTES = 1 << 20
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")
_LFS = b"version https://git-lfs.github.com/spec/"


def refuse_wrong_content(path: Path, *, name: str, file: str, begins: tuple[str, ...]) -> None:
    """Raise `FetchError` unless `path` can be the file that is called `file`.

    Parameters
    ----------
    name
        Of the resource, for messages.
    begins
        What one of the first lines begins with; empty: anything.

    Raises
    ------
    FetchError
        An empty file, an HTML page, a Git LFS pointer, a message in XML or JSON, something that is not packed as its
        ending says, a packed file that ends too early, or a text that begins differently.
    """
    with path.open("rb") as stream:
        start = stream.read(START_BYTES)
    _refuse_messages(start, name, file)
    if file.endswith(".zip"):
        _check_zip(path, name, file)
        return
    if file.endswith(".gz"):
        start = _start_of_whole_gzip(path, name, file)
        _refuse_messages(start, name, file)
    elif start.startswith(b"\x1f\x8b"):
        raise FetchError(f"{name}: {file} is packed with gzip, which its name does not say; tell the publisher")
    if begins and not _has_start(start, begins):
        first = start.split(b"\n", 1)[0][:80].decode("utf-8", "replace")
        expected = " or ".join(repr(text) for text in begins)
        raise FetchError(f"{name}: {file} begins with {first!r}, expected a line that begins with {expected}")


def unpack_member(archive: Path, member: str, target: Path, *, name: str) -> None:
    """Write the one wanted file of a zip archive to `target`.

    Raises
    ------
    FetchError
        If it is not there, damaged, or unpacks to more than any file of its kind.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            inside = [info for info in opened.infolist() if Path(info.filename).name == member and not info.is_dir()]
            if len(inside) != 1:
                names = ", ".join(opened.namelist()[:5])
                raise FetchError(
                    f"{name}: the archive holds {len(inside)} files {member!r}, expected one; it has {names}"
                )
            with opened.open(inside[0]) as packed, target.open("wb") as out:
                size = 0
                while block := packed.read(BLOCK_BYTES):
                    size += len(block)
                    if size > MAX_UNPACKED_BYTES:
                        raise FetchError(
                            f"{name}: {member} unpacks to more than {MAX_UNPACKED_BYTES >> 30} GiB; refused"
                        )
                    out.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise FetchError(f"{name}: {member} cannot be unpacked ({fault}); fetch it again") from fault


def _refuse_messages(start: bytes, name: str, file: str) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text:
        raise FetchError(f"{name}: got an empty file, expected {file}; try again later")
    if text.startswith(_HTML) or (text.startswith(b"<?xml") and b"<html" in text[:1000]):
        raise FetchError(
            f"{name}: got an HTML page, expected {file}; a login page of your network, or the file has "
            "moved. Open the address in a browser, and give what it offers with --from FOLDER"
        )
    if text.startswith(_LFS):
        raise FetchError(f"{name}: got a Git LFS pointer, not {file} itself; the address is wrong")
    if text.startswith((b"<?xml", b"<error")) and not file.endswith((".xml", ".sbml", ".owl", ".graphml")):
        said = _quoted(start)
        raise FetchError(f"{name}: got a message in XML ({said}), expected {file}; try again later")
    if text.startswith((b'{"', b"{ ", b"{\n")) and not file.endswith((".json", ".cx2")):
        said = _quoted(start)
        raise FetchError(f"{name}: got a message in JSON ({said}), expected {file}; try again later")


def _quoted(start: bytes) -> str:
    return " ".join(start[:120].decode("utf-8", "replace").split())


def _start_of_whole_gzip(path: Path, name: str, file: str) -> bytes:
    """Return how the unpacked text begins, having unpacked all of it: the checksum of gzip data stands at their end."""
    start, size = b"", 0
    try:
        with gzip.open(path) as stream:
            while block := stream.read(BLOCK_BYTES):
                start = start or block[:START_BYTES]
                size += len(block)
                if size > MAX_UNPACKED_BYTES:
                    raise FetchError(f"{name}: {file} unpacks to more than {MAX_UNPACKED_BYTES >> 30} GiB; refused")
    except EOFError as fault:
        raise FetchError(f"{name}: {file} ends too early: only part of it came; fetch it again") from fault
    except (gzip.BadGzipFile, zlib.error) as fault:
        raise FetchError(f"{name}: {file} is not sound gzip data ({fault}); fetch it again") from fault
    return start


def _check_zip(path: Path, name: str, file: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise FetchError(f"{name}: {file} is not a sound zip archive ({fault}); fetch it again") from fault
    if damaged is not None:
        raise FetchError(f"{name}: {damaged} in {file} is damaged; fetch it again")


def _has_start(start: bytes, begins: tuple[str, ...]) -> bool:
    lines = start.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:MAX_LINES_BEFORE_START]
    expected = tuple(text.encode() for text in begins)
    return any(line.lstrip(b'"').startswith(expected) for line in lines)
