"""`hypomask power`: how many samples tell hypotheses apart, and what to spend a budget of trainings on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hypomask.cli.options import FILE, HypomaskCommand, json_option, seed_option
from hypomask.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from hypomask.comparison.planning.answer import PowerAnswer, PowerRequest

__all__ = ["command"]

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
POSITIVE = click.FloatRange(0, min_open=True)
ASSUMED = (
    "hypotheses",
    "effect",
    "sd",
    "gain",
    "interaction_r2",
    "main_r2",
    "skill_difference",
    "kind",
    "prevalence",
    "folds",
    "repeats",
    "nulls",
    "seconds_per_training",
)
OF_EFFECT = ("effect", "sd", "gain")
OF_PHENOTYPE = ("interaction_r2", "main_r2", "skill_difference", "kind", "prevalence")


def flag(name: str) -> str:
    """Return an option as it is typed."""
    return "--" + name.replace("_", "-")


@click.command(
    "power",
    cls=HypomaskCommand,
    examples=(
        "hypomask power hypomask-my-study --budget 2000 --out power.html",
        "hypomask power --hypotheses 3 --effect 0.02 --sd 0.4",
        "hypomask power --hypotheses 4 --interaction-r2 0.1 --skill-difference 0.03 --kind binary --simulate 200",
    ),
)
@click.argument("run", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--leader", metavar="NAME", help="Hypothesis of the run to plan for. Default: the leading one.")
@click.option("--hypotheses", type=click.IntRange(1, 100), help="Without a run: how many hypotheses; one is true.")
@click.option("--effect", type=POSITIVE, help="Lead over each rival, in loss per sample.")
@click.option("--sd", type=POSITIVE, help="Standard deviation of one sample's difference of losses.")
@click.option("--gain", type=POSITIVE, help="Lead over no interactions, in loss. Default: that over rivals.")
@click.option("--interaction-r2", type=SHARE, help="Share of the phenotype's variance that the true edges explain.")
@click.option("--main-r2", type=click.FloatRange(0, 1, max_open=True), help="Share that single genes explain. [0]")
@click.option("--skill-difference", type=SHARE, help="How much less skill rivals have. Default: they know no edge.")
@click.option("--kind", type=click.Choice(["continuous", "binary"]), help="Phenotype. [continuous]")
@click.option("--prevalence", type=SHARE, help="Share of events of a binary phenotype. [0.5]")
@click.option("--folds", type=click.IntRange(2, 100), help="Of the assumed study. [5]")
@click.option("--repeats", type=click.IntRange(1, 100), help="Of the assumed study. [3]")
@click.option("--nulls", type=click.IntRange(0, 9999), help="Null draws at most, of the assumed study; 0: none. [99]")
@click.option("--power", type=SHARE, default=0.8, show_default=True, help="Wanted chance.")
@click.option("--confidence", type=SHARE, default=0.8, show_default=True, help="Coverage of the bands.")
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True, max_open=True), help="Level. Default: the run's.")
@click.option("--samples", type=click.IntRange(10), help="Size of the study that plans are for (groups, if any).")
@click.option("--budget", type=click.IntRange(1), help="Trainings that may be spent: show the plans they buy.")
@click.option("--minutes", type=POSITIVE, help="Time that may be spent.")
@click.option("--jobs", type=click.IntRange(1), help="Workers that --minutes is for. Default: one per core.")
@click.option("--seconds-per-training", type=POSITIVE, help="Without a run: what one training takes.")
@click.option(
    "--simulate", type=click.IntRange(20, 100_000), metavar="N", help="Check by N simulated studies per size."
)
@click.option("--out", type=FILE, metavar="FILE", help="Write the curves: a page (.html) or a picture (.svg).")
@seed_option
@json_option
def command(run: Path | None, out: Path | None, as_json: bool, **options: Any) -> None:
    """Say how many samples tell hypotheses apart.

    RUN is the folder of a finished run, which serves as a pilot: how many samples would decide each question under the
    procedure's own corrected tests, with the uncertainty of the pilot. Without a run, give assumptions: --hypotheses
    with --effect and --sd, or with --interaction-r2. With --budget or --minutes: which folds, repeats and null masks to
    buy. Nothing is trained.
    """
    if out is not None and out.suffix.lower() not in (".html", ".svg"):
        raise click.UsageError(f"--out {out}: expected a name that ends in .html or .svg")
    _check_source(run, options)
    from hypomask.report.power_page import write_power
    from hypomask.report.power_terminal import print_power
    from hypomask.report.terminal import console_for

    if options["simulate"]:
        say(f"simulating {options['simulate']:,} studies at each of three sizes ...")
    workers = _workers(options)
    request = _request(options, workers)
    found, source = _from_run(run, options, request) if run is not None else _from_assumptions(options, request)
    if out is not None:
        write_power(found, out, source, workers)
    if as_json:
        print_json(found.as_dict())
        return
    print_power(found, console_for(sys.stdout), workers)
    if out is not None:
        print_result(f"curves: {out}")


def _check_source(run: Path | None, options: dict[str, Any]) -> None:
    """Refuse what does not go together, in words."""
    given = {name for name in ASSUMED if options[name] is not None}
    if run is not None and given:
        listed = ", ".join(flag(name) for name in ASSUMED if name in given)
        raise click.UsageError(f"{listed}: a run brings its own numbers. Give either a run folder or assumptions.")
    if run is None and options["leader"] is not None:
        raise click.UsageError("--leader names a hypothesis of a run; give the run folder too.")
    if options["jobs"] is not None and options["minutes"] is None:
        raise click.UsageError("--jobs says for how many workers --minutes is; give --minutes too.")
    if run is not None:
        return
    effect, phenotype = given & set(OF_EFFECT), given & set(OF_PHENOTYPE)
    if effect and phenotype:
        clash = f"{flag(sorted(effect)[0])} and {flag(sorted(phenotype)[0])}"
        raise click.UsageError(
            f"{clash}: assume either differences of losses (--effect and --sd), or shares of the phenotype's variance "
            "(--interaction-r2)."
        )
    missing = [name for name in ("hypotheses",) if name not in given]
    missing += [name for name in ("effect", "sd") if name not in given] if effect else []
    missing += ["interaction_r2"] if phenotype and "interaction_r2" not in given else []
    if not effect and not phenotype:
        raise click.UsageError(
            "give the folder of a finished run, or assumptions: --hypotheses with --effect and --sd, or --hypotheses "
            "with --interaction-r2."
        )
    if missing:
        raise click.UsageError(f"missing: {', '.join(map(flag, missing))}")
    if options["minutes"] is not None and options["seconds_per_training"] is None:
        raise click.UsageError("--minutes without a run needs --seconds-per-training.")


def _workers(options: dict[str, Any]) -> int:
    from hypomask.execution.processors import default_jobs

    return options["jobs"] or default_jobs("cpu")


def _request(options: dict[str, Any], workers: int) -> PowerRequest:
    from hypomask.comparison.planning.answer import PowerRequest
    from hypomask.comparison.planning.budget import Budget

    minutes = options["minutes"]
    budget = None
    if options["budget"] is not None or minutes is not None:
        budget = Budget(options["budget"], None if minutes is None else 60.0 * minutes * workers)
    return PowerRequest(
        power=options["power"],
        confidence=options["confidence"],
        n_units=options["samples"],
        budget=budget,
        studies=options["simulate"] or 0,
        seed=options["seed"] or 0,
    )


def _from_run(run: Path, options: dict[str, Any], request: PowerRequest) -> tuple[PowerAnswer, str]:
    from dataclasses import replace

    from hypomask.comparison.planning.answer import answer
    from hypomask.execution.pilot_run import open_pilot

    read = open_pilot(run, options["leader"] or "")
    design = read.design if options["alpha"] is None else replace(read.design, alpha=options["alpha"])
    found = answer(read.pilot, design, read.prices, request, n_tested=read.n_tested, n_true=read.n_beating_nulls)
    return found, f"From the run in {run} as a pilot: study {read.result.study.name}."


def _from_assumptions(options: dict[str, Any], request: PowerRequest) -> tuple[PowerAnswer, str]:
    from hypomask.comparison.planning.answer import answer
    from hypomask.comparison.planning.assumptions import AssumedEffect, AssumedPhenotype, AssumedStudy
    from hypomask.comparison.planning.chances import Design
    from hypomask.comparison.planning.prices import assumed_prices

    names = OF_EFFECT if options["effect"] is not None else OF_PHENOTYPE
    given = {name: options[name] for name in names if options[name] is not None}
    assumed = AssumedEffect(**given) if options["effect"] is not None else AssumedPhenotype(**given)
    planned = {name: options[name] for name in ("folds", "repeats", "nulls", "alpha") if options[name] is not None}
    design = Design(**planned)
    study = AssumedStudy(
        options["hypotheses"], assumed, design.alpha, design.folds, with_nulls=design.nulls > 0, seed=request.seed
    )
    prices = assumed_prices(options["seconds_per_training"])
    found = answer(study.pilot, design, prices, request, n_tested=options["hypotheses"], assumed=study.questions())
    said = ", ".join(f"{flag(name)} {value}" for name, value in given.items())
    return found, f"From assumptions: {options['hypotheses']} hypotheses, one of them true; {said}."
