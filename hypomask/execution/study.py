"""Studies: read from a file or from options, write, describe by a schema. Loads neither torch nor pandas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypomask.errors import ConfigError
from hypomask.execution.study_definition import HypothesisSource, Study
from hypomask.execution.study_reading import located, read_study
from hypomask.execution.study_schema import study_schema
from hypomask.execution.study_writing import dump_study, study_as_dict
from hypomask.hypothesis.located_yaml import load_yaml

__all__ = [
    "HypothesisSource",
    "Study",
    "dump_study",
    "load_study",
    "study_as_dict",
    "study_from_options",
    "study_schema",
]


def load_study(path: Path | str, *, from_objects: bool = False) -> Study:
    """Read a study file.

    Paths in it are relative to the folder of the file.

    Parameters
    ----------
    from_objects
        Accept the file of a run that was given its cohort or hypotheses as objects, and so does not name them.

    Raises
    ------
    ConfigError
        With every problem of the file, by line.
    """
    path = Path(path)
    root = load_yaml(path, error=ConfigError)
    return read_study(root, folder=path.parent, default_name=path.stem, file=path, from_objects=from_objects)


def study_from_options(options: Mapping[str, Any], *, folder: Path | None = None, name: str = "study") -> Study:
    """Return the study that `options` describe.

    Parameters
    ----------
    options
        The content of a study file as nested mappings, lists and values, e.g. ``{"data": {"channels": "x.tsv",
        "phenotype": "y"}, "hypotheses": ["a.yaml"], "plan": {"folds": 3}}``. Values that are None count as absent.
    folder
        What paths are relative to; the working directory when None.
    name
        Name of the study when the options give none.

    Raises
    ------
    ConfigError
        With every problem of the options.
    """
    return read_study(located({"hypomask": 1, **options}), folder=folder or Path(), default_name=name, file=None)
