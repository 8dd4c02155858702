"""What the numbers of a run depend on, so that a run is only gone on with under the same conditions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hypomask.errors import RunError
from hypomask.execution.config_fields import config_as_dict
from hypomask.hypothesis.document import dump_hypotheses
from hypomask.training.recipe import RECIPE

if TYPE_CHECKING:
    from pathlib import Path

    from hypomask.data.cohort import Cohort
    from hypomask.execution.prepare import PreparedStudy

__all__ = ["check_fingerprint", "config_hash", "fingerprint"]

FIRST_RECIPE = 1  # of runs that do not say
MAX_DIFFERENCES_SHOWN = 10
NO_PART = (
    "keep_models",
    "keep_null_models",
    "null_modules",
)  # no number depends on them; of a file, its content counts


def fingerprint(prepared: PreparedStudy) -> dict[str, Any]:
    """Return settings, hypotheses and data as nested text and numbers; file paths do not count, contents do."""
    study = prepared.study
    return {
        "recipe of training": RECIPE,
        "settings": {
            "scope": prepared.scope,
            "model": config_as_dict(study.model),
            "training": config_as_dict(study.training),
            "plan": {name: value for name, value in config_as_dict(study.plan).items() if name not in NO_PART},
            "comparison": config_as_dict(study.comparison),
        },
        "null_kind": prepared.null_kind,
        "null_modules": {name: _sha256("\n".join(labels).encode()) for name, labels in prepared.null_modules.items()},
        "hypotheses": {
            hypothesis.name: _sha256(dump_hypotheses([hypothesis]).encode()) for hypothesis in prepared.hypotheses
        },
        "data": _cohort_parts(prepared.cohort),
    }


def config_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a fingerprint."""
    return _sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode())


def check_fingerprint(before: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    """Refuse to go on with a run that was started under other conditions.

    Raises
    ------
    RunError
        Naming every difference, and the way out.
    """
    old, new = _flat({"recipe of training": FIRST_RECIPE, **before}), _flat(now)
    differences = [
        f"  {key}: the run has {_shown(old.get(key))}, this study has {_shown(new.get(key))}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    if not differences:
        return
    shown = differences[:MAX_DIFFERENCES_SHOWN]
    if len(differences) > len(shown):
        shown.append(f"  ... and {len(differences) - len(shown)} more")
    raise RunError(
        f"{folder}: this run was started with another study or other data, or by another hypomask:\n"
        + "\n".join(shown)
        + "\nStart again with --fresh (what was trained is lost), or choose another folder with --out."
    )


def _cohort_parts(cohort: Cohort) -> dict[str, str]:
    """Return a hash of each part, so that a difference can be named."""
    phenotype = cohort.phenotype
    covariates = cohort.covariates
    return {
        "samples": _sha256("\n".join(cohort.samples).encode()),
        "genes": _sha256("\n".join(cohort.measured_genes).encode()),
        "channels": ", ".join(cohort.channels),
        "values": _sha256_of_array(cohort.all_row_digests),
        "covariates": _sha256(
            "\n".join(map(str, covariates.columns)).encode()
            + np.ascontiguousarray(covariates.to_numpy(dtype=np.float64)).tobytes()
        ),
        "phenotype": f"{phenotype.name} ({phenotype.kind}; {', '.join(phenotype.classes)})",
        "phenotype values": _sha256_of_array(phenotype.values),
        "groups": "none" if cohort.groups is None else _sha256("\n".join(map(str, cohort.groups)).encode()),
    }


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}" if prefix else key
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name} " if not prefix else f"{name}.")
        else:
            flat[name.removeprefix("settings ")] = value
    return flat


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str) and len(value) == 64 and all(letter in "0123456789abcdef" for letter in value):
        return f"content {value[:10]}"
    return json.dumps(value)


def _sha256_of_array(array: npt.NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()  # `.data`: no copy of a large array


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
