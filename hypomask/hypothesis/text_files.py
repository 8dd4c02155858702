"""Read text files as people, browsers and spreadsheets leave them: every kind of damage is named, with a way out."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from hypomask.errors import HypomaskError, Problem, did_you_mean

__all__ = ["MAX_TEXT_BYTES", "TextFile", "decode_text", "kind_suffix", "read_text"]

MAX_TEXT_BYTES = 50_000_000
GZIP_MAGIC = b"\x1f\x8b"
HTML_STARTS = ("<!doctype html", "<html", "<head", "<body")
LFS_START = "version https://git-lfs.github.com/spec/"
BINARY_KINDS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as tab-separated text",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as tab-separated text",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
}


@dataclass(frozen=True)
class TextFile:
    """Text of a file (byte order mark removed) and the SHA-256 of its bytes as they lie on disk."""

    path: Path
    text: str
    sha256: str


def kind_suffix(path: Path) -> str:
    """Return the ending that says what a file holds, in lower case: ``.tsv`` for ``net.TSV`` and ``net.tsv.gz``."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == ".gz" else suffix


def read_text(
    path: Path, *, error: type[HypomaskError], max_bytes: int = MAX_TEXT_BYTES, allow_gzip: bool = False
) -> TextFile:
    """Read a UTF-8 text file.

    Parameters
    ----------
    error
        Class of the error to raise, so that a study file and a hypothesis exit with their own codes.
    max_bytes
        Largest size accepted, counted after decompression.
    allow_gzip
        Accept gzip data, told by their first bytes and not by the file's name.

    Raises
    ------
    HypomaskError
        Of class `error`: missing, not a file, unreadable, empty, too large, binary, an HTML page, a Git LFS pointer, or
        not UTF-8.
    """
    raw = _read_bytes(path, error, max_bytes)
    data = raw
    if raw.startswith(GZIP_MAGIC):
        if not allow_gzip:
            _fail(path, error, "is gzip-compressed; expected plain text. Decompress it with gunzip")
        data = _decompress(path, raw, error, max_bytes)
    return TextFile(path, decode_text(path, data, error), hashlib.sha256(raw).hexdigest())


def decode_text(path: Path, data: bytes, error: type[HypomaskError]) -> str:
    """Return the text of unpacked `data`, the whole of a file or its first lines.

    Raises
    ------
    HypomaskError
        Of class `error`: nothing but spaces, binary, an HTML page, a Git LFS pointer, or not UTF-8.
    """
    text = _decode(path, data, error)
    _refuse_other_kinds(path, text, error)
    return text


def _fail(path: Path, error: type[HypomaskError], message: str, line: int | None = None) -> NoReturn:
    raise error(str(Problem(message, str(path), line)))


def _read_bytes(path: Path, error: type[HypomaskError], max_bytes: int) -> bytes:
    try:
        is_folder, is_something_else = path.is_dir(), path.exists() and not path.is_file()
        if not is_folder and not is_something_else:  # opening a pipe would wait for ever
            with path.open("rb") as stream:
                raw = stream.read(max_bytes + 1)
    except FileNotFoundError:
        _fail(path, error, f"no such file.{did_you_mean(path.name, _names_beside(path))}")
    except (OSError, ValueError) as fault:  # ValueError: a NUL character in the name
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        _fail(path, error, f"cannot be read: {reason}")
    if is_folder:
        _fail(path, error, "is a folder, expected a file; name a file in it")
    if is_something_else:
        _fail(path, error, "is a device or a pipe, expected a file")
    if len(raw) > max_bytes:
        most = f"{max_bytes // 1_000_000} MB, the most that is read here"
        _fail(path, error, f"is larger than {most}; is it the right file?")
    return raw


def _names_beside(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return []


def _decompress(path: Path, raw: bytes, error: type[HypomaskError], max_bytes: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            data = stream.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as fault:
        _fail(path, error, f"is damaged gzip data ({fault}); copy or download it again")
    if len(data) > max_bytes:
        _fail(path, error, f"unpacks to more than {max_bytes // 1_000_000} MB, the most that is read here")
    return data


def _decode(path: Path, data: bytes, error: type[HypomaskError]) -> str:
    for magic, kind in BINARY_KINDS.items():
        if data.startswith(magic):
            found, _, way_out = kind.partition("; ")
            _fail(path, error, f"is {found}, expected UTF-8 text{'; ' if way_out else ''}{way_out}")
    if b"\0" in data:
        _fail(path, error, f"is not text: byte {data.index(0)} is NUL; expected UTF-8 text, name another file")
    bom = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    try:
        return data[bom:].decode("utf-8")
    except UnicodeDecodeError as fault:
        offset = fault.start + bom
        found = f"byte {offset} is 0x{data[offset]:02X}, which is not UTF-8"
        way_out = "save the file as UTF-8 (it may be Latin-1 or Windows-1252)"
        _fail(path, error, f"{found}; {way_out}", data.count(b"\n", 0, offset) + 1)


def _refuse_other_kinds(path: Path, text: str, error: type[HypomaskError]) -> None:
    start = text[:500].lstrip().lower()
    if not start and not text.strip():
        _fail(path, error, "is empty; was it saved or copied completely?")
    if start.startswith(HTML_STARTS):
        _fail(path, error, "is an HTML page, not the file itself; download the raw file behind the link")
    if start.startswith(LFS_START):
        _fail(path, error, "is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`")
