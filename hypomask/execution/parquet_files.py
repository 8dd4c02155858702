"""Parquet files that carry a word about themselves, written durably."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hypomask.errors import RunError
from hypomask.execution.durable import write_durably

__all__ = ["read_about", "read_parquet", "write_parquet"]

METADATA_KEY = b"hypomask"


def write_parquet(path: Path, columns: Mapping[str, object], about: Mapping[str, Any], what: str) -> str:
    """Write `columns` and the note `about` to `path`; return the SHA-256 of the file.

    Raises
    ------
    RunError
        When the disk is full; `what` says what was being written.
    """
    table = pa.table(dict(columns)).replace_schema_metadata({METADATA_KEY: json.dumps(about)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content = sink.getvalue().to_pybytes()
    write_durably(path, lambda file: file.write(content), what)
    return hashlib.sha256(content).hexdigest()


def read_about(path: Path, what: str) -> dict[str, Any]:
    """Return the note beside the table in `path`, without reading the table.

    Raises
    ------
    RunError
        When the file is missing, damaged or another program's.
    """
    try:
        return dict(json.loads((pq.read_schema(path).metadata or {})[METADATA_KEY]))
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise RunError(
            f"{path}: {what} are missing or damaged. Give the compare command again: it makes what is missing."
        ) from error


def read_parquet(path: Path, what: str) -> tuple[pa.Table, dict[str, Any]]:
    """Return the table in `path` and the note beside it.

    Raises
    ------
    RunError
        When the file is missing, damaged or another program's.
    """
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[METADATA_KEY])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise RunError(
            f"{path}: {what} are missing or damaged. Give the compare command again: it makes what is missing."
        ) from error
    return table, dict(about)
