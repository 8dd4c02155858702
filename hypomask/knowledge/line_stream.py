"""Lines of a large text file, gzipped or not, one at a time: gene2go unpacks to more than a gigabyte."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from hypomask.errors import KnowledgeError, Problem
from hypomask.hypothesis.text_files import GZIP_MAGIC, decode_text, read_text

__all__ = ["LineStream"]

SMALL_FILE_BYTES = 1_000_000
MAX_UNPACKED_BYTES = 8_000_000_000
MAX_LINE_LENGTH = 20_000_000
MAX_RATIO = 500  # of unpacked to packed size; tables reach 50, and a gigabyte of line ends 1,000
RATIO_COUNTS_FROM = 100_000_000  # characters
HEAD_BYTES = 4_096


class _Hashing(io.RawIOBase):
    """A file that hashes what is read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._file.read(len(buffer))
        self._hash.update(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class LineStream:
    """Yields (line number from 1, line without its end) of a UTF-8 file; afterwards `sha256` is that of its bytes.

    Raises
    ------
    KnowledgeError
        While iterating: missing, empty, not text, an HTML page, a Git LFS pointer, damaged or endless gzip data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256 = ""

    @property
    def provenance(self) -> str:
        """The file and its hash in words, for `Terms.provenance`; to be asked when all lines were read."""
        return f"{self.path.name}, sha256 {self.sha256}"

    def __iter__(self) -> Iterator[tuple[int, str]]:
        if self._is_small():
            yield from self._small()
        else:
            yield from self._large()

    def _is_small(self) -> bool:
        """Whether it is missing, no file, or plain text of less than a megabyte."""
        try:
            if not self.path.is_file():
                return True
            with self.path.open("rb") as file:
                return self.path.stat().st_size < SMALL_FILE_BYTES and not file.peek(2).startswith(GZIP_MAGIC)
        except (OSError, ValueError):
            return True

    def _small(self) -> Iterator[tuple[int, str]]:
        """Small files, missing ones and folders get the full inspection of `read_text`."""
        content = read_text(self.path, error=KnowledgeError, max_bytes=MAX_LINE_LENGTH, allow_gzip=True)
        self.sha256 = content.sha256
        yield from enumerate(io.StringIO(content.text, newline=None).read().split("\n"), start=1)

    def _large(self) -> Iterator[tuple[int, str]]:
        number = 0
        try:
            with self.path.open("rb") as file:
                hashing = _Hashing(file)
                packed = file.peek(2).startswith(GZIP_MAGIC)
                unpacked = gzip.GzipFile(fileobj=hashing) if packed else hashing
                buffered: Any = io.BufferedReader(unpacked, buffer_size=1 << 18)
                head = buffered.peek(HEAD_BYTES)
                decode_text(self.path, head[: head.rfind(b"\n") + 1] or head, KnowledgeError)
                lines = io.TextIOWrapper(buffered, encoding="utf-8-sig", newline=None)
                n_read = 0
                believable = max(RATIO_COUNTS_FROM, MAX_RATIO * self.path.stat().st_size)
                most = min(believable, MAX_UNPACKED_BYTES) if packed else MAX_UNPACKED_BYTES
                while line := lines.readline(MAX_LINE_LENGTH):
                    number += 1
                    n_read += len(line)
                    if len(line) == MAX_LINE_LENGTH or n_read > most:
                        self._fail(
                            "is endless: more than any table of annotations holds; is it the right file?", number
                        )
                    if "\0" in line:
                        self._fail("holds a NUL byte; expected UTF-8 text, copy or download it again", number)
                    yield number, line.rstrip("\n")
                self.sha256 = hashing.hexdigest()
        except UnicodeDecodeError as fault:
            self._fail(f"is not UTF-8 soon after this line ({fault.reason}); save the file as UTF-8", number)
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            self._fail(f"is damaged gzip data soon after this line ({fault}); copy or download it again", number)
        except OSError as fault:
            self._fail(f"cannot be read: {fault.strerror or fault}")

    def _fail(self, message: str, line: int | None = None) -> NoReturn:
        raise KnowledgeError(str(Problem(message, str(self.path), line)))
