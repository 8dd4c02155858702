"""A study as a mapping of plain values, and as the text of a study file that gives the same study when read."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hypomask.execution.config_fields import config_as_dict
from hypomask.execution.study_definition import HypothesisSource, Study
from hypomask.execution.study_reading import MASKED_GENES

if TYPE_CHECKING:
    from hypomask.data.spec import DataSpec

__all__ = ["dump_study", "study_as_dict"]

HEADER = "# A study for hypomask, with every setting written out. Paths are relative to the folder of this file.\n"


def study_as_dict(study: Study, *, relative_to: Path | None = None) -> dict[str, Any]:
    """Return the content of the study file that describes `study`, all settings written out.

    Parameters
    ----------
    relative_to
        Folder that paths are written relative to; None: absolute paths.
    """
    content: dict[str, Any] = {"hypomask": 1, "name": study.name}
    if study.data is not None:
        content["data"] = _data(study.data, relative_to)
    if study.hypotheses:
        content["hypotheses"] = [_source(source, relative_to) for source in study.hypotheses]
    if study.scope is not None:
        content["scope"] = study.scope
    for section in ("model", "training", "plan", "comparison"):
        content[section] = config_as_dict(getattr(study, section))
    if study.plan.null_modules:
        content["plan"]["null_modules"] = _path(Path(study.plan.null_modules), relative_to)
    return content


def dump_study(study: Study, *, relative_to: Path | None = None) -> str:
    """Return the text of a study file; see `study_as_dict`."""
    content = study_as_dict(study, relative_to=relative_to)
    return HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _data(spec: DataSpec, relative_to: Path | None) -> dict[str, Any]:
    phenotype: dict[str, Any] = {"column": spec.phenotype, "kind": spec.kind}
    if spec.masked_genes:
        phenotype = {"target": MASKED_GENES}
    elif spec.more_phenotypes:
        phenotype = {"columns": [spec.phenotype, *spec.more_phenotypes]}
    if spec.event is not None:
        phenotype["event"] = spec.event
    if spec.positive is not None:
        phenotype["positive"] = spec.positive
    content: dict[str, Any] = {
        "channels": {name: _path(file, relative_to) for name, file in spec.channels.items()},
        "phenotype": phenotype,
    }
    if spec.samples is not None:
        content["samples"] = _path(spec.samples, relative_to)
    renamed = {"key_column": "key", "id_column": "id"}
    default = {field.name: field.default for field in fields(spec)}
    names = ("key_column", "id_column", "covariates", "groups", "orientation", "layers", "exclude", "transform")
    for name in (*names, "streaming"):
        value = getattr(spec, name)
        if value != default[name]:
            content[renamed.get(name, name)] = list(value) if isinstance(value, tuple) else value
    if spec.drop_missing_phenotype:
        content["drop_missing_phenotype"] = True
    return content


def _source(source: HypothesisSource, relative_to: Path | None) -> dict[str, Any] | str:
    path = _path(source.path, relative_to)
    if source == HypothesisSource(source.path):
        return path
    content: dict[str, Any] = {"file": path}
    if source.scope is not None:
        content["scope"] = source.scope
    if source.expansion is not None:
        content["expansion"] = source.expansion
    if source.only:
        content["only"] = list(source.only)
    return content


def _path(path: Path, relative_to: Path | None) -> str:
    absolute = os.path.abspath(path)
    return absolute if relative_to is None else os.path.relpath(absolute, os.path.abspath(relative_to))
