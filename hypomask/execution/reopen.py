"""Open a finished run again: the same answer from the stored predictions, without data and without training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from hypomask.comparison.circumstances import NullControl
from hypomask.errors import ConfigError, HypothesisError, RunError
from hypomask.execution.evidence import Evidence
from hypomask.execution.ledger import Ledger
from hypomask.execution.predictions import PredictionStore
from hypomask.execution.results import FORMAT_VERSION
from hypomask.execution.run_folder import RunFolder
from hypomask.execution.study import Study, load_study
from hypomask.execution.study_result import StudyResult
from hypomask.masks.coverage import Coverage
from hypomask.masks.mask import Mask
from hypomask.masks.storage import load_mask
from hypomask.masks.summary import direction_only

__all__ = ["open_run"]

AGAIN = "Give the compare command again: it makes what is missing."
NEEDED = {
    "comparison": dict,
    "coverage": list,
    "data": dict,
    "null_controls": dict,
    "null_kinds": dict,
    "null_masks": dict,
    "warnings": list,
}


def open_run(path: Path | str) -> StudyResult:
    """Return the answer of the finished run in folder `path`, compared anew from its stored predictions.

    Raises
    ------
    RunError
        When there is no run, it is not finished, or a file of it is missing or damaged.
    """
    folder = RunFolder(Path(path))
    with Ledger(folder.ledger, read_only=True) as ledger:
        content = _read_results(folder.results)
        study = _read_study(folder)
        subjects = folder.read_samples()
        evidence = Evidence(
            ledger,
            PredictionStore(folder.predictions),
            subjects,
            plan=study.plan,
            config=study.comparison,
            scope=content["comparison"]["scope"],
        )
        masks = _read_masks(folder)
        comparison, _ = evidence.comparison(
            content["null_kinds"], content["null_controls"], direction_only(list(masks.values()))
        )
        return StudyResult(
            study=study,
            comparison=comparison,
            folder=folder.path,
            masks=masks,
            coverage=content["coverage"],
            data=content["data"],
            null_masks=content["null_masks"],
            null_kinds=content["null_kinds"],
            null_controls=content["null_controls"],
            warnings=tuple(content["warnings"]),
            subjects=subjects,
            losses=evidence.losses,
            spending=evidence.spending,
            environment=_read_json(folder.environment, "the environment") if folder.environment.exists() else {},
        )


def _read_results(path: Path) -> dict[str, Any]:
    """Read what cannot be worked out from the predictions; coverage and null controls are returned as objects."""
    content = _read_json(path, "the results")
    if content.get("format") != FORMAT_VERSION:
        raise RunError(
            f"{path}: the results have format {content.get('format')!r}, this hypomask reads {FORMAT_VERSION}. "
            "Update hypomask, or give the compare command again."
        )
    wrong = [key for key, kind in NEEDED.items() if not isinstance(content.get(key), kind)]
    if wrong or "scope" not in content["comparison"]:
        raise RunError(f"{path}: the results are damaged ({', '.join(wrong) or 'scope'} missing). {AGAIN}")
    try:
        coverage = tuple(_coverage(row) for row in content["coverage"])
        controls = {name: NullControl(**values) for name, values in content["null_controls"].items()}
    except (KeyError, TypeError) as error:
        raise RunError(f"{path}: the results are damaged (coverage or null masks: {error}). {AGAIN}") from error
    return content | {"coverage": coverage, "null_controls": controls}


def _read_study(folder: RunFolder) -> Study:
    try:
        return load_study(folder.study, from_objects=True)
    except ConfigError as error:
        raise RunError(f"{error}\nThis is the run's own copy of the study. {AGAIN}") from error


def _read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("expected a JSON object")
        return content
    except FileNotFoundError:
        raise RunError(
            f"{path}: {what} are not there: the run is not finished. Give the compare command again: it goes on from "
            "where it was."
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: {what} cannot be read ({error}). {AGAIN}") from error


def _read_masks(folder: RunFolder) -> dict[str, Mask]:
    try:
        masks = [load_mask(file) for file in sorted(folder.masks.glob("*.npz"))]
    except HypothesisError as error:
        raise RunError(f"{error}\nThis is a mask of the run. {AGAIN}") from error
    return {mask.name: mask for mask in masks}


def _coverage(row: Mapping[str, Any]) -> Coverage:
    values: dict[str, Any] = {}
    for field in fields(Coverage):
        value = row.get(field.name, ()) if field.name == "provenance" else row[field.name]  # earlier runs have none
        values[field.name] = tuple(value) if isinstance(value, list) else value
    return Coverage(**values)
