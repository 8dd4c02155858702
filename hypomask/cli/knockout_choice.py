"""What the options of `hypomask knockout` ask for, as interventions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from hypomask.errors import ConfigError, HypothesisError, did_you_mean

if TYPE_CHECKING:
    from hypomask.knockout.asking import ScanOptions
    from hypomask.knockout.interventions import Intervention
    from hypomask.knockout.trained_run import TrainedRun
    from hypomask.knockout.where import Where

__all__ = [
    "check_combination",
    "chosen_genes",
    "intervention_maker",
    "interventions_of",
    "name_of_experiments",
    "name_of_scan",
    "scan_options",
]

WAYS = ("genes", "all_genes", "groups", "pairs", "all_pairs", "top_pairs", "edges", "removed", "added")


def scan_options(run: TrainedRun, options: Mapping[str, Any]) -> ScanOptions:
    """Return levels, samples and the like."""
    from hypomask.knockout.asking import ScanOptions
    from hypomask.knockout.levels import parse_levels
    from hypomask.knockout.where import Where

    strata = {}
    for text in options["strata"]:
        name, equals, level = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r}: expected NAME=LEVEL, such as sex=F", param_hint="--stratum")
        strata[name.strip()] = level.strip()
    return ScanOptions(
        levels=parse_levels(options["levels"], run.cohort.channels),
        where=Where(strata, tuple(options["samples"])),
        phenotype=options["phenotype"],
        alpha=options["alpha"],
        nulls=not options.get("no_nulls", False),
    )


def interventions_of(run: TrainedRun, hypothesis: str, options: Mapping[str, Any]) -> list[Intervention]:
    """Return the interventions that are asked for, one by one or as one."""
    from hypomask.knockout.interventions import add_edge, joint, remove_edge

    if not any(options[way] for way in WAYS):
        raise click.UsageError(
            "say what is to be knocked out: --gene, --all-genes, --group, --edges, --edge, --add-edge, --pairs, "
            "--all-pairs or --top-pairs"
        )
    make = intervention_maker(options)
    found = [make(gene) for gene in chosen_genes(run, hypothesis, options)]
    found += [_of_group(run, hypothesis, group) for group in options["groups"]]
    if options["edges"]:
        found += _all_edges(run, hypothesis)
    found += [remove_edge(*_ends(text, "--edge")) for text in options["removed"]]
    found += [add_edge(*_ends(text, "--add-edge")) for text in options["added"]]
    if options["joint"] and len(found) > 1:
        return [joint(*found)]
    return found


def check_combination(options: Mapping[str, Any]) -> None:
    """Refuse options that do not go together, so that none is silently without effect.

    Raises
    ------
    click.UsageError
        Such options.
    """
    pairs = [f"--{way.replace('_', '-')}" for way in ("pairs", "all_pairs", "top_pairs") if options[way]]
    if len(pairs) > 1:
        raise click.UsageError(f"{' and '.join(pairs)} choose pairs in two ways: give one of them")
    if pairs:
        others = {"groups": "--group", "edges": "--edges", "removed": "--edge", "added": "--add-edge"}
        others |= {"joint": "--joint", "per_sample": "--per-sample"}
        if options["pairs"]:
            others |= {"genes": "--gene", "all_genes": "--all-genes"}
        if options["top_pairs"]:
            others |= {"dose": "--dose"}
        wrong = [words for name, words in others.items() if options[name] not in (None, False, ())]
        if wrong:
            raise click.UsageError(f"{wrong[0]} does not go with {pairs[0]}")
    elif options["harm"]:
        raise click.UsageError("--harm looks for synthetic-lethal pairs: give --pairs, --all-pairs or --top-pairs, too")


def chosen_genes(run: TrainedRun, hypothesis: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the genes of --gene, or all genes of the models where all are asked for."""
    if options["all_genes"] or ((options["all_pairs"] or options["top_pairs"]) and not options["genes"]):
        return run.mask(hypothesis).genes
    return tuple(dict.fromkeys(options["genes"]))


def name_of_scan(hypothesis: str, options: Mapping[str, Any], where: Where) -> str:
    """Return a name for the files of a scan: what is done, in which samples, and under which hypothesis."""
    words = [way.replace("_", "-") for way in ("all_genes", "edges", "all_pairs", "pairs", "top_pairs") if options[way]]
    words += [*options["genes"][:3], *options["groups"][:3], *options["removed"][:2], *options["added"][:2]]
    return _file_name([*words, *_conditions(options, where), hypothesis])


def name_of_experiments(options: Mapping[str, Any], where: Where) -> str:
    """Return a name for the files of experiments: under which conditions they were looked for."""
    return _file_name(["experiments", *_conditions(options, where)])


def _conditions(options: Mapping[str, Any], where: Where) -> list[str]:
    """Return what tells two answers about the same genes apart, in words; nothing where all is as usual."""
    words = [] if options["dose"] is None else [f"dose-{options['dose']:g}"]
    words += ["edges-cut"] if options["keep_value"] else []
    words += [f"level-{level}" for level in options["levels"]]
    words += [] if options["phenotype"] is None else [options["phenotype"]]
    return [*words, *(f"{name}={level}" for name, level in where.stratum.items()), *where.samples[:2]]


def _file_name(words: Sequence[str]) -> str:
    text = ".".join(words)
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in text).strip(".-")[:100]


def intervention_maker(options: Mapping[str, Any]) -> Callable[[str], Intervention]:
    """Return what --dose and --keep-value make of a gene: its knockout where neither is given."""
    from hypomask.knockout.interventions import dose, isolate, knockout

    amount = options["dose"]
    if amount is None:
        return isolate if options["keep_value"] else knockout
    if options["keep_value"]:
        raise click.UsageError("--dose changes a gene's value and --keep-value keeps it: give one of them")
    return lambda gene: dose(gene, amount)


def _of_group(run: TrainedRun, hypothesis: str, name: str) -> Intervention:
    """Return the knockout of a group's members that are tokens, found in the hypothesis or in its mask."""
    from hypomask.knockout.groups import group_members
    from hypomask.knockout.interventions import remove_group

    mask = run.mask(hypothesis)
    members = group_members(run.hypothesis(hypothesis), mask)
    if name not in members:
        there = ", ".join(list(members)[:8]) or "none"
        raise HypothesisError(
            f"no group {name!r} in hypothesis {hypothesis!r}; it has: {there}.{did_you_mean(name, members)}"
        )
    if not members[name]:
        raise HypothesisError(f"group {name!r} of {hypothesis!r}: none of its members is in the data")
    return remove_group(name, members[name], has_token=name in mask.group_tokens)


def _all_edges(run: TrainedRun, hypothesis: str) -> list[Intervention]:
    from hypomask.knockout.groups import edges_of
    from hypomask.knockout.interventions import remove_edge

    mask = run.mask(hypothesis)
    edges = [remove_edge(source, target, both_ways=both) for source, target, both in edges_of(mask)]
    if not edges:
        raise HypothesisError(f"the mask of {hypothesis!r} has no edge to remove")
    return edges


def _ends(text: str, option: str) -> tuple[str, str]:
    source, arrow, target = text.partition("->")
    if not arrow or not source.strip() or not target.strip():
        raise ConfigError(f"{option} {text!r}: expected 'A -> B', A acts on B")
    return source.strip(), target.strip()
