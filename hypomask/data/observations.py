"""The rows of a samples table as observations: what they are called and which measurements are theirs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.data.spec import DataSpec
from hypomask.data.tables import MISSING, Findings, TextTable, listed
from hypomask.errors import did_you_mean

__all__ = ["Observations", "find_observations"]

PERSON_WORDS = frozenset(("patient", "donor", "subject", "individual", "participant", "animal", "mouse"))


@dataclass(frozen=True, eq=False)
class Observations:
    """Observations of a samples table, by row.

    Parameters
    ----------
    ids
        (B,) unique names.
    keys
        (B,) ids of the sample that was measured; may repeat.
    groups
        (B,) text, or None. Where keys repeat and no groups are named, the keys.
    """

    table: TextTable
    ids: tuple[str, ...]
    keys: tuple[str, ...]
    groups: npt.NDArray[np.str_] | None


def find_observations(table: TextTable, spec: DataSpec, findings: Findings) -> Observations:
    """Name the observations of `table`.

    Raises
    ------
    DataError
        A column that is not there, observations without a name or with the same name, a sample in two groups.
    """
    first = next(iter(table.columns))
    wanted = {
        "phenotype": spec.phenotype or None,
        **{f"phenotype {i}": name for i, name in enumerate(spec.more_phenotypes)},
        "event": spec.event,
        "key column": spec.key_column,
        "id column": spec.id_column,
        "groups": spec.groups,
        **{f"covariate {i}": name for i, name in enumerate(spec.covariates)},
    }
    absent = {what: name for what, name in wanted.items() if name is not None and name not in table.columns}
    for what, name in absent.items():
        what = next((kind for kind in ("covariate", "phenotype") if what.startswith(kind)), what)
        hint = did_you_mean(name, table.columns) or f" There are {listed(list(table.columns), 8)}."
        findings.problems.append(table.problem(f"no column {name!r} ({what}).{hint}"))
    findings.stop_if_any()

    keys = table.columns[spec.key_column or spec.id_column or first]
    ids = _ids(table, spec, keys, spec.id_column or spec.key_column or first, findings)
    groups = _groups(table, spec, keys, findings)
    findings.stop_if_any()
    return Observations(table, ids, keys, groups)


def _ids(
    table: TextTable, spec: DataSpec, keys: tuple[str, ...], id_column: str, findings: Findings
) -> tuple[str, ...]:
    given = table.columns[id_column]
    empty = [i for i, (name, key) in enumerate(zip(given, keys, strict=True)) if not name or not key]
    if empty:
        which = f"rows {', '.join(str(i + 1) for i in empty[:5])}"
        findings.stop(table.problem(f"sample ids are empty ({which}); name them or delete the rows", empty[0]))
    if spec.key_column is not None and id_column == spec.key_column:
        return _numbered(keys)
    names = given
    way_out = "delete the copies, or give each a name of its own"
    if spec.key_column is None and spec.samples is not None:
        way_out = f"delete the copies or, if they are repeated records of one sample, set key to {id_column!r}"
    if spec.key_column is not None and len(set(given)) < len(given):
        names = tuple(f"{key}|{name}" for key, name in zip(keys, given, strict=True))
    _refuse_repeats(names, table, way_out, findings)
    return names


def _refuse_repeats(names: tuple[str, ...], table: TextTable, way_out: str, findings: Findings) -> None:
    rows_of: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        rows_of.setdefault(name, []).append(i)
    repeated = [f"{name!r} ({_lines(table, rows)})" for name, rows in rows_of.items() if len(rows) > 1]
    if repeated:
        shown = "; ".join(repeated[:5]) + (f" and {len(repeated) - 5} more" if len(repeated) > 5 else "")
        count = "a sample is" if len(repeated) == 1 else f"{len(repeated)} samples are"
        findings.stop(table.problem(f"{count} there more than once: {shown}; {way_out}"))


def _numbered(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return KEY where it is alone, else KEY#1, KEY#2..., never one that is already a key."""
    total, taken, used = Counter(keys), Counter[str](), set(keys)
    names = []
    for key in keys:
        if total[key] == 1:
            names.append(key)
            continue
        taken[key] += 1
        while (name := f"{key}#{taken[key]}") in used:
            taken[key] += 1
        used.add(name)
        names.append(name)
    return tuple(names)


def _groups(table: TextTable, spec: DataSpec, keys: tuple[str, ...], findings: Findings) -> npt.NDArray[np.str_] | None:
    is_repeated = len(set(keys)) < len(keys)
    if spec.groups is None:
        if not is_repeated or spec.key_column is None:
            _warn_of_unnamed_groups(table, spec, findings)
            return None
        findings.notes.append(
            f"{len(keys)} observations of {len(set(keys))} samples ({spec.key_column}); no groups are named, so "
            f"observations of one {spec.key_column} are kept on one side of every split"
        )
        return np.array(keys, dtype=np.str_)
    cells = table.columns[spec.groups]
    are_ids = cells == keys  # 'NA' is missing among patients, but a name among ids
    missing = [] if are_ids else [i for i, cell in enumerate(cells) if cell in MISSING]
    if missing:
        findings.problems.append(
            table.problem(
                f"column {spec.groups!r} (groups) is empty in {len(missing)} rows ({_lines(table, missing)}); "
                "fill it, or give each of these rows a group of its own",
                missing[0],
            )
        )
    group_of: dict[str, str] = {}
    torn = {
        key: (other, cell)
        for key, cell in zip(keys, cells, strict=True)
        if (other := group_of.setdefault(key, cell)) != cell
    }
    for key, (one, other) in list(torn.items())[:20]:
        findings.problems.append(
            table.problem(
                f"sample {key!r} is in groups {one!r} and {other!r}; a sample can be on one side of a split only: mend "
                f"column {spec.groups!r}, or name the key column as groups"
            )
        )
    return np.array(cells, dtype=np.str_)


def _warn_of_unnamed_groups(table: TextTable, spec: DataSpec, findings: Findings) -> None:
    """Warn of a column of patients that come again where no groups are named: their samples may be alike."""
    used = {spec.phenotype, *spec.more_phenotypes, spec.event, *spec.covariates}
    for name, cells in table.columns.items():
        words = set(re.split(r"[^a-z]+", name.lower()))
        if name in used or not words & PERSON_WORDS or any(cell in MISSING for cell in cells):
            continue
        if 1 < (n := len(set(cells))) < len(cells):
            findings.warnings.append(
                f"column {name!r} has {n} values in {len(cells)} rows: samples of one {name} may be alike, and "
                f"stand on both sides of a split unless 'groups: {name}' is said under 'data'"
            )
            return


def _lines(table: TextTable, rows: list[int]) -> str:
    word, numbers = (
        ("rows", [i + 1 for i in rows]) if table.lines is None else ("lines", [table.lines[i] for i in rows])
    )
    return f"{word} {', '.join(map(str, numbers[:5]))}{', ...' if len(numbers) > 5 else ''}"
