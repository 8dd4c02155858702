"""A study from a file, from options, or from a file with some settings changed by options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hypomask.cli.options import FILE
from hypomask.outcomes.kinds import COLUMN_KINDS

if TYPE_CHECKING:
    from hypomask.execution.study import Study

__all__ = ["named_files", "study_from", "study_options"]

F = TypeVar("F", bound=Callable[..., Any])

DATA_OPTIONS = (
    click.option("--data", type=FILE, metavar="FILE", help="Table of measurements: CSV, TSV, Parquet or .h5ad."),
    click.option("--channel", "channels", multiple=True, metavar="NAME=FILE", help="One layer of measurement; repeat."),
    click.option("--samples", type=FILE, metavar="FILE", help="Table with phenotype, covariates and groups."),
    click.option("--key", metavar="COLUMN", help="Column of the samples table naming rows of the data."),
    click.option("--id", metavar="COLUMN", help="Column naming the observations."),
    click.option("--phenotype", metavar="COLUMN", help="What is to be explained."),
    click.option("--masked-genes", is_flag=True, help="Instead: each gene's measurements, hidden, from other genes."),
    click.option("--kind", type=click.Choice(["auto", *COLUMN_KINDS]), help="Of the phenotype."),
    click.option("--event", metavar="COLUMN", help="Survival: column that says whether the event was seen."),
    click.option("--positive", metavar="VALUE", help="Value of a binary phenotype, or of --event, that is the event."),
    click.option("--covariates", metavar="A,B", help="Columns to adjust for."),
    click.option("--groups", metavar="COLUMN", help="What must not be parted: patient, cell line, batch."),
    click.option("--orientation", type=click.Choice(["auto", "samples-in-rows", "genes-in-rows"]), help="Of the data."),
    click.option("--exclude", metavar="A,B", help="Columns of the data that are no measurements."),
    click.option("--transform", type=click.Choice(["none", "log", "log1p"]), help="Of the measurements."),
    click.option("--drop-missing-phenotype", is_flag=True, help="Leave out samples without a phenotype."),
)
HYPOTHESIS_OPTIONS = (
    click.option(
        "--hypotheses", multiple=True, type=FILE, metavar="FILE", help="YAML, GMT, SIF or an edge table; repeat."
    ),
    click.option(
        "--scope", type=click.Choice(["all", "members"]), help="Compare wirings of all genes, or memberships."
    ),
    click.option(
        "--expansion",
        type=click.Choice(["none", "clique", "star"]),
        help="How gene sets become edges.",
    ),
)
PLAN_OPTIONS = (
    click.option("--folds", type=click.IntRange(2), help="Folds of the cross-validation."),
    click.option("--repeats", type=click.IntRange(1), help="Repeats of the cross-validation."),
    click.option("--nulls", type=click.IntRange(0), help="Null masks for each hypothesis at most."),
    click.option("--null-repeats", type=click.IntRange(1), help="Repeats that null masks are scored with."),
    click.option("--min-coverage", type=click.FloatRange(0, 1), help="Least share of a hypothesis' genes in the data."),
    click.option("--replicates", type=click.IntRange(1), help="Trainings per fold, averaged."),
    click.option("--layers", type=click.IntRange(1), help="Layers of the model: how far influence travels."),
)
SECTION_OF = {
    "folds": "plan",
    "repeats": "plan",
    "nulls": "plan",
    "null_repeats": "plan",
    "min_coverage": "plan",
    "seed": "plan",
    "replicates": "training",
    "layers": "model",
}
ONLY_WITHOUT_FILE = (
    *("data", "channels", "samples", "key", "id", "phenotype", "kind", "event", "positive", "covariates", "groups"),
    *("masked_genes", "orientation", "exclude", "transform", "drop_missing_phenotype"),
    *("hypotheses", "scope", "expansion"),
)


def study_options(command: F) -> F:
    """Add the options that describe a study."""
    for option in reversed((*DATA_OPTIONS, *HYPOTHESIS_OPTIONS, *PLAN_OPTIONS)):
        command = option(command)
    return command


def study_from(file: Path | None, options: Mapping[str, Any]) -> Study:
    """Return the study of `file` with plan options changed, or the one that the options describe.

    Raises
    ------
    click.UsageError
        When the options describe data although a file is given, or too little without one.
    ConfigError
        When the study is wrong.
    """
    from hypomask.execution.study import load_study, study_from_options

    if file is None:
        return study_from_options(_described(options))
    given = [f"--{name.replace('_', '-')}" for name in ONLY_WITHOUT_FILE if options.get(name)]
    if given:
        raise click.UsageError(f"{', '.join(given)}: data and hypotheses stand in {file}; change them there")
    return _changed(load_study(file), options)


def _described(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content that a study file would have."""
    missing = [
        name
        for name, given in (
            ("--data or --channel", options["data"] or options["channels"]),
            ("--phenotype (or --masked-genes)", options["phenotype"] or options["masked_genes"]),
            ("--hypotheses", options["hypotheses"]),
        )
        if not given
    ]
    if missing:
        raise click.UsageError(f"give a study file, or options; missing: {', '.join(missing)}")
    if options["data"] and options["channels"]:
        raise click.UsageError("give --data for one table, or --channel NAME=FILE for each of several, not both")
    if options["masked_genes"] and any(options[name] for name in ("phenotype", "kind", "event", "positive")):
        raise click.UsageError("--masked-genes takes the place of a phenotype; leave out what describes one")
    phenotype = {name: options[name] for name in ("kind", "event", "positive")} | {"column": options["phenotype"]}
    if options["masked_genes"]:
        phenotype = {"target": "masked-genes"}
    samples = options["samples"]
    sources = [{"file": str(path), "expansion": options["expansion"]} for path in options["hypotheses"]]
    sections: dict[str, dict[str, Any]] = {"plan": {}, "training": {}, "model": {}}
    for name, section in SECTION_OF.items():
        sections[section][name] = options.get(name)
    return {
        "data": {
            "channels": named_files(options["channels"]) if options["channels"] else str(options["data"]),
            "samples": None if samples is None else str(samples),
            "key": options["key"],
            "id": options["id"],
            "phenotype": phenotype,
            "covariates": _names(options["covariates"]),
            "groups": options["groups"],
            "orientation": options["orientation"],
            "exclude": _names(options["exclude"]),
            "transform": options["transform"],
            "drop_missing_phenotype": "yes" if options["drop_missing_phenotype"] else None,
        },
        "hypotheses": sources,
        "scope": options["scope"],
        **{name: section for name, section in sections.items() if any(value is not None for value in section.values())},
    }


def _changed(study: Study, options: Mapping[str, Any]) -> Study:
    changes: dict[str, dict[str, Any]] = {}
    for name, section in SECTION_OF.items():
        if options.get(name) is not None:
            changes.setdefault(section, {})[name] = options[name]
    return replace(study, **{section: replace(getattr(study, section), **new) for section, new in changes.items()})


def named_files(pairs: Sequence[str]) -> dict[str, str]:
    """Return the files of ``NAME=FILE`` options by name."""
    channels: dict[str, str] = {}
    for pair in pairs:
        name, _, file = pair.partition("=")
        name = name.strip()
        if not (name and file):
            raise click.UsageError(f"--channel {pair!r}: expected NAME=FILE, such as --channel mutation=mutation.tsv")
        if name in channels:
            raise click.UsageError(f"--channel: {name!r} is given twice")
        channels[name] = file
    return channels


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
