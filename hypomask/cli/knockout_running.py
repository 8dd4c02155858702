"""Carry out `hypomask knockout`: scan, show the table, write table, JSON and page."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypomask.cli.knockout_choice import check_combination, chosen_genes, interventions_of, name_of_scan, scan_options
from hypomask.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    import pandas as pd

    from hypomask.execution.progress import Progress
    from hypomask.knockout.asking import ScanOptions
    from hypomask.knockout.effect_path import EffectPath
    from hypomask.knockout.epistasis import PairScan
    from hypomask.knockout.interventions import Intervention
    from hypomask.knockout.trained_run import TrainedRun

__all__ = ["progress_on_stderr", "run_knockout", "show_rows", "write_files"]

MAX_ROWS = 20


def run_knockout(folder: Path, options: Mapping[str, Any]) -> None:
    """Do what the options say.

    Raises
    ------
    HypomaskError
        As `hypomask.knockout.scan.scan` and `hypomask.knockout.trained_run.open_trained`.
    KeyboardInterrupt
        When interrupted, after saying how to go on.
    """
    from hypomask.knockout.trained_run import open_trained
    from hypomask.report.knockout_section import update_report

    check_combination(options)
    run = open_trained(folder)
    name = options["hypothesis"] or run.leading
    run.model(name)
    settings = scan_options(run, options)
    interventions = interventions_of(run, name, options)
    found = []
    try:
        with progress_on_stderr() as progress:
            for one in _by_stratum(run, settings, options["by"]):
                out = (options["out"] or run.folder.knockouts) / name_of_scan(name, options, one.where)
                ask = _pairs if options["pairs"] or options["all_pairs"] or options["top_pairs"] else _scan
                found.append(ask(run, name, interventions, one, options, progress, out))
    except KeyboardInterrupt:
        say("What was asked so far is kept; the same command goes on from there.")
        raise
    updated = update_report(run.folder)
    if options["as_json"]:
        print_json(found if options["by"] else found[0])
    elif updated:
        print_result(f"report: {run.folder.report}")


def _by_stratum(run: TrainedRun, settings: ScanOptions, name: str | None) -> list[ScanOptions]:
    """Return the settings once for every level of covariate `name`, or as they are."""
    from hypomask.knockout.where import levels_of

    if name is None:
        return [settings]
    where = settings.where
    return [
        replace(settings, where=replace(where, stratum={**where.stratum, name: level}))
        for level in levels_of(run.cohort, name)
    ]


def _scan(
    run: TrainedRun,
    name: str,
    interventions: Sequence[Intervention],
    settings: ScanOptions,
    options: Mapping[str, Any],
    progress: Progress,
    out: Path,
) -> Mapping[str, Any]:
    from hypomask.execution.results import write_table
    from hypomask.knockout.scan import scan
    from hypomask.report.knockout_page import scan_html, scan_sentence
    from hypomask.report.knockout_rows import scan_rows

    found = scan(run, interventions, name, settings, progress)
    path = _path(run, name, interventions, found.table, settings)
    sentence = scan_sentence(found)
    content = {"sentence": sentence} | found.as_dict() | ({"path": path.as_dict()} if path is not None else {})
    files = write_files(out, found.table, content, scan_html(found, path, _command(), _report_seen_from(out, run)))
    if options["per_sample"]:
        files.append(out.with_name(f"{out.name}.samples.tsv"))
        write_table(files[-1], found.by_sample)
    if not options["as_json"]:
        _say_all(sentence, found.about(), scan_rows(found.table), files)
    return content


def _path(
    run: TrainedRun,
    name: str,
    interventions: Sequence[Intervention],
    table: pd.DataFrame,
    settings: ScanOptions,
) -> EffectPath | None:
    """Return the path of the intervention with the largest effect through the mask; None where there is no such."""
    from hypomask.knockout.effect_path import effect_path

    largest = table["mediated_rms"].groupby(level=0).max()
    if "output" in table or largest.max() == 0:
        return None
    first = largest.idxmax()
    return effect_path(run, next(each for each in interventions if each.name == first), name, settings)


def _pairs(
    run: TrainedRun,
    name: str,
    interventions: Sequence[Intervention],
    settings: ScanOptions,
    options: Mapping[str, Any],
    progress: Progress,
    out: Path,
) -> Mapping[str, Any]:
    from hypomask.report.knockout_page import pair_html, pair_sentence
    from hypomask.report.knockout_rows import pair_rows

    found, notes = _pair_scan(run, name, interventions, settings, options, progress)
    sentence = pair_sentence(found)
    content = {"sentence": sentence} | found.as_dict()
    page = pair_html(found, _command(), _report_seen_from(out, run))
    files = write_files(out, found.table.set_index("a"), content, page)
    about = found.about()
    about["notes"] = [*about["notes"], *notes]
    if not options["as_json"]:
        _say_all(sentence, about, pair_rows(found.table), files)
    return content


def _pair_scan(
    run: TrainedRun,
    name: str,
    interventions: Sequence[Intervention],
    settings: ScanOptions,
    options: Mapping[str, Any],
    progress: Progress,
) -> tuple[PairScan, list[str]]:
    import numpy as np

    from hypomask.knockout.epistasis import scan_pairs
    from hypomask.knockout.pair_files import read_pairs
    from hypomask.knockout.top_pairs import top_pairs

    harm = options["harm"] or ""
    if options["top_pairs"]:
        genes = chosen_genes(run, name, options)
        top = top_pairs(
            run, genes, options["top_pairs"], name, settings, progress, keep_values=options["keep_value"], harm=harm
        )
        said = f"{top.n_computed:,} of {top.n_pairs:,} pairs were computed; {top.n_can_interact:,} can interact"
        return top.scan, [said]
    if options["pairs"] is None:
        return scan_pairs(run, interventions, None, name, settings, progress, harm=harm), []
    pairs = read_pairs(options["pairs"])
    genes = tuple(dict.fromkeys(gene for pair in pairs for gene in pair))
    place = {gene: i for i, gene in enumerate(genes)}
    singles = interventions_of(run, name, {**options, "genes": genes, "all_genes": False, "joint": False})
    wanted = np.array([(place[a], place[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    return scan_pairs(run, singles, wanted, name, settings, progress, harm=harm), []


@contextmanager
def progress_on_stderr() -> Iterator[Progress]:
    """Tell standard error how far a scan is; however the block ends, a bar ends with it.

    A bar that is left open hides the cursor, and its thread writes on while the interpreter shuts down.
    """
    from hypomask.execution.progress import progress_for

    progress = progress_for(sys.stderr)
    try:
        yield progress
    finally:
        progress.end()


def write_files(out: Path, table: pd.DataFrame, content: Mapping[str, Any], html: str) -> list[Path]:
    """Write table, JSON and page beside each other; `out` is their path without suffix."""
    from hypomask.execution.durable import failed_write
    from hypomask.execution.results import write_json, write_table
    from hypomask.report.knockout_page import write_html

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failed_write(error, out.parent, "the table of knockouts") from error
    files = [out.with_name(f"{out.name}.{suffix}") for suffix in ("tsv", "json", "html")]
    write_table(files[0], table)
    write_json(files[1], content, "the knockouts")
    write_html(html, files[2])
    return files


def show_rows(headings: Sequence[str], rows: Sequence[Sequence[str]], *, most: int = MAX_ROWS) -> None:
    """Print the first rows of a table for the terminal, `most` at most."""
    from rich.table import Table
    from rich.text import Text

    from hypomask.report.terminal import console_for
    from hypomask.report.wording import shorten

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for k, heading in enumerate(headings):
        if k == 0:
            table.add_column(heading, overflow="fold", min_width=10)
        else:
            table.add_column(heading, justify="right", overflow="ellipsis", no_wrap=True)
    for row in rows[:most]:
        table.add_row(*(Text(shorten(cell, 40)) for cell in row))
    console = console_for(sys.stdout)
    if not sys.stdout.isatty():  # a file or a pipe is as wide as the table
        unbounded = console.options.update(max_width=10_000)
        console.width = max(console.width, console.measure(table, options=unbounded).maximum)
    console.print(table)
    if len(rows) > most:
        console.print(f"... the first {most}; the table in the file has all.", style="dim")


def _say_all(
    sentence: str, about: Mapping[str, Any], shown: tuple[Sequence[str], Sequence[Sequence[str]]], files: list[Path]
) -> None:
    print_result(sentence)
    print_result(
        f"{about['hypothesis']}: {about['n_models']} models, {about['n_samples']} samples ({about['samples']}); "
        f"reference level: {about['reference_level']}"
    )
    show_rows(*shown)
    for note in about["notes"]:
        print_result(f"note: {note}")
    print_result(f"page: {files[2]}")
    for more in files[3:]:
        print_result(f"every sample: {more}")


def _report_seen_from(out: Path, run: TrainedRun) -> str:
    """Return the address of the run's report as a page in the run's folder of knockouts sees it; none elsewhere."""
    return f"../{run.folder.report.name}" if out.parent.resolve() == run.folder.knockouts.resolve() else ""


def _command() -> str:
    import shlex

    return shlex.join(["hypomask", *sys.argv[1:]]) if sys.argv and "hypomask" in sys.argv[0] else ""
