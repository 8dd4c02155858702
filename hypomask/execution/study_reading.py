"""From the nodes of a study file to a `Study`, with every problem found on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from hypomask.comparison.config import ComparisonConfig
from hypomask.errors import ConfigError, Problem, raise_problems
from hypomask.execution.config_fields import config_keys, read_config
from hypomask.execution.plan_config import PlanConfig
from hypomask.execution.study_definition import HypothesisSource, Study
from hypomask.hypothesis.fields import Fields, kind_of
from hypomask.hypothesis.graph import Expansion, Scope
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, LocatedScalar, LocatedSequence, problem_at
from hypomask.model.config import ModelConfig
from hypomask.outcomes.kinds import COLUMN_KINDS
from hypomask.training.config import TrainingConfig

if TYPE_CHECKING:
    from hypomask.data.spec import DataSpec

__all__ = ["DATA_KEYS", "PHENOTYPE_KEYS", "SOURCE_KEYS", "STUDY_KEYS", "located", "read_study"]

FORMAT_VERSION = "1"
STUDY_KEYS = ("hypomask", "name", "data", "hypotheses", "scope", "model", "training", "plan", "comparison")
DATA_KEYS = (
    "channels",
    "samples",
    "key",
    "id",
    "phenotype",
    "covariates",
    "groups",
    "orientation",
    "layers",
    "exclude",
    "transform",
    "drop_missing_phenotype",
    "streaming",
)
PHENOTYPE_KEYS = ("column", "columns", "kind", "event", "positive", "target")
MASKED_GENES = "masked-genes"
SOURCE_KEYS = ("file", "scope", "expansion", "only")
SCOPES: tuple[Scope, ...] = get_args(Scope)
EXPANSIONS: tuple[Expansion, ...] = get_args(Expansion)
ORIENTATIONS = ("auto", "samples-in-rows", "genes-in-rows")
KINDS = ("auto", *COLUMN_KINDS)
ONLY_CHANNEL = "measurement"  # the name of a channel that was given as a file alone
NO_FILE = "options"


def read_study(
    root: Located, *, folder: Path, default_name: str, file: Path | None, from_objects: bool = False
) -> Study:
    """Convert `root`; relative paths are taken from `folder`.

    Parameters
    ----------
    from_objects
        Data and hypotheses may be left out: the study was compared with objects in their place.

    Raises
    ------
    ConfigError
        With every problem found.
    """
    _refuse_hypotheses(root)
    problems: list[Problem] = []
    read = Fields(root, what="a study", allowed=STUDY_KEYS, problems=problems, elsewhere=_sections())
    _check_version(read)
    if not from_objects:
        read.required("data")
        read.required("hypotheses")
    data = _read_data(read, folder)
    sources = _read_sources(read, folder)
    scope = read.choice("scope", SCOPES, SCOPES[0]) if "scope" in read else None
    study = Study(
        name=read.text("name", default_name),
        data=data,
        hypotheses=sources,
        scope=scope,
        model=read_config(read.get("model"), ModelConfig, "model", problems, ModelConfig()),
        training=read_config(read.get("training"), TrainingConfig, "training", problems, TrainingConfig()),
        plan=read_config(read.get("plan"), PlanConfig, "plan", problems, PlanConfig()),
        comparison=read_config(read.get("comparison"), ComparisonConfig, "comparison", problems, ComparisonConfig()),
        file=file,
    )
    if file is None:
        problems = [replace(problem, file=None, line=None) for problem in problems]
    raise_problems(problems, ConfigError)
    if study.plan.null_modules:
        study = study.with_plan(null_modules=str(folder / study.plan.null_modules))
    return study


def _sections() -> dict[str, str]:
    """Return the section of every key that stands in one: where to move a key that stands somewhere else."""
    keys = {"phenotype": PHENOTYPE_KEYS, "data": DATA_KEYS}
    configs: dict[str, type[Any]] = {"comparison": ComparisonConfig, "training": TrainingConfig, "model": ModelConfig}
    keys |= {section: tuple(config_keys(config)) for section, config in {**configs, "plan": PlanConfig}.items()}
    return {key: section for section, its_keys in keys.items() for key in its_keys}


def located(value: Any) -> Located:
    """Return options as the nodes of a study file would be; entries that are None are left out."""
    if isinstance(value, Mapping):
        given = {str(key): located(item) for key, item in value.items() if item is not None}
        return LocatedMapping(given, NO_FILE, 0)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return LocatedSequence(tuple(located(item) for item in value), NO_FILE, 0)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return LocatedScalar(text, NO_FILE, 0, plain=not isinstance(value, str))


def _refuse_hypotheses(root: Located) -> None:
    """Say in one sentence that a document of hypotheses, or no document at all, is no study."""
    if isinstance(root, LocatedScalar):
        message = f"a study must be a mapping (key: value), got {kind_of(root)}"
        raise_problems([problem_at(root, f"{message}. 'hypomask init' writes a study to begin with")], ConfigError)
    if not isinstance(root, LocatedMapping) or "data" in root.entries:
        return
    listed = root.entries.get("hypotheses")
    items = listed.items if isinstance(listed, LocatedSequence) else ()
    if "edges" in root.entries or any(isinstance(item, LocatedMapping) and "name" in item.entries for item in items):
        message = "this is a document of hypotheses, expected a study, which names it under 'hypotheses'"
        raise_problems(
            [problem_at(root, f"{message} ('hypomask init' writes one); or give it with --hypotheses")], ConfigError
        )


def _check_version(read: Fields) -> None:
    if read.required("hypomask"):
        version = read.text("hypomask", "")
        if version != FORMAT_VERSION:
            read.problem("hypomask", f"format version is {version!r}, expected {FORMAT_VERSION!r} ('hypomask: 1')")


def _read_data(read: Fields, folder: Path) -> DataSpec | None:
    from hypomask.data.spec import DataSpec

    if "data" not in read:
        return None
    n_before = len(read.problems)
    data = Fields(read.place("data"), what="'data'", allowed=DATA_KEYS, problems=read.problems, elsewhere=_sections())
    data.required("channels")
    data.required("phenotype")
    samples = data.text("samples", None)
    options = {
        "channels": _read_channels(data, folder),
        "samples": None if samples is None else folder / samples,
        "key_column": data.text("key", None),
        "id_column": data.text("id", None),
        **_read_phenotype(data),
        "covariates": tuple(name.text for name in data.texts("covariates")),
        "groups": data.text("groups", None),
        "orientation": data.choice("orientation", ORIENTATIONS, "auto"),
        "layers": tuple(name.text for name in data.texts("layers")) or ("X",),
        "exclude": tuple(name.text for name in data.texts("exclude")),
        "transform": data.choice("transform", ("none", "log", "log1p"), "none"),
        "drop_missing_phenotype": data.flag("drop_missing_phenotype", False),
        "streaming": data.choice("streaming", ("auto", "always", "never"), "auto"),
    }
    if len(read.problems) > n_before:
        return None
    try:
        return DataSpec(**options)
    except ConfigError as error:
        read.problems += [problem_at(read.place("data"), line) for line in str(error).splitlines()]
        return None


def _read_channels(data: Fields, folder: Path) -> dict[str, Path]:
    node = data.get("channels")
    if isinstance(node, LocatedScalar):
        return {ONLY_CHANNEL: folder / node.text} if node.text else {}
    channels: dict[str, Path] = {}
    for name, file in data.mapping("channels").items():
        if isinstance(file, LocatedScalar) and file.text:
            channels[name] = folder / file.text
        else:
            data.problems.append(problem_at(file, f"channel {name!r} needs the path of a file"))
    return channels


def _read_phenotype(data: Fields) -> dict[str, Any]:
    node = data.get("phenotype")
    if isinstance(node, LocatedSequence):
        return _several([name.text for name in data.texts("phenotype")])
    if not isinstance(node, LocatedMapping):
        return {"phenotype": data.text("phenotype", "")}
    phenotype = Fields(node, what="'phenotype'", allowed=PHENOTYPE_KEYS, problems=data.problems)
    if "target" in phenotype:
        phenotype.choice("target", (MASKED_GENES,), MASKED_GENES)
        if len(node.entries) > 1:
            phenotype.problem("target", f"target {MASKED_GENES} takes the place of a phenotype; leave out the rest")
        return {"masked_genes": True}
    if "columns" in phenotype:
        if len(node.entries) > 1:
            phenotype.problem("columns", "'columns' finds the kind of each phenotype by itself; leave out the rest")
        return _several([name.text for name in phenotype.texts("columns")])
    phenotype.required("column")
    return {
        "phenotype": phenotype.text("column", ""),
        "kind": phenotype.choice("kind", KINDS, "auto"),
        "event": phenotype.text("event", None),
        "positive": phenotype.text("positive", None),
    }


def _several(columns: list[str]) -> dict[str, Any]:
    return {"phenotype": columns[0] if columns else "", "more_phenotypes": tuple(columns[1:])}


def _read_sources(read: Fields, folder: Path) -> tuple[HypothesisSource, ...]:
    node = read.get("hypotheses")
    items = (node,) if isinstance(node, LocatedScalar) else read.sequence("hypotheses")
    sources = [_read_source(item, folder, read.problems) for item in items if item is not None]
    if not sources and isinstance(node, (LocatedSequence, LocatedScalar)):
        read.problem("hypotheses", "no hypothesis is named; list at least one file")
    return tuple(sources)


def _read_source(node: Located, folder: Path, problems: list[Problem]) -> HypothesisSource:
    if isinstance(node, LocatedScalar):
        if not node.text:
            problems.append(problem_at(node, "a hypothesis needs the path of a file"))
        return HypothesisSource(folder / node.text)
    read = Fields(node, what="a hypothesis source", allowed=SOURCE_KEYS, problems=problems)
    read.required("file")
    return HypothesisSource(
        path=folder / read.text("file", ""),
        scope=read.choice("scope", SCOPES, SCOPES[0]) if "scope" in read else None,
        expansion=read.choice("expansion", EXPANSIONS, EXPANSIONS[0]) if "expansion" in read else None,
        only=tuple(name.text for name in read.texts("only")),
    )
