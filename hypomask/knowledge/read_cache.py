"""What was read once from large files is kept in the cache, under what they hold and how they were asked for."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from hypomask.errors import KnowledgeError
from hypomask.knowledge.cache import cache_folder
from hypomask.version import __version__

__all__ = ["ReadCache"]

CACHED_FROM_BYTES = 2_000_000  # smaller files are read as fast as the cache is

T = TypeVar("T")


@dataclass(frozen=True)
class ReadCache(Generic[T]):
    """The cache of one kind of thing.

    Parameters
    ----------
    folder
        Its place in the cache folder.
    file_format
        Version of what `save` writes.
    save, load
        Write it to a file, and read it again; `load` raises `KnowledgeError` for what is damaged.
    """

    folder: str
    file_format: int
    save: Callable[[T, Path], None]
    load: Callable[[Path], T]

    def get(self, files: Sequence[Path], options: str, read: Callable[[], T]) -> T:
        """Return what `read` returns, from the cache if the same files were read with the same options before.

        Parameters
        ----------
        files
            All files that `read` reads; what counts is their content (SHA-256) and name.
        options
            Everything else that the result depends on.
        """
        try:
            if sum(file.stat().st_size for file in files) < CACHED_FROM_BYTES:
                return read()
            key = self._key(files, options)
        except OSError:
            return read()  # the reader says what is wrong with a file that is not there
        stored = cache_folder() / self.folder / f"{key}.npz"
        if stored.is_file():
            with contextlib.suppress(KnowledgeError):  # damaged, or of another version: read again and replaced
                return self.load(stored)
        found = read()
        with contextlib.suppress(OSError):  # a cache that cannot be written to costs time, nothing else
            stored.parent.mkdir(parents=True, exist_ok=True)
            self.save(found, stored)
        return found

    def _key(self, files: Sequence[Path], options: str) -> str:
        hashes = []
        for file in files:
            with file.open("rb") as stream:
                hashes.append([file.name, hashlib.file_digest(stream, "sha256").hexdigest()])
        asked = json.dumps([__version__, self.file_format, hashes, options])
        return hashlib.sha256(asked.encode()).hexdigest()[:32]
