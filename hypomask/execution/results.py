"""The answer as files: `results.json` and tables. Nothing in them depends on when or how fast they were made."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from hypomask.execution.durable import write_durably

__all__ = ["FORMAT_VERSION", "stable_json", "write_json", "write_table"]

FORMAT_VERSION = 1
SIGNIFICANT_DIGITS = 12  # what is beyond differs between builds of BLAS, and means nothing


def stable_json(content: Mapping[str, Any]) -> str:
    """Return `content` as JSON with sorted keys and numbers of 12 significant digits; NaN and infinity become null."""
    return json.dumps(_rounded(content), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, content: Mapping[str, Any], what: str) -> None:
    """Write `content` to `path` by `stable_json`, whole or not at all."""
    write_durably(path, lambda file: file.write(stable_json(content).encode()), what)


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write `frame` with its labels as tab-separated text, whole or not at all."""
    text = frame.to_csv(sep="\t", float_format=f"%.{SIGNIFICANT_DIGITS}g", lineterminator="\n")
    write_durably(path, lambda file: file.write(text.encode()), f"the table {path.name}")


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
    return value
