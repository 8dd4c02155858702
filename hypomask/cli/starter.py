"""Starter files of a study, filled with what the user's tables hold."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from hypomask.cli.table_peek import MISSING, TablePeek, peek, peek_obs
from hypomask.errors import DataError, did_you_mean
from hypomask.execution.durable import write_durably
from hypomask.report.wording import count

__all__ = ["Starter", "write_starter"]

# Names that phenotype and group columns go by; matched as whole words of a column's name.
PHENOTYPE_WORDS = {"phenotype", "status", "response", "outcome", "diagnosis", "class", "label", "disease", "case"}
PHENOTYPE_WORDS |= {"condition", "auc", "ic50", "survival", "target", "y"}
TIME_WORDS = {"time", "days", "weeks", "months", "years", "followup", "survival", "os", "pfs", "dfs", "rfs", "dss"}
EVENT_WORDS = {"event", "status", "died", "dead", "death", "deceased", "censored", "vital", "relapse", "relapsed"}
EVENT_WORDS |= {"progression", "progressed", "recurrence", "os", "pfs", "dfs", "rfs", "dss"}
GROUP_WORDS = {"patient", "donor", "subject", "individual", "batch", "family", "plate", "line"}
P53_GENES = ("ATM", "CHEK2", "TP53", "MDM2", "CDKN1A")
CHOOSE = "CHOOSE_A_COLUMN"


@dataclass(frozen=True)
class Starter:
    """The files written, and what was found on the way, in sentences."""

    study: Path
    hypotheses: Path
    notes: tuple[str, ...] = ()


@dataclass
class _Guess:
    """What the tables suggest for the data section."""

    phenotype: str = ""
    phenotype_comment: str = ""
    positive: str = ""
    time: str = ""
    event: str = ""
    key: str = ""
    groups: str = ""
    exclude: tuple[str, ...] = ()
    drop_missing: bool = False
    layers: tuple[str, ...] = ()
    genes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def write_starter(
    folder: Path, tables: Mapping[str, Path], samples: Path | None, phenotype: str | None, groups: str | None
) -> Starter:
    """Write ``study.yaml`` and ``hypotheses.yaml`` into `folder`.

    Parameters
    ----------
    tables
        Tables of measurements by channel; under an empty name the only one, whose channel has no name yet.

    Raises
    ------
    DataError
        When a table cannot be read, or has no column of the name given.
    FileExistsError
        When one of the files is there already; then none is written.
    RunError
        When a file cannot be written.
    """
    study, hypotheses = folder / "study.yaml", folder / "hypotheses.yaml"
    for path in (study, hypotheses):
        if path.exists():
            raise FileExistsError(17, "exists", str(path))
    peeks = {name: peek(path) for name, path in tables.items()}
    described = [peek(samples)] if samples is not None else [peek_obs(path) for path in tables.values()]
    guess = _look(peeks, next(filter(None, described), None), phenotype, groups)
    guess.layers = next((looked.layers for looked in peeks.values() if looked.layers), ())
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in ((study, _study(folder, tables, samples, guess)), (hypotheses, _hypotheses(guess.genes))):
        write_durably(path, partial(_put, text), f"the starter {path.name}")
    return Starter(study, hypotheses, tuple(guess.notes))


def _put(text: str, file: BinaryIO) -> None:
    file.write(text.encode("utf-8"))


def _look(
    peeks: Mapping[str, TablePeek], samples: TablePeek | None, phenotype: str | None, groups: str | None
) -> _Guess:
    guess = _Guess(phenotype=phenotype or "", groups=groups or "")
    first = next(iter(peeks.values()), None)
    table = samples or first
    if first is None or table is None:
        guess.notes.append("no table was named: put the paths of your files into study.yaml")
        return guess
    for column in filter(None, (phenotype, groups)):
        if column not in table.header:
            raise DataError(f"{table.file}: no column {column!r}.{did_you_mean(column, table.header)}")
    ids = first.ids
    if samples is not None:
        guess.key, transposed = _key_column(samples, first)
        if transposed:
            ids = first.header[1:]
            described_ids = set(samples.column(guess.key))
            guess.exclude = tuple(name for name in ids if name not in described_ids and first.is_text(name))
        matched = set(samples.column(guess.key)) & set(ids)
        if samples.file != first.file:
            guess.notes.append(f"{len(matched)} samples of {first.file} are in column {guess.key!r} of {samples.file}")
    guess.genes = first.header[1:] if ids == first.ids else first.ids
    columns = [name for name in table.header[1:] if name not in (guess.key, guess.groups)]
    if samples is None:  # one table with everything: genes are numbers, so a phenotype shows by kind or name
        columns = [c for c in columns if _words(c) & PHENOTYPE_WORDS or table.is_text(c)]
        guess.genes = tuple(gene for gene in guess.genes if gene not in columns)
    if not guess.phenotype:
        guess.phenotype = _suggest_phenotype(table, columns)
    if guess.phenotype:
        kind = table.kind(guess.phenotype)
        others = [name for name in columns if name != guess.phenotype][:8]
        guess.phenotype_comment = f"looks like: {kind}" + (f"; other columns: {', '.join(others)}" if others else "")
        if kind == "binary":
            guess.positive = max(set(table.column(guess.phenotype)) - MISSING)
        guess.notes.append(f"phenotype: {guess.phenotype!r} ({kind})")
    else:
        guess.notes.append(
            f"no column of {table.file} looks like a phenotype: name one in study.yaml, or explain the measurements "
            "themselves with 'phenotype: {target: masked-genes}'"
        )
    guess.time, guess.event = _suggest_survival(table, columns)
    if guess.event:
        guess.notes.append(
            f"{guess.time!r} with {guess.event!r} looks like time to an event: to explain that, name the one as column "
            "and the other as event"
        )
    if guess.phenotype and (missing := sum(cell in MISSING for cell in table.column(guess.phenotype))):
        guess.drop_missing = True
        guess.notes.append(f"{guess.phenotype!r} is missing in {count(missing, 'row')}, to be left out")
    if not guess.groups:
        guess.groups = _suggest_groups(table, guess)
        if guess.groups:
            guess.notes.append(f"groups: {guess.groups!r}, whose values repeat; their samples are never parted")
    if samples is None:
        _find_what_is_no_gene(table, columns, guess)
    return guess


def _key_column(samples: TablePeek, data: TablePeek) -> tuple[str, bool]:
    """Return the column of `samples` that names rows of `data`, and whether those are columns there."""
    best = (0, samples.header[0], False)
    for column in samples.header:
        values = set(samples.column(column))
        for ids, transposed in ((data.ids, False), (data.header[1:], True)):
            best = max(best, (len(values & set(ids)), column, transposed), key=lambda found: found[0])
    return best[1], best[2]


def _suggest_phenotype(table: TablePeek, columns: list[str]) -> str:
    usable = [column for column in columns if table.kind(column) not in ("constant", "text")]
    named = [column for column in usable if _words(column) & PHENOTYPE_WORDS]
    binary = [column for column in usable if table.kind(column) == "binary"]
    return next(iter([*named, *binary, *usable]), "")


def _suggest_survival(table: TablePeek, columns: list[str]) -> tuple[str, str]:
    """Return a column of times and one that may say whether the event was seen, or two empty texts."""
    times = [name for name in columns if _words(name) & TIME_WORDS and table.kind(name) == "number"]
    events = [name for name in columns if _words(name) & EVENT_WORDS and table.kind(name) == "binary"]
    # OS_MONTHS goes with OS_STATUS, and not with DFS_STATUS.
    pairs = [(time, event) for time in times for event in events]
    alike = [(time, event) for time, event in pairs if _words(time) & _words(event)]
    return next(iter(alike or pairs), ("", ""))


def _time_words(guess: _Guess) -> str:
    return f" ({guess.time})" if guess.time.isidentifier() else ""


def _suggest_groups(table: TablePeek, guess: _Guess) -> str:
    named = [name for name in table.header if _words(name) & GROUP_WORDS]
    for column in [*named, guess.key]:
        if column and column != guess.phenotype and len(set(table.column(column))) < len(table.rows):
            return column
    return ""


def _find_what_is_no_gene(table: TablePeek, columns: list[str], guess: _Guess) -> None:
    """In a table that holds everything, exclude columns of text, and point to columns of two values."""
    used = (guess.phenotype, guess.groups)
    guess.exclude = tuple(name for name in columns if name not in used and table.is_text(name))
    twofold = [name for name in guess.genes if name not in used and table.kind(name) == "binary"]
    if twofold and len(twofold) < len(guess.genes) / 2:
        some = ", ".join(twofold[:5]) + (", ..." if len(twofold) > 5 else "")
        what = count(len(twofold), "column")
        guess.notes.append(f"{what} with two values only ({some}): exclude what is no gene")


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.lower()))


def _study(folder: Path, tables: Mapping[str, Path], samples: Path | None, guess: _Guess) -> str:
    def place(path: Path) -> str:
        return _quoted(os.path.relpath(path, folder))

    if not tables:
        channels = "channels: expression.tsv     # samples in rows or columns; first column and header are names"
    elif "" in tables:
        channels = f"channels: {place(tables[''])}"
    else:
        channels = "channels:\n" + "\n".join(f"    {_quoted(name)}: {place(path)}" for name, path in tables.items())
    about_phenotype = " ".join((guess.phenotype_comment or "the column to explain").split())  # names may hold newlines
    if guess.groups:
        groups = f"groups: {_quoted(guess.groups)}  # never parted by a split"
    else:
        groups = "# groups: patient  # samples of one patient (cell line, batch) are never parted; name them"
    lines = [
        "# A study: which hypothesis do these data support? Paths are relative to this file.",
        "# Check it:  hypomask validate study.yaml      Run it:  hypomask compare study.yaml",
        "hypomask: 1",
        f"name: {_quoted(folder.resolve().name or 'study')}",
        "data:",
        f"  {channels}",
    ]
    if samples is not None or not tables:
        where = place(samples) if samples is not None else "samples.tsv          # phenotype, covariates, groups"
        lines.append(f"  samples: {where}")
    if guess.key and samples is not None:
        lines.append(f"  key: {_quoted(guess.key)}  # column of the samples table that names rows of the data")
    lines += [
        "  phenotype:",
        f"    column: {_quoted(guess.phenotype or CHOOSE)}  # {about_phenotype}",
        "    kind: auto        # or: binary, classes, continuous, counts",
        f"    # positive: {_quoted(guess.positive or 'case')}  # value of a binary phenotype that is the event",
        f"    # event: {_quoted(guess.event or 'died')}  # time to an event: 'column' is the time{_time_words(guess)}, "
        "'event' says whether it was seen",
        "    # target: masked-genes   # alone, without a column: every gene's measurements, from those of other genes",
        "  # covariates: [age, sex]   # adjusted for",
        f"  {groups}",
        f"  exclude: [{', '.join(map(_quoted, guess.exclude))}]  # columns that are no measurements"
        if guess.exclude
        else "  # exclude: [age]   # columns among the measurements that are no genes",
        "  # transform: log1p   # of counts that are normalised but no logarithms yet; or: log",
        *_more_about(guess),
        "hypotheses:",
        "  - hypotheses.yaml",
        "# scope: all         # all: compare wirings of the same genes. members: each hypothesis brings its own genes",
        "plan:",
        "  folds: 5",
        "  repeats: 3",
        "  nulls: 99          # random controls for each hypothesis at most",
        "  seed: 0",
        "",
    ]
    return "\n".join(lines)


def _more_about(guess: _Guess) -> list[str]:
    lines = ["  drop_missing_phenotype: true"] if guess.drop_missing else []
    if guess.layers:
        lines.append(f"  # layers: [{', '.join(map(_quoted, guess.layers))}]   # of the .h5ad file, instead of its X")
    return lines


def _hypotheses(genes: tuple[str, ...]) -> str:
    known = tuple(gene for gene in P53_GENES if gene in genes)
    a, b, c, d = (known if len(known) >= 4 else tuple(genes) if len(genes) >= 4 else P53_GENES)[:4]
    lines = [
        "# Hypotheses: which genes act on which. Replace these two; any number may compete.",
        "#   A -> B   A activates or acts on B        A -| B   A inhibits B        A -- B   both ways (binding)",
        "hypomask: 1",
        "hypotheses:",
        "  - name: cascade",
        "    description: each gene acts on the next",
        "    edges:",
        *(f"      - {_quoted(f'{x} -> {y}', edge=True)}" for x, y in ((a, b), (b, c), (c, d))),
        "  - name: hub",
        "    description: one gene acts on all others",
        "    edges:",
        *(f"      - {_quoted(f'{a} -> {y}', edge=True)}" for y in (b, c, d)),
        "",
    ]
    return "\n".join(lines)


def _quoted(text: str, *, edge: bool = False) -> str:
    """Write text as a YAML scalar, quoted unless it is plainly harmless."""
    allowed = r"[A-Za-z][\w./-]*( -> [A-Za-z][\w.-]*)?" if edge else r"[A-Za-z.][\w./-]*"
    return text if re.fullmatch(allowed, text) else json.dumps(text, ensure_ascii=False)
