"""Where files that can be had again are kept: downloaded knowledge, and graphs read from it."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

from hypomask.errors import KnowledgeError, Problem

__all__ = ["CACHE_VARIABLE", "cache_folder"]

CACHE_VARIABLE = "HYPOMASK_CACHE"


def cache_folder() -> Path:
    """Return the folder of the cache, absolute; it need not exist yet.

    It is what the environment variable ``HYPOMASK_CACHE`` says (``~`` is the home folder), else the platform's place
    for caches, e.g. ``~/.cache/hypomask`` on Linux. On a cluster, point the variable to a folder that all nodes share.

    Raises
    ------
    KnowledgeError
        If the variable names something that is not a folder.
    """
    stated = os.environ.get(CACHE_VARIABLE, "").strip()
    if not stated:
        return user_cache_path("hypomask", appauthor=False).absolute()
    try:
        folder = Path(stated).expanduser().absolute()
    except RuntimeError as fault:  # ~name of a user who does not exist
        raise KnowledgeError(f"{CACHE_VARIABLE}={stated!r}: {fault}; state a folder") from fault
    if folder.exists() and not folder.is_dir():
        raise KnowledgeError(str(Problem(f"{CACHE_VARIABLE} names a file, expected a folder", str(folder))))
    return folder
