"""Texts and arrays in one ``.npz`` file without pickle: one from elsewhere can be opened without running it."""

from __future__ import annotations

import json
import secrets
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from hypomask.errors import KnowledgeError, Problem

__all__ = ["load_arrays", "positions", "save_arrays"]

T = TypeVar("T")


def save_arrays(path: Path, texts: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write `texts` (anything that JSON holds) and `arrays` to ``path``; a reader never sees half a file."""
    packed = np.frombuffer(json.dumps(texts, ensure_ascii=False).encode(), dtype=np.uint8)
    temporary = path.with_name(f"{path.stem}.{secrets.token_hex(6)}.part")  # not mkstemp: others may share the cache
    try:
        with temporary.open("xb") as stream:
            np.savez(stream, texts=packed, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_arrays(path: Path, what: str, build: Callable[[dict[str, Any], dict[str, Any]], T]) -> T:
    """Return what `build` makes of the texts and arrays that `save_arrays` wrote.

    Parameters
    ----------
    what
        What the file should hold, for the message when it does not.
    build
        May raise ValueError, KeyError or TypeError where its parts do not fit each other.

    Raises
    ------
    KnowledgeError
        It is missing or damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return build(json.loads(arrays["texts"].tobytes()), arrays)
    except FileNotFoundError as fault:
        raise KnowledgeError(str(Problem("no such file", str(path)))) from fault
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as fault:
        message = f"holds no {what} that can be read ({fault}); delete it, it is made again from the files it came from"
        raise KnowledgeError(str(Problem(message, str(path)))) from fault


def positions(values: Any, limit: int, kind: Any) -> Any:
    """Return an array of positions below `limit`.

    Raises
    ------
    ValueError
        One lies outside.
    """
    found = np.asarray(values, dtype=kind).reshape(-1)
    if len(found) and not 0 <= int(found.min()) <= int(found.max()) < limit:
        raise ValueError(f"a position outside 0 to {limit - 1}")
    return found
