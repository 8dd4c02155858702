"""What was knocked out in a run, in the run's own report: a table of each scan, and the way to its page.

The section is made from the JSON files in ``knockouts/``. `hypomask knockout` puts it anew into the report that is
there, between two comments, so that a knockout does not wait for the whole comparison to be worked out again.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from hypomask.execution.durable import write_durably
from hypomask.execution.run_folder import RunFolder
from hypomask.report.experiment_rows import experiment_rows, pairs_of_hypotheses
from hypomask.report.knockout_rows import pair_rows, scan_rows
from hypomask.report.page_environment import page_environment

__all__ = ["KnockoutSection", "KnockoutTable", "knockout_section", "update_report"]

BEGIN, END = "<!-- knockouts -->", "<!-- end of knockouts -->"
"""As in the template. No name can hold them: "<" is escaped in names."""
MOST_ROWS = 10
MOST_TABLES = 20


@dataclass(frozen=True)
class KnockoutTable:
    """The first rows of a scan of single knockouts or of pairs, or of experiments.

    Parameters
    ----------
    title
        What was done, and under which hypothesis.
    href
        Address of the page, or of the table where there is no page, as seen from the report.
    n_rows
        Rows in the file.
    """

    title: str
    sentence: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_rows: int
    href: str


@dataclass(frozen=True)
class KnockoutSection:
    """The tables that are shown, how many more there are, and what to type for the knockouts of all genes."""

    tables: tuple[KnockoutTable, ...]
    n_more: int
    command: str


def knockout_tables(folder: Path) -> tuple[KnockoutTable, ...]:
    """Return what lies in a folder of knockouts: the largest scans first, files that are not ours left out."""
    found = [table for file in sorted(folder.glob("*.json")) if (table := _table(file)) is not None]
    return tuple(sorted(found, key=lambda table: -table.n_rows))


def knockout_section(run: RunFolder) -> KnockoutSection:
    """Gather what the section of a run's report shows."""
    tables = knockout_tables(run.knockouts)
    command = shlex.join(["hypomask", "knockout", str(run.path), "--all-genes"])
    return KnockoutSection(tables[:MOST_TABLES], max(0, len(tables) - MOST_TABLES), command)


def update_report(run: RunFolder) -> bool:
    """Put the section anew into the report of a run; False where there is no report, or one without such a section.

    Raises
    ------
    RunError
        When the report cannot be written.
    """
    try:
        page = run.report.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return False
    section = page_environment().get_template("knockouts.html.j2").render(section=knockout_section(run))
    content = f"{before}{section.strip()}{after}".encode()
    write_durably(run.report, lambda file: file.write(content), "the report")
    return True


def _table(file: Path) -> KnockoutTable | None:
    """Return what a JSON file holds; None where it is not one that `hypomask knockout` wrote."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        shown = _shown(content)
        sentence = str(content["sentence"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if shown is None:
        return None
    n_rows, headings, rows = shown
    page = file.with_suffix(".html")
    href = quote(f"{file.parent.name}/{(page if page.exists() else file.with_suffix('.tsv')).name}")
    return KnockoutTable(
        title=file.stem,
        sentence=sentence,
        headings=tuple(headings),
        rows=tuple(tuple(row) for row in rows[:MOST_ROWS]),
        n_rows=n_rows,
        href=href,
    )


def _shown(content: Mapping[str, Any]) -> tuple[int, list[str], list[list[str]]] | None:
    """Return how many rows there are, headings, and the first rows as they are written everywhere."""
    if "effects" in content:
        table = pd.DataFrame(content["effects"]).set_index("intervention")
        return len(table), *scan_rows(table.head(MOST_ROWS))
    if "pairs" in content:
        table = pd.DataFrame(content["pairs"])
        return len(table), *pair_rows(table.head(MOST_ROWS))
    if "experiments" in content:
        table = pd.DataFrame(content["experiments"])
        a, b, rows = pairs_of_hypotheses(table)[0]
        return len(table), *experiment_rows(a, b, rows.head(MOST_ROWS))
    return None
