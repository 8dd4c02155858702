"""Terms that were read once are kept in the cache, under what their files hold and how they were asked for."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from hypomask.errors import KnowledgeError
from hypomask.knowledge.cache import cache_folder
from hypomask.knowledge.term_files import FILE_FORMAT, load_terms, save_terms
from hypomask.knowledge.terms import Terms
from hypomask.version import __version__

__all__ = ["cached_terms"]

CACHED_FROM_BYTES = 2_000_000  # smaller files are read as fast as the cache is


def cached_terms(files: Sequence[Path], options: str, read: Callable[[], Terms]) -> Terms:
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
        key = _key(files, options)
    except OSError:
        return read()  # the reader says what is wrong with a file that is not there
    stored = cache_folder() / "terms" / f"{key}.npz"
    if stored.is_file():
        with contextlib.suppress(KnowledgeError):  # damaged, or of another version: read again and replaced
            return load_terms(stored)
    terms = read()
    with contextlib.suppress(OSError):  # a cache that cannot be written to costs time, nothing else
        stored.parent.mkdir(parents=True, exist_ok=True)
        save_terms(terms, stored)
    return terms


def _key(files: Sequence[Path], options: str) -> str:
    hashes = []
    for file in files:
        with file.open("rb") as stream:
            hashes.append([file.name, hashlib.file_digest(stream, "sha256").hexdigest()])
    asked = json.dumps([__version__, FILE_FORMAT, hashes, options])
    return hashlib.sha256(asked.encode()).hexdigest()[:32]
