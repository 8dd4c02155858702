"""Opening a file that may be anything: missing, empty, a web page, half a download, a pointer to somewhere else."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from hypomask.errors import DataError, Problem, did_you_mean

__all__ = ["SourceText", "check_file", "file_hash", "read_text_source"]

MAX_TEXT_BYTES = 8 * 1024**3
"""Text beyond this, unpacked, is refused: it would take several times as much memory; Parquet is the way."""

GZIP_MAGIC = b"\x1f\x8b"
OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as tab-separated text",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as tab-separated text",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz; unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it, or pack it with gzip",
    b"PAR1": "a Parquet file; name it .parquet",
    b"\x89HDF": "an HDF5 file; if it is AnnData, name it .h5ad",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
}


@dataclass(frozen=True, eq=False)
class SourceText:
    """The unpacked bytes of a text file: UTF-8, without byte order mark, lines ended by a line feed only."""

    file: str
    data: bytes
    sha256: str


def check_file(path: Path) -> None:
    """Raise `DataError` unless `path` is a file that is not empty, not a web page and not a Git LFS pointer."""
    file = str(path)
    try:
        if path.is_dir():
            raise _error(file, "this is a folder, expected a file; name a file in it")
        if not path.exists():
            if path.is_symlink():
                raise _error(
                    file, f"a link that leads nowhere (to {str(path.readlink())!r}); mend it, or copy the file"
                )
            if not path.parent.is_dir():
                raise _error(file, f"no such file, and no folder {str(path.parent)!r}")
            names = sorted(p.name for p in path.parent.iterdir() if p.is_file())
            raise _error(file, f"no such file.{did_you_mean(path.name, names)}")
        if not path.is_file():
            raise _error(file, "this is a device or a pipe, expected a file")
        with path.open("rb") as opened:
            start = opened.read(512)
    except OSError as error:
        raise _error(file, f"cannot be read: {error.strerror}") from error
    if not start:
        raise _error(file, "the file is empty, expected a table; was it copied or downloaded completely?")
    _refuse_what_is_no_table(file, start)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read_text_source(path: Path) -> SourceText:
    """Read and unpack a text file, or raise `DataError` saying what it is instead."""
    check_file(path)
    file = str(path)
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise _error(file, f"more than {MAX_TEXT_BYTES >> 30} GiB of text; convert it to Parquet")
        packed = path.read_bytes()
    except OSError as error:
        raise _error(file, f"cannot be read: {error.strerror}") from error
    sha256 = hashlib.sha256(packed).hexdigest()
    if packed.startswith(GZIP_MAGIC):
        data = _unpack(file, packed)
        if not data:
            raise _error(file, "the file is empty once unpacked, expected a table")
        _refuse_what_is_no_table(file, data[:512])
    elif path.suffix == ".gz":
        raise _error(file, "named .gz but not packed with gzip; drop the .gz from its name, or download it again")
    else:
        data = packed
    for magic, what in OTHER_FORMATS.items():
        if data.startswith(magic):
            raise _error(file, f"this is {what}")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data or data.isspace():
        raise _error(file, "the file holds nothing but white space, expected a table")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    _refuse_what_is_not_utf8(file, data)
    return SourceText(file, data, sha256)


def _unpack(file: str, packed: bytes) -> bytes:
    parts, size = [], 0
    try:
        with gzip.open(BytesIO(packed)) as unpacked:
            while part := unpacked.read(1 << 24):
                parts.append(part)
                size += len(part)
                if size > MAX_TEXT_BYTES:
                    raise _error(file, f"more than {MAX_TEXT_BYTES >> 30} GiB once unpacked; convert it to Parquet")
    except EOFError as error:
        raise _error(file, "the gzip file ends too early: an incomplete download or copy; fetch it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _error(file, f"the gzip file is damaged ({error}); fetch it again") from error
    return b"".join(parts)


def _refuse_what_is_no_table(file: str, start: bytes) -> None:
    lowered = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lowered.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml", b"<!--")):
        raise _error(
            file, "this is a web page, expected a table; open the link in a browser and save the file it offers"
        )
    if lowered.startswith(b"version https://git-lfs"):
        raise _error(file, "this is a Git LFS pointer, not the file itself; run 'git lfs pull' where it came from")


def _refuse_what_is_not_utf8(file: str, data: bytes) -> None:
    if b"\0" in data:
        raise _error(file, "binary data (a NUL byte), expected text", data.count(b"\n", 0, data.index(b"\0")) + 1)
    if data.isascii():
        return
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        near = data[max(error.start - 15, 0) : error.start + 10].decode("latin-1").replace("\n", " ")
        raise _error(file, f"not UTF-8 (near {near!r}); save it with encoding UTF-8", line) from error


def _error(file: str, message: str, line: int | None = None) -> DataError:
    return DataError(str(Problem(message, file, line)))
